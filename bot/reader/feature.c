#include "bot/reader/feature.h"

#include <math.h>
#include <string.h>

#include "bot/base/hash.h"
#include "bot/base/wide.h"
#include "bot/reader/english.h"
#include "bot/reader/text.h"
#include "knowledge/model.h"
#include "knowledge/pack.h"
#include "knowledge/vectors.h"

enum { PIECE_SHORT = 4, PIECE_LONG = 5, RANK_HALF = 90 };

uint32_t feature_hash(char kind, uint64_t a, uint64_t b)
{
    uint64_t hash = (a * 0x9E3779B97F4A7C15u) ^ (b + 0x632BE59BD9B4E019u + (a << 6)) ^
                    ((uint64_t)(unsigned char)kind << 56);
    hash ^= hash >> 29;
    hash *= 0xBF58476D1CE4E5B9u;
    hash ^= hash >> 32;
    uint32_t result = (uint32_t)hash;
    return result ? result : 1;
}

void features_clear(struct features *features)
{
    features->count = 0;
    features->dims = 0;
    memset(features->dense, 0, sizeof(features->dense));
}

void features_add(struct features *features, uint32_t hash, float value)
{
    if (features->count < FEATURES_MAX) {
        features->items[features->count++] = (struct feature){hash, value};
    }
}

/* Scales the features from `first` on so that together they have the given length. */
static void normalise(struct features *features, uint32_t first, float length)
{
    float sum = 0;
    for (uint32_t i = first; i < features->count; i++) {
        sum += features->items[i].value * features->items[i].value;
    }
    float factor = sum > 0 ? length / sqrtf(sum) : 0;
    for (uint32_t i = first; i < features->count; i++) {
        features->items[i].value *= factor;
    }
}

static char scope_letter(uint16_t flags)
{
    if (flags & (SCOPE_NEGATED | SCOPE_OUT)) {
        return 'n';
    }
    return flags & SCOPE_ASIDE ? 'a' : 'p';
}

enum { MASK_WORD = 7, START_WORD = 11, END_WORD = 13, NUMBER_WORD = 17 };

static uint64_t seen_word(const struct feature_source *source, uint32_t i)
{
    const struct token *token = &source->tokens->items[i];
    if (source->scopes->flags[i] & SCOPE_MASKED) {
        return MASK_WORD;
    }
    if ((token->flags & TOKEN_NUMBER) && token->letters[0] >= '0' && token->letters[0] <= '9') {
        return NUMBER_WORD;
    }
    return token->stem;
}

static void add_words(struct features *ret, const struct feature_source *source, uint32_t first,
                      uint32_t last)
{
    uint32_t start = ret->count;
    uint64_t before = START_WORD;
    for (uint32_t i = first; i <= last; i++) {
        uint64_t word = seen_word(source, i);
        char scope = scope_letter(source->scopes->flags[i]);
        features_add(ret, feature_hash('w', word, 0), 1);
        features_add(ret, feature_hash('s', word, (uint64_t)scope), 0.7f);
        features_add(ret, feature_hash('b', before, word), 0.8f);
        if (i >= first + 2) {
            features_add(ret, feature_hash('k', seen_word(source, i - 2), word), 0.5f);
        }
        before = word;
    }
    features_add(ret, feature_hash('b', before, END_WORD), 0.8f);
    normalise(ret, start, 1);
}

static void add_pieces(struct features *ret, const struct feature_source *source, uint32_t first,
                       uint32_t last)
{
    uint32_t start = ret->count;
    for (uint32_t i = first; i <= last; i++) {
        const struct token *token = &source->tokens->items[i];
        if ((source->scopes->flags[i] & SCOPE_MASKED) || token->len < PIECE_SHORT) {
            continue;
        }
        char padded[WORD_MAX + 2];
        size_t len = 0;
        padded[len++] = '<';
        memcpy(padded + len, token->letters, token->len);
        len += token->len;
        padded[len++] = '>';
        for (size_t size = PIECE_SHORT; size <= PIECE_LONG; size++) {
            for (size_t at = 0; at + size <= len; at++) {
                features_add(ret, feature_hash('c', hash_bytes(padded + at, size), 0), 1);
            }
        }
    }
    normalise(ret, start, 0.6f);
}

/* Classes of kin words: what the corpus says of clerks it says of bookkeepers too. */
static void add_clusters(struct features *ret, const struct feature_source *source, uint32_t first,
                         uint32_t last)
{
    uint32_t start = ret->count;
    uint64_t before = 0;
    for (uint32_t i = first; source->vectors && i <= last; i++) {
        struct vector vector;
        bool found = !(source->scopes->flags[i] & SCOPE_MASKED) &&
                     vectors_find(source->vectors, source->tokens->items[i].word, &vector);
        uint64_t cluster = found ? vector.cluster + 1u : 0;
        if (cluster) {
            features_add(ret, feature_hash('g', cluster, 0), 1);
            features_add(ret, feature_hash('h', before, cluster), 0.7f);
        }
        before = cluster;
    }
    normalise(ret, start, 0.7f);
}

