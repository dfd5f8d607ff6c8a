#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The cues: every phrase of every pack and of the reader's own English (english.h), compiled
 * from the notation of
 * knowledge/phrase.h into one table that is searched by the rarest word of each phrase, so that
 * the cost of a message depends on the
 * message and hardly on the number of phrases. Immutable after lexicon_create(); any number of
 * threads may search it.
 */
struct arena;
struct knowledge;
struct stemmer;
struct tokens;

enum target_type {
    TARGET_ENGLISH,   /* item: enum english */
    TARGET_OPTION,    /* item: option */
    TARGET_TOOL,      /* item: option, sub: tool */
    TARGET_SITUATION, /* item: situation; the cue states it */
    TARGET_HINT,      /* item: situation; weak */
    TARGET_DENIAL,    /* item: situation; the cue denies it */
    TARGET_FACT,      /* item: fact */
    TARGET_SUBJECT,   /* the decision itself */
};

struct target {
    uint8_t type;
    uint8_t sub;
    int16_t pack; /* -1 for TARGET_ENGLISH */
    int16_t item;
};

/* A cue found in the words first..last. */
struct match {
    struct target target;
    uint32_t first, last;
    uint32_t pattern; /* number of the phrase, for explanations and as a feature */
    bool denies; /* the phrase itself holds a denial (\"never built\"): none inside it counts */
    bool hidden; /* set by scope.c while it drops what a false friend hides */
};

enum { MATCHES_MAX = 8 * 1024 };

struct matches {
    struct match items[MATCHES_MAX]; /* in the order of `first`, longer ones first */
    uint32_t count;
    uint8_t truncated;
};

struct lexicon;

/*
 * Phrases that do not parse are left out (the checker reports them). The knowledge must outlive
 * the lexicon.
 */
struct lexicon *lexicon_create(const struct knowledge *knowledge);
void lexicon_destroy(struct lexicon *lexicon);
size_t lexicon_memory(const struct lexicon *lexicon);

/* Every phrase that occurs, overlapping ones too; words that are code match nothing. */
void lexicon_search(const struct lexicon *lexicon, const struct tokens *tokens,
                    struct matches *ret);

/* The number of the first match that begins at this word or after it. */
uint32_t matches_from(const struct matches *matches, uint32_t word);

/*
 * Whether a word (by its hash or its stem's) occurs in any pack's phrase: it is then no typing
 * error.
 */
bool lexicon_has(const struct lexicon *lexicon, uint64_t word, uint64_t stem);
bool lexicon_has_word(const struct lexicon *lexicon, uint64_t word);
