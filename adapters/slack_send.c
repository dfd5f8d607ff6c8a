#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "adapters/http_client.h"
#include "adapters/slack_answer.h"
#include "adapters/slack_format.h"
#include "adapters/slack_inside.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"

/*
 * An answer's way out: chat.postMessage; or first a look whether it is there, when an earlier
 * attempt may have arrived; or a response_url; or an incoming webhook.
 */

enum {
    CALLS_MAX = 32,         /* of an instance at once */
    CALLS_ALL_MAX = 256,    /* of all instances */
    ASKING_MAX = 32,        /* of these: who am I? */
    BUSY_MS = 50,           /* until a delivery is offered again, when there are so many */
    STARTING_MS = 1000,     /* or while it is not known who we are */
    FAILED_MS = 60 * 1000,  /* or when the token is no good */
    LIMITED_MS = 30 * 1000, /* for a 429 that does not say how long */
    AUTH_PAUSE_MIN_MS = 1000,
    AUTH_PAUSE_MAX_MS = 60 * 1000,
    PAGES_MAX = 10, /* of messages that are looked through for a delivery */
    URL_MAX = 2000,
    BODY_MAX = SLACK_PAYLOAD_MAX + 4096,
};

static const struct {
    const char *name; /* below [slack] api; NULL: a URL of its own */
    bool form;
} methods[METHOD_COUNT] = {
    [METHOD_AUTH] = {"auth.test", true},
    [METHOD_POST] = {"chat.postMessage", false},
    [METHOD_REPLIES] = {"conversations.replies", true},
    [METHOD_HISTORY] = {"conversations.history", true},
    [METHOD_RESPONSE] = {NULL, false},
    [METHOD_WEBHOOK] = {NULL, false},
};

struct slack_call {
    struct call_link link;
    struct slack *slack;
    enum slack_method method;
    int64_t delivery; /* 0: none */
    int64_t created_ms;
    char key[SLACK_DELIVERY_KEY_MAX];
    struct slack_address address;
    char *payload; /* owned, NUL-terminated */
    size_t len;
    unsigned pages;
};

void slack_set_status(struct slack *slack, enum adapter_health health, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    adapter_set_status(&slack->status, &slack->base, "slack", health, format, args);
    va_end(args);
}

/* ---- calls ---- */

/* Out of the line of those who would ask who they are. */
static void stand_back(struct slack *slack)
{
    struct slack_common *common = slack->common;
    if (slack->waiting) {
        *(slack->before ? &slack->before->behind : &common->first_waiting) = slack->behind;
        *(slack->behind ? &slack->behind->before : &common->last_waiting) = slack->before;
        slack->before = slack->behind = NULL;
        slack->waiting = false;
    }
}

static struct slack_call *call_create(struct slack *slack, const char *payload, size_t len)
{
    struct slack_call *call = mem_alloc(sizeof(*call));
    call->slack = slack;
    call->payload = mem_alloc(len + 1);
    memcpy(call->payload, payload, len);
    call->len = len;
    call_list_add(&slack->calls, &call->link);
    slack->common->calls++;
    return call;
}

static void let_next_ask(struct slack_common *common);

static void call_destroy(struct slack_call *call)
{
    struct slack_common *common = call->slack->common;
    bool asked = call->method == METHOD_AUTH;
    call_list_remove(&call->slack->calls, &call->link);
    mem_free(call->payload);
    mem_free(call);
    common->calls--;
    if (asked) {
        common->asking--;
        let_next_ask(common);
    }
}

void slack_drop_calls(struct slack *slack)
{
    loop_call_off(slack->setup.loop, &slack->auth_timer);
    stand_back(slack);
    while (slack->calls.first != NULL) {
        struct slack_call *call = (struct slack_call *)slack->calls.first;
        http_client_drop(slack->setup.client, call);
        call_destroy(call);
    }
}

static void finish(struct slack_call *call, enum delivered how, uint64_t after_ms, const char *why)
{
    struct slack *slack = call->slack;
    if (call->delivery != 0) {
        dispatch_delivered(slack->setup.dispatch, call->delivery, how, after_ms, why,
                           loop_wall_ms(slack->setup.loop));
    } else if (how != DELIVERED && call->method != METHOD_AUTH) {
        log_warning("slack.whisper", LOG_TEXT("adapter", slack->base.name), LOG_TEXT("why", why));
    }
    call_destroy(call);
}

