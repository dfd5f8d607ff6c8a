#include "bot/reader/evidence.h"

#include <math.h>
#include <string.h>

#include "bot/base/mem.h"
#include "bot/reader/english.h"
#include "bot/reader/feature.h"
#include "bot/reader/read.h"
#include "bot/reader/reader.h"
#include "bot/reader/trust.h"
#include "knowledge/model.h"

/*
 * Where the learned topics and the exact cues meet. A cue adds to the learned score of its
 * situation; the sums are log odds.
 * Set by hand on the labelled conversations that were read while tuning; flat within half a point
 * around these values (docs/reading.md).
 */
static const float cue_weight = 2.6f, denial_weight = 2.0f, hint_weight = 0.6f, no_model = -1.2f;
static const float stated_threshold = STATED_THRESHOLD, denied_threshold = 0.3f, aside_weight = 2;
static const float faint_threshold = 1.6f;

/*
 * A long message tells much that is no fact of the project, in words that no rule foresees. From so
 * many words on, and wholly from so many, what was learned of a clause counts for more than the cue
 * in it: beside a situation that was learned more surely, one loses the difference, at most so much
 * and what its cues had added.
 */
enum { DOUBT_FROM = 25, DOUBT_WHOLE = 50 };

static const float doubt_most = 2;

/*
 * How much of a learned score is the net's, where a pack has one; the rest is the linear topics'.
 */
static const float net_share = 0.4f;

/* How many words before another a cue may begin that covers it. */
enum { CUE_REACH = 24 };

enum { BABBLE_WORDS = 6 }; /* fewer are none */

static void add_evidence(struct reading *r, struct evidence evidence)
{
    if (r->evidence_count < EVIDENCE_MAX) {
        r->evidence[r->evidence_count++] = evidence;
    }
}

uint16_t evidence_scope(const struct reading *r, uint32_t first, uint32_t last)
{
    uint16_t any = 0;
    for (uint32_t i = first; i <= last; i++) {
        any |= r->scopes.flags[i];
    }
    return any;
}

static enum polarity polarity_of(uint16_t scope)
{
    if (scope & (SCOPE_NEGATED | SCOPE_OUT)) {
        return POLARITY_DENIED;
    }
    return scope & SCOPE_ASIDE ? POLARITY_ASIDE : POLARITY_STATED;
}

/*
 * What the exact cues say of each situation, the later word winning over the earlier one; a cue
 * counts as far as it can be trusted.
 */
struct tally {
    float stated[PACK_SITUATIONS_MAX], denied[PACK_SITUATIONS_MAX], hint[PACK_SITUATIONS_MAX];
    bool plain[PACK_SITUATIONS_MAX]; /* stated by plain words, or a tool's name */
};

/* "Django" alone is the question itself; "Socket.IO", a tool's name, says something. */
static bool names_tool(const struct reading *r, const struct match *cue)
{
    for (uint32_t k = matches_from(&r->matches, cue->first);
         k < r->matches.count && r->matches.items[k].first <= cue->last; k++) {
        const struct match *match = &r->matches.items[k];
        if (match->target.type == TARGET_TOOL && match->target.pack == r->pack) {
            return true;
        }
    }
    return false;
}

static void weigh_cue(const struct pack *pack, struct reading *r, struct tally *tally,
                      const struct match *match)
{
    int i = match->target.item;
    uint16_t scope = match_scope(&r->scopes, match);
    enum polarity polarity = polarity_of(scope);
    r->unsaid |= polarity == POLARITY_DENIED ? 1ull << i : 0;
    r->others |= scope & SCOPE_OTHERS ? 1ull << i : 0;
    r->later |= scope & SCOPE_LATER ? 1ull << i : 0;
    if (match->target.type == TARGET_HINT) {
        r->hinted |= 1ull << i;
        tally->hint[i] = polarity == POLARITY_STATED ? 1.0f : tally->hint[i];
        if (polarity != POLARITY_DENIED) {
            r->hints |= 1ull << i;
            return;
        }
    }
    if (match->target.type == TARGET_DENIAL) {
        polarity = polarity == POLARITY_DENIED   ? POLARITY_ASIDE
                   : polarity == POLARITY_STATED ? POLARITY_DENIED
                                                 : polarity;
    }
    r->hinted |= 1ull << i;
    if (polarity == POLARITY_STATED) {
        float trust = trust_of(pack, i, &r->tokens, match->first, match->last);
        tally->stated[i] = tally->stated[i] > trust ? tally->stated[i] : trust;
        tally->plain[i] = tally->plain[i] || !(scope & SCOPE_MASKED) || names_tool(r, match);
        tally->denied[i] *= 0.4f;
    } else if (polarity == POLARITY_DENIED) {
        tally->denied[i] = 1;
        tally->stated[i] *= 0.4f;
    } else {
        r->aside |= 1ull << i;
    }
    add_evidence(r, (struct evidence){(uint8_t)i, (uint8_t)polarity, 1, 0, match->first,
                                      match->last, scope, 0, 0});
}

