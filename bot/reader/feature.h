#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/reader/scope.h"

/*
 * What a linear model sees of a run of words: hashed features, the same in training and in use.
 * Words and pairs of
 * words by their stems, once plain and once with what their scope is (denied, aside ...); pieces
 * of words of four and five letters;
 * the cues in it with their polarity; and the mean of its words' vectors. Names of options are
 * all one word to the model.
 */
struct model;
struct pack;
struct vectors;

enum { FEATURES_MAX = 4096, DENSE_MAX = 128 };

struct feature {
    uint32_t hash;
    float value;
};

struct features {
    struct feature items[FEATURES_MAX];
    uint32_t count;
    float dense[DENSE_MAX]; /* length 1, or all 0 */
    uint32_t dims;
};

/* What features are taken from: one reading's stages. Borrowed. */
struct feature_source {
    const struct tokens *tokens;
    const struct matches *matches;
    const struct scopes *scopes;
    const struct vectors *vectors; /* may be NULL */
    const struct pack *pack;       /* whose cues count */
    int16_t pack_number;
};

/* 32-bit hash of a feature's name: kind of feature and up to two parts. Never 0. */
uint32_t feature_hash(char kind, uint64_t a, uint64_t b);

void features_clear(struct features *features);
void features_add(struct features *features, uint32_t hash, float value);

/* Of the words first..last, as the topics see them. */
void features_of_unit(struct features *ret, const struct feature_source *source, uint32_t first,
                      uint32_t last);

/*
 * Of a whole text, as the kind of message sees it; `prefix` sets apart the surfaces that read
 * differently.
 */
void features_of_text(struct features *ret, const struct feature_source *source, char prefix);

/* Of the words first..last, of those of a text that ask: besides what features_of_text() adds. */
void features_of_question(struct features *ret, const struct feature_source *source, uint32_t first,
                          uint32_t last, char prefix);

/* Adds bias, weights and vector: scores[class_count]. */
void model_score(const struct model *model, const struct features *features, float *scores);
