#include "adapters/http_inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bot/base/mem.h"
#include "bot/host/metrics.h"

enum {
    DRAIN_MAX = 8 * 1024 * 1024, /* of a body too large: read on, so that the 413 arrives */
    FORWARDED_MAX = 32 * 1024,   /* more than libmicrohttpd takes as a head */
    TURNS_ASKED = 2, /* that libmicrohttpd asks for an answer before it is told to wait */
};

/* ---- one request ---- */

static struct http_request *request_create(struct http_connection *connection,
                                           struct MHD_Connection *mhd, const char *path,
                                           const char *method)
{
    struct http_request *request = mem_alloc(sizeof(*request));
    request->server = connection->server;
    request->connection = connection;
    request->mhd = mhd;
    request->path = mem_strdup(path);
    request->method = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0 ? MHD_HTTP_METHOD_GET : method;
    buf_init(&request->body, HTTP_BODY_MAX);
    connection->request = request;
    return request;
}

static void forget_body(struct http_request *request)
{
    request->server->body_bytes -= request->body.len;
    buf_finish(&request->body);
    buf_init(&request->body, HTTP_BODY_MAX);
}

static void request_destroy(struct http_request *request)
{
    forget_body(request);
    buf_finish(&request->body);
    if (request->response != NULL) {
        MHD_destroy_response(request->response);
    }
    request->connection->request = NULL;
    mem_free(request->path);
    mem_free(request);
}

static void leave_suspended(struct http_request *request)
{
    *(request->previous ? &request->previous->next : &request->server->suspended) = request->next;
    if (request->next != NULL) {
        request->next->previous = request->previous;
    }
    request->previous = request->next = NULL;
}

void http_request_resume(struct http_request *request)
{
    leave_suspended(request);
    request->stage = STAGE_HANDLING;
    MHD_resume_connection(request->mhd);
}

static void suspend(struct http_request *request)
{
    struct http_server *server = request->server;
    request->stage = STAGE_SUSPENDED;
    request->next = server->suspended;
    if (request->next != NULL) {
        request->next->previous = request;
    }
    server->suspended = request;
    MHD_suspend_connection(request->mhd);
}

/*
 * Nearly every answer comes with its turn's commit. Being asked again and again until then costs
 * less than to be suspended and resumed, which is two system calls and a run more; but while
 * somebody is asked the loop does not sleep.
 */
static void wait_for_answer(struct http_request *request)
{
    if (request->server->turn - request->turn < TURNS_ASKED) {
        request->stage = STAGE_WAITING;
    } else {
        suspend(request);
    }
}

/* HAProxy adds a line of its own behind those that the client wrote: together they are one list. */
static enum MHD_Result on_forwarded(void *cls, enum MHD_ValueKind kind, const char *key,
                                    const char *value)
{
    struct buf *list = cls;
    (void)kind;
    if (value != NULL && strcasecmp(key, "X-Forwarded-For") == 0) {
        buf_printf(list, "%s%s", list->len > 0 ? "," : "", value);
    }
    return MHD_YES;
}

/* How long its address should wait, and whether what it is answered counts; 0: go on. */
static uint64_t wait_of(struct http_request *request)
{
    const struct http_server *server = request->server;
    struct buf list;
    buf_init(&list, FORWARDED_MAX);
    if (server->proxies.count > 0) {
        MHD_get_connection_values(request->mhd, MHD_HEADER_KIND, on_forwarded, &list);
    }
    request->limited =
        http_limit_client(&server->proxies, &request->connection->peer, list.data, request->client);
    buf_finish(&list);
    return request->limited ? http_limit_wait_ms(server->limit, request->client, server->now_ms)
                            : 0;
}

static void serve(struct http_request *request)
{
    const struct http_server *server = request->server;
    request->stage = STAGE_HANDLING;
    request->turn = server->turn;
    http_connection_hurry(request->connection);
    uint64_t wait_ms = wait_of(request);
    if (wait_ms > 0) {
        http_respond_limited(request, wait_ms);
    } else if (request->refuse != 0) {
        http_respond_refused(request);
    } else if (!http_route_begin(request)) {
        http_respond_missing(request);
    }
}

static void take_body(struct http_request *request, const char *data, size_t len)
{
    struct http_server *server = request->server;
    request->received += len;
    if (request->refuse != 0) {
        return;
    }
    if (request->received > HTTP_BODY_MAX) {
        request->refuse = MHD_HTTP_CONTENT_TOO_LARGE;
    } else if (server->body_bytes + len > HTTP_BODIES_MAX) {
        request->refuse = MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    if (request->refuse != 0) {
        forget_body(request);
    } else if (buf_append(&request->body, data, len)) {
        server->body_bytes += len;
    }
}

/* Before the body is read: answered now, the connection will be closed after it. */
static bool refuse_early(struct http_request *request)
{
    size_t lengths = http_request_header_count(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    size_t codings = http_request_header_count(request, MHD_HTTP_HEADER_TRANSFER_ENCODING);
    const char *length = http_request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    bool waits = http_request_header(request, MHD_HTTP_HEADER_EXPECT) != NULL;
    if (lengths + codings > 1) {
        request->refuse = MHD_HTTP_BAD_REQUEST;
    } else if (length != NULL && strtoull(length, NULL, 10) > (waits ? HTTP_BODY_MAX : DRAIN_MAX)) {
        request->refuse = MHD_HTTP_CONTENT_TOO_LARGE;
    }
    return request->refuse != 0;
}

/* ---- what libmicrohttpd calls ---- */

/* At the request's first line. */
void *http_request_begin(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    struct http_server *server = cls;
    struct http_connection *connection = http_connection_of(mhd);
    (void)uri;
    if (connection->answered_any) {
        http_connection_hurry(connection);
    }
    /* It was there before the answer to the one before it had left. */
    if (connection->ended_run == server->run) {
        metrics_count(server->metrics, METRIC_PIPELINED, "in order");
    }
    return NULL;
}

/* Until the first answer, libmicrohttpd calls this again and again: for the head, for each piece
 * of the body, at its end, and when a suspended connection was resumed. */
enum MHD_Result http_request_access(void *cls, struct MHD_Connection *mhd, const char *url,
                                    const char *method, const char *version, const char *data,
                                    size_t *len, void **context)
{
    const struct http_server *server = cls;
    struct http_request *request = *context;
    (void)version;
    if (server->ending) {
        return MHD_NO;
    }
    if (request == NULL) {
        *context = request = request_create(http_connection_of(mhd), mhd, url, method);
        if (!refuse_early(request)) {
            return MHD_YES;
        }
    } else if (*len > 0) {
        take_body(request, data, *len);
        *len = 0;
        return request->received > DRAIN_MAX ? MHD_NO : MHD_YES;
    }
    if (request->stage == STAGE_READING && server->flushing && request->refuse == 0) {
        /* After the commit: it would wait for the next while a reload takes its adapter away. */
        return MHD_YES;
    }
    if (request->stage == STAGE_READING) {
        serve(request);
    }
    if (request->response != NULL) {
        return MHD_queue_response(mhd, request->status, request->response);
    }
    wait_for_answer(request);
    return MHD_YES;
}

void http_request_complete(void *cls, struct MHD_Connection *mhd, void **context,
                           enum MHD_RequestTerminationCode code)
{
    struct http_server *server = cls;
    struct http_connection *connection = http_connection_of(mhd);
    struct http_request *request = *context;
    if (request != NULL) {
        request_destroy(request);
        *context = NULL;
    }
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        connection->answered_any = true;
        connection->ended_run = server->run;
        http_connection_rest(connection);
    }
}
