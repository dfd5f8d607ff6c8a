#pragma once

#include <stdbool.h>
#include <sys/socket.h>

/*
 * The listening socket below http_server.h: what "127.0.0.1:8080", "[::1]:0" or "*:8080" means, and
 * who it is that connects. Knows nothing of HTTP.
 */
struct error;

enum { HTTP_PEER_TEXT_MAX = 48 };

struct http_peer {
    struct sockaddr_storage address;
    socklen_t address_len;
    char text[HTTP_PEER_TEXT_MAX]; /* "192.0.2.1", "2001:db8::1": without port */
    unsigned char network[16];     /* what one client has to itself: an IPv4 address, an IPv6 /64 */
    unsigned char bytes[16];       /* the whole address, IPv4 as ::ffff:a.b.c.d */
    bool loopback, four;           /* four: IPv4 */
};

struct http_listener {
    int fd; /* -1 when closed */
    unsigned port;
    bool loopback; /* only this machine can connect */
};

/* "192.0.2.1", "2001:db8::1": a peer as accept would tell it; false when it is no address. */
bool http_peer_parse(const char *text, struct http_peer *ret);

/* Names are not looked up, but for "localhost". "*" is every address, of both families. */
bool http_listener_start(struct http_listener *ret, const char *listen, struct error *err);
void http_listener_stop(struct http_listener *listener); /* again is fine */

/*
 * The kernel lets nobody in any more: who knocks hears nothing, and knocks again. Between the last
 * accept and the end nobody can come who would be cut off.
 */
void http_listener_deafen(const struct http_listener *listener);
bool http_listener_open(const struct http_listener *listener);

/*
 * A connection's non-blocking, close-on-exec descriptor, 1024 or above where the process may have
 * such; -1 with errno, EAGAIN when nobody waits.
 */
int http_listener_accept(const struct http_listener *listener, struct http_peer *ret_peer);