static bool put_body(const struct slack_call *call, const char *cursor, struct buf *ret)
{
    switch (call->method) {
    case METHOD_AUTH:
        return true;
    case METHOD_POST:
        return slack_format_post(&call->address, call->key, call->payload, call->len, ret);
    case METHOD_REPLIES:
    case METHOD_HISTORY:
        return slack_format_lookup(&call->address, call->created_ms, cursor, ret);
    case METHOD_RESPONSE:
        return slack_format_response(call->address.private, call->payload, call->len, ret);
    case METHOD_WEBHOOK:
        return buf_append(ret, call->payload, call->len);
    case METHOD_COUNT:
        break;
    }
    return false;
}

/* A secret may be in it (webhooks): never logged. */
static void put_url(const struct slack_call *call, char ret[URL_MAX])
{
    const struct slack *slack = call->slack;
    const char *name = methods[call->method].name;
    snprintf(ret, URL_MAX, "%s%s%s",
             name                             ? slack->config->api
             : call->method == METHOD_WEBHOOK ? slack->webhook.items[0]
                                              : call->address.response_url,
             name ? "/" : "", name ? name : "");
}

static void on_answer(void *context, const struct http_answer *answer);
static void ask_again(struct slack *slack, uint64_t after_ms, const char *why);

static void request(struct slack_call *call, enum slack_method method, const char *cursor)
{
    struct slack *slack = call->slack;
    struct buf body;
    char url[URL_MAX];
    struct error err = {0};
    call->method = method;
    const char *headers[] = {methods[method].form
                                 ? "Content-Type: application/x-www-form-urlencoded"
                                 : "Content-Type: application/json; charset=utf-8",
                             methods[method].name ? slack->authorization : NULL, NULL};
    buf_init(&body, BODY_MAX);
    put_url(call, url);
    if (!put_body(call, cursor, &body)) {
        buf_finish(&body);
        finish(call, DELIVERY_REFUSED, 0, "the answer is too long");
        return;
    }
    const struct http_call wanted = {.method = "POST",
                                     .url = url,
                                     .headers = headers,
                                     .body = body.data ? body.data : "",
                                     .len = body.len};
    bool begun = http_client_send(slack->setup.client, &wanted, on_answer, call, &err);
    buf_finish(&body);
    if (!begun && method == METHOD_AUTH) {
        ask_again(slack, 0, err.text);
    }
    if (!begun) {
        finish(call, DELIVERY_LATER, 0, err.text);
    }
}

/*
 * ---- who we are: asked by few at a time, so that thousands of workspaces that start together are
 * no storm, neither here nor at Slack ----
 */

static void let_next_ask(struct slack_common *common)
{
    if (common->letting) {
        return; /* one that could not even begin: whoever called it goes on */
    }
    common->letting = true;
    while (common->first_waiting != NULL && common->asking < ASKING_MAX) {
        struct slack *slack = common->first_waiting;
        stand_back(slack);
        common->asking++;
        request(call_create(slack, "", 0), METHOD_AUTH, "");
    }
    common->letting = false;
}

static void stand_in_line(struct slack *slack)
{
    struct slack_common *common = slack->common;
    if (!slack->waiting) {
        slack->waiting = true;
        slack->before = common->last_waiting;
        *(slack->before ? &slack->before->behind : &common->first_waiting) = slack;
        common->last_waiting = slack;
    }
    let_next_ask(common);
}

static void on_ask_again(void *context)
{
    stand_in_line(context);
}

static void ask_after(struct slack *slack, uint64_t after_ms)
{
    loop_call_at(slack->setup.loop, &slack->auth_timer, loop_now_ms(slack->setup.loop) + after_ms,
                 on_ask_again, slack);
}

static void copy_id(char ret[SLACK_ID_MAX], const char *id)
{
    snprintf(ret, SLACK_ID_MAX, "%s", id ? id : "");
}

