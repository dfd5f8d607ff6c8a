#include "bot/host/timers.h"

#include <assert.h>

#include "bot/base/mem.h"

void timers_finish(struct timers *timers)
{
    assert(timers->count == 0);
    mem_free(timers->items);
    *timers = (struct timers){0};
}

static void put(struct timers *timers, size_t place, struct timer *timer)
{
    timers->items[place - 1] = timer;
    timer->place = place;
}

static struct timer *at(const struct timers *timers, size_t place)
{
    return timers->items[place - 1];
}

/* Places are numbered from 1: the one above n is n / 2, those below it 2n and 2n + 1. */
static void rise(struct timers *timers, struct timer *timer, size_t place)
{
    for (; place > 1 && at(timers, place / 2)->at_ms > timer->at_ms; place /= 2) {
        put(timers, place, at(timers, place / 2));
    }
    put(timers, place, timer);
}

static void sink(struct timers *timers, struct timer *timer, size_t place)
{
    for (size_t below; (below = 2 * place) <= timers->count; place = below) {
        if (below < timers->count && at(timers, below + 1)->at_ms < at(timers, below)->at_ms) {
            below++;
        }
        if (at(timers, below)->at_ms >= timer->at_ms) {
            break;
        }
        put(timers, place, at(timers, below));
    }
    put(timers, place, timer);
}

void timers_set(struct timers *timers, struct timer *timer, uint64_t at_ms, timer_due *due,
                void *context)
{
    timers_stop(timers, timer);
    *timer = (struct timer){.at_ms = at_ms, .due = due, .context = context};
    if (timers->count == timers->cap) {
        timers->cap = timers->cap == 0 ? 16 : 2 * timers->cap;
        timers->items = mem_grow(timers->items, timers->cap, sizeof(struct timer *));
    }
    rise(timers, timer, ++timers->count);
}

void timers_stop(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;
    if (place == 0) {
        return;
    }
    struct timer *last = at(timers, timers->count--);
    timer->place = 0;
    if (last != timer) {
        rise(timers, last, place);
        sink(timers, last, last->place);
    }
}

uint64_t timers_next(const struct timers *timers)
{
    return timers->count == 0 ? UINT64_MAX : timers->items[0]->at_ms;
}

void timers_run(struct timers *timers, uint64_t now_ms)
{
    /* As many as there are now: one that sets itself for at once does not hold us up for ever. */
    for (size_t left = timers->count; left > 0 && timers_next(timers) <= now_ms; left--) {
        struct timer *timer = timers->items[0];
        timers_stop(timers, timer);
        timer->due(timer->context);
    }
}
