/*
 * knowledge/net and reader/net: a section and every way to spoil it; scores against plain sums in
 * double precision, whatever was read before.
 */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/reader/feature.h"
#include "bot/reader/net.h"
#include "bot/reader/read.h"
#include "bot/training/net_file.h"
#include "knowledge/bytes.h"
#include "tests/unit/spoil.h"
#include "tests/unit/tiny.h"

enum { CLASSES = 2, WORDS = 3, ROWS = NET_SHAPES + WORDS, INPUTS = TINY_DIMS + NET_FLAGS };

static const char *const known[WORDS] = {"barley", "clerk", "winter"};

/* A net of numbers that no two filters share. */
struct sample {
    uint64_t words[ROWS];
    float rows[ROWS * TINY_DIMS], taps[NET_WORD * INPUTS], biases[NET_POOLED];
    float outputs[CLASSES * NET_POOLED], output_biases[CLASSES];
};

static struct sample sample;
static struct tiny_vectors vectors;
static struct net_work work, other_work;

static void fill(float *ret, size_t count, float most)
{
    static uint32_t state = 12345;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        ret[i] = most * ((float)(state >> 8) / (float)(1 << 23) - 1);
    }
}

static void put_sample(struct buf *ret, float most)
{
    for (size_t i = 0; i < WORDS; i++) {
        sample.words[NET_SHAPES + i] = hash_bytes(known[i], strlen(known[i]));
    }
    fill(sample.rows, ARRAY_LEN(sample.rows), most);
    fill(sample.taps, ARRAY_LEN(sample.taps), most);
    fill(sample.biases, ARRAY_LEN(sample.biases), most / 4);
    fill(sample.outputs, ARRAY_LEN(sample.outputs), most / 8);
    fill(sample.output_biases, ARRAY_LEN(sample.output_biases), most);
    struct net_plain plain = {.dims = TINY_DIMS,
                              .inputs = INPUTS,
                              .class_count = CLASSES,
                              .row_count = ROWS,
                              .words = sample.words,
                              .rows = sample.rows,
                              .taps = sample.taps,
                              .biases = sample.biases,
                              .outputs = sample.outputs,
                              .output_biases = sample.output_biases};
    buf_init(ret, 1 << 20);
    net_file_put(&plain, ret);
}

static bool take(const struct buf *buf, size_t len, struct net **ret)
{
    struct bytes bytes = {.data = (const unsigned char *)buf->data, .size = len};
    return net_take(&bytes, CLASSES, ret) && bytes.at == len;
}

static struct net *take_sample(float most)
{
    struct net *net = NULL;
    struct buf buf;
    put_sample(&buf, most);
    assert_true(take(&buf, buf.len, &net));
    buf_finish(&buf);
    return net;
}

/* ---- the section ---- */

static void test_round_trip(void **state)
{
    (void)state;
    struct net *net = take_sample(1);
    struct net_row row;
    assert_int_equal(net->dims, TINY_DIMS);
    assert_int_equal(net->classes, CLASSES);
    assert_true(net->id != 0);
    for (size_t i = 0; i < WORDS; i++) {
        assert_true(net_find(net, sample.words[NET_SHAPES + i], &row));
        for (size_t d = 0; d < TINY_DIMS; d++) {
            float want = sample.rows[(NET_SHAPES + i) * TINY_DIMS + d];
            assert_true(fabsf(row.scale * row.values[d] - want) <= row.scale / 2 + 1e-6f);
        }
    }
    assert_false(net_find(net, hash_bytes("pebble", 6), &row));
    row = net_shape_find(net, NET_UNKNOWN);
    assert_true(fabsf(row.scale * row.values[1] - sample.rows[NET_UNKNOWN * TINY_DIMS + 1]) <=
                row.scale / 2 + 1e-6f);
    for (size_t k = 0; k < NET_WORD; k++) {
        float flag = sample.taps[k * INPUTS + TINY_DIMS + 3];
        assert_int_equal(net->flags[3][k], lroundf(flag * NET_ONE));
    }
    assert_int_equal(net->taps.inputs, TINY_DIMS);
    net_destroy(net);
    net_destroy(NULL);
}

static void test_none(void **state)
{
    (void)state;
    struct net *net = (struct net *)&sample;
    struct buf buf;
    buf_init(&buf, 16);
    net_file_put_none(&buf);
    assert_true(take(&buf, buf.len, &net));
    assert_null(net);
    buf_finish(&buf);
}

