#include "bot/reader/read.h"

#include <assert.h>
#include <string.h>

#include "bot/base/mem.h"
#include "bot/reader/english.h"
#include "bot/reader/reader.h"
#include "bot/reader/signals.h"
#include "bot/reader/spell.h"
#include "bot/reader/trust.h"
#include "bot/reader/withdraw.h"
#include "knowledge/model.h"
#include "knowledge/vectors.h"

/*
 * Where the learned topics and the exact cues meet. A cue adds to the learned score of its
 * situation; the sums are log odds.
 * Set by hand on the labelled conversations that were read while tuning; flat within half a point
 * around these values (docs/reading.md).
 */
static const float cue_weight = 2.6f, denial_weight = 2.0f, hint_weight = 0.6f, no_model = -1.2f;
static const float stated_threshold = STATED_THRESHOLD, denied_threshold = 0.3f, aside_weight = 2;
static const float reference_threshold = -4, faint_threshold = 1.6f;

/*
 * How much of a learned score is the net's, where a pack has one; the rest is the linear topics'.
 */
static const float net_share = 0.4f;

/* How many words before another a cue may begin that covers it. */
enum { CUE_REACH = 24 };

/* A message of at most so many words is short; fewer are no babble; nor is more small talk. */
enum { SHORT_WORDS = 10, BABBLE_WORDS = 6, SMALL_TALK = 12 };

/* ---- building ---- */

static int class_of(const struct model *model, const char *situation, const char *polarity)
{
    char name[sizeof(model->classes[0].name)];
    size_t a = strlen(situation), b = strlen(polarity);
    if (!model || a + b + 2 > sizeof(name)) {
        return -1;
    }
    memcpy(name, situation, a);
    name[a] = ':';
    memcpy(name + a + 1, polarity, b + 1);
    return model_class_find(model, name);
}

struct reader *reader_create(const struct knowledge *knowledge)
{
    struct reader *reader = mem_alloc(sizeof(*reader));
    reader->knowledge = knowledge;
    reader->lexicon = lexicon_create(knowledge);
    for (size_t p = 0; p < knowledge->count; p++) {
        const struct pack *pack = knowledge->packs[p];
        for (size_t i = 0; i < pack->situation_count; i++) {
            reader->classes[p].stated[i] =
                (int16_t)class_of(pack->model, pack->situations[i].id, "stated");
            reader->classes[p].denied[i] =
                (int16_t)class_of(pack->model, pack->situations[i].id, "denied");
        }
        reader->classes[p].denies = (int16_t)model_class_find(pack->model, CLASS_DENIES);
    }
    for (int k = 0; k < KIND_COUNT; k++) {
        reader->kind_class[k] =
            (int16_t)model_class_find(knowledge->kinds, kind_name((enum kind)k));
    }
    return reader;
}

void reader_destroy(struct reader *reader)
{
    if (reader) {
        lexicon_destroy(reader->lexicon);
        mem_free(reader);
    }
}

size_t reader_memory(const struct reader *reader)
{
    return sizeof(*reader) + lexicon_memory(reader->lexicon);
}

const struct knowledge *reader_knowledge(const struct reader *reader)
{
    return reader->knowledge;
}

struct feature_source reader_source(const struct reader *reader, const struct reading *reading)
{
    return (struct feature_source){.tokens = &reading->tokens,
                                   .matches = &reading->matches,
                                   .scopes = &reading->scopes,
                                   .vectors = reader->knowledge->vectors,
                                   .pack = reader->knowledge->packs[reading->pack],
                                   .pack_number = reading->pack};
}

/* ---- evidence ---- */

static void add_evidence(struct reading *r, struct evidence evidence)
{
    if (r->evidence_count < EVIDENCE_MAX) {
        r->evidence[r->evidence_count++] = evidence;
    }
}

static uint16_t scope_of(const struct reading *r, uint32_t first, uint32_t last)
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
    bool plain[PACK_SITUATIONS_MAX]; /* stated by words that name no option */
};

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
        tally->plain[i] = tally->plain[i] || !(scope & SCOPE_MASKED);
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

