#include "bot/reader/english.h"
#include "bot/reader/read.h"
#include "bot/reader/reader.h"
#include "bot/reader/small_talk.h"
#include "knowledge/vectors.h"

/* What the kind of a message is learned from and judged by: read.h. */

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
