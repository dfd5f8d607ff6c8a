#include "bot/base/matrix.h"

#include <assert.h>
#include <string.h>

#include "bot/base/mem.h"

#ifdef WHETHER_WIDE
#include <immintrin.h>
#endif

void matrix_init(struct matrix *matrix, size_t inputs, size_t outputs)
{
    *matrix = (struct matrix){.inputs = inputs, .outputs = outputs};
    matrix->numbers =
        mem_alloc(matrix_inputs(matrix) * matrix_outputs(matrix) * sizeof(*matrix->numbers));
}

void matrix_finish(struct matrix *matrix)
{
    mem_free(matrix->numbers);
    matrix->numbers = NULL;
}

typedef void multiply_block(const int16_t *numbers, const int16_t *values, size_t pairs,
                            int32_t *sums);

static void multiply_anywhere(const int16_t *numbers, const int16_t *values, size_t pairs,
                              int32_t *sums)
{
    int32_t block[MATRIX_BLOCK] = {0};
    for (size_t p = 0; p < pairs; p++, numbers += 2 * MATRIX_BLOCK) {
        for (size_t k = 0; k < MATRIX_BLOCK; k++) {
            block[k] += values[2 * p] * numbers[2 * k] + values[2 * p + 1] * numbers[2 * k + 1];
        }
    }
    memcpy(sums, block, sizeof(block));
}

#ifdef WHETHER_WIDE
/* By hand: compilers find PMADDWD in sums of one output, which then ends in sums of lanes. */
#define AVX2 __attribute__((target("avx2")))

AVX2 static __m256i load(const void *numbers)
{
    return _mm256_loadu_si256(numbers);
}

AVX2 static __m256i add_products(__m256i sum, const int16_t *numbers, __m256i pair)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(load(numbers), pair));
}

AVX2 static void multiply_avx2(const int16_t *numbers, const int16_t *values, size_t pairs,
                               int32_t *sums)
{
    enum { LANES = 8, PAIRED = 2 * LANES };
    static_assert(MATRIX_BLOCK == 4 * LANES, "a block is four registers, named by hand");
    __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
    for (size_t p = 0; p < pairs; p++, numbers += 2 * MATRIX_BLOCK) {
        int32_t both;
        memcpy(&both, values + 2 * p, sizeof(both));
        __m256i pair = _mm256_set1_epi32(both);
        a = add_products(a, numbers, pair);
        b = add_products(b, numbers + PAIRED, pair);
        c = add_products(c, numbers + 2 * PAIRED, pair);
        d = add_products(d, numbers + 3 * PAIRED, pair);
    }
    _mm256_storeu_si256((void *)sums, a);
    _mm256_storeu_si256((void *)(sums + LANES), b);
    _mm256_storeu_si256((void *)(sums + 2 * LANES), c);
    _mm256_storeu_si256((void *)(sums + 3 * LANES), d);
}
#endif

static multiply_block *best_here(void)
{
#ifdef WHETHER_WIDE
    if (__builtin_cpu_supports("avx2")) {
        return multiply_avx2;
    }
#endif
    return multiply_anywhere;
}

void matrix_multiply(const struct matrix *matrix, const int16_t *values, int32_t *sums)
{
    multiply_block *multiply = best_here();
    size_t inputs = matrix_inputs(matrix), outputs = matrix_outputs(matrix);
    for (size_t k = 0; k < outputs; k += MATRIX_BLOCK) {
        multiply(matrix->numbers + k * inputs, values, inputs / 2, sums + k);
    }
}