static void settle(struct reading *r, size_t i, const struct tally *tally, struct best stated,
                   struct best denied)
{
    float s = stated.score + cue_weight * tally->stated[i] + hint_weight * tally->hint[i] -
              1.0f * tally->denied[i];
    float d = denied.score + denial_weight * tally->denied[i] - 1.0f * tally->stated[i];
    /*
     * In a short message there is little else to judge a cue by: what is said in so many words
     * stands.
     */
    bool said = tally->stated[i] >= 1 && tally->plain[i] && r->tokens.count <= SHORT_WORDS;
    /* "Opinionated is a swear word here": no rule denies it, but all that was learned does. */
    if (denied.score > 0 && denied.score > stated.score) {
        s -= cue_weight * tally->stated[i];
        d += 1.0f * tally->stated[i];
        said = false;
    }
    s = said && s < stated_threshold ? stated_threshold + 0.1f : s;
    uint64_t bit = 1ull << i;
    r->stated_score[i] = stated.score;
    r->denied_score[i] = denied.score;
    if (s > stated_threshold && s >= d) {
        r->stated |= bit;
        bool plain = tally->stated[i] > 0 || tally->hint[i] > 0;
        r->faint |= s < faint_threshold && !plain ? bit : 0;
    } else if ((d > denied_threshold && d > s) || tally->denied[i] >= 1) {
        /* What is denied in so many words and not stated is denied, whatever was learned. */
        r->denied |= bit;
    }
    if (stated.score > -1.0f) {
        r->hinted |= bit;
    }
}

/* Evidence of the learned part, for explanations and for weight: only where it tips the balance. */
static void keep_learned(struct reading *r, size_t i, struct best best, enum polarity polarity)
{
    const struct unit *unit = &r->scopes.units[best.unit];
    if (best.score > -0.5f) {
        add_evidence(r, (struct evidence){(uint8_t)i, (uint8_t)polarity, 0, best.score, unit->first,
                                          unit->last, scope_of(r, unit->first, unit->last),
                                          best.linear, best.net});
    }
}

/*
 * The situations that words first..last name, exactly or (with hints) weakly, without denying
 * them.
 */
static uint64_t named_in(const struct reading *r, bool hints, uint32_t first, uint32_t last)
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

