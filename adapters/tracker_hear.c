#include <stdio.h>
#include <string.h>

#include "adapters/http_body.h"
#include "adapters/http_server.h"
#include "adapters/tracker_inside.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"
#include "bot/host/metrics.h"

/* Hearing: what comes in by HTTP. tracker_send.c is the other half. */

#define TYPE_FORM "application/x-www-form-urlencoded"

/* ---- acknowledging: after the commit ---- */

static void acknowledge(struct http_request *request)
{
    http_respond(request, 200, NULL, "", 0, NULL);
}

static void on_settled(void *context, enum settled how, const struct answer *answer)
{
    (void)answer;
    if (how == SETTLED_FAILED) {
        http_respond_error(context, 503, "The delivery could not be stored; send it again.");
    } else {
        acknowledge(context);
    }
}

static void reject(struct tracker *tracker, struct http_request *request, unsigned status,
                   const char *reason, const char *sentence)
{
    metrics_count(tracker->setup.metrics, METRIC_REJECTED, reason);
    log_warning("tracker.rejected", LOG_TEXT("adapter", tracker->base.name),
                LOG_TEXT("reason", reason), LOG_TEXT("peer", http_request_peer(request)));
    http_respond_error(request, status, sentence);
}

/* L4: some senders give up for good when they are told that it was their fault. */
static void reject_body(struct tracker *tracker, struct http_request *request, unsigned status,
                        const char *reason, const char *sentence)
{
    reject(tracker, request, tracker->kind->never_4xx ? 200 : status, reason, sentence);
}

static void ignore(struct tracker *tracker, struct http_request *request, const char *why)
{
    log_debug("tracker.ignored", LOG_TEXT("adapter", tracker->base.name), LOG_TEXT("why", why));
    acknowledge(request);
}

/* ---- what deserves an answer ---- */

struct hearing {
    const struct ticket_event *event;
    struct buf said; /* what its author says */
    bool mentioned;
    enum surface surface;
    enum heed heed;
};

/* False: nobody speaks to us. */
static bool judge(const struct tracker *tracker, struct hearing *hearing)
{
    const struct ticket_event *event = hearing->event;
    bool asked = hearing->mentioned || event->labelled;
    hearing->surface = SURFACE_TRACKER;
    hearing->heed = HEED_ALL;
    switch (event->what) {
    case TICKET_OPENED:
        if (!asked && tracker->config->listen != LISTEN_QUESTIONS) {
            return false;
        }
        hearing->surface = asked ? SURFACE_TRACKER : SURFACE_AMBIENT;
        return true;
    case TICKET_EDITED:
        hearing->heed = asked ? HEED_CHANGE : HEED_FOLLOW_UP;
        return true;
    case TICKET_COMMENT:
        hearing->heed = hearing->mentioned ? HEED_ALL : HEED_FOLLOW_UP;
        return true;
    case TICKET_RECOMMENT:
        hearing->heed = hearing->mentioned ? HEED_CHANGE : HEED_FOLLOW_UP;
        return true;
    case TICKET_ASKED:
    case TICKET_RECORD:
    case TICKET_QUESTION:
        return true;
    case TICKET_BAD:
    case TICKET_IGNORED:
        break;
    }
    return false;
}

/* A mention without words asks what the bot is for; a label has words of its own. */
static void set_words(struct hearing *hearing)
{
    const char *text = hearing->said.len > 0 ? hearing->said.data : "";
    if (hearing->event->what == TICKET_RECORD) {
        buf_clear(&hearing->said);
        buf_puts(&hearing->said, "record");
    } else if (text[strspn(text, " \t\r\n")] == '\0') {
        buf_clear(&hearing->said);
        buf_puts(&hearing->said, "help");
    }
}

/* ---- taking it ---- */

static const char *delivery_id(const struct tracker *tracker, const struct http_request *request)
{
    const char *const *headers = tracker->kind->delivery_headers;
    for (size_t i = 0; headers[i] != NULL; i++) {
        const char *id = http_request_header(request, headers[i]);
        if (id != NULL && id[0] != '\0' && strlen(id) < TICKET_ID_MAX) {
            return id;
        }
    }
    return NULL;
}

static void put_conversation(const struct ticket_event *event, char ret[TICKET_KEY_MAX])
{
    if (event->what == TICKET_QUESTION) {
        snprintf(ret, TICKET_KEY_MAX, "%s", event->id);
    } else {
        snprintf(ret, TICKET_KEY_MAX, "%s %s %s", event->place.project, event->place.noun,
                 event->place.number);
    }
}

