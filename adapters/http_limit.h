#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How much each address may ask of the listener. What is counted is what nobody vouches for: a
 * request that is refused (a wrong signature, a wrong token, a path that is not there), and, a
 * tenth as much, one that anybody may make (the page). A delivery with its signature costs nothing,
 * so neither Slack nor a tracker meets the limit. The table is bounded: of more addresses than it
 * holds those are forgotten that have the least to wait. One thread.
 */
struct http_limit;
struct http_peer;

enum {
    HTTP_LIMIT_ADDRESSES = 1024,
    HTTP_LIMIT_REFUSED = 10, /* what a request costs */
    HTTP_LIMIT_OPEN = 1,
    HTTP_LIMIT_PROXIES_MAX = 16,
};

/* per_minute refused requests, all at once or one after the other; 0: no limit at all. */
struct http_limit *http_limit_create(unsigned per_minute);
void http_limit_destroy(struct http_limit *limit); /* NULL is fine */

/* 0: it may go on; else how long the client should wait. network: as in struct http_peer. */
uint64_t http_limit_wait_ms(const struct http_limit *limit, const unsigned char network[16],
                            uint64_t now_ms);
void http_limit_charge(struct http_limit *limit, const unsigned char network[16], unsigned cost,
                       uint64_t now_ms);

/* The addresses of proxies that are believed when they tell for whom they ask. */
struct http_proxies {
    unsigned char items[HTTP_LIMIT_PROXIES_MAX][16];
    size_t count;
};

/* "192.0.2.1, 2001:db8::1"; false when it is not that. */
bool http_proxies_parse(const char *text, struct http_proxies *ret);

/*
 * Who it is that asks. forwarded: X-Forwarded-For, or NULL: believed of a proxy alone, and of that
 * the last address that is no proxy itself, since clients may write the others. False: nobody who
 * can be told apart from others, so there is no limit: a proxy that names nobody, or a loopback or
 * private address, where an unnamed proxy may stand before everybody.
 */
bool http_limit_client(const struct http_proxies *proxies, const struct http_peer *peer,
                       const char *forwarded, unsigned char ret_network[16]);
