#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/reader/feature.h"

/*
 * What the linear models learn from, as train.c reads it off the corpus: features as LIBLINEAR
 * wants them, numbered from 1 on, and labels. Those of few features that are seen once only are
 * left out. Knows nothing of how the weights are found (train_fit.h).
 */
struct feature_node; /* LIBLINEAR's */

struct example {
    struct feature_node *nodes; /* owned; once numbered: by number, index -1 ends them */
    uint32_t *hashes;           /* owned: of the features as they came, `count` of them */
    uint32_t count;
    float dense[DENSE_MAX];
    uint64_t stated, denied; /* labels for topics */
    uint64_t open;           /* situations for which this example says nothing */
    bool aside;              /* says something of the past, of others ... */
    int kind;
    int talk; /* conversation it comes from, -1 none */
};

/* Zero it first; examples_finish() frees it. */
struct examples {
    struct example *items; /* owned */
    size_t count, cap;
    uint32_t dims;          /* numbers of a vector: the first features */
    uint32_t feature_count; /* dims included; the bias is one more */
    uint32_t *hash_of;      /* owned: by number */
};

/* What numbers of a vector are multiplied by, so that they count beside the other features. */
static const double examples_dense_factor = 1.5;

/* Copies the features. The new example is valid until the next one, its labels are the caller's. */
struct example *examples_add(struct examples *examples, const struct features *features);

/* Once, after the last one was added. */
void examples_number(struct examples *examples);
void examples_finish(struct examples *examples);