static void introduced(struct slack *slack, const json_t *body)
{
    const char *team = json_string_value(json_object_get(body, "team_id"));
    const char *wanted = slack->config->team;
    if (wanted[0] && (team == NULL || strcmp(team, wanted) != 0)) {
        slack_set_status(slack, ADAPTER_FAILED,
                         "the token is for workspace %.60s, the configuration says %.60s",
                         team ? team : "?", wanted);
        return;
    }
    copy_id(slack->team, team);
    copy_id(slack->user, json_string_value(json_object_get(body, "user_id")));
    copy_id(slack->bot, json_string_value(json_object_get(body, "bot_id")));
    slack_set_status(slack, ADAPTER_READY, "is %.60s in workspace %.60s", slack->user, slack->team);
}

/* after_ms 0: by the usual back-off. */
static void ask_again(struct slack *slack, uint64_t after_ms, const char *why)
{
    ask_after(slack, after_ms ? after_ms : slack->auth_pause_ms);
    slack->auth_pause_ms *= 2;
    if (slack->auth_pause_ms > AUTH_PAUSE_MAX_MS) {
        slack->auth_pause_ms = AUTH_PAUSE_MAX_MS;
    }
    slack_set_status(slack, ADAPTER_TROUBLED, "cannot reach Slack: %s", why);
}

/* Asked again now and then: an app that was mended at Slack keeps its token. */
static void token_refused(struct slack *slack, const char *why)
{
    ask_after(slack, FAILED_MS);
    slack_set_status(slack, ADAPTER_FAILED, "Slack does not take the token: %s", why);
}

static void on_auth(struct slack_call *call, const struct slack_answer *answer)
{
    struct slack *slack = call->slack;
    if (answer->outcome == SLACK_DONE) {
        introduced(slack, answer->body);
    } else if (answer->outcome == SLACK_LATER || answer->outcome == SLACK_UNSURE) {
        ask_again(slack, answer->after_ms, answer->why);
    } else {
        token_refused(slack, answer->why);
    }
    finish(call, DELIVERED, 0, NULL);
}

void slack_start(struct adapter *adapter, uint64_t now_ms)
{
    struct slack *slack = (struct slack *)adapter;
    (void)now_ms;
    slack->auth_pause_ms = AUTH_PAUSE_MIN_MS;
    if (slack->authorization != NULL) {
        stand_in_line(slack);
    } else {
        slack_set_status(slack, ADAPTER_READY, "speaks by %s",
                         slack->webhook.count ? "an incoming webhook" : "response_url alone");
    }
}

/* ---- answers of Slack ---- */

static bool limited(const struct slack *slack, enum slack_method method, uint64_t *ret_after_ms)
{
    uint64_t now_ms = loop_now_ms(slack->setup.loop), free_at_ms = slack->free_at_ms[method];
    if (free_at_ms <= now_ms) {
        return false;
    }
    *ret_after_ms = free_at_ms - now_ms;
    return true;
}

static bool call_has_arrived(const struct slack_call *call, const json_t *body)
{
    const struct slack *slack = call->slack;
    const struct slack_self self = {slack->team, slack->user, slack->bot};
    json_t *payload = json_loadb(call->payload, call->len, 0, NULL);
    const struct slack_sought sought = {call->key,
                                        json_string_value(json_object_get(payload, "text")), &self};
    bool found = slack_answer_has(body, &sought);
    json_decref(payload);
    return found;
}

/* What was looked for is not there: now it may be sent. */
static void post_unarrived(struct slack_call *call)
{
    uint64_t after_ms;
    if (limited(call->slack, METHOD_POST, &after_ms)) {
        finish(call, DELIVERY_LATER, after_ms, "rate limit");
    } else {
        request(call, METHOD_POST, "");
    }
}

