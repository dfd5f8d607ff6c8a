#include "adapters/chathook.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "adapters/adapter.h"
#include "adapters/chathook_parse.h"
#include "adapters/http_body.h"
#include "adapters/http_calls.h"
#include "adapters/http_client.h"
#include "adapters/http_server.h"
#include "bot/advisor/wording.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"
#include "bot/host/metrics.h"
#include "bot/host/secret.h"

#define TYPE_JSON "application/json"
#define TYPE_FORM "application/x-www-form-urlencoded"
#define SAY_BUSY "I can't take that right now. Please ask again in a moment."

enum {
    PAYLOAD_MAX = 64 * 1024,
    CALLS_MAX = 8,          /* announcements of an instance at once */
    BUSY_MS = 200,          /* until one is offered again, when there are so many */
    LIMITED_MS = 30 * 1000, /* for a rate limit that does not say how long */
};

/* One kind of chat. */
struct chathook_kind {
    const char *name;
    enum config_chat_kind config;
    bool hears;
    size_t text_max;          /* bytes of one message */
    const char *url_end;      /* appended to the incoming webhook's URL (D1) */
    const char *comment_head; /* what stands before "text" in an answer to an outgoing webhook */
    const char *command_head; /* ... and to a slash command */
};

static const struct chathook_kind kinds[CONFIG_CHATS] = {
    [CONFIG_MATTERMOST] =
        {
            .name = "mattermost",
            .config = CONFIG_MATTERMOST,
            .hears = true,
            .text_max = 16000, /* M5: 16,383 characters */
            .url_end = "",
            .comment_head = "{\"response_type\":\"comment\",", /* M2, M4 */
            .command_head = "{\"response_type\":\"ephemeral\",\"skip_slack_parsing\":true,",
        },
    [CONFIG_ROCKETCHAT] =
        {
            .name = "rocketchat",
            .config = CONFIG_ROCKETCHAT,
            .hears = true,
            .text_max = 5000, /* Message_MaxAllowedSize */
            .url_end = "",
            .comment_head = "{",
            .command_head = "{",
        },
    [CONFIG_DISCORD] =
        {
            .name = "discord",
            .config = CONFIG_DISCORD,
            .text_max = 1900, /* D2: 2,000 characters */
            .url_end = "/slack",
            .comment_head = "{",
            .command_head = "{",
        },
};

struct chathook {
    struct adapter base;
    struct adapter_setup setup;
    const struct chathook_kind *kind;
    const struct config_chat *config;
    struct secret token, webhook;
    struct adapter_status status;
    struct call_list calls;
    uint64_t free_at_ms; /* when the chat takes announcements again */
};

struct chathook_call {
    struct call_link link;
    struct chathook *chat;
    int64_t delivery;
};

/* ---- hearing: answered in the response ---- */

static void put_text(struct buf *ret, const char *head, const char *text, size_t len)
{
    buf_puts(ret, head);
    buf_puts(ret, "\"text\":\"");
    http_json_put(ret, text, len);
    buf_puts(ret, "\"}");
}

static void say_back(struct http_request *request, const char *sentence)
{
    struct buf body;
    buf_init(&body, PAYLOAD_MAX);
    put_text(&body, "{", sentence, strlen(sentence));
    http_respond(request, 200, TYPE_JSON, body.data, body.len, NULL);
    buf_finish(&body);
}

/* Nothing to say is an empty object: some versions complain of an empty body (M4). */
static void say_nothing(struct http_request *request)
{
    http_respond(request, 200, TYPE_JSON, "{}", 2, NULL);
}

static void on_settled(void *context, enum settled how, const struct answer *answer)
{
    if (how == SETTLED_ANSWERED) {
        http_respond(context, 200, TYPE_JSON, answer->payload, answer->payload_len, NULL);
    } else if (how == SETTLED_FAILED) {
        say_back(context, SAY_BUSY);
    } else {
        say_nothing(context);
    }
}

static void reject(struct chathook *chat, struct http_request *request, unsigned status,
                   const char *reason, const char *sentence)
{
    metrics_count(chat->setup.metrics, METRIC_REJECTED, reason);
    log_warning("chathook.rejected", LOG_TEXT("adapter", chat->base.name),
                LOG_TEXT("reason", reason), LOG_TEXT("peer", http_request_peer(request)));
    http_respond_error(request, status, sentence);
}

