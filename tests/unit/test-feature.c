/* reader/feature: what a linear model sees, and what it makes of it. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/mem.h"
#include "bot/reader/feature.h"
#include "bot/reader/read.h"
#include "knowledge/model.h"
#include "knowledge/vectors.h"
#include "tests/unit/tiny.h"

static struct features one, two;

static struct feature_source source_of(const struct reading *reading, const struct vectors *vectors)
{
    return (struct feature_source){&reading->tokens,
                                   &reading->matches,
                                   &reading->scopes,
                                   vectors,
                                   tiny_knowledge.packs[reading->pack],
                                   reading->pack};
}

/* The features of the words first..last of a text; last -1: to the end. */
static void take(struct tiny *tiny, const char *text, uint32_t first, int last,
                 struct features *ret)
{
    const struct reading *reading = tiny_read(tiny, text);
    struct feature_source source = source_of(reading, NULL);
    uint32_t end_word = last < 0 ? reading->tokens.count - 1 : (uint32_t)last;
    features_of_unit(ret, &source, first, end_word);
}

static bool same(const struct features *a, const struct features *b)
{
    return a->count == b->count &&
           memcmp(a->items, b->items, a->count * sizeof(a->items[0])) == 0 && a->dims == b->dims &&
           memcmp(a->dense, b->dense, sizeof(a->dense)) == 0;
}

static void test_hash(void **state)
{
    (void)state;
    assert_int_equal(feature_hash('w', 1, 2), feature_hash('w', 1, 2));
    assert_int_not_equal(feature_hash('w', 1, 2), feature_hash('b', 1, 2));
    assert_int_not_equal(feature_hash('w', 1, 2), feature_hash('w', 2, 1));
    assert_int_not_equal(feature_hash('w', 1, 2), feature_hash('w', 1, 3));
    /* Few collisions: pairs of small numbers are what many features are made of. */
    enum { SIDE = 200 };
    static uint8_t seen[1 << 20];
    size_t again = 0;
    for (uint64_t a = 0; a < SIDE; a++) {
        for (uint64_t b = 0; b < SIDE; b++) {
            uint32_t hash = feature_hash('w', a, b);
            assert_int_not_equal(hash, 0);
            size_t bit = hash % (8 * sizeof(seen));
            again += seen[bit / 8] >> (bit % 8) & 1;
            seen[bit / 8] |= (uint8_t)(1 << (bit % 8));
        }
    }
    /* 40,000 in 8 M places: some 95 by chance. */
    assert_true(again < 300);
}

static void test_add_and_clear(void **state)
{
    (void)state;
    features_clear(&one);
    for (uint32_t i = 0; i < FEATURES_MAX + 10; i++) {
        features_add(&one, i + 1, 1);
    }
    assert_int_equal(one.count, FEATURES_MAX);
    one.dims = 3;
    one.dense[2] = 1;
    features_clear(&one);
    assert_int_equal(one.count, 0);
    assert_int_equal(one.dims, 0);
    assert_true(one.dense[2] == 0);
}

