#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "knowledge/net.h"

/*
 * What the files of train_net.h share: the numbers that are learned (train_net.c), and what one
 * lesson says of how they should change (train_net_lesson.c).
 */
struct lessons;
struct net_class;
struct net_trainer;

enum {
    WORKERS = 2, /* fixed: who adds up what must not depend on the machine */
    BLOCK = 32,  /* filters that are computed at once */
    BLOCKS = NET_WORD / BLOCK,
};

/*
 * All numbers that every batch changes lie in one array: taps (NET_WORD x inputs), biases, outputs
 * (classes x NET_POOLED), their biases.
 */
struct layout {
    size_t inputs; /* dims and flags */
    size_t biases, outputs, output_biases, size;
};

/* One half of each batch: what its lessons come to, and how that should change the numbers. */
struct worker {
    struct net_trainer *trainer;
    const uint32_t *lessons; /* its part of the batch */
    size_t lesson_count;
    float *slopes;     /* owned: of the loss, by number of the layout */
    float *row_slopes; /* owned: rows x dims */
    bool *touched;     /* owned: by row */
    /* Scratch for one lesson, owned, by word: */
    float *x, *mask, *taps, *x_slopes;
    /* by unit: */
    float *pooled, *kept, *scores, *score_slopes;
    int32_t *winners; /* the newest word of each filter's best place */
};

struct net_trainer {
    const struct lessons *lessons;
    const struct net_class *classes;
    size_t class_count;
    struct layout layout;
    size_t dims, row_count, tuned_count; /* rows: shapes and tuned words, then words for good */
    uint32_t *row_of;                    /* owned: by word of the lessons */
    uint64_t *row_words;                 /* owned */
    float *rows;                         /* owned: row_count x dims */
    float *row_means, *row_squares;      /* owned: Adam's, of the tuned ones */
    float *numbers, *means, *squares;    /* owned: by number of the layout */
    float *blocks; /* owned: the taps once more, BLOCKS x inputs x BLOCK, as they are used */
    struct worker workers[WORKERS];
    uint64_t random;
    size_t round, pass, step; /* pass: over all lessons */
    float rate, batch_rows;
};

/* Goes through lesson `number` and adds the slopes of its loss to the worker's. */
void train_net_lesson(struct worker *worker, uint32_t number);
