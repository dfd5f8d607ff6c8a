#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The one listener, on libmicrohttpd in epoll mode without threads: its descriptor waits in the
 * loop. Bounds everything before a handler sees it: body size (413), header size (431), connections
 * in all and per address, idle and slow clients (408). Unknown paths are 404, wrong methods 405
 * with Allow. A request whose length is told twice (both Content-Length and Transfer-Encoding, the
 * stuff of request smuggling) is 400. Pipelined requests are answered one after the other, in
 * order, each checked by itself. Everything refused is counted by reason.
 * Connections live on descriptors from 1024 up, where there are any, so that select() elsewhere in
 * the process (libircclient, PROTOCOLS.md C17) keeps the low ones.
 * A handler answers at once or later: the connection is suspended until http_respond().
 * Knows nothing of who may send what: handlers verify, over the raw body.
 */
struct buf;
struct error;
struct http_request;
struct http_server;
struct metrics;
struct pollset;

enum {
    HTTP_BODY_MAX = 1024 * 1024,
    HTTP_BODIES_MAX = 64 * 1024 * 1024, /* of all requests together; beyond: 503 */
    HTTP_CONNECTIONS_MAX = 2000,
    HTTP_PER_ADDRESS_MAX = 200, /* a loopback address has no limit of its own: a reverse proxy */
    HTTP_REQUEST_MS = 10000,    /* from a connection's beginning to its whole first request, and
                                   from a later request's first line to its end; else 408 */
    HTTP_IDLE_MS = 60000,       /* from an answer to the next request's first line */
};

struct http_limits {
    size_t connections, per_address;
    bool loopback_too; /* per_address holds for loopback addresses as well */
    uint64_t request_ms, idle_ms;
};

/* "127.0.0.1:8080", "[::1]:0", "*:8080". Port 0: a free one, see http_server_port(). */
bool http_server_create(const char *listen, struct metrics *metrics, struct http_server **ret,
                        struct error *err);
void http_server_destroy(struct http_server *server); /* NULL is fine; open requests are dropped */
/* For tests; the above hold otherwise. */
void http_server_set_limits(struct http_server *server, const struct http_limits *limits);
unsigned http_server_port(const struct http_server *server);
bool http_server_is_loopback(const struct http_server *server); /* only this machine can connect */

/*
 * Called when a request's body is complete. Must lead to exactly one http_respond(), now or in a
 * later turn. Everything that http_request_ functions return lives until then. The longest wait is
 * the loop's: a client that goes away meanwhile changes nothing for the handler.
 */
typedef void http_handler(void *context, struct http_request *request);

/*
 * path is exact; it is found in the same time however many there are. method "GET" also answers
 * HEAD, and is borrowed. Several handlers may share a path: each in turn may http_request_pass()
 * what is not for it.
 */
void http_server_route(struct http_server *server, const char *method, const char *path,
                       http_handler *handler, void *context);

/* Forgets all routes of a context. None of its requests may still wait for an answer. */
void http_server_unroute(struct http_server *server, const void *context);

/* Hands the request to the next handler of its path. False: there is none, so answer it. */
bool http_request_pass(struct http_request *request);

const char *http_request_header(const struct http_request *request, const char *name);

/* How often a header was sent: a signature that comes twice is no signature. */
size_t http_request_header_count(const struct http_request *request, const char *name);
const char *http_request_query(const struct http_request *request, const char *name);
const char *http_request_body(const struct http_request *request, size_t *ret_len);
const char *http_request_peer(const struct http_request *request); /* address without port */
bool http_request_is_loopback(const struct http_request *request); /* from this machine */

/* extra: more header lines, "Name: value", NULL-terminated, or NULL. Everything is copied. */
void http_respond(struct http_request *request, unsigned status, const char *type, const char *body,
                  size_t len, const char *const *extra);

/* {"error": "..."} with a full sentence. */
void http_respond_error(struct http_request *request, unsigned status, const char *sentence);

/*
 * Each turn of the loop, with its loop_now_ms(). flush: after the commit, so that answers leave in
 * the same turn.
 */
void http_server_prepare(struct http_server *server, struct pollset *pollset, uint64_t now_ms);
void http_server_dispatch(struct http_server *server, const struct pollset *pollset,
                          uint64_t now_ms);
void http_server_flush(struct http_server *server);

/* Takes no new connections and closes idle ones; true when none is left. */
bool http_server_stop(struct http_server *server);

/* The version of libmicrohttpd that is there, and that of its headers when this was built. */
const char *http_server_library(const char **ret_built);

/*
 * Refused requests an address may make in a minute, 0 any number, and the proxies that are believed
 * (http_limit.h); from then on, with all forgotten. False: proxies is no list of addresses.
 */
enum { HTTP_REFUSED_A_MINUTE = 60 };
bool http_server_set_rate(struct http_server *server, unsigned per_minute, const char *proxies,
                          struct error *err);

/* Of a request that anybody may make: it counts towards what its address may ask. */
void http_request_open(struct http_request *request);

/* Connections now open. */
size_t http_server_connections(const struct http_server *server);