/* The address says which of both forms the answer has: format() knows no more of a message. */
static void take(struct chathook *chat, struct http_request *request,
                 const struct chathook_post *post)
{
    char conversation[CHATHOOK_KEY_MAX], identity[CHATHOOK_KEY_MAX];
    snprintf(conversation, sizeof(conversation), "%s %s", post->channel, post->user);
    snprintf(identity, sizeof(identity), "post %s", post->id);
    const struct message message = {
        .adapter = chat->base.name,
        .surface = post->command ? SURFACE_SLASH : SURFACE_MENTION,
        .identity = post->id[0] ? identity : NULL,
        .conversation = conversation,
        .person = post->user,
        .address = post->command ? "command" : "comment",
        .text = post->text.data,
        .len = post->text.len,
        .from_bot = post->from_bot,
        .answer_now = true,
    };
    if (!dispatch_take(chat->setup.dispatch, &message, loop_wall_ms(chat->setup.loop), on_settled,
                       request)) {
        metrics_count(chat->setup.metrics, METRIC_REJECTED, "busy");
        say_back(request, SAY_BUSY);
    }
}

/* R1: its own answers may come back, by Rocket.Chat's own user. */
static bool is_own(const struct chathook_post *post)
{
    return strcmp(post->user, "rocket.cat") == 0 || strcmp(post->name, "rocket.cat") == 0;
}

static void hear(struct chathook *chat, struct http_request *request,
                 const struct chathook_post *post)
{
    if (post->token[0] == '\0') {
        reject(chat, request, 401, "signature_missing", "The request has no token.");
    } else if (!secret_equals(&chat->token, post->token, strlen(post->token))) {
        if (!http_request_pass(request)) {
            reject(chat, request, 401, "signature_wrong", "The token is another one.");
        }
    } else if (post->channel[0] == '\0' || post->user[0] == '\0') {
        reject(chat, request, 400, "malformed", "The request has no channel_id or no user_id.");
    } else if (post->edited || is_own(post)) {
        say_nothing(request);
    } else {
        take(chat, request, post);
    }
}

static void on_request(void *context, struct http_request *request)
{
    struct chathook *chat = context;
    struct chathook_post post;
    struct error err = {0};
    size_t len;
    const char *type = http_request_header(request, "Content-Type");
    bool form = http_type_is(type, TYPE_FORM);
    if (!form && !http_type_is(type, TYPE_JSON)) {
        reject(chat, request, 415, "content_type", "The body must be a form or JSON.");
        return;
    }
    const char *body = http_request_body(request, &len);
    if (chathook_parse(form, body, len, &post, &err)) {
        hear(chat, request, &post);
    } else {
        reject(chat, request, 400, "malformed", err.text);
    }
    chathook_finish(&post);
}

/* ---- speaking: announcements, by the incoming webhook ---- */

static void call_destroy(struct chathook_call *call)
{
    call_list_remove(&call->chat->calls, &call->link);
    mem_free(call);
}

