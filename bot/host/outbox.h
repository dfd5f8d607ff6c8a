#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/host/message.h"

/*
 * From the store to the adapters: dispatch's other half. Which delivery may leave when, what became
 * of it, when it is tried again and when it is given up. Everything that it learns waits in memory
 * until a transaction holds it: one that fails is repeated from here.
 * Used by dispatch.c alone, in each turn of the loop: outbox_wants(), outbox_write() within the
 * transaction, outbox_committed() or outbox_rolled_back(), outbox_send().
 */
struct adapter;
struct error;
struct metrics;
struct outbox;
struct store;

enum {
    OUTBOX_BATCH = 64,                /* handed to one adapter in one turn */
    OUTBOX_RETRY_MS = 1000,           /* the first wait; each one twice the one before ... */
    OUTBOX_RETRY_MAX_MS = 600 * 1000, /* ... up to this; a quarter of it more or less by chance */
    OUTBOX_UNSURE_MS = 5000, /* at least, after an attempt that may have arrived: it may still be on
                                its way, and who looks too early does not find it */
    OUTBOX_WAIT_MAX_MS = 900 * 1000, /* whatever a clock said when it was stored */
    OUTBOX_REASON_MAX = 200,
};

struct outbox *outbox_create(struct store *store, struct metrics *metrics); /* borrows both */
void outbox_destroy(struct outbox *outbox);                                 /* NULL is fine */

void outbox_attach(struct outbox *outbox, struct adapter *adapter);
void outbox_detach(struct outbox *outbox, struct adapter *adapter, int64_t now_ms);
struct adapter *outbox_adapter(const struct outbox *outbox, const char *name); /* NULL: none */

/* How old a delivery may become. */
void outbox_set_limit(struct outbox *outbox, int64_t max_age_ms);

/* dispatch_delivered() */
void outbox_delivered(struct outbox *outbox, int64_t id, enum delivered how, uint64_t after_ms,
                      const char *why, int64_t now_ms);

size_t outbox_under_way(const struct outbox *outbox);

/* Something new waits for this adapter. */
void outbox_added(struct outbox *outbox, const struct adapter *adapter);

/* Whether there is anything to write: results, or something due that could leave. */
bool outbox_wants(struct outbox *outbox, int64_t now_ms);

/* Within a transaction: writes results down, and marks what will leave. */
bool outbox_write(struct outbox *outbox, int64_t now_ms, struct error *err);
bool outbox_wrote(const struct outbox *outbox); /* whether that was anything */
void outbox_committed(struct outbox *outbox);
void outbox_rolled_back(struct outbox *outbox, int64_t now_ms);

/* Hands over what was marked. Returns when there is something to do again; INT64_MAX: nothing. */
int64_t outbox_send(struct outbox *outbox, int64_t now_ms);

/*
 * Where others share the store, what is due changes without us: asks the store which adapters that
 * is about, and costs nothing for the others. As outbox_send(), without sending.
 */
int64_t outbox_look_again(struct outbox *outbox, int64_t now_ms);

/*
 * Gives up what is too old, also what no adapter asks for any more; the next turn writes it. What
 * would wait for longer than OUTBOX_WAIT_MAX_MS is looked at now.
 */
bool outbox_expire(struct outbox *outbox, int64_t now_ms, struct error *err);

/* Pure: how long to wait after so many attempts (from 1); chance: any number. */
int64_t outbox_backoff_ms(uint32_t attempts, uint64_t chance);
