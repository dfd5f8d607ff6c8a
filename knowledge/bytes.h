#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Takes numbers (little endian) off the front of bytes that somebody else wrote. What would reach
 * past the end, or is no usable number, makes the whole bad for good: takers go on getting zeroes
 * and NULL, and who is done looks at `bad` once. The bytes are borrowed.
 */
struct bytes {
    const unsigned char *data;
    size_t size, at;
    bool bad;
};

/* Learned numbers are near 1: what is far beyond, or no number, is none. */
static const float bytes_number_max = 1e9f;

static inline const unsigned char *bytes_take(struct bytes *b, size_t len)
{
    if (b->bad || b->size - b->at < len) {
        b->bad = true;
        return NULL;
    }
    b->at += len;
    return b->data + b->at - len;
}

static inline uint32_t bytes_u32_at(const unsigned char *u)
{
    return u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

static inline uint32_t bytes_u32(struct bytes *b)
{
    const unsigned char *u = bytes_take(b, 4);
    return u ? bytes_u32_at(u) : 0;
}

static inline uint64_t bytes_u64(struct bytes *b)
{
    uint32_t low = bytes_u32(b);
    return low | (uint64_t)bytes_u32(b) << 32;
}

static inline int16_t bytes_i16(struct bytes *b)
{
    const unsigned char *u = bytes_take(b, 2);
    return u ? (int16_t)(u[0] | u[1] << 8) : 0;
}

static inline float bytes_f32(struct bytes *b)
{
    uint32_t bits = bytes_u32(b);
    float value;
    memcpy(&value, &bits, sizeof(value));
    b->bad = b->bad || !(value > -bytes_number_max && value < bytes_number_max);
    return value;
}
