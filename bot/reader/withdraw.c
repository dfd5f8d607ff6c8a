#include "bot/reader/withdraw.h"

#include <string.h>

#include "bot/base/mem.h"
#include "bot/reader/evidence.h"
#include "bot/reader/feature.h"
#include "bot/reader/read.h"
#include "bot/reader/reader.h"
#include "knowledge/model.h"
#include "knowledge/pack.h"
#include "knowledge/vectors.h"

/*
 * Words commoner than this (ranks in sixteens, vectors.h) are no anchors: they come up in any talk.
 */
enum { ANCHOR_RANK = 12, ANCHOR_LETTERS = 3, ANCHORS_EACH = 6 };

/* Of a unit: more anchors than that say no more; so many words are few. */
enum { ANCHORS_COUNT = 2, SHORT_WORDS = 6 };

/* Higher loses withdrawals, lower takes small talk for them: flat from 0.6 to 1.5. */
static const float withdrawn_threshold = 1;
/* ---- anchors ---- */

/* 0 for a word that says nothing by itself; the rarer, the more. */
static uint32_t weight_of(const struct reader *reader, const struct reading *r, uint32_t i)
{
    const struct token *token = &r->tokens.items[i];
    struct vector vector;
    if (token->len < ANCHOR_LETTERS || (token->flags & TOKEN_NUMBER) ||
        (r->scopes.flags[i] & SCOPE_MASKED)) {
        return 0;
    }
    if (!vectors_find(reader->knowledge->vectors, token->word, &vector)) {
        return UINT16_MAX + 1u;
    }
    return vector.rank < ANCHOR_RANK ? 0 : vector.rank + 1u;
}

static void add_anchor(struct reading *r, uint32_t situation, uint32_t stem)
{
    for (size_t i = 0; i < r->anchor_count; i++) {
        if (r->anchors[i].stem == stem && r->anchors[i].situation == situation) {
            return;
        }
    }
    if (r->anchor_count < ANCHORS_MAX) {
        r->anchors[r->anchor_count++] = (struct anchor){stem, situation};
    }
}

struct rare_word {
    uint32_t weight, word;
};

/* Into a list with the weightiest first; of two alike the earlier one stays. */
static void insert_rare(struct rare_word *rarest, uint32_t *count, struct rare_word rare)
{
    uint32_t at = *count;
    while (at > 0 && rarest[at - 1].weight < rare.weight) {
        at--;
    }
    if (at == ANCHORS_EACH || (at > 0 && rarest[at - 1].weight == rare.weight)) {
        return;
    }
    uint32_t last = *count < ANCHORS_EACH ? (*count)++ : ANCHORS_EACH - 1;
    memmove(&rarest[at + 1], &rarest[at], (last - at) * sizeof(*rarest));
    rarest[at] = rare;
}

/* The rarest words of first..last, at most ANCHORS_EACH. */
static void anchor_words(const struct reader *reader, struct reading *r, uint32_t situation,
                         uint32_t first, uint32_t last)
{
    struct rare_word rarest[ANCHORS_EACH];
    uint32_t count = 0;
    for (uint32_t i = first; i <= last; i++) {
        uint32_t weight = weight_of(reader, r, i);
        if (weight > 0) {
            insert_rare(rarest, &count, (struct rare_word){weight, i});
        }
    }
    for (uint32_t k = 0; k < count; k++) {
        add_anchor(r, situation, (uint32_t)r->tokens.items[rarest[k].word].stem);
    }
}

void anchors_read(const struct reader *reader, struct reading *r)
{
    for (uint32_t k = 0; k < r->evidence_count; k++) {
        const struct evidence *e = &r->evidence[k];
        if (e->polarity != POLARITY_STATED || !(r->stated >> e->situation & 1)) {
            continue;
        }
        uint32_t first = e->exact ? r->scopes.clause_first[e->first] : e->first;
        uint32_t last = e->exact ? r->scopes.clause_last[e->last] : e->last;
        anchor_words(reader, r, e->situation, first, last);
    }
}

/* ---- withdrawals ---- */

static bool mostly_denied(const struct reading *r, uint32_t first, uint32_t last)
{
    uint32_t denied = 0;
    for (uint32_t i = first; i <= last; i++) {
        denied += (r->scopes.flags[i] & (SCOPE_NEGATED | SCOPE_OUT)) != 0;
    }
    return denied * 2 >= last - first + 1;
}

static bool begins_with_drop(const struct reading *r, uint32_t first)
{
    static const char *const words[] = {"scrap",  "drop",   "forget", "ditch",  "skip",
                                        "cut",    "lose",   "axe",    "cancel", "kill",
                                        "strike", "remove", NULL};
    return token_is_any(&r->tokens.items[first], words);
}