static void set_status(struct chathook *chat, enum adapter_health health, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void set_status(struct chathook *chat, enum adapter_health health, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    adapter_set_status(&chat->status, &chat->base, "chathook", health, format, args);
    va_end(args);
}

static void report(struct chathook *chat, int64_t delivery, enum delivered how, uint64_t after_ms,
                   const char *why)
{
    dispatch_delivered(chat->setup.dispatch, delivery, how, after_ms, why,
                       loop_wall_ms(chat->setup.loop));
}

/*
 * Nobody can look whether it is there (S27): what may be is not said again. A 503 says that it was
 * not taken.
 */
static void on_answer(void *context, const struct http_answer *answer)
{
    struct chathook_call *call = context;
    struct chathook *chat = call->chat;
    char why[60];
    snprintf(why, sizeof(why), "HTTP %ld", answer->status);
    if (answer->status >= 200 && answer->status <= 299) {
        set_status(chat, ADAPTER_READY, "announces by an incoming webhook");
        report(chat, call->delivery, DELIVERED, 0, NULL);
    } else if (answer->status == 429 || answer->status == 503) {
        uint64_t after_ms = answer->retry_after_ms ? answer->retry_after_ms : LIMITED_MS;
        chat->free_at_ms = loop_now_ms(chat->setup.loop) + after_ms;
        report(chat, call->delivery, DELIVERY_LATER, after_ms,
               answer->status == 429 ? "rate limit" : why);
    } else if (answer->status == 0 && !answer->sent) {
        set_status(chat, ADAPTER_TROUBLED, "%s", answer->error);
        report(chat, call->delivery, DELIVERY_LATER, 0, answer->error);
    } else {
        set_status(chat, ADAPTER_TROUBLED, "%s", answer->status == 0 ? answer->error : why);
        report(chat, call->delivery, DELIVERY_REFUSED, 0,
               answer->status == 0 ? answer->error : why);
    }
    call_destroy(call);
}

static bool ready(struct adapter *adapter, const struct delivery *delivery, uint64_t *ret_after_ms)
{
    const struct chathook *chat = (const struct chathook *)adapter;
    uint64_t now_ms = loop_now_ms(chat->setup.loop);
    (void)delivery;
    *ret_after_ms = chat->free_at_ms > now_ms ? chat->free_at_ms - now_ms : BUSY_MS;
    return chat->free_at_ms <= now_ms && chat->calls.count < CALLS_MAX;
}

static bool begin(struct chathook *chat, const struct delivery *delivery, struct error *err)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    struct buf url;
    struct chathook_call *call = mem_alloc(sizeof(*call));
    *call = (struct chathook_call){.chat = chat, .delivery = delivery->id};
    call_list_add(&chat->calls, &call->link);
    buf_init(&url, 2 * SECRET_LEN_MAX);
    buf_puts(&url, chat->webhook.items[0]);
    buf_puts(&url, chat->kind->url_end);
    const struct http_call wanted = {.method = "POST",
                                     .url = url.data,
                                     .headers = headers,
                                     .body = delivery->payload,
                                     .len = delivery->payload_len};
    bool begun = http_client_send(chat->setup.client, &wanted, on_answer, call, err);
    secret_finish_buf(&url);
    if (!begun) {
        call_destroy(call);
    }
    return begun;
}

static bool send_out(struct adapter *adapter, const struct delivery *delivery,
                     uint64_t *ret_after_ms)
{
    struct chathook *chat = (struct chathook *)adapter;
    struct error err = {0};
    if (!ready(adapter, delivery, ret_after_ms)) {
        return false;
    }
    if (chat->webhook.count == 0) {
        report(chat, delivery->id, DELIVERY_REFUSED, 0, "there is no webhook to announce by");
    } else if (delivery->unsure) {
        report(chat, delivery->id, DELIVERY_REFUSED, 0,
               "it may have arrived, and there is no way to look");
    } else if (!begin(chat, delivery, &err)) {
        report(chat, delivery->id, DELIVERY_LATER, 0, err.text);
    }
    return true;
}

/* ---- the adapter ---- */

/* Cut at a line, so that no mark stays open; a line that alone is too long goes whole. */
static size_t cut(const char *text, size_t len, size_t max)
{
    if (len <= max) {
        return len;
    }
    size_t kept = max;
    while (kept > 0 && text[kept - 1] != '\n') {
        kept--;
    }
    return kept;
}

static bool format(struct adapter *adapter, const struct message *message,
                   const struct outcome *outcome, const struct reply *reply, struct buf *payload)
{
    const struct chathook *chat = (const struct chathook *)adapter;
    struct buf text;
    (void)outcome;
    buf_init(&text, PAYLOAD_MAX);
    bool fine = wording_format(reply, WORDING_MARKDOWN, &text);
    const char *head = strcmp(message->address, "command") == 0   ? chat->kind->command_head
                       : strcmp(message->address, "comment") == 0 ? chat->kind->comment_head
                                                                  : "{";
    put_text(payload, head, text.data ? text.data : "",
             cut(text.data, text.len, chat->kind->text_max));
    buf_finish(&text);
    return fine && !payload->failed;
}

/* The webhook knows its channel. */
static bool address(const char *place, struct buf *ret)
{
    return place[0] == '\0' && buf_puts(ret, "announcement");
}

