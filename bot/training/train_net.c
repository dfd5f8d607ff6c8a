#include "bot/training/train_net.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/reader/feature.h"
#include "bot/training/lessons.h"
#include "bot/training/net_file.h"
#include "bot/training/random.h"
#include "bot/training/train_net_inside.h"
#include "knowledge/vectors.h"

/*
 * Set on conversations that were read while tuning (docs/reading.md): flat around these values.
 */
enum {
    ROUNDS = 20,
    STEADY_ROUNDS = 8,  /* then each round's steps are shorter than the last one's */
    BATCH = 64,         /* clauses, or conversations */
    STEPS_LEAST = 1600, /* a small corpus is gone through several times a round */
    TUNED_FROM = 2,     /* times that a word is seen */
};
static const float start_rate = 0.002f, rate_decay = 0.85f, row_rate = 0.3f;

/* Adam's usual constants (Kingma and Ba 2015). */
static const float adam_mean = 0.9f, adam_square = 0.999f, adam_least = 1e-8f;

/* ---- rows: which vector each word has ---- */

struct word_table {
    uint64_t *words;
    uint32_t *seen, *rows;
    size_t mask;
};

static size_t word_place(const struct word_table *table, uint64_t word)
{
    size_t i = hash_place(word, table->mask);
    while (table->words[i] && table->words[i] != word) {
        i = (i + 1) & table->mask;
    }
    return i;
}

static void count_words(const struct lessons *lessons, struct word_table *ret)
{
    size_t places = 1024;
    while (places < lessons->word_count * 3 / 2) {
        places *= 2;
    }
    *ret = (struct word_table){mem_alloc(places * sizeof(*ret->words)),
                               mem_alloc(places * sizeof(*ret->seen)),
                               mem_alloc(places * sizeof(*ret->rows)), places - 1};
    for (size_t i = 0; i < lessons->word_count; i++) {
        uint64_t word = lessons->words[i].word;
        size_t place = word_place(ret, word);
        ret->words[place] = word;
        ret->seen[place] += word != 0;
    }
}

static uint32_t add_row(struct net_trainer *t, const struct vectors *vectors, uint64_t word)
{
    struct vector vector;
    float *row = t->rows + t->row_count * t->dims;
    if (vectors_find(vectors, word, &vector)) {
        for (size_t d = 0; d < t->dims; d++) {
            row[d] = NET_LENGTH * vector.scale * (float)vector.values[d];
        }
    }
    t->row_words[t->row_count] = word;
    return (uint32_t)t->row_count++;
}

/* Rows for the words that are seen often enough, or those that are not but have a vector. */
static void add_rows(struct net_trainer *t, const struct vectors *vectors, struct word_table *table,
                     bool tuned)
{
    for (size_t i = 0; i < t->lessons->word_count; i++) {
        uint64_t word = t->lessons->words[i].word;
        size_t place = word_place(table, word);
        bool often = table->seen[place] >= TUNED_FROM;
        if (word && table->rows[place] == 0 && often == tuned &&
            (tuned || vectors_has(vectors, word))) {
            table->rows[place] = add_row(t, vectors, word);
        }
    }
}

static void make_rows(struct net_trainer *t, const struct vectors *vectors)
{
    struct word_table table;
    size_t most = t->lessons->word_count + NET_SHAPES;
    count_words(t->lessons, &table);
    t->rows = mem_alloc(most * t->dims * sizeof(*t->rows));
    t->row_words = mem_alloc(most * sizeof(*t->row_words));
    t->row_of = mem_alloc((t->lessons->word_count + 1) * sizeof(*t->row_of));
    t->row_count = NET_SHAPES;
    add_rows(t, vectors, &table, true);
    t->tuned_count = t->row_count;
    add_rows(t, vectors, &table, false);
    for (size_t i = 0; i < t->lessons->word_count; i++) {
        const struct net_input *word = &t->lessons->words[i];
        uint32_t row = word->word ? table.rows[word_place(&table, word->word)] : 0;
        t->row_of[i] = row ? row : word->shape;
    }
    t->row_means = mem_alloc(t->tuned_count * t->dims * sizeof(*t->row_means));
    t->row_squares = mem_alloc(t->tuned_count * t->dims * sizeof(*t->row_squares));
    mem_free(table.words);
    mem_free(table.seen);
    mem_free(table.rows);
}

/* ---- a batch ---- */

static void *work(void *context)
{
    struct worker *w = context;
    for (size_t i = 0; i < w->lesson_count; i++) {
        train_net_lesson(w, w->lessons[i]);
    }
    return NULL;
}

/* ---- Adam ---- */

