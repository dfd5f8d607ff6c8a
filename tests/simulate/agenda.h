#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is still to happen, the earliest first; of two at the same time the one that was added
 * first, so that a simulation is the same on every machine. Knows nothing of what happens.
 */
struct happening {
    double at_s;
    uint32_t kind, attempt; /* the user's */
    uint64_t subject;       /* the user's */
    uint64_t number;        /* agenda_add()'s: the order of equal times */
};

/* Zeroed = empty; agenda_finish() frees what it grew to. */
struct agenda {
    struct happening *heap; /* a binary heap */
    size_t count, cap;
    uint64_t added;
};

void agenda_add(struct agenda *agenda, struct happening happening);
bool agenda_next(struct agenda *agenda, struct happening *ret); /* false: nothing is left */
void agenda_finish(struct agenda *agenda);
