#include "bot/reader/emphasis.h"

#include "bot/reader/english.h"
#include "bot/reader/evidence.h"
#include "bot/reader/read.h"
#include "bot/reader/reader.h"
#include "bot/reader/signals.h"

/* From which learned score on a clause may be about a known situation that it does not name. */
static const float reference_threshold = -4;

/* "And that's what counts": of what stands before. */
static bool points_back(const struct reading *r, uint32_t first, uint32_t last)
{
    static const char *const words[] = {"that", "this", "it", "those", "they", NULL};
    const struct token *items = r->tokens.items;
    bool joined =
        first < last && (token_is(&items[first], "and") || token_is(&items[first], "but"));
    return token_is_any(&items[first + joined], words);
}

/* What a clause is about: its cues, else what is likeliest among what the conversation knows. */
static uint64_t about_clause(const struct reader *reader, struct reading *r, uint64_t known,
                             uint32_t first, uint32_t last)
{
    uint64_t set = evidence_named(r, true, first, last) & known;
    /* "The chat is a nice-to-have" weighs the chat, be it known or not. */
    set = set ? set : evidence_named(r, false, first, last);
    return set ? set
               : evidence_likeliest(reader, r, known, reference_threshold, false, first, last);
}

static bool has_english_in(const struct reading *r, enum english id, uint32_t first, uint32_t last)
{
    for (uint32_t k = matches_from(&r->matches, first);
         k < r->matches.count && r->matches.items[k].first <= last; k++) {
        const struct target *target = &r->matches.items[k].target;
        if (target->type == TARGET_ENGLISH && target->item == (int16_t)id) {
            return true;
        }
    }
    return false;
}

/*
 * A clause that weighs: its own subject, else that of the clause before ("..., but that's a
 * garnish"), else of an earlier message.
 */
static void weigh_clause(struct reading *r, uint64_t own, uint64_t before, uint32_t first,
                         uint32_t last)
{
    uint16_t scope = evidence_scope(r, first, last);
    bool rest = has_english_in(r, EN_REST_LIGHT, first, last);
    bool heavy = rest || (scope & SCOPE_HEAVY), light = !rest && (scope & SCOPE_LIGHT);
    if (heavy == light) {
        return;
    }
    uint64_t what = rest && before ? before : own ? own : before;
    r->heavy |= heavy ? what : 0;
    r->light |= light ? what : 0;
    r->heavy_back = r->heavy_back || (heavy && !what);
    r->light_back = r->light_back || (light && !what);
}

/* Whether anything in the clause of word i says what counts and what does not. */
static bool weighs_at(const struct reading *r, uint32_t i)
{
    uint32_t last = r->scopes.clause_last[i];
    return (evidence_scope(r, i, last) & (SCOPE_HEAVY | SCOPE_LIGHT)) ||
           has_english_in(r, EN_REST_LIGHT, i, last);
}

static void weigh_clauses(const struct reader *reader, struct reading *r, uint64_t known)
{
    uint64_t before = 0;
    for (uint32_t i = 0; i < r->tokens.count; i = r->scopes.clause_last[i] + 1u) {
        uint32_t last = r->scopes.clause_last[i];
        bool weighs = weighs_at(r, i) || (last + 1 < r->tokens.count && weighs_at(r, last + 1));
        if (!weighs) {
            before = 0;
            continue;
        }
        bool back = before && points_back(r, i, last) && !evidence_named(r, true, i, last);
        uint64_t own = back ? 0 : about_clause(reader, r, known, i, last);
        bool points = !own && (r->tokens.items[last].flags & TOKEN_COLON);
        if (points && last + 1 < r->tokens.count) {
            own = about_clause(reader, r, known, last + 1, r->scopes.clause_last[last + 1]);
        }
        weigh_clause(r, own, before, i, last);
        before = own ? own : before;
    }
}

static bool names_option(const struct reading *r, uint32_t first, uint32_t last)
{
    for (uint32_t k = matches_from(&r->matches, first);
         k < r->matches.count && r->matches.items[k].first <= last; k++) {
        if (match_names_option(&r->matches.items[k]) &&
            r->matches.items[k].target.pack == r->pack) {
            return true;
        }
    }
    return false;
}

/* "Chat might come", "microservices or not", "should I worry about many users at once?" */
static bool is_supposed(const struct reading *r, const struct evidence *e)
{
    static const char *const asking[] = {"do",    "does", "should", "will",
                                         "would", "is",   "are",    NULL};
    const struct token *items = r->tokens.items;
    uint32_t first = r->scopes.sentence_first[e->first], last = r->scopes.sentence_last[e->last];
    uint16_t scope = evidence_scope(r, e->first, r->scopes.clause_last[e->last]);
    bool or_not = e->last + 2 < r->tokens.count && token_is(&items[e->last + 1], "or") &&
                  token_is(&items[e->last + 2], "not");
    bool question = (items[last].flags & TOKEN_QUESTION) && token_is_any(&items[first], asking) &&
                    !names_option(r, first, last);
    return (scope & (SCOPE_SUPPOSED | SCOPE_ASKED)) || or_not || question;
}

void emphasis_read(const struct reader *reader, struct reading *r, uint64_t known)
{
    static const uint64_t words = 1ull << EN_HEAVY | 1ull << EN_LIGHT | 1ull << EN_MORE_THAN |
                                  1ull << EN_REST_LIGHT | 1ull << EN_SECTION_LIGHT;
    for (uint32_t k = 0; k < r->evidence_count; k++) {
        const struct evidence *e = &r->evidence[k];
        bool both = (e->scope & SCOPE_HEAVY) && (e->scope & SCOPE_LIGHT);
        uint64_t bit = 1ull << e->situation;
        r->asked |= e->scope & SCOPE_ASKED ? bit : 0;
        r->supposed |= e->polarity == POLARITY_STATED && is_supposed(r, e) ? bit : 0;
        r->heavy |= e->exact && !both && (e->scope & SCOPE_HEAVY) ? bit : 0;
        r->light |= e->exact && !both && (e->scope & SCOPE_LIGHT) ? bit : 0;
    }
    if (r->signals.english & words) {
        weigh_clauses(reader, r, known | r->stated);
    }
    /* "Mostly forms" weighs nothing as long as there is nothing else to weigh it against. */
    if (!((known | r->stated) & ~r->heavy)) {
        r->heavy = 0;
    }
    uint64_t unclear = r->heavy & r->light;
    r->heavy &= ~unclear & (known | r->stated);
    r->light &= ~unclear & (known | r->stated);
}
