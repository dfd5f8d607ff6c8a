#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Moments at which somebody wants to be called, of whom there may be thousands: a binary heap, so
 * that setting, stopping and taking one costs the logarithm of their number, and knowing the next
 * one nothing. Pure but for the calls; the loop owns one and says what time it is (loop.h).
 */
typedef void timer_due(void *context);

/* Part of whoever sets it, who must stop it before it goes away. A zeroed one is not set. */
struct timer {
    uint64_t at_ms;
    timer_due *due;
    void *context;
    size_t place; /* in the heap, from 1; 0: not set */
};

/* A zeroed one is empty. */
struct timers {
    struct timer **items; /* owned; the timers are not */
    size_t count, cap;
};

void timers_finish(struct timers *timers); /* none may be set */

/* Calls due(context) once when at_ms has come; a timer that was set already is set anew. */
void timers_set(struct timers *timers, struct timer *timer, uint64_t at_ms, timer_due *due,
                void *context);
void timers_stop(struct timers *timers, struct timer *timer); /* one that is not set is fine */

/* UINT64_MAX: none. */
uint64_t timers_next(const struct timers *timers);

/* Calls what is due, as often as timers are set now at most; they may set and stop any. */
void timers_run(struct timers *timers, uint64_t now_ms);
