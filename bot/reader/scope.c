#include "bot/reader/scope.h"

#include <string.h>

#include "bot/reader/scope_inside.h"

enum { CHUNK_MIN = 3, SENTENCE_LONG = 9 }; /* words */

const char *const scope_subjects[] = {
    "i",    "we",    "he",   "she",  "they",  "it",         "you",       "there",    "the",
    "our",  "my",    "this", "that", "these", "those",      "everybody", "everyone", "people",
    "what", "which", "who",  "all",  "both",  "everything", "nothing",   "half",     "each",
    "most", "one",   "his",  "her",  "their", "its",        NULL};
const char *const scope_joins[] = {
    "and", "but", "so",   "though", "although", "however", "while", "whereas", "because", "since",
    "yet", "if",  "when", "unless", "plus",     "which",   "who",   "where",   "as",      NULL};

bool scope_clause_begins(const struct scoping *w, uint32_t i)
{
    uint8_t border = border_at(w, i);
    if (border >= BORDER_CLAUSE) {
        return true;
    }
    const struct token *token = token_at(w, i);
    static const char *const but[] = {"but", NULL};
    if (has_word(token, but) && i > 0) {
        return true;
    }
    if (border == BORDER_COMMA) {
        return has_word(token, scope_joins) || has_word(token, scope_subjects);
    }
    return has_word(token, scope_joins) && !token_is(token, "as") &&
           has_word(token_at(w, i + 1), scope_subjects);
}

static void find_borders(struct scoping *w)
{
    struct scopes *s = w->scopes;
    uint32_t clause = 0, sentence = 0;
    for (uint32_t i = 0; i < w->tokens->count; i++) {
        if (border_at(w, i) >= BORDER_SENTENCE || i - sentence >= SENTENCE_LIMIT) {
            sentence = clause = i;
        } else if (i > 0 && (scope_clause_begins(w, i) || i - clause >= CLAUSE_LONG)) {
            clause = i;
        }
        s->sentence_first[i] = (uint16_t)sentence;
        s->clause_first[i] = (uint16_t)clause;
    }
    for (uint32_t i = w->tokens->count; i-- > 0;) {
        bool final = i + 1 == w->tokens->count;
        s->clause_last[i] = final || s->clause_first[i + 1] != s->clause_first[i]
                                ? (uint16_t)i
                                : s->clause_last[i + 1];
        s->sentence_last[i] = final || s->sentence_first[i + 1] != s->sentence_first[i]
                                  ? (uint16_t)i
                                  : s->sentence_last[i + 1];
    }
}

static void mask_names(struct scoping *w)
{
    for (uint32_t k = 0; k < w->matches->count; k++) {
        const struct match *match = &w->matches->items[k];
        if (match->target.pack == w->pack &&
            (match->target.type == TARGET_OPTION || match->target.type == TARGET_TOOL)) {
            mark(w, match->first, match->last, SCOPE_MASKED);
        }
    }
}

/* ---- units ---- */

static void add_unit(struct scoping *w, uint32_t first, uint32_t last, bool sentence)
{
    struct scopes *s = w->scopes;
    if (s->unit_count < UNITS_MAX) {
        s->units[s->unit_count++] =
            (struct unit){first, last, sentence,
                          (w->tokens->items[sentence_last(w, last)].flags & TOKEN_QUESTION) != 0};
    }
}

static void add_clauses(struct scoping *w, uint32_t first, uint32_t last)
{
    uint32_t start = first;
    for (uint32_t i = first + 1; i <= last + 1; i++) {
        bool ends = i > last || scope_clause_begins(w, i) || border_at(w, i) == BORDER_COMMA;
        if (ends && (i - start >= CHUNK_MIN || i > last)) {
            if (start > first || i <= last) {
                add_unit(w, start, i - 1, false);
            }
            start = i;
        }
    }
}

static void read_units(struct scoping *w)
{
    for (uint32_t i = 0; i < w->tokens->count;) {
        uint32_t last = sentence_last(w, i);
        add_unit(w, i, last, true);
        if (last - i + 1 > SENTENCE_LONG) {
            add_clauses(w, i, last);
        }
        i = last + 1;
    }
}

void scopes_read(struct scopes *ret, const struct text *text, const struct tokens *tokens,
                 struct matches *matches, int pack, bool goes_on)
{
    struct scoping w = {ret, text, tokens, matches, pack, goes_on};
    memset(ret->flags, 0, tokens->count * sizeof(ret->flags[0]));
    memset(ret->negator, 0xFF, tokens->count * sizeof(ret->negator[0]));
    ret->unit_count = 0;
    if (tokens->count == 0) {
        return;
    }
    find_borders(&w);
    scope_drop_hidden(&w);
    mask_names(&w);
    scope_read_attributes(&w);
    for (uint32_t i = 0; i < matches->count; i++) {
        if (matches->items[i].target.type == TARGET_ENGLISH) {
            scope_apply(&w, &matches->items[i]);
        }
    }
    scope_read_sections(&w);
    scope_read_substitution(&w);
    read_units(&w);
}

uint16_t match_scope(const struct scopes *scopes, const struct match *match)
{
    uint16_t any = 0;
    for (uint32_t i = match->first; i <= match->last; i++) {
        uint16_t negator = scopes->negator[i];
        bool inside = match->denies && negator >= match->first && negator <= match->last;
        any |= scopes->flags[i] & (uint16_t)(inside ? ~SCOPE_NEGATED : ~0);
    }
    return any;
}

bool scopes_adopt_premises(struct scopes *scopes, uint32_t count)
{
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        if (scopes->flags[i] & SCOPE_PREMISE) {
            scopes->flags[i] &= (uint16_t) ~(SCOPE_SUPPOSED | SCOPE_PREMISE);
            found = true;
        }
    }
    return found;
}
