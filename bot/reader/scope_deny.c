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

/* "No chat, presence or video": whether a list that goes on at word i says so, not far on. */
static bool ends_as_list(const struct scoping *w, uint32_t i)
{
    uint32_t end = i + NEGATION_REACH;
    for (; i < w->tokens->count && i < end && border_at(w, i) < BORDER_CLAUSE; i++) {
        if (has_word(token_at(w, i), list_words)) {
            return true;
        }
    }
    return false;
}

/*
 * "No chat, Python team", "no time, need an admin": whether the piece i..end, which follows a
 * denied one that begins at word `from`, tells something of its own. "No web app, mobile app" does
 * not.
 */
static bool tells_its_own(const struct scoping *w, uint32_t from, uint32_t i, uint32_t end)
{
    static const char *const heads[] = {"team", "app",       "frontend",   "backend",
                                        "dev",  "developer", "background", NULL};
    static const char *const verbs[] = {"need", "want", "must", "prefer", "use", "using", NULL};
    const struct token *last = token_at(w, end - 1), *before = token_at(w, i - 1);
    bool headed = end - i >= 2 && has_word(last, heads) && !has_word(before, heads);
    return (headed && i > from && !ends_as_list(w, i)) || has_word(token_at(w, i), verbs);
}

/*
 * "no chat, presence or video": after a comma a denial goes on only over short pieces without a
 * subject of their own.
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
    return end - i <= LIST_CHUNK && end > i && !tells_its_own(w, from, i, end);
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

/* Marks the words from `first` up to before `end`. */
static void mark_before_with(struct scoping *w, uint32_t first, uint32_t end, uint16_t flag)
{
    if (first < end) {
        mark(w, first, end - 1, flag);
    }
}

static void mark_before(struct scoping *w, uint32_t first, uint32_t end)
{
    mark_before_with(w, first, end, SCOPE_NEGATED);
}

/* Whether a match names a situation, be it to deny it. */
static bool names_situation(const struct scoping *w, const struct match *match)
{
    return match->target.pack == w->pack &&
           (match->target.type == TARGET_SITUATION || match->target.type == TARGET_HINT ||
            match->target.type == TARGET_DENIAL);
}

/*
 * "Python team, don't need video": who does not need it stands before, what goes away after. Not so
 * in "video we don't need".
 */
static bool has_object(const struct scoping *w, const struct match *match)
{
    static const char *const helpers[] = {"do", "does", "did", "will", "would", NULL};
    static const char *const verbs[] = {"need", "want", "require", "use", NULL};
    if (!has_word(token_at(w, match->first), helpers) ||
        !has_word(token_at(w, match->last), verbs) ||
        (match->first > 0 && has_word(token_at(w, match->first - 1), scope_subjects))) {
        return false;
    }
    uint32_t last = clause_last(w, match->last);
    for (uint32_t k = matches_from(w->matches, match->first);
         k < w->matches->count && w->matches->items[k].first <= last; k++) {
        const struct match *object = &w->matches->items[k];
        if (object->last > match->last && names_situation(w, object)) {
            return true;
        }
    }
    return false;
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

/* Whether what follows a comma has a status of its own: "React - no, Python - yes". */
static bool goes_on_likewise(const struct scoping *w, uint32_t i)
{
    static const char *const statuses[] = {"yes", "no", "yep", "nope", "later", "dropped", NULL};
    uint32_t end = i + FRAGMENT;
    for (i++; i < w->tokens->count && i < end; i++) {
        if (border_at(w, i) >= BORDER_COMMA) {
            return border_at(w, i) == BORDER_CLAUSE && has_word(token_at(w, i), statuses);
        }
    }
    return false;
}

/*
 * "Live chat: dropped", "chat (cancelled), forms", "React - no, Python - yes": what is said of a
 * thing by nothing but a word denies the thing that is named last before it. A version or a place
 * in a plan is no denial: "our React app (v2)".
 */
void scope_deny_status(struct scoping *w, const struct match *match, uint16_t flag)
{
    static const char *const plans[] = {"v2", "phase", "future", "someday", "backlog", NULL};
    const struct token *last = token_at(w, match->last);
    uint32_t end = match->first, after = match->last + 1;
    bool plan = has_word(token_at(w, end), plans);
    if (end == 0 || border_at(w, end) != BORDER_CLAUSE || border_at(w, after) < BORDER_COMMA ||
        plan || (last->flags & (TOKEN_QUESTION | TOKEN_COLON | TOKEN_SLASH)) ||
        (border_at(w, after) == BORDER_COMMA && !goes_on_likewise(w, after))) {
        return;
    }
    uint32_t start = end - 1;
    while (start > 0 && end - start < FRAGMENT && border_at(w, start) < BORDER_COMMA) {
        start--;
    }
    uint32_t thing = end, thing_last = 0; /* of overlapping names all */
    for (uint32_t k = matches_from(w->matches, start);
         k < w->matches->count && w->matches->items[k].first < end; k++) {
        const struct match *named = &w->matches->items[k];
        if (names_situation(w, named) && named->last < end) {
            thing = thing == end || named->first > thing_last ? named->first : thing;
            thing_last = named->last > thing_last ? named->last : thing_last;
        }
    }
    if (!asks_choice(w, start, end - 1)) {
        mark_before_with(w, thing, end, flag);
    }
}
