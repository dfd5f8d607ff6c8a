#include "bot/reader/signals.h"

#include <assert.h>
#include <string.h>

#include "bot/base/mem.h"
#include "bot/reader/english.h"
#include "bot/reader/read.h"
#include "bot/reader/spell.h"
#include "knowledge/vectors.h"

static_assert(EN_COUNT <= 64, "signals.english holds one bit for each");

/* Words commoner than this are no slips of a name (ranks in sixteens). */
enum { COMMON_RANK = 300 };

/* So many words may go before the first name of a clause that begins with the choice. */
enum { LEADING_WORDS = 3 };

bool match_names_option(const struct match *match)
{
    return match->target.type == TARGET_OPTION || match->target.type == TARGET_TOOL;
}

static bool is_or(const struct token *token)
{
    static const char *const words[] = {"or", "versus", "oder", "ou", "o", NULL};
    return token_is_any(token, words);
}

/* "X or Y", "X/Y", "X vs Y": whether an "or" stands just before or after the words of a match. */
static bool beside_or(const struct reading *r, const struct match *match)
{
    const struct token *items = r->tokens.items;
    for (uint32_t step = 0; step < 2; step++) {
        bool exists = step ? match->last + 1 < r->tokens.count : match->first > 0;
        const struct token *beside =
            exists ? &items[step ? match->last + 1 : match->first - 1] : NULL;
        bool version =
            step && beside && (beside->flags & TOKEN_NUMBER) && match->last + 2 < r->tokens.count;
        beside = version ? &items[match->last + 2] : beside;
        if (beside && is_or(beside)) {
            return true;
        }
    }
    return (items[match->first].flags & TOKEN_SLASH) ||
           (match->last + 1 < r->tokens.count && (items[match->last + 1].flags & TOKEN_SLASH));
}

static void note_option(struct reading *r, const struct match *match)
{
    struct signals *s = &r->signals;
    bool aside = r->scopes.flags[match->first] & (SCOPE_QUOTE | SCOPE_OUT);
    if (match->target.pack != r->pack || match->target.item >= 32) {
        return;
    }
    uint32_t bit = 1u << match->target.item;
    s->options |= bit;
    s->quoted_only = s->quoted_only && aside;
    if (s->first_option < 0) {
        s->first_option = (int8_t)match->target.item;
    }
    s->last_option = (int8_t)match->target.item;
    if (beside_or(r, match)) {
        s->alternatives |= bit;
    }
    if (match->target.type == TARGET_TOOL) {
        s->tool_count++;
        s->tool_option = match->target.item;
        s->tool = match->target.sub;
    }
}

/* "Would X do, or is Y smarter?": an "or" somewhere between two options of one sentence. */
static bool parted_by_or(const struct reading *r, const struct match *one, const struct match *two)
{
    if (one->target.item == two->target.item ||
        r->scopes.sentence_first[one->first] != r->scopes.sentence_first[two->first]) {
        return false;
    }
    for (uint32_t i = one->last + 1; i < two->first; i++) {
        if (is_or(&r->tokens.items[i])) {
            return true;
        }
    }
    return false;
}

static void note_alternatives(struct reading *r)
{
    const struct match *before = NULL;
    for (uint32_t i = 0; i < r->matches.count; i++) {
        const struct match *match = &r->matches.items[i];
        if (!match_names_option(match) || match->target.pack != r->pack ||
            match->target.item >= 32) {
            continue;
        }
        if (before && parted_by_or(r, before, match)) {
            r->signals.apart = r->signals.apart || !r->signals.alternatives;
            r->signals.alternatives |= 1u << before->target.item | 1u << match->target.item;
        }
        before = match;
    }
}

/* Whether one option alone is named, and both sides of an "or" name it. */
static bool is_within_one(const struct reading *r)
{
    size_t sides = 0;
    for (uint32_t i = 0; i < r->matches.count; i++) {
        const struct match *match = &r->matches.items[i];
        sides += match_names_option(match) && match->target.pack == r->pack && beside_or(r, match);
    }
    return r->signals.option_count == 1 && sides >= 2;
}

static void note_pointer(struct reading *r, const struct knowledge *knowledge,
                         const struct match *match, uint64_t *seen)
{
    struct signals *s = &r->signals;
    int pack = match->target.pack;
    if (pack < 0 || pack == r->pack || !knowledge->packs[pack]->pointer) {
        return;
    }
    uint64_t bit = 1ull << ((unsigned)pack * 7 % 57 + (unsigned)match->target.item % 7);
    if (s->pointer != pack && (s->pointer < 0 || beside_or(r, match))) {
        s->pointer = (int16_t)pack;
        s->pointer_options = 0;
        *seen = 0;
    }
    if (s->pointer == pack && !(*seen & bit)) {
        *seen |= bit;
        s->pointer_options++;
    }
    s->pointer_or = s->pointer_or || (s->pointer == pack && beside_or(r, match));
}

