#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A connection to Redis: commands out, replies back. The bytes go through libcurl (CONNECT_ONLY),
 * as those of IRC do: TLS with full verification, client certificates, names looked up without
 * blocking, sockets of this machine; hiredis writes commands and reads replies. Debian 12's hiredis
 * (0.14) has no TLS of its own. Knows nothing of what is said.
 *
 * Connecting never blocks for longer than it is told; a round trip blocks until the last reply, at
 * most REDIS_REPLY_MS. Whatever fails closes the connection: half a reply is no place to go on.
 */
struct error;
struct redis_address;
struct redis_link;
struct redisReply;

enum { REDIS_REPLY_MS = 1000, REDIS_CONNECT_MS = 2000, REDIS_BYTES_MAX = 64 * 1024 * 1024 };

/* Files may be "" (the system's CAs; no certificate of ours). All texts are borrowed for good. */
struct redis_tls {
    const char *ca_file, *cert_file, *key_file;
};

struct redis_link *redis_link_create(const struct redis_address *address,
                                     const struct redis_tls *tls);
void redis_link_destroy(struct redis_link *link); /* NULL is fine */

enum redis_link_state { REDIS_CLOSED, REDIS_CONNECTING, REDIS_OPEN };
enum redis_link_state redis_link_state(const struct redis_link *link);

/* Begins to connect. False, and closed, when that is impossible. */
bool redis_link_open(struct redis_link *link, struct error *err);

/*
 * Goes on connecting for at most wait_ms; 0: only looks. False: it failed and is closed, err says
 * why.
 */
bool redis_link_drive(struct redis_link *link, int wait_ms, struct error *err);
void redis_link_close(struct redis_link *link);

/* Adds a command to what redis_link_run() sends. Copies. */
void redis_link_add(struct redis_link *link, size_t count, const char *const *words,
                    const size_t *lens);

/*
 * Sends what was added and waits for as many replies, into ret (cap: at least so many), which the
 * caller frees with redis_link_free(). An error of Redis's own is a reply like others. False: the
 * connection is closed, nothing is in ret, and what was sent may or may not have been done.
 */
bool redis_link_run(struct redis_link *link, struct redisReply **ret, size_t cap,
                    struct error *err);
void redis_link_free(struct redisReply **replies, size_t count);
size_t redis_link_added(const struct redis_link *link);
