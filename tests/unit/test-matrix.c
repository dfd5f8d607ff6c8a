/* The product of a matrix and a vector against sums by hand, and the sieve before a set. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "bot/base/hash.h"
#include "bot/base/matrix.h"
#include "bot/base/mem.h"
#include "bot/base/sieve.h"

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

enum { MEMBERS = 3000, STRANGERS = 100000 };

static uint64_t name(unsigned n)
{
    char text[12];
    size_t len = 0;
    for (; n || len == 0; n /= 26) {
        text[len++] = (char)('a' + n % 26);
    }
    return hash_bytes(text, len);
}

/* What was added passes; of the rest few do, even if names are as short and alike as words. */
static void test_sieve(void **state)
{
    (void)state;
    struct sieve sieve = {0};
    assert_true(sieve_passes(&sieve, name(1)));
    sieve_init(&sieve, MEMBERS);
    assert_false(sieve_passes(&sieve, name(1)));
    for (unsigned n = 0; n < MEMBERS; n++) {
        sieve_add(&sieve, name(n));
    }
    unsigned passed = 0;
    for (unsigned n = 0; n < MEMBERS + STRANGERS; n++) {
        bool passes = sieve_passes(&sieve, name(n));
        assert_true(passes || n >= MEMBERS);
        passed += passes && n >= MEMBERS;
    }
    assert_true(passed < STRANGERS / 12);
    sieve_finish(&sieve);
    sieve_finish(&sieve);
    sieve_init(&sieve, 0);
    assert_false(sieve_passes(&sieve, name(1)));
    sieve_finish(&sieve);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product),
        cmocka_unit_test(test_sieve),
    };
    return cmocka_run_group_tests_name("matrix", tests, NULL, NULL);
}
