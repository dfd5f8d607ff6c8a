#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"

/*
 * Threads that read ahead of the loop: what has come in is read and decided on beside it, so that
 * the loop, which alone acts on it, finds it ready. Reading is pure (advisor.h): it comes out the
 * same wherever it is done, and in whatever order.
 * Knows nothing of messages, stores and turns. Its functions are the loop's; only reading itself is
 * done in other threads, which touch nothing but the snapshot of readers_use(), which nobody
 * changes, and the texts handed in, which are copied.
 */
struct program;
struct readers;

enum {
    READERS_MAX = 4,
    READERS_AHEAD = 32,     /* texts at once */
    READERS_TEXT_MAX = 2048 /* bytes; a longer text is its asker's own cost, not everybody's */
};

/* Borrowed for the call. */
struct unread {
    size_t number;                           /* its caller's; each larger than the one before */
    const struct conversation *conversation; /* as it will be when it is this text's turn */
    enum surface surface;
    int length; /* of the answer, enum reply_length */
    const char *text;
    size_t len;
};

/* What program_turn() makes of it. */
struct thought {
    struct conversation conversation; /* afterwards */
    struct outcome outcome;
    struct reply reply;
    uint64_t took_us;
};

/*
 * How many threads do the most for what they take: one where there is a processor to spare, for
 * what the loop alone has to do takes it as long as reading does (docs/daemon.md); else none.
 */
size_t readers_usual(void);

/* Fewer threads where the machine has none to spare; none at all: the loop reads alone. */
struct readers *readers_create(size_t threads);
void readers_destroy(struct readers *readers); /* NULL is fine */
size_t readers_count(const struct readers *readers);

/* Whose knowledge is read with from now on; borrowed. Once all texts are forgotten. */
void readers_use(struct readers *readers, const struct program *program);

/* Who reads one of them reads on, and takes nobody's place by it. */
void readers_forget_before(struct readers *readers, size_t number);

/* False: it is not read ahead, for it is too long, or READERS_AHEAD of them are not forgotten. */
bool readers_add(struct readers *readers, const struct unread *unread);

/*
 * What was made of a text; all of lower numbers are forgotten. Where nobody has begun to read it,
 * the caller does; while somebody reads it, the caller reads another. NULL: no text of that number
 * is under way. Borrowed until it is forgotten.
 */
const struct thought *readers_fetch(struct readers *readers, size_t number);

/* Nobody wants to know any more; when it returns nobody reads, and the knowledge may go. */
void readers_forget(struct readers *readers);