/* Steps against the slopes of both workers, and clears them. */
static void adam(const struct net_trainer *t, float rate, float *restrict numbers,
                 float *restrict means, float *restrict squares, float *restrict slopes,
                 float *restrict others, size_t count)
{
    float mean_part = 1 - powf(adam_mean, (float)t->step);
    float square_part = sqrtf(1 - powf(adam_square, (float)t->step));
    float step = rate / mean_part;
    for (size_t i = 0; i < count; i++) {
        float slope = slopes[i] + others[i];
        means[i] = adam_mean * means[i] + (1 - adam_mean) * slope;
        squares[i] = adam_square * squares[i] + (1 - adam_square) * slope * slope;
        numbers[i] -= step * means[i] / (sqrtf(squares[i]) / square_part + adam_least);
        slopes[i] = others[i] = 0;
    }
}

/* The taps of some filters, as convolve_block() wants them. */
static void fill_blocks(struct net_trainer *t, size_t from, size_t to)
{
    size_t inputs = t->layout.inputs;
    for (size_t k = from; k < to; k++) {
        float *block = t->blocks + k / BLOCK * inputs * BLOCK + k % BLOCK;
        for (size_t n = 0; n < inputs; n++) {
            block[n * BLOCK] = t->numbers[k * inputs + n];
        }
    }
}

static void step_numbers(struct net_trainer *t, size_t from, size_t to)
{
    adam(t, t->rate, t->numbers + from, t->means + from, t->squares + from,
         t->workers[0].slopes + from, t->workers[1].slopes + from, to - from);
}

static void step_row(struct net_trainer *t, size_t row)
{
    struct worker *a = &t->workers[0], *b = &t->workers[1];
    if (a->touched[row] || b->touched[row]) {
        size_t at = row * t->dims;
        adam(t, t->rate * row_rate, t->rows + at, t->row_means + at, t->row_squares + at,
             a->row_slopes + at, b->row_slopes + at, t->dims);
        a->touched[row] = b->touched[row] = false;
    }
}

/* One worker's share of the step: half of the taps, of the other numbers and of the rows. */
static void *step(void *context)
{
    const struct worker *w = context;
    struct net_trainer *t = w->trainer;
    size_t number = (size_t)(w - t->workers), inputs = t->layout.inputs;
    size_t taps = NET_WORD / WORKERS, rest = (t->layout.size - t->layout.biases) / 2;
    size_t middle = t->layout.biases + rest;
    step_numbers(t, number * taps * inputs, (number + 1) * taps * inputs);
    fill_blocks(t, number * taps, (number + 1) * taps);
    step_numbers(t, number ? middle : t->layout.biases, number ? t->layout.size : middle);
    for (size_t row = number; row < t->tuned_count; row += WORKERS) {
        step_row(t, row);
    }
    return NULL;
}

/* ---- batches ---- */

static size_t rows_of(const struct lesson *lesson)
{
    return lesson->best ? 1 : lesson->unit_count;
}

/* Both workers at once, where the system has a thread for the second. */
static void do_both(struct net_trainer *t, void *(*part)(void *worker))
{
    pthread_t thread;
    bool threaded = pthread_create(&thread, NULL, part, &t->workers[1]) == 0;
    part(&t->workers[0]);
    if (threaded) {
        pthread_join(thread, NULL);
    } else {
        part(&t->workers[1]);
    }
}

/* Halves of about as many words each. */
static void learn_batch(struct net_trainer *t, const uint32_t *lessons, size_t count)
{
    size_t words = 0, half = 0, cut = 0;
    for (size_t i = 0; i < count; i++) {
        words += t->lessons->items[lessons[i]].word_count;
    }
    while (cut < count && half * 2 < words) {
        half += t->lessons->items[lessons[cut++]].word_count;
    }
    t->workers[0].lessons = lessons;
    t->workers[0].lesson_count = cut;
    t->workers[1].lessons = lessons + cut;
    t->workers[1].lesson_count = count - cut;
    do_both(t, work);
    t->step++;
    do_both(t, step);
}

static void shuffle(uint64_t *random, uint32_t *items, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)(random_draw(random) % i);
        uint32_t item = items[i - 1];
        items[i - 1] = items[other];
        items[other] = item;
    }
}

static void learn_all_once(struct net_trainer *t, uint32_t *order, size_t count)
{
    shuffle(&t->random, order, count);
    for (size_t i = 0; i < count;) {
        size_t rows = 0, from = i;
        while (i < count && rows < BATCH) {
            rows += rows_of(&t->lessons->items[order[i++]]);
        }
        t->batch_rows = (float)rows;
        learn_batch(t, order + from, i - from);
    }
    t->pass++;
}

static void learn_round(struct net_trainer *t, uint32_t *order, size_t count)
{
    size_t least = STEPS_LEAST * (t->round + 1) / ROUNDS;
    t->rate *= t->round >= STEADY_ROUNDS ? rate_decay : 1;
    do {
        learn_all_once(t, order, count);
    } while (count > 0 && t->step < least);
}

/* ---- begin and end ---- */

static float *floats(size_t count)
{
    return mem_alloc((count + 1) * sizeof(float));
}

