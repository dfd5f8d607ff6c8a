#include <math.h>
#include <string.h>

#include "bot/training/lessons.h"
#include "bot/training/random.h"
#include "bot/training/train_net.h"
#include "bot/training/train_net_inside.h"

/* Odds of being left out while learning, in 256ths: words, numbers of a vector, filters. */
enum { DROP_WORD = 26, DROP_INPUT = 77, DROP_FILTER = 128 };

static const float positive_weight = 4;

enum { LANES = 4 };

/* Each number 0, with the odds, or what makes up for those that are. */
static void draw_mask(uint64_t *state, float *ret, size_t count, unsigned odds)
{
    float kept = 256 / (float)(256 - odds);
    for (size_t i = 0; i < count; i += 8) {
        uint64_t bits = random_draw(state);
        for (size_t k = i; k < i + 8 && k < count; k++, bits >>= 8) {
            ret[k] = (bits & 0xFF) < odds ? 0 : kept;
        }
    }
}

/* ---- forward ---- */

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

/* BLOCK filters of one word: sums in registers, weights in the order in which they are used. */
static void convolve_block(float *restrict ret, const float *restrict x,
                           const uint16_t *restrict used, size_t used_count,
                           const float *restrict weights)
{
    lanes sums[BLOCK / LANES] = {{0}};
    for (size_t n = 0; n < used_count; n++) {
        float one = x[used[n]];
        lanes value = {one, one, one, one};
        const lanes *w = (const lanes *)(const void *)(weights + (size_t)used[n] * BLOCK);
        for (size_t k = 0; k < BLOCK / LANES; k++) {
            sums[k] += value * w[k];
        }
    }
    memcpy(ret, sums, sizeof(sums));
}

/* The words' vectors with some of their numbers left out, and their flags. */
static void fill_inputs(struct worker *w, const struct lesson *lesson, uint64_t *random)
{
    const struct net_trainer *t = w->trainer;
    for (size_t i = 0; i < lesson->word_count; i++) {
        size_t word = lesson->first_word + i;
        const float *row = t->rows + (size_t)t->row_of[word] * t->dims;
        float *x = w->x + i * t->layout.inputs, *mask = w->mask + i * t->dims;
        bool dropped = (random_draw(random) & 0xFF) < DROP_WORD;
        draw_mask(random, mask, t->dims, dropped ? 256 : DROP_INPUT);
        for (size_t d = 0; d < t->dims; d++) {
            x[d] = row[d] * mask[d];
        }
        for (size_t f = 0; f < NET_FLAGS; f++) {
            x[t->dims + f] = !dropped && (t->lessons->words[word].flags >> f & 1);
        }
    }
}

static void convolve(struct worker *w, size_t word_count)
{
    const struct net_trainer *t = w->trainer;
    size_t inputs = t->layout.inputs;
    uint16_t used[NET_DIMS_MAX + NET_FLAGS];
    for (size_t i = 0; i < word_count; i++) {
        const float *x = w->x + i * inputs;
        size_t used_count = 0;
        for (size_t n = 0; n < inputs; n++) {
            used[used_count] = (uint16_t)n;
            used_count += x[n] != 0;
        }
        for (size_t b = 0; b < BLOCKS; b++) {
            convolve_block(w->taps + i * NET_WORD + b * BLOCK, x, used, used_count,
                           t->blocks + b * inputs * BLOCK);
        }
    }
}

static void keep_most(float *restrict most, int32_t *restrict winner, const float *restrict a,
                      const float *restrict b, const float *restrict c, int32_t place)
{
    for (size_t k = 0; k < NET_FILTERS; k++) {
        float sum = a[k] + b[k] + c[k];
        bool more = sum > most[k];
        most[k] = more ? sum : most[k];
        winner[k] = more ? place : winner[k];
    }
}

