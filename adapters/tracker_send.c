#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "adapters/http_body.h"
#include "adapters/http_client.h"
#include "adapters/tracker_inside.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"

/*
 * An answer's way out: a comment in the ticket; or first a look whether it is there already, when
 * an earlier attempt may have arrived.
 */

enum {
    CALLS_MAX = 16,         /* of an instance at once */
    BUSY_MS = 50,           /* until a delivery is offered again, when there are so many */
    STARTING_MS = 1000,     /* or while it is not known who we are */
    FAILED_MS = 60 * 1000,  /* or when the token is no good */
    LIMITED_MS = 60 * 1000, /* for a rate limit that does not say how long */
    ASK_PAUSE_MIN_MS = 1000,
    ASK_PAUSE_MAX_MS = 60 * 1000,
    PAGES_MAX = 100, /* of comments that are looked through for a delivery */
    URL_MAX = 2 * HTTP_URL_MAX,
    BODY_MAX = 256 * 1024,
};

struct tracker_call {
    struct call_link link;
    struct tracker *tracker;
    enum tracker_method method;
    int64_t delivery; /* 0: none */
    int64_t created_ms;
    char mark[TRACKER_MARK_MAX];
    struct ticket_place place;
    char *payload; /* owned */
    size_t len;
    unsigned page;
};

void tracker_set_status(struct tracker *tracker, enum adapter_health health, const char *format,
                        ...)
{
    va_list args;
    va_start(args, format);
    adapter_set_status(&tracker->status, &tracker->base, "tracker", health, format, args);
    va_end(args);
}

bool tracker_knows_self(const struct tracker *tracker)
{
    return tracker->self.id[0] != '\0' || tracker->kind->self_id == NULL;
}

/* ---- calls ---- */

static struct tracker_call *call_create(struct tracker *tracker, const char *payload, size_t len)
{
    struct tracker_call *call = mem_alloc(sizeof(*call));
    call->tracker = tracker;
    call->payload = mem_alloc(len + 1);
    memcpy(call->payload, payload, len);
    call->len = len;
    call->page = 1;
    call_list_add(&tracker->calls, &call->link);
    return call;
}

static void call_destroy(struct tracker_call *call)
{
    call_list_remove(&call->tracker->calls, &call->link);
    mem_free(call->payload);
    mem_free(call);
}

void tracker_drop_calls(struct tracker *tracker)
{
    loop_call_off(tracker->setup.loop, &tracker->ask_timer);
    while (tracker->calls.first != NULL) {
        struct tracker_call *call = (struct tracker_call *)tracker->calls.first;
        http_client_drop(tracker->setup.client, call);
        call_destroy(call);
    }
}

static void finish(struct tracker_call *call, enum delivered how, uint64_t after_ms,
                   const char *why)
{
    struct tracker *tracker = call->tracker;
    if (call->delivery != 0) {
        dispatch_delivered(tracker->setup.dispatch, call->delivery, how, after_ms, why,
                           loop_wall_ms(tracker->setup.loop));
    }
    call_destroy(call);
}

static void on_answer(void *context, const struct http_answer *answer);

static bool begin(struct tracker_call *call, const char *url, const struct buf *body,
                  struct error *err)
{
    struct tracker *tracker = call->tracker;
    const struct tracker_template *template = &tracker->kind->requests[call->method];
    const char *headers[6] = {"User-Agent: whether", "Accept: application/json"};
    size_t count = 2;
    char key[TRACKER_MARK_MAX + 20];
    if (template->body != NULL) {
        headers[count++] = "Content-Type: application/json";
    }
    if (tracker->kind->keyed) {
        snprintf(key, sizeof(key), "Idempotency-Key: %s", call->mark);
        headers[count++] = key;
    }
    headers[count] = tracker->authorization;
    const struct http_call wanted = {
        .method = template->method,
        .url = url,
        .headers = headers,
        .body = template->body == NULL ? NULL : body->data,
        .len = body->len,
    };
    return http_client_send(tracker->setup.client, &wanted, on_answer, call, err);
}

