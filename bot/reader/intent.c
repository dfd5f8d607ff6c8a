#include <string.h>

#include "bot/base/mem.h"
#include "bot/reader/english.h"
#include "bot/reader/read.h"
#include "bot/reader/reader.h"
#include "bot/reader/signals.h"
#include "bot/reader/small_talk.h"
#include "knowledge/model.h"
#include "knowledge/vectors.h"

/*
 * What kind of message it is and what it asks: read.h. Rules give each kind a score; the learned
 * kinds add theirs.
 */

static bool has(const struct signals *s, enum english id)
{
    return s->english >> id & 1;
}

static bool has_late(const struct signals *s, enum english id)
{
    return s->english_late >> id & 1;
}

static bool any(const struct signals *s, const enum english *ids)
{
    for (; *ids != EN_COUNT; ids++) {
        if (has(s, *ids)) {
            return true;
        }
    }
    return false;
}

static int bits(uint64_t set)
{
    int count = 0;
    for (; set; set &= set - 1) {
        count++;
    }
    return count;
}

/*
 * Surfaces and situations of talk that read differently: overheard; addressed anew; in the middle
 * of advice.
 */
static char context_letter(const struct context *context)
{
    if (context->surface == SURFACE_AMBIENT) {
        return 'a';
    }
    return context->asked ? 'f' : 'd';
}

static void add_signal(struct features *features, char prefix, unsigned number, unsigned value)
{
    features_add(features, feature_hash('N', number * 64 + value, 0), 0.5f);
    features_add(features, feature_hash('M', number * 64 + value, (uint64_t)prefix), 0.5f);
}

static unsigned capped(unsigned value, unsigned most)
{
    return value < most ? value : most;
}

static unsigned length_class(unsigned words)
{
    static const unsigned steps[] = {1, 2, 3, 5, 8, 12, 18, 30, 60};
    unsigned i = 0;
    while (i < sizeof(steps) / sizeof(steps[0]) && words > steps[i]) {
        i++;
    }
    return i;
}

/* Commoner words (ranks in sixteens) are mostly grammar. */
enum { COMMON_RANK = 25, QUESTION_WORDS = 80 };

static bool is_content(const struct feature_source *source, uint32_t word)
{
    struct vector vector;
    return !(source->scopes->flags[word] & SCOPE_MASKED) &&
           !(vectors_find(source->vectors, source->tokens->items[word].word, &vector) &&
             vector.rank < COMMON_RANK);
}

/* The last word of a text's question: the last sentence that asks, or else that says something. */
static uint32_t question_last(const struct reading *r)
{
    for (uint32_t i = r->tokens.count; i-- > 0;) {
        if (r->tokens.items[i].flags & TOKEN_QUESTION) {
            return r->scopes.sentence_last[i];
        }
    }
    uint32_t last = r->tokens.count - 1, first = r->scopes.sentence_first[last];
    while (first > 0 && small_talk_from(r, first)) {
        last = first - 1;
        first = r->scopes.sentence_first[last];
    }
    return last;
}

/* What of the decision a match names, by bit; the reader's own English mostly nothing. */
static unsigned what_it_names(const struct reading *r, const struct match *match)
{
    int16_t item = match->target.item;
    switch (match->target.type) {
    case TARGET_OPTION:
    case TARGET_TOOL:
        return match->target.pack == r->pack ? 1 : 2;
    case TARGET_SUBJECT:
        return 4;
    case TARGET_FACT:
        return 8;
    case TARGET_ENGLISH:
        return item == EN_CHOICE || item == EN_GOOD_CHOICE ? 16 : 0;
    case TARGET_SITUATION:
    case TARGET_HINT:
    case TARGET_DENIAL:
    default:
        return 32;
    }
}

/* What the question itself is about, and how many of its words no pack knows. */
static void add_question(struct features *f, const struct feature_source *source,
                         const struct reading *r, char prefix)
{
    unsigned named = 0, foreign = 0;
    uint32_t last = question_last(r), first = r->scopes.sentence_first[last];
    first = last - first < QUESTION_WORDS ? first : last + 1 - QUESTION_WORDS;
    features_of_question(f, source, first, last, prefix);
    uint32_t word = first;
    for (uint32_t k = matches_from(&r->matches, first);
         k < r->matches.count && r->matches.items[k].last <= last; k++) {
        const struct match *match = &r->matches.items[k];
        named |= what_it_names(r, match);
        for (; match->target.type != TARGET_ENGLISH && word <= match->last; word++) {
            foreign += word < match->first && is_content(source, word);
        }
    }
    for (; word <= last; word++) {
        foreign += is_content(source, word);
    }
    bool alone = last - first + 1 == r->tokens.count;
    add_signal(f, prefix, 21, capped(foreign, 4));
    add_signal(f, prefix, 22, named);
    add_signal(f, prefix, 23, capped(foreign, 2) * 4 + (named != 0) * 2 + r->signals.question);
    add_signal(f, prefix, 24, length_class(last - first + 1) * 2 + alone);
    add_signal(f, prefix, 25, capped(foreign, 3) * 2 + (r->stated != 0));
}

