#include "adapters/api_access.h"

#include <string.h>
#include <strings.h>

#include "adapters/http_body.h"
#include "adapters/http_server.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/log.h"
#include "bot/host/metrics.h"

#define TYPE_JSON "application/json"

enum { HEADERS_MAX = 6, LINE_MAX_BYTES = 1000, ERROR_MAX = 4000 };

bool api_access_init(struct api_access *ret, const struct config_api *config, bool loopback,
                     struct metrics *metrics, struct error *err)
{
    struct api_access access = {.config = config, .metrics = metrics};
    bool token = secret_configured(&config->token);
    if (!token && !config->open) {
        return error_set(err, ERROR_INPUT,
                         "[api] has neither a token nor open = yes (for this machine alone)");
    }
    if (!token && !loopback) {
        return error_set(err, ERROR_INPUT,
                         "[api] needs a token: [http] listen is not a loopback address");
    }
    if (token && !secret_load(&config->token, "[api] token", &access.token, err)) {
        return false;
    }
    *ret = access;
    return true;
}

void api_access_finish(struct api_access *access)
{
    secret_finish(&access->token);
}

/* ---- origins ---- */

/* The origin of the page that asks, if it is one of those that are allowed; borrowed. */
static const char *known_origin(const struct api_access *access, const struct http_request *request)
{
    const char *origin = http_request_header(request, "Origin");
    if (origin == NULL || http_request_header_count(request, "Origin") != 1) {
        return NULL;
    }
    size_t len = strlen(origin);
    for (const char *at = access->config->origins; at != NULL && *at != '\0';) {
        at += strspn(at, " ,");
        size_t word = strcspn(at, " ,");
        if (word > 0 && word == len && memcmp(at, origin, len) == 0) {
            return origin;
        }
        at += word;
    }
    return NULL;
}

static void respond(const struct api_access *access, struct http_request *request, unsigned status,
                    const char *body, size_t len, const char *const *more)
{
    const char *headers[HEADERS_MAX] = {0}, *origin = known_origin(access, request);
    struct buf line;
    size_t count = 0;
    buf_init(&line, LINE_MAX_BYTES);
    for (; more != NULL && more[count] != NULL; count++) {
        headers[count] = more[count];
    }
    if (origin != NULL && buf_printf(&line, "Access-Control-Allow-Origin: %s", origin)) {
        headers[count++] = line.data;
        headers[count++] = "Vary: Origin";
    }
    http_respond(request, status, body == NULL ? NULL : TYPE_JSON, body, len, headers);
    buf_finish(&line);
}

void api_respond(const struct api_access *access, struct http_request *request, unsigned status,
                 const char *body, size_t len)
{
    respond(access, request, status, body, len, NULL);
}

void api_note_refusal(const struct api_access *access, struct http_request *request,
                      const char *reason)
{
    if (reason != NULL) {
        metrics_count(access->metrics, METRIC_REJECTED, reason);
        log_info("api.rejected", LOG_TEXT("reason", reason),
                 LOG_TEXT("peer", http_request_peer(request)));
    }
}

static void refuse(const struct api_access *access, struct http_request *request, unsigned status,
                   const char *reason, const char *sentence, const char *const *more)
{
    struct buf body;
    buf_init(&body, ERROR_MAX);
    api_note_refusal(access, request, reason);
    buf_puts(&body, "{\"error\": \"");
    http_json_put(&body, sentence, strlen(sentence));
    buf_puts(&body, "\"}\n");
    respond(access, request, status, body.data, body.len, more);
    buf_finish(&body);
}

void api_refuse(const struct api_access *access, struct http_request *request, unsigned status,
                const char *reason, const char *sentence)
{
    refuse(access, request, status, reason, sentence, NULL);
}

void api_answer_preflight(const struct api_access *access, struct http_request *request)
{
    static const char *const allowed[] = {
        "Access-Control-Allow-Methods: POST",
        "Access-Control-Allow-Headers: Authorization, Content-Type, MCP-Protocol-Version",
        "Access-Control-Max-Age: 600", NULL};
    if (known_origin(access, request) == NULL) {
        api_refuse(access, request, 403, "api_origin",
                   "Pages of this origin may not ask: [api] origins does not name it.");
        return;
    }
    respond(access, request, 204, NULL, 0, allowed);
}

/* ---- who may ask ---- */

/*
 * Without a token everybody on this machine may ask, but no web page that nobody has allowed: a
 * page can make a browser send here under another name (DNS rebinding), and a proxy lets strangers
 * in.
 */
static bool is_local(const struct api_access *access, const struct http_request *request)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    const char *host = http_request_header(request, "Host");
    bool foreign =
        http_request_header(request, "Origin") != NULL && known_origin(access, request) == NULL;
    if (!http_request_is_loopback(request) || host == NULL || foreign ||
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

static bool has_token(const struct api_access *access, const struct http_request *request)
{
    static const char scheme[] = "Bearer ";
    const char *given = http_request_header(request, "Authorization");
    if (given == NULL || http_request_header_count(request, "Authorization") != 1 ||
        strncasecmp(given, scheme, sizeof(scheme) - 1) != 0) {
        return false;
    }
    given += sizeof(scheme) - 1;
    return secret_equals(&access->token, given, strlen(given));
}

bool api_access_check(const struct api_access *access, struct http_request *request)
{
    static const char *const challenge[] = {"WWW-Authenticate: Bearer", NULL};
    bool open = access->token.count == 0;
    if (open ? is_local(access, request) : has_token(access, request)) {
        return true;
    }
    if (open) {
        api_refuse(access, request, 403, "api_remote",
                   "Without a token only programs on the same machine may ask.");
    } else {
        refuse(access, request, 401, "api_token", "This needs the bearer token.", challenge);
    }
    return false;
}