static void request(struct tracker_call *call, enum tracker_method method)
{
    const struct tracker *tracker = call->tracker;
    struct error err = {0};
    struct buf url, body;
    call->method = method;
    const struct tracker_parcel parcel = {.kind = tracker->kind,
                                          .api = tracker->config->api ? tracker->config->api : "",
                                          .place = &call->place,
                                          .payload = call->payload,
                                          .payload_len = call->len,
                                          .mark = call->mark,
                                          .since_ms = call->created_ms,
                                          .page = call->page};
    buf_init(&url, URL_MAX);
    buf_init(&body, BODY_MAX);
    if (!tracker_request_format(&parcel, method, &url, &body)) {
        finish(call, DELIVERY_REFUSED, 0, "the answer is too long");
    } else if (!begin(call, url.data, &body, &err)) {
        finish(call, DELIVERY_LATER, 0, err.text);
    }
    buf_finish(&url);
    buf_finish(&body);
}

/* ---- what answers mean ---- */

enum outcome_of { DONE, LATER, UNSURE, REFUSED, TOKEN };

struct judged {
    enum outcome_of outcome;
    uint64_t after_ms;
    char why[160];
    json_t *body; /* owned; DONE only, and NULL where the body is no JSON */
};

/* jansson needs an object or an array; http_json_parse() takes objects alone, from strangers. */
static json_t *parse_answer(const struct http_answer *answer)
{
    json_error_t unused;
    return json_loadb(answer->body, answer->len, 0, &unused);
}

static void say(struct judged *ret, enum outcome_of outcome, const char *why)
{
    ret->outcome = outcome;
    snprintf(ret->why, sizeof(ret->why), "%s", why);
}

static bool mentions(const struct http_answer *answer, const char *word)
{
    return word != NULL && strstr(answer->body, word) != NULL;
}

static void judge_status(const struct tracker_kind *kind, const struct http_answer *answer,
                         struct judged *ret)
{
    char why[32];
    snprintf(why, sizeof(why), "HTTP %ld", answer->status);
    /* G7: a secondary limit is a 403 that says when to come back. */
    bool limited =
        answer->status == 429 || mentions(answer, kind->error_limited) ||
        (answer->status == 403 && (answer->retry_after_ms > 0 || mentions(answer, "rate limit")));
    if (limited) {
        ret->after_ms = answer->retry_after_ms ? answer->retry_after_ms : LIMITED_MS;
        say(ret, LATER, "rate limit");
    } else if (answer->status == 401) {
        say(ret, TOKEN, why);
    } else if (answer->status >= 500 || answer->status == 408) {
        /* A gateway does not tell what became of the request behind it. */
        ret->after_ms = answer->retry_after_ms;
        say(ret, UNSURE, why);
    } else {
        say(ret, REFUSED, why);
    }
}

static void judge_body(const struct tracker_kind *kind, const struct http_answer *answer,
                       struct judged *ret)
{
    ret->body = parse_answer(answer);
    const json_t *errors = kind->errors ? http_json_at(ret->body, kind->errors) : NULL;
    if (json_array_size(errors) > 0) {
        bool limited = mentions(answer, kind->error_limited);
        ret->after_ms = limited ? LIMITED_MS : 0;
        say(ret, limited ? LATER : REFUSED, limited ? "rate limit" : "the API refused it");
        json_decref(ret->body);
        ret->body = NULL;
    }
}

static void judge(const struct tracker_kind *kind, const struct http_answer *answer,
                  struct judged *ret)
{
    *ret = (struct judged){.outcome = DONE};
    if (answer->status == 0) {
        say(ret, answer->sent ? UNSURE : LATER, answer->error);
    } else if (answer->status < 200 || answer->status > 299) {
        judge_status(kind, answer, ret);
    } else {
        judge_body(kind, answer, ret);
    }
}

/* ---- who we are ---- */