/* As in bot/reader/net.c, and which place has won. */
static void pool(const float *words, int32_t count, float *restrict pooled,
                 int32_t *restrict winners)
{
    static const float none[NET_WORD] = {0};
    for (size_t k = 0; k < NET_POOLED; k++) {
        pooled[k] = -1e30f;
        winners[k] = 0;
    }
    for (int32_t i = 0; i < count + 2; i++) {
        const float *newest = i < count ? words + i * NET_WORD : none;
        const float *before = i >= 1 && i <= count ? words + (i - 1) * NET_WORD : none;
        const float *oldest = i >= 2 ? words + (i - 2) * NET_WORD : none;
        if (i < count) {
            keep_most(pooled, winners, newest, none, none, i);
        }
        if (i <= count) {
            keep_most(pooled + NET_FILTERS, winners + NET_FILTERS, before + NET_FILTERS,
                      newest + 2 * NET_FILTERS, none, i);
        }
        keep_most(pooled + 2 * NET_FILTERS, winners + 2 * NET_FILTERS, oldest + 3 * NET_FILTERS,
                  before + 4 * NET_FILTERS, newest + 5 * NET_FILTERS, i);
    }
}

/* Eight sums side by side: a fixed order that compilers need not change to be quick. */
static float dot(const float *restrict a, const float *restrict b, size_t count)
{
    float sums[8] = {0};
    for (size_t i = 0; i < count; i += 8) {
        for (size_t k = 0; k < 8; k++) {
            sums[k] += a[i + k] * b[i + k];
        }
    }
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) +
           ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

static void score_unit(struct worker *w, const struct lesson *lesson, size_t number,
                       uint64_t *random)
{
    const struct net_trainer *t = w->trainer;
    const struct lesson_unit *unit = &t->lessons->units[lesson->first_unit + number];
    float *pooled = w->pooled + number * NET_POOLED, *kept = w->kept + number * NET_POOLED;
    const float *biases = t->numbers + t->layout.biases;
    pool(w->taps + (size_t)(unit->first - lesson->first_word) * NET_WORD,
         (int32_t)(unit->last - unit->first + 1), pooled, w->winners + number * NET_POOLED);
    draw_mask(random, kept, NET_POOLED, DROP_FILTER);
    for (size_t k = 0; k < NET_POOLED; k++) {
        float value = pooled[k] + biases[k];
        kept[k] = value > 0 ? kept[k] : 0;
        pooled[k] = value * kept[k];
    }
    for (size_t c = 0; c < t->class_count; c++) {
        w->scores[number * t->class_count + c] =
            t->numbers[t->layout.output_biases + c] +
            dot(pooled, t->numbers + t->layout.outputs + c * NET_POOLED, NET_POOLED);
    }
}

/* ---- what the scores should have been ---- */

static float slope_of(const struct net_trainer *t, float score, bool wanted)
{
    float chance = 1 / (1 + expf(-score));
    return wanted ? positive_weight * (chance - 1) / t->batch_rows : chance / t->batch_rows;
}

static void grade_units(struct worker *w, const struct lesson *lesson, size_t class)
{
    const struct net_trainer *t = w->trainer;
    const struct net_class *what = &t->classes[class];
    for (size_t u = 0; u < lesson->unit_count; u++) {
        const struct lesson_unit *unit = &t->lessons->units[lesson->first_unit + u];
        size_t at = u * t->class_count + class;
        uint64_t labels = what->denied ? unit->denied : unit->stated;
        bool wanted = what->any ? unit->denied != 0 : labels >> what->situation & 1;
        bool open = what->any ? unit->silent : unit->open >> what->situation & 1;
        w->score_slopes[at] = open ? 0 : slope_of(t, w->scores[at], wanted);
    }
}

/* Only the unit with the highest score is told: of all, or of those that must not say it. */
static void grade_best(struct worker *w, const struct lesson *lesson, size_t class)
{
    const struct net_trainer *t = w->trainer;
    const struct net_class *what = &t->classes[class];
    bool wanted = (what->denied ? lesson->denied : lesson->stated) >> what->situation & 1;
    size_t best = SIZE_MAX;
    for (size_t u = 0; u < lesson->unit_count; u++) {
        const struct lesson_unit *unit = &t->lessons->units[lesson->first_unit + u];
        size_t at = u * t->class_count + class;
        bool counts = !what->any && (wanted || !(unit->open >> what->situation & 1));
        w->score_slopes[at] = 0;
        if (counts && (best == SIZE_MAX || w->scores[at] > w->scores[best])) {
            best = at;
        }
    }
    if (best != SIZE_MAX && (wanted || !(lesson->open >> what->situation & 1))) {
        w->score_slopes[best] = slope_of(t, w->scores[best], wanted);
    }
}

