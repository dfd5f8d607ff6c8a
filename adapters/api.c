#include "adapters/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/adapter.h"
#include "adapters/api_access.h"
#include "adapters/api_mcp.h"
#include "adapters/api_question.h"
#include "adapters/api_schemas.h"
#include "adapters/http_asset.h"
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
#define PATH_MCP "/mcp"
#define PATH_DESCRIPTION "/api/openapi.json"
#define TYPE_JSON "application/json"

enum { PLAIN_MAX = 64 * 1024, ANSWER_MAX = 256 * 1024 };

struct api {
    struct adapter base;
    struct adapter_setup setup;
    struct api_access access;
};

/* A request that waits until its question is settled. */
struct waiting {
    struct api *api;
    struct http_request *request;
    char *id; /* of a call by MCP, as JSON; owned; NULL: of /api/ask */
};

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

static void respond_outcome(const struct waiting *waiting, const char *outcome, size_t len,
                            const struct reply *reply)
{
    const struct api_access *access = &waiting->api->access;
    struct buf text, body;
    if (waiting->id == NULL) {
        api_respond(access, waiting->request, 200, outcome, len);
        return;
    }
    buf_init(&text, PLAIN_MAX);
    buf_init(&body, ANSWER_MAX);
    if (reply != NULL) {
        wording_format(reply, WORDING_PLAIN, &text);
    }
    api_mcp_put_outcome(&body, waiting->id, outcome, len, text.data ? text.data : "");
    api_respond(access, waiting->request, 200, body.data, body.len);
    buf_finish(&body);
    buf_finish(&text);
}

static void respond_silent(const struct waiting *waiting)
{
    static const struct outcome silent = {.kind = KIND_SILENT};
    struct buf body;
    buf_init(&body, ANSWER_MAX);
    put_outcome(NULL, &silent, NULL, &body);
    respond_outcome(waiting, body.data ? body.data : "", body.len, NULL);
    buf_finish(&body);
}

/* reason: as in api_note_refusal(). To MCP it is the tool that failed, not the request. */
static void respond_failure(const struct waiting *waiting, unsigned status, const char *reason,
                            const char *sentence)
{
    const struct api_access *access = &waiting->api->access;
    struct buf body;
    if (waiting->id == NULL) {
        api_refuse(access, waiting->request, status, reason, sentence);
        return;
    }
    buf_init(&body, ANSWER_MAX);
    api_note_refusal(access, waiting->request, reason);
    api_mcp_put_error(&body, waiting->id, sentence);
    api_respond(access, waiting->request, 200, body.data, body.len);
    buf_finish(&body);
}

static void waiting_destroy(struct waiting *waiting)
{
    free(waiting->id);
    mem_free(waiting);
}

static void on_settled(void *context, enum settled how, const struct answer *answer)
{
    struct waiting *waiting = context;
    switch (how) {
    case SETTLED_ANSWERED:
        respond_outcome(waiting, answer->payload, answer->payload_len, answer->reply);
        break;
    case SETTLED_SILENT:
    case SETTLED_KNOWN:
        respond_silent(waiting);
        break;
    case SETTLED_GUARDED:
        respond_failure(waiting, 429, NULL, "Too many questions at once; wait a moment.");
        break;
    case SETTLED_FAILED:
        respond_failure(waiting, 503, NULL, "The question could not be stored; ask again.");
        break;
    }
    waiting_destroy(waiting);
}

/* Takes waiting. */
static void take_question(struct waiting *waiting, const struct api_question *asked)
{
    struct api *api = waiting->api;
    const struct message message = {
        .adapter = api->base.name,
        .surface = SURFACE_DM,
        .conversation = asked->conversation,
        .address = asked->id ? asked->id : "",
        .pack = asked->pack,
        .text = asked->text,
        .len = strlen(asked->text),
        .facts = asked->facts,
        .answer_now = true,
    };
    if (!dispatch_take(api->setup.dispatch, &message, loop_wall_ms(api->setup.loop), on_settled,
                       waiting)) {
        respond_failure(waiting, 503, "busy", "Too much at once; ask again.");
        waiting_destroy(waiting);
    }
}

