/* knowledge/model: a good file, and every way to spoil one. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "knowledge/model.h"
#include "tests/unit/spoil.h"
#include "tests/unit/tiny.h"

enum { CLASSES = 2, DIMS = 3, FEATURES = 3, WEIGHTS = 4, HEAD = 8 + 8 + 16 };

/* The smallest file that has some of everything. */
static void put_model(struct buf *buf)
{
    static const uint32_t hashes[FEATURES] = {7, 71, 135}; /* all in one place of a small table */
    static const uint32_t firsts[FEATURES] = {0, 2, 3};
    static const char weights[WEIGHTS][2] = {{0, 5}, {1, -5}, {1, 127}, {0, -128}};
    buf_init(buf, 1 << 20);
    buf_append(buf, "WMDL1\0\0\0", 8);
    spoil_put_u32(buf, 0x89ABCDEF);
    spoil_put_u32(buf, 0x01234567);
    spoil_put_u32(buf, CLASSES);
    spoil_put_u32(buf, DIMS);
    spoil_put_u32(buf, FEATURES);
    spoil_put_u32(buf, WEIGHTS);
    for (int c = 0; c < CLASSES; c++) {
        buf_putc(buf, 4);
        buf_puts(buf, c ? "blue" : "pink");
        spoil_put_f32(buf, 0.5f);
        spoil_put_f32(buf, 0.25f);
        spoil_put_f32(buf, 0.125f);
        spoil_put_f32(buf, 0);
        buf_append(buf, c ? "\1\2\3" : "\4\5\6", DIMS);
    }
    for (int f = 0; f < FEATURES; f++) {
        spoil_put_u32(buf, hashes[f]);
        spoil_put_u32(buf, firsts[f]);
    }
    buf_append(buf, weights, sizeof(weights));
}

static bool load(const struct buf *buf, size_t len, struct model **ret, struct error *err)
{
    struct tiny_file file = {0};
    tiny_write(&file, "x.model", buf->data, len);
    bool fine = model_load(file.path, ret, err);
    tiny_unlink(&file);
    return fine;
}

static uint32_t count_of(const struct model *model, uint32_t hash)
{
    const struct model_feature *feature = model_find(model, hash);
    return feature ? feature->count : 0;
}

static void test_good(void **state)
{
    (void)state;
    struct buf buf;
    struct error err = {0};
    struct model *model = NULL;
    put_model(&buf);
    assert_true(load(&buf, buf.len, &model, &err));
    assert_true(model->corpus == UINT64_C(0x0123456789ABCDEF));
    assert_int_equal(model->class_count, CLASSES);
    assert_int_equal(model->dims, DIMS);
    assert_int_equal(model_class_find(model, "pink"), 0);
    assert_int_equal(model_class_find(model, "blue"), 1);
    assert_int_equal(model_class_find(model, "blu"), -1);
    assert_int_equal(model_class_find(NULL, "blue"), -1);
    assert_true(model->classes[1].bias == 0.5f && model->classes[1].scale == 0.25f);
    assert_true(model->stride == MODEL_BLOCK && model->columns[2 * MODEL_BLOCK + 1] == 3 * 0.125f);
    const struct model_feature *feature = model_find(model, 7);
    assert_non_null(feature);
    assert_int_equal(feature->count, 2);
    assert_int_equal(model->weights[feature->first + 1].cls, 1);
    assert_int_equal(model->weights[feature->first + 1].value, -5);
    assert_int_equal(count_of(model, 71), 1);
    assert_int_equal(count_of(model, 135), 1);
    assert_int_equal(model->weights[model_find(model, 135)->first].value, -128);
    assert_null(model_find(model, 8));
    assert_null(model_find(model, 199));
    model_destroy(model);
    model_destroy(NULL);
    buf_finish(&buf);
}

/* Files of the first version end before the net, those of the second before the trust. */
static void test_versions(void **state)
{
    (void)state;
    struct buf buf;
    struct error err = {0};
    struct model *model = NULL;
    put_model(&buf);
    assert_true(load(&buf, buf.len, &model, &err));
    assert_null(model->net);
    model_destroy(model);
    model = NULL;
    buf.data[4] = '2';
    assert_false(load(&buf, buf.len, &model, &err));
    spoil_put_u32(&buf, 0);
    assert_true(load(&buf, buf.len, &model, &err));
    assert_null(model->net);
    model_destroy(model);
    model = NULL;
    buf.data[4] = '3';
    assert_false(load(&buf, buf.len, &model, &err));
    spoil_put_u32(&buf, 1);
    spoil_put_u32(&buf, 77);
    buf_putc(&buf, 5);
    assert_true(load(&buf, buf.len, &model, &err));
    assert_int_equal(model->trust.count, 1);
    assert_int_equal(trust_find(&model->trust, 77), 5);
    model_destroy(model);
    model = NULL;
    buf.data[4] = '4';
    assert_false(load(&buf, buf.len, &model, &err));
    buf.data[4] = '0';
    assert_false(load(&buf, buf.len, &model, &err));
    buf.data[4] = '2';
    assert_false(load(&buf, buf.len, &model, &err));
    buf.len -= 9;
    buf.data[buf.len - 4] = 95;
    assert_false(load(&buf, buf.len, &model, &err));
    assert_null(model);
    buf_finish(&buf);
}

