#include "adapters/http_server.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>
#include <microhttpd.h>

#include "adapters/http_listen.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"
#include "bot/host/metrics.h"

enum {
    CONNECTION_MEMORY = 16 * 1024, /* of libmicrohttpd for each: bounds the headers (431) */
    DRAIN_MAX = 8 * 1024 * 1024,   /* of a body too large: read on, so that the 413 arrives */
    /* Three of each [slack], one of each other chat and tracker, those of API, page and health. */
    ROUTES_MAX = (3 + CONFIG_CHATS + CONFIG_TRACKERS) * CONFIG_INSTANCES_MAX + 16,
    ACCEPTS_MAX = 64, /* a turn */
    HEADER_MAX = 1000,
    ACCEPT_PAUSE_MS = 1000, /* after accept() found no descriptor free */
    TURNS_ASKED = 2,        /* that libmicrohttpd asks for an answer before it is told to wait */
    FLUSH_RUNS = 3,         /* an answer is made ready in one run and leaves in the next */
};

/*
 * Two lists of connections, each in the order of its deadlines, since all deadlines of a list are
 * equally far from when a connection joined it.
 */
struct list {
    struct connection *first, *last;
};

struct connection {
    struct http_server *server;
    struct list *list; /* NULL: told to go */
    struct connection *previous, *next;
    uint64_t deadline_ms;
    struct http_peer peer;
    struct http_request *request; /* the one that is read or answered, NULL between two */
    int fd;                       /* libmicrohttpd's */
    bool answered_any;            /* not the first request any more */
    uint64_t ended_run;           /* the MHD_run() in which the last answer ended, 0 none */
};

struct route {
    const char *method, *path; /* borrowed */
    http_handler *handler;
    void *context;
};

/* STAGE_WAITING: a handler has it, and libmicrohttpd asks for its answer in each of its runs. */
enum stage { STAGE_READING, STAGE_HANDLING, STAGE_WAITING, STAGE_SUSPENDED };

struct http_request {
    struct http_server *server;
    struct connection *connection;
    struct MHD_Connection *mhd;
    struct http_request *previous, *next; /* in server->suspended */
    enum stage stage;
    const char *method;
    char *path;    /* owned */
    size_t route;  /* index of the handler that has it */
    uint64_t turn; /* in which it was handed over */
    struct buf body;
    size_t received; /* of the body, also what was thrown away */
    unsigned refuse; /* status that is already certain, 0 none */
    unsigned status;
    struct MHD_Response *response; /* owned; set by http_respond() */
};

struct http_server {
    struct MHD_Daemon *daemon;
    struct metrics *metrics;
    struct http_listener listener;
    struct http_limits limits;
    int epoll_fd;
    size_t listen_index, epoll_index; /* in the turn's pollset; SIZE_MAX: not in it */
    uint64_t now_ms, accept_after_ms;
    uint64_t run;  /* counts MHD_run() */
    uint64_t turn; /* counts http_server_dispatch() */
    bool due;      /* libmicrohttpd wants to be called, ready or not */
    bool ending;   /* every request is dropped */
    struct list hurried, idle;
    size_t count;
    size_t body_bytes; /* held for all requests */
    const struct http_peer *accepting;
    struct http_request *suspended;
    struct route routes[ROUTES_MAX];
    size_t route_count;
};

static void refuse_count(struct http_server *server, const char *reason)
{
    metrics_count(server->metrics, METRIC_REJECTED, reason);
}

/* ---- connections and their deadlines ---- */

static void leave_list(struct connection *connection)
{
    struct list *list = connection->list;
    if (list == NULL) {
        return;
    }
    *(connection->previous ? &connection->previous->next : &list->first) = connection->next;
    *(connection->next ? &connection->next->previous : &list->last) = connection->previous;
    connection->list = NULL;
    connection->previous = connection->next = NULL;
}

static void join_list(struct connection *connection, struct list *list, uint64_t patience_ms)
{
    leave_list(connection);
    connection->list = list;
    connection->deadline_ms = connection->server->now_ms + patience_ms;
    connection->previous = list->last;
    *(list->last ? &list->last->next : &list->first) = connection;
    list->last = connection;
}

static void hurry(struct connection *connection)
{
    struct http_server *server = connection->server;
    join_list(connection, &server->hurried, server->limits.request_ms);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = cls;
    struct connection *connection = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        connection = mem_alloc(sizeof(*connection));
        connection->server = server;
        connection->fd = info->connect_fd;
        connection->peer = *server->accepting;
        hurry(connection);
        server->count++;
        *context = connection;
    } else if (connection != NULL) {
        leave_list(connection);
        server->count--;
        mem_free(connection);
        *context = NULL;
    }
}

static struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info->socket_context;
}

static void send_raw(int fd, const char *status, const char *sentence)
{
    struct buf text;
    buf_init(&text, HEADER_MAX);
    buf_printf(&text,
               "HTTP/1.1 %s\r\nConnection: close\r\nContent-Type: application/json\r\n"
               "Content-Length: %zu\r\n\r\n{\"error\": \"%s\"}\n",
               status, strlen(sentence) + sizeof("{\"error\": \"\"}"), sentence);
    /* Nobody waits for a client that does not read: what does not fit is lost. */
    ssize_t sent = send(fd, text.data, text.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent;
    buf_finish(&text);
}

/* libmicrohttpd closes the descriptor as soon as it sees the end that shutdown() makes. */
static void expire(struct connection *connection)
{
    struct http_server *server = connection->server;
    const struct http_request *request = connection->request;
    bool idle = connection->list == &server->idle;
    bool reading = request ? request->stage == STAGE_READING : !idle;
    if (reading) {
        send_raw(connection->fd, "408 Request Timeout", "The request took too long to arrive.");
        metrics_count(server->metrics, METRIC_HTTP, "408");
    }
    refuse_count(server, idle ? "idle_client" : "slow_client");
    leave_list(connection);
    shutdown(connection->fd, SHUT_RDWR);
}

static void expire_due(struct http_server *server, const struct list *list)
{
    while (list->first && list->first->deadline_ms <= server->now_ms) {
        expire(list->first);
    }
}

static size_t count_from(const struct list *list, const struct http_peer *peer)
{
    size_t count = 0;
    for (const struct connection *at = list->first; at; at = at->next) {
        count += memcmp(at->peer.network, peer->network, sizeof(peer->network)) == 0;
    }
    return count;
}

/* NULL: it may come in. */
static const char *too_many(const struct http_server *server, const struct http_peer *peer)
{
    if (server->count >= server->limits.connections) {
        return "connections";
    }
    bool counted = !peer->loopback || server->limits.loopback_too;
    size_t of_peer =
        counted ? count_from(&server->hurried, peer) + count_from(&server->idle, peer) : 0;
    return counted && of_peer >= server->limits.per_address ? "connections_of_address" : NULL;
}

static void admit(struct http_server *server, int fd, const struct http_peer *peer)
{
    const char *reason = too_many(server, peer);
    if (reason != NULL) {
        send_raw(fd, "503 Service Unavailable", "There are too many connections.");
        metrics_count(server->metrics, METRIC_HTTP, "503");
        refuse_count(server, reason);
        close(fd);
        return;
    }
    server->accepting = peer;
    MHD_add_connection(server->daemon, fd, (const struct sockaddr *)&peer->address,
                       peer->address_len);
    server->accepting = NULL;
}

static void accept_some(struct http_server *server)
{
    for (size_t i = 0; i < ACCEPTS_MAX; i++) {
        struct http_peer peer;
        int fd = http_listener_accept(&server->listener, &peer);
        if (fd >= 0) {
            admit(server, fd, &peer);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            /* The listener stays readable: without a pause the loop would spin. */
            log_warning("http.accept", LOG_TEXT("error", strerror(errno)));
            refuse_count(server, "descriptors");
            server->accept_after_ms = server->now_ms + ACCEPT_PAUSE_MS;
            return;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        }
    }
}

/* ---- requests ---- */

static struct http_request *request_create(struct connection *connection,
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

static size_t next_route(const struct http_server *server, const struct http_request *request,
                         size_t from)
{
    while (from < server->route_count && (strcmp(server->routes[from].path, request->path) != 0 ||
                                          strcmp(server->routes[from].method, request->method))) {
        from++;
    }
    return from;
}

static void respond_missing(struct http_request *request)
{
    const struct http_server *server = request->server;
    struct buf allow;
    buf_init(&allow, HEADER_MAX);
    for (size_t i = 0; i < server->route_count; i++) {
        const char *method = server->routes[i].method;
        if (strcmp(server->routes[i].path, request->path) == 0 &&
            (allow.data == NULL || strstr(allow.data, method) == NULL)) {
            buf_printf(&allow, "%s%s", allow.len ? ", " : "Allow: ", method);
        }
    }
    if (allow.len > 0) {
        static const char body[] = "{\"error\": \"This path does not take that method.\"}\n";
        http_respond(request, MHD_HTTP_METHOD_NOT_ALLOWED, "application/json", body,
                     sizeof(body) - 1, (const char *const[]){allow.data, NULL});
    } else {
        http_respond_error(request, MHD_HTTP_NOT_FOUND, "There is nothing at this path.");
    }
    refuse_count(request->server, allow.len > 0 ? "method" : "path");
    buf_finish(&allow);
}

static void respond_refused(struct http_request *request)
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
            refuse_count(request->server, refusals[i].reason);
            http_respond_error(request, request->refuse, refusals[i].sentence);
        }
    }
}

