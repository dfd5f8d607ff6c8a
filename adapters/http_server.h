#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The one listener, on libmicrohttpd in epoll mode without threads: its descriptor waits in the
 * loop. Bounds everything before a handler sees it: body size (413), header size, connections in
 * all and per address, idle and slow clients. Unknown paths are 404, wrong methods 405 with Allow.
 * A handler answers at once or later: the connection is suspended until http_respond().
 * Knows nothing of who may send what: handlers verify, over the raw body.
 */
struct buf;
struct error;
struct http_request;
struct http_server;
struct metrics;
struct pollset;

enum { HTTP_BODY_MAX = 1024 * 1024, HTTP_CONNECTIONS_MAX = 2000 };

/* "127.0.0.1:8080", "[::1]:0", "*:8080". Port 0: a free one, see http_server_port(). */
bool http_server_create(const char *listen, struct metrics *metrics, struct http_server **ret,
                        struct error *err);
void http_server_destroy(struct http_server *server); /* NULL is fine; open requests are dropped */
unsigned http_server_port(const struct http_server *server);

/*
 * Called when a request's body is complete. Must lead to exactly one http_respond(), now or in a
 * later turn. Everything that http_request_ functions return lives until then.
 */
typedef void http_handler(void *context, struct http_request *request);

/* path is exact. method "GET" also answers HEAD. path and method are borrowed. */
void http_server_route(struct http_server *server, const char *method, const char *path,
                       http_handler *handler, void *context);

const char *http_request_header(const struct http_request *request, const char *name);

/* How often a header was sent: a signature that comes twice is no signature. */
size_t http_request_header_count(const struct http_request *request, const char *name);
const char *http_request_query(const struct http_request *request, const char *name);
const char *http_request_body(const struct http_request *request, size_t *ret_len);
const char *http_request_peer(const struct http_request *request); /* address without port */

/* extra: more header lines, "Name: value", NULL-terminated, or NULL. Everything is copied. */
void http_respond(struct http_request *request, unsigned status, const char *type, const char *body,
                  size_t len, const char *const *extra);

/* {"error": "..."} with a full sentence. */
void http_respond_error(struct http_request *request, unsigned status, const char *sentence);

/* Each turn of the loop. flush: after the commit, so that answers leave in the same turn. */
void http_server_prepare(struct http_server *server, struct pollset *pollset);
void http_server_dispatch(struct http_server *server, const struct pollset *pollset);
void http_server_flush(struct http_server *server);

/* Takes no new connections; true when none is left. */
bool http_server_stop(struct http_server *server);
