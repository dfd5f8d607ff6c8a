#include "bot/reader/scope.h"

#include <stdbool.h>
#include <string.h>

#include "bot/reader/english.h"
#include "bot/reader/text.h"

enum {
    INTRODUCTION = 7,
    NEGATION_REACH = 12,
    LIST_CHUNK = 4,
    FRAGMENT = 7,
    CHUNK_MIN = 3,
    SENTENCE_LONG = 9
};

struct work {
    struct scopes *scopes;
    const struct text *text;
    const struct tokens *tokens;
    struct matches *matches;
    int pack;
    bool goes_on;
};

static bool is_english(const struct match *match, enum english id)
{
    return match->target.type == TARGET_ENGLISH && match->target.item == (int16_t)id;
}

static const struct token *token_at(const struct work *w, uint32_t i)
{
    return i < w->tokens->count ? &w->tokens->items[i] : NULL;
}

static uint8_t border_at(const struct work *w, uint32_t i)
{
    const struct token *token = token_at(w, i);
    return token ? token->border : BORDER_PARAGRAPH;
}

static void mark(struct work *w, uint32_t first, uint32_t last, uint16_t flag)
{
    for (uint32_t i = first; i <= last && i < w->tokens->count; i++) {
        w->scopes->flags[i] |= flag;
    }
}

static bool has_word(const struct token *token, const char *const *words)
{
    return token && token_is_any(token, words);
}

static const char *const subjects[] = {
    "i",    "we",    "he",   "she",  "they",  "it",         "you",       "there",    "the",
    "our",  "my",    "this", "that", "these", "those",      "everybody", "everyone", "people",
    "what", "which", "who",  "all",  "both",  "everything", "nothing",   "half",     "each",
    "most", "one",   "his",  "her",  "their", "its",        NULL};
static const char *const joins[] = {
    "and", "but", "so",   "though", "although", "however", "while", "whereas", "because", "since",
    "yet", "if",  "when", "unless", "plus",     "which",   "who",   "where",   "as",      NULL};
static const char *const list_words[] = {"and", "or", "nor", NULL};

/*
 * Whether a new clause begins at word i: a hard border, or a joining word that a subject follows.
 */
static bool clause_begins(const struct work *w, uint32_t i)
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
        return has_word(token, joins) || has_word(token, subjects);
    }
    return has_word(token, joins) && !token_is(token, "as") &&
           has_word(token_at(w, i + 1), subjects);
}

static uint32_t clause_first(const struct work *w, uint32_t i)
{
    return w->scopes->clause_first[i];
}

static uint32_t clause_last(const struct work *w, uint32_t i)
{
    return w->scopes->clause_last[i];
}

static uint32_t sentence_first(const struct work *w, uint32_t i)
{
    return w->scopes->sentence_first[i];
}

static uint32_t sentence_last(const struct work *w, uint32_t i)
{
    return w->scopes->sentence_last[i];
}

