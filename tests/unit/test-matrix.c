/* The product of a matrix and a vector against sums by hand. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "bot/base/matrix.h"
#include "bot/base/mem.h"

enum { INPUTS_MAX = 300, OUTPUTS_MAX = 600 };

/* Whole range of a signed byte, in no order. */
static int16_t number(size_t output, size_t input)
{
    uint64_t hash = (output * 1009 + input + 1) * UINT64_C(0x9E3779B97F4A7C15);
    return (int16_t)((int)(hash >> 40 & 0xFF) - 128);
}

static void check_product(size_t inputs, size_t outputs, int16_t most)
{
    struct matrix matrix;
    int16_t values[INPUTS_MAX + 1] = {0};
    int32_t sums[OUTPUTS_MAX + MATRIX_BLOCK];
    matrix_init(&matrix, inputs, outputs);
    assert_true(matrix_inputs(&matrix) % 2 == 0 && matrix_inputs(&matrix) - inputs < 2);
    assert_true(matrix_outputs(&matrix) - outputs < MATRIX_BLOCK);
    for (size_t d = 0; d < inputs; d++) {
        values[d] = (int16_t)(d % 2 ? most : -most + (int16_t)d);
        for (size_t k = 0; k < outputs; k++) {
            *matrix_at(&matrix, k, d) = number(k, d);
        }
    }
    values[inputs] = 77; /* what fills up an odd count meets zeroes */
    matrix_multiply(&matrix, values, sums);
    for (size_t k = 0; k < matrix_outputs(&matrix); k++) {
        int32_t want = 0;
        for (size_t d = 0; k < outputs && d < inputs; d++) {
            want += values[d] * number(k, d);
        }
        if (sums[k] != want) {
            fail_msg("%zu inputs, %zu outputs: number %zu is %d, not %d", inputs, outputs, k,
                     sums[k], want);
        }
    }
    matrix_finish(&matrix);
    matrix_finish(&matrix);
}

static void test_product(void **state)
{
    static const size_t inputs[] = {1, 2, 3, 100, 101, 288}, outputs[] = {1, 31, 32, 33, 47, 576};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        for (size_t k = 0; k < ARRAY_LEN(outputs); k++) {
            check_product(inputs[i], outputs[k], 127);
            check_product(inputs[i], outputs[k], INT16_MAX);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product),
    };
    return cmocka_run_group_tests_name("matrix", tests, NULL, NULL);
}
