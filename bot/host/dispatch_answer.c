#include "bot/host/dispatch_inside.h"

#include <stdio.h>
#include <string.h>

#include "adapters/adapter.h"
#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/host/announce.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/manners.h"
#include "bot/host/metrics.h"
#include "bot/host/outbox.h"
#include "bot/host/program.h"
#include "bot/host/records.h"

enum { PLACE_MAX = 200 };

#define SAY_STOP \
    "I stop here for a few minutes: that was the same again and again, or a lot at once."

void dispatch_count_answer(struct dispatch *dispatch, const struct outcome *outcome)
{
    metrics_count(dispatch->metrics, METRIC_QUESTIONS, kind_name(outcome->kind));
    if (outcome->kind == KIND_VERDICT) {
        metrics_count(dispatch->metrics, METRIC_VERDICTS,
                      verdict_word(outcome->pack, outcome->verdict.kind, outcome->verdict.option));
    }
}

static bool post(struct dispatch *dispatch, const struct message *message,
                 const struct given *given, const struct adapter *adapter, int64_t now_ms)
{
    return dispatch_post(dispatch, adapter, message->conversation, message->address,
                         &given->payload, now_ms);
}

/* A person whom we leave without an answer is told, once (manners.h). */
static enum settled fall_silent(struct dispatch *dispatch, const struct message *message,
                                struct given *given, int64_t now_ms)
{
    if (!manners_tell(dispatch->manners, message, now_ms)) {
        return SETTLED_GUARDED;
    }
    struct adapter *adapter = outbox_adapter(dispatch->outbox, message->adapter);
    given->outcome = (struct outcome){.kind = KIND_META};
    given->reply = (struct reply){0};
    buf_clear(&given->payload);
    reply_add(&given->reply, BLOCK_LEAD, "%s", SAY_STOP);
    bool fine =
        !adapter->ops->format(adapter, message, &given->outcome, &given->reply, &given->payload) ||
        post(dispatch, message, given, adapter, now_ms);
    return fine ? SETTLED_GUARDED : SETTLED_FAILED;
}

/*
 * Before its answer is worded, which tells where it is. A conversation's records keep their name as
 * long as it is remembered.
 */
static bool keep_record(struct dispatch *dispatch, const struct message *message,
                        struct given *given, int64_t now_ms)
{
    const struct config *config = &dispatch->program->config;
    char place[PLACE_MAX], drawn[RECORDS_DRAWN_MAX] = "";
    size_t len = 0;
    if (!records_wanted(config->records, message, &given->outcome)) {
        return true;
    }
    snprintf(place, sizeof(place), "record %s", message->adapter);
    if (!dispatch_note_get(dispatch, place, message->conversation, now_ms, drawn, sizeof(drawn) - 1,
                           &len)) {
        return false;
    }
    if (len == 0 && !records_draw(drawn)) {
        log_error("record.failed", LOG_TEXT("cause", "the system gives no random bytes"));
        return true;
    }
    records_keep(config->records, drawn, config->has_page ? config->page.address : "",
                 &given->outcome, now_ms, &given->reply);
    return dispatch_note_put(dispatch, place, message->conversation, drawn, strlen(drawn),
                             now_ms + (int64_t)config->memory_days * DAY_MS);
}

/* In another place as well; that it cannot be told there is no reason not to answer. */
static bool announce(struct dispatch *dispatch, const struct message *message,
                     const struct outcome *outcome, int64_t now_ms)
{
    struct announce_target target;
    struct buf address, payload;
    if (message->announce == NULL || !announce_parse(message->announce, &target)) {
        return true;
    }
    struct adapter *to = outbox_adapter(dispatch->outbox, target.adapter);
    if (to == NULL) {
        log_warning("dispatch.announce", LOG_TEXT("unknown", target.adapter));
        return true;
    }
    buf_init(&address, MESSAGE_ADDRESS_MAX);
    buf_init(&payload, ANSWER_PAYLOAD_MAX);
    bool fine = !announce_format(dispatch->program->advisor, to, &target, message, outcome,
                                 &address, &payload) ||
                dispatch_post(dispatch, to, target.place, address.data, &payload, now_ms);
    buf_finish(&address);
    buf_finish(&payload);
    return fine;
}

/* Takes a decided answer the rest of the way: into the store, and to its caller or the outbox. */
static enum settled answer(struct dispatch *dispatch, const struct message *message,
                           struct given *given, const struct conversation *conversation,
                           int64_t now_ms)
{
    struct adapter *adapter = outbox_adapter(dispatch->outbox, message->adapter);
    if (!keep_record(dispatch, message, given, now_ms)) {
        return SETTLED_FAILED;
    }
    if (!adapter->ops->format(adapter, message, &given->outcome, &given->reply, &given->payload)) {
        metrics_count(dispatch->metrics, METRIC_GIVEN_UP, message->adapter);
        log_error("dispatch.answer_too_long", LOG_TEXT("adapter", message->adapter),
                  LOG_TEXT("kind", kind_name(given->outcome.kind)));
        return SETTLED_SILENT;
    }
    if (!manners_may_say(dispatch->manners, message, &given->reply, now_ms)) {
        return fall_silent(dispatch, message, given, now_ms);
    }
    bool fine = dispatch_save(dispatch, message, conversation, now_ms) &&
                dispatch_note_if_gap(dispatch, message, &given->outcome, now_ms) &&
                (message->answer_now || post(dispatch, message, given, adapter, now_ms)) &&
                announce(dispatch, message, &given->outcome, now_ms);
    return fine ? SETTLED_ANSWERED : SETTLED_FAILED;
}