static void on_lookup(struct slack_call *call, const struct slack_answer *answer)
{
    char why[200];
    if (answer->outcome == SLACK_DONE) {
        const char *cursor = slack_answer_cursor(answer->body);
        if (call_has_arrived(call, answer->body)) {
            finish(call, DELIVERED, 0, NULL);
        } else if (cursor[0] && ++call->pages < PAGES_MAX) {
            request(call, call->method, cursor);
        } else {
            post_unarrived(call);
        }
        return;
    }
    bool again = answer->outcome == SLACK_LATER || answer->outcome == SLACK_UNSURE;
    snprintf(why, sizeof(why), "cannot look whether it arrived: %s", answer->why);
    finish(call, again ? DELIVERY_UNSURE : DELIVERY_REFUSED, 0, why);
}

static void on_sent(struct slack_call *call, const struct slack_answer *answer)
{
    bool again = call->method == METHOD_POST && answer->outcome == SLACK_OUTSIDE &&
                 call->address.response_url[0];
    if (again) {
        request(call, METHOD_RESPONSE, ""); /* S26 */
        return;
    }
    static const enum delivered results[] = {
        [SLACK_DONE] = DELIVERED,           [SLACK_LATER] = DELIVERY_LATER,
        [SLACK_UNSURE] = DELIVERY_UNSURE,   [SLACK_REFUSED] = DELIVERY_REFUSED,
        [SLACK_OUTSIDE] = DELIVERY_REFUSED, [SLACK_TOKEN] = DELIVERY_LATER,
    };
    uint64_t after_ms = answer->outcome == SLACK_TOKEN ? FAILED_MS : answer->after_ms;
    finish(call, results[answer->outcome], after_ms, answer->why);
}

/* Whether Slack can be reached, and lets us speak. */
static void note_health(struct slack_call *call, const struct http_answer *raw,
                        struct slack_answer *answer)
{
    struct slack *slack = call->slack;
    bool lookup = call->method == METHOD_REPLIES || call->method == METHOD_HISTORY;
    if (lookup && strcmp(answer->why, "missing_scope") == 0) {
        answer->outcome = SLACK_REFUSED; /* the token may speak, though it may not read */
    }
    if (answer->outcome == SLACK_TOKEN) {
        token_refused(slack, answer->why);
    } else if (raw->status == 0 || raw->status >= 500) {
        slack_set_status(slack, ADAPTER_TROUBLED, "cannot reach Slack: %s", answer->why);
    } else if (slack->status.health == ADAPTER_TROUBLED && slack->user[0] != '\0') {
        slack_set_status(slack, ADAPTER_READY, "is %.60s in workspace %.60s", slack->user,
                         slack->team);
    }
}

/* What an answer says about what comes next, whatever was asked. */
static void note(struct slack_call *call, const struct http_answer *raw,
                 struct slack_answer *answer)
{
    struct slack *slack = call->slack;
    bool too_fast = raw->status == 429 || strcmp(answer->why, "ratelimited") == 0 ||
                    strcmp(answer->why, "rate_limited") == 0;
    if (too_fast) {
        answer->after_ms = answer->after_ms ? answer->after_ms : LIMITED_MS;
        slack->free_at_ms[call->method] = loop_now_ms(slack->setup.loop) + answer->after_ms;
        log_warning("slack.limited", LOG_TEXT("adapter", slack->base.name),
                    LOG_TEXT("method", methods[call->method].name),
                    LOG_NUMBER("after_ms", answer->after_ms));
    }
    if (call->method != METHOD_AUTH && methods[call->method].name != NULL) {
        note_health(call, raw, answer);
    }
}

static void on_answer(void *context, const struct http_answer *raw)
{
    struct slack_call *call = context;
    struct slack_answer answer;
    slack_answer_read(raw, methods[call->method].name == NULL, &answer);
    note(call, raw, &answer);
    if (call->method == METHOD_AUTH) {
        on_auth(call, &answer);
    } else if (call->method == METHOD_REPLIES || call->method == METHOD_HISTORY) {
        on_lookup(call, &answer);
    } else {
        on_sent(call, &answer);
    }
    slack_answer_finish(&answer);
}

/* ---- deliveries ---- */

