#include "adapters/api.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "adapters/adapter.h"
#include "adapters/http_body.h"
#include "adapters/http_server.h"
#include "bot/advisor/advisor.h"
#include "bot/advisor/wording.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"
#include "bot/host/metrics.h"
#include "bot/host/outcome_json.h"

#define PATH "/api/ask"
#define TYPE_JSON "application/json"

enum {
    CONVERSATION_MAX = 200, /* bytes, likewise */
    NAME_MAX_BYTES = 100,
    PLAIN_MAX = 64 * 1024,
    ANSWER_MAX = 256 * 1024
};

struct api {
    struct adapter base;
    struct adapter_setup setup;
    struct secret token;
};

/* ---- who may ask ---- */

/*
 * Without a token everybody on this machine may ask, but no web page: a page can make a browser
 * send here under another name (DNS rebinding), and a proxy lets strangers in.
 */
static bool is_local(const struct http_request *request)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    const char *host = http_request_header(request, "Host");
    if (!http_request_is_loopback(request) || host == NULL ||
        http_request_header(request, "Origin") != NULL ||
        http_request_header(request, "Forwarded") != NULL ||
        http_request_header(request, "X-Forwarded-For") != NULL) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t len = strlen(names[i]);
        if (strncasecmp(host, names[i], len) == 0 && (host[len] == '\0' || host[len] == ':')) {
            return true;
        }
    }
    return false;
}

static bool may_ask(const struct api *api, const struct http_request *request)
{
    static const char scheme[] = "Bearer ";
    const char *given = http_request_header(request, "Authorization");
    if (api->token.count == 0) {
        return is_local(request);
    }
    if (given == NULL || http_request_header_count(request, "Authorization") != 1 ||
        strncasecmp(given, scheme, sizeof(scheme) - 1) != 0) {
        return false;
    }
    given += sizeof(scheme) - 1;
    return secret_equals(&api->token, given, strlen(given));
}

static void reject(struct api *api, struct http_request *request, unsigned status,
                   const char *reason, const char *sentence)
{
    metrics_count(api->setup.metrics, METRIC_REJECTED, reason);
    log_info("api.rejected", LOG_TEXT("reason", reason),
             LOG_TEXT("peer", http_request_peer(request)));
    http_respond_error(request, status, sentence);
}

static void reject_stranger(struct api *api, struct http_request *request)
{
    static const char body[] = "{\"error\": \"This needs the bearer token.\"}\n";
    static const char *const headers[] = {"WWW-Authenticate: Bearer", NULL};
    if (api->token.count == 0) {
        reject(api, request, 403, "api_remote",
               "Without a token only programs on the same machine may ask.");
        return;
    }
    metrics_count(api->setup.metrics, METRIC_REJECTED, "api_token");
    log_info("api.rejected", LOG_TEXT("reason", "api_token"),
             LOG_TEXT("peer", http_request_peer(request)));
    http_respond(request, 401, TYPE_JSON, body, sizeof(body) - 1, headers);
}

/* ---- what is asked ---- */

struct asked {
    const char *text, *conversation, *pack, *id; /* the last three may be NULL */
};

static bool take_name(const json_t *object, const char *key, size_t max, const char **ret,
                      struct error *err)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL || json_is_null(value)) {
        return true;
    }
    *ret = json_string_value(value);
    if (*ret == NULL || **ret == '\0' || strlen(*ret) > max) {
        return error_set(err, ERROR_INPUT, "%s must be a string of 1 to %zu bytes.", key, max);
    }
    return true;
}

static bool known_keys(json_t *object, struct error *err)
{
    static const char *const keys[] = {"text", "conversation", "pack", "id"};
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        size_t i = 0;
        while (i < ARRAY_LEN(keys) && strcmp(keys[i], key) != 0) {
            i++;
        }
        if (i == ARRAY_LEN(keys)) {
            return error_set(err, ERROR_INPUT,
                             "There is no key \"%.40s\": it takes text, conversation, pack and id.",
                             key);
        }
    }
    return true;
}

/* Borrows from object. */
static bool parse(json_t *object, struct asked *ret, struct error *err)
{
    *ret = (struct asked){.text = http_json_text(object, "text")};
    if (ret->text == NULL) {
        return error_set(err, ERROR_INPUT, "text must be a string.");
    }
    return known_keys(object, err) &&
           take_name(object, "conversation", CONVERSATION_MAX, &ret->conversation, err) &&
           take_name(object, "pack", NAME_MAX_BYTES, &ret->pack, err) &&
           take_name(object, "id", NAME_MAX_BYTES, &ret->id, err);
}

static bool has_pack(const struct api *api, const struct asked *asked, struct error *err)
{
    return asked->pack == NULL || dispatch_has_pack(api->setup.dispatch, asked->pack) ||
           error_set(err, ERROR_INPUT, "There is no pack \"%.60s\".", asked->pack);
}

/* ---- answering ---- */

static bool put_outcome(const char *id, const struct outcome *outcome, const struct reply *reply,
                        struct buf *ret)
{
    struct buf text;
    struct error err = {0};
    buf_init(&text, PLAIN_MAX);
    bool fine = (reply == NULL || wording_format(reply, WORDING_PLAIN, &text)) &&
                outcome_json(id, outcome, text.data ? text.data : "", ret, &err) &&
                buf_putc(ret, '\n');
    buf_finish(&text);
    return fine;
}

