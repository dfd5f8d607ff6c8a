#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "knowledge/trust.h"

/*
 * A trained model in memory: linear, for each class a bias and a weight per feature, features known
 * by 32-bit hashes (which: bot/reader/feature.h), weights cut to eight bits; and for topics a small
 * convolutional net for the same classes (net.h). Written by `whether train`, read here; immutable
 * once loaded.
 * File (little endian): "WMDL3\0\0\0", u64 corpus hash, u32 classes, u32 dims, u32 features, u32
 * weights; per class u8 length + name, f32 bias, f32 scale, f32 dense scale, f32 0, dims x i8;
 * features x {u32 hash, u32 first}; weights x {u8 class, i8 weight}; the net's section, and
 * that of trust.h. Of older files "WMDL2\0\0\0" ends with the net, "WMDL1\0\0\0" with the
 * weights.
 */
struct error;
struct net;

/* MODEL_BLOCK: classes whose sums are made at once; a row of columns is filled up to that. */
enum { MODEL_CLASSES_MAX = 160, MODEL_BLOCK = 16, MODEL_WEIGHTS_MAX = (1 << 24) - 1 };

struct model_class {
    char name[80]; /* an id of the pack (PACK_ID_MAX) and what of it */
    float bias, scale;
};

struct model_weight {
    uint8_t cls;
    int8_t value;
};

struct model_feature {
    uint32_t hash;                  /* never 0 */
    uint32_t first : 24, count : 8; /* weights[first..], or the number of a row */
};

/*
 * A table of places that holds no free ones: most features that are looked for are in no model, and
 * these bits, few enough for a processor's cache, tell so.
 */
enum { MODEL_PLACES = 32 };

struct model_places {
    uint32_t taken;  /* a bit a place */
    uint32_t before; /* how many are taken in all earlier ones */
};

struct model {
    uint64_t corpus; /* hash of what it was trained on */
    uint32_t class_count, dims, feature_count, weight_count;
    struct model_class classes[MODEL_CLASSES_MAX];
    size_t mask;                    /* of the features' places, open addressing by hash */
    struct model_places *places;    /* owned: which places are taken */
    struct model_feature *features; /* owned: of the places that are taken, in their order */
    struct model_weight *weights;   /* owned: of features with few */
    int8_t *rows;                   /* owned: of those with many, `stride` each, by class */
    size_t stride;                  /* class_count and what fills it up to whole blocks */
    float *columns;  /* owned: dims x stride, the vector's weights, ready to be multiplied */
    struct net *net; /* owned, NULL without one */
    struct trust trust;
};

/*
 * On failure *ret is untouched and err tells what is wrong in a sentence that starts after the
 * path. *ret is owned by the caller.
 */
bool model_load(const char *path, struct model **ret, struct error *err);
void model_destroy(struct model *model);                           /* NULL is fine */
int model_class_find(const struct model *model, const char *name); /* -1: none */

static inline bool model_is_taken(const struct model *model, size_t place)
{
    return model->places[place / MODEL_PLACES].taken >> place % MODEL_PLACES & 1;
}

/* Warren, Hacker's Delight 5-1. */
static inline uint32_t model_bits(uint32_t bits)
{
    bits -= bits >> 1 & 0x55555555;
    bits = (bits & 0x33333333) + (bits >> 2 & 0x33333333);
    return ((bits + (bits >> 4)) & 0x0F0F0F0F) * 0x01010101 >> 24;
}

/* Where the feature of a taken place lies. Here, as what follows: a message looks for hundreds. */
static inline const struct model_feature *model_feature_at(const struct model *model, size_t place)
{
    const struct model_places *places = &model->places[place / MODEL_PLACES];
    uint32_t earlier = places->taken & ((UINT32_C(1) << place % MODEL_PLACES) - 1);
    return model->features + places->before + model_bits(earlier);
}

/*
 * The feature, from `at` on, which lies at the place that its hash leads to and is not the one if
 * another came first. NULL when it carries no weight.
 */
static inline const struct model_feature *
model_find_from(const struct model *model, const struct model_feature *at, uint32_t hash)
{
    size_t place = hash & model->mask;
    while (at->hash != hash) {
        place = (place + 1) & model->mask;
        if (!model_is_taken(model, place)) {
            return NULL;
        }
        at = place ? at + 1 : model->features;
    }
    return at;
}

/* NULL when the feature carries no weight. */
static inline const struct model_feature *model_find(const struct model *model, uint32_t hash)
{
    size_t place = hash & model->mask;
    return model_is_taken(model, place)
               ? model_find_from(model, model_feature_at(model, place), hash)
               : NULL;
}

/*
 * Whether the feature's weights are a row: where it has one for every other class or more, a row is
 * smaller than pairs of class and weight, and quicker to add. Common words have rows.
 */
static inline bool model_has_row(const struct model *model, const struct model_feature *feature)
{
    return feature->count * sizeof(*model->weights) >= model->stride;
}

/* Starts what the weights' reader would wait for, so that many can be on their way at once. */
static inline void model_prefetch_weights(const struct model *model,
                                          const struct model_feature *feature)
{
    if (model_has_row(model, feature)) {
        __builtin_prefetch(model->rows + feature->first * model->stride);
    } else {
        __builtin_prefetch(model->weights + feature->first);
    }
}
