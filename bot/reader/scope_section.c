#include "bot/reader/scope_inside.h"

#include "bot/reader/text.h"

/*
 * A section title: a known word at the start of a line, and a colon, a heading sign or nothing
 * after it.
 */
static int section_kind(const struct scoping *w, uint32_t line, uint32_t first, uint32_t last,
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

static uint32_t line_last(const struct scoping *w, uint32_t i)
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

static void begin_section(struct scoping *w, struct section *section, int kind, uint32_t title_end,
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

static void go_on_section(struct scoping *w, struct section *section, uint8_t line, uint32_t first,
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
void scope_read_sections(struct scoping *w)
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

static bool adopts_quotes(const struct scoping *w)
{
    for (uint32_t k = 0; k < w->matches->count; k++) {
        const struct match *match = &w->matches->items[k];
        if (is_english(match, EN_OURS) && !(token_at(w, match->first)->attr & TEXT_QUOTE)) {
            return true;
        }
    }
    return false;
}

void scope_read_attributes(struct scoping *w)
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
void scope_read_substitution(struct scoping *w)
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