static void serve(struct http_request *request)
{
    struct http_server *server = request->server;
    request->stage = STAGE_HANDLING;
    request->turn = server->turn;
    hurry(request->connection);
    if (request->refuse != 0) {
        respond_refused(request);
        return;
    }
    request->route = next_route(server, request, 0);
    if (request->route == server->route_count) {
        respond_missing(request);
        return;
    }
    struct route *route = &server->routes[request->route];
    route->handler(route->context, request);
}

static enum MHD_Result queue_response(struct http_request *request)
{
    return MHD_queue_response(request->mhd, request->status, request->response);
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

/* Until the first answer, libmicrohttpd calls this again and again: for the head, for each piece
 * of the body, at its end, and when a suspended connection was resumed. */
static enum MHD_Result on_access(void *cls, struct MHD_Connection *mhd, const char *url,
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
        *context = request = request_create(connection_of(mhd), mhd, url, method);
        if (!refuse_early(request)) {
            return MHD_YES;
        }
    } else if (*len > 0) {
        take_body(request, data, *len);
        *len = 0;
        return request->received > DRAIN_MAX ? MHD_NO : MHD_YES;
    }
    if (request->stage == STAGE_READING) {
        serve(request);
    }
    if (request->response != NULL) {
        return queue_response(request);
    }
    wait_for_answer(request);
    return MHD_YES;
}

/* At the request's first line. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    struct http_server *server = cls;
    struct connection *connection = connection_of(mhd);
    (void)uri;
    if (connection->answered_any) {
        hurry(connection);
    }
    /* It was there before the answer to the one before it had left. */
    if (connection->ended_run == server->run) {
        metrics_count(server->metrics, METRIC_PIPELINED, "in order");
    }
    return NULL;
}

/*
 * A client's end that came together with its request has woken us once, and libmicrohttpd, which
 * got less than it had room for, does not read on. Shutting our side of it wakes us again; what
 * was sent ahead of time is answered all the same.
 */
static void notice_end(const struct connection *connection)
{
    char byte;
    if (recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
        shutdown(connection->fd, SHUT_RD);
    }
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct http_server *server = cls;
    struct connection *connection = connection_of(mhd);
    struct http_request *request = *context;
    if (request != NULL) {
        request_destroy(request);
        *context = NULL;
    }
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        connection->answered_any = true;
        connection->ended_run = server->run;
        join_list(connection, &server->idle, server->limits.idle_ms);
        notice_end(connection);
    }
}

/* ---- what handlers call ---- */

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

bool http_request_pass(struct http_request *request)
{
    struct http_server *server = request->server;
    size_t next = next_route(server, request, request->route + 1);
    if (next == server->route_count) {
        return false;
    }
    request->route = next;
    server->routes[next].handler(server->routes[next].context, request);
    return true;
}

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
                  {405, "405"}, {413, "413"}, {415, "415"}, {503, "503"}};
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
    request->response = MHD_create_response_from_buffer(len, bytes.to, MHD_RESPMEM_MUST_COPY);
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
    server->due = server->due || request->stage >= STAGE_WAITING;
    if (request->stage == STAGE_SUSPENDED) {
        leave_suspended(request);
        request->stage = STAGE_HANDLING;
        MHD_resume_connection(request->mhd);
    }
}

void http_respond_error(struct http_request *request, unsigned status, const char *sentence)
{
    json_t *object = json_pack("{s:s}", "error", sentence);
    char *text = object ? json_dumps(object, 0) : NULL;
    struct buf line;
    buf_init(&line, HEADER_MAX);
    buf_printf(&line, "%s\n", text ? text : "{\"error\": \"\"}");
    http_respond(request, status, "application/json", line.data, line.len, NULL);
    buf_finish(&line);
    free(text);
    json_decref(object);
}

/* ---- the server ---- */

__attribute__((format(printf, 2, 0))) static void on_log(void *cls, const char *format,
                                                         va_list args)
{
    struct buf text;
    (void)cls;
    buf_init(&text, HEADER_MAX);
    buf_vprintf(&text, format, args);
    log_debug("http.library", LOG_TEXT("text", text.data));
    buf_finish(&text);
}

static struct MHD_Daemon *start_daemon(struct http_server *server)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0,
        NULL, NULL, on_access, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)HTTP_CONNECTIONS_MAX + 1, MHD_OPTION_CONNECTION_TIMEOUT, 0u,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_URI_LOG_CALLBACK, on_uri,
        server, MHD_OPTION_END);
}

