#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bot/host/dispatch.h"

/*
 * dispatch with all that it needs, for tests: the shipped packs, a store in memory (memstore.h),
 * two adapters to nowhere (adapters/null.h), and time that passes when told to.
 */
struct metrics;
struct null_adapter;
struct program;
struct store;

enum { HOUR = 3600 * 1000 };

extern struct program program;
extern struct store *store;
extern struct metrics *metrics;
extern struct dispatch *dispatch;
extern struct null_adapter *slack, *irc; /* "slack" and "irc a" */
extern int64_t now_ms;
extern bool shared; /* set before set_up(): as if other processes had the store, too */
extern int readers; /* likewise: so many threads read along */

/* A group's set-up and tear-down, then a test's. */
int open_program(void **state);
int close_program(void **state);
int set_up(void **state);
int tear_down(void **state);

/* kill -9: what was in memory is gone, what was committed is there. */
void restart(void);

/* What became of a message, as its adapter learns it. */
struct fate {
    int calls;
    enum settled how;
    bool answered; /* an answer was given along */
    char payload[2400];
};

/* Ada says it in Slack's C1, addressed to us. Borrows both. */
struct message message(const char *conversation, const char *text);
bool offer(const struct message *message, struct fate *fate); /* dispatch_take() */
void take(const struct message *message, struct fate *fate);  /* it must take it */

/* dispatch_gap() as "wrong". */
void note_wrong(const char *text, struct fate *fate);

/* The end of a turn; returns what dispatch_send() does. */
int64_t turn(void);

/* One message, one turn. */
enum settled say(const struct message *message);

extern const char choice[];  /* a question with a fact: a clear answer */
extern const char unclear[]; /* one without */
