#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/host/gap.h"
#include "bot/host/message.h"

/*
 * What outlives the process: which messages were taken, what conversations have said, answers that
 * wait, what was asked and not understood. One interface, two engines behind it, chosen when it is
 * opened: SQLite (one file of this process's own, mode 0600, WAL, migrations by user_version), and
 * Redis (store_redis.h), which several processes share, replicas. Knows nothing of adapters' wires
 * or of how an answer comes about; conversations are bytes to it.
 *
 * Everything between store_begin() and store_commit() is kept whole or not at all, also when the
 * process is killed at any instant. Functions that return false leave err and a transaction that
 * can only be rolled back. One thread. All times are wall clock, ms since 1970.
 */
struct error;
struct store;

/*
 * SQLite. path: created when missing, links followed. Refuses a newer version's file, another
 * program's database, and one that another process holds. What was wrong is left as it was.
 */
bool store_open(const char *path, struct store **ret, struct error *err);

/*
 * Only to look (store_gaps), also beside a running daemon: makes no store and changes nothing in
 * one. Needs a folder that can be written, where SQLite may leave an empty -wal and a -shm.
 */
bool store_open_reader(const char *path, struct store **ret, struct error *err);
void store_close(struct store *store); /* NULL is fine; rolls back what is open */

/* What is put in has at most this many bytes; keys and addresses have the limits of message.h. */
enum { STORE_BYTES_MAX = 256 * 1024 };

/* One at a time. A commit also drops what has expired, in step with what is put in. */
bool store_begin(struct store *store, struct error *err);
/* On the disk when it returns: outlives the machine. */
bool store_commit(struct store *store, struct error *err);

/* Outlives the process, killed or not, but what the machine did last may go with a power cut. */
bool store_commit_soon(struct store *store, struct error *err);
void store_rollback(struct store *store);

/*
 * Between transactions, in each turn of the loop. SQLite: sees to it that the log of commits is
 * copied into the file and does not grow, most of it by a thread of its own
 * (store_sqlite_log.c). Redis: keeps leases, takes over from replicas that are gone, connects anew.
 * What fails is tried again later; the commits are safe meanwhile. Returns after how many ms at the
 * latest it wants to be called again; INT64_MAX: whenever.
 */
int64_t store_tidy(struct store *store);

/* ---- where others share the store ---- */

/* Whether other processes may change it. Where not, what follows is for nothing. */
bool store_shared(const struct store *store);

/*
 * Says what the messages of a turn will ask for, within a transaction: all of it is read in one go
 * then. ret: one for each. BUSY: others were faster at this one too often; only this message fails.
 * False: the store failed. NULL names: not asked for. What was not announced is read when it is
 * asked for, one after the other.
 */
enum expected { EXPECTED_FINE, EXPECTED_BUSY };
struct expectation {
    const char *adapter, *delivery, *identity, *conversation;
};
bool store_expect(struct store *store, const struct expectation *expectations, size_t count,
                  enum expected *ret, struct error *err);

/*
 * Nobody waits for a turn that thinks: another replica may take the same message or change the same
 * conversation meanwhile, and then store_commit() fails. store_again() tells whether that was all;
 * the transaction is what it was at store_mark() then, and what came after it is to be read,
 * thought and said once more. False: something else is wrong, or it has happened too often.
 */
void store_mark(struct store *store);
bool store_again(struct store *store);

/*
 * Whether `name` (an adapter's: an IRC network may have one of us only) is ours at this moment.
 * Asking makes us want it from now on, until store_lease_end(); it comes and goes in store_tidy().
 * It is over for us before it is for anybody else, also when this process was stopped meanwhile: so
 * ask again right before each word. What is claimed in its name is committed only while it lasts.
 */
bool store_lease(struct store *store, const char *name);
void store_lease_end(struct store *store, const char *name);

/*
 * Whether what store_outbox_begin() has marked as under way is still ours to send: nobody else can
 * have taken it over yet. Looks at the clock alone; for right before the bytes leave.
 */
bool store_may_act(const struct store *store);

/*
 * Calls visit for each adapter for which store_outbox_next() may say something else than when this
 * was asked last, whoever changed it. visit must not call the store.
 */
typedef void store_visit_adapter(void *context, const char *adapter);
void store_outbox_changed(struct store *store, store_visit_adapter *visit, void *context);

/* ---- taken messages ---- */