void kind_features(const struct reader *reader, struct reading *reading,
                   const struct context *context)
{
    struct feature_source source = reader_source(reader, reading);
    const struct signals *s = &reading->signals;
    struct features *f = &reading->features;
    char prefix = context_letter(context);
    features_of_text(f, &source, prefix);
    if (reading->tokens.count > 0) {
        add_question(f, &source, reading, prefix);
    }
    add_signal(f, prefix, 1, capped(s->option_count, 3));
    add_signal(f, prefix, 2, s->alternatives != 0);
    add_signal(f, prefix, 3, capped(s->tool_count, 2));
    add_signal(f, prefix, 4, s->pointer >= 0 ? capped(s->pointer_options, 3) : 0);
    add_signal(f, prefix, 5, s->pointer >= 0 && s->pointer_or);
    add_signal(f, prefix, 6, (unsigned)s->other_tech + (unsigned)s->other_or);
    add_signal(f, prefix, 7, s->question);
    add_signal(f, prefix, 8, s->choice_word);
    add_signal(f, prefix, 9, s->subject);
    add_signal(f, prefix, 10, s->fact >= 0 ? capped(s->fact_score / 2u, 4) : 0);
    add_signal(f, prefix, 11, capped((unsigned)bits(reading->stated), 3));
    add_signal(f, prefix, 12, capped((unsigned)bits(reading->denied), 2));
    add_signal(f, prefix, 13, length_class(s->words));
    add_signal(f, prefix, 14, (unsigned)context->surface);
    add_signal(f, prefix, 15, context->last_kind);
    add_signal(f, prefix, 16, capped(s->mentions, 2));
    add_signal(f, prefix, 17,
               (unsigned)(s->alternatives != 0) * 4 + (reading->stated != 0) * 2 + s->question);
    add_signal(f, prefix, 18,
               capped(s->option_count, 2) * 4 + (unsigned)s->question * 2 + s->choice_word);
    add_signal(f, prefix, 19,
               (unsigned)context->has_facts * 4 + (reading->stated != 0) * 2 +
                   (s->option_count > 0));
    add_signal(f, prefix, 20,
               capped(s->option_count, 1) * 8 + (s->fact >= 0) * 4 + (s->pointer >= 0) * 2 +
                   s->other_tech);
    for (uint32_t i = 0; i < 2 && i < reading->tokens.count; i++) {
        features_add(f, feature_hash('B', reading->tokens.items[i].stem, i), 0.5f);
        features_add(f, feature_hash('C', reading->tokens.items[i].stem, (uint64_t)prefix), 0.5f);
    }
}

/* ---- rules ---- */

/* A score that the learned part seldom outweighs. */
static const float sure = 12;

/* Whether each word is part of one of these phrases. */
static bool says_only(const struct reading *r, uint64_t phrases)
{
    uint32_t words = 0;
    for (uint32_t i = 0; i < r->matches.count; i++) {
        const struct match *match = &r->matches.items[i];
        bool goes_on = match->first <= words && match->last >= words;
        if (goes_on && match->target.type == TARGET_ENGLISH && phrases >> match->target.item & 1) {
            words = match->last + 1;
        }
    }
    return words > 0 && words == r->tokens.count;
}