/* Lanes of their own, so that all machines come to the same sums (wide.h). */
WIDE static void add_vector(float *restrict sums, const int8_t *restrict values, uint32_t dims,
                            float weight)
{
    for (uint32_t d = 0; d < dims; d++) {
        sums[d] += weight * (float)values[d];
    }
}

static void add_dense(struct features *ret, const struct feature_source *source, uint32_t first,
                      uint32_t last)
{
    if (!source->vectors || source->vectors->dims > DENSE_MAX) {
        return;
    }
    ret->dims = source->vectors->dims;
    for (uint32_t i = first; i <= last; i++) {
        struct vector vector;
        if ((source->scopes->flags[i] & SCOPE_MASKED) ||
            !vectors_find(source->vectors, source->tokens->items[i].word, &vector)) {
            continue;
        }
        float rank = (float)vector.rank * 16 + 8;
        float weight = rank / (rank + RANK_HALF) * vector.scale;
        add_vector(ret->dense, vector.values, ret->dims, weight);
    }
    float sum = 0;
    for (uint32_t d = 0; d < ret->dims; d++) {
        sum += ret->dense[d] * ret->dense[d];
    }
    float factor = sum > 0 ? 1 / sqrtf(sum) : 0;
    for (uint32_t d = 0; d < ret->dims; d++) {
        ret->dense[d] *= factor;
    }
}

static void add_once(struct features *ret, uint32_t start, uint32_t hash, float value)
{
    for (uint32_t i = start; i < ret->count; i++) {
        if (ret->items[i].hash == hash) {
            return;
        }
    }
    features_add(ret, hash, value);
}

/* Features are named by ids, not by numbers, so that a model outlives new rows and situations. */
static uint64_t name_hash(const char *name)
{
    return hash_bytes(name, strlen(name));
}

static uint64_t english_hash(int16_t id)
{
    return name_hash(english_name((enum english)id));
}

/* The English that bears on whether a thing is stated; the rest is noise to topics. */
static bool polar(int16_t english)
{
    return english <= EN_OTHERS || english == EN_WISH || english == EN_DROP_QUESTION ||
           english == EN_WRONG_PROJECT;
}

static void add_cues(struct features *ret, const struct feature_source *source, uint32_t first,
                     uint32_t last)
{
    uint32_t start = ret->count;
    for (uint32_t k = matches_from(source->matches, first); k < source->matches->count; k++) {
        const struct match *match = &source->matches->items[k];
        if (match->first > last) {
            break;
        }
        if (match->last > last) {
            continue;
        }
        const struct target *target = &match->target;
        if (target->type == TARGET_ENGLISH && polar(target->item)) {
            add_once(ret, start, feature_hash('e', english_hash(target->item), 0), 0.3f);
        } else if (target->pack == source->pack_number && target->type >= TARGET_SITUATION &&
                   target->type <= TARGET_DENIAL) {
            uint64_t what = name_hash(source->pack->situations[target->item].id) + target->type;
            add_once(
                ret, start,
                feature_hash('q', what, (uint64_t)scope_letter(match_scope(source->scopes, match))),
                0.6f);
        }
    }
}

void features_of_unit(struct features *ret, const struct feature_source *source, uint32_t first,
                      uint32_t last)
{
    features_clear(ret);
    add_words(ret, source, first, last);
    add_pieces(ret, source, first, last);
    add_clusters(ret, source, first, last);
    add_cues(ret, source, first, last);
    add_dense(ret, source, first, last);
}

enum { KIND_WORDS_MAX = 160 };

/* The question counts for more than the rest of a text. */
static const float question_length = 1.6f;

void features_of_text(struct features *ret, const struct feature_source *source, char prefix)
{
    features_clear(ret);
    uint32_t count = source->tokens->count;
    if (count == 0) {
        features_add(ret, feature_hash('0', (uint64_t)prefix, 0), 1);
        return;
    }
    uint32_t last = (count < KIND_WORDS_MAX ? count : KIND_WORDS_MAX) - 1;
    add_words(ret, source, 0, last);
    add_pieces(ret, source, 0, last);
    add_clusters(ret, source, 0, last);
    add_dense(ret, source, 0, last);
    uint32_t start = ret->count;
    for (uint32_t k = 0; k < source->matches->count; k++) {
        const struct target *target = &source->matches->items[k].target;
        if (target->type == TARGET_ENGLISH) {
            add_once(ret, start, feature_hash('E', english_hash(target->item), 0), 0.35f);
            add_once(ret, start, feature_hash('F', english_hash(target->item), (uint64_t)prefix),
                     0.35f);
        }
    }
    add_once(ret, start, feature_hash('E', 1000, (uint64_t)prefix), 0.8f);
}

