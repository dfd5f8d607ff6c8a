#include "adapters/slack.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "adapters/http_body.h"
#include "adapters/http_server.h"
#include "adapters/signature.h"
#include "adapters/slack_format.h"
#include "adapters/slack_inside.h"
#include "bot/advisor/advisor.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"
#include "bot/host/metrics.h"

/* Hearing: what comes in by HTTP. slack_send.c is the other half. */

#define TYPE_JSON "application/json"
#define TYPE_FORM "application/x-www-form-urlencoded"

#define SAY_BUSY "I can't take that right now. Please ask again in a moment."
#define SAY_NOT_NOTED "I couldn't note that. Please press it again in a moment."
#define SAY_SLOWLY "That was a lot at once. Please ask again in a minute."
#define SAY_OTHER_TEAM "I'm not set up for this workspace."
#define SAY_WRONG                                                                                \
    "Noted. Tell me what I got wrong, in a sentence, and I'll answer anew; \"why?\" shows what " \
    "I went by."

enum { REJECT_LOG_MS = 1000 }; /* between two lines about refused requests */

typedef void parse_body(const struct slack_view *view, const char *body, size_t len,
                        struct slack_incoming *ret);

/* ---- acknowledging: after the commit ---- */

static void acknowledge(struct http_request *request)
{
    http_respond(request, 200, NULL, "", 0, NULL);
}

static void on_event_settled(void *context, enum settled how, const struct answer *answer)
{
    (void)answer;
    if (how == SETTLED_FAILED) {
        http_respond_error(context, 503, "The message could not be stored; send it again.");
    } else {
        acknowledge(context);
    }
}

static void whisper_back(struct http_request *request, const char *sentence)
{
    struct buf body;
    buf_init(&body, SLACK_PAYLOAD_MAX);
    slack_format_sentence(sentence, true, &body);
    http_respond(request, 200, TYPE_JSON, body.data, body.len, NULL);
    buf_finish(&body);
}

/* Slack does not repeat commands (S26) and shows a bare failure as such: words are better. */
static void on_command_settled(void *context, enum settled how, const struct answer *answer)
{
    if (how == SETTLED_ANSWERED) {
        http_respond(context, 200, TYPE_JSON, answer->payload, answer->payload_len, NULL);
    } else if (how == SETTLED_GUARDED) {
        whisper_back(context, SAY_SLOWLY);
    } else if (how == SETTLED_FAILED) {
        whisper_back(context, SAY_BUSY);
    } else {
        acknowledge(context);
    }
}

/* ---- taking what came ---- */

static void take(struct slack *slack, struct http_request *request,
                 const struct slack_incoming *incoming)
{
    bool command = incoming->kind == SLACK_COMMAND;
    const struct message message = {
        .adapter = slack->base.name,
        .surface = incoming->surface,
        .delivery = incoming->delivery[0] ? incoming->delivery : NULL,
        .identity = incoming->identity[0] ? incoming->identity : NULL,
        .conversation = incoming->conversation,
        .person = incoming->user,
        .address = incoming->address,
        .text = incoming->text.data,
        .len = incoming->text.len,
        .from_bot = incoming->from_bot,
        .answer_now = command,
    };
    if (dispatch_take(slack->setup.dispatch, &message, loop_wall_ms(slack->setup.loop),
                      command ? on_command_settled : on_event_settled, request)) {
        return;
    }
    metrics_count(slack->setup.metrics, METRIC_REJECTED, "busy");
    if (command) {
        whisper_back(request, SAY_BUSY);
    } else {
        http_respond_error(request, 503, "Too much at once; send it again.");
    }
}

/* A press of "Wrong" that waits for the commit. */
struct press {
    struct slack *slack;
    struct http_request *request;
    char *response_url; /* owned; "" for none */
};

static void on_wrong_settled(void *context, enum settled how, const struct answer *answer)
{
    struct press *press = context;
    bool noted = how != SETTLED_FAILED;
    (void)answer;
    if (press->response_url[0]) {
        slack_whisper(press->slack, press->response_url, noted ? SAY_WRONG : SAY_NOT_NOTED);
    }
    if (noted || press->response_url[0]) {
        acknowledge(press->request);
    } else {
        http_respond_error(press->request, 503, "It could not be noted; send it again.");
    }
    mem_free(press->response_url);
    mem_free(press);
}

static void take_wrong(struct slack *slack, struct http_request *request,
                       const struct slack_incoming *incoming)
{
    struct slack_address address;
    bool answerable = slack_address_parse(incoming->address, &address);
    struct press *press = mem_alloc(sizeof(*press));
    *press = (struct press){slack, request, mem_strdup(answerable ? address.response_url : "")};
    log_info("slack.wrong", LOG_TEXT("adapter", slack->base.name),
             LOG_MESSAGE("question", incoming->text.data));
    if (incoming->text.len == 0) {
        on_wrong_settled(press, SETTLED_SILENT, NULL); /* nothing to note */
    } else if (!dispatch_gap(slack->setup.dispatch, "wrong", incoming->text.data,
                             incoming->text.len, loop_wall_ms(slack->setup.loop), on_wrong_settled,
                             press)) {
        on_wrong_settled(press, SETTLED_FAILED, NULL);
    }
}

