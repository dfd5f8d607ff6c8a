#pragma once

#include <stdint.h>

/*
 * Random numbers that are the same on every machine: splitmix64 (Steele, Lea, Flood 2014). Any
 * state will do to start with.
 */
static inline uint64_t random_draw(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Between -most and most. */
static inline float random_between(uint64_t *state, float most)
{
    return most * ((float)(random_draw(state) >> 40) / (float)(1 << 23) - 1);
}
