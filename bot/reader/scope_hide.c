#include "bot/reader/scope_inside.h"

static bool hides(const struct match *hider, const struct match *match)
{
    return hider->first <= match->first && hider->last >= match->last;
}

static bool is_cue(const struct match *match)
{
    return match->target.type == TARGET_SITUATION || match->target.type == TARGET_HINT ||
           match->target.type == TARGET_DENIAL;
}

/* "Python with Django or ...": a name of several words says nothing besides itself. */
static bool is_long_name(const struct match *match)
{
    return match->target.type == TARGET_OPTION && match->last > match->first;
}

/*
 * What the loaded packs speak of is not outside of them, whatever the reader's English takes it
 * for.
 */
static bool is_own_word(const struct match *match)
{
    return match->target.type != TARGET_ENGLISH;
}

static bool is_outside(const struct match *match)
{
    return is_english(match, EN_OFF_TOPIC) || is_english(match, EN_MONEY) ||
           is_english(match, EN_HOSTING) || is_english(match, EN_OTHER_TECH) ||
           is_english(match, EN_OTHERS);
}

static bool hidden_by(const struct match *match, const struct match *other)
{
    if (is_long_name(other) && is_cue(match)) {
        return hides(other, match);
    }
    if (is_english(other, EN_FALSE_FRIEND)) {
        return match->target.type != TARGET_ENGLISH && hides(other, match);
    }
    if (is_own_word(other)) {
        return is_outside(match) && match->first <= other->last && match->last >= other->first;
    }
    if (is_english(other, EN_MORE_THAN)) {
        return is_english(match, EN_HEAVY) && match->first <= other->last;
    }
    /* "Not sure whether ...": the idiom denies nothing, but it is in doubt. */
    bool doubts = is_english(match, EN_HYPOTHETICAL) && match->last > other->last;
    bool denial = is_english(match, EN_NEGATION) || is_english(match, EN_HYPOTHETICAL) ||
                  is_english(match, EN_DENIED_BEFORE) || is_english(match, EN_BUT) ||
                  is_english(match, EN_NO_ANSWER);
    return denial && !doubts && is_english(other, EN_AFFIRMATION) && other->first <= match->first &&
           match->first <= other->last;
}

void scope_drop_hidden(struct scoping *w)
{
    struct matches *m = w->matches;
    for (uint32_t k = 0; k < m->count; k++) {
        const struct match *other = &m->items[k];
        if (!is_english(other, EN_FALSE_FRIEND) && !is_english(other, EN_AFFIRMATION) &&
            !is_english(other, EN_MORE_THAN) && !is_own_word(other)) {
            continue;
        }
        if (is_english(other, EN_FALSE_FRIEND)) {
            mark(w, other->first, other->last, SCOPE_MASKED);
        }
        for (uint32_t i = matches_from(w->matches, other->first);
             i < m->count && m->items[i].first <= other->last; i++) {
            m->items[i].hidden = m->items[i].hidden || (i != k && hidden_by(&m->items[i], other));
        }
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        if (!m->items[i].hidden) {
            m->items[kept++] = m->items[i];
        }
    }
    m->count = kept;
}
