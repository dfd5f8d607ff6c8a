#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/host/gathered.h"
#include "bot/host/memory.h"
#include "bot/host/pending.h"
#include "bot/host/readers.h"
#include "bot/host/store.h"
#include "bot/host/turn.h"

/*
 * What dispatch.c (turns, and who is known), dispatch_answer.c (one message, from hearing it to its
 * answer), dispatch_ahead.c (all of a turn at once, while other threads read on), dispatch_shared.c
 * (the same where others share the store) and dispatch_keep.c (what the store keeps of it) share.
 * Not for anybody else.
 */
struct adapter;
struct buf;
struct conversation;
struct manners;
struct message;
struct outbox;
struct program;
struct thought;

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

/* Which of the gathered messages are read before they are heard. */
#define AHEAD_NONE SIZE_MAX
struct ahead {
    struct readers *readers; /* owned; NULL: there are none */
    size_t wanted;           /* so many threads: fewer run where the machine has none to spare */
    size_t next;             /* the first that was not looked at */
    size_t hearing;          /* the one that is being heard, or AHEAD_NONE */
    uint64_t places[READERS_AHEAD]; /* by index: in which conversation, 0 none */
    const enum expected *expected;  /* borrowed; NULL: nobody else takes any */
    /* What reading took other threads, less what this one waited for it or read meanwhile: to be
     * added, and it wraps around. */
    uint64_t elsewhere_us;
};

struct dispatch {
    struct program *program; /* borrowed */
    struct metrics *metrics; /* borrowed */
    struct outbox *outbox;   /* these four owned */
    struct manners *manners;
    struct pending *pending;
    struct gathered *gathered; /* messages that wait for the end of the turn to be heard */
    struct ahead ahead;
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

/* Whether it asks the store for anything, and whether there is a text to be read. */
bool dispatch_hears(const struct message *message);
bool dispatch_reads(const struct message *message);

void dispatch_count_answer(struct dispatch *dispatch, const struct outcome *outcome);

/* ---- dispatch_ahead.c ---- */

/* As many as the configuration wants, who read with the program's present knowledge. */
void dispatch_set_readers(struct dispatch *dispatch);

/* Lets those read which come next, `heard` being the first that was not heard yet. */
void dispatch_look_ahead(struct dispatch *dispatch, size_t heard);

/* What was made of the message that is being heard; NULL: it was not read ahead. */
const struct thought *dispatch_thought(struct dispatch *dispatch);

/*
 * Hears all that is gathered. expected: for each, where others share the store; NULL. Returns how
 * many it leaves to others.
 */
size_t dispatch_hear_gathered(struct dispatch *dispatch, const enum expected *expected);

/* ---- dispatch_shared.c: where others share the store ---- */

/*
 * Answers what was gathered, all at once, and commits; again where another replica was faster.
 * False: the turn failed. What is gathered afterwards was not heard; the others wait in pending.
 */
bool dispatch_answer_gathered(struct dispatch *dispatch);

/* Hears one, whose callback waits in pending from now on. */
void dispatch_hear(struct dispatch *dispatch, const struct gathered_message *one);

/* ---- dispatch_keep.c: false, CLAIM_ERROR: the store failed, and the turn with it ---- */

/* Whether it is new, and ours from now on. */
enum claim dispatch_claim(struct dispatch *dispatch, const struct message *message, int64_t now_ms);

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

/* The same for one that is not heard: it is to come again. */
void dispatch_turn_away(struct dispatch *dispatch, const struct gathered_message *one);