static void test_same_and_different(void **state)
{
    static const struct {
        const char *what, *a, *b;
        bool same;
    } rows[] = {
        {"the same text", "a granary burns", "a granary burns", true},
        {"capitals", "a granary burns", "A GRANARY burns", true},
        {"punctuation at the end", "a granary burns", "a granary burns!", true},
        {"bold", "a granary burns", "a **granary** burns", true},
        {"another option", "orion burns slowly", "lyra burns slowly", true},
        {"another number", "some 20 sheep", "some 31 sheep", true},
        {"another word", "a granary burns", "a harbour burns", false},
        {"another order", "granary burns harbour", "harbour burns granary", false},
        {"a denial", "with a granary", "without a granary", false},
        {"struck out", "a granary burns", "a ~~granary~~ burns", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        take(*state, rows[i].a, 0, -1, &one);
        take(*state, rows[i].b, 0, -1, &two);
        assert_true(one.count > 0);
        if (same(&one, &two) != rows[i].same) {
            fail_msg("%s", rows[i].what);
        }
    }
}

/* Where in a text words stand makes no difference: training sees them alone. */
static void test_place(void **state)
{
    take(*state, "a granary burns", 0, -1, &one);
    take(*state, "Good. So be it. A granary burns. Indeed.", 4, 6, &two);
    assert_true(same(&one, &two));
}

static void test_values(void **state)
{
    static const char *const texts[] = {"a",     "no",    "a granary burns by the harbour",
                                        "1 2 3", "orion", "\xd0\xb6\xd0\xb6\xd0\xb6\xd0\xb6"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        take(*state, texts[i], 0, -1, &one);
        assert_true(one.count > 0 && one.count <= FEATURES_MAX);
        for (uint32_t k = 0; k < one.count; k++) {
            assert_int_not_equal(one.items[k].hash, 0);
            assert_true(isfinite(one.items[k].value));
            assert_true(one.items[k].value >= 0 && one.items[k].value <= 1);
        }
    }
}

static void test_long_unit(void **state)
{
    enum { WORDS = 4000 };
    char *bytes = malloc(WORDS * 8 + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < WORDS; i++) {
        memcpy(bytes + i * 8, "granary ", 9);
    }
    take(*state, bytes, 0, -1, &one);
    assert_true(one.count <= FEATURES_MAX);
    free(bytes);
}

static void test_whole_text(void **state)
{
    const struct reading *reading = tiny_read(*state, "Orion or Lyra?");
    struct feature_source source = source_of(reading, NULL);
    features_of_text(&one, &source, 'd');
    features_of_text(&two, &source, 'a');
    assert_true(one.count > 0);
    assert_false(same(&one, &two));
    reading = tiny_read(*state, "");
    source = source_of(reading, NULL);
    features_of_text(&one, &source, 'd');
    assert_int_equal(one.count, 1);
}

/* A table of two words in two dimensions. */
static void test_dense(void **state)
{
    static struct tiny_vectors vectors;
    tiny_vector(&vectors, "granary", 500, 127, 0);
    tiny_vector(&vectors, "harbour", 500, 0, 127);
    static const struct {
        const char *text;
        double x, y;
    } rows[] = {
        {"a granary", 1, 0},       {"a harbour", 0, 1},
        {"granary granary", 1, 0}, {"granary and harbour", 0.70711, 0.70711},
        {"neither word", 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct reading *reading = tiny_read(*state, rows[i].text);
        struct feature_source source = source_of(reading, &vectors.table);
        features_of_unit(&one, &source, 0, reading->tokens.count - 1);
        assert_int_equal(one.dims, 2);
        bool near = fabs((double)one.dense[0] - rows[i].x) < 0.001 &&
                    fabs((double)one.dense[1] - rows[i].y) < 0.001;
        if (!near) {
            fail_msg("%s: %g %g", rows[i].text, (double)one.dense[0], (double)one.dense[1]);
        }
    }
}

/* Two classes, two features, two dimensions: small enough to reckon by hand. */
static void test_score(void **state)
{
    (void)state;
    enum { RED = 101, BLUE = 202, GREEN = 303 };
    static float columns[2 * MODEL_BLOCK] = {[0] = 1, [MODEL_BLOCK + 1] = -1};
    static struct model_weight weights[] = {{0, 100}, {1, -100}, {1, 50}};
    static int8_t row[MODEL_BLOCK] = {10, 20};
    static struct model_feature features[] = {
        {BLUE, 2, 1}, {RED, 0, 2}, {GREEN, 0, MODEL_BLOCK / 2}}; /* by their last 6 bits */
    static struct model_places places[2] = {{1 << BLUE % 32, 0},
                                            {UINT32_C(1) << RED % 32 | 1 << GREEN % 32, 1}};
    struct model model = {.class_count = 2,
                          .dims = 2,
                          .feature_count = ARRAY_LEN(features),
                          .weight_count = 3,
                          .mask = 63,
                          .places = places,
                          .features = features,
                          .stride = MODEL_BLOCK,
                          .columns = columns,
                          .rows = row,
                          .weights = weights};
    model.classes[0] = (struct model_class){.name = "zero", .bias = 1, .scale = 0.01f};
    model.classes[1] = (struct model_class){.name = "one", .bias = -1, .scale = 0.02f};
    static const struct {
        const char *what;
        struct feature items[3];
        uint32_t count;
        float x, y;
        double zero, one;
    } rows[] = {
        {"nothing: the bias", {{0, 0}}, 0, 0, 0, 1, -1},
        {"an unknown feature", {{999, 1}}, 1, 0, 0, 1, -1},
        {"red", {{RED, 1}}, 1, 0, 0, 2, -3},
        {"half red", {{RED, 0.5f}}, 1, 0, 0, 1.5, -2},
        {"blue", {{BLUE, 1}}, 1, 0, 0, 1, 0},
        {"red and blue", {{RED, 1}, {BLUE, 1}}, 2, 0, 0, 2, -2},
        {"green, which has a row", {{GREEN, 1}}, 1, 0, 0, 1.1, -0.6},
        {"twice red", {{RED, 1}, {RED, 1}}, 2, 0, 0, 3, -5},
        {"east", {{0, 0}}, 0, 1, 0, 2, -1},
        {"north", {{0, 0}}, 0, 0, 1, 1, -2},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        float scores[MODEL_CLASSES_MAX];
        features_clear(&one);
        for (uint32_t k = 0; k < rows[i].count; k++) {
            features_add(&one, rows[i].items[k].hash, rows[i].items[k].value);
        }
        one.dims = 2;
        one.dense[0] = rows[i].x;
        one.dense[1] = rows[i].y;
        model_score(&model, &one, scores);
        if (fabs((double)scores[0] - rows[i].zero) > 1e-4 ||
            fabs((double)scores[1] - rows[i].one) > 1e-4) {
            fail_msg("%s: %g %g", rows[i].what, (double)scores[0], (double)scores[1]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_add_and_clear),
        cmocka_unit_test(test_same_and_different),
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_long_unit),
        cmocka_unit_test(test_whole_text),
        cmocka_unit_test(test_dense),
        cmocka_unit_test(test_score),
    };
    return cmocka_run_group_tests_name("feature", tests, tiny_setup, tiny_teardown);
}