bool signals_weigh(const struct reading *r, uint32_t first, uint32_t last)
{
    static const char *const words[] = {"would", "should", "could", "shall", "ought", NULL};
    const struct token *items = r->tokens.items;
    for (uint32_t i = first; i <= last; i++) {
        bool do_we = i > first && token_is(&items[i], "we") && token_is(&items[i - 1], "do");
        if (do_we || token_is_any(&items[i], words)) {
            return true;
        }
    }
    return false;
}

/*
 * Whether a name stands for itself: what follows it is no noun that it only describes, as in "the X
 * thread", "the X SDK".
 */
static bool is_bare(const struct reading *r, const struct match *match)
{
    static const char *const words[] = {
        "or",     "versus",  "oder",     "ou",       "o",      "and",     "for",   "on",
        "in",     "to",      "behind",   "as",       "with",   "at",      "by",    "from",
        "under",  "of",      "over",     "per",      "here",   "there",   "then",  "now",
        "today",  "these",   "this",     "that",     "what",   "which",   "given", "if",
        "when",   "where",   "while",    "since",    "but",    "so",      "not",   "just",
        "anyone", "anybody", "everyone", "folks",    "people", "guys",    "team",  "all",
        "please", "pls",     "thoughts", "opinions", "advice", "go",      "first", "better",
        "best",   "smarter", "easier",   "simpler",  "right",  "instead", "the",   "a",
        "an",     "we",      "i",        "you",      "is",     "are",     "be",    "would",
        "will",   "should",  "do",       "does",     "can",    "make",    "work",  "fit",
        "suit",   "backend", "server",   "fur",      "furs",   "fuers",   "fuer",  "als",
        "mit",    "hinter",  "derriere", "pour",     "pro",    "por",     "para",  "avec",
        "con",    "com",     "like",     "against",  "room",   NULL};
    const struct token *next =
        match->last + 1 < r->tokens.count ? &r->tokens.items[match->last + 1] : NULL;
    if (!next || next->border >= BORDER_COMMA || (next->flags & (TOKEN_NUMBER | TOKEN_SLASH))) {
        return true;
    }
    return token_is_any(next, words);
}

/* "Last item, X or Y for the ferry": whether few words part it from a comma or the beginning. */
static bool leads_its_part(const struct reading *r, uint32_t word)
{
    uint32_t first = r->scopes.clause_first[word];
    uint32_t i = word;
    while (i > first && word - i < LEADING_WORDS && r->tokens.items[i].border < BORDER_COMMA) {
        i--;
    }
    return i == first || r->tokens.items[i].border >= BORDER_COMMA;
}

/* "Did you go with X in the end?", "X or Y, what was it again?": it is settled, somebody forgot. */
static bool asks_what_was(const struct reading *r, uint32_t first, uint32_t last)
{
    static const char *const others[] = {"you", "they", "he", "she", NULL};
    const struct token *items = r->tokens.items;
    for (uint32_t i = first; i < last; i++) {
        bool did = token_is(&items[i], "did") && token_is_any(&items[i + 1], others);
        bool what_was = i + 2 <= last && token_is(&items[i], "what") &&
                        token_is(&items[i + 1], "was") && token_is(&items[i + 2], "it");
        if (did || what_was) {
            return true;
        }
    }
    return false;
}

/* Whether the sentence around an option asks what to choose, and does not only tell of it. */
static bool asks_in_sentence(const struct reading *r, const struct match *option)
{
    uint32_t first = r->scopes.sentence_first[option->first];
    uint32_t last = r->scopes.sentence_last[option->first];
    bool tells = false, weighs = signals_weigh(r, first, last), chooses = false;
    for (uint32_t i = matches_from(&r->matches, first);
         i < r->matches.count && r->matches.items[i].first <= last; i++) {
        const struct match *match = &r->matches.items[i];
        int16_t item = match->target.item;
        if (match->target.type == TARGET_ENGLISH) {
            tells = tells || item == EN_UNASKED;
            weighs = weighs || item == EN_GOOD_CHOICE || item == EN_BETTER;
            chooses = chooses || item == EN_CHOICE;
        }
    }
    bool leads = leads_its_part(r, option->first);
    bool question = r->tokens.items[last].flags & TOKEN_QUESTION;
    return (!tells || weighs) && (leads || question || chooses || weighs) &&
           !asks_what_was(r, first, last);
}

/*
 * Whether no sentence asks for a choice between the names in it. Of alternatives those names matter
 * that stand at the "or": the others may be anything.
 */