static float score_meta(const struct reading *r, const struct context *context)
{
    static const uint64_t commands = 1ull << EN_HELP | 1ull << EN_NEVERMIND | 1ull << EN_THANKS |
                                     1ull << EN_BYE | 1ull << EN_RESET;
    static const uint64_t words_with = 1ull << EN_HELLO | 1ull << EN_FINE;
    const struct signals *s = &r->signals;
    bool foreign = s->words <= 3 && r->tokens.count && (r->tokens.items[0].letters[0] & 0x80);
    static const enum english talk[] = {EN_HELLO, EN_THANKS, EN_BYE, EN_NEVERMIND, EN_COUNT};
    static const enum english about[] = {EN_WHO, EN_HELP, EN_RESET, EN_COUNT};
    float score = -2;
    if (any(s, talk) && s->words <= 4) {
        score = 2;
    } else if (any(s, talk) && s->words <= 9 && s->option_count == 0 && !s->question) {
        score = 0.8f;
    }
    if (any(s, about) && s->option_count == 0 && s->words <= 14) {
        score = score > 1 ? score : 1;
    }
    /* Plain words that leave no doubt, whatever else is said beside them. */
    if (has(s, EN_RESET) && s->option_count == 0 && !(r->stated | r->denied) && s->words <= 40) {
        score = sure;
    }
    if (has(s, EN_WHO) && s->option_count == 0 && s->words <= 9) {
        score = sure;
    }
    if (context->asked && has(s, EN_FINE) && s->words <= 3 && !s->question) {
        score = 0.6f;
    }
    bool replies = context->asked && !s->question; /* "ok": but "ok?" wants to know */
    if (((s->english & commands) != 0 || replies) && says_only(r, commands | words_with)) {
        score = sure;
    }
    return foreign ? 4 : score > -2 ? score : -8;
}

static float score_facts(const struct reading *r, const struct context *context)
{
    static const enum english about_answer[] = {EN_WHY, EN_WHY_NOT, EN_FLIP, EN_REMIND, EN_COUNT};
    static const enum english about_option[] = {EN_GOOD_AT,  EN_COMPARE, EN_DOES_IT, EN_WHAT_IS,
                                                EN_TOOL_FOR, EN_BETTER,  EN_COUNT};
    static const enum english asks_option[] = {EN_DOES_IT, EN_WHAT_IS, EN_TOOL_FOR, EN_COUNT};
    static const enum english about_source[] = {EN_SOURCE, EN_RULE, EN_COUNT};
    static const uint64_t reasons = 1ull << EN_WHY | 1ull << EN_WHY_NOT | 1ull << EN_FLIP |
                                    1ull << EN_REMIND | 1ull << EN_HELLO | 1ull << EN_FINE;
    const struct signals *s = &r->signals;
    float score = -1.5f;
    if (context->asked && any(s, about_answer)) {
        score = s->words <= 14 ? 1.5f : 0.5f;
        score += s->question && !s->alternatives && !r->stated && !r->denied ? 4 : 0;
    }
    if (context->asked && any(s, about_answer) && says_only(r, reasons)) {
        score = sure;
    }
    if (s->option_count && !s->alternatives && any(s, about_option)) {
        score = score > 0.5f ? score : 0.5f;
    }
    if (s->option_count && s->fact >= 0 && !s->alternatives) {
        score += 1;
    }
    if (s->fact >= 0 && s->option_count == 1 && s->question && !s->choice_word &&
        any(s, asks_option)) {
        score += 5;
    }
    if (s->option_count == 1 && has(s, EN_BETTER) && !r->stated && s->words <= 20) {
        score += 6;
    }
    if (has(s, EN_RULE) && s->words <= 8 && !r->stated && !s->alternatives) {
        score += 4;
    }
    if (any(s, about_source) && s->words <= 20) {
        score = score > 0.4f ? score : 0.4f;
    }
    return score;
}

/* "Should I buy one?": who names an option so asks for the choice. */
static bool asks_whether(const struct reading *r)
{
    const struct token *first = r->tokens.count ? &r->tokens.items[0] : NULL;
    bool should = first && (token_is(first, "should") || token_is(first, "shall"));
    return should && r->signals.option_count > 0 && r->signals.question;
}

/* A command that tells of an app and asks nothing wants advice for it. */
static bool tells_an_app(const struct reading *r, const struct context *context)
{
    static const enum english else_where[] = {
        EN_HOW_TO,  EN_TROUBLE, EN_MONEY, EN_HOSTING,   EN_OFF_TOPIC, EN_RESET,   EN_HELP,
        EN_WHO,     EN_THANKS,  EN_HELLO, EN_NEVERMIND, EN_BYE,       EN_WHAT_IS, EN_GOOD_AT,
        EN_COMPARE, EN_SOURCE,  EN_RULE,  EN_WHY,       EN_WHY_NOT,   EN_FLIP,    EN_COUNT};
    const struct signals *s = &r->signals;
    return context->surface == SURFACE_SLASH && !s->question && s->words >= 2 && !s->other_tech &&
           s->pointer < 0 && s->fact < 0 && s->option_count == 0 && !any(s, else_where);
}

