#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/host/message.h"

/*
 * What adapters wait for until the end of a turn: the callbacks of what they handed in, and the
 * answers that are to be given with them. The records are used again, so that a message costs no
 * allocation.
 * Knows neither the store nor how an answer comes about. One thread.
 */
struct metrics;
struct pending;

enum { ANSWER_PAYLOAD_MAX = 64 * 1024 };

/* An answer as it was decided. */
struct given {
    struct outcome outcome;
    struct reply reply;
    struct buf payload;
};

/* One that waits. */
struct awaited {
    message_settled *settled;
    void *context;
    const char *adapter; /* its name, for counting; NULL: no message, only a note for gaps */
    enum settled how;
    struct given *given; /* SETTLED_ANSWERED only, NULL: the caller does not have it; owned */
};

struct pending *pending_create(struct metrics *metrics); /* borrowed */
void pending_destroy(struct pending *pending);           /* NULL is fine; calls nobody */

/* An empty answer to fill; it goes into an awaited or back. */
struct given *pending_given(struct pending *pending);
void pending_put_back(struct pending *pending, struct given *given);

/* Waits from now on; takes over awaited->given. Not while pending_settle() is at work. */
void pending_add(struct pending *pending, const struct awaited *awaited);
size_t pending_count(const struct pending *pending);

/* Forgets all but the first: they are heard again. */
void pending_cut(struct pending *pending, size_t count);

/* What rested on a transaction that is gone is to be sent again: SETTLED_FAILED. */
void pending_fail(struct pending *pending);

/* Calls all that wait, in order, and counts what became of their messages. */
void pending_settle(struct pending *pending);
