#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bot/reader/lexicon.h"
#include "bot/reader/token.h"

/*
 * What holds of each word: denied, somebody else's, long ago, only supposed, heavy, light; and
 * where sentences and clauses begin. Works from the reader's own English (english.h) and the
 * structure of the text; of packs it knows only whose options' names to mask.
 */
struct text;

enum {
    SCOPE_NEGATED = 1 << 0,
    SCOPE_PAST = 1 << 1,
    SCOPE_HEARSAY = 1 << 2,
    SCOPE_SUPPOSED = 1 << 3, /* hypothetical, a wish */
    SCOPE_OTHERS = 1 << 4,   /* another team's, bought in */
    SCOPE_QUOTE = 1 << 5,    /* quoted and not adopted */
    SCOPE_HEAVY = 1 << 6,
    SCOPE_LIGHT = 1 << 7,
    SCOPE_MASKED = 1 << 8,   /* part of an option's name or of a false friend */
    SCOPE_ASKED = 1 << 9,    /* in a question whether to drop or keep something */
    SCOPE_OUT = 1 << 10,     /* in an "out of scope" section or struck out: denied too */
    SCOPE_LATER = 1 << 11,   /* not now */
    SCOPE_PREMISE = 1 << 12, /* SCOPE_SUPPOSED by "if you had to build ..." and its like */
    SCOPE_ASIDE =
        SCOPE_PAST | SCOPE_HEARSAY | SCOPE_SUPPOSED | SCOPE_LATER | SCOPE_OTHERS | SCOPE_QUOTE,
};

enum { UNITS_MAX = 2048 };

/* A run of words that is read together: a sentence, or a clause of a long one. */
struct unit {
    uint32_t first, last;
    uint8_t sentence; /* 1: a whole sentence */
    uint8_t question; /* 1: ends with a question mark */
};

/*
 * Where the clause and the sentence of each word begin and end. Both are cut where no mark ends
 * them, so that no walk is long.
 */
enum { CLAUSE_LONG = 64, SENTENCE_LIMIT = 128 };

struct scopes {
    uint16_t flags[TOKENS_MAX];
    uint16_t negator[TOKENS_MAX]; /* last word of what denies a SCOPE_NEGATED one */
    uint16_t clause_first[TOKENS_MAX], clause_last[TOKENS_MAX];
    uint16_t sentence_first[TOKENS_MAX], sentence_last[TOKENS_MAX];
    struct unit units[UNITS_MAX];
    uint32_t unit_count;
};

/*
 * Drops from `matches` what a false friend hides, then fills *ret. Masks the names of this pack's
 * options. goes_on: in a conversation under way "what if we ...?" asks what would be then, so what
 * it supposes counts.
 */
void scopes_read(struct scopes *ret, const struct text *text, const struct tokens *tokens,
                 struct matches *matches, int pack, bool goes_on);

/* What the `count` words suppose as a premise is taken for said. False: they suppose none. */
bool scopes_adopt_premises(struct scopes *scopes, uint32_t count);

/*
 * What holds of a cue's words together; a denial that the phrase itself holds is part of what it
 * says.
 */
uint16_t match_scope(const struct scopes *scopes, const struct match *match);