static void challenge(struct http_request *request, const struct slack_incoming *incoming)
{
    struct buf body;
    buf_init(&body, 8 * SLACK_CHALLENGE_MAX);
    buf_puts(&body, "{\"challenge\":\"");
    http_json_put(&body, incoming->text.data ? incoming->text.data : "", incoming->text.len);
    buf_puts(&body, "\"}");
    http_respond(request, 200, TYPE_JSON, body.data, body.len, NULL);
    buf_finish(&body);
}

static void reject(struct slack *slack, struct http_request *request, unsigned status,
                   const char *reason, const char *sentence)
{
    metrics_count(slack->setup.metrics, METRIC_REJECTED, reason);
    log_warning("slack.rejected", LOG_TEXT("adapter", slack->base.name), LOG_TEXT("reason", reason),
                LOG_TEXT("peer", http_request_peer(request)));
    http_respond_error(request, status, sentence);
}

static void other_team(struct slack *slack, struct http_request *request,
                       const struct slack_incoming *incoming, bool command)
{
    if (http_request_pass(request)) {
        return;
    }
    metrics_count(slack->setup.metrics, METRIC_REJECTED, "other_team");
    log_warning("slack.other_team", LOG_TEXT("adapter", slack->base.name),
                LOG_TEXT("team", incoming->team));
    /* Not an error to Slack, which would disable the subscription (S12). */
    if (command) {
        whisper_back(request, SAY_OTHER_TEAM);
    } else {
        acknowledge(request);
    }
}

static void ignore(struct slack *slack, struct http_request *request,
                   const struct slack_incoming *incoming)
{
    if (strcmp(incoming->why, "app_rate_limited") == 0) {
        log_warning("slack.app_rate_limited", LOG_TEXT("adapter", slack->base.name)); /* S12 */
    } else {
        log_debug("slack.ignored", LOG_TEXT("adapter", slack->base.name),
                  LOG_TEXT("why", incoming->why));
    }
    acknowledge(request);
}

/* Answers by chat.postMessage or a webhook need one of both. */
static bool can_speak(const struct slack *slack, const struct slack_incoming *incoming)
{
    struct slack_address address;
    return slack->authorization != NULL || slack->webhook.count > 0 ||
           (slack_address_parse(incoming->address, &address) && address.response_url[0]);
}

static void hear(struct slack *slack, struct http_request *request, struct slack_incoming *incoming)
{
    switch (incoming->kind) {
    case SLACK_BAD:
        reject(slack, request, 400, "malformed", incoming->why);
        return;
    case SLACK_IGNORED:
        ignore(slack, request, incoming);
        return;
    case SLACK_UNKNOWN_US:
        reject(slack, request, 503, "starting", "Not ready yet; send it again.");
        return;
    case SLACK_OTHER_TEAM:
        other_team(slack, request, incoming, incoming->surface == SURFACE_SLASH);
        return;
    case SLACK_CHALLENGE:
        challenge(request, incoming);
        return;
    case SLACK_QUESTION:
        if (!can_speak(slack, incoming)) {
            incoming->why = "no_way_to_answer";
            ignore(slack, request, incoming);
            return;
        }
        take(slack, request, incoming);
        return;
    case SLACK_COMMAND:
        take(slack, request, incoming);
        return;
    case SLACK_WRONG:
        take_wrong(slack, request, incoming);
        return;
    }
}

/* ---- requests ---- */

/* S9: a retry may be the only delivery that arrives, so it is taken like any other. */
static void note_retry(const struct slack *slack, const struct http_request *request)
{
    const char *number = http_request_header(request, "X-Slack-Retry-Num");
    const char *reason = http_request_header(request, "X-Slack-Retry-Reason");
    if (number != NULL) {
        log_info("slack.retry", LOG_TEXT("adapter", slack->base.name), LOG_TEXT("number", number),
                 LOG_TEXT("reason", reason));
    }
}

static void on_request(struct slack *slack, struct http_request *request, const char *type,
                       parse_body *parse)
{
    /* S1: before anything of the body is looked at. */
    enum signature_result signature = signature_of_request(
        &signature_slack, &slack->signing, request, loop_wall_ms(slack->setup.loop) / 1000);
    if (signature != SIGNATURE_GOOD) {
        /* Another section on the same path may have the secret. */
        if (!http_request_pass(request)) {
            reject(slack, request, 401, signature_reason(signature), signature_sentence(signature));
        }
        return;
    }
    if (!http_type_is(http_request_header(request, "Content-Type"), type)) {
        reject(slack, request, 415, "content_type", "The body's type is not the one Slack sends.");
        return;
    }
    note_retry(slack, request);
    size_t len;
    const char *body = http_request_body(request, &len);
    struct slack_incoming incoming;
    const struct slack_view view = {
        .self = {slack->config->team[0] ? slack->config->team : slack->team, slack->user,
                 slack->bot},
        .ambient = slack->config->listen == LISTEN_QUESTIONS,
        .response_hosts = slack->config->response_hosts,
    };
    parse(&view, body, len, &incoming);
    hear(slack, request, &incoming);
    slack_incoming_finish(&incoming);
}

