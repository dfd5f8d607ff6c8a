#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/base/sieve.h"

/*
 * Word vectors: for some 27,000 common English words a direction in 100 dimensions, near each
 * other for words of kin
 * meaning. From words.vec (script/make-vectors.mjs says how it is made, and its format).
 * Immutable once loaded. Also
 * serves as the list of words that are no typing errors.
 */
struct error;

/* A word's entry. Points into the table's bytes. */
struct vector {
    const int8_t *values; /* dims numbers, to be multiplied by scale: a vector of length 1 */
    float scale;
    uint16_t cluster; /* words of kin meaning share one */
    uint16_t rank;    /* commonness / 16: 0 = among the 16 commonest words; 65535 = rare */
};

struct vectors {
    uint32_t dims, count;
    struct sieve words; /* asked first: typing errors look for hundreds of words that are none */
    size_t mask;        /* of the open-addressing index */
    uint32_t *index;    /* owned: places of entries in bytes; 0 = free */
    char *bytes;        /* owned: the file */
    size_t size;
};

/*
 * On failure *ret is untouched and err tells why (missing, damaged, not such a file) in a sentence
 * that starts after the path. *ret is owned by the caller.
 */
bool vectors_load(const char *path, struct vectors **ret, struct error *err);
void vectors_destroy(struct vectors *vectors); /* NULL is fine */

/* word: hash_bytes() of its letters. False when it is not in the table, or vectors is NULL. */
bool vectors_find(const struct vectors *vectors, uint64_t word, struct vector *ret);
bool vectors_has(const struct vectors *vectors, uint64_t word);
