#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Products of small whole numbers: a matrix of 16-bit numbers times a vector, in 32-bit sums, the
 * same on every machine. The matrix lies as the multiply-and-add of pairs of x86 (PMADDWD) wants
 * it: by blocks of outputs, in them by pairs of inputs, the two numbers of an output side by side.
 * Knows nothing of what the numbers mean; no sum may exceed 32 bits.
 */
enum { MATRIX_BLOCK = 32 };

struct matrix {
    size_t inputs, outputs; /* as they were asked for */
    int16_t *numbers;       /* owned */
};

void matrix_init(struct matrix *matrix, size_t inputs, size_t outputs); /* zeroes */
void matrix_finish(struct matrix *matrix);                              /* a zeroed one is fine */

/* What is asked for, and what fills it up: even inputs, whole blocks of outputs. */
static inline size_t matrix_inputs(const struct matrix *matrix)
{
    return (matrix->inputs + 1) / 2 * 2;
}

static inline size_t matrix_outputs(const struct matrix *matrix)
{
    return (matrix->outputs + MATRIX_BLOCK - 1) / MATRIX_BLOCK * MATRIX_BLOCK;
}

static inline int16_t *matrix_at(const struct matrix *matrix, size_t output, size_t input)
{
    size_t block = output / MATRIX_BLOCK * matrix_inputs(matrix) * MATRIX_BLOCK;
    return matrix->numbers + block + input / 2 * 2 * MATRIX_BLOCK + output % MATRIX_BLOCK * 2 +
           input % 2;
}

/* sums[matrix_outputs()], values[matrix_inputs()]; what fills up the values counts nothing. */
void matrix_multiply(const struct matrix *matrix, const int16_t *values, int32_t *sums);