/* A hint inside a cue of the same situation has nothing of its own to say. */
static bool is_part_of_cue(const struct reading *r, uint32_t number)
{
    const struct match *hint = &r->matches.items[number];
    for (uint32_t k = number; hint->target.type == TARGET_HINT && k-- > 0;) {
        const struct match *cue = &r->matches.items[k];
        if (cue->first + CUE_REACH < hint->first) {
            break;
        }
        bool same = cue->target.pack == hint->target.pack &&
                    cue->target.item == hint->target.item &&
                    (cue->target.type == TARGET_SITUATION || cue->target.type == TARGET_DENIAL);
        if (same && cue->first <= hint->first && cue->last >= hint->last) {
            return true;
        }
    }
    return false;
}

static void weigh_cues(const struct pack *pack, struct reading *r, struct tally *tally)
{
    for (uint32_t k = 0; k < r->matches.count; k++) {
        const struct match *match = &r->matches.items[k];
        bool cue = match->target.type == TARGET_SITUATION || match->target.type == TARGET_HINT ||
                   match->target.type == TARGET_DENIAL;
        if (cue && match->target.pack == r->pack && !is_part_of_cue(r, k)) {
            weigh_cue(pack, r, tally, match);
        }
    }
}

/* How much of a unit is not the speaker's present statement: then the topics of it are no facts. */
static uint16_t unit_scope(const struct reading *r, const struct unit *unit)
{
    static const uint16_t flags[] = {SCOPE_NEGATED, SCOPE_PAST,  SCOPE_HEARSAY, SCOPE_SUPPOSED,
                                     SCOPE_OTHERS,  SCOPE_QUOTE, SCOPE_HEAVY,   SCOPE_LIGHT,
                                     SCOPE_MASKED,  SCOPE_ASKED, SCOPE_OUT,     SCOPE_LATER};
    uint32_t count = unit->last - unit->first + 1;
    uint16_t result = 0;
    for (size_t f = 0; f < ARRAY_LEN(flags); f++) {
        uint32_t with = 0;
        for (uint32_t i = unit->first; i <= unit->last; i++) {
            with += (r->scopes.flags[i] & flags[f]) != 0;
        }
        result |= with * 2 > count ? flags[f] : 0;
    }
    return result;
}

struct best {
    float score;
    uint32_t unit;
    float linear, net; /* what score was mixed from */
};

/* A unit's scores by class of the pack's model. */
struct topic_scores {
    float mixed[MODEL_CLASSES_MAX], linear[MODEL_CLASSES_MAX], net[MODEL_CLASSES_MAX];
};

static void score_words(const struct reader *reader, struct reading *r, uint32_t first,
                        uint32_t last, struct topic_scores *ret)
{
    const struct model *model = reader->knowledge->packs[r->pack]->model;
    struct feature_source source = reader_source(reader, r);
    bool with_net = net_fits(model->net, source.vectors);
    features_of_unit(&r->features, &source, first, last);
    model_score(model, &r->features, ret->linear);
    if (with_net) {
        net_score(model->net, &r->net, &source, first, last, ret->net);
    }
    for (uint32_t c = 0; c < model->class_count; c++) {
        float linear = ret->linear[c];
        ret->net[c] = with_net ? ret->net[c] : linear;
        ret->mixed[c] = linear + net_share * (ret->net[c] - linear);
    }
}

static void keep_best(struct best *best, const struct topic_scores *scores, int16_t class,
                      float score, uint32_t unit)
{
    if (score > best->score) {
        *best = (struct best){score, unit, class >= 0 ? scores->linear[class] : score,
                              class >= 0 ? scores->net[class] : score};
    }
}

/* "la la la": mostly words that stand just before, or one further back. Nothing is said by that. */
static bool is_babble(const struct reading *r, const struct unit *unit)
{
    const struct token *items = r->tokens.items;
    uint32_t again = 0, words = unit->last - unit->first + 1;
    for (uint32_t i = unit->first + 1; i <= unit->last; i++) {
        bool farther = i >= unit->first + 2 && items[i].word == items[i - 2].word;
        again += items[i].word == items[i - 1].word || farther;
    }
    return words >= BABBLE_WORDS && again * 2 > words;
}

