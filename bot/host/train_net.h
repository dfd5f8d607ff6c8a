#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/reader/net.h"

/*
 * Fits the convolutional net of a pack's topics (knowledge/net.h) to what train.c has read, by Adam
 * on the cross-entropy of each class, and writes it as the section of a model's file. Same lessons,
 * same bytes, however many processors there are: random numbers are its own, and sums have a fixed
 * order. Knows neither texts nor packs: words are what net_look() sees of them, classes are
 * numbers.
 */
struct buf;
struct feature_source;
struct vectors;

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

/* What a class of the model is about. */
struct net_class {
    uint8_t situation;
    bool denied;
    bool any; /* denying, whatever it is that is denied */
};

typedef void train_net_progress(void *context, size_t done, size_t all); /* in epochs */

/*
 * Appends the section to *ret. vectors: of at most NET_DIMS_MAX dimensions. progress may be NULL.
 */
void train_net(const struct lessons *lessons, const struct vectors *vectors,
               const struct net_class *classes, size_t class_count, train_net_progress *progress,
               void *context, struct buf *ret);