static bool think(struct dispatch *dispatch, const struct message *message, int64_t now_ms,
                  struct conversation *conversation, struct given *given)
{
    struct program *program = dispatch->program;
    const struct thought *thought = dispatch_thought(dispatch);
    if (thought == NULL && !dispatch_load(dispatch, message, now_ms, conversation)) {
        return false;
    }
    if (thought != NULL) {
        *conversation = thought->conversation;
        given->outcome = thought->outcome;
        given->reply = thought->reply;
    } else if (dispatch_reads(message)) {
        program_turn(program, conversation, message->surface, message->text, message->len,
                     program->config.length, &given->outcome, &given->reply);
    } else {
        given->outcome = (struct outcome){.kind = KIND_SILENT};
        given->reply = (struct reply){0};
    }
    if (message->facts != NULL) {
        program_assume(program, conversation, message->facts, program->config.length,
                       &given->outcome, &given->reply);
    }
    return true;
}

/*
 * Talk that is not for us: it is read first and claimed only if we say something. A copy that we
 * pass over must not consume the key of the one that is addressed to us (PROTOCOLS.md S11).
 */
static enum settled overhear(struct dispatch *dispatch, const struct message *message,
                             struct given *given, int64_t now_ms)
{
    struct conversation conversation;
    if (manners_own_words(dispatch->manners, message)) {
        return SETTLED_GUARDED;
    }
    if (!think(dispatch, message, now_ms, &conversation, given)) {
        return SETTLED_FAILED;
    }
    if (given->outcome.kind == KIND_SILENT) {
        dispatch_count_answer(dispatch, &given->outcome);
        return SETTLED_SILENT;
    }
    enum claim claimed = dispatch_claim(dispatch, message, now_ms);
    if (claimed != CLAIM_NEW) {
        return claimed == CLAIM_KNOWN ? SETTLED_KNOWN : SETTLED_FAILED;
    }
    if (!manners_may_hear(dispatch->manners, message, now_ms)) {
        return SETTLED_GUARDED;
    }
    dispatch_count_answer(dispatch, &given->outcome);
    return answer(dispatch, message, given, &conversation, now_ms);
}

/* What is heard, but not answered. */
static enum settled take_note(struct dispatch *dispatch, const struct message *message,
                              const struct outcome *outcome,
                              const struct conversation *conversation, int64_t now_ms)
{
    static const struct outcome silent = {.kind = KIND_SILENT};
    dispatch_count_answer(dispatch, &silent);
    return manners_is_strange(message, outcome) || outcome->kind != KIND_VERDICT ||
                   dispatch_save(dispatch, message, conversation, now_ms)
               ? SETTLED_SILENT
               : SETTLED_FAILED;
}

static enum settled hear(struct dispatch *dispatch, const struct message *message,
                         struct given *given, int64_t now_ms)
{
    struct conversation conversation;
    /* Claimed before it is guarded: a sender's own retries are no repetition. */
    enum claim claimed = dispatch_claim(dispatch, message, now_ms);
    if (claimed != CLAIM_NEW) {
        return claimed == CLAIM_KNOWN ? SETTLED_KNOWN : SETTLED_FAILED;
    }
    /* What is only followed is guarded once it is to be answered: people may talk as they like. */
    bool followed = message->heed != HEED_ALL;
    if (!followed && !manners_may_hear(dispatch->manners, message, now_ms)) {
        return fall_silent(dispatch, message, given, now_ms);
    }
    if (!think(dispatch, message, now_ms, &conversation, given)) {
        return SETTLED_FAILED;
    }
    if (!manners_is_news(message, &given->outcome)) {
        return take_note(dispatch, message, &given->outcome, &conversation, now_ms);
    }
    if (followed && !manners_may_hear(dispatch->manners, message, now_ms)) {
        return SETTLED_GUARDED;
    }
    dispatch_count_answer(dispatch, &given->outcome);
    if (given->outcome.kind == KIND_SILENT) {
        return SETTLED_SILENT;
    }
    return answer(dispatch, message, given, &conversation, now_ms);
}

static bool over(const char *text, size_t max)
{
    return text != NULL && strnlen(text, max + 1) > max;
}

static bool keys_fit(const struct message *message)
{
    return !over(message->delivery, MESSAGE_KEY_MAX) && !over(message->identity, MESSAGE_KEY_MAX) &&
           !over(message->conversation, MESSAGE_KEY_MAX) &&
           !over(message->person, MESSAGE_KEY_MAX) && !over(message->address, MESSAGE_ADDRESS_MAX);
}

bool dispatch_hears(const struct message *message)
{
    return keys_fit(message) && !message->from_bot;
}

/* Facts may stand alone; a text that is empty is one all the same. */
bool dispatch_reads(const struct message *message)
{
    return message->len > 0 || message->facts == NULL;
}

enum settled dispatch_consider(struct dispatch *dispatch, const struct message *message,
                               struct given *given, int64_t now_ms)
{
    if (!keys_fit(message)) {
        metrics_count(dispatch->metrics, METRIC_REJECTED, "key_too_long");
        log_warning("dispatch.key_too_long", LOG_TEXT("adapter", message->adapter));
        return SETTLED_SILENT;
    }
    if (message->from_bot) {
        metrics_count(dispatch->metrics, METRIC_GUARDED, "bot");
        return SETTLED_GUARDED;
    }
    if (!turn_begin(&dispatch->turn, now_ms)) {
        return SETTLED_FAILED;
    }
    return message->surface == SURFACE_AMBIENT ? overhear(dispatch, message, given, now_ms)
                                               : hear(dispatch, message, given, now_ms);
}
