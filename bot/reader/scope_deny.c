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

/* "No chat, presence or video": whether a list that goes on at word i says that it is one. */
static bool ends_as_list(const struct scoping *w, uint32_t i)
{
    for (; i < w->tokens->count && border_at(w, i) < BORDER_CLAUSE; i++) {
        if (has_word(token_at(w, i), list_words)) {
            return true;
        }
    }
    return false;
}

/* The situations, by bit, whose cues lie within the words first..last. */
static uint64_t situations_in(const struct scoping *w, uint32_t first, uint32_t last)
{
    uint64_t set = 0;
    for (uint32_t k = matches_from(w->matches, first);
         k < w->matches->count && w->matches->items[k].first <= last; k++) {
        const struct match *match = &w->matches->items[k];
        bool names = match->target.type == TARGET_SITUATION || match->target.type == TARGET_HINT;
        set |= names && match->target.pack == w->pack && match->last <= last
                   ? 1ull << match->target.item
                   : 0;
    }
    return set;
}

/*
 * "no chat, presence or video": after a comma a denial goes on only over short pieces without a
 * subject of their own. "No live chat, push messages" is more of the same, "no live chat, Python
 * team" is not. The denial begins at word `from`, the piece at i.
 */
static bool list_goes_on(const struct scoping *w, uint32_t from, uint32_t i)
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
    bool more = end - i == 1 || ends_as_list(w, i) ||
                (situations_in(w, from, i - 1) & situations_in(w, i, end - 1)) != 0;
    return end - i <= LIST_CHUNK && end > i && more;
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
        if (n > 0 && border_at(w, i) == BORDER_COMMA &&
            (contrast || !list_goes_on(w, match->last + 1, i))) {
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

/* "Python team, don't need video": who does not need it stands before, what goes away after. */
static bool has_object(const struct scoping *w, const struct match *match)
{
    static const char *const helpers[] = {"do", "does", "did", "will", "would", NULL};
    static const char *const verbs[] = {"need", "want", "require", "use", NULL};
    static const char *const no_objects[] = {
        "for", "at",  "in",      "on",   "now",       "yet",    "here",  "any",
        "as",  "and", "anymore", "then", "right",     "so",     "since", "because",
        "but", "or",  "after",   "this", "currently", "anyway", "today", "really",
        "too", "it",  "that",    "by",   "there",     "either", NULL};
    uint32_t next = match->last + 1;
    return has_word(token_at(w, match->first), helpers) &&
           has_word(token_at(w, match->last), verbs) && border_at(w, next) < BORDER_COMMA &&
           !has_word(token_at(w, next), no_objects);
}

void scope_deny_before(struct scoping *w, const struct match *match)
{
    if (!has_object(w, match)) {
        mark_before(w, clause_first(w, match->first), match->first);
    }
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

/* "Chat: dropped", "chat (later), forms", "React - no, Python - yes". */
void scope_deny_status(struct scoping *w, const struct match *match, uint16_t flag)
{
    uint32_t end = match->first, start = end;
    const struct token *last = token_at(w, match->last);
    /* "A chat; later, a wiki" goes on with what is later. */
    bool goes_on = border_at(w, match->last + 1) == BORDER_COMMA && flag == SCOPE_OUT && end > 0 &&
                   !(token_at(w, end - 1)->flags & TOKEN_COLON);
    if (end == 0 || border_at(w, end) != BORDER_CLAUSE || goes_on ||
        border_at(w, match->last + 1) < BORDER_COMMA ||
        (last->flags & (TOKEN_QUESTION | TOKEN_COLON | TOKEN_SLASH))) {
        return;
    }
    do {
        start--;
    } while (start > 0 && border_at(w, start) < BORDER_COMMA);
    if (end - start <= FRAGMENT && !asks_choice(w, start, end - 1)) {
        mark(w, start, end - 1, flag);
    }
}