/* "Is X fine for a flower shop?", though nobody has heard of flower shops. */
static bool asks_whether_it_fits(const struct reading *r)
{
    static const enum english else_where[] = {EN_HOW_TO,  EN_TROUBLE,  EN_MONEY,
                                              EN_HOSTING, EN_TOOL_FOR, EN_COUNT};
    const struct signals *s = &r->signals;
    return s->fits && s->question && s->fact < 0 && s->pointer < 0 && !s->other_tech &&
           !any(s, else_where);
}

static float score_verdict(const struct reading *r, const struct context *context)
{
    const float asked_weight = 4, told_weight = 8, fits_weight = 6;
    const struct signals *s = &r->signals;
    float score = -1.5f;
    score += asks_whether(r) ? asked_weight : 0;
    score += asks_whether_it_fits(r) ? fits_weight : 0;
    score += s->alternatives ? 2.2f : 0;
    score += s->option_count && (s->choice_word || s->question) ? 0.8f : 0;
    score += r->stated || r->denied ? 1.2f : 0;
    score += context->asked && (r->stated || r->denied) ? 0.8f : 0;
    score += s->subject && s->choice_word ? 0.8f : 0;
    score += context->surface == SURFACE_SLASH && r->stated ? 4 : 0;
    score += tells_an_app(r, context) ? told_weight : 0;
    return score;
}

static float score_neighbour(const struct reading *r, const struct context *context)
{
    const float about_option_weight = 8;
    const struct signals *s = &r->signals;
    bool correction =
        context->asked && has(s, EN_CORRECTION) && (r->stated || r->denied) && !s->question;
    if (s->pointer < 0 || correction) {
        return correction ? -sure : -3;
    }
    bool asks = s->pointer_or || s->choice_word || s->question;
    float score = s->pointer_options >= 2 && asks ? 4 : asks ? 1.5f : -1;
    /* No word of the backend: the other decision is all that is asked. */
    if (asks && !s->subject && s->option_count == 0) {
        score += s->pointer_options >= 2 ? 5 : !context->asked && s->words <= 14 ? 4 : 0;
    }
    /* "Can X do with Y?" is about X, where X has a fact to tell. */
    if (s->option_count == 1 && s->fact >= 0 && s->question && !s->choice_word) {
        score -= about_option_weight;
    }
    return s->option_count ? score - 4 : score;
}

static float score_unknown(const struct reading *r)
{
    static const enum english outside[] = {EN_HOW_TO,  EN_TROUBLE,   EN_MONEY,
                                           EN_HOSTING, EN_OFF_TOPIC, EN_COUNT};
    const float within_weight = 8;
    const struct signals *s = &r->signals;
    float score = s->option_count ? -3 : 0;
    score += any(s, outside) ? 0.6f : 0;
    score += s->other_or && !s->alternatives ? 1 : 0;
    score += s->within_one ? within_weight : 0;
    score -= r->stated ? 1 : 0;
    return score;
}

static bool weighs(const struct reading *r)
{
    return r->tokens.count > 0 && signals_weigh(r, 0, r->tokens.count - 1);
}

/* Overheard talk gets an answer only when it plainly asks for the choice. */
static bool plainly_asks(const struct reading *r)
{
    const struct signals *s = &r->signals;
    bool told = has(s, EN_PAST) && !s->question; /* a story of how it was settled */
    if (s->quoted_only || s->unasked || s->option_count == 0 || s->mentions > 0 || told) {
        return false;
    }
    return (s->alternatives && (!s->apart || (s->question && (s->choice_word || weighs(r))))) ||
           (s->option_count >= 2 && s->question && s->choice_word) ||
           (s->option_count == 1 && (s->question || s->subject) && s->choice_word && r->stated);
}

static void score_ambient(const struct reading *r, float scores[KIND_COUNT])
{
    const float margin = 1; /* who talks to others is disturbed by an answer */
    float ask = scores[KIND_VERDICT] - scores[KIND_SILENT] - margin;
    for (int k = 0; k < KIND_COUNT; k++) {
        scores[k] = -9;
    }
    scores[KIND_VERDICT] = plainly_asks(r) ? ask : -8;
    scores[KIND_SILENT] = 0;
}

