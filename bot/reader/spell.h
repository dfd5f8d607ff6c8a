#pragma once

#include <stdbool.h>

/*
 * Mends typing errors: a word that neither the packs nor the list of common English words know
 * is replaced by
 * the one known word that is one slip away (a letter missing, doubled, wrong or swapped with its
 * neighbour). Pack words go before
 * common ones, commoner before rarer; when two are equally near, the first letter that the slip
 * leaves alone decides. Short words are left alone.
 * Linear: at most SPELL_MAX words of a text are tried.
 */
struct lexicon;
struct stemmer;
struct tokens;
struct vectors;

enum { SPELL_MAX = 96, SPELL_MIN_LEN = 4, SPELL_MIN_BLIND = 7 };

void spell_mend(struct tokens *tokens, const struct lexicon *lexicon, const struct vectors *vectors,
                struct stemmer *stemmer);

/* Whether two words are at most one slip apart. */
bool spell_near(const char *a, const char *b);