static void note_unasked(struct reading *r)
{
    struct signals *s = &r->signals;
    uint32_t sentence = UINT32_MAX;
    bool asked = false;
    for (uint32_t i = 0; i < r->matches.count; i++) {
        const struct match *match = &r->matches.items[i];
        if (!match_names_option(match) || match->target.pack != r->pack ||
            (s->alternatives && !s->apart && !beside_or(r, match))) {
            continue;
        }
        bool next = r->scopes.sentence_first[match->first] != sentence;
        if (next && asked) {
            break;
        }
        sentence = r->scopes.sentence_first[match->first];
        bool quoted = (r->scopes.flags[match->first] & SCOPE_QUOTE) ||
                      (r->tokens.items[match->first].flags & TOKEN_QUOTED);
        asked = (next || asked) && !quoted && is_bare(r, match) && asks_in_sentence(r, match);
    }
    s->unasked = s->options && !asked;
}

static uint32_t last_sentence(const struct reading *r)
{
    return r->tokens.count ? r->scopes.sentence_first[r->tokens.count - 1] : 0;
}

static void note_english(struct reading *r, const struct match *match)
{
    struct signals *s = &r->signals;
    enum english id = (enum english)match->target.item;
    s->english |= 1ull << id;
    if (match->first >= last_sentence(r)) {
        s->english_late |= 1ull << id;
    }
    if (id == EN_OTHER_TECH) {
        s->other_tech = true;
        s->other_or = s->other_or || beside_or(r, match);
    }
    s->choice_word = s->choice_word || id == EN_CHOICE || id == EN_GOOD_CHOICE;
}

/* The fact whose cues cover most words; of equals, the one about an option that is named. */
static void note_fact(struct reading *r, const struct pack *pack, const struct match *match)
{
    struct signals *s = &r->signals;
    int option = match->target.pack == r->pack ? pack->facts[match->target.item].option : -1;
    bool named = option >= 0 && option < 32 && (s->options >> option & 1);
    uint32_t words = (match->last - match->first + 1) * 2 + named;
    if (match->target.pack == r->pack && words > s->fact_score &&
        (named || option < 0 || !s->options)) {
        s->fact = match->target.item;
        s->fact_score = (uint8_t)(words < 255 ? words : 255);
    }
}

static void read_fact(struct reading *r, const struct pack *pack)
{
    for (uint32_t i = 0; i < r->matches.count; i++) {
        if (r->matches.items[i].target.type == TARGET_FACT) {
            note_fact(r, pack, &r->matches.items[i]);
        }
    }
}

/* "X for a flower shop", "is X still a good pick for ...", "could X handle ...". */
static bool says_it_fits(const struct reading *r, const struct match *option)
{
    enum { BETWEEN = 7 };
    static const char *const verbs[] = {"handle", "suit", "fit", "cope", "manage", "power", NULL};
    static const char *const between[] = {
        "is",      "are",   "be",     "a",     "an",       "the",      "ok",     "okay",
        "fine",    "good",  "great",  "right", "suitable", "suited",   "enough", "choice",
        "fit",     "pick",  "idea",   "call",  "option",   "overkill", "smart",  "wise",
        "ideal",   "best",  "better", "work",  "do",       "really",   "too",    "much",
        "also",    "still", "well",   "even",  "actually", "sensible", "viable", "reasonable",
        "alright", "would", "will",   "or",    "not",      "here",     "any",    NULL};
    const struct token *items = r->tokens.items;
    uint32_t i = option->last + 1, last = r->scopes.sentence_last[option->last];
    if (i <= last && token_is_any(&items[i], verbs)) {
        return i < last;
    }
    while (i < last && i < option->last + BETWEEN && token_is_any(&items[i], between)) {
        i++;
    }
    return i < last && token_is(&items[i], "for");
}

/*
 * "No wait, it's a granary", "oh, actually: a granary": nothing but words of correction, and then
 * what it is, up to the next preposition or verb. "Actually it's a granary too" says more of the
 * same; "wait, a granary is always damp?" says nothing of the kind.
 */
