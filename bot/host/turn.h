#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * What one turn of the loop does with the store: all in one transaction, begun when it is first
 * needed, and gone as a whole when any part of it fails. Trouble is told in the log once in a
 * while, and counted always.
 * Knows nothing of messages, answers and adapters. One thread; `now_ms` is the wall clock.
 */
struct error;
struct metrics;
struct store;

struct turn {
    struct store *store;     /* borrowed; NULL: nothing is stored */
    struct metrics *metrics; /* borrowed */
    bool open;               /* a transaction */
    bool broken;             /* it failed; nothing is stored until the turn ends */
    bool owing;              /* it acknowledges what is still to be done: it must be on the disk */
    bool healthy;            /* the last transaction went well */
    int64_t now_ms;          /* as it was told last */
    int64_t trouble_told_ms;
};

void turn_init(struct turn *turn, struct store *store, struct metrics *metrics);

/* Before anything is written. False: nothing can be stored in this turn any more. */
bool turn_begin(struct turn *turn, int64_t now_ms);

/*
 * Something in the store failed, as err tells: all of the turn goes with it, since what it
 * acknowledges would otherwise be half there. Returns false.
 */
bool turn_give_up(struct turn *turn, const struct error *err);

/* Something was begun or has failed, so turn_commit() has something to say. */
bool turn_under_way(const struct turn *turn);

/*
 * Commits what was begun. AGAIN: others were faster, so all since store_mark() is to be said once
 * more (store_again()). FAILED: nothing of the turn is stored.
 */
enum turn_end { TURN_DONE, TURN_AGAIN, TURN_FAILED };
enum turn_end turn_try_commit(struct turn *turn);

/* The same where nothing can be said again. False: nothing of the turn is stored. */
bool turn_commit(struct turn *turn);

/* The next turn may begin. */
void turn_end(struct turn *turn);
