#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Second stage: normal text to words. Splits contractions ("don't" is do + not), drops
 * possessives, keeps names such
 * as node.js, c++ and socket.io whole, and notes the border before each word. Words are known by
 * the hash of their letters and of
 * their stem (Snowball English). Knows nothing of what words mean.
 */
struct text;
struct stemmer; /* owned by a workspace: Snowball keeps state, so one per thread */

enum { TOKENS_MAX = 16 * 1024, WORD_MAX = 40 };

/* How a word is parted from the one before it. */
enum border {
    BORDER_NONE,
    BORDER_COMMA,
    BORDER_CLAUSE,
    BORDER_SENTENCE,
    BORDER_LINE,
    BORDER_PARAGRAPH
};

enum {
    TOKEN_UPPER = 1 << 0,    /* began with a capital */
    TOKEN_QUESTION = 1 << 1, /* a question mark follows */
    TOKEN_NUMBER = 1 << 2,
    TOKEN_SLASH = 1 << 3,  /* a slash stands between the one before and this ("node/django") */
    TOKEN_GLUED = 1 << 4,  /* second half of a contraction or of a hyphenated word */
    TOKEN_FIXED = 1 << 5,  /* a typing error was mended */
    TOKEN_QUOTED = 1 << 6, /* between double quotation marks */
    TOKEN_COLON = 1 << 7,  /* a colon follows */
};

struct token {
    uint64_t word, stem;   /* hashes, never 0 */
    uint32_t start, end;   /* source bytes */
    uint32_t line;         /* index into text->lines */
    uint8_t border, flags; /* before it; TOKEN_* */
    uint8_t attr;          /* TEXT_* of its first byte */
    uint8_t len;
    char letters[WORD_MAX]; /* NUL-terminated; longer words are cut */
};

struct tokens {
    struct token items[TOKENS_MAX];
    uint32_t count;
    uint8_t truncated;
};

struct stemmer *stemmer_create(void);
void stemmer_destroy(struct stemmer *stemmer);

uint64_t word_hash(const char *letters, size_t len);

/* Sets letters, word and stem of a token (for mended typing errors and for compiling phrases). */
void token_set(struct token *token, struct stemmer *stemmer, const char *letters, size_t len);

/* Whether the word is this one, which is in lower case. */
static inline bool token_is(const struct token *token, const char *word)
{
    return token->letters[0] == word[0] && strcmp(token->letters, word) == 0;
}

/* Whether the word is one of these; NULL ends them. */
static inline bool token_is_any(const struct token *token, const char *const *words)
{
    while (*words && !token_is(token, *words)) {
        words++;
    }
    return *words != NULL;
}

/* text must stay for as long as the tokens are used. */
void tokens_read(struct tokens *ret, const struct text *text, struct stemmer *stemmer);