static void find_borders(struct work *w)
{
    struct scopes *s = w->scopes;
    uint32_t clause = 0, sentence = 0;
    for (uint32_t i = 0; i < w->tokens->count; i++) {
        if (border_at(w, i) >= BORDER_SENTENCE || i - sentence >= SENTENCE_LIMIT) {
            sentence = clause = i;
        } else if (i > 0 && (clause_begins(w, i) || i - clause >= CLAUSE_LONG)) {
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

/* ---- false friends and idioms ---- */

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

/*
 * Removes the cues that lie inside a false friend, and the denials that begin inside an idiom that
 * affirms.
 */
static void drop_hidden(struct work *w)
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

/* ---- denial ---- */

static bool is_but(const struct work *w, uint32_t i)
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
static bool list_goes_on(const struct work *w, uint32_t i)
{
    /* "No React, an internal tool": what is denied in a row has no article. */
    static const char *const articles[] = {"a", "an", "the", "some", NULL};
    uint32_t end = i;
    if (has_word(token_at(w, i), articles) || (token_at(w, i)->flags & TOKEN_NUMBER) ||
        (has_word(token_at(w, i), joins) && !has_word(token_at(w, i), list_words))) {
        return false;
    }
    while (end < w->tokens->count && end < i + LIST_CHUNK + 1) {
        const struct token *token = token_at(w, end);
        if (has_word(token, subjects) || is_but(w, end)) {
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
static bool goes_on_instead(const struct work *w, const struct match *match, uint32_t i)
{
    static const char *const whos[] = {"it", "we", "there", NULL};
    return token_is(token_at(w, match->last), "of") && has_word(token_at(w, i), whos);
}

static void deny_after(struct work *w, const struct match *match)
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
        if (n > 0 && border_at(w, i) == BORDER_NONE && clause_begins(w, i)) {
            break;
        }
        w->scopes->flags[i] |= SCOPE_NEGATED;
        w->scopes->negator[i] = (uint16_t)match->last;
    }
}

/* Denies the words from `first` up to before `end`. */
static void mark_before(struct work *w, uint32_t first, uint32_t end)
{
    if (first < end) {
        mark(w, first, end - 1, SCOPE_NEGATED);
    }
}

static void deny_before(struct work *w, const struct match *match)
{
    mark_before(w, clause_first(w, match->first), match->first);
}

static bool asks_choice(const struct work *w, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++) {
        if (w->scopes->flags[i] & SCOPE_MASKED) {
            return true;
        }
    }
    return false;
}

/* "React? God, no." But "Node or Django for a chat? No admin." answers nothing. */
static void deny_question(struct work *w, const struct match *match)
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
static void deny_fragment(struct work *w, const struct match *match)
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

/* ---- whose, when, how certain ---- */

/*
 * Where an aside ends: with its clause, but "At my last company, we ..." only introduces the
 * clause after
 * the comma, which it colours too.
 */
static uint32_t aside_last(const struct work *w, const struct match *match)
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
static uint32_t aside_first(const struct work *w, const struct match *match)
{
    uint32_t i = match->first;
    while (i > clause_first(w, match->first) && border_at(w, i) != BORDER_COMMA) {
        i--;
    }
    return i;
}

static void aside_clause(struct work *w, const struct match *match, uint16_t flag)
{
    mark(w, clause_first(w, match->first), aside_last(w, match), flag);
}

static void past(struct work *w, const struct match *match)
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

static void weigh(struct work *w, const struct match *match)
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

static bool begins_with(const struct work *w, const struct match *match, const char *const *words)
{
    return has_word(token_at(w, match->first), words) ||
           has_word(token_at(w, match->first + 1), words);
}

/* Whether a sentence puts the choice: it names two options, or asks about one. */
static bool puts_choice(const struct work *w, uint32_t first, uint32_t last)
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
static bool is_premise(const struct work *w, const struct match *match)
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
static bool asks_what_if(const struct work *w, const struct match *match)
{
    static const char *const words[] = {"if", "suppose", "imagine", "assuming", "say", NULL};
    bool supposes = begins_with(w, match, words);
    const struct token *last = token_at(w, sentence_last(w, match->last));
    return supposes && match->first <= 2 && (last->flags & TOKEN_QUESTION);
}

/* "A chat like another team has": what others have is what is wanted. */
static bool is_model(const struct work *w, const struct match *match)
{
    static const char *const words[] = {"like", "as", NULL};
    return match->first > 0 && has_word(token_at(w, match->first - 1), words);
}

static void apply(struct work *w, const struct match *match)
{
    switch ((int)match->target.item) {
    case EN_NEGATION:
        deny_after(w, match);
        break;
    case EN_DENIED_BEFORE:
        deny_before(w, match);
        break;
    case EN_NO_ANSWER:
        deny_question(w, match);
        deny_fragment(w, match);
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

/* ---- structure ---- */

/*
 * A section title: a known word at the start of a line, and a colon, a heading sign or nothing
 * after it.
 */
static int section_kind(const struct work *w, uint32_t line, uint32_t first, uint32_t last,
                        uint32_t *ret_end)
{
    int kind = -1;
    for (uint32_t k = matches_from(w->matches, first);
         k < w->matches->count && w->matches->items[k].first <= first + 1; k++) {
        const struct match *match = &w->matches->items[k];
        bool title = is_english(match, EN_SECTION_OUT) || is_english(match, EN_SECTION_IN) ||
                     is_english(match, EN_SECTION_LIGHT);
        if (!title || match->last > last) {
            continue;
        }
        uint32_t end = match->last;
        while (end < last && end < match->last + 4 && !(token_at(w, end)->flags & TOKEN_COLON)) {
            end++;
        }
        bool colon = token_at(w, end)->flags & TOKEN_COLON;
        bool heading = w->text->lines[line].flags & LINE_HEADING;
        if (colon || heading || (match->last == last && match->first == first)) {
            int this_kind = match->target.item;
            if (kind < 0 || this_kind != EN_SECTION_IN) {
                kind = this_kind;
                *ret_end = colon ? end : last;
            }
        }
    }
    return kind;
}

static uint32_t line_last(const struct work *w, uint32_t i)
{
    uint32_t line = token_at(w, i)->line;
    while (i + 1 < w->tokens->count &&
           (w->tokens->items[i + 1].line == line ||
            (w->text->lines[w->tokens->items[i + 1].line].flags & LINE_SOFT))) {
        i++;
    }
    return i;
}

/* What a section's title says of the words under it. */
struct section {
    uint16_t flag;
    bool
        items_only; /* the title had words beside it: only list items under it still belong to it */
    bool fresh;     /* nothing but the title so far */
};

static void begin_section(struct work *w, struct section *section, int kind, uint32_t title_end,
                          uint32_t last)
{
    section->flag = kind == EN_SECTION_OUT ? SCOPE_OUT : kind == EN_SECTION_LIGHT ? SCOPE_LIGHT : 0;
    section->items_only = title_end < last;
    section->fresh = true;
    if (title_end < last) {
        uint32_t stop = sentence_last(w, title_end + 1);
        mark(w, title_end + 1, stop < last ? stop : last, section->flag);
    }
}

static void go_on_section(struct work *w, struct section *section, uint8_t line, uint32_t first,
                          uint32_t last)
{
    bool item = line & LINE_ITEM;
    bool parted = (line & LINE_PARAGRAPH) && !item && !section->fresh;
    if ((line & LINE_HEADING) || parted || (section->items_only && !item)) {
        section->flag = 0;
    }
    mark(w, first, last, section->flag);
    section->fresh = false;
}

/* "Out of scope:" denies the rest of its sentence, or the lines under it. */
static void read_sections(struct work *w)
{
    struct section section = {0};
    for (uint32_t i = 0; i < w->tokens->count;) {
        uint32_t last = line_last(w, i), line = w->tokens->items[i].line, end = i;
        int kind = section_kind(w, line, i, last, &end);
        if (kind >= 0) {
            begin_section(w, &section, kind, end, last);
        } else {
            go_on_section(w, &section, w->text->lines[line].flags, i, last);
        }
        i = last + 1;
    }
}

static bool adopts_quotes(const struct work *w)
{
    for (uint32_t k = 0; k < w->matches->count; k++) {
        const struct match *match = &w->matches->items[k];
        if (is_english(match, EN_OURS) && !(token_at(w, match->first)->attr & TEXT_QUOTE)) {
            return true;
        }
    }
    return false;
}

static void read_attributes(struct work *w)
{
    bool ours = adopts_quotes(w);
    for (uint32_t i = 0; i < w->tokens->count; i++) {
        uint8_t attr = w->tokens->items[i].attr;
        w->scopes->flags[i] |= (attr & TEXT_STRUCK) ? SCOPE_OUT : 0;
        w->scopes->flags[i] |= (attr & TEXT_CODE) ? SCOPE_MASKED : 0;
        w->scopes->flags[i] |= (attr & TEXT_QUOTE) && !ours ? SCOPE_QUOTE : 0;
    }
}

/* "s/JavaScript/Python/": the first part is taken back. */
static void read_substitution(struct work *w)
{
    for (uint32_t i = 0; i + 2 < w->tokens->count; i++) {
        const struct token *token = token_at(w, i);
        if (token->len == 1 && token->letters[0] == 's' &&
            (token_at(w, i + 1)->flags & TOKEN_SLASH)) {
            uint32_t k = i + 1;
            do {
                w->scopes->flags[k++] |= SCOPE_NEGATED;
            } while (k < w->tokens->count && k < i + 6 && !(token_at(w, k)->flags & TOKEN_SLASH));
        }
    }
}

static void mask_names(struct work *w)
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

static void add_unit(struct work *w, uint32_t first, uint32_t last, bool sentence)
{
    struct scopes *s = w->scopes;
    if (s->unit_count < UNITS_MAX) {
        s->units[s->unit_count++] =
            (struct unit){first, last, sentence,
                          (w->tokens->items[sentence_last(w, last)].flags & TOKEN_QUESTION) != 0};
    }
}

static void add_clauses(struct work *w, uint32_t first, uint32_t last)
{
    uint32_t start = first;
    for (uint32_t i = first + 1; i <= last + 1; i++) {
        bool ends = i > last || clause_begins(w, i) || border_at(w, i) == BORDER_COMMA;
        if (ends && (i - start >= CHUNK_MIN || i > last)) {
            if (start > first || i <= last) {
                add_unit(w, start, i - 1, false);
            }
            start = i;
        }
    }
}

static void read_units(struct work *w)
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
    struct work w = {ret, text, tokens, matches, pack, goes_on};
    memset(ret->flags, 0, tokens->count * sizeof(ret->flags[0]));
    memset(ret->negator, 0xFF, tokens->count * sizeof(ret->negator[0]));
    ret->unit_count = 0;
    if (tokens->count == 0) {
        return;
    }
    find_borders(&w);
    drop_hidden(&w);
    mask_names(&w);
    read_attributes(&w);
    for (uint32_t i = 0; i < matches->count; i++) {
        if (matches->items[i].target.type == TARGET_ENGLISH) {
            apply(&w, &matches->items[i]);
        }
    }
    read_sections(&w);
    read_substitution(&w);
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
