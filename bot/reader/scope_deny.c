#include "bot/reader/scope_inside.h"

enum { NEGATION_REACH = 12, LIST_CHUNK = 4, FRAGMENT = 7 }; /* words */

static const char *const list_words[] = {"and", "or", "nor", NULL};

static bool is_but(const struct scoping *w, uint32_t i)
{
    static const char *const words[] = {"but",     "however", "though", "although", "yet",
                                        "whereas", "just",    "only",   "except",   "because",
                                        "since",   "so",      "still",  "rather",   "instead",
                                        "until",   "unless",  "either", NULL};
    return has_word(token_at(w, i), words) && !token_is(token_at(w, i), "either");
}

/*
 * "no chat, presence or video": after a comma a denial goes on only over short pieces without a
 * subject of their own.
 */
static bool list_goes_on(const struct scoping *w, uint32_t i)
{
    /* "No React, an internal tool": what is denied in a row has no article. */
    static const char *const articles[] = {"a", "an", "the", "some", NULL};
    uint32_t end = i;
    if (has_word(token_at(w, i), articles) || (token_at(w, i)->flags & TOKEN_NUMBER) ||
        (has_word(token_at(w, i), scope_joins) && !has_word(token_at(w, i), list_words))) {
        return false;
    }
    while (end < w->tokens->count && end < i + LIST_CHUNK + 1) {
        const struct token *token = token_at(w, end);
        if (has_word(token, scope_subjects) || is_but(w, end)) {
            return false;
        }
        if (end > i && token->border >= BORDER_COMMA) {
            break;
        }
        end++;
    }
    return end - i <= LIST_CHUNK && end > i;
}

/* "Instead of a chat it will be ..." */
static bool goes_on_instead(const struct scoping *w, const struct match *match, uint32_t i)
{
    static const char *const whos[] = {"it", "we", "there", NULL};
    return token_is(token_at(w, match->last), "of") && has_word(token_at(w, i), whos);
}

void scope_deny_after(struct scoping *w, const struct match *match)
{
    static const char *const not_words[] = {"not", NULL};
    /* "not JavaScript, Python" is a contrast, "no chat, video or presence" a list. */
    bool is_not = has_word(token_at(w, match->last), not_words);
    uint32_t i = match->last + 1;
    if (border_at(w, i) >= BORDER_COMMA) {
        return;
    }
    for (uint32_t n = 0; i < w->tokens->count && n < NEGATION_REACH; i++, n++) {
        if (n > 0 &&
            (border_at(w, i) >= BORDER_CLAUSE || is_but(w, i) || goes_on_instead(w, match, i))) {
            break;
        }
        bool contrast = is_not && !has_word(token_at(w, i), list_words);
        if (n > 0 && border_at(w, i) == BORDER_COMMA && (contrast || !list_goes_on(w, i))) {
            break;
        }
        if (n > 0 && border_at(w, i) == BORDER_NONE && scope_clause_begins(w, i)) {
            break;
        }
        w->scopes->flags[i] |= SCOPE_NEGATED;
        w->scopes->negator[i] = (uint16_t)match->last;
    }
}

/* Denies the words from `first` up to before `end`. */
static void mark_before(struct scoping *w, uint32_t first, uint32_t end)
{
    if (first < end) {
        mark(w, first, end - 1, SCOPE_NEGATED);
    }
}

void scope_deny_before(struct scoping *w, const struct match *match)
{
    mark_before(w, clause_first(w, match->first), match->first);
}

static bool asks_choice(const struct scoping *w, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++) {
        if (w->scopes->flags[i] & SCOPE_MASKED) {
            return true;
        }
    }
    return false;
}

/* "React? God, no." But "Node or Django for a chat? No admin." answers nothing. */
void scope_deny_question(struct scoping *w, const struct match *match)
{
    uint32_t first = sentence_first(w, match->first), after = match->last + 1;
    bool answer = after >= w->tokens->count || border_at(w, after) >= BORDER_COMMA;
    if (!answer || match->first > first + 2 || first == 0) {
        return;
    }
    const struct token *before = token_at(w, first - 1);
    uint32_t start = sentence_first(w, first - 1);
    bool fragment = (before->flags & TOKEN_QUESTION) && first - start <= FRAGMENT;
    if (fragment && !asks_choice(w, start, first - 1)) {
        mark(w, start, first - 1, SCOPE_NEGATED);
    }
}

/* "React, nope." and a table's "| chat | no |": what a short line's last word denies. */
void scope_deny_fragment(struct scoping *w, const struct match *match)
{
    uint32_t first = sentence_first(w, match->first), end = match->first;
    const struct token *last = token_at(w, match->last);
    if (match->last != sentence_last(w, match->last) || end - first > FRAGMENT ||
        (last->flags & (TOKEN_QUESTION | TOKEN_SLASH)) || asks_choice(w, first, end)) {
        return;
    }
    /* "Python yes, chat no": the last of several things. */
    uint32_t start = end;
    while (start > first && (start == end || border_at(w, start) < BORDER_COMMA)) {
        start--;
    }
    mark_before(w, start, end);
}
