#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Keeps the bot from talking to machines, and one person from keeping it busy: who says the same
 * again and again, whom we would tell the same again and again, and who says too much gets no
 * answer for a while. For programs that do not say that they are programs; those that do are never
 * answered (message.h). Holds a bounded number of people and forgets those heard of longest ago.
 * Knows no adapters and no texts, only their hashes. One thread; time in ms, any steady clock.
 */
struct guard;

enum guard_reason { GUARD_FINE, GUARD_REPEAT, GUARD_ECHO, GUARD_BUDGET };

enum {
    GUARD_PEOPLE_MAX = 4096,
    GUARD_WINDOW_MS = 120 * 1000,       /* "again" means within this */
    GUARD_QUIET_WINDOW_MS = 600 * 1000, /* and for what was only overheard within this */
    GUARD_REPEATS_MAX = 4,              /* the same text of theirs */
    GUARD_ECHOES_MAX = 4,               /* the same answer of ours */
    GUARD_BURST = 12,                   /* answers at once */
    GUARD_REFILL_MS = 5000,             /* and one more each time this passes */
    GUARD_REST_MS = 60 * 1000,          /* over that: none until they have been quiet so long */
    GUARD_QUIET_COST = 3,               /* an answer that nobody asked us for counts as so many */
    GUARD_TOLD_MS = 3600 * 1000,        /* that we fall silent is said once within this */
};

struct guard *guard_create(void);
void guard_destroy(struct guard *guard); /* NULL is fine */

/* Upper and lower case, blanks and punctuation make no difference. */
uint64_t guard_hash(const char *text, size_t len);

/*
 * person: a hash of who it is. Before an answer: may what they say (its hash) have one? quiet: it
 * was only overheard. Counts it.
 */
enum guard_reason guard_hear(struct guard *guard, uint64_t person, uint64_t text, bool quiet,
                             int64_t now_ms);

/* May we tell them this? Counts it. */
enum guard_reason guard_say(struct guard *guard, uint64_t person, uint64_t answer, bool quiet,
                            int64_t now_ms);

/*
 * We fall silent towards them: are they still to be told so? Once in a long while only, so that two
 * who tell each other do not talk on about it. Counts it.
 */
bool guard_tell(struct guard *guard, uint64_t person, int64_t now_ms);

/*
 * What was counted since the last of these two calls: kept, or as if it had never been, when the
 * turn that it belongs to is to come again.
 */
void guard_keep(struct guard *guard);
void guard_undo(struct guard *guard);

/* "repeat", "echo", "budget". */
const char *guard_reason_name(enum guard_reason reason);
