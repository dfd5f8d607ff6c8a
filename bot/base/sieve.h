#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A small picture of a large set of hashes (Bloom 1970, with one hash): what it does not know is
 * not in the set, and most of what is not in the set it does not know. It fits into a cache where
 * the set itself does not. Immutable once filled.
 */
struct sieve {
    uint64_t *bits; /* owned */
    unsigned shift; /* of a spread hash, to the number of its bit */
};

/* Sixteen bits for each of the count hashes, or up to twice as many: one in 16 others passes. */
void sieve_init(struct sieve *sieve, size_t count);
void sieve_finish(struct sieve *sieve); /* a zeroed one is fine */

/* FNV's own bits crowd for short words: see hash_place(). */
static inline size_t sieve_bit(const struct sieve *sieve, uint64_t hash)
{
    return (size_t)(hash * UINT64_C(0x9E3779B97F4A7C15) >> sieve->shift);
}

static inline void sieve_add(struct sieve *sieve, uint64_t hash)
{
    size_t bit = sieve_bit(sieve, hash);
    sieve->bits[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* False: the hash was never added. A zeroed sieve lets everything pass. */
static inline bool sieve_passes(const struct sieve *sieve, uint64_t hash)
{
    size_t bit = sieve_bit(sieve, hash);
    return !sieve->bits || (sieve->bits[bit / 64] >> bit % 64 & 1);
}
