#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * How fast: lines to a server (PROTOCOLS.md I3) and attempts to connect (I14). Pure; all times are
 * monotonic ms.
 */

/*
 * RFC 1459 8.10: each line costs `step_ms`, and one may be IRC_PACE_BURST lines ahead. So a burst
 * leaves at once and then one line a step.
 */
enum { IRC_PACE_BURST = 5, IRC_PACE_SLOWEST = 8, IRC_PACE_QUIET_MS = 3600 * 1000 };

struct irc_pace {
    uint64_t step_ms, paid_until_ms;
    unsigned slowness; /* 1, 2, 4 ... IRC_PACE_SLOWEST: times step_ms */
    uint64_t quiet_since_ms;
};

void irc_pace_init(struct irc_pace *ret, uint64_t step_ms);

/* A new connection: what registration sent counts as two lines. */
void irc_pace_start(struct irc_pace *pace, uint64_t now_ms);

/* In how many ms a line may leave; 0: now. */
uint64_t irc_pace_wait(const struct irc_pace *pace, uint64_t now_ms);
void irc_pace_spend(struct irc_pace *pace, uint64_t now_ms);

/* After Excess Flood (I13). */
void irc_pace_slower(struct irc_pace *pace);

/* Now and then while connected: twice as fast again after each IRC_PACE_QUIET_MS. */
void irc_pace_recover(struct irc_pace *pace, uint64_t now_ms);

/*
 * How long to wait after the n-th failure in a row (n from 1): first_ms x 1.75^(n-1), at most
 * most_ms, and up to jitter_ms more, chosen by `random`, so that not all bots of a network come
 * back in the same second.
 */
uint64_t irc_backoff_ms(unsigned n, uint64_t first_ms, uint64_t most_ms, uint64_t jitter_ms,
                        uint64_t random);

/* At most so many in a while: answers to CTCP (I10). */
enum { IRC_THROTTLE_MOST = 3 };
struct irc_throttle {
    uint64_t at_ms[IRC_THROTTLE_MOST]; /* 0: never */
};
bool irc_throttle_take(struct irc_throttle *throttle, uint64_t now_ms, uint64_t while_ms);
