#include "adapters/http_inside.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bot/base/mem.h"
#include "bot/host/log.h"
#include "bot/host/metrics.h"

enum {
    ACCEPTS_MAX = 64,       /* a turn */
    ACCEPT_PAUSE_MS = 1000, /* after accept() found no descriptor free */
};

/* ---- deadlines ---- */

static void leave_list(struct http_connection *connection)
{
    struct http_connection_list *list = connection->list;
    if (list == NULL) {
        return;
    }
    *(connection->previous ? &connection->previous->next : &list->first) = connection->next;
    *(connection->next ? &connection->next->previous : &list->last) = connection->previous;
    connection->list = NULL;
    connection->previous = connection->next = NULL;
}

static void join_list(struct http_connection *connection, struct http_connection_list *list,
                      uint64_t patience_ms)
{
    leave_list(connection);
    connection->list = list;
    connection->deadline_ms = connection->server->now_ms + patience_ms;
    connection->previous = list->last;
    *(list->last ? &list->last->next : &list->first) = connection;
    list->last = connection;
}

void http_connection_hurry(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    join_list(connection, &server->hurried, server->limits.request_ms);
}

/*
 * A client's end that came together with its request has woken us once, and libmicrohttpd, which
 * got less than it had room for, does not read on. Shutting our side of it wakes us again; what
 * was sent ahead of time is answered all the same.
 */
static void notice_end(const struct http_connection *connection)
{
    char byte;
    if (recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
        shutdown(connection->fd, SHUT_RD);
    }
}

void http_connection_rest(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    join_list(connection, &server->idle, server->limits.idle_ms);
    notice_end(connection);
}

static void send_raw(int fd, const char *status, const char *sentence)
{
    struct buf text;
    buf_init(&text, HTTP_HEADER_MAX);
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
static void expire(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    const struct http_request *request = connection->request;
    bool idle = connection->list == &server->idle;
    bool reading = request ? request->stage == STAGE_READING : !idle;
    if (reading) {
        send_raw(connection->fd, "408 Request Timeout", "The request took too long to arrive.");
        metrics_count(server->metrics, METRIC_HTTP, "408");
    }
    metrics_count(server->metrics, METRIC_REJECTED, idle ? "idle_client" : "slow_client");
    leave_list(connection);
    shutdown(connection->fd, SHUT_RDWR);
}

static void expire_due(struct http_server *server, const struct http_connection_list *list)
{
    while (list->first && list->first->deadline_ms <= server->now_ms) {
        expire(list->first);
    }
}

void http_connections_expire(struct http_server *server)
{
    expire_due(server, &server->hurried);
    expire_due(server, &server->idle);
}

void http_connections_end_idle(struct http_server *server)
{
    while (server->idle.first != NULL) {
        struct http_connection *connection = server->idle.first;
        leave_list(connection);
        shutdown(connection->fd, SHUT_RDWR);
    }
}

/* ---- coming and going ---- */

void http_connection_notify(void *cls, struct MHD_Connection *mhd, void **context,
                            enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = cls;
    struct http_connection *connection = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        connection = mem_alloc(sizeof(*connection));
        connection->server = server;
        connection->fd = info->connect_fd;
        connection->peer = *server->accepting;
        http_connection_hurry(connection);
        server->count++;
        *context = connection;
    } else if (connection != NULL) {
        leave_list(connection);
        server->count--;
        mem_free(connection);
        *context = NULL;
    }
}

struct http_connection *http_connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info->socket_context;
}

static size_t count_from(const struct http_connection_list *list, const struct http_peer *peer)
{
    size_t count = 0;
    for (const struct http_connection *at = list->first; at; at = at->next) {
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
        metrics_count(server->metrics, METRIC_REJECTED, reason);
        close(fd);
        return;
    }
    server->accepting = peer;
    MHD_add_connection(server->daemon, fd, (const struct sockaddr *)&peer->address,
                       peer->address_len);
    server->accepting = NULL;
}

void http_connections_accept(struct http_server *server)
{
    for (size_t i = 0; i < ACCEPTS_MAX; i++) {
        struct http_peer peer;
        int fd = http_listener_accept(&server->listener, &peer);
        if (fd >= 0) {
            admit(server, fd, &peer);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            /* The listener stays readable: without a pause the loop would spin. */
            log_warning("http.accept", LOG_TEXT("error", strerror(errno)));
            metrics_count(server->metrics, METRIC_REJECTED, "descriptors");
            server->accept_after_ms = server->now_ms + ACCEPT_PAUSE_MS;
            return;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        }
    }
}
