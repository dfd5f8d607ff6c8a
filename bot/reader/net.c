#include "bot/reader/net.h"

#include <assert.h>

#include "bot/base/hash.h"
#include "bot/base/wide.h"
#include "bot/reader/feature.h"
#include "knowledge/model.h"
#include "knowledge/vectors.h"

/* ---- what is seen of a word ---- */

enum { FLAG_ASKED = 1 << 6, FLAG_CUE = 1 << 7 };

static uint8_t scope_flags(uint16_t scope)
{
    static const uint16_t groups[] = {
        SCOPE_NEGATED | SCOPE_OUT,    SCOPE_PAST,  SCOPE_HEARSAY | SCOPE_OTHERS | SCOPE_QUOTE,
        SCOPE_SUPPOSED | SCOPE_LATER, SCOPE_HEAVY, SCOPE_LIGHT,
    };
    unsigned flags = 0;
    for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        flags |= scope & groups[i] ? 1u << i : 0;
    }
    return (uint8_t)flags;
}

static struct net_input look_at(const struct feature_source *source, uint32_t i)
{
    const struct token *token = &source->tokens->items[i];
    const struct scopes *scopes = source->scopes;
    const struct token *end = &source->tokens->items[scopes->sentence_last[i]];
    struct net_input input = {.flags = scope_flags(scopes->flags[i])};
    input.flags |= end->flags & TOKEN_QUESTION ? FLAG_ASKED : 0;
    if (scopes->flags[i] & SCOPE_MASKED) {
        input.shape = NET_MASKED;
    } else if ((token->flags & TOKEN_NUMBER) && token->letters[0] >= '0' &&
               token->letters[0] <= '9') {
        input.shape = NET_NUMBER;
    } else {
        input.shape = token->flags & TOKEN_UPPER ? NET_CAPITAL : NET_UNKNOWN;
        input.word = token->word;
    }
    return input;
}

static void mark_cues(struct net_input *ret, const struct feature_source *source, uint32_t first,
                      uint32_t last)
{
    const struct matches *matches = source->matches;
    for (uint32_t k = matches_from(matches, first);
         k < matches->count && matches->items[k].first <= last; k++) {
        const struct match *match = &matches->items[k];
        if (match->target.pack != source->pack_number || match->target.type < TARGET_SITUATION ||
            match->target.type > TARGET_DENIAL) {
            continue;
        }
        for (uint32_t i = match->first; i <= match->last && i <= last; i++) {
            ret[i - first].flags |= FLAG_CUE;
        }
    }
}

void net_look(struct net_input *ret, const struct feature_source *source, uint32_t first,
              uint32_t last)
{
    for (uint32_t i = first; i <= last; i++) {
        ret[i - first] = look_at(source, i);
    }
    mark_cues(ret, source, first, last);
}

/* ---- what a word adds ---- */

/* A word's own row; else its common vector, which has length 1 where rows have NET_LENGTH. */
static struct net_row row_of(const struct net *net, const struct vectors *vectors,
                             const struct net_input *input)
{
    struct net_row row;
    struct vector vector;
    if (input->word && net_find(net, input->word, &row)) {
        return row;
    }
    if (input->word && vectors_find(vectors, input->word, &vector)) {
        return (struct net_row){vector.values, NET_LENGTH * vector.scale};
    }
    return net_shape_find(net, (enum net_shape)input->shape);
}

/*
 * Rounded to NET_ONEths. Only products are taken of fractions, so there is no sum that one machine
 * fuses and another does not; the halves are rounded as whole numbers.
 */
static inline int16_t to_ones(int32_t sum, float scale)
{
    const float most = 2 * NET_TAP_LIMIT - 1;
    float halves = (float)sum * scale;
    halves = halves > most ? most : halves;
    halves = halves < -most ? -most : halves;
    return (int16_t)(((int32_t)halves + 2 * NET_TAP_LIMIT + 1) / 2 - NET_TAP_LIMIT);
}

WIDE static void round_sums(int16_t *restrict ret, const int32_t *restrict sums,
                            const float *restrict scales, float scale)
{
    for (size_t k = 0; k < NET_WORD; k++) {
        ret[k] = to_ones(sums[k], scale * scales[k]);
    }
}

static void compute_taps(int16_t *restrict ret, const struct net *net, struct net_row row)
{
    int16_t values[NET_DIMS_MAX] = {0};
    int32_t sums[NET_WORD];
    for (uint32_t d = 0; d < net->dims; d++) {
        values[d] = row.values[d];
    }
    matrix_multiply(&net->taps, values, sums);
    round_sums(ret, sums, net->tap_scales, row.scale * (2 * NET_ONE));
}

static_assert(NET_WORD % MATRIX_BLOCK == 0, "sums of taps have no room for more");
static_assert(MODEL_CLASSES_MAX % MATRIX_BLOCK == 0, "nor have those of classes");

static bool is_kept(const struct net_key *key, const struct net *net, const struct net_input *input)
{
    return key->word == input->word && key->shape == input->shape && key->net == net->id;
}

/*
 * The words of one message seldom crowd out each other: each has its choice of NET_WAYS places.
 * The one unused longest gives way, so that common words stay.
 */