static void score_unit(const struct reader *reader, struct reading *r, uint32_t number,
                       struct best *stated, struct best *denied)
{
    const struct pack *pack = reader->knowledge->packs[r->pack];
    const struct topic_classes *classes = &reader->classes[r->pack];
    const struct unit *unit = &r->scopes.units[number];
    uint16_t scope = unit_scope(r, unit);
    if ((scope & (SCOPE_MASKED | SCOPE_QUOTE)) || is_babble(r, unit)) {
        return;
    }
    struct topic_scores scores;
    score_words(reader, r, unit->first, unit->last, &scores);
    for (size_t i = 0; i < pack->situation_count; i++) {
        float s = classes->stated[i] >= 0 ? scores.mixed[classes->stated[i]] : no_model;
        float d = classes->denied[i] >= 0 ? scores.mixed[classes->denied[i]] : no_model;
        if (scope & SCOPE_OUT) {
            d = d > s ? d : s;
            s = -9;
        } else if (scope & (SCOPE_PAST | SCOPE_HEARSAY | SCOPE_OTHERS)) {
            s -= aside_weight;
        }
        keep_best(&stated[i], &scores, classes->stated[i], s, number);
        keep_best(&denied[i], &scores, classes->denied[i], d, number);
    }
}

/* What the cues and the learned part come to for one situation, in log odds. */
struct sum {
    float stated, denied;
    float cues, learned; /* of stated: what the cues added, and what was learned */
};

static struct sum sum_up(const struct reading *r, size_t i, const struct evidence_bar *bar,
                         const struct tally *tally, float stated, float denied)
{
    float cues = cue_weight * tally->stated[i] + hint_weight * tally->hint[i];
    struct sum sum = {.stated = stated + cues - 1.0f * tally->denied[i],
                      .denied = denied + denial_weight * tally->denied[i] - 1.0f * tally->stated[i],
                      .cues = cues,
                      .learned = stated};
    /*
     * In a short message there is little else to judge a cue by: what is said in so many words
     * stands.
     */
    bool said = tally->stated[i] >= bar->trust && tally->plain[i] && r->tokens.count <= bar->words;
    /* "Opinionated is a swear word here": no rule denies it, but all that was learned does. */
    if (denied > 0 && denied > stated) {
        sum.stated -= cue_weight * tally->stated[i];
        sum.denied += 1.0f * tally->stated[i];
        said = false;
    }
    if (said && sum.stated < stated_threshold) {
        sum.stated = stated_threshold + 0.1f;
    }
    return sum;
}

static bool is_stated(const struct sum *sum)
{
    return sum->stated > stated_threshold && sum->stated >= sum->denied;
}

/* Who says that two things weigh the same means both. */
static float doubt_of(const struct reading *r)
{
    float words = (float)r->tokens.count;
    if (words <= DOUBT_FROM || (r->signals.english >> EN_EQUAL & 1)) {
        return 0;
    }
    return words < DOUBT_WHOLE ? (words - DOUBT_FROM) / (DOUBT_WHOLE - DOUBT_FROM) : 1;
}

