#include "bot/reader/english.h"
#include "bot/reader/read.h"
#include "bot/reader/reader.h"
#include "bot/reader/signals.h"
#include "knowledge/model.h"

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
        score += s->pointer_options >= 2 ? 5 : s->words <= (context->asked ? 5 : 14) ? 4 : 0;
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