/* object: what was asked, NULL for none with the reason in err. Takes id. */
static void ask(struct api *api, struct http_request *request, json_t *object, char *id,
                struct error *err)
{
    struct waiting *waiting = mem_alloc(sizeof(*waiting));
    struct api_question asked;
    *waiting = (struct waiting){.api = api, .request = request, .id = id};
    if (api_question_read(object, dispatch_knowledge(api->setup.dispatch), &asked, err)) {
        take_question(waiting, &asked);
    } else {
        respond_failure(waiting, 400, "malformed", err->text);
        waiting_destroy(waiting);
    }
    api_question_finish(&asked);
}

/* False: has answered. */
static bool fit(struct api *api, struct http_request *request)
{
    if (!api_access_check(&api->access, request)) {
        return false;
    }
    if (!http_type_is(http_request_header(request, "Content-Type"), TYPE_JSON)) {
        api_refuse(&api->access, request, 415, "content_type",
                   "The body must be application/json.");
        return false;
    }
    return true;
}

static void on_ask(void *context, struct http_request *request)
{
    struct error err = {0};
    size_t len;
    if (!fit(context, request)) {
        return;
    }
    const char *body = http_request_body(request, &len);
    json_t *object = http_json_parse(body, len, &err);
    ask(context, request, object, NULL, &err);
    json_decref(object);
}

static void on_mcp(void *context, struct http_request *request)
{
    struct api *api = context;
    struct mcp_call call;
    struct error err = {0};
    size_t len;
    if (!fit(api, request)) {
        return;
    }
    if (!api_mcp_speaks(http_request_header(request, "MCP-Protocol-Version"))) {
        api_refuse(&api->access, request, 400, "mcp_version",
                   "This version of the protocol is not spoken here.");
        return;
    }
    const char *body = http_request_body(request, &len);
    api_mcp_read(body, len, dispatch_knowledge(api->setup.dispatch), &call);
    switch (call.kind) {
    case MCP_NOTHING:
        api_respond(&api->access, request, 202, NULL, 0);
        break;
    case MCP_BAD:
        metrics_count(api->setup.metrics, METRIC_REJECTED, "malformed");
        api_respond(&api->access, request, 400, call.answer, strlen(call.answer));
        break;
    case MCP_ANSWERED:
        api_respond(&api->access, request, 200, call.answer, strlen(call.answer));
        break;
    case MCP_ASK:
        ask(api, request, call.arguments, call.id, &err);
        call.id = NULL;
        break;
    }
    api_mcp_finish(&call);
}

static void on_preflight(void *context, struct http_request *request)
{
    const struct api *api = context;
    api_answer_preflight(&api->access, request);
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

static void status(const struct adapter *adapter, struct adapter_status *ret)
{
    const struct api *api = (const struct api *)adapter;
    ret->health = ADAPTER_READY;
    snprintf(ret->text, sizeof(ret->text), "POST " PATH " and " PATH_MCP " %s",
             api->access.token.count ? "with a bearer token" : "for this machine only");
}

static void destroy(struct adapter *adapter)
{
    struct api *api = (struct api *)adapter;
    if (api == NULL) {
        return;
    }
    if (api->setup.server != NULL) {
        http_server_unroute(api->setup.server, api);
        http_asset_unroute(api->setup.server, &api_openapi);
    }
    api_access_finish(&api->access);
    mem_free(api->base.name);
    mem_free(api);
}

static bool set_up(struct api *api, struct error *err)
{
    struct http_server *server = api->setup.server;
    if (server == NULL) {
        return error_set(err, ERROR_INPUT, "[api] needs [http] listen");
    }
    if (!api_access_init(&api->access, &api->setup.config->api, http_server_is_loopback(server),
                         api->setup.metrics, err)) {
        return false;
    }
    http_server_route(server, "POST", PATH, on_ask, api);
    http_server_route(server, "OPTIONS", PATH, on_preflight, api);
    http_server_route(server, "POST", PATH_MCP, on_mcp, api);
    http_server_route(server, "OPTIONS", PATH_MCP, on_preflight, api);
    http_asset_route(server, PATH_DESCRIPTION, &api_openapi);
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
    *ret = &api->base;
    return true;
}

const struct adapter_ops adapter_api = {
    .name = "api",
    .count = count,
    .create = create,
    .format = format,
    .status = status,
    .destroy = destroy,
};