/* A feature has a weight for each class at most: where the next one begins says how many. */
static void test_too_many_weights(void **state)
{
    (void)state;
    enum { CLASS = 1 + 4 + 16 + DIMS, SECOND_FIRST = HEAD + CLASSES * CLASS + 8 + 4 };
    struct buf buf;
    struct error err = {0};
    struct model *model = NULL;
    put_model(&buf);
    assert_int_equal(buf.data[SECOND_FIRST], 2);
    buf.data[SECOND_FIRST] = CLASSES + 1;
    assert_false(load(&buf, buf.len, &model, &err));
    buf.data[SECOND_FIRST] = 1;
    assert_true(load(&buf, buf.len, &model, &err));
    assert_int_equal(count_of(model, 7), 1);
    assert_int_equal(count_of(model, 71), 2);
    model_destroy(model);
    buf_finish(&buf);
}

/* A feature that most classes weigh has a row, by class; the weights of others stay pairs. */
static void test_rows(void **state)
{
    (void)state;
    enum { WIDE = MODEL_BLOCK + 1, MANY = MODEL_BLOCK };
    struct buf buf;
    struct error err = {0};
    struct model *model = NULL;
    buf_init(&buf, 1 << 20);
    buf_append(&buf, "WMDL1\0\0\0\0\0\0\0\0\0\0\0", 16);
    spoil_put_u32(&buf, WIDE);
    spoil_put_u32(&buf, 0);
    spoil_put_u32(&buf, 3);
    spoil_put_u32(&buf, MANY + 3);
    for (int c = 0; c < WIDE; c++) {
        buf_putc(&buf, 1);
        buf_putc(&buf, (char)('a' + c));
        for (int i = 0; i < 4; i++) {
            spoil_put_f32(&buf, 0);
        }
    }
    static const uint32_t features[][2] = {{5, 0}, {6, 2}, {7, 2 + MANY}};
    for (size_t i = 0; i < ARRAY_LEN(features); i++) {
        spoil_put_u32(&buf, features[i][0]);
        spoil_put_u32(&buf, features[i][1]);
    }
    buf_append(&buf, "\3\11\4\12", 4);
    for (int k = 0; k < MANY; k++) {
        buf_putc(&buf, (char)(k + 1)); /* every class but the first */
        buf_putc(&buf, (char)-k);
    }
    buf_append(&buf, "\20\21", 2);
    assert_true(load(&buf, buf.len, &model, &err));
    const struct model_feature *few = model_find(model, 5), *many = model_find(model, 6),
                               *one = model_find(model, 7);
    assert_false(model_has_row(model, few));
    assert_true(model_has_row(model, many));
    assert_false(model_has_row(model, one));
    for (int c = 0; c < (int)model->stride; c++) {
        bool weighed = c >= 1 && c <= MANY;
        assert_int_equal(model->rows[many->first * model->stride + (size_t)c], weighed ? 1 - c : 0);
    }
    assert_int_equal(model->weights[few->first + 1].cls, 4);
    assert_int_equal(model->weights[few->first + 1].value, 10);
    assert_int_equal(model->weights[one->first].cls, 16);
    assert_int_equal(model->weights[one->first].value, 17);
    model_destroy(model);
    buf_finish(&buf);
}

/* What is accepted must be safe to use, whatever it says. */
static void use(const struct model *model)
{
    long sum = 0;
    for (uint32_t hash = 0; hash < 256; hash++) {
        const struct model_feature *feature = model_find(model, hash);
        bool row = feature && model_has_row(model, feature);
        for (size_t c = 0; row && c < model->class_count; c++) {
            sum += model->rows[feature->first * model->stride + c];
        }
        for (uint32_t k = 0; feature && !row && k < feature->count; k++) {
            assert_true(feature->first + k < model->weight_count);
            assert_true(model->weights[feature->first + k].cls < model->class_count);
            sum += model->weights[feature->first + k].value;
        }
    }
    for (uint32_t c = 0; c < model->class_count; c++) {
        assert_true(strlen(model->classes[c].name) < sizeof(model->classes[c].name));
        for (uint32_t d = 0; d < model->dims; d++) {
            sum += model->columns[d * model->stride + c] != 0;
        }
    }
    assert_true(sum > -100000 && sum < 100000);
}

static bool try(const struct buf *buf, size_t len)
{
    struct error err = {0};
    struct model *model = NULL;
    bool fine = load(buf, len, &model, &err);
    assert_true(fine || (model == NULL && err.text[0] != '\0'));
    if (fine) {
        use(model);
    }
    model_destroy(model);
    return fine;
}

static void test_spoilt(void **state)
{
    (void)state;
    static const struct spoil_fault faults[] = {
        {"another magic", 0, 'X'},
        {"another version", 4, '3'},
        {"no class", 16, 0},
        {"more classes than fit", 16, 200},
        {"more classes than there are", 16, 3},
        {"other dimensions", 20, 4},
        {"far too many dimensions", 22, 1},
        {"more features than there are", 24, 4},
        {"far too many features", 27, 0x7F},
        {"more weights than there are", 28, 5},
        {"fewer weights than there are", 28, 3},
        {"far too many weights", 31, 0x7F},
        {"a name that is too long", HEAD, 200},
        {"a feature 0", HEAD + 2 * (5 + 16 + DIMS), 0},
        {"weights in no order", HEAD + 2 * (5 + 16 + DIMS) + 4, 3},
        {"weights past the end", HEAD + 2 * (5 + 16 + DIMS) + 20, 9},
        {"a weight of no class", HEAD + 2 * (5 + 16 + DIMS) + 24, 2},
    };
    struct buf buf;
    put_model(&buf);
    spoil_length(&buf, try);
    spoil_bits(&buf, 8, try);
    spoil_bytes(&buf, faults, ARRAY_LEN(faults), try);
    buf_finish(&buf);
}

static void test_no_file(void **state)
{
    (void)state;
    struct model *model = NULL;
    assert_false(model_load("/nowhere/x.model", &model, NULL));
    assert_null(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_too_many_weights),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_spoilt),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