void features_of_question(struct features *ret, const struct feature_source *source, uint32_t first,
                          uint32_t last, char prefix)
{
    uint32_t start = ret->count;
    uint64_t before = START_WORD;
    for (uint32_t i = first; i <= last; i++) {
        uint64_t word = seen_word(source, i);
        features_add(ret, feature_hash('x', word, 0), 1);
        features_add(ret, feature_hash('X', word, (uint64_t)prefix), 0.7f);
        features_add(ret, feature_hash('y', before, word), 0.8f);
        before = word;
    }
    features_add(ret, feature_hash('y', before, END_WORD), 0.8f);
    normalise(ret, start, question_length);
    start = ret->count;
    for (uint32_t i = first; source->vectors && i <= last; i++) {
        struct vector vector;
        if (!(source->scopes->flags[i] & SCOPE_MASKED) &&
            vectors_find(source->vectors, source->tokens->items[i].word, &vector)) {
            features_add(ret, feature_hash('z', vector.cluster + 1u, 0), 1);
        }
    }
    normalise(ret, start, 0.6f);
    start = ret->count;
    for (uint32_t k = matches_from(source->matches, first);
         k < source->matches->count && source->matches->items[k].last <= last; k++) {
        const struct target *target = &source->matches->items[k].target;
        if (target->type == TARGET_ENGLISH) {
            add_once(ret, start, feature_hash('D', english_hash(target->item), (uint64_t)prefix),
                     0.35f);
        }
    }
}

WIDE static void add_row(float *restrict sums, const int8_t *restrict row, float value,
                         size_t stride)
{
    for (size_t c = 0; c < stride; c += MODEL_BLOCK) {
        for (size_t k = 0; k < MODEL_BLOCK; k++) {
            sums[c + k] += (float)row[c + k] * value;
        }
    }
}

static void add_weights(float *restrict sums, const struct model_weight *restrict weights,
                        uint32_t count, float value)
{
    for (uint32_t k = 0; k < count; k++) {
        sums[weights[k].cls] += (float)weights[k].value * value;
    }
}

/* The vector's part, by blocks of classes whose sums stay in registers. */
WIDE static void add_columns(float *restrict scores, const float *restrict dense, uint32_t dims,
                             const float *restrict columns, size_t stride)
{
    for (size_t c = 0; c < stride; c += MODEL_BLOCK) {
        float sums[MODEL_BLOCK];
        memcpy(sums, scores + c, sizeof(sums));
        for (uint32_t d = 0; d < dims; d++) {
            for (size_t k = 0; k < MODEL_BLOCK; k++) {
                sums[k] += dense[d] * columns[d * stride + c + k];
            }
        }
        memcpy(scores + c, sums, sizeof(sums));
    }
}

/*
 * LOOKED_UP: features that are looked up together, in steps, so that what one step needs from
 * memory is on its way for all of them while the one before is being done.
 */
enum { LOOKED_UP = 64 };

struct found {
    const struct model_feature *feature;
    uint32_t hash;
    float value;
};

/* Those of the items that may carry a weight, in the same order, each with where to begin. */
static uint32_t find_places(struct found *ret, const struct model *model,
                            const struct feature *items, uint32_t count)
{
    uint32_t taken = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t place = items[i].hash & model->mask;
        /* Written in any case: nobody can guess which place is taken, a processor neither. */
        ret[taken] = (struct found){model_feature_at(model, place), items[i].hash, items[i].value};
        taken += model_is_taken(model, place);
    }
    for (uint32_t i = 0; i < taken; i++) {
        __builtin_prefetch(ret[i].feature);
    }
    return taken;
}

/* Those that do carry one. */
static uint32_t look_up(struct found *ret, const struct model *model, const struct feature *items,
                        uint32_t count)
{
    uint32_t taken = find_places(ret, model, items, count), found = 0;
    for (uint32_t i = 0; i < taken; i++) {
        const struct model_feature *feature = model_find_from(model, ret[i].feature, ret[i].hash);
        if (feature) {
            model_prefetch_weights(model, feature);
            ret[found++] = (struct found){feature, ret[i].hash, ret[i].value};
        }
    }
    return found;
}

static void add_found(float *sums, const struct model *model, const struct found *found)
{
    const struct model_feature *feature = found->feature;
    if (model_has_row(model, feature)) {
        add_row(sums, model->rows + feature->first * model->stride, found->value, model->stride);
    } else {
        add_weights(sums, model->weights + feature->first, feature->count, found->value);
    }
}

void model_score(const struct model *model, const struct features *features, float *restrict scores)
{
    float sums[MODEL_CLASSES_MAX + MODEL_BLOCK] = {0};
    struct found found[LOOKED_UP];
    uint32_t dims = model->dims < features->dims ? model->dims : features->dims;
    for (uint32_t i = 0; i < features->count; i += LOOKED_UP) {
        uint32_t left = features->count - i;
        uint32_t count =
            look_up(found, model, features->items + i, left < LOOKED_UP ? left : LOOKED_UP);
        for (uint32_t k = 0; k < count; k++) {
            add_found(sums, model, &found[k]);
        }
    }
    for (uint32_t c = 0; c < model->class_count; c++) {
        sums[c] = model->classes[c].bias + model->classes[c].scale * sums[c];
    }
    add_columns(sums, features->dense, dims, model->columns, model->stride);
    memcpy(scores, sums, model->class_count * sizeof(*scores));
}
