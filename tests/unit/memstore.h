#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * bot/host/store.h in memory: small, with the same promises, and with faults on demand. Linked in
 * place of the real one by tests of those who use a store. Keeps what was committed apart, so that
 * a test can kill the "process" at any moment.
 */
struct delivery;
struct store;

/* Both borrowed until the next call. */
enum { MEMSTORE_TEXT = 2400, MEMSTORE_ROWS = 96 };

struct memstore_delivery {
    int64_t id, next_ms, created_ms;
    char adapter[64], conversation[64], address[64], payload[MEMSTORE_TEXT];
    size_t payload_len;
    uint32_t attempts;
    bool unsure, was_unsure, under_way;
};

/* The n-th call from now that may fail does (1 = the next); 0 = off. */
void memstore_fail_at(struct store *store, size_t n);

/* Every commit fails until it is false again, and no other call: SQLite writes then. */
void memstore_fill(struct store *store, bool full);

/*
 * As if others shared it. busy: the conversation at which they are faster each time, NULL: none.
 * lapsed: this process was away for too long, so that its leases are over.
 */
void memstore_share(struct store *store, const char *busy, bool lapsed);

/* So many commits from now on are refused since others were faster: store_again(). */
void memstore_outrun(struct store *store, size_t times);

/* How many messages were announced by store_expect(). */
size_t memstore_expected(const struct store *store);

/* How many calls that may fail were made; how many transactions were committed. */
size_t memstore_calls(const struct store *store);
size_t memstore_commits(const struct store *store);

/* What was not committed is gone; then as store_outbox_recover(). */
void memstore_kill(struct store *store, int64_t now_ms);

/* The row of that number, in the order of ids; NULL: there are no more. */
const struct memstore_delivery *memstore_row(const struct store *store, size_t index);

/* "unknown:2 ask:1 ", in the order of first mention. */
const char *memstore_gaps(const struct store *store);

/* store_outbox_next() says this in place of the truth, until it is 0. */
void memstore_lie(struct store *store, int64_t next_ms);
