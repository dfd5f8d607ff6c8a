#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/host/memory.h"
#include "bot/host/pending.h"
#include "bot/host/store.h"
#include "bot/host/turn.h"

/*
 * What dispatch.c (turns, and who is known), dispatch_answer.c (one message, from hearing it to its
 * answer) and dispatch_keep.c (what the store keeps of it) share. Not for anybody else.
 */
struct adapter;
struct buf;
struct conversation;
struct manners;
struct message;
struct outbox;
struct program;

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

struct dispatch {
    struct program *program; /* borrowed */
    struct metrics *metrics; /* borrowed */
    struct outbox *outbox;   /* these three owned */
    struct manners *manners;
    struct pending *pending;
    struct memory memory;
    struct turn turn;
};

/* ---- dispatch_answer.c ---- */

/*
 * Hears a message and decides on its answer, which is in given only for SETTLED_ANSWERED. What is
 * to be kept is written to the turn; SETTLED_FAILED: it is to come again.
 */
enum settled dispatch_consider(struct dispatch *dispatch, const struct message *message,
                               struct given *given, int64_t now_ms);

void dispatch_count_answer(struct dispatch *dispatch, const struct outcome *outcome);

/* ---- dispatch_keep.c: false, CLAIM_ERROR: the store failed, and the turn with it ---- */

/* Whether it is new, and ours from now on. */
enum claim dispatch_claim(struct dispatch *dispatch, const struct message *message, int64_t now_ms);

/*
 * Another replica may be at this message or this conversation just now: then only this one has to
 * come again. claims: it is to be taken, whatever it says.
 */
bool dispatch_expect(struct dispatch *dispatch, const struct message *message, bool claims,
                     int64_t now_ms);

/* The message's conversation; a new one where none is remembered. */
bool dispatch_load(struct dispatch *dispatch, const struct message *message, int64_t now_ms,
                   struct conversation *ret);
bool dispatch_save(struct dispatch *dispatch, const struct message *message,
                   const struct conversation *conversation, int64_t now_ms);

/* For `whether gaps`; the second only where the outcome is one. */
bool dispatch_note_gap(struct dispatch *dispatch, const char *kind, const char *text, size_t len,
                       int64_t now_ms);
bool dispatch_note_if_gap(struct dispatch *dispatch, const struct message *message,
                          const struct outcome *outcome, int64_t now_ms);

/* Into the outbox. */
bool dispatch_post(struct dispatch *dispatch, const struct adapter *adapter,
                   const char *conversation, const char *address, const struct buf *payload,
                   int64_t now_ms);