void kind_score(const struct reader *reader, struct reading *reading, const struct context *context,
                float scores[KIND_COUNT])
{
    const struct model *model = reader->knowledge->kinds;
    const float rule_weight = model ? 0.35f : 1;
    scores[KIND_META] = score_meta(reading, context);
    scores[KIND_FACTS] = score_facts(reading, context);
    scores[KIND_VERDICT] = score_verdict(reading, context);
    scores[KIND_NEIGHBOUR] = score_neighbour(reading, context);
    scores[KIND_UNKNOWN] = score_unknown(reading);
    scores[KIND_SILENT] = 0.5f;
    float learned[MODEL_CLASSES_MAX] = {0};
    if (model) {
        kind_features(reader, reading, context);
        model_score(model, &reading->features, learned);
    }
    for (int k = 0; k < KIND_COUNT; k++) {
        scores[k] = scores[k] * rule_weight +
                    (reader->kind_class[k] >= 0 ? learned[reader->kind_class[k]] : 0);
    }
    if (context->surface == SURFACE_AMBIENT) {
        score_ambient(reading, scores);
    } else {
        scores[KIND_SILENT] = -9;
    }
}

/* ---- what is asked ---- */

static int16_t other_option(const struct reading *r)
{
    return r->signals.option_count == 1 ? r->signals.first_option : -1;
}

static struct ask ask_facts(const struct reading *r, const struct context *context)
{
    const struct signals *s = &r->signals;
    struct ask ask = {ASK_NOTHING, s->option_count == 1 ? s->first_option : (int16_t)-1, -1};
    bool short_text = s->words <= 16;
    if (s->tool >= 0 &&
        (has(s, EN_WHAT_IS) || has(s, EN_GOOD_AT) || has(s, EN_TOOL_FOR) || s->fact < 0)) {
        return (struct ask){ASK_TOOL, s->tool_option, s->tool};
    }
    if (context->asked && has_late(s, EN_FLIP)) {
        ask.about = ASK_FLIP;
    } else if (context->asked && has_late(s, EN_WHY_NOT)) {
        ask = (struct ask){ASK_WHY_NOT, other_option(r), -1};
    } else if (s->fact >= 0 &&
               (s->option_count || !context->asked || !short_text || !has(s, EN_WHY))) {
        ask.about = ASK_FACT;
        ask.item = s->fact;
    } else if (has(s, EN_SOURCE)) {
        ask.about = ASK_SOURCE;
    } else if (has(s, EN_COMPARE) && s->option_count != 1) {
        ask.about = ASK_COMPARE;
    } else if (has(s, EN_RULE)) {
        ask.about = ASK_RULE;
    } else if (has(s, EN_BETTER)) {
        ask.about = ASK_BETTER;
    } else if (context->asked && (has(s, EN_WHY) || has(s, EN_REMIND)) && s->option_count == 0) {
        ask.about = ASK_WHY;
    } else if (s->option_count) {
        ask.about = ASK_STRENGTHS;
    } else {
        ask.about = context->asked ? ASK_WHY : ASK_COMPARE;
    }
    return ask;
}

static enum ask_about ask_meta(const struct signals *s)
{
    static const struct {
        enum english id;
        enum ask_about about;
    } order[] = {
        {EN_RESET, ASK_RESET}, {EN_NEVERMIND, ASK_NEVERMIND}, {EN_WHO, ASK_WHO},
        {EN_HELP, ASK_HELP},   {EN_THANKS, ASK_THANKS},       {EN_BYE, ASK_THANKS},
        {EN_FINE, ASK_THANKS}, {EN_HELLO, ASK_HELLO},
    };
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        if (has(s, order[i].id)) {
            return order[i].about;
        }
    }
    return s->words <= 2 ? ASK_HELLO : ASK_HELP;
}

struct ask ask_read(const struct reader *reader, const struct reading *reading, enum kind kind,
                    const struct context *context)
{
    const struct signals *s = &reading->signals;
    (void)reader;
    switch (kind) {
    case KIND_VERDICT:
        return (struct ask){ASK_CHOICE, -1, -1};
    case KIND_FACTS:
        return ask_facts(reading, context);
    case KIND_NEIGHBOUR:
        return (struct ask){ASK_NEIGHBOUR, -1, s->pointer};
    case KIND_META:
        return (struct ask){ask_meta(s), -1, -1};
    case KIND_UNKNOWN:
    case KIND_SILENT:
    case KIND_COUNT:
    default:
        return (struct ask){ASK_NOTHING, -1, -1};
    }
}