enum { HEAD = 6 * 4, FIRST_ROW = HEAD + NET_SHAPES * (4 + TINY_DIMS) };
enum { FIRST_TAP = FIRST_ROW + WORDS * (8 + 4 + TINY_DIMS), TAP = 4 + TINY_DIMS + 2 * NET_FLAGS };
enum { FIRST_BIAS = FIRST_TAP + NET_WORD * TAP, FIRST_OUTPUT = FIRST_BIAS + 2 * NET_POOLED };

static bool try(const struct buf *buf, size_t len)
{
    struct net *net = NULL;
    struct bytes bytes = {.data = (const unsigned char *)buf->data, .size = len};
    bool fine = net_take(&bytes, CLASSES, &net);
    assert_true(fine || net == NULL);
    net_destroy(net);
    return fine && bytes.at == len;
}

static void test_spoilt(void **state)
{
    (void)state;
    static const struct spoil_fault faults[] = {
        {"other filters", 0, 95},
        {"far more filters", 3, 1},
        {"other widths", 4, 2},
        {"no dimension", 8, 0},
        {"more dimensions than there are", 8, 3},
        {"far too many dimensions", 9, 1},
        {"other flags", 12, 7},
        {"other shapes", 16, 5},
        {"more rows than there are", 20, 4},
        {"fewer rows than there are", 20, 2},
        {"far too many rows", 23, 0x7F},
        {"a shape's scale that is no number", HEAD + 3, 0x7F},
        {"a row's scale that is no number", FIRST_ROW + 11, 0x7F},
        {"a tap's scale that is no number", FIRST_TAP + 3, 0x7F},
        {"a flag beyond the limit", FIRST_TAP + 4 + TINY_DIMS + 1, 3},
        {"a flag far below it", FIRST_TAP + 4 + TINY_DIMS + 1, 0x80},
        {"a bias beyond the limit", FIRST_BIAS + 1, 0x20},
        {"a class's bias that is no number", FIRST_OUTPUT + 3, 0x7F},
        {"a class's scale that is no number", FIRST_OUTPUT + 7, 0xFF},
    };
    struct buf buf;
    put_sample(&buf, 1);
    spoil_length(&buf, try);
    spoil_bits(&buf, 4, try); /* the number of filters */
    spoil_bytes(&buf, faults, ARRAY_LEN(faults), try);
    buf_finish(&buf);
}

/* ---- scores ---- */

static struct feature_source source_of(const struct reading *reading)
{
    return (struct feature_source){&reading->tokens,
                                   &reading->matches,
                                   &reading->scopes,
                                   &vectors.table,
                                   tiny_knowledge.packs[reading->pack],
                                   reading->pack};
}

/* One tap's sum over a word, of the numbers as the file keeps them. */
static double tap_sum(const struct net *net, const struct net_input *input, size_t k)
{
    struct net_row row = net_shape_find(net, (enum net_shape)input->shape);
    struct vector vector;
    if (input->word && !net_find(net, input->word, &row) &&
        vectors_find(&vectors.table, input->word, &vector)) {
        row = (struct net_row){vector.values, NET_LENGTH * vector.scale};
    }
    double sum = 0;
    for (size_t d = 0; d < net->dims; d++) {
        sum += (double)row.scale * row.values[d] * (double)net->tap_scales[k] *
               *matrix_at(&net->taps, k, d);
    }
    for (size_t f = 0; f < NET_FLAGS; f++) {
        sum += input->flags >> f & 1 ? net->flags[f][k] / (double)NET_ONE : 0;
    }
    return sum;
}

/* The filter's value with its newest word at `place`, words outside the unit counting nothing. */
static double filter_at(const struct net *net, const struct net_input *inputs, int count,
                        size_t width, size_t filter, int place)
{
    static const size_t first_tap[] = {0, 0, 1, 3};
    double sum = 0;
    for (size_t n = 0; n < width; n++) {
        int i = place - (int)(width - 1 - n);
        if (i >= 0 && i < count) {
            sum += tap_sum(net, &inputs[i], (first_tap[width] + n) * NET_FILTERS + filter);
        }
    }
    return sum;
}

