#include "bot/reader/lexicon_inside.h"

#include <string.h>

#include "bot/reader/text.h"
#include "bot/reader/token.h"

/* Searching a compiled lexicon: lexicon.h says what it finds. */

struct search {
    const struct lexicon *lexicon;
    const struct tokens *tokens;
    struct matches *matches;
    uint32_t before, after; /* the words beside the one that is looked up, as in struct posting */
};

/* What word i is to struct element and struct posting; 0 when there is none. */
static uint32_t bits_at(const struct search *s, int64_t i)
{
    if (i < 0 || i >= (int64_t)s->tokens->count) {
        return 0;
    }
    const struct token *token = &s->tokens->items[i];
    return lexicon_hash_bit(token->stem) | lexicon_hash_bit(token->word);
}

static bool word_fits(const struct phrase_word *word, const struct token *token)
{
    switch (word->mode) {
    case WORD_EXACT:
        return word->hash == token->word;
    case WORD_PREFIX:
        return token->len >= word->len && memcmp(word->prefix, token->letters, word->len) == 0;
    case WORD_NUMBER:
        return token->flags & TOKEN_NUMBER;
    default:
        return word->hash == token->stem;
    }
}

/* Whether words may follow each other in a phrase across the border before token i. */
static bool joined(const struct search *s, int64_t i, bool in_gap)
{
    if (i <= 0 || i >= (int64_t)s->tokens->count) {
        return i > 0;
    }
    return s->tokens->items[i].border <= (in_gap ? BORDER_COMMA : BORDER_NONE);
}

/* The words of an alternative from position i on; returns the position after, or -1. */
static int64_t alternative_forward(const struct search *s, const struct alternative *alt, int64_t i)
{
    for (size_t k = 0; k < alt->count; k++, i++) {
        if (i >= (int64_t)s->tokens->count || (k > 0 && !joined(s, i, false)) ||
            !word_fits(&s->lexicon->words[alt->first + k], &s->tokens->items[i])) {
            return -1;
        }
    }
    return i;
}

static int64_t alternative_backward(const struct search *s, const struct alternative *alt,
                                    int64_t end)
{
    int64_t start = end - (int64_t)alt->count + 1;
    return start >= 0 && alternative_forward(s, alt, start) == end + 1 ? start : -1;
}

/*
 * Matches elements e.. of a pattern from word i on (to the right) or up to word i (to the left);
 * returns the last (first) word of
 * the match, or -2. `from` is the edge of what is matched so far. Bounded by the gaps: at most 7
 * tries an element.
 */
static int64_t match_right(const struct search *s, const struct pattern *pattern, size_t e,
                           int64_t i, bool after_gap, int *budget)
{
    if (e == pattern->count) {
        return i - 1;
    }
    if (--*budget < 0) {
        return -2;
    }
    const struct element *element = &s->lexicon->elements[pattern->first + e];
    if (element->gap) {
        for (int64_t skip = 0; skip <= element->gap; skip++) {
            if (skip > 0 &&
                (i + skip - 1 >= (int64_t)s->tokens->count || !joined(s, i + skip - 1, true))) {
                break;
            }
            int64_t hit = match_right(s, pattern, e + 1, i + skip, true, budget);
            if (hit != -2) {
                return hit;
            }
        }
        return -2;
    }
    if ((element->begins & bits_at(s, i)) && joined(s, i, after_gap)) {
        for (size_t a = 0; a < element->count; a++) {
            int64_t next = alternative_forward(s, &s->lexicon->alternatives[element->first + a], i);
            int64_t hit = next < 0 ? -2 : match_right(s, pattern, e + 1, next, false, budget);
            if (hit != -2) {
                return hit;
            }
        }
    }
    return element->optional ? match_right(s, pattern, e + 1, i, after_gap, budget) : -2;
}

static int64_t match_left(const struct search *s, const struct pattern *pattern, size_t e,
                          int64_t i, bool before_gap, int *budget)
{
    if (e == 0) {
        return i + 1;
    }
    if (--*budget < 0) {
        return -2;
    }
    const struct element *element = &s->lexicon->elements[pattern->first + e - 1];
    if (element->gap) {
        for (int64_t skip = 0; skip <= element->gap; skip++) {
            if (skip > 0 && (i - skip + 1 < 0 || !joined(s, i - skip + 2, true))) {
                break;
            }
            int64_t hit = match_left(s, pattern, e - 1, i - skip, true, budget);
            if (hit != -2) {
                return hit;
            }
        }
        return -2;
    }
    if ((element->ends & bits_at(s, i)) && joined(s, i + 1, before_gap)) {
        for (size_t a = 0; a < element->count; a++) {
            int64_t start =
                alternative_backward(s, &s->lexicon->alternatives[element->first + a], i);
            int64_t hit = start < 0 ? -2 : match_left(s, pattern, e - 1, start - 1, false, budget);
            if (hit != -2) {
                return hit;
            }
        }
    }
    return element->optional ? match_left(s, pattern, e - 1, i, before_gap, budget) : -2;
}