static const int16_t *taps_of(const struct net *net, struct net_work *work,
                              const struct vectors *vectors, const struct net_input *input)
{
    size_t first = hash_place(input->word + input->shape, NET_CACHE / NET_WAYS - 1) * NET_WAYS;
    size_t oldest = first;
    work->looks++;
    for (size_t i = first; i < first + NET_WAYS; i++) {
        struct net_key *key = &work->keys[i];
        if (is_kept(key, net, input)) {
            key->used = work->looks;
            return work->taps[i];
        }
        oldest = key->used < work->keys[oldest].used ? i : oldest;
    }
    compute_taps(work->taps[oldest], net, row_of(net, vectors, input));
    work->keys[oldest] = (struct net_key){net->id, input->word, work->looks, input->shape};
    return work->taps[oldest];
}

/* What a word's flags add. */
WIDE static void sum_flags(int16_t *restrict ret, const struct net *net, uint8_t flags)
{
    for (size_t k = 0; k < NET_WORD; k++) {
        ret[k] = 0;
    }
    for (unsigned f = 0; f < NET_FLAGS; f++) {
        if (flags >> f & 1) {
            const int16_t *restrict add = net->flags[f];
            for (size_t k = 0; k < NET_WORD; k++) {
                ret[k] = (int16_t)(ret[k] + add[k]);
            }
        }
    }
}

WIDE static void add_both(int16_t *restrict ret, const int16_t *restrict a,
                          const int16_t *restrict b)
{
    for (size_t k = 0; k < NET_WORD; k++) {
        ret[k] = (int16_t)(a[k] + b[k]);
    }
}

/* ---- what a unit comes to ---- */

void net_forget(struct net_work *work)
{
    work->net = 0;
}

/*
 * Sentences come before their clauses, so that a window serves many units. Neighbours mostly have
 * the same flags, whose sum serves them all.
 */
static void fill_window(const struct net *net, struct net_work *work,
                        const struct feature_source *source, uint32_t first, uint32_t last)
{
    struct net_input inputs[NET_WINDOW];
    int16_t flags[NET_WORD];
    bool there = work->net == net->id && first >= work->first && last - work->first < work->count;
    if (there) {
        return;
    }
    work->net = net->id;
    work->first = first;
    work->count = last - first + 1;
    net_look(inputs, source, first, last);
    for (uint32_t i = 0; i < work->count; i++) {
        if (i == 0 || inputs[i].flags != inputs[i - 1].flags) {
            sum_flags(flags, net, inputs[i].flags);
        }
        add_both(work->window[i], taps_of(net, work, source->vectors, &inputs[i]), flags);
    }
}

/* The taps in a word's numbers, by width from the older word to the newer. */
enum { TAP_1, TAP_2_OLD, TAP_2_NEW, TAP_3_OLD, TAP_3_MID, TAP_3_NEW };

static const int16_t *tap(const int16_t *word, unsigned number)
{
    return word + (size_t)number * NET_FILTERS;
}

static inline void keep_most(int16_t *restrict most, const int16_t *restrict a,
                             const int16_t *restrict b, const int16_t *restrict c)
{
    for (size_t k = 0; k < NET_FILTERS; k++) {
        int16_t sum = (int16_t)(a[k] + b[k] + c[k]);
        most[k] = sum > most[k] ? sum : most[k];
    }
}

/* The most of each filter over all places that touch the unit; `none` stands for words outside. */
WIDE static void pool(int16_t *restrict pooled, int16_t (*words)[NET_WORD], uint32_t count)
{
    static const int16_t none[NET_WORD] = {0};
    for (size_t k = 0; k < NET_POOLED; k++) {
        pooled[k] = INT16_MIN;
    }
    for (uint32_t i = 0; i < count + 2; i++) {
        const int16_t *newest = i < count ? words[i] : none;
        const int16_t *before = i >= 1 && i <= count ? words[i - 1] : none;
        const int16_t *oldest = i >= 2 ? words[i - 2] : none;
        if (i < count) {
            keep_most(pooled, tap(newest, TAP_1), none, none);
        }
        if (i <= count) {
            keep_most(pooled + NET_FILTERS, tap(before, TAP_2_OLD), tap(newest, TAP_2_NEW), none);
        }
        keep_most(pooled + (size_t)2 * NET_FILTERS, tap(oldest, TAP_3_OLD), tap(before, TAP_3_MID),
                  tap(newest, TAP_3_NEW));
    }
}

static void finish_pooled(int16_t *restrict pooled, const int16_t *restrict biases)
{
    for (size_t k = 0; k < NET_POOLED; k++) {
        int16_t value = (int16_t)(pooled[k] + biases[k]);
        pooled[k] = value > 0 ? value : 0;
    }
}

static void score_pooled(float *restrict scores, const struct net *net,
                         const int16_t *restrict pooled)
{
    int32_t sums[MODEL_CLASSES_MAX];
    matrix_multiply(&net->outputs, pooled, sums);
    for (uint32_t c = 0; c < net->classes; c++) {
        float product = (float)sums[c] * net->output_scales[c];
        scores[c] = product + net->output_biases[c];
    }
}

void net_score(const struct net *net, struct net_work *work, const struct feature_source *source,
               uint32_t first, uint32_t last, float *scores)
{
    int16_t pooled[NET_POOLED];
    last = last - first < NET_WINDOW ? last : first + NET_WINDOW - 1;
    fill_window(net, work, source, first, last);
    pool(pooled, work->window + (first - work->first), last - first + 1);
    finish_pooled(pooled, net->biases);
    score_pooled(scores, net, pooled);
}

bool net_fits(const struct net *net, const struct vectors *vectors)
{
    return net && vectors && net->dims == vectors->dims;
}