static void find_what_it_is(struct reading *r)
{
    enum { NAME_WORDS = 6, ALONE_WORDS = 4 };
    static const char *const leads[] = {
        "wait", "no",  "nope", "nah",  "actually",   "sorry",  "oops",   "oh",    "hm",
        "hmm",  "but", "and",  "ah",   "ok",         "hold",   "hang",   "on",    "in",
        "fact", "so",  "err",  "well", "correction", "whoops", "rather", "right", NULL};
    static const char *const corrects[] = {"wait",  "no",   "nope",       "nah",    "actually",
                                           "sorry", "oops", "fact",       "whoops", "rather",
                                           "hold",  "hang", "correction", NULL};
    static const char *const articles[] = {"a", "an", NULL};
    static const char *const more[] = {"too",  "also", "additionally", "both", "besides", "plus",
                                       "well", "more", "top",          "part", "needed",  NULL};
    static const char *const ends[] = {
        "with", "for", "and", "that", "which", "where",  "of",  "so",   "or",   "to",   "in",
        "on",   "is",  "at",  "was",  "would", "should", "has", "must", "will", "then", NULL};
    const struct token *items = r->tokens.items;
    uint32_t count = r->tokens.count, i = 0;
    bool corrected = false;
    for (; i < count && token_is_any(&items[i], leads); i++) {
        corrected = corrected || token_is_any(&items[i], corrects);
    }
    bool it_is = i + 2 < count && token_is(&items[i], "it") && token_is(&items[i + 1], "is");
    uint32_t at = it_is ? i + 2 : i, last = at < count ? r->scopes.sentence_last[at] : 0;
    if (!corrected || at + 1 >= count || !token_is_any(&items[at], articles) ||
        (!it_is && items[at].border < BORDER_COMMA) || (items[last].flags & TOKEN_QUESTION)) {
        return;
    }
    uint32_t end = at + 1;
    while (end <= last && end <= at + NAME_WORDS && items[end].border < BORDER_COMMA &&
           !token_is_any(&items[end], ends)) {
        end++;
    }
    bool whole = end == count && end - at <= ALONE_WORDS + 1;
    for (uint32_t k = at; k <= last; k++) {
        if (token_is_any(&items[k], more)) {
            return;
        }
    }
    if (end > at + 1 && (it_is || whole)) {
        r->signals.it_is = true;
        r->signals.it_is_first = (uint16_t)(at + 1);
        r->signals.it_is_last = (uint16_t)(end - 1);
    }
}

void signals_read(struct reading *r, const struct knowledge *knowledge)
{
    struct signals *s = &r->signals;
    uint64_t seen = 0;
    *s = (struct signals){.first_option = -1,
                          .last_option = -1,
                          .tool_option = -1,
                          .tool = -1,
                          .pointer = -1,
                          .fact = -1};
    s->quoted_only = true;
    s->words = (uint16_t)(r->tokens.count < UINT16_MAX ? r->tokens.count : UINT16_MAX);
    s->mentions = r->text.mentions;
    find_what_it_is(r);
    for (uint32_t i = 0; i < r->tokens.count; i++) {
        s->question = s->question || (r->tokens.items[i].flags & TOKEN_QUESTION);
    }
    for (uint32_t i = 0; i < r->matches.count; i++) {
        const struct match *match = &r->matches.items[i];
        if (match_names_option(match)) {
            s->fits = s->fits || (match->target.type == TARGET_OPTION &&
                                  match->target.pack == r->pack && says_it_fits(r, match));
            note_option(r, match);
            note_pointer(r, knowledge, match, &seen);
        } else if (match->target.type == TARGET_ENGLISH) {
            note_english(r, match);
        } else if (match->target.type == TARGET_SUBJECT) {
            s->subject = s->subject || match->target.pack == r->pack;
        }
    }
    read_fact(r, knowledge->packs[r->pack]);
    for (uint32_t bits = s->options; bits; bits &= bits - 1) {
        s->option_count++;
    }
    s->quoted_only = s->quoted_only && s->options;
    s->within_one = is_within_one(r);
    s->alternatives = s->alternatives & (s->alternatives - 1) ? s->alternatives : 0;
    note_alternatives(r);
    note_unasked(r);
}

static bool is_common(const struct knowledge *knowledge, const struct token *token)
{
    struct vector vector;
    return vectors_find(knowledge->vectors, token->word, &vector) && vector.rank < COMMON_RANK;
}

void signals_mend(struct reading *r, const struct knowledge *knowledge, struct stemmer *stemmer,
                  bool *ret_mended)
{
    const struct pack *pack = knowledge->packs[r->pack];
    for (uint32_t k = 0; k < r->matches.count; k++) {
        const struct match *match = &r->matches.items[k];
        if (!match_names_option(match) || match->target.pack != r->pack || !beside_or(r, match)) {
            continue;
        }
        uint32_t sides[2] = {match->first >= 2 ? match->first - 2 : UINT32_MAX, match->last + 2};
        if (r->tokens.items[match->first].flags & TOKEN_SLASH) {
            sides[0] = match->first - 1;
        }
        for (int side = 0; side < 2; side++) {
            struct token *token =
                sides[side] < r->tokens.count ? &r->tokens.items[sides[side]] : NULL;
            bool known = token && is_common(knowledge, token);
            for (size_t o = 0; token && !known && token->len >= 3 && o < pack->option_count; o++) {
                const char *id = pack->options[o].id;
                if ((int)o != match->target.item && !token_is(token, id) &&
                    spell_near(token->letters, id)) {
                    token_set(token, stemmer, id, strlen(id));
                    token->flags |= TOKEN_FIXED;
                    *ret_mended = true;
                }
            }
        }
    }
}