static void say_ready(struct tracker *tracker)
{
    tracker_set_status(tracker, ADAPTER_READY, "is %.60s, at %.100s",
                       tracker->self.names[0][0] ? tracker->self.names[0] : tracker->self.id,
                       tracker->config->path);
}

static void ask_who_we_are(void *context)
{
    request(call_create(context, "", 0), TRACKER_WHOAMI);
}

static void ask_after(struct tracker *tracker, uint64_t after_ms)
{
    loop_call_at(tracker->setup.loop, &tracker->ask_timer,
                 loop_now_ms(tracker->setup.loop) + after_ms, ask_who_we_are, tracker);
}

static void ask_again(struct tracker *tracker, uint64_t after_ms)
{
    ask_after(tracker, after_ms ? after_ms : tracker->ask_pause_ms);
    tracker->ask_pause_ms *= 2;
    if (tracker->ask_pause_ms > ASK_PAUSE_MAX_MS) {
        tracker->ask_pause_ms = ASK_PAUSE_MAX_MS;
    }
}

/* Asked again now and then: a token's rights may be mended where it was made. */
static void token_refused(struct tracker *tracker, const char *why)
{
    ask_after(tracker, FAILED_MS);
    tracker_set_status(tracker, ADAPTER_FAILED, "the tracker does not take the token: %s", why);
}

static void on_self(struct tracker *tracker, const struct judged *judged)
{
    if (judged->outcome == DONE && tracker_self_read(tracker->kind, judged->body, &tracker->self)) {
        tracker->ask_pause_ms = ASK_PAUSE_MIN_MS;
        say_ready(tracker);
    } else if (judged->outcome == LATER || judged->outcome == UNSURE) {
        ask_again(tracker, judged->after_ms);
        tracker_set_status(tracker, ADAPTER_TROUBLED, "cannot reach the tracker: %s", judged->why);
    } else {
        token_refused(tracker, judged->why[0] ? judged->why : "it does not say whose it is");
    }
}

void tracker_start(struct adapter *adapter, uint64_t now_ms)
{
    struct tracker *tracker = (struct tracker *)adapter;
    (void)now_ms;
    tracker->ask_pause_ms = ASK_PAUSE_MIN_MS;
    if (tracker->kind->self_id != NULL) {
        ask_who_we_are(tracker);
    } else {
        tracker_set_status(tracker, ADAPTER_READY, "listens at %.100s", tracker->config->path);
    }
}

/* ---- deliveries ---- */

static void on_look(struct tracker_call *call, const struct judged *judged)
{
    const struct tracker *tracker = call->tracker;
    size_t count = 0;
    char why[200];
    if (judged->outcome != DONE) {
        bool again = judged->outcome != REFUSED;
        snprintf(why, sizeof(why), "cannot look whether it arrived: %s", judged->why);
        finish(call, again ? DELIVERY_UNSURE : DELIVERY_REFUSED, judged->after_ms, why);
    } else if (tracker_look_read(tracker->kind, judged->body, tracker->self.id, call->mark,
                                 &count)) {
        finish(call, DELIVERED, 0, NULL);
    } else if (tracker->kind->pages && count >= TRACKER_PAGE && call->page < PAGES_MAX) {
        call->page++;
        request(call, TRACKER_LOOK);
    } else if (tracker->kind->pages && count >= TRACKER_PAGE) {
        finish(call, DELIVERY_REFUSED, 0, "cannot look whether it arrived: too many comments");
    } else {
        request(call, TRACKER_POST);
    }
}

static void on_posted(struct tracker_call *call, const struct judged *judged)
{
    static const enum delivered results[] = {[DONE] = DELIVERED,
                                             [LATER] = DELIVERY_LATER,
                                             [UNSURE] = DELIVERY_UNSURE,
                                             [REFUSED] = DELIVERY_REFUSED,
                                             [TOKEN] = DELIVERY_LATER};
    uint64_t after_ms = judged->outcome == TOKEN ? FAILED_MS : judged->after_ms;
    finish(call, results[judged->outcome], after_ms, judged->why);
}

