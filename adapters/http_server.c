#include "adapters/http_server.h"

#include <assert.h>
#include <string.h>

#include "adapters/http_inside.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"

enum {
    LAST_ROUNDS = 16,              /* of accepting, at the end: more than the kernel lets wait */
    CONNECTION_MEMORY = 16 * 1024, /* of libmicrohttpd for each: bounds the headers (431) */
    FLUSH_RUNS = 3,                /* an answer is made ready in one run and leaves in the next */
};

/* ---- the daemon ---- */

__attribute__((format(printf, 2, 0))) static void on_log(void *cls, const char *format,
                                                         va_list args)
{
    struct buf text;
    (void)cls;
    buf_init(&text, HTTP_HEADER_MAX);
    buf_vprintf(&text, format, args);
    log_debug("http.library", LOG_TEXT("text", text.data));
    buf_finish(&text);
}

static struct MHD_Daemon *start_daemon(struct http_server *server)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0,
        NULL, NULL, http_request_access, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)HTTP_CONNECTIONS_MAX + 1, MHD_OPTION_CONNECTION_TIMEOUT, 0u,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION, http_connection_notify,
        server, MHD_OPTION_NOTIFY_COMPLETED, http_request_complete, server,
        MHD_OPTION_URI_LOG_CALLBACK, http_request_begin, server, MHD_OPTION_END);
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
    server->limit = http_limit_create(HTTP_REFUSED_A_MINUTE);
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
        http_request_resume(server->suspended);
    }
    server->ending = true;
    MHD_run(server->daemon);
    MHD_stop_daemon(server->daemon);
    assert(server->count == 0 && server->body_bytes == 0);
    http_limit_destroy(server->limit);
    http_routes_finish(server);
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

bool http_server_set_rate(struct http_server *server, unsigned per_minute, const char *proxies,
                          struct error *err)
{
    if (!http_proxies_parse(proxies, &server->proxies)) {
        return error_set(err, ERROR_INPUT,
                         "[http] proxies: want at most %d addresses, commas between, without "
                         "ports and masks",
                         HTTP_LIMIT_PROXIES_MAX);
    }
    http_limit_destroy(server->limit);
    server->limit = http_limit_create(per_minute);
    return true;
}

const char *http_server_library(const char **ret_built)
{
    static char built[16];
    /* 0x00097500 is 0.9.75. */
    snprintf(built, sizeof(built), "%x.%x.%x", (unsigned)MHD_VERSION >> 24,
             (unsigned)MHD_VERSION >> 16 & 0xff, (unsigned)MHD_VERSION >> 8 & 0xff);
    *ret_built = built;
    return MHD_get_version();
}

size_t http_server_connections(const struct http_server *server)
{
    return server->count;
}

/* ---- a turn ---- */

static void wake_for(struct pollset *pollset, const struct http_connection_list *list)
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
    http_connections_expire(server);
    if (server->listen_index != SIZE_MAX && pollset_ready(pollset, server->listen_index)) {
        http_connections_accept(server);
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
    server->flushing = true;
    for (size_t i = 0; i < FLUSH_RUNS && (server->due || (i > 0 && has_more(server))); i++) {
        run(server);
    }
    server->flushing = false;
}

bool http_server_stop(struct http_server *server)
{
    if (http_listener_open(&server->listener)) {
        /* Whom the kernel has let in already is heard: closing would cut them off wordless. */
        http_listener_deafen(&server->listener);
        for (size_t i = 0; i < LAST_ROUNDS; i++) {
            http_connections_accept(server);
        }
        server->due = true;
        http_listener_stop(&server->listener);
    }
    http_connections_end_idle(server);
    return server->count == 0;
}
