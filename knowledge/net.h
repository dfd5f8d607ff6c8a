#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/base/matrix.h"

/*
 * A small convolutional net over words in memory, as the tail of a model's file holds it (model.h):
 * tuned vectors of words, filters one, two and three words wide, and a layer from the best place of
 * each filter to the model's classes. Numbers are whole and small, so that every machine computes
 * the same scores (how: bot/reader/net.h). Immutable once loaded.
 *
 * In the file (little endian), after the weights: u32 filters, 0: no net and nothing more; else
 *   u32 widths, u32 dims, u32 flags, u32 shapes, u32 rows;
 *   shapes x {f32 scale, dims x i8}; rows x {u64 hash of the word, f32 scale, dims x i8};
 *   for each of the taps (width 1; width 2: older word, newer; width 3: oldest to newest) and each
 *   filter {f32 scale, dims x i8, flags x i16}; widths x filters x i16 biases;
 *   for each class {f32 bias, f32 scale, widths x filters x i8}.
 * What has no scale counts in NET_ONEths.
 */
struct bytes;

enum {
    NET_FILTERS = 96, /* of each width */
    NET_WIDTHS = 3,
    NET_TAPS = 1 + 2 + 3,
    NET_WORD = NET_TAPS * NET_FILTERS,     /* numbers that a word adds to what filters see */
    NET_POOLED = NET_WIDTHS * NET_FILTERS, /* numbers that the classes see */
    NET_FLAGS = 8,                         /* what the reader says of each word, by bit */
    NET_DIMS_MAX = 128,
    NET_ROWS_MAX = 1 << 17,
    NET_ONE = 256,
    NET_LENGTH = 3, /* of a word's vector, where words.vec says 1 */
};

/*
 * Limits in NET_ONEths: three words with all flags and a bias stay within 16 bits, so that nobody
 * downstream checks.
 */
enum { NET_TAP_LIMIT = 4096, NET_FLAG_LIMIT = 512, NET_BIAS_LIMIT = 8191 };

/* What a word looks like to the net when it is not known by itself. */
enum net_shape { NET_NUMBER, NET_MASKED, NET_CAPITAL, NET_UNKNOWN, NET_SHAPES };

/* A word's vector: dims numbers, to be multiplied by scale. */
struct net_row {
    const int8_t *values;
    float scale;
};

struct net {
    uint64_t id; /* hash of the net's bytes, never 0: marks results that are kept */
    uint32_t dims, rows, classes;
    size_t mask;
    uint32_t *index;    /* owned, open addressing: number of a row + 1, 0 = free */
    uint64_t *words;    /* owned: a hash a row */
    float *row_scales;  /* owned: those of the shapes, then of the rows */
    int8_t *row_values; /* owned, dims each, in the same order */
    struct matrix taps; /* dims to NET_WORD, tap by tap */
    float tap_scales[NET_WORD];
    int16_t flags[NET_FLAGS][NET_WORD];
    int16_t biases[NET_POOLED];
    struct matrix outputs;                /* NET_POOLED to classes */
    float *output_scales, *output_biases; /* owned, by class */
};

/*
 * Takes the section off the bytes, which end with it. *ret: the net, owned by the caller, or NULL
 * when the section says that there is none. False, and *ret untouched, when it is damaged.
 */
bool net_take(struct bytes *bytes, uint32_t classes, struct net **ret);
void net_destroy(struct net *net); /* NULL is fine */

/* False when the word has no row of its own. */
bool net_find(const struct net *net, uint64_t word, struct net_row *ret);
/* What stands for words that have no vector at all; every shape has one. */
struct net_row net_shape_find(const struct net *net, enum net_shape shape);
