#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/reader/net.h"

/*
 * What the net of a pack's topics learns from, as train.c reads it off the corpus: words as
 * net_look() sees them, and labels by situation. Owns its arrays; grows without bounds of its own.
 */
struct feature_source;

/* Words first..last of the lessons, and which situations they state, deny, say nothing about. */
struct lesson_unit {
    uint32_t first, last;
    uint64_t stated, denied, open;
    bool silent; /* says nothing of whether it denies anything */
};

/*
 * What is learned together: a clause, or a conversation. Each unit by its own labels; or, `best`,
 * the unit that says most of what the whole states or denies, while all units that are not open are
 * examples of what it does not.
 */
struct lesson {
    uint32_t first_unit, unit_count;
    uint32_t first_word, word_count;
    bool best;
    uint64_t stated, denied, open; /* of the whole, when `best` */
};

/* Zero it first; lessons_finish() frees it. */
struct lessons {
    struct net_input *words;
    struct lesson_unit *units;
    struct lesson *items;
    size_t word_count, word_cap, unit_count, unit_cap, count, cap;
};

/* The new lesson: valid until the next one. What is added from now on belongs to it. */
struct lesson *lessons_begin(struct lessons *lessons);

/* Adds the words 0..count - 1 of a reading; returns the number of the first one. */
uint32_t lessons_add_words(struct lessons *lessons, const struct feature_source *source,
                           uint32_t count);
void lessons_add_unit(struct lessons *lessons, struct lesson_unit unit);
void lessons_finish(struct lessons *lessons);