static void score_plainly(const struct net *net, const struct net_input *inputs, int count,
                          double *scores, double *ret_error)
{
    *ret_error = 1e-3;
    for (size_t c = 0; c < CLASSES; c++) {
        scores[c] = (double)net->output_biases[c];
    }
    for (size_t k = 0; k < NET_POOLED; k++) {
        size_t width = k / NET_FILTERS + 1;
        double most = -1e9;
        for (int place = 0; place < count + (int)width - 1; place++) {
            double value = filter_at(net, inputs, count, width, k % NET_FILTERS, place);
            most = value > most ? value : most;
        }
        most += net->biases[k] / (double)NET_ONE;
        for (size_t c = 0; c < CLASSES; c++) {
            double weight =
                (double)net->output_scales[c] * NET_ONE * *matrix_at(&net->outputs, c, k);
            scores[c] += most > 0 ? weight * most : 0;
            /* Each word is rounded once to the nearest of NET_ONE. */
            *ret_error += fabs(weight) * (double)width * 0.51 / NET_ONE;
        }
    }
}

static void check_unit(const struct net *net, const struct reading *reading, uint32_t first,
                       uint32_t last)
{
    static struct net_input inputs[NET_WINDOW];
    struct feature_source source = source_of(reading);
    double plain[CLASSES], error;
    float scores[CLASSES], cold[CLASSES];
    net_look(inputs, &source, first, last);
    score_plainly(net, inputs, (int)(last - first + 1), plain, &error);
    net_score(net, &work, &source, first, last, scores);
    memset(&other_work, 0, sizeof(other_work));
    net_score(net, &other_work, &source, first, last, cold);
    for (size_t c = 0; c < CLASSES; c++) {
        if (!(fabs(plain[c] - (double)scores[c]) <= error)) {
            fail_msg("%u-%u: %f, plainly %f (%f)", first, last, (double)scores[c], plain[c], error);
        }
        assert_true(scores[c] == cold[c]);
    }
}

static const char *const texts[] = {
    "barley",
    "no barley",
    "The clerk counts barley by hand all winter, and Zorba pays 400 for it.",
    "We don't keep barley. Would orion or lyra count the granary for the clerk?",
    "last winter they said the harbour mattered most, the rest is nice to have",
};

static void test_scores(void **state)
{
    struct net *nets[] = {take_sample(1), take_sample(1.5f)};
    for (size_t i = 0; i < ARRAY_LEN(texts) * 2; i++) {
        const struct reading *reading = tiny_read(*state, texts[i / 2]);
        uint32_t count = reading->tokens.count;
        net_forget(&work);
        for (uint32_t first = 0; first < count; first++) {
            for (uint32_t last = first; last < count; last++) {
                check_unit(nets[i % 2], reading, first, last);
            }
        }
    }
    net_destroy(nets[0]);
    net_destroy(nets[1]);
}

/* A sentence first and its parts from the same window, in any order. */
static void test_window(void **state)
{
    struct net *net = take_sample(1);
    const struct reading *reading = tiny_read(*state, texts[2]);
    uint32_t last = reading->tokens.count - 1;
    static const uint32_t firsts[] = {0, 3, 1, 0, 5};
    net_forget(&work);
    for (size_t i = 0; i < ARRAY_LEN(firsts); i++) {
        check_unit(net, reading, firsts[i], last - (uint32_t)i);
    }
    assert_int_equal(work.first, 0);
    assert_int_equal(work.count, last + 1);
    net_destroy(net);
}

/* The words of another message at the same places are others. */
static void test_forget(void **state)
{
    struct net *net = take_sample(1);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const struct reading *reading = tiny_read(*state, texts[i]);
        net_forget(&work);
        check_unit(net, reading, 0, 0);
    }
    net_destroy(net);
}

static void test_looks(void **state)
{
    struct net_input inputs[NET_WINDOW];
    const struct reading *reading =
        tiny_read(*state, "Zorba has 12 of them, not the granary. Is orion slow?");
    struct feature_source source = source_of(reading);
    net_look(inputs, &source, 0, reading->tokens.count - 1);
    uint32_t granary = tiny_word(reading, "granary"), orion = tiny_word(reading, "orion");
    assert_int_equal(inputs[0].shape, NET_CAPITAL);
    assert_true(inputs[0].word == reading->tokens.items[0].word);
    assert_int_equal(inputs[0].flags, 0);
    assert_int_equal(inputs[2].shape, NET_NUMBER);
    assert_true(inputs[2].word == 0);
    assert_int_equal(inputs[granary].shape, NET_UNKNOWN);
    assert_int_equal(inputs[granary].flags, 1 | 1 << 7); /* denied, and a cue */
    assert_int_equal(inputs[orion].shape, NET_MASKED);
    assert_true(inputs[orion].word == 0);
    assert_int_equal(inputs[orion].flags, 1 << 6); /* asked */
    struct net_input one;
    net_look(&one, &source, granary, granary);
    assert_memory_equal(&one.word, &inputs[granary].word, sizeof(one.word));
    assert_int_equal(one.flags, inputs[granary].flags);
}