static void worker_begin(struct net_trainer *t, struct worker *w)
{
    size_t words = 0, units = 0;
    for (size_t i = 0; i < t->lessons->count; i++) {
        const struct lesson *lesson = &t->lessons->items[i];
        words = lesson->word_count > words ? lesson->word_count : words;
        units = lesson->unit_count > units ? lesson->unit_count : units;
    }
    *w = (struct worker){.trainer = t,
                         .slopes = floats(t->layout.size),
                         .row_slopes = floats(t->tuned_count * t->dims),
                         .touched = mem_alloc(t->tuned_count * sizeof(bool)),
                         .x = floats(words * t->layout.inputs),
                         .mask = floats(words * t->dims),
                         .taps = floats(words * NET_WORD),
                         .x_slopes = floats(words * t->dims),
                         .pooled = floats(units * NET_POOLED),
                         .kept = floats(units * NET_POOLED),
                         .scores = floats(units * t->class_count),
                         .score_slopes = floats(units * t->class_count),
                         .winners = mem_alloc((units + 1) * NET_POOLED * sizeof(int32_t))};
}

static void worker_end(struct worker *w)
{
    float *const owned[] = {w->slopes,   w->row_slopes, w->x,    w->mask,   w->taps,
                            w->x_slopes, w->pooled,     w->kept, w->scores, w->score_slopes};
    for (size_t i = 0; i < ARRAY_LEN(owned); i++) {
        mem_free(owned[i]);
    }
    mem_free(w->touched);
    mem_free(w->winners);
}

static void draw_numbers(struct net_trainer *t, size_t from, size_t count, size_t fan_in)
{
    for (size_t i = from; i < from + count; i++) {
        t->numbers[i] = random_between(&t->random, 1 / sqrtf((float)fan_in));
    }
}

static void trainer_begin(struct net_trainer *t, const struct vectors *vectors)
{
    static const size_t widths[NET_TAPS] = {1, 2, 2, 3, 3, 3};
    t->dims = vectors->dims;
    struct layout *l = &t->layout;
    l->inputs = t->dims + NET_FLAGS;
    l->biases = NET_WORD * l->inputs;
    l->outputs = l->biases + NET_POOLED;
    l->output_biases = l->outputs + t->class_count * NET_POOLED;
    l->size = l->output_biases + t->class_count;
    t->numbers = floats(l->size);
    t->means = floats(l->size);
    t->squares = floats(l->size);
    t->blocks = floats(NET_WORD * l->inputs);
    for (size_t tap = 0; tap < NET_TAPS; tap++) {
        size_t each = NET_FILTERS * l->inputs;
        draw_numbers(t, tap * each, each, widths[tap] * t->dims);
    }
    draw_numbers(t, l->outputs, t->class_count * NET_POOLED, NET_POOLED);
    fill_blocks(t, 0, NET_WORD);
    make_rows(t, vectors);
    for (size_t i = 0; i < WORKERS; i++) {
        worker_begin(t, &t->workers[i]);
    }
}

static void trainer_end(struct net_trainer *t)
{
    for (size_t i = 0; i < WORKERS; i++) {
        worker_end(&t->workers[i]);
    }
    float *const owned[] = {t->rows,  t->row_means, t->row_squares, t->numbers,
                            t->means, t->squares,   t->blocks};
    for (size_t i = 0; i < ARRAY_LEN(owned); i++) {
        mem_free(owned[i]);
    }
    mem_free(t->row_of);
    mem_free(t->row_words);
}

static void put_net(const struct net_trainer *t, struct buf *buf)
{
    struct net_plain net = {.dims = t->dims,
                            .inputs = t->layout.inputs,
                            .class_count = t->class_count,
                            .row_count = t->tuned_count,
                            .words = t->row_words,
                            .rows = t->rows,
                            .taps = t->numbers,
                            .biases = t->numbers + t->layout.biases,
                            .outputs = t->numbers + t->layout.outputs,
                            .output_biases = t->numbers + t->layout.output_biases};
    net_file_put(&net, buf);
}

void train_net(const struct lessons *lessons, const struct vectors *vectors,
               const struct net_class *classes, size_t class_count, train_net_progress *progress,
               void *context, struct buf *ret)
{
    struct net_trainer t = {.lessons = lessons,
                            .classes = classes,
                            .class_count = class_count,
                            .random = 1,
                            .rate = start_rate};
    uint32_t *order = mem_alloc((lessons->count + 1) * sizeof(*order));
    for (size_t i = 0; i < lessons->count; i++) {
        order[i] = (uint32_t)i;
    }
    trainer_begin(&t, vectors);
    for (; t.round < ROUNDS; t.round++) {
        if (progress) {
            progress(context, t.round, ROUNDS);
        }
        learn_round(&t, order, lessons->count);
    }
    put_net(&t, ret);
    trainer_end(&t);
    mem_free(order);
}