static void doubt_the_weaker(struct reading *r, struct sum *sums, size_t count)
{
    float strongest = -INFINITY, doubt = doubt_of(r);
    for (size_t i = 0; i < count; i++) {
        if (is_stated(&sums[i]) && sums[i].learned > strongest) {
            strongest = sums[i].learned;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (is_stated(&sums[i])) {
            float weaker = strongest - sums[i].learned, most = doubt_most + sums[i].cues;
            sums[i].stated -= doubt * (weaker < most ? weaker : most);
            r->doubted |= is_stated(&sums[i]) ? 0 : 1ull << i;
        }
    }
}

static void settle(struct reading *r, size_t i, const struct tally *tally, const struct sum *sum)
{
    uint64_t bit = 1ull << i;
    if (is_stated(sum)) {
        r->stated |= bit;
        bool plain = tally->stated[i] > 0 || tally->hint[i] > 0;
        r->faint |= sum->learned < faint_threshold && !plain ? bit : 0;
    } else if (tally->denied[i] >= 1 || (!(r->doubted & bit) && sum->denied > denied_threshold &&
                                         sum->denied > sum->stated)) {
        /* What is denied in so many words and not stated is denied, whatever was learned. */
        r->denied |= bit;
    }
    if (r->stated_score[i] > -1.0f) {
        r->hinted |= bit;
    }
}

/* Evidence of the learned part, for explanations and for weight: only where it tips the balance. */
static void keep_learned(struct reading *r, size_t i, struct best best, enum polarity polarity)
{
    const struct unit *unit = &r->scopes.units[best.unit];
    if (best.score > -0.5f) {
        add_evidence(r, (struct evidence){(uint8_t)i, (uint8_t)polarity, 0, best.score, unit->first,
                                          unit->last, evidence_scope(r, unit->first, unit->last),
                                          best.linear, best.net});
    }
}

/*
 * Of several situations that fill one slot, a message that names none or one of them exactly
 * means one: the exact one, else the likeliest.
 */
static void keep_one_of_slot(struct reading *r, const struct pack *pack, const struct tally *tally)
{
    for (size_t i = 0; i < pack->situation_count; i++) {
        const char *slot = pack->situations[i].slot;
        if (!slot || !(r->stated >> i & 1) || tally->stated[i] > 0) {
            continue;
        }
        for (size_t k = 0; k < pack->situation_count; k++) {
            const char *other = pack->situations[k].slot;
            bool rival = k != i && other && strcmp(slot, other) == 0 && (r->stated >> k & 1);
            if (rival && (tally->stated[k] > 0 || r->stated_score[k] > r->stated_score[i])) {
                r->stated &= ~(1ull << i);
                r->faint &= ~(1ull << i);
                break;
            }
        }
    }
}

void evidence_read(const struct reader *reader, struct reading *r, const struct evidence_bar *bar)
{
    const struct pack *pack = reader->knowledge->packs[r->pack];
    struct tally tally = {0};
    struct best stated[PACK_SITUATIONS_MAX], denied[PACK_SITUATIONS_MAX];
    for (size_t i = 0; i < pack->situation_count; i++) {
        stated[i] = denied[i] = (struct best){.score = pack->model ? -9 : no_model};
    }
    weigh_cues(pack, r, &tally);
    for (uint32_t u = 0; pack->model && u < r->scopes.unit_count; u++) {
        score_unit(reader, r, u, stated, denied);
    }
    struct sum sums[PACK_SITUATIONS_MAX];
    for (size_t i = 0; i < pack->situation_count; i++) {
        r->stated_score[i] = stated[i].score;
        r->denied_score[i] = denied[i].score;
        sums[i] = sum_up(r, i, bar, &tally, stated[i].score, denied[i].score);
    }
    doubt_the_weaker(r, sums, pack->situation_count);
    for (size_t i = 0; i < pack->situation_count; i++) {
        settle(r, i, &tally, &sums[i]);
        if (r->scopes.unit_count) {
            keep_learned(r, i, stated[i], POLARITY_STATED);
            keep_learned(r, i, denied[i], POLARITY_DENIED);
        }
    }
    keep_one_of_slot(r, pack, &tally);
}

/* ---- what words are about ---- */

uint64_t evidence_named(const struct reading *r, bool hints, uint32_t first, uint32_t last)
{
    uint64_t set = 0;
    for (uint32_t k = matches_from(&r->matches, first);
         k < r->matches.count && r->matches.items[k].first <= last; k++) {
        const struct match *match = &r->matches.items[k];
        bool cue =
            match->target.type == TARGET_SITUATION || (hints && match->target.type == TARGET_HINT);
        if (cue && match->target.pack == r->pack &&
            polarity_of(match_scope(&r->scopes, match)) != POLARITY_DENIED) {
            set |= 1ull << match->target.item;
        }
    }
    return set;
}

uint64_t evidence_likeliest(const struct reader *reader, struct reading *r, uint64_t known,
                            float least, bool denied, uint32_t first, uint32_t last)
{
    const struct topic_classes *classes = &reader->classes[r->pack];
    const struct model *model = reader->knowledge->packs[r->pack]->model;
    float scores[MODEL_CLASSES_MAX], most = least;
    uint64_t best = 0;
    struct feature_source source = reader_source(reader, r);
    if (!model || !known) {
        return 0;
    }
    features_of_unit(&r->features, &source, first, last);
    model_score(model, &r->features, scores);
    for (size_t i = 0; i < PACK_SITUATIONS_MAX; i++) {
        if (!(known >> i & 1) || classes->stated[i] < 0) {
            continue;
        }
        float score = scores[classes->stated[i]];
        if (denied && classes->denied[i] >= 0 && scores[classes->denied[i]] > score) {
            score = scores[classes->denied[i]];
        }
        if (score > most) {
            most = score;
            best = 1ull << i;
        }
    }
    return best;
}
