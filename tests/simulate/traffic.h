#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/simulate/sample.h"

/*
 * A simulation of who asks and who answers, event by event: messages that come at random moments,
 * servers that take what waits in turns and acknowledge a turn as a whole, as the daemon's loop
 * does (DESIGN.md 6), an outage, and senders that send again what was not acknowledged. Time is
 * counted, not waited for. The same setup gives the same result on every machine.
 *
 * What it leaves out: the network's own delay, and that several servers behind a proxy each have a
 * queue of their own (here they share one, which is the best that a proxy can do).
 */

/* How long one message takes. */
enum traffic_law {
    TRAFFIC_FIXED,       /* message_us each */
    TRAFFIC_EXPONENTIAL, /* message_us on average */
    TRAFFIC_MEASURED,    /* one of `measured`, by chance */
};

/* When a sender tries again what failed. */
enum traffic_retry {
    TRAFFIC_NEVER,
    TRAFFIC_MARKS,   /* at `marks` after the first try, or at once where that has passed */
    TRAFFIC_BACKOFF, /* after first_s, twice that, ... at most most_s; `jitter` 0.25: a quarter
                        more or less, by chance */
};

enum { TRAFFIC_MARKS_MAX = 8 };

struct traffic_setup {
    uint64_t seed;

    /* who asks: Poisson, for `seconds`, and `burst` more together in the moment burst_s */
    double rate, seconds, burst_s;
    uint32_t burst;

    /* who answers; a turn lasts turn_us and what its messages take. 0 servers or batch: one.
       wake_us: more for a turn that found the server idle. again_us: of a message taken before */
    uint32_t servers, batch;
    double turn_us, wake_us, message_us, again_us;
    enum traffic_law law;
    const double *measured; /* us; borrowed */
    size_t measured_count;
    uint32_t room; /* calls that wait at most, further ones fail; 0: any number */

    /* what goes wrong: from down_s to up_s nothing is answered. Calls fail at once, also those that
       wait or are under way as it begins; where it stalls, they wait. Equal times: nothing does. */
    double down_s, up_s;
    bool stalls;

    /* what senders do; a call fails when it is not acknowledged within patience_s (0: any time) */
    double patience_s;
    enum traffic_retry retry;
    double marks_s[TRAFFIC_MARKS_MAX];
    size_t mark_count;
    double first_s, most_s, jitter;
};

struct traffic_result {
    uint64_t messages, calls; /* what people said; how often it was sent */
    uint64_t lost;            /* messages that were never taken */
    uint64_t again;           /* calls whose message was taken before */
    uint64_t failed;          /* calls that were refused, broken or not waited for */
    uint64_t busiest;         /* calls in the busiest second, after an outage where there was one */
    size_t waiting_most;      /* calls at once */
    double busy;              /* of the servers' time, until the last message came (0 to 1) */
    double caught_up_s;       /* from the outage's end until all that came before it are taken */
    struct sample taken_s;    /* from a message's first call until it was taken */
};

void traffic_run(const struct traffic_setup *setup, struct traffic_result *ret);
void traffic_finish(struct traffic_result *result);