/* ---- backward ---- */

static void add_scaled(float *restrict to, const float *restrict from, float factor, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        to[i] += factor * from[i];
    }
}

/* The slope of one filter's value: on to its taps' weights, and to the words at its best place. */
static void teach_filter(struct worker *w, size_t first, int32_t count, size_t k, int32_t place,
                         float slope)
{
    static const size_t first_taps[NET_WIDTHS] = {0, 1, 3};
    const struct net_trainer *t = w->trainer;
    size_t inputs = t->layout.inputs, width = k / NET_FILTERS + 1;
    w->slopes[t->layout.biases + k] += slope;
    for (size_t n = 0; n < width; n++) {
        int32_t i = place - (int32_t)(width - 1 - n);
        if (i >= 0 && i < count) {
            size_t tap = (first_taps[width - 1] + n) * NET_FILTERS + k % NET_FILTERS;
            size_t word = first + (size_t)i;
            add_scaled(w->slopes + tap * inputs, w->x + word * inputs, slope, inputs);
            add_scaled(w->x_slopes + word * t->dims, t->numbers + tap * inputs, slope, t->dims);
        }
    }
}

static void teach_unit(struct worker *w, const struct lesson *lesson, size_t number)
{
    const struct net_trainer *t = w->trainer;
    const struct lesson_unit *unit = &t->lessons->units[lesson->first_unit + number];
    const float *pooled = w->pooled + number * NET_POOLED, *kept = w->kept + number * NET_POOLED;
    const int32_t *winners = w->winners + number * NET_POOLED;
    float slopes[NET_POOLED] = {0};
    bool any = false;
    for (size_t c = 0; c < t->class_count; c++) {
        float slope = w->score_slopes[number * t->class_count + c];
        size_t at = t->layout.outputs + c * NET_POOLED;
        if (slope != 0) {
            any = true;
            w->slopes[t->layout.output_biases + c] += slope;
            add_scaled(w->slopes + at, pooled, slope, NET_POOLED);
            add_scaled(slopes, t->numbers + at, slope, NET_POOLED);
        }
    }
    for (size_t k = 0; any && k < NET_POOLED; k++) {
        if (kept[k] != 0) {
            teach_filter(w, unit->first - lesson->first_word,
                         (int32_t)(unit->last - unit->first + 1), k, winners[k],
                         slopes[k] * kept[k]);
        }
    }
}

static void teach_rows(struct worker *w, const struct lesson *lesson)
{
    const struct net_trainer *t = w->trainer;
    for (size_t i = 0; i < lesson->word_count; i++) {
        size_t row = t->row_of[lesson->first_word + i];
        if (row < t->tuned_count) {
            w->touched[row] = true;
            for (size_t d = 0; d < t->dims; d++) {
                w->row_slopes[row * t->dims + d] +=
                    w->x_slopes[i * t->dims + d] * w->mask[i * t->dims + d];
            }
        }
    }
}

/* Random numbers by lesson and pass, so that it does not matter who takes which lesson. */
void train_net_lesson(struct worker *w, uint32_t number)
{
    const struct net_trainer *t = w->trainer;
    const struct lesson *lesson = &t->lessons->items[number];
    uint64_t random = (uint64_t)t->pass << 32 ^ number;
    fill_inputs(w, lesson, &random);
    convolve(w, lesson->word_count);
    for (size_t u = 0; u < lesson->unit_count; u++) {
        score_unit(w, lesson, u, &random);
    }
    for (size_t c = 0; c < t->class_count; c++) {
        (lesson->best ? grade_best : grade_units)(w, lesson, c);
    }
    memset(w->x_slopes, 0, lesson->word_count * t->dims * sizeof(*w->x_slopes));
    for (size_t u = 0; u < lesson->unit_count; u++) {
        teach_unit(w, lesson, u);
    }
    teach_rows(w, lesson);
}
