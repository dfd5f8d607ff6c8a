#include "bot/reader/scope_inside.h"

enum { INTRODUCTION = 7 }; /* an aside before a comma has fewer words */

/*
 * Where an aside ends: with its clause, but "At my last company, we ..." only introduces the
 * clause after the comma, which it colours too.
 */
static uint32_t aside_last(const struct scoping *w, const struct match *match)
{
    uint32_t first = clause_first(w, match->first), last = clause_last(w, match->last);
    /* "It used to be slow, so we ..." introduces nothing; "chat later, forms first" ends there. */
    static const char *const turns[] = {"so", "now", "but", "hence", "therefore", NULL};
    static const char *const leads[] = {"in", "at", "from", "on", "during", "and", "but", NULL};
    if (match->first > first && !has_word(token_at(w, match->first - 1), leads) &&
        border_at(w, match->last + 1) == BORDER_COMMA) {
        return match->last;
    }
    bool introduces = first == sentence_first(w, first) && last - first < INTRODUCTION &&
                      border_at(w, last + 1) == BORDER_COMMA &&
                      !has_word(token_at(w, last + 1), turns);
    return introduces ? clause_last(w, last + 1) : last;
}

/* What stands before the last comma is told of by itself: "he knows Python, did it in college". */
static uint32_t aside_first(const struct scoping *w, const struct match *match)
{
    uint32_t i = match->first;
    while (i > clause_first(w, match->first) && border_at(w, i) != BORDER_COMMA) {
        i--;
    }
    return i;
}

static void aside_clause(struct scoping *w, const struct match *match, uint16_t flag)
{
    mark(w, clause_first(w, match->first), aside_last(w, match), flag);
}

static void past(struct scoping *w, const struct match *match)
{
    uint32_t first = aside_first(w, match), last = aside_last(w, match);
    for (uint32_t k = matches_from(w->matches, match->last + 1); k < w->matches->count; k++) {
        const struct match *now = &w->matches->items[k];
        if (now->first > last) {
            break;
        }
        if (is_english(now, EN_NOW)) {
            last = now->first - 1;
            break;
        }
    }
    mark(w, first, last, SCOPE_PAST);
}

static void weigh(struct scoping *w, const struct match *match)
{
    uint32_t first = clause_first(w, match->first), last = clause_last(w, match->last);
    if (is_english(match, EN_MORE_THAN)) {
        if (match->first > first) {
            mark(w, first, match->first - 1, SCOPE_HEAVY);
        }
        mark(w, match->last + 1, last, SCOPE_LIGHT);
        return;
    }
    mark(w, first, last, is_english(match, EN_HEAVY) ? SCOPE_HEAVY : SCOPE_LIGHT);
}

static bool begins_with(const struct scoping *w, const struct match *match,
                        const char *const *words)
{
    return has_word(token_at(w, match->first), words) ||
           has_word(token_at(w, match->first + 1), words);
}

/* Whether a sentence puts the choice: it names two options, or asks about one. */
static bool puts_choice(const struct scoping *w, uint32_t first, uint32_t last)
{
    int16_t option = -1;
    for (uint32_t k = matches_from(w->matches, first);
         k < w->matches->count && w->matches->items[k].first <= last; k++) {
        const struct target *target = &w->matches->items[k].target;
        if (target->pack != w->pack || target->type != TARGET_OPTION) {
            continue;
        }
        if ((option >= 0 && option != target->item) ||
            (token_at(w, last)->flags & TOKEN_QUESTION)) {
            return true;
        }
        option = target->item;
    }
    return false;
}

/*
 * "If you had to build a chat, Node or Django?": what is asked is asked of that. "Maybe a chat" is
 * plain doubt, and with something said in between the question may be about something else.
 */
static bool is_premise(const struct scoping *w, const struct match *match)
{
    static const char *const words[] = {"if",  "suppose",  "supposing",   "imagine", "assuming",
                                        "say", "thinking", "considering", "toying",  NULL};
    if (!begins_with(w, match, words) || token_is(token_at(w, match->first), "not")) {
        return false;
    }
    uint32_t last = sentence_last(w, match->last), next = last + 1;
    return puts_choice(w, sentence_first(w, match->first), last) ||
           (next < w->tokens->count && puts_choice(w, next, sentence_last(w, next)));
}

/* "And if we added a chat?": the whole message is the supposition. */
static bool asks_what_if(const struct scoping *w, const struct match *match)
{
    static const char *const words[] = {"if", "suppose", "imagine", "assuming", "say", NULL};
    bool supposes = begins_with(w, match, words);
    const struct token *last = token_at(w, sentence_last(w, match->last));
    return supposes && match->first <= 2 && (last->flags & TOKEN_QUESTION);
}

/* "A chat like another team has": what others have is what is wanted. */
static bool is_model(const struct scoping *w, const struct match *match)
{
    static const char *const words[] = {"like", "as", NULL};
    return match->first > 0 && has_word(token_at(w, match->first - 1), words);
}

void scope_apply(struct scoping *w, const struct match *match)
{
    switch ((int)match->target.item) {
    case EN_NEGATION:
        scope_deny_after(w, match);
        break;
    case EN_DENIED_BEFORE:
        scope_deny_before(w, match);
        break;
    case EN_NO_ANSWER:
        scope_deny_question(w, match);
        scope_deny_fragment(w, match);
        scope_deny_status(w, match, SCOPE_NEGATED);
        break;
    case EN_HEARSAY:
        mark(w, match->first, clause_last(w, match->last), SCOPE_HEARSAY);
        break;
    case EN_PAST:
        past(w, match);
        break;
    case EN_HYPOTHETICAL:
        if (w->goes_on && asks_what_if(w, match)) {
            break;
        }
        mark(w, match->first, clause_last(w, match->last),
             is_premise(w, match) ? SCOPE_SUPPOSED | SCOPE_PREMISE : SCOPE_SUPPOSED);
        break;
    case EN_LATER:
        aside_clause(w, match, SCOPE_LATER);
        break;
    case EN_WISH:
        aside_clause(w, match, SCOPE_SUPPOSED);
        break;
    case EN_SECTION_OUT:
        if (match->first == sentence_first(w, match->first) &&
            (token_at(w, match->last)->flags & TOKEN_COLON)) {
            mark(w, match->last + 1, sentence_last(w, match->last), SCOPE_OUT);
        }
        scope_deny_status(w, match, SCOPE_OUT);
        break;
    case EN_OTHERS:
        if (!is_model(w, match)) {
            aside_clause(w, match, SCOPE_OTHERS);
        }
        break;
    case EN_DROP_QUESTION:
        if (token_at(w, sentence_last(w, match->last))->flags & TOKEN_QUESTION) {
            mark(w, match->first, sentence_last(w, match->last), SCOPE_ASKED);
        }
        break;
    case EN_HEAVY:
    case EN_LIGHT:
    case EN_MORE_THAN:
        weigh(w, match);
        break;
    default:
        break;
    }
}
