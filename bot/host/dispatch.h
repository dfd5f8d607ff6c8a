#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/host/gap.h"
#include "bot/host/message.h"

/*
 * From message to answer, the same for every chat: guards against loops and floods, dedupe, the
 * conversation, the advisor, the outbox; and from the outbox back to the adapters. Nothing that an
 * adapter acknowledges is only in memory: messages taken in one turn of the loop share one
 * transaction, and `settled` is called after its commit (DESIGN.md 6).
 * One thread, the loop's; others only read ahead for it (readers.h). Time comes in as an argument:
 * `now_ms` is the wall clock in ms since 1970, as stored; the loop's timers use its own monotonic
 * clock.
 */
struct adapter;
struct advisor;
struct buf;
struct config;
struct dispatch;
struct error;
struct knowledge;
struct metrics;
struct program;
struct store;
struct view;
struct view_said;

struct dispatch_setup {
    struct program *program; /* borrowed; the advisor may be swapped: dispatch_reload() */
    struct store *store;     /* borrowed; NULL, to try connections: takes and sends nothing */
    struct metrics *metrics; /* borrowed */
};

struct dispatch *dispatch_create(const struct dispatch_setup *setup);
void dispatch_destroy(struct dispatch *dispatch); /* NULL is fine */

/* Makes an adapter known: messages from and deliveries to its name are its. Borrowed. */
void dispatch_attach(struct dispatch *dispatch, struct adapter *adapter);

/*
 * Before an adapter is destroyed: what it has under way becomes unsure, and waits for the next
 * adapter of that name. None of its messages may still wait for their `settled`.
 */
void dispatch_detach(struct dispatch *dispatch, struct adapter *adapter, int64_t now_ms);

/* The program's knowledge or configuration was swapped: what no longer fits begins anew. */
void dispatch_reload(struct dispatch *dispatch);

/*
 * Takes a message. `settled` follows after the commit that ends this turn (or with SETTLED_FAILED
 * when there is none); at once only never. False, and no call of settled, when this turn is full
 * (DISPATCH_TURN_MAX) or nothing is taken at all: answer "busy, try again".
 */
enum { DISPATCH_TURN_MAX = 4096 };
bool dispatch_take(struct dispatch *dispatch, const struct message *message, int64_t now_ms,
                   message_settled *settled, void *context);

/*
 * What became of a delivery that adapter_ops.send took. after_ms: DELIVERY_LATER only, 0 = by the
 * usual back-off. why: a short reason for the log, without secrets, or NULL.
 */
void dispatch_delivered(struct dispatch *dispatch, int64_t id, enum delivered how,
                        uint64_t after_ms, const char *why, int64_t now_ms);

/*
 * Notes a question in the log of `whether gaps`, within this turn's transaction (store.h, struct
 * gap). Cut at GAP_TEXT_MAX. `settled` follows as for a message, with SETTLED_ANSWERED once it is
 * stored; false, and no call of it, when this turn is full.
 */
bool dispatch_gap(struct dispatch *dispatch, const char *kind, const char *text, size_t len,
                  int64_t now_ms, message_settled *settled, void *context);

/*
 * For adapters: small things that outlive the process (the rest of a long answer), within this
 * turn's transaction. get: *ret_len 0 when there is none. False: trouble with the store, told in
 * the log already.
 */
bool dispatch_note_get(struct dispatch *dispatch, const char *adapter, const char *key,
                       int64_t now_ms, void *ret, size_t cap, size_t *ret_len);
bool dispatch_note_put(struct dispatch *dispatch, const char *adapter, const char *key,
                       const void *bytes, size_t len, int64_t expires_ms);

/*
 * For adapters of places where there may be one of us only, however many replicas run: whether we
 * are the one at this moment (store_lease()). Ask each time before hearing and before speaking.
 */
bool dispatch_lease(struct dispatch *dispatch, const char *name);
void dispatch_lease_end(struct dispatch *dispatch, const char *name); /* wants it no more */

/* Whether what was handed to adapters may still leave (store_may_act()). */
bool dispatch_may_act(const struct dispatch *dispatch);

/*
 * For the loop: marks what is due as under way, commits that and what the turn did, and settles its
 * messages.
 */
void dispatch_commit(struct dispatch *dispatch, int64_t now_ms);

/*
 * For the loop: hands to their adapters what dispatch_commit() has marked. Returns when there is
 * something to do again, INT64_MAX: nothing.
 */
int64_t dispatch_send(struct dispatch *dispatch, int64_t now_ms);

/* Forgets what has expired. Cheap; call it about once a minute. */
void dispatch_expire(struct dispatch *dispatch, int64_t now_ms);

/*
 * Looks at a conversation that its caller holds (view.h): answered here and now, nothing of it is
 * kept. asked: somebody wants to know, so it is counted, and noted where it was not understood;
 * false: only a look at what is not finished yet.
 */
void dispatch_view(struct dispatch *dispatch, const struct view_said *said, size_t count,
                   bool asked, int64_t now_ms, struct view *ret);

/* What was asked and not understood, most frequent first. False: trouble with the store, logged. */
bool dispatch_gaps(struct dispatch *dispatch, size_t most, gap_visit *visit, void *context);

/* The folder of decision records, until the next reload; "": there is none. */
const char *dispatch_records(const struct dispatch *dispatch);

/* The packs, until the next reload. */
const struct knowledge *dispatch_knowledge(const struct dispatch *dispatch);

/* Answers that wait in the outbox, those on their way included. */
uint64_t dispatch_waiting(const struct dispatch *dispatch);

/* Deliveries that adapters have taken and not yet reported, or whose report is not yet stored. */
size_t dispatch_under_way(const struct dispatch *dispatch);

/* The last transaction went well. */
bool dispatch_healthy(const struct dispatch *dispatch);
