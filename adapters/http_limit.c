#include "adapters/http_limit.h"

#include <string.h>

#include "adapters/http_listen.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"

enum { WAYS = 4, SETS = HTTP_LIMIT_ADDRESSES / WAYS, MINUTE_MS = 60 * 1000 };
_Static_assert((SETS & (SETS - 1)) == 0, "SETS is a power of two");

/* What an address has used up, as a time: each request moves it on. */
struct client {
    unsigned char network[16];
    uint64_t paid_until_ms;
};

struct http_limit {
    unsigned per_minute;
    struct client clients[SETS][WAYS];
};

struct http_limit *http_limit_create(unsigned per_minute)
{
    struct http_limit *limit = mem_alloc(sizeof(*limit));
    limit->per_minute = per_minute;
    return limit;
}

void http_limit_destroy(struct http_limit *limit)
{
    mem_free(limit);
}

static size_t set_of(const unsigned char network[16])
{
    char bytes[16];
    memcpy(bytes, network, sizeof(bytes));
    return hash_place(hash_bytes(bytes, sizeof(bytes)), SETS - 1);
}

uint64_t http_limit_wait_ms(const struct http_limit *limit, const unsigned char network[16],
                            uint64_t now_ms)
{
    const struct client *set = limit->clients[set_of(network)];
    if (limit->per_minute == 0) {
        return 0;
    }
    for (size_t i = 0; i < WAYS; i++) {
        /* One more must fit into the minute that may be used up. */
        uint64_t until = set[i].paid_until_ms + MINUTE_MS / limit->per_minute;
        if (memcmp(set[i].network, network, 16) == 0 && until > now_ms + MINUTE_MS) {
            return until - now_ms - MINUTE_MS;
        }
    }
    return 0;
}

static struct client *find(struct http_limit *limit, const unsigned char network[16])
{
    struct client *set = limit->clients[set_of(network)], *least = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (memcmp(set[i].network, network, 16) == 0) {
            return &set[i];
        }
        if (set[i].paid_until_ms < least->paid_until_ms) {
            least = &set[i];
        }
    }
    *least = (struct client){0};
    memcpy(least->network, network, sizeof(least->network));
    return least;
}

void http_limit_charge(struct http_limit *limit, const unsigned char network[16], unsigned cost,
                       uint64_t now_ms)
{
    if (limit->per_minute == 0) {
        return;
    }
    struct client *client = find(limit, network);
    if (client->paid_until_ms < now_ms) {
        client->paid_until_ms = now_ms;
    }
    client->paid_until_ms += (uint64_t)MINUTE_MS * cost / HTTP_LIMIT_REFUSED / limit->per_minute;
}

/* ---- who asks ---- */

static bool is_proxy(const struct http_proxies *proxies, const unsigned char address[16])
{
    for (size_t i = 0; i < proxies->count; i++) {
        if (memcmp(proxies->items[i], address, 16) == 0) {
            return true;
        }
    }
    return false;
}

/* One item of a list, blanks around it. */
static bool parse_item(const char *text, size_t len, struct http_peer *ret)
{
    char item[HTTP_PEER_TEXT_MAX];
    while (len > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        len--;
    }
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t')) {
        len--;
    }
    if (len == 0 || len >= sizeof(item)) {
        return false;
    }
    memcpy(item, text, len);
    item[len] = '\0';
    return http_peer_parse(item, ret);
}

bool http_proxies_parse(const char *text, struct http_proxies *ret)
{
    struct http_proxies proxies = {0};
    for (const char *at = text; *at != '\0';) {
        struct http_peer peer;
        size_t len = strcspn(at, ",");
        if (proxies.count == HTTP_LIMIT_PROXIES_MAX || !parse_item(at, len, &peer)) {
            return false;
        }
        memcpy(proxies.items[proxies.count++], peer.bytes, sizeof(peer.bytes));
        at += len + (at[len] == ',');
    }
    *ret = proxies;
    return true;
}

/* RFC 1918, 6598, 3927; 4193 and link-local ones of IPv6. */
static bool is_private(const struct http_peer *peer)
{
    const unsigned char *six = peer->bytes, *four = peer->bytes + 12;
    if (!peer->four) {
        return (six[0] & 0xfe) == 0xfc || (six[0] == 0xfe && (six[1] & 0xc0) == 0x80);
    }
    return four[0] == 10 || (four[0] == 172 && (four[1] & 0xf0) == 16) ||
           (four[0] == 192 && four[1] == 168) || (four[0] == 100 && (four[1] & 0xc0) == 64) ||
           (four[0] == 169 && four[1] == 254);
}

static bool last_client(const struct http_proxies *proxies, const char *forwarded,
                        struct http_peer *ret)
{
    size_t end = strlen(forwarded);
    for (;;) {
        size_t begin = end;
        while (begin > 0 && forwarded[begin - 1] != ',') {
            begin--;
        }
        if (!parse_item(forwarded + begin, end - begin, ret)) {
            return false;
        }
        if (!is_proxy(proxies, ret->bytes) || begin == 0) {
            return !is_proxy(proxies, ret->bytes);
        }
        end = begin - 1;
    }
}

bool http_limit_client(const struct http_proxies *proxies, const struct http_peer *peer,
                       const char *forwarded, unsigned char ret_network[16])
{
    struct http_peer client = *peer;
    if (is_proxy(proxies, peer->bytes)) {
        if (forwarded == NULL || !last_client(proxies, forwarded, &client)) {
            return false;
        }
    } else if (peer->loopback || is_private(peer)) {
        return false;
    }
    memcpy(ret_network, client.network, sizeof(client.network));
    return true;
}