/* The likeliest of the situations that are known or stated; 0 when none is likely at all. */
static uint64_t likeliest(const struct reader *reader, struct reading *r, uint64_t known,
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

/* "And that's what counts": of what stands before. */
static bool points_back(const struct reading *r, uint32_t first, uint32_t last)
{
    static const char *const words[] = {"that", "this", "it", "those", "they"};
    bool joined = first < last && (token_is(&r->tokens.items[first], "and") ||
                                   token_is(&r->tokens.items[first], "but"));
    const char *subject = r->tokens.items[first + joined].letters;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(subject, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* What a clause is about: its cues, else what is likeliest among what the conversation knows. */
static uint64_t about_clause(const struct reader *reader, struct reading *r, uint64_t known,
                             uint32_t first, uint32_t last)
{
    uint64_t set = named_in(r, true, first, last) & known;
    /* "The chat is a nice-to-have" weighs the chat, be it known or not. */
    set = set ? set : named_in(r, false, first, last);
    return set ? set : likeliest(reader, r, known, reference_threshold, false, first, last);
}

static bool has_english_in(const struct reading *r, enum english id, uint32_t first, uint32_t last)
{
    for (uint32_t k = matches_from(&r->matches, first);
         k < r->matches.count && r->matches.items[k].first <= last; k++) {
        const struct target *target = &r->matches.items[k].target;
        if (target->type == TARGET_ENGLISH && target->item == (int16_t)id) {
            return true;
        }
    }
    return false;
}

/*
 * A clause that weighs: its own subject, else that of the clause before ("..., but that's a
 * garnish"), else of an earlier message.
 */
static void weigh_clause(struct reading *r, uint64_t own, uint64_t before, uint32_t first,
                         uint32_t last)
{
    uint16_t scope = scope_of(r, first, last);
    bool rest = has_english_in(r, EN_REST_LIGHT, first, last);
    bool heavy = rest || (scope & SCOPE_HEAVY), light = !rest && (scope & SCOPE_LIGHT);
    if (heavy == light) {
        return;
    }
    uint64_t what = rest && before ? before : own ? own : before;
    r->heavy |= heavy ? what : 0;
    r->light |= light ? what : 0;
    r->heavy_back = r->heavy_back || (heavy && !what);
    r->light_back = r->light_back || (light && !what);
}

/* Whether anything in the clause of word i says what counts and what does not. */
static bool weighs_at(const struct reading *r, uint32_t i)
{
    uint32_t last = r->scopes.clause_last[i];
    return (scope_of(r, i, last) & (SCOPE_HEAVY | SCOPE_LIGHT)) ||
           has_english_in(r, EN_REST_LIGHT, i, last);
}

static void weigh_clauses(const struct reader *reader, struct reading *r, uint64_t known)
{
    uint64_t before = 0;
    for (uint32_t i = 0; i < r->tokens.count; i = r->scopes.clause_last[i] + 1u) {
        uint32_t last = r->scopes.clause_last[i];
        bool weighs = weighs_at(r, i) || (last + 1 < r->tokens.count && weighs_at(r, last + 1));
        if (!weighs) {
            before = 0;
            continue;
        }
        bool back = before && points_back(r, i, last) && !named_in(r, true, i, last);
        uint64_t own = back ? 0 : about_clause(reader, r, known, i, last);
        bool points = !own && (r->tokens.items[last].flags & TOKEN_COLON);
        if (points && last + 1 < r->tokens.count) {
            own = about_clause(reader, r, known, last + 1, r->scopes.clause_last[last + 1]);
        }
        weigh_clause(r, own, before, i, last);
        before = own ? own : before;
    }
}

static bool is_word(const struct reading *r, uint32_t i, const char *word)
{
    return i < r->tokens.count && strcmp(r->tokens.items[i].letters, word) == 0;
}

static bool names_option(const struct reading *r, uint32_t first, uint32_t last)
{
    for (uint32_t k = matches_from(&r->matches, first);
         k < r->matches.count && r->matches.items[k].first <= last; k++) {
        if (match_names_option(&r->matches.items[k]) &&
            r->matches.items[k].target.pack == r->pack) {
            return true;
        }
    }
    return false;
}

/* "Chat might come", "microservices or not", "should I worry about many users at once?" */
static bool is_supposed(const struct reading *r, const struct evidence *e)
{
    static const char *const asking[] = {"do", "does", "should", "will", "would", "is", "are"};
    uint32_t first = r->scopes.sentence_first[e->first], last = r->scopes.sentence_last[e->last];
    uint16_t scope = scope_of(r, e->first, r->scopes.clause_last[e->last]);
    if ((scope & (SCOPE_SUPPOSED | SCOPE_ASKED)) ||
        (is_word(r, e->last + 1, "or") && is_word(r, e->last + 2, "not"))) {
        return true;
    }
    if (!(r->tokens.items[last].flags & TOKEN_QUESTION) || names_option(r, first, last)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(asking); i++) {
        if (is_word(r, first, asking[i])) {
            return true;
        }
    }
    return false;
}

static void read_weights(const struct reader *reader, struct reading *r, uint64_t known)
{
    static const uint64_t words = 1ull << EN_HEAVY | 1ull << EN_LIGHT | 1ull << EN_MORE_THAN |
                                  1ull << EN_REST_LIGHT | 1ull << EN_SECTION_LIGHT;
    for (uint32_t k = 0; k < r->evidence_count; k++) {
        const struct evidence *e = &r->evidence[k];
        bool both = (e->scope & SCOPE_HEAVY) && (e->scope & SCOPE_LIGHT);
        uint64_t bit = 1ull << e->situation;
        r->asked |= e->scope & SCOPE_ASKED ? bit : 0;
        r->supposed |= e->polarity == POLARITY_STATED && is_supposed(r, e) ? bit : 0;
        r->heavy |= e->exact && !both && (e->scope & SCOPE_HEAVY) ? bit : 0;
        r->light |= e->exact && !both && (e->scope & SCOPE_LIGHT) ? bit : 0;
    }
    if (r->signals.english & words) {
        weigh_clauses(reader, r, known | r->stated);
    }
    /* "Mostly forms" weighs nothing as long as there is nothing else to weigh it against. */
    if (!((known | r->stated) & ~r->heavy)) {
        r->heavy = 0;
    }
    uint64_t unclear = r->heavy & r->light;
    r->heavy &= ~unclear & (known | r->stated);
    r->light &= ~unclear & (known | r->stated);
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
static void read_withdrawals(const struct reader *reader, struct reading *r, uint64_t known)
{
    const float least = -4.5f;
    for (uint32_t i = 0; known && i < r->tokens.count; i = r->scopes.clause_last[i] + 1u) {
        uint32_t last = r->scopes.clause_last[i];
        if (begins_with_drop(r, i) && mostly_denied(r, i, last) && !(r->unsaid & known)) {
            r->unsaid |= likeliest(reader, r, known, least, true, i, last);
        }
    }
}

static void read_evidence(const struct reader *reader, struct reading *r, uint64_t known)
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
    for (size_t i = 0; i < pack->situation_count; i++) {
        settle(r, i, &tally, stated[i], denied[i]);
        if (r->scopes.unit_count) {
            keep_learned(r, i, stated[i], POLARITY_STATED);
            keep_learned(r, i, denied[i], POLARITY_DENIED);
        }
    }
    keep_one_of_slot(r, pack, &tally);
    read_withdrawals(reader, r, known & ~r->stated);
    read_weights(reader, r, known);
}

/*
 * The pack whose options the message names; the preferred one, or the main one, when it names
 * none.
 */
static int16_t choose_pack(const struct reader *reader, const struct reading *r, int preferred)
{
    const struct knowledge *knowledge = reader->knowledge;
    int counts[PACKS_MAX] = {0};
    int best = preferred >= 0 ? preferred : knowledge->main;
    for (uint32_t k = 0; k < r->matches.count; k++) {
        if (match_names_option(&r->matches.items[k])) {
            counts[r->matches.items[k].target.pack]++;
        }
    }
    best = best < 0 ? 0 : best;
    for (size_t p = 0; p < knowledge->count; p++) {
        if (!knowledge->packs[p]->pointer && counts[p] > counts[best]) {
            best = (int)p;
        }
    }
    return (int16_t)best;
}

/*
 * Whether the words from `first` on are small talk: "Thanks in advance!" Whatever else the reader
 * knows in them makes them more than that.
 */
static bool is_small_talk(const struct reading *r, uint32_t first)
{
    static const uint64_t talk = 1ull << EN_THANKS | 1ull << EN_BYE | 1ull << EN_FINE |
                                 1ull << EN_HELLO | 1ull << EN_YES_ANSWER | 1ull << EN_NOW |
                                 1ull << EN_SECTION_LIGHT | 1ull << EN_TO_OTHERS;
    bool thanks = false;
    for (uint32_t k = matches_from(&r->matches, first); k < r->matches.count; k++) {
        const struct match *match = &r->matches.items[k];
        if (match->target.type != TARGET_ENGLISH || !(talk >> match->target.item & 1)) {
            return false;
        }
        thanks = thanks || (match->target.item == EN_THANKS && match->first == first);
    }
    return thanks;
}

/* Whether the words before `end` ask something or name anything that a pack knows. */
static bool says_something(const struct reading *r, uint32_t end)
{
    for (uint32_t k = 0; k < r->matches.count && r->matches.items[k].last < end; k++) {
        if (r->matches.items[k].target.type != TARGET_ENGLISH) {
            return true;
        }
    }
    for (uint32_t i = 0; i < end; i++) {
        if (r->tokens.items[i].flags & TOKEN_QUESTION) {
            return true;
        }
    }
    return false;
}

/* Takes off the small talk that ends a message, so that politeness changes no answer. */
static void drop_small_talk(struct reading *r)
{
    uint32_t first = r->tokens.count;
    for (uint32_t words = 0; words < SMALL_TALK && first > 1; words++) {
        const struct token *token = &r->tokens.items[--first];
        if (token->flags & TOKEN_QUESTION) {
            return;
        }
        if (token->border >= BORDER_SENTENCE) {
            if (is_small_talk(r, first) && says_something(r, first)) {
                r->tokens.count = first;
                r->matches.count = matches_from(&r->matches, first);
            }
            return;
        }
    }
}

void reader_read(const struct reader *reader, struct reading *ret, struct stemmer *stemmer,
                 const char *bytes, size_t len, int preferred, const struct recalled *recalled)
{
    static const struct recalled nothing = {0};
    const struct knowledge *knowledge = reader->knowledge;
    recalled = recalled ? recalled : &nothing;
    ret->evidence_count = 0;
    ret->stated = ret->denied = ret->aside = ret->heavy = ret->light = ret->asked = ret->hinted = 0;
    ret->withdrawn = 0;
    ret->anchor_count = 0;
    ret->others = ret->later = ret->hints = ret->unsaid = ret->faint = 0;
    ret->supposed = 0;
    ret->heavy_back = ret->light_back = false;
    net_forget(&ret->net);
    memset(ret->stated_score, 0, sizeof(ret->stated_score));
    memset(ret->denied_score, 0, sizeof(ret->denied_score));
    text_read(&ret->text, bytes, len);
    tokens_read(&ret->tokens, &ret->text, stemmer);
    spell_mend(&ret->tokens, reader->lexicon, knowledge->vectors, stemmer);
    lexicon_search(reader->lexicon, &ret->tokens, &ret->matches);
    ret->pack = choose_pack(reader, ret, preferred);
    bool mended = false;
    signals_mend(ret, knowledge, stemmer, &mended);
    if (mended) {
        lexicon_search(reader->lexicon, &ret->tokens, &ret->matches);
    }
    drop_small_talk(ret);
    scopes_read(&ret->scopes, &ret->text, &ret->tokens, &ret->matches, ret->pack,
                recalled->known != 0);
    ret->truncated = ret->text.truncated || ret->tokens.truncated || ret->matches.truncated;
    signals_read(ret, knowledge);
    recalled = ret->pack == preferred ? recalled : &nothing;
    read_evidence(reader, ret, recalled->known);
    withdrawals_read(reader, ret, recalled);
    anchors_read(reader, ret);
}
