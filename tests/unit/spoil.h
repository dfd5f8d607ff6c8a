#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Every way to spoil a good file of bytes, for tests of what loads one. Knows no format.
 */
struct buf;

/*
 * Loads the first len bytes, uses whatever it has got as hard as it can, and frees it. True when
 * they were accepted. Fails the test where a refusal leaves something behind or gives no reason.
 */
typedef bool spoil_try(const struct buf *file, size_t len);

/* A byte that makes the file wrong, and how. */
struct spoil_fault {
    const char *what;
    size_t at;
    unsigned char byte;
};

/* No part of it from the beginning is accepted, nor the whole with a byte behind it. */
void spoil_length(struct buf *file, spoil_try *try);

/* Bits of each byte in turn: none of the first `fixed` may differ, and what is accepted is used. */
void spoil_bits(struct buf *file, size_t fixed, spoil_try *try);

/* Each of these makes it be refused. The file is what it was afterwards. */
void spoil_bytes(struct buf *file, const struct spoil_fault *faults, size_t count, spoil_try *try);

/* How such files keep numbers: little-endian. */
void spoil_put_u32(struct buf *file, uint32_t value);
void spoil_put_f32(struct buf *file, float value);