/* Numbers at all limits: nothing overflows (UBSan sees it), nothing is less than it should be. */
static void test_limits(void **state)
{
    const struct reading *reading = tiny_read(*state, texts[3]);
    struct feature_source source = source_of(reading);
    float scores[CLASSES];
    for (int sign = -1; sign <= 1; sign += 2) {
        struct net *net = take_sample(1);
        for (size_t k = 0; k < NET_WORD; k++) {
            net->tap_scales[k] = (float)sign * 1e9f;
            for (size_t f = 0; f < NET_FLAGS; f++) {
                net->flags[f][k] = (int16_t)(sign * NET_FLAG_LIMIT);
            }
        }
        for (size_t k = 0; k < NET_POOLED; k++) {
            net->biases[k] = (int16_t)(sign * NET_BIAS_LIMIT);
            *matrix_at(&net->outputs, 0, k) = 127;
            *matrix_at(&net->outputs, 1, k) = -128;
        }
        net->id = (uint64_t)(sign + 2);
        net_forget(&work);
        net_score(net, &work, &source, 0, reading->tokens.count - 1, scores);
        assert_true(isfinite(scores[0]) && isfinite(scores[1]));
        assert_true(scores[0] >= net->output_biases[0] && scores[1] <= net->output_biases[1]);
        net_destroy(net);
    }
}

static void test_fits(void **state)
{
    (void)state;
    struct net *net = take_sample(1);
    struct vectors others = {.dims = TINY_DIMS + 1};
    assert_true(net_fits(net, &vectors.table));
    assert_false(net_fits(net, NULL));
    assert_false(net_fits(NULL, &vectors.table));
    assert_false(net_fits(net, &others));
    net_destroy(net);
}

/* "barley" and words that were never said before. */
static void write_rare(char *ret, size_t size, unsigned number)
{
    size_t len = (size_t)snprintf(ret, size, "barley");
    for (unsigned i = 0; i < 60; i++, number++) {
        len += (size_t)snprintf(ret + len, size - len, " z%c%cq%c%cx", 'a' + number % 26,
                                'a' + number / 26 % 26, 'a' + number / 676 % 26, 'a' + i % 26);
    }
}

static size_t place_kept(uint64_t word)
{
    size_t place = 0;
    while (place < NET_CACHE && work.keys[place].word != word) {
        place++;
    }
    return place;
}

/* However many rare words come by, what is said again and again stays. */
static void test_memory(void **state)
{
    struct net *net = take_sample(1);
    char text[1024];
    size_t place = NET_CACHE;
    memset(&work, 0, sizeof(work));
    for (unsigned number = 0; number < 4 * NET_CACHE; number += 60) {
        write_rare(text, sizeof(text), number);
        const struct reading *reading = tiny_read(*state, text);
        struct feature_source source = source_of(reading);
        float scores[CLASSES];
        assert_int_equal(reading->tokens.count, 61);
        net_forget(&work);
        net_score(net, &work, &source, 0, 60, scores);
        place = number ? place : place_kept(reading->tokens.items[0].word);
        assert_true(place < NET_CACHE);
        assert_int_equal(place_kept(reading->tokens.items[0].word), place);
        assert_int_equal(work.keys[place].used, work.looks - 60);
    }
    /* All places are taken, so that words did have to give way. */
    assert_int_equal(place_kept(0), NET_CACHE);
    net_destroy(net);
}

static int setup(void **state)
{
    tiny_vector(&vectors, "harbour", 500, 90, -90);
    tiny_vector(&vectors, "counts", 500, -40, 120);
    tiny_vector(&vectors, "barley", 500, 1, 2);
    return tiny_setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_none),
        cmocka_unit_test(test_spoilt),     cmocka_unit_test(test_scores),
        cmocka_unit_test(test_window),     cmocka_unit_test(test_forget),
        cmocka_unit_test(test_looks),      cmocka_unit_test(test_limits),
        cmocka_unit_test(test_fits),       cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests_name("net", tests, setup, tiny_teardown);
}
