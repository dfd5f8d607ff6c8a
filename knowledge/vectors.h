#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/base/file.h"

/*
 * Word vectors: for some 27,000 common English words a direction in 100 dimensions, near each
 * other for words of kin meaning. From words.vec (script/make-vectors.mjs says how it is made, and
 * its format). Immutable once loaded. Also serves as the list of words that are no typing errors.
 * The file stays mapped (bot/base/file.h: replace it by renaming): of its 3 MB only the pages of
 * words that are said come into memory, and common words lie together. Whoever changes it in place
 * changes what words mean.
 */
struct error;

/* A word's entry. Points into the file. */
struct vector {
    const int8_t *values; /* dims numbers, to be multiplied by scale: a vector of length 1 */
    float scale;
    uint16_t cluster; /* words of kin meaning share one */
    uint16_t rank;    /* commonness / 16: 0 = among the 16 commonest words; 65535 = rare */
};

enum { VECTORS_MAX = 1 << 18, VECTORS_NUMBER = 2 * VECTORS_MAX - 1 };

struct vectors {
    uint32_t dims, count;
    size_t mask;          /* of the open-addressing index */
    uint32_t *index;      /* owned: vectors_mark() of entries; 0 = free */
    struct file_map file; /* owned */
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

/*
 * What the index says of an entry: its number from 1 on in the bits of VECTORS_NUMBER, above it
 * some of the hash, so that hardly any other word's entry is looked at in vain.
 */
static inline uint32_t vectors_mark(uint32_t number, uint64_t word)
{
    return number + ((uint32_t)(word >> 32) & ~(uint32_t)VECTORS_NUMBER);
}
