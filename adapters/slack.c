#include "adapters/slack.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "adapters/http_body.h"
#include "adapters/http_server.h"
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

/*
 * Hearing: what becomes of a request that slack_app.c has verified. slack_send.c is the other half.
 */

#define TYPE_JSON "application/json"

#define SAY_BUSY "I can't take that right now. Please ask again in a moment."
#define SAY_NOT_NOTED "I couldn't note that. Please press it again in a moment."
#define SAY_SLOWLY "That was a lot at once. Please ask again in a minute."
#define SAY_OTHER_TEAM "I'm not set up for this workspace."
#define SAY_WRONG                                                                                \
    "Noted. Tell me what I got wrong, in a sentence, and I'll answer anew; \"why?\" shows what " \
    "I went by."

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

void slack_reject(const struct slack_door *door, struct http_request *request, unsigned status,
                  const char *reason, const char *sentence)
{
    metrics_count(door->metrics, METRIC_REJECTED, reason);
    log_warning("slack.rejected", LOG_TEXT("path", door->path), LOG_TEXT("reason", reason),
                LOG_TEXT("peer", http_request_peer(request)));
    http_respond_error(request, status, sentence);
}

static void other_team(const struct slack_door *door, struct http_request *request,
                       const struct slack_incoming *incoming)
{
    metrics_count(door->metrics, METRIC_REJECTED, "other_team");
    log_warning("slack.other_team", LOG_TEXT("path", door->path), LOG_TEXT("team", incoming->team));
    /* Not an error to Slack, which would disable the subscription (S12). */
    if (incoming->surface == SURFACE_SLASH) {
        whisper_back(request, SAY_OTHER_TEAM);
    } else {
        acknowledge(request);
    }
}

static void ignore(const struct slack_door *door, struct http_request *request, const char *why)
{
    if (strcmp(why, "app_rate_limited") == 0) {
        log_warning("slack.app_rate_limited", LOG_TEXT("path", door->path)); /* S12 */
    } else {
        log_debug("slack.ignored", LOG_TEXT("path", door->path), LOG_TEXT("why", why));
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

void slack_hear(const struct slack_door *door, struct slack *slack, struct http_request *request,
                struct slack_incoming *incoming)
{
    switch (incoming->kind) {
    case SLACK_BAD:
        slack_reject(door, request, 400, "malformed", incoming->why);
        return;
    case SLACK_IGNORED:
        ignore(door, request, incoming->why);
        return;
    case SLACK_UNKNOWN_US:
        slack_reject(door, request, 503, "starting", "Not ready yet; send it again.");
        return;
    case SLACK_OTHER_TEAM:
        other_team(door, request, incoming);
        return;
    case SLACK_CHALLENGE:
        challenge(request, incoming);
        return;
    case SLACK_QUESTION:
        if (can_speak(slack, incoming)) {
            take(slack, request, incoming);
        } else {
            ignore(door, request, "no_way_to_answer");
        }
        return;
    case SLACK_COMMAND:
        take(slack, request, incoming);
        return;
    case SLACK_WRONG:
        take_wrong(slack, request, incoming);
        return;
    }
}

struct slack_view slack_view(const struct slack *slack)
{
    return (struct slack_view){
        .self = {slack->own_team[0] ? slack->own_team : slack->team, slack->user, slack->bot},
        .ambient = slack->config->listen == LISTEN_QUESTIONS,
        .response_hosts = slack->config->response_hosts,
    };
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
    slack_app_leave(slack);
    secret_drop(slack->authorization);
    secret_finish(&slack->token);
    secret_finish(&slack->webhook);
    mem_free(slack->own_team);
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

static bool load_secrets(struct slack *slack, struct secret *ret_signing, struct error *err)
{
    const struct config_slack *config = slack->config;
    const char *name = slack->base.name;
    if (!secret_load_key(&config->signing_secret, name, "signing_secret", ret_signing, err) ||
        !secret_load_key(&config->bot_token, name, "bot_token", &slack->token, err) ||
        !secret_load_key(&config->webhook, name, "webhook", &slack->webhook, err)) {
        return false;
    }
    if (ret_signing->count == 0) {
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

static bool create(const struct adapter_setup *setup, struct adapter **ret, struct error *err)
{
    struct slack *slack = mem_alloc(sizeof(*slack));
    struct secret signing = {0};
    slack->base.ops = &adapter_slack;
    slack->setup = *setup;
    slack->config = &setup->config->slack[setup->instance];
    slack->own_team = mem_strdup(slack->config->team);
    slack->base.name = join("slack", slack->config->label[0] ? " " : "", slack->config->label);
    slack->status.health = ADAPTER_STARTING;
    if (setup->server == NULL) {
        error_set(err, ERROR_INPUT, "[%s] needs [http] listen, where Slack sends to",
                  slack->base.name);
    }
    if (setup->server == NULL || !load_secrets(slack, &signing, err)) {
        secret_finish(&signing);
        destroy(&slack->base);
        return false;
    }
    slack_app_join(slack, &signing);
    *ret = &slack->base;
    return true;
}

static void follow(struct adapter *adapter, const struct config *config, size_t instance)
{
    struct slack *slack = (struct slack *)adapter;
    slack->setup.config = config;
    slack->config = &config->slack[instance];
}

const struct adapter_ops adapter_slack = {
    .name = "slack",
    .count = count,
    .create = create,
    .start = slack_start,
    .format = format,
    .address = address,
    .ready = slack_ready,
    .send = slack_send,
    .status = status,
    .follow = follow,
    .stop = slack_stop,
    .destroy = destroy,
};
