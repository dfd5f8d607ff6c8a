#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bot/reader/english.h"
#include "bot/reader/scope.h"

/*
 * What the parts of scope.h share: scope.c (borders, the order of things, units), scope_hide.c
 * (what does not mean what it says), scope_deny.c (denials), scope_aside.c (whose, when, how
 * certain, how important), scope_section.c (what a text's structure says). Not for anybody else.
 */
struct scoping {
    struct scopes *scopes;
    const struct text *text;
    const struct tokens *tokens;
    struct matches *matches;
    int pack;
    bool goes_on;
};

static inline bool is_english(const struct match *match, enum english id)
{
    return match->target.type == TARGET_ENGLISH && match->target.item == (int16_t)id;
}

static inline const struct token *token_at(const struct scoping *w, uint32_t i)
{
    return i < w->tokens->count ? &w->tokens->items[i] : NULL;
}

/* Behind the last word a paragraph begins. */
static inline uint8_t border_at(const struct scoping *w, uint32_t i)
{
    const struct token *token = token_at(w, i);
    return token ? token->border : BORDER_PARAGRAPH;
}

static inline void mark(struct scoping *w, uint32_t first, uint32_t last, uint16_t flag)
{
    for (uint32_t i = first; i <= last && i < w->tokens->count; i++) {
        w->scopes->flags[i] |= flag;
    }
}

static inline bool has_word(const struct token *token, const char *const *words)
{
    return token && token_is_any(token, words);
}

static inline uint32_t clause_first(const struct scoping *w, uint32_t i)
{
    return w->scopes->clause_first[i];
}

static inline uint32_t clause_last(const struct scoping *w, uint32_t i)
{
    return w->scopes->clause_last[i];
}

static inline uint32_t sentence_first(const struct scoping *w, uint32_t i)
{
    return w->scopes->sentence_first[i];
}

static inline uint32_t sentence_last(const struct scoping *w, uint32_t i)
{
    return w->scopes->sentence_last[i];
}

/* ---- scope.c ---- */

/* What may be a clause's subject; what may join it to the one before. */
extern const char *const scope_subjects[], *const scope_joins[];

/*
 * Whether a new clause begins at word i: a hard border, or a joining word that a subject follows.
 */
bool scope_clause_begins(const struct scoping *w, uint32_t i);

/* ---- scope_hide.c ---- */

/*
 * Removes the cues that lie inside a false friend, and the denials that begin inside an idiom that
 * affirms.
 */
void scope_drop_hidden(struct scoping *w);

/* ---- scope_deny.c ---- */

/* What is denied by a word before it, behind it, or by the answer to it. */
void scope_deny_after(struct scoping *w, const struct match *match);
void scope_deny_before(struct scoping *w, const struct match *match);
void scope_deny_question(struct scoping *w, const struct match *match);
void scope_deny_fragment(struct scoping *w, const struct match *match);
void scope_deny_status(struct scoping *w, const struct match *match, uint16_t flag);

/* ---- scope_aside.c ---- */

/* What a word of the reader's English says of those around it. */
void scope_apply(struct scoping *w, const struct match *match);

/* ---- scope_section.c ---- */

/* "Out of scope:", quotations and code, "s/this/that/". */
void scope_read_sections(struct scoping *w);
void scope_read_attributes(struct scoping *w);
void scope_read_substitution(struct scoping *w);
