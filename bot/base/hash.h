#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv): the identity of words everywhere. Never
 * 0.
 */
static inline uint64_t hash_bytes(const char *bytes, size_t len)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211u;
    }
    return hash ? hash : 1;
}

/*
 * Where a hash belongs in a table of mask + 1 places (a power of two, at most 2^32). FNV's own
 * bits crowd for short
 * words, so they are spread first (Fibonacci hashing; Knuth, TAOCP 6.4).
 */
static inline size_t hash_place(uint64_t hash, size_t mask)
{
    return (size_t)(hash * UINT64_C(0x9E3779B97F4A7C15) >> 32) & mask;
}