static void respond_silent(struct http_request *request)
{
    static const struct outcome silent = {.kind = KIND_SILENT};
    struct buf body;
    buf_init(&body, ANSWER_MAX);
    if (put_outcome(NULL, &silent, NULL, &body)) {
        http_respond(request, 200, TYPE_JSON, body.data, body.len, NULL);
    } else {
        http_respond_error(request, 500, "The answer could not be written.");
    }
    buf_finish(&body);
}

static void on_settled(void *context, enum settled how, const struct answer *answer)
{
    switch (how) {
    case SETTLED_ANSWERED:
        http_respond(context, 200, TYPE_JSON, answer->payload, answer->payload_len, NULL);
        return;
    case SETTLED_SILENT:
    case SETTLED_KNOWN:
        respond_silent(context);
        return;
    case SETTLED_GUARDED:
        http_respond_error(context, 429, "Too many questions at once; wait a moment.");
        return;
    case SETTLED_FAILED:
        http_respond_error(context, 503, "The question could not be stored; ask again.");
        return;
    }
}

static void ask(struct api *api, struct http_request *request, const struct asked *asked)
{
    const struct message message = {
        .adapter = api->base.name,
        .surface = SURFACE_DM,
        .conversation = asked->conversation,
        .address = asked->id ? asked->id : "",
        .pack = asked->pack,
        .text = asked->text,
        .len = strlen(asked->text),
        .answer_now = true,
    };
    if (!dispatch_take(api->setup.dispatch, &message, loop_wall_ms(api->setup.loop), on_settled,
                       request)) {
        reject(api, request, 503, "busy", "Too much at once; ask again.");
    }
}

static void on_request(void *context, struct http_request *request)
{
    struct api *api = context;
    const char *type = http_request_header(request, "Content-Type");
    struct error err = {0};
    struct asked asked;
    size_t len;
    if (!may_ask(api, request)) {
        reject_stranger(api, request);
        return;
    }
    if (type == NULL || strncasecmp(type, TYPE_JSON, strlen(TYPE_JSON)) != 0) {
        reject(api, request, 415, "content_type", "The body must be application/json.");
        return;
    }
    const char *body = http_request_body(request, &len);
    json_t *object = http_json_parse(body, len, &err);
    if (object != NULL && parse(object, &asked, &err) && has_pack(api, &asked, &err)) {
        ask(api, request, &asked);
    } else {
        reject(api, request, 400, "malformed", err.text);
    }
    json_decref(object);
}

/* ---- the adapter ---- */

static size_t count(const struct config *config)
{
    return config->has_api ? 1 : 0;
}

/* The address is the caller's own id for the question. */
static bool format(struct adapter *adapter, const struct message *message,
                   const struct outcome *outcome, const struct reply *reply, struct buf *payload)
{
    (void)adapter;
    return put_outcome(message->address[0] ? message->address : NULL, outcome, reply, payload);
}

/* Everything is answered at once, so nothing of its own is ever in the outbox. */
static bool refuse_delivery(struct adapter *adapter, const struct delivery *delivery,
                            uint64_t *ret_after_ms)
{
    struct api *api = (struct api *)adapter;
    (void)ret_after_ms;
    dispatch_delivered(api->setup.dispatch, delivery->id, DELIVERY_REFUSED, 0,
                       "the API has nobody to send to", loop_wall_ms(api->setup.loop));
    return true;
}

static void status(const struct adapter *adapter, struct adapter_status *ret)
{
    const struct api *api = (const struct api *)adapter;
    ret->health = ADAPTER_READY;
    snprintf(ret->text, sizeof(ret->text), "POST " PATH " %s",
             api->token.count ? "with a bearer token" : "for this machine only");
}

static void destroy(struct adapter *adapter)
{
    struct api *api = (struct api *)adapter;
    if (api == NULL) {
        return;
    }
    if (api->setup.server != NULL) {
        http_server_unroute(api->setup.server, api);
    }
    secret_finish(&api->token);
    mem_free(api->base.name);
    mem_free(api);
}

static bool set_up(struct api *api, struct error *err)
{
    const struct config_api *config = &api->setup.config->api;
    if (api->setup.server == NULL) {
        return error_set(err, ERROR_INPUT, "[api] needs [http] listen");
    }
    if (secret_configured(&config->token)) {
        return secret_load(&config->token, "[api] token", &api->token, err);
    }
    if (!config->open) {
        return error_set(err, ERROR_INPUT,
                         "[api] has neither a token nor open = yes (for this machine alone)");
    }
    if (!http_server_is_loopback(api->setup.server)) {
        return error_set(err, ERROR_INPUT,
                         "[api] needs a token: [http] listen is not a loopback address");
    }
    return true;
}

static bool create(const struct adapter_setup *setup, struct adapter **ret, struct error *err)
{
    struct api *api = mem_alloc(sizeof(*api));
    api->base.ops = &adapter_api;
    api->base.name = mem_strdup("api");
    api->setup = *setup;
    if (!set_up(api, err)) {
        destroy(&api->base);
        return false;
    }
    http_server_route(setup->server, "POST", PATH, on_request, api);
    *ret = &api->base;
    return true;
}

const struct adapter_ops adapter_api = {
    .name = "api",
    .count = count,
    .create = create,
    .format = format,
    .send = refuse_delivery,
    .status = status,
    .destroy = destroy,
};
