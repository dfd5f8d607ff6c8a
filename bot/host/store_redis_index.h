#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a replica knows by heart of the answers in its charge: of each conversation the oldest that
 * waits, when it is due, and whether it is under way; no text. Found by id, and in the order in
 * which they are due, adapter by adapter. Knows nothing of Redis. Pure but for memory.
 */
struct redis_place;

/* A delivery. entry_*: where its text stands in its adapter's stream. */
struct redis_item {
    int64_t id, next_ms, created_ms;
    uint64_t entry_ms, entry_seq;
    struct redis_place *place;
    uint32_t attempts;
    bool unsure, under_way;
};

/* When one was due, as of some moment: outdated ones are dropped once they come up. */
struct redis_due {
    int64_t next_ms, id;
};

/* An adapter. */
struct redis_place {
    char *name; /* owned */
    struct redis_due *heap;
    size_t count, cap;
    bool served; /* it runs here: what others leave behind may be taken over */
    bool changed;
    struct redis_place *next_changed;
};

struct redis_index {
    struct redis_item *items; /* open addressing by id; id 0: free */
    size_t count, mask;
    struct redis_place **places; /* owned; in the order of names */
    size_t place_count, place_cap;
    struct redis_place *changed; /* the first of those that are to be told */
};

void redis_index_init(struct redis_index *ret);
void redis_index_finish(struct redis_index *index);

/* Forgets all deliveries, or one adapter's. Places stay. */
void redis_index_clear(struct redis_index *index, const struct redis_place *place);

struct redis_place *redis_index_place(struct redis_index *index, const char *name); /* makes it */
struct redis_place *redis_index_known(const struct redis_index *index, const char *name); /* NULL */

/* The next whose deliveries have changed since it was told last; NULL: no more. */
struct redis_place *redis_index_changed(struct redis_index *index);

/* Puts it in, or in the place of what was known of it. */
void redis_index_put(struct redis_index *index, const struct redis_item *item);
void redis_index_remove(struct redis_index *index, int64_t id);
const struct redis_item *redis_index_find(const struct redis_index *index, int64_t id);

/* Copies of what is due, longest first, at most `most` into ret. */
size_t redis_index_due(struct redis_index *index, struct redis_place *place, int64_t now_ms,
                       struct redis_item *ret, size_t most);
int64_t redis_index_next(struct redis_index *index,
                         struct redis_place *place); /* INT64_MAX: none */

/* What is due only after latest_ms becomes due at now_ms. */
void redis_index_hurry(struct redis_index *index, int64_t now_ms, int64_t latest_ms);

/*
 * The ids of those in the table's places from *at on, at most `most`; moves *at on. 0: the end. One
 * that is removed before it may keep another from being met.
 */
size_t redis_index_walk(const struct redis_index *index, size_t *at, int64_t *ret, size_t most);