enum claim { CLAIM_NEW, CLAIM_KNOWN, CLAIM_ERROR };

/*
 * Notes that a message was taken, by both its names (PROTOCOLS.md S10): known when either is. NULL
 * names count as new. Claim only what is accepted: a copy that is dropped must not consume the key
 * (S11). Kept until STORE_CLAIM_MS later: longer than any sender's retries (N2: six hours).
 */
enum { STORE_CLAIM_MS = 24 * 3600 * 1000 };
enum claim store_claim(struct store *store, const char *adapter, const char *delivery,
                       const char *identity, int64_t now_ms, struct error *err);

/* ---- conversations ---- */

/* Copies at most cap bytes. *ret_len 0: there is none, or it has expired. */
bool store_conversation_get(struct store *store, const char *adapter, const char *key,
                            int64_t now_ms, void *ret, size_t cap, size_t *ret_len,
                            struct error *err);
bool store_conversation_put(struct store *store, const char *adapter, const char *key,
                            const void *bytes, size_t len, int64_t expires_ms, struct error *err);

/* ---- outbox ---- */

/*
 * Fields of struct delivery: adapter, conversation, address, payload, payload_len are read. With
 * Redis it is due only once this transaction has been committed.
 */
bool store_outbox_add(struct store *store, const struct delivery *delivery, int64_t now_ms,
                      int64_t *ret_id, struct error *err);

/*
 * Calls visit for what is due to this adapter (NULL: to each, one after the other): of each
 * conversation only the oldest that waits, unless one of it is under way; what is due longest
 * first, at most `most` of an adapter. visit must not call the store. False when the store failed.
 * Cheap however many wait.
 */
typedef void store_visit_delivery(void *context, const struct delivery *delivery);
bool store_outbox_due(struct store *store, const char *adapter, int64_t now_ms, size_t most,
                      store_visit_delivery *visit, void *context, struct error *err);

/* When this adapter's next is due; INT64_MAX: none; 0, so now, where the store cannot tell. */
int64_t store_outbox_next(struct store *store, const char *adapter);
uint64_t store_outbox_count(struct store *store);

/*
 * Before an attempt: counts it and marks it as under way. Committed before the bytes leave, so that
 * after a crash the attempt is known as unsure.
 */
bool store_outbox_begin(struct store *store, int64_t id, struct error *err);

/*
 * After it. unsure: whether that attempt or one before it may have arrived. Like the next two, fine
 * with a delivery that is gone: somebody may have deleted it by hand.
 */
bool store_outbox_again(struct store *store, int64_t id, int64_t next_ms, bool unsure,
                        struct error *err);

/* Begun but not sent after all: takes the attempt back. If it was not begun, only next_ms moves. */
bool store_outbox_put_off(struct store *store, int64_t id, int64_t next_ms, struct error *err);
bool store_outbox_done(struct store *store, int64_t id, struct error *err);

/*
 * What is due only after latest_ms becomes due at now_ms: the clock was set back, or was wrong when
 * it was stored. Cheap where there is none.
 */
bool store_outbox_hurry(struct store *store, int64_t now_ms, int64_t latest_ms, struct error *err);

/*
 * After opening: what a killed process had under way becomes unsure, and due at next_ms: a
 * while from now, since it may still be arriving.
 */
bool store_outbox_recover(struct store *store, int64_t next_ms, struct error *err);

/* ---- small things adapters keep across restarts (the rest of a long answer) ---- */

bool store_note_get(struct store *store, const char *adapter, const char *key, int64_t now_ms,
                    void *ret, size_t cap, size_t *ret_len, struct error *err);
bool store_note_put(struct store *store, const char *adapter, const char *key, const void *bytes,
                    size_t len, int64_t expires_ms, struct error *err);

/* ---- what was asked and not understood (gap.h) ---- */

/*
 * Questions that are the same but for case, punctuation and blanks are one. Of more than
 * GAPS_KEPT_MAX the oldest of the rarest go.
 */
bool store_gap_add(struct store *store, const char *kind, const char *text, size_t len,
                   int64_t now_ms, struct error *err);
bool store_gaps(struct store *store, size_t most, gap_visit *visit, void *context,
                struct error *err); /* most frequent first */

/* Drops what has expired, a bounded piece at a time: for when little is put in. */
bool store_expire(struct store *store, int64_t now_ms, struct error *err);
