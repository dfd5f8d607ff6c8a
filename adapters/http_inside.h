#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <microhttpd.h>

#include "adapters/http_limit.h"
#include "adapters/http_listen.h"
#include "adapters/http_server.h"
#include "bot/base/buf.h"
#include "bot/base/names.h"

/*
 * What the parts of the server share: http_server.c (the daemon and its turns), http_connection.c
 * (who may come in, and until when), http_request.c (from a head to its handler), http_route.c
 * (which handler that is), http_respond.c (what handlers ask and answer). Not for anybody else.
 */
enum {
    HTTP_HEADER_MAX = 1000, /* a line of ours */
};

/*
 * Two lists of connections, each in the order of its deadlines, since all deadlines of a list are
 * equally far from when a connection joined it.
 */
struct http_connection_list {
    struct http_connection *first, *last;
};

struct http_connection {
    struct http_server *server;
    struct http_connection_list *list; /* NULL: told to go */
    struct http_connection *previous, *next;
    uint64_t deadline_ms;
    struct http_peer peer;
    struct http_request *request; /* the one that is read or answered, NULL between two */
    int fd;                       /* libmicrohttpd's */
    bool answered_any;            /* not the first request any more */
    uint64_t ended_run;           /* the MHD_run() in which the last answer ended, 0 none */
};

/* All handlers of a path, in the order in which they came. */
struct http_place {
    char *path; /* owned */
    struct http_route *first;
    struct http_place *next; /* in server->places */
};

struct http_route {
    const char *method; /* borrowed */
    http_handler *handler;
    void *context;
    struct http_route *next; /* of the same path */
};

/* STAGE_WAITING: a handler has it, and libmicrohttpd asks for its answer in each of its runs. */
enum http_stage { STAGE_READING, STAGE_HANDLING, STAGE_WAITING, STAGE_SUSPENDED };

struct http_request {
    struct http_server *server;
    struct http_connection *connection;
    struct MHD_Connection *mhd;
    struct http_request *previous, *next; /* in server->suspended */
    enum http_stage stage;
    const char *method;
    char *path;                     /* owned */
    const struct http_route *route; /* of the handler that has it */
    uint64_t turn;                  /* in which it was handed over */
    struct buf body;
    size_t received; /* of the body, also what was thrown away */
    unsigned refuse; /* status that is already certain, 0 none */
    bool limited;    /* somebody to whom http_limit.h holds: client */
    unsigned char client[16];
    unsigned status;
    struct MHD_Response *response; /* owned; set by http_respond() */
};

struct http_server {
    struct MHD_Daemon *daemon;
    struct metrics *metrics;
    struct http_listener listener;
    struct http_limits limits;
    struct http_limit *limit; /* owned */
    struct http_proxies proxies;
    int epoll_fd;
    size_t listen_index, epoll_index; /* in the turn's pollset; SIZE_MAX: not in it */
    uint64_t now_ms, accept_after_ms;
    uint64_t run;  /* counts MHD_run() */
    uint64_t turn; /* counts http_server_dispatch() */
    bool due;      /* libmicrohttpd wants to be called, ready or not */
    bool ending;   /* every request is dropped */
    bool flushing; /* answers leave: who asks meanwhile is heard in the next turn */
    struct http_connection_list hurried, idle;
    size_t count;
    size_t body_bytes; /* held for all requests */
    const struct http_peer *accepting;
    struct http_request *suspended;
    struct http_place *places; /* owned, as their routes */
    struct names places_by_path;
};

/* ---- http_connection.c ---- */

/* libmicrohttpd's MHD_NotifyConnectionCallback; cls is the server. */
void http_connection_notify(void *cls, struct MHD_Connection *mhd, void **context,
                            enum MHD_ConnectionNotificationCode code);
struct http_connection *http_connection_of(struct MHD_Connection *mhd);

/* From now on it is waited for: limits.request_ms for something to come, limits.idle_ms at rest. */
void http_connection_hurry(struct http_connection *connection);
void http_connection_rest(struct http_connection *connection);

/* Lets in who waits at the door, a turn's share of them. */
void http_connections_accept(struct http_server *server);

/* Ends those whose deadline has come; all that are at rest. */
void http_connections_expire(struct http_server *server);
void http_connections_end_idle(struct http_server *server);

/* ---- http_request.c ---- */

/* libmicrohttpd's callbacks, for the first line, the rest, and the end; cls is the server. */
void *http_request_begin(void *cls, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result http_request_access(void *cls, struct MHD_Connection *mhd, const char *url,
                                    const char *method, const char *version, const char *data,
                                    size_t *len, void **context);
void http_request_complete(void *cls, struct MHD_Connection *mhd, void **context,
                           enum MHD_RequestTerminationCode code);

/* libmicrohttpd asks for its answer again. STAGE_SUSPENDED only. */
void http_request_resume(struct http_request *request);

/* ---- http_route.c ---- */

/* Calls the first handler of the request's path and method. False: there is none. */
bool http_route_begin(struct http_request *request);

/*
 * "GET, POST" for a path that has other methods than the request's; nothing for one that is none.
 */
void http_route_allowed(const struct http_request *request, struct buf *ret);

void http_routes_finish(struct http_server *server);

/* ---- http_respond.c ---- */

/* There is no handler at its path, or none for its method. */
void http_respond_missing(struct http_request *request);

/* Too many from this address. */
void http_respond_limited(struct http_request *request, uint64_t wait_ms);

/* What request->refuse means. */
void http_respond_refused(struct http_request *request);
