#include "bot/reader/spell.h"

#include <stdint.h>
#include <string.h>

#include "bot/base/hash.h"
#include "bot/reader/lexicon.h"
#include "bot/reader/text.h"
#include "bot/reader/token.h"
#include "knowledge/vectors.h"

struct candidate {
    char letters[WORD_MAX + 2];
    size_t len;
    uint32_t cost; /* the lower the better; UINT32_MAX = none yet */
};

struct speller {
    const struct lexicon *lexicon;
    const struct vectors *vectors;
    struct candidate best;
};

enum { COST_COMMON = 1u << 20, COST_FIRST_LETTER = 1u << 18, COST_EDIT = 1u << 12 };

/* kind: 0 swapped, 1 doubled or missing letter, 2 wrong letter. */
static void consider(struct speller *s, const char *letters, size_t len, uint32_t kind,
                     bool first_letter)
{
    uint64_t word = hash_bytes(letters, len);
    uint32_t cost = kind * COST_EDIT + (first_letter ? COST_FIRST_LETTER : 0);
    struct vector vector;
    bool common = vectors_find(s->vectors, word, &vector);
    if (!lexicon_has_word(s->lexicon, word)) {
        if (!common || vector.rank > 1200) {
            return;
        }
        cost += COST_COMMON;
    }
    cost += common ? vector.rank : 2000;
    if (cost < s->best.cost) {
        memcpy(s->best.letters, letters, len);
        s->best.letters[len] = '\0';
        s->best.len = len;
        s->best.cost = cost;
    }
}

static void try_swaps_and_drops(struct speller *s, const char *word, size_t len)
{
    char letters[WORD_MAX + 2];
    for (size_t i = 0; i < len; i++) {
        if (i + 1 < len && word[i] != word[i + 1]) {
            memcpy(letters, word, len);
            letters[i] = word[i + 1];
            letters[i + 1] = word[i];
            consider(s, letters, len, 0, i == 0);
        }
        memcpy(letters, word, i);
        memcpy(letters + i, word + i + 1, len - i - 1);
        consider(s, letters, len - 1, 1, i == 0);
    }
}

static void try_letters(struct speller *s, const char *word, size_t len)
{
    char letters[WORD_MAX + 2];
    for (size_t i = 0; i <= len; i++) {
        for (char c = 'a'; c <= 'z'; c++) {
            memcpy(letters, word, i);
            letters[i] = c;
            memcpy(letters + i + 1, word + i, len - i);
            consider(s, letters, len + 1, 1, i == 0);
            if (i < len) {
                memcpy(letters + i + 1, word + i + 1, len - i - 1);
                consider(s, letters, len, 2, i == 0);
            }
        }
    }
}

static bool is_suspect(const struct token *token, const struct lexicon *lexicon,
                       const struct vectors *vectors)
{
    /* Without the list of common words a short word may well be right. */
    size_t least = vectors ? SPELL_MIN_LEN : SPELL_MIN_BLIND;
    if (token->len < least || token->len > WORD_MAX - 4 || (token->attr & TEXT_CODE)) {
        return false;
    }
    for (size_t i = 0; i < token->len; i++) {
        if (token->letters[i] < 'a' || token->letters[i] > 'z') {
            return false;
        }
    }
    return !lexicon_has(lexicon, token->word, token->stem) && !vectors_has(vectors, token->word);
}

void spell_mend(struct tokens *tokens, const struct lexicon *lexicon, const struct vectors *vectors,
                struct stemmer *stemmer)
{
    uint32_t tried = 0;
    for (uint32_t i = 0; i < tokens->count && tried < SPELL_MAX; i++) {
        struct token *token = &tokens->items[i];
        if (!is_suspect(token, lexicon, vectors)) {
            continue;
        }
        struct speller speller = {lexicon, vectors, {.cost = UINT32_MAX}};
        tried++;
        try_swaps_and_drops(&speller, token->letters, token->len);
        try_letters(&speller, token->letters, token->len);
        if (speller.best.cost != UINT32_MAX) {
            token_set(token, stemmer, speller.best.letters, speller.best.len);
            token->flags |= TOKEN_FIXED;
        }
    }
}

bool spell_near(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b), i = 0;
    while (a[i] && a[i] == b[i]) {
        i++;
    }
    if (la == lb) {
        bool swapped =
            i + 1 < la && a[i] == b[i + 1] && a[i + 1] == b[i] && strcmp(a + i + 2, b + i + 2) == 0;
        return i >= la || swapped || strcmp(a + i + 1, b + i + 1) == 0;
    }
    const char *longer = la > lb ? a : b, *shorter = la > lb ? b : a;
    return (la > lb ? la - lb : lb - la) == 1 && strcmp(longer + i + 1, shorter + i) == 0;
}
