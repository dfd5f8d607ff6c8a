#include "bot/host/manners.h"

#include <string.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/host/echo.h"
#include "bot/host/guard.h"
#include "bot/host/log.h"
#include "bot/host/metrics.h"
#include "knowledge/pack.h"

struct manners {
    struct metrics *metrics;
    struct guard *guard;
    struct echo *echo;
    bool overhears; /* somewhere we listen to what is not said to us: only then words come back */
};

struct manners *manners_create(struct metrics *metrics)
{
    struct manners *manners = mem_alloc(sizeof(*manners));
    manners->metrics = metrics;
    manners->guard = guard_create();
    manners->echo = echo_create();
    return manners;
}

void manners_destroy(struct manners *manners)
{
    if (manners != NULL) {
        echo_destroy(manners->echo);
        guard_destroy(manners->guard);
        mem_free(manners);
    }
}

void manners_learn(struct manners *manners, const struct knowledge *knowledge)
{
    for (size_t i = 0; i < knowledge->count; i++) {
        const char *title = knowledge->packs[i]->source.title;
        echo_said(manners->echo, title, strlen(title));
    }
}

bool manners_quiet(const struct message *message)
{
    return message->surface == SURFACE_AMBIENT || message->heed != HEED_ALL;
}

bool manners_is_strange(const struct message *message, const struct outcome *outcome)
{
    return message->heed == HEED_FOLLOW_UP && outcome->before.kind == VERDICT_NONE;
}

bool manners_is_news(const struct message *message, const struct outcome *outcome)
{
    const struct verdict *now = &outcome->verdict, *before = &outcome->before;
    if (message->heed == HEED_ALL) {
        return true;
    }
    return !manners_is_strange(message, outcome) && outcome->kind == KIND_VERDICT &&
           (now->kind != before->kind ||
            (now->kind == VERDICT_OPTION && now->option != before->option));
}

static void tell_guarded(struct manners *manners, const struct message *message, const char *reason)
{
    metrics_count(manners->metrics, METRIC_GUARDED, reason);
    log_info("dispatch.guarded", LOG_TEXT("adapter", message->adapter), LOG_TEXT("reason", reason));
}

bool manners_own_words(struct manners *manners, const struct message *message)
{
    manners->overhears = true;
    bool own = echo_heard(manners->echo, message->text, message->len);
    if (own) {
        tell_guarded(manners, message, "own_words");
    }
    return own;
}

static uint64_t person_hash(const struct message *message)
{
    const uint64_t both[] = {hash_bytes(message->adapter, strlen(message->adapter)),
                             hash_bytes(message->person, strlen(message->person))};
    return hash_bytes((const char *)both, sizeof(both));
}

static bool may(struct manners *manners, enum guard_reason reason, const struct message *message)
{
    if (reason != GUARD_FINE) {
        tell_guarded(manners, message, guard_reason_name(reason));
    }
    return reason == GUARD_FINE;
}

bool manners_may_hear(struct manners *manners, const struct message *message, int64_t now_ms)
{
    return message->person == NULL ||
           may(manners,
               guard_hear(manners->guard, person_hash(message),
                          guard_hash(message->text, message->len), manners_quiet(message), now_ms),
               message);
}

static void remember(struct echo *echo, const struct reply *reply)
{
    for (size_t i = 0; i < reply->block_count; i++) {
        echo_said(echo, reply->text + reply->blocks[i].text, reply->blocks[i].len);
    }
}

bool manners_may_say(struct manners *manners, const struct message *message,
                     const struct reply *reply, int64_t now_ms)
{
    if (message->person != NULL &&
        !may(manners,
             guard_say(manners->guard, person_hash(message),
                       guard_hash(reply->text, reply->text_len), manners_quiet(message), now_ms),
             message)) {
        return false;
    }
    if (manners->overhears) {
        remember(manners->echo, reply);
    }
    return true;
}

bool manners_tell(struct manners *manners, const struct message *message, int64_t now_ms)
{
    return !manners_quiet(message) && !message->answer_now &&
           guard_tell(manners->guard, person_hash(message), now_ms);
}

void manners_keep(struct manners *manners)
{
    guard_keep(manners->guard);
}

void manners_undo(struct manners *manners)
{
    guard_undo(manners->guard);
}