static void on_event(void *context, struct http_request *request)
{
    on_request(context, request, TYPE_JSON, slack_parse_event);
}

static void on_command(void *context, struct http_request *request)
{
    on_request(context, request, TYPE_FORM, slack_parse_command);
}

static void on_action(void *context, struct http_request *request)
{
    on_request(context, request, TYPE_FORM, slack_parse_action);
}

/* ---- the adapter ---- */

static size_t count(const struct config *config)
{
    return config->slack_count;
}

static bool format(struct adapter *adapter, const struct message *message,
                   const struct outcome *outcome, const struct reply *reply, struct buf *payload)
{
    (void)adapter;
    const struct slack_extras extras = {
        .ephemeral = message->answer_now,
        .buttons = outcome->kind == KIND_VERDICT,
        .question = message->text,
        .question_len = message->len,
    };
    return slack_format_reply(reply, &extras, payload);
}

/* A channel's id, C...: names can be changed. */
static bool address(const char *place, struct buf *ret)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    struct slack_address where = {.private = false};
    char text[SLACK_URL_MAX + 3 * SLACK_ID_MAX];
    size_t len = strlen(place);
    if (len == 0 || len >= sizeof(where.channel) || strspn(place, allowed) != len) {
        return false;
    }
    memcpy(where.channel, place, len + 1);
    slack_address_format(&where, text, sizeof(text));
    return buf_puts(ret, text);
}

static void status(const struct adapter *adapter, struct adapter_status *ret)
{
    *ret = ((const struct slack *)adapter)->status;
}

static void destroy(struct adapter *adapter)
{
    struct slack *slack = (struct slack *)adapter;
    if (slack == NULL) {
        return;
    }
    slack_drop_calls(slack);
    if (slack->setup.server != NULL) {
        http_server_unroute(slack->setup.server, slack);
    }
    for (size_t i = 0; i < ARRAY_LEN(slack->paths); i++) {
        mem_free(slack->paths[i]);
    }
    secret_drop(slack->authorization);
    secret_finish(&slack->signing);
    secret_finish(&slack->token);
    secret_finish(&slack->webhook);
    mem_free(slack->base.name);
    mem_free(slack);
}

static char *join(const char *first, const char *second, const char *third)
{
    size_t len = strlen(first) + strlen(second) + strlen(third) + 1;
    char *text = mem_alloc(len);
    snprintf(text, len, "%s%s%s", first, second, third);
    return text;
}

static bool load_secrets(struct slack *slack, struct error *err)
{
    const struct config_slack *config = slack->config;
    const char *name = slack->base.name;
    if (!secret_load_key(&config->signing_secret, name, "signing_secret", &slack->signing, err) ||
        !secret_load_key(&config->bot_token, name, "bot_token", &slack->token, err) ||
        !secret_load_key(&config->webhook, name, "webhook", &slack->webhook, err)) {
        return false;
    }
    if (slack->signing.count == 0) {
        return error_set(err, ERROR_INPUT,
                         "[%s] has no signing_secret: nobody could tell whether it is Slack that "
                         "calls",
                         slack->base.name);
    }
    if (slack->token.count > 0) {
        slack->authorization = secret_join("Authorization: Bearer ", slack->token.items[0]);
    }
    return true;
}

static void add_routes(struct slack *slack)
{
    static const struct {
        const char *path;
        http_handler *handler;
    } routes[] = {{"/events", on_event}, {"/commands", on_command}, {"/actions", on_action}};
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        slack->paths[i] = join(slack->config->path, routes[i].path, "");
        http_server_route(slack->setup.server, "POST", slack->paths[i], routes[i].handler, slack);
    }
}

static bool create(const struct adapter_setup *setup, struct adapter **ret, struct error *err)
{
    struct slack *slack = mem_alloc(sizeof(*slack));
    slack->base.ops = &adapter_slack;
    slack->setup = *setup;
    slack->config = &setup->config->slack[setup->instance];
    slack->base.name = join("slack", slack->config->label[0] ? " " : "", slack->config->label);
    slack->status.health = ADAPTER_STARTING;
    if (setup->server == NULL) {
        error_set(err, ERROR_INPUT, "[%s] needs [http] listen, where Slack sends to",
                  slack->base.name);
    }
    if (setup->server == NULL || !load_secrets(slack, err)) {
        destroy(&slack->base);
        return false;
    }
    add_routes(slack);
    *ret = &slack->base;
    return true;
}

const struct adapter_ops adapter_slack = {
    .name = "slack",
    .count = count,
    .create = create,
    .start = slack_start,
    .prepare = slack_prepare,
    .dispatch = slack_dispatch,
    .format = format,
    .address = address,
    .ready = slack_ready,
    .send = slack_send,
    .status = status,
    .stop = slack_stop,
    .destroy = destroy,
};