static bool seen(const struct matches *matches, uint32_t pattern, uint32_t first, uint32_t last)
{
    for (uint32_t i = matches->count; i > 0 && i + 12 > matches->count; i--) {
        const struct match *match = &matches->items[i - 1];
        if (match->pattern == pattern && match->first == first && match->last == last) {
            return true;
        }
    }
    return false;
}

static void keep(struct search *s, uint32_t number, int64_t first, int64_t last)
{
    struct matches *matches = s->matches;
    if (seen(matches, number, (uint32_t)first, (uint32_t)last)) {
        return;
    }
    if (matches->count >= MATCHES_MAX) {
        matches->truncated = 1;
        return;
    }
    matches->items[matches->count++] =
        (struct match){.target = s->lexicon->patterns[number].target,
                       .first = (uint32_t)first,
                       .last = (uint32_t)last,
                       .pattern = number,
                       .denies = s->lexicon->patterns[number].denies};
}

enum { TRIES_MAX = 400 };

static void try_posting(struct search *s, struct posting posting, int64_t i)
{
    const struct pattern *pattern = &s->lexicon->patterns[posting.pattern];
    const struct element *anchor = &s->lexicon->elements[pattern->first + pattern->anchor];
    const struct alternative *alternative =
        &s->lexicon->alternatives[anchor->first + posting.alternative];
    int64_t next = alternative_forward(s, alternative, i);
    if (next < 0) {
        return;
    }
    int budget = TRIES_MAX;
    int64_t last = match_right(s, pattern, pattern->anchor + 1u, next, false, &budget);
    int64_t first =
        last == -2 ? -2 : match_left(s, pattern, pattern->anchor, i - 1, false, &budget);
    if (first != -2) {
        keep(s, posting.pattern, first, last);
    }
}

static void probe(struct search *s, uint64_t key, int64_t i)
{
    const struct bucket *bucket = lexicon_bucket(s->lexicon, key);
    const struct posting *postings = s->lexicon->postings + bucket->first;
    for (uint32_t k = 0; k < bucket->count; k++) {
        bool fits = (!postings[k].before || (postings[k].before & s->before)) &&
                    (!postings[k].after || (postings[k].after & s->after));
        if (fits) {
            try_posting(s, postings[k], i);
        }
    }
}

/* Insertion by first word, longer before shorter: the list is nearly in order already. */
static void sort_matches(struct matches *matches)
{
    for (uint32_t i = 1; i < matches->count; i++) {
        struct match match = matches->items[i];
        uint32_t k = i;
        while (k > 0 && (matches->items[k - 1].first > match.first ||
                         (matches->items[k - 1].first == match.first &&
                          matches->items[k - 1].last < match.last))) {
            matches->items[k] = matches->items[k - 1];
            k--;
        }
        matches->items[k] = match;
    }
}

void lexicon_search(const struct lexicon *lexicon, const struct tokens *tokens, struct matches *ret)
{
    struct search s = {.lexicon = lexicon, .tokens = tokens, .matches = ret};
    ret->count = 0;
    ret->truncated = 0;
    for (uint32_t i = 0; i < tokens->count && !ret->truncated; i++) {
        const struct token *token = &tokens->items[i];
        if (token->attr & TEXT_CODE) {
            continue;
        }
        struct phrase_word exact = {.mode = WORD_EXACT, .hash = token->word};
        s.before = bits_at(&s, (int64_t)i - 1);
        s.after = bits_at(&s, (int64_t)i + 1);
        probe(&s, token->stem, i);
        probe(&s, lexicon_word_key(&exact), i);
        if (token->len >= PREFIX_MIN) {
            probe(&s, lexicon_prefix_key(token->letters), i);
        }
        if (token->flags & TOKEN_NUMBER) {
            probe(&s, lexicon_word_key(&(struct phrase_word){.mode = WORD_NUMBER}), i);
        }
    }
    sort_matches(ret);
}

uint32_t matches_from(const struct matches *matches, uint32_t word)
{
    uint32_t low = 0, high = matches->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (matches->items[middle].first < word) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