/* "Scrap the moving dots": what was said in other words before is found by its topic. */
static void read_drops(const struct reader *reader, struct reading *r, uint64_t known)
{
    const float least = -4.5f;
    for (uint32_t i = 0; known && i < r->tokens.count; i = r->scopes.clause_last[i] + 1u) {
        uint32_t last = r->scopes.clause_last[i];
        if (begins_with_drop(r, i) && mostly_denied(r, i, last) && !(r->unsaid & known)) {
            r->unsaid |= evidence_likeliest(reader, r, known, least, true, i, last);
        }
    }
}

static uint32_t count_anchors(const struct reading *r, const struct recalled *recalled,
                              size_t situation, const struct unit *unit)
{
    uint32_t count = 0;
    for (uint32_t i = unit->first; i <= unit->last; i++) {
        for (size_t a = 0; a < recalled->anchor_count; a++) {
            const struct anchor *anchor = &recalled->anchors[a];
            if (anchor->situation == situation &&
                anchor->stem == (uint32_t)r->tokens.items[i].stem) {
                count++;
                break;
            }
        }
    }
    return count;
}

static bool has_pronoun(const struct reading *r, const struct unit *unit)
{
    static const char *const words[] = {"he",    "she",  "they", "it",  "that",  "this",
                                        "those", "them", "him",  "her", "these", NULL};
    for (uint32_t i = unit->first; i <= unit->last; i++) {
        if (token_is_any(&r->tokens.items[i], words)) {
            return true;
        }
    }
    return false;
}

static uint64_t named_in(const struct reading *r, const struct unit *unit)
{
    uint64_t set = 0;
    for (uint32_t k = matches_from(&r->matches, unit->first);
         k < r->matches.count && r->matches.items[k].first <= unit->last; k++) {
        const struct target *target = &r->matches.items[k].target;
        bool cue = target->type == TARGET_SITUATION || target->type == TARGET_HINT ||
                   target->type == TARGET_DENIAL;
        set |= cue && target->pack == r->pack ? 1ull << target->item : 0;
    }
    return set;
}

/*
 * How surely a unit takes back what was said of a situation: log odds. Weights from a logistic
 * regression over the marked conversations of two authors who were not trained on
 * (docs/reading.md).
 */
static float score(const struct reading *r, const struct recalled *recalled,
                   const struct unit *unit, size_t situation, const struct reader *reader,
                   const float *scores)
{
    const float denies_weight = 0.15f, denied_weight = 0.4f, anchor_weight = 1.9f,
                named_weight = 0.8f, last_weight = 0.8f, pronoun_weight = 0.85f,
                short_weight = 0.25f, question_weight = -0.9f, bias = -1.0f;
    const float least_denied = -6;
    const struct topic_classes *classes = &reader->classes[r->pack];
    bool last = recalled->last >> situation & 1,
         only = last && !(recalled->last & (recalled->last - 1));
    uint32_t anchors = count_anchors(r, recalled, situation, unit);
    float denied = scores[classes->denied[situation]];
    float sum = bias + denies_weight * scores[classes->denies];
    sum += denied_weight * (denied > least_denied ? denied : least_denied);
    sum += anchor_weight * (float)(anchors < ANCHORS_COUNT ? anchors : ANCHORS_COUNT);
    sum += named_in(r, unit) >> situation & 1 ? named_weight : 0;
    sum += last ? last_weight : 0;
    sum += only && has_pronoun(r, unit) ? pronoun_weight : 0;
    sum += unit->last - unit->first < SHORT_WORDS ? short_weight : 0;
    return sum + (unit->question ? question_weight : 0);
}

static void read_unit(const struct reader *reader, struct reading *r,
                      const struct recalled *recalled, const struct unit *unit)
{
    const struct model *model = reader->knowledge->packs[r->pack]->model;
    const struct topic_classes *classes = &reader->classes[r->pack];
    float scores[MODEL_CLASSES_MAX];
    struct feature_source source = reader_source(reader, r);
    features_of_unit(&r->features, &source, unit->first, unit->last);
    model_score(model, &r->features, scores);
    /* What is named in so many words is meant, and not what was said beside it. */
    uint64_t named = named_in(r, unit) & recalled->known;
    for (size_t i = 0; i < PACK_SITUATIONS_MAX; i++) {
        bool meant = !named || (named >> i & 1);
        bool judged = meant && (recalled->known >> i & 1) && classes->denied[i] >= 0;
        bool said_again = judged && (r->stated >> i & 1) && classes->stated[i] >= 0 &&
                          scores[classes->stated[i]] > scores[classes->denied[i]];
        if (judged && !said_again &&
            score(r, recalled, unit, i, reader, scores) > withdrawn_threshold) {
            r->withdrawn |= 1ull << i;
        }
    }
}

void withdrawals_read(const struct reader *reader, struct reading *r,
                      const struct recalled *recalled)
{
    read_drops(reader, r, recalled->known & ~r->stated);
    for (uint32_t u = 0;
         recalled->known && reader->classes[r->pack].denies >= 0 && u < r->scopes.unit_count; u++) {
        read_unit(reader, r, recalled, &r->scopes.units[u]);
    }
}
