#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/base/hash.h"
#include "bot/reader/lexicon.h"

/*
 * The inside of a lexicon, shared by lexicon.c, which compiles the phrases, lexicon_index.c, which
 * finds them and their words by hashes, search.c, which searches, and nobody else. Everything here
 * is immutable once lexicon_create() has returned.
 */
enum word_mode { WORD_STEM, WORD_EXACT, WORD_PREFIX, WORD_NUMBER };
enum {
    ELEMENTS_MAX = 24,
    ALTERNATIVES_MAX = 96,
    PHRASE_WORDS_MAX = 8,
    GAP_SHORT = 3,
    GAP_LONG = 7,
    PREFIX_MIN = 3
};

struct phrase_word {
    uint64_t hash;
    const char *prefix; /* for WORD_PREFIX, in the arena */
    uint8_t mode, len;
};

struct alternative {
    uint32_t first; /* index into words */
    uint8_t count;
};

/*
 * What an element may begin and end with, so that most places are passed over without a look at its
 * alternatives: lexicon_hash_bit() of all first and of all last words. 0 for a gap.
 */
struct element {
    uint32_t begins, ends;
    uint32_t first; /* index into alternatives */
    uint8_t count;
    uint8_t gap; /* > 0: a gap of up to so many words; then there are no alternatives */
    bool optional;
};

struct pattern {
    struct target target;
    uint32_t first; /* index into elements */
    uint8_t count, anchor;
    bool denies;
};

/* An open-addressing table from a word's key to the patterns that are anchored at it. */
struct bucket {
    uint64_t key; /* 0 = free */
    uint32_t first, count, fill;
};

/*
 * A phrase, and which alternative of its anchor begins with the key. Most words that lead to a
 * phrase do not stand in it: what must stand right before and right after the key (as in struct
 * element; 0: whatever it is) tells so without a look at the phrase.
 */
struct posting {
    uint32_t pattern;
    uint32_t alternative;
    uint32_t before, after;
};

struct lexicon {
    struct arena *arena;
    struct pattern *patterns;
    struct element *elements;
    struct alternative *alternatives;
    struct phrase_word *words;
    size_t pattern_count, element_count, alternative_count, word_count;
    struct bucket *buckets;
    size_t bucket_mask;
    struct posting *postings;
    size_t posting_count;
    uint64_t *vocabulary; /* open-addressing set of word and stem hashes that packs use */
    size_t vocabulary_mask, vocabulary_count;
};

/* ---- lexicon_index.c ---- */

/* For lexicon_create(), when all phrases are in: by which of its words each is found. */
void lexicon_index(struct lexicon *lex);

/*
 * Likewise: what lexicon_has() knows, which is every hash in the phrases and these, of words as
 * they are written there, each once.
 */
void lexicon_collect_words(struct lexicon *lex, const uint64_t *spellings, size_t count);

/* Keys of the index: of a written word, and of words that begin with the same letters. */
uint64_t lexicon_word_key(const struct phrase_word *word);
uint64_t lexicon_prefix_key(const char *letters);

/* A word's stem or its letters as one of 32 bits. */
static inline uint32_t lexicon_hash_bit(uint64_t hash)
{
    return UINT32_C(1) << hash_place(hash, 31);
}

/* The bucket of a key, or the free one where it would be. */
struct bucket *lexicon_bucket(const struct lexicon *lex, uint64_t key);
