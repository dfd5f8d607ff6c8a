#include "adapters/http_inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "bot/base/mem.h"
#include "bot/host/metrics.h"

/* ---- what handlers ask ---- */

const char *http_request_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, name);
}

struct counted {
    const char *name;
    size_t count;
};

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *key,
                                 const char *value)
{
    struct counted *counted = cls;
    (void)kind;
    (void)value;
    counted->count += strcasecmp(key, counted->name) == 0;
    return MHD_YES;
}

size_t http_request_header_count(const struct http_request *request, const char *name)
{
    struct counted counted = {.name = name};
    MHD_get_connection_values(request->mhd, MHD_HEADER_KIND, on_header, &counted);
    return counted.count;
}

const char *http_request_query(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->mhd, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_request_body(const struct http_request *request, size_t *ret_len)
{
    *ret_len = request->body.len;
    return request->body.data ? request->body.data : "";
}

const char *http_request_peer(const struct http_request *request)
{
    return request->connection->peer.text;
}

bool http_request_is_loopback(const struct http_request *request)
{
    return request->connection->peer.loopback;
}

/* ---- what they answer ---- */

static void add_header(struct MHD_Response *response, const char *line)
{
    char name[64];
    size_t len = strcspn(line, ":");
    assert(len < sizeof(name) && line[len] == ':');
    memcpy(name, line, len);
    name[len] = '\0';
    const char *value = line + len + 1;
    MHD_add_response_header(response, name, value + strspn(value, " "));
}

/* Counters' labels come from the program: classes stand for the rest. */
static const char *status_label(unsigned status)
{
    static const struct {
        unsigned status;
        const char *label;
    } labels[] = {{200, "200"}, {400, "400"}, {401, "401"}, {403, "403"}, {404, "404"},
                  {405, "405"}, {413, "413"}, {415, "415"}, {429, "429"}, {503, "503"}};
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        if (labels[i].status == status) {
            return labels[i].label;
        }
    }
    return status < 300 ? "2xx" : status < 500 ? "4xx" : "5xx";
}

void http_respond(struct http_request *request, unsigned status, const char *type, const char *body,
                  size_t len, const char *const *extra)
{
    struct http_server *server = request->server;
    assert(request->response == NULL);
    request->status = status;
    /* The library's prototype lacks the const; MUST_COPY means that it only reads. */
    union {
        const void *from;
        void *to;
    } bytes = {.from = len > 0 ? body : ""};
    request->response =
        mem_need(MHD_create_response_from_buffer(len, bytes.to, MHD_RESPMEM_MUST_COPY));
    if (type != NULL) {
        MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    }
    for (size_t i = 0; extra != NULL && extra[i] != NULL; i++) {
        add_header(request->response, extra[i]);
    }
    if (request->refuse != 0 || !http_listener_open(&server->listener)) {
        MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    metrics_count(server->metrics, METRIC_HTTP, status_label(status));
    if (request->limited && status >= 400 && status < 500 && status != MHD_HTTP_TOO_MANY_REQUESTS) {
        http_limit_charge(server->limit, request->client, HTTP_LIMIT_REFUSED, server->now_ms);
    }
    server->due = server->due || request->stage >= STAGE_WAITING;
    if (request->stage == STAGE_SUSPENDED) {
        http_request_resume(request);
    }
}

void http_respond_error(struct http_request *request, unsigned status, const char *sentence)
{
    json_t *object = json_pack("{s:s}", "error", sentence);
    char *text = object ? json_dumps(object, 0) : NULL;
    struct buf line;
    buf_init(&line, HTTP_HEADER_MAX);
    buf_printf(&line, "%s\n", text ? text : "{\"error\": \"\"}");
    http_respond(request, status, "application/json", line.data, line.len, NULL);
    buf_finish(&line);
    free(text);
    json_decref(object);
}

void http_request_open(struct http_request *request)
{
    struct http_server *server = request->server;
    if (request->limited) {
        http_limit_charge(server->limit, request->client, HTTP_LIMIT_OPEN, server->now_ms);
    }
}

/* ---- what the server answers by itself ---- */

void http_respond_limited(struct http_request *request, uint64_t wait_ms)
{
    static const char body[] = "{\"error\": \"Too many requests from this address.\"}\n";
    char line[40];
    snprintf(line, sizeof(line), "Retry-After: %llu", (unsigned long long)(wait_ms / 1000 + 1));
    metrics_count(request->server->metrics, METRIC_REJECTED, "address_rate");
    http_respond(request, MHD_HTTP_TOO_MANY_REQUESTS, "application/json", body, sizeof(body) - 1,
                 (const char *const[]){line, NULL});
}

void http_respond_missing(struct http_request *request)
{
    struct buf methods, allow;
    buf_init(&methods, HTTP_HEADER_MAX);
    buf_init(&allow, HTTP_HEADER_MAX);
    http_route_allowed(request, &methods);
    if (methods.len > 0) {
        static const char body[] = "{\"error\": \"This path does not take that method.\"}\n";
        buf_printf(&allow, "Allow: %s", methods.data);
        http_respond(request, MHD_HTTP_METHOD_NOT_ALLOWED, "application/json", body,
                     sizeof(body) - 1, (const char *const[]){allow.data, NULL});
    } else {
        http_respond_error(request, MHD_HTTP_NOT_FOUND, "There is nothing at this path.");
    }
    metrics_count(request->server->metrics, METRIC_REJECTED, methods.len > 0 ? "method" : "path");
    buf_finish(&methods);
    buf_finish(&allow);
}

void http_respond_refused(struct http_request *request)
{
    static const struct {
        unsigned status;
        const char *reason, *sentence;
    } refusals[] = {
        {MHD_HTTP_BAD_REQUEST, "framing", "The request's length is told in two ways."},
        {MHD_HTTP_CONTENT_TOO_LARGE, "body_size", "The body is over 1 MiB."},
        {MHD_HTTP_SERVICE_UNAVAILABLE, "body_memory", "Too much is being received at once."},
    };
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        if (refusals[i].status == request->refuse) {
            metrics_count(request->server->metrics, METRIC_REJECTED, refusals[i].reason);
            http_respond_error(request, request->refuse, refusals[i].sentence);
        }
    }
}