bool http_server_create(const char *listen, struct metrics *metrics, struct http_server **ret,
                        struct error *err)
{
    struct http_server *server = mem_alloc(sizeof(*server));
    if (!http_listener_start(&server->listener, listen, err)) {
        mem_free(server);
        return false;
    }
    server->metrics = metrics;
    server->limits = (struct http_limits){.connections = HTTP_CONNECTIONS_MAX,
                                          .per_address = HTTP_PER_ADDRESS_MAX,
                                          .request_ms = HTTP_REQUEST_MS,
                                          .idle_ms = HTTP_IDLE_MS};
    server->daemon = start_daemon(server);
    if (server->daemon == NULL) {
        http_listener_stop(&server->listener);
        mem_free(server);
        return error_set(err, ERROR_ENVIRONMENT, "cannot start the HTTP server");
    }
    server->epoll_fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    *ret = server;
    return true;
}

void http_server_destroy(struct http_server *server)
{
    if (server == NULL) {
        return;
    }
    http_listener_stop(&server->listener);
    /* A daemon may not be stopped while connections are suspended. */
    while (server->suspended != NULL) {
        struct http_request *request = server->suspended;
        leave_suspended(request);
        MHD_resume_connection(request->mhd);
    }
    server->ending = true;
    MHD_run(server->daemon);
    MHD_stop_daemon(server->daemon);
    assert(server->count == 0 && server->body_bytes == 0);
    mem_free(server);
}

void http_server_set_limits(struct http_server *server, const struct http_limits *limits)
{
    server->limits = *limits;
}

unsigned http_server_port(const struct http_server *server)
{
    return server->listener.port;
}

bool http_server_is_loopback(const struct http_server *server)
{
    return server->listener.loopback;
}

size_t http_server_connections(const struct http_server *server)
{
    return server->count;
}

void http_server_route(struct http_server *server, const char *method, const char *path,
                       http_handler *handler, void *context)
{
    assert(server->route_count < ROUTES_MAX);
    server->routes[server->route_count++] = (struct route){method, path, handler, context};
}

void http_server_unroute(struct http_server *server, const void *context)
{
    size_t kept = 0;
    for (size_t i = 0; i < server->route_count; i++) {
        if (server->routes[i].context != context) {
            server->routes[kept++] = server->routes[i];
        }
    }
    server->route_count = kept;
}

static void wake_for(struct pollset *pollset, const struct list *list)
{
    if (list->first != NULL) {
        pollset_wake_at(pollset, list->first->deadline_ms);
    }
}

void http_server_prepare(struct http_server *server, struct pollset *pollset, uint64_t now_ms)
{
    server->now_ms = now_ms;
    server->listen_index = SIZE_MAX;
    if (http_listener_open(&server->listener) && now_ms < server->accept_after_ms) {
        pollset_wake_at(pollset, server->accept_after_ms);
    } else if (http_listener_open(&server->listener)) {
        server->listen_index = pollset_add(pollset, server->listener.fd, CURL_WAIT_POLLIN);
    }
    server->epoll_index = pollset_add(pollset, server->epoll_fd, CURL_WAIT_POLLIN);
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    if (MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES) {
        server->due = server->due || timeout_ms == 0;
        pollset_wake_at(pollset, now_ms + timeout_ms);
    }
    wake_for(pollset, &server->hurried);
    wake_for(pollset, &server->idle);
}

static void run(struct http_server *server)
{
    server->due = false;
    server->run++;
    MHD_run(server->daemon);
}

void http_server_dispatch(struct http_server *server, const struct pollset *pollset,
                          uint64_t now_ms)
{
    server->now_ms = now_ms;
    server->turn++;
    expire_due(server, &server->hurried);
    expire_due(server, &server->idle);
    if (server->listen_index != SIZE_MAX && pollset_ready(pollset, server->listen_index)) {
        accept_some(server);
        server->due = true;
    }
    if (server->due || pollset_ready(pollset, server->epoll_index)) {
        run(server);
    }
}

static bool has_more(const struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    return MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES && timeout_ms == 0;
}

void http_server_flush(struct http_server *server)
{
    for (size_t i = 0; i < FLUSH_RUNS && (server->due || (i > 0 && has_more(server))); i++) {
        run(server);
    }
}

bool http_server_stop(struct http_server *server)
{
    http_listener_stop(&server->listener);
    while (server->idle.first != NULL) {
        struct connection *connection = server->idle.first;
        leave_list(connection);
        shutdown(connection->fd, SHUT_RDWR);
    }
    return server->count == 0;
}