/*
 * What has these words is one message, under whichever delivery: a ticket that is opened with a
 * label comes twice. Ids are one table's: a comment on a line may have an issue's. A label that
 * asks for a record may be put on again.
 */
static void put_identity(const struct ticket_event *event, const char *conversation,
                         char ret[MESSAGE_KEY_MAX])
{
    bool edit = event->what == TICKET_EDITED || event->what == TICKET_RECOMMENT;
    ret[0] = '\0';
    if (event->what == TICKET_OPENED || event->what == TICKET_ASKED) {
        snprintf(ret, MESSAGE_KEY_MAX, "ticket %s", conversation);
    } else if ((edit || event->what == TICKET_COMMENT) && event->id[0]) {
        snprintf(ret, MESSAGE_KEY_MAX, "%s %s%s%s", event->of, event->id, edit ? " " : "",
                 edit ? event->version : "");
    }
}

static void take(struct tracker *tracker, struct http_request *request,
                 const struct hearing *hearing)
{
    const struct ticket_event *event = hearing->event;
    char conversation[TICKET_KEY_MAX], identity[MESSAGE_KEY_MAX], address[TICKET_ADDRESS_MAX];
    char subject[TICKET_KEY_MAX];
    const struct ticket_place *place = &event->place;
    const char *announce = tracker->config->announce;
    put_conversation(event, conversation);
    put_identity(event, conversation, identity);
    ticket_place_format(place, address);
    snprintf(subject, sizeof(subject), "%s%s%s", place->project[0] == '-' ? "" : place->project,
             place->project[0] == '-' ? "" : " ", place->number);
    const struct message message = {
        .adapter = tracker->base.name,
        .surface = hearing->surface,
        .delivery = delivery_id(tracker, request),
        .identity = identity[0] ? identity : NULL,
        .conversation = conversation,
        .person = event->sender[0]                 ? event->sender
                  : event->what == TICKET_QUESTION ? NULL /* a program, and it is signed */
                                                   : "a deleted user",
        .address = address,
        .text = hearing->said.data,
        .len = hearing->said.len,
        .heed = hearing->heed,
        .announce = announce && announce[0] ? announce : NULL,
        .subject = subject,
    };
    if (!dispatch_take(tracker->setup.dispatch, &message, loop_wall_ms(tracker->setup.loop),
                       on_settled, request)) {
        reject(tracker, request, 503, "busy", "Too much at once; send it again.");
    }
}

static bool is_self(const struct tracker *tracker, const char *id)
{
    return id[0] && strcmp(tracker->self.id, id) == 0;
}

static bool is_own(const struct tracker *tracker, const struct ticket_event *event)
{
    return is_self(tracker, event->author) || is_self(tracker, event->sender) ||
           tracker_text_is_own(event->text.len > 0 ? event->text.data : "", event->text.len);
}

static void hear(struct tracker *tracker, struct http_request *request,
                 const struct ticket_event *event)
{
    const struct tracker_names names = {
        .names = {tracker->setup.config->name, tracker->self.names[0], tracker->self.names[1]},
        .id = tracker->self.id};
    struct hearing hearing = {.event = event};
    buf_init(&hearing.said, 2 * TICKET_TEXT_MAX);
    tracker_text_read(tracker->kind->text, event->text.len > 0 ? event->text.data : "",
                      event->text.len, &names, &hearing.said, &hearing.mentioned);
    set_words(&hearing);
    if (judge(tracker, &hearing)) {
        take(tracker, request, &hearing);
    } else {
        ignore(tracker, request, "not_addressed");
    }
    buf_finish(&hearing.said);
}

/* N1: the time in the body, which is signed with it. */
static bool is_stale(const struct tracker *tracker, const struct ticket_event *event)
{
    return tracker->kind->signed_at != NULL &&
           !signature_fresh(event->signed_ms / 1000, loop_wall_ms(tracker->setup.loop) / 1000,
                            (uint32_t)tracker->config->window_s);
}