/* What an answer says about what comes next, whatever was asked. */
static void note(struct tracker *tracker, const struct judged *judged)
{
    if (judged->outcome == LATER && judged->after_ms > 0) {
        tracker->free_at_ms = loop_now_ms(tracker->setup.loop) + judged->after_ms;
        log_warning("tracker.limited", LOG_TEXT("adapter", tracker->base.name),
                    LOG_NUMBER("after_ms", judged->after_ms));
    } else if (judged->outcome == TOKEN && tracker->kind->self_id != NULL) {
        token_refused(tracker, judged->why);
    } else if (judged->outcome == DONE && tracker->status.health == ADAPTER_TROUBLED) {
        say_ready(tracker);
    } else if (judged->outcome == UNSURE || judged->outcome == LATER) {
        tracker_set_status(tracker, ADAPTER_TROUBLED, "cannot reach the tracker: %s", judged->why);
    }
}

static void on_answer(void *context, const struct http_answer *answer)
{
    struct tracker_call *call = context;
    struct tracker *tracker = call->tracker;
    struct judged judged;
    judge(tracker->kind, answer, &judged);
    if (call->method == TRACKER_WHOAMI) {
        on_self(tracker, &judged);
        finish(call, DELIVERED, 0, NULL);
    } else {
        note(tracker, &judged);
        if (call->method == TRACKER_LOOK) {
            on_look(call, &judged);
        } else {
            on_posted(call, &judged);
        }
    }
    json_decref(judged.body);
}

bool tracker_ready(struct adapter *adapter, const struct delivery *delivery, uint64_t *ret_after_ms)
{
    const struct tracker *tracker = (const struct tracker *)adapter;
    uint64_t now_ms = loop_now_ms(tracker->setup.loop);
    (void)delivery;
    if (tracker->status.health == ADAPTER_FAILED) {
        *ret_after_ms = FAILED_MS;
    } else if (!tracker_knows_self(tracker)) {
        *ret_after_ms = STARTING_MS;
    } else if (tracker->free_at_ms > now_ms) {
        *ret_after_ms = tracker->free_at_ms - now_ms;
    } else if (tracker->calls.count >= CALLS_MAX) {
        *ret_after_ms = BUSY_MS;
    } else {
        return true;
    }
    return false;
}

static void refuse(struct tracker *tracker, const struct delivery *delivery, const char *why)
{
    dispatch_delivered(tracker->setup.dispatch, delivery->id, DELIVERY_REFUSED, 0, why,
                       loop_wall_ms(tracker->setup.loop));
}

bool tracker_send(struct adapter *adapter, const struct delivery *delivery, uint64_t *ret_after_ms)
{
    struct tracker *tracker = (struct tracker *)adapter;
    struct ticket_place place;
    if (!tracker_ready(adapter, delivery, ret_after_ms)) {
        return false;
    }
    if (!ticket_place_parse(delivery->address, &place)) {
        refuse(tracker, delivery, "its address is not one of ours");
        return true;
    }
    /* The hosts may have been others when it was asked. */
    if (place.reply[0] && !http_url_allowed(place.reply, tracker->config->reply_hosts)) {
        refuse(tracker, delivery, "its address is not of reply_hosts");
        return true;
    }
    struct tracker_call *call = call_create(tracker, delivery->payload, delivery->payload_len);
    call->delivery = delivery->id;
    call->created_ms = delivery->created_ms;
    call->place = place;
    tracker_mark_format(delivery->id, delivery->created_ms, call->mark);
    /* Who gets a key knows a copy by it; all others are looked at. */
    request(call, delivery->unsure && !tracker->kind->keyed ? TRACKER_LOOK : TRACKER_POST);
    return true;
}

bool tracker_stop(struct adapter *adapter, uint64_t now_ms)
{
    const struct tracker *tracker = (const struct tracker *)adapter;
    (void)now_ms;
    return tracker->calls.count == 0;
}