static void status(const struct adapter *adapter, struct adapter_status *ret)
{
    *ret = ((const struct chathook *)adapter)->status;
}

static bool stop(struct adapter *adapter, uint64_t now_ms)
{
    (void)now_ms;
    return ((const struct chathook *)adapter)->calls.count == 0;
}

static void destroy(struct adapter *adapter)
{
    struct chathook *chat = (struct chathook *)adapter;
    if (chat == NULL) {
        return;
    }
    while (chat->calls.first != NULL) {
        struct chathook_call *call = (struct chathook_call *)chat->calls.first;
        http_client_drop(chat->setup.client, call);
        call_destroy(call);
    }
    if (chat->setup.server != NULL) {
        http_server_unroute(chat->setup.server, chat);
    }
    secret_finish(&chat->token);
    secret_finish(&chat->webhook);
    mem_free(chat->base.name);
    mem_free(chat);
}

static bool set_up(struct chathook *chat, struct error *err)
{
    const struct config_chat *config = chat->config;
    if (!secret_load_key(&config->token, chat->base.name, "token", &chat->token, err) ||
        !secret_load_key(&config->webhook, chat->base.name, "webhook", &chat->webhook, err)) {
        return false;
    }
    if (!chat->kind->hears) {
        return chat->webhook.count > 0 ||
               error_set(err, ERROR_INPUT, "[%s] has no webhook", chat->base.name);
    }
    if (chat->token.count == 0) {
        return error_set(err, ERROR_INPUT,
                         "[%s] has no token: nobody could tell who it is that asks",
                         chat->base.name);
    }
    if (chat->setup.server == NULL) {
        return error_set(err, ERROR_INPUT, "[%s] needs [http] listen, where it is asked",
                         chat->base.name);
    }
    http_server_route(chat->setup.server, "POST", config->path, on_request, chat);
    return true;
}

static void follow(struct adapter *adapter, const struct config *config, size_t instance)
{
    struct chathook *chat = (struct chathook *)adapter;
    chat->setup.config = config;
    chat->config = &config->chats[chat->kind->config][instance];
}

static bool create(const struct chathook_kind *kind, const struct adapter_ops *ops,
                   const struct adapter_setup *setup, struct adapter **ret, struct error *err)
{
    struct chathook *chat = mem_alloc(sizeof(*chat));
    struct buf name;
    chat->base.ops = ops;
    chat->setup = *setup;
    chat->kind = kind;
    chat->config = &setup->config->chats[kind->config][setup->instance];
    buf_init(&name, 2 * CONFIG_LABEL_MAX);
    buf_printf(&name, "%s%s%s", kind->name, chat->config->label[0] ? " " : "", chat->config->label);
    chat->base.name = buf_take(&name, NULL);
    if (!set_up(chat, err)) {
        destroy(&chat->base);
        return false;
    }
    chat->status.health = ADAPTER_READY;
    snprintf(chat->status.text, sizeof(chat->status.text), "%s%.100s",
             kind->hears ? "is asked at " : "announces by an incoming webhook",
             kind->hears ? chat->config->path : "");
    *ret = &chat->base;
    return true;
}

/* The interface knows kinds by their ops alone. */
#define CHATHOOK(kind, id)                                                             \
    static size_t count_##kind(const struct config *config)                            \
    {                                                                                  \
        return config->chat_counts[id];                                                \
    }                                                                                  \
    static bool create_##kind(const struct adapter_setup *setup, struct adapter **ret, \
                              struct error *err)                                       \
    {                                                                                  \
        return create(&kinds[id], &adapter_##kind, setup, ret, err);                   \
    }                                                                                  \
    const struct adapter_ops adapter_##kind = {                                        \
        .name = #kind,                                                                 \
        .count = count_##kind,                                                         \
        .create = create_##kind,                                                       \
        .format = format,                                                              \
        .address = address,                                                            \
        .ready = ready,                                                                \
        .send = send_out,                                                              \
        .status = status,                                                              \
        .follow = follow,                                                              \
        .stop = stop,                                                                  \
        .destroy = destroy,                                                            \
    };

CHATHOOK(mattermost, CONFIG_MATTERMOST)
CHATHOOK(rocketchat, CONFIG_ROCKETCHAT)
CHATHOOK(discord, CONFIG_DISCORD)