static void consider(struct tracker *tracker, struct http_request *request,
                     const struct ticket_event *event)
{
    if (is_stale(tracker, event)) {
        reject(tracker, request, 401, signature_reason(SIGNATURE_STALE),
               signature_sentence(SIGNATURE_STALE));
    } else if (event->what == TICKET_BAD) {
        reject_body(tracker, request, 400, "malformed", event->why);
    } else if (event->what == TICKET_IGNORED) {
        ignore(tracker, request, event->why);
    } else if (!tracker_knows_self(tracker)) {
        reject(tracker, request, 503, "starting", "Not ready yet; send it again.");
    } else if (is_own(tracker, event)) {
        ignore(tracker, request, "own");
    } else if (event->from_bot) {
        metrics_count(tracker->setup.metrics, METRIC_GUARDED, "bot");
        ignore(tracker, request, "bot");
    } else {
        hear(tracker, request, event);
    }
}

/* ---- requests ---- */

/* The JSON of a delivery, wherever in the body it is. */
struct body {
    const char *text; /* NULL: there is none */
    size_t len;
    struct http_form form; /* what text lies in, for a form */
    struct error err;
};

/* G2, T2 */
static void find_body(const struct http_request *request, struct body *ret)
{
    *ret = (struct body){0};
    ret->text = http_request_body(request, &ret->len);
    if (!http_type_is(http_request_header(request, "Content-Type"), TYPE_FORM)) {
        return;
    }
    const char *payload = NULL;
    if (http_form_parse(ret->text, ret->len, &ret->form, &ret->err)) {
        payload = http_form_get(&ret->form, "payload");
    }
    error_set(&ret->err, ERROR_INPUT, "The form has no payload.");
    ret->text = payload;
    ret->len = payload ? strlen(payload) : 0;
}

static enum signature_result check_signature(const struct tracker *tracker,
                                             const struct http_request *request,
                                             const struct body *body)
{
    const struct signature_scheme *const *schemes = tracker->kind->schemes;
    const struct signature_scheme *scheme = schemes[0] ? schemes[0] : &tracker->own_scheme;
    int64_t now_s = loop_wall_ms(tracker->setup.loop) / 1000;
    for (size_t i = 0; schemes[i] != NULL; i++) {
        scheme = schemes[i];
        if (http_request_header_count(request, scheme->header) > 0) {
            break;
        }
    }
    return tracker->kind->signs_payload
               ? signature_of_part(scheme, &tracker->secret, request, body->text ? body->text : "",
                                   body->len, now_s)
               : signature_of_request(scheme, &tracker->secret, request, now_s);
}

static const char *event_header(const struct tracker *tracker, const struct http_request *request)
{
    const char *const *headers = tracker->kind->event_headers;
    for (size_t i = 0; headers[i] != NULL; i++) {
        if (http_request_header(request, headers[i]) != NULL) {
            return http_request_header(request, headers[i]);
        }
    }
    return NULL;
}

/* Such a one would be answered at a place of the same name somewhere else. */
static bool is_others(const struct tracker *tracker, const struct http_request *request)
{
    const char *const *headers = tracker->kind->other_headers;
    for (size_t i = 0; headers[i] != NULL; i++) {
        if (http_request_header_count(request, headers[i]) > 0) {
            return true;
        }
    }
    return false;
}

static void read_body(struct tracker *tracker, struct http_request *request, struct body *body)
{
    json_t *json = body->text ? http_json_parse(body->text, body->len, &body->err) : NULL;
    const struct ticket_view view = {
        .kind = tracker->kind, .config = tracker->config, .event = event_header(tracker, request)};
    if (json == NULL) {
        reject_body(tracker, request, 400, "malformed", body->err.text);
        return;
    }
    struct ticket_event event;
    ticket_parse(&view, json, &event);
    json_decref(json);
    consider(tracker, request, &event);
    ticket_finish(&event);
}

void tracker_hear(void *context, struct http_request *request)
{
    struct tracker *tracker = context;
    struct body body;
    find_body(request, &body);
    enum signature_result signature = check_signature(tracker, request, &body);
    if (signature == SIGNATURE_GOOD && is_others(tracker, request)) {
        reject_body(tracker, request, 400, "other_sender", tracker->kind->other_sentence);
    } else if (signature == SIGNATURE_GOOD) {
        read_body(tracker, request, &body);
    } else if (!http_request_pass(request)) {
        /* Another section on the same path might have had the secret. */
        reject(tracker, request, 401, signature_reason(signature), signature_sentence(signature));
    }
    http_form_finish(&body.form);
}