/* The method to begin with; METHOD_COUNT with `why` when there is no way. */
static enum slack_method choose(const struct slack *slack, const struct slack_address *address,
                                bool unsure, const char **ret_why)
{
    bool by_url = address->private || (!slack->authorization && !slack->webhook.count);
    enum slack_method method = by_url                  ? METHOD_RESPONSE
                               : !slack->authorization ? METHOD_WEBHOOK
                               : !unsure               ? METHOD_POST
                               : address->thread[0]    ? METHOD_REPLIES
                                                       : METHOD_HISTORY;
    if (method == METHOD_RESPONSE && !address->response_url[0]) {
        *ret_why = "there is no way to answer: neither bot token nor response_url";
        return METHOD_COUNT;
    }
    /* Nobody can look there (S27). Twice would be worse than once too few. */
    if (unsure && (method == METHOD_RESPONSE || method == METHOD_WEBHOOK)) {
        *ret_why = "it may have arrived, and there is no way to look";
        return METHOD_COUNT;
    }
    return method;
}

static bool is_busy(const struct slack *slack)
{
    return slack->calls.count >= CALLS_MAX || slack->common->calls >= CALLS_ALL_MAX;
}

/* How long nothing can be sent, whatever it is. */
static bool must_wait(const struct slack *slack, uint64_t *ret_after_ms)
{
    bool unknown = slack->authorization != NULL && slack->user[0] == '\0';
    if (slack->status.health == ADAPTER_FAILED) {
        *ret_after_ms = FAILED_MS;
    } else if (unknown) {
        *ret_after_ms = STARTING_MS;
    } else if (is_busy(slack)) {
        *ret_after_ms = BUSY_MS;
    } else {
        return false;
    }
    return true;
}

static void refuse(struct slack *slack, const struct delivery *delivery, const char *why)
{
    dispatch_delivered(slack->setup.dispatch, delivery->id, DELIVERY_REFUSED, 0, why,
                       loop_wall_ms(slack->setup.loop));
}

bool slack_ready(struct adapter *adapter, const struct delivery *delivery, uint64_t *ret_after_ms)
{
    const struct slack *slack = (const struct slack *)adapter;
    struct slack_address address;
    const char *why;
    if (must_wait(slack, ret_after_ms)) {
        return false;
    }
    if (delivery == NULL || !slack_address_parse(delivery->address, &address)) {
        return true;
    }
    enum slack_method method = choose(slack, &address, delivery->unsure, &why);
    return method == METHOD_COUNT || !limited(slack, method, ret_after_ms);
}

bool slack_send(struct adapter *adapter, const struct delivery *delivery, uint64_t *ret_after_ms)
{
    struct slack *slack = (struct slack *)adapter;
    struct slack_address address;
    const char *why = "its address is not one of ours";
    if (must_wait(slack, ret_after_ms)) {
        return false;
    }
    enum slack_method method = slack_address_parse(delivery->address, &address)
                                   ? choose(slack, &address, delivery->unsure, &why)
                                   : METHOD_COUNT;
    if (method == METHOD_COUNT) {
        refuse(slack, delivery, why);
        return true;
    }
    if (limited(slack, method, ret_after_ms)) {
        return false;
    }
    struct slack_call *call = call_create(slack, delivery->payload, delivery->payload_len);
    call->delivery = delivery->id;
    call->created_ms = delivery->created_ms;
    call->address = address;
    slack_delivery_key(delivery->id, delivery->created_ms, call->key);
    request(call, method, "");
    return true;
}

void slack_whisper(struct slack *slack, const char *response_url, const char *sentence)
{
    struct buf payload;
    uint64_t after_ms;
    /* A courtesy: it never takes the place of an answer. */
    if (is_busy(slack) || limited(slack, METHOD_RESPONSE, &after_ms)) {
        return;
    }
    buf_init(&payload, SLACK_PAYLOAD_MAX);
    if (slack_format_sentence(sentence, false, &payload)) {
        struct slack_call *call = call_create(slack, payload.data, payload.len);
        call->address.private = true;
        snprintf(call->address.response_url, sizeof(call->address.response_url), "%s",
                 response_url);
        request(call, METHOD_RESPONSE, "");
    }
    buf_finish(&payload);
}

bool slack_stop(struct adapter *adapter, uint64_t now_ms)
{
    const struct slack *slack = (struct slack *)adapter;
    (void)now_ms;
    return slack->calls.count == 0;
}
