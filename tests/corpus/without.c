/*
 * What each stage of the reading is worth: the program `whether`, linked so that the calls between
 * its stages come by here (--wrap), and the stage that the environment variable WITHOUT names left
 * out. Nothing is trained anew, the program itself knows nothing of it. report.py runs it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/mem.h"
#include "bot/reader/english.h"
#include "bot/reader/lexicon.h"
#include "bot/reader/net.h"
#include "bot/reader/spell.h"
#include "bot/reader/text.h"
#include "bot/reader/withdraw.h"
#include "knowledge/learned.h"

#define BIT(id) (UINT64_C(1) << (id))

static const struct part {
    const char *name;
    unsigned learned; /* LEARNED_* that are not loaded */
    uint64_t english; /* enum english that are not found */
    bool phrases, structure, spelling, net, withdrawals;
} parts[] = {
    {.name = "nothing"},
    {.name = "topics", .learned = LEARNED_TOPICS},
    {.name = "kinds", .learned = LEARNED_KINDS},
    {.name = "topics-and-kinds", .learned = LEARNED_TOPICS | LEARNED_KINDS},
    {.name = "vectors", .learned = LEARNED_VECTORS},
    {.name = "net", .net = true},
    {.name = "phrases", .phrases = true},
    {.name = "structure", .structure = true},
    {.name = "spelling", .spelling = true},
    {.name = "denial", .english = BIT(EN_NEGATION) | BIT(EN_DENIED_BEFORE) | BIT(EN_NO_ANSWER)},
    {.name = "past", .english = BIT(EN_PAST)},
    {.name = "hearsay-and-others", .english = BIT(EN_HEARSAY) | BIT(EN_OTHERS)},
    {.name = "supposed-and-later", .english = BIT(EN_HYPOTHETICAL) | BIT(EN_WISH) | BIT(EN_LATER)},
    {.name = "sections",
     .english = BIT(EN_SECTION_IN) | BIT(EN_SECTION_OUT) | BIT(EN_SECTION_LIGHT)},
    {.name = "weight",
     .english =
         BIT(EN_HEAVY) | BIT(EN_LIGHT) | BIT(EN_MORE_THAN) | BIT(EN_REST_LIGHT) | BIT(EN_EQUAL)},
    {.name = "unasked", .english = BIT(EN_UNASKED)},
    {.name = "projects",
     .english = BIT(EN_NEW_PROJECT) | BIT(EN_WRONG_PROJECT) | BIT(EN_BACK_TO_FIRST)},
    {.name = "withdrawals", .withdrawals = true},
};

/* The part to leave out; ends the program when there is none of that name. */
static const struct part *left_out(void)
{
    static const struct part *part;
    const char *name = getenv("WITHOUT");
    for (size_t i = 0; !part && i < ARRAY_LEN(parts); i++) {
        part = strcmp(parts[i].name, name ? name : "nothing") == 0 ? &parts[i] : NULL;
    }
    if (!part) {
        fprintf(stderr, "without: WITHOUT=%s is none of", name);
        for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
            fprintf(stderr, " %s", parts[i].name);
        }
        fprintf(stderr, "\n");
        exit(2);
    }
    return part;
}

bool __real_learned_load(struct knowledge *knowledge, unsigned learned, const char *home,
                         struct fault_list *faults);
bool __wrap_learned_load(struct knowledge *knowledge, unsigned learned, const char *home,
                         struct fault_list *faults);

bool __wrap_learned_load(struct knowledge *knowledge, unsigned learned, const char *home,
                         struct fault_list *faults)
{
    return __real_learned_load(knowledge, learned & ~left_out()->learned, home, faults);
}

bool __real_net_fits(const struct net *net, const struct vectors *vectors);
bool __wrap_net_fits(const struct net *net, const struct vectors *vectors);

bool __wrap_net_fits(const struct net *net, const struct vectors *vectors)
{
    return !left_out()->net && __real_net_fits(net, vectors);
}

void __real_text_read(struct text *ret, const char *bytes, size_t len);
void __wrap_text_read(struct text *ret, const char *bytes, size_t len);

void __wrap_text_read(struct text *ret, const char *bytes, size_t len)
{
    __real_text_read(ret, bytes, len);
    for (uint32_t i = 0; left_out()->structure && i < ret->len; i++) {
        ret->attr[i] &= TEXT_UPPER;
    }
    for (uint32_t i = 0; left_out()->structure && i < ret->line_count; i++) {
        ret->lines[i].flags = 0;
    }
}

void __real_spell_mend(struct tokens *tokens, const struct lexicon *lexicon,
                       const struct vectors *vectors, struct stemmer *stemmer);
void __wrap_spell_mend(struct tokens *tokens, const struct lexicon *lexicon,
                       const struct vectors *vectors, struct stemmer *stemmer);

void __wrap_spell_mend(struct tokens *tokens, const struct lexicon *lexicon,
                       const struct vectors *vectors, struct stemmer *stemmer)
{
    if (!left_out()->spelling) {
        __real_spell_mend(tokens, lexicon, vectors, stemmer);
    }
}

static bool is_left_out(const struct target *target)
{
    const struct part *part = left_out();
    bool phrase = target->type == TARGET_SITUATION || target->type == TARGET_HINT ||
                  target->type == TARGET_DENIAL;
    return (phrase && part->phrases) ||
           (target->type == TARGET_ENGLISH && (part->english & BIT(target->item)));
}

void __real_lexicon_search(const struct lexicon *lexicon, const struct tokens *tokens,
                           struct matches *ret);
void __wrap_lexicon_search(const struct lexicon *lexicon, const struct tokens *tokens,
                           struct matches *ret);

void __wrap_lexicon_search(const struct lexicon *lexicon, const struct tokens *tokens,
                           struct matches *ret)
{
    uint32_t kept = 0;
    __real_lexicon_search(lexicon, tokens, ret);
    for (uint32_t i = 0; i < ret->count; i++) {
        if (!is_left_out(&ret->items[i].target)) {
            ret->items[kept++] = ret->items[i];
        }
    }
    ret->count = kept;
}

void __real_withdrawals_read(const struct reader *reader, struct reading *reading,
                             const struct recalled *recalled);
void __wrap_withdrawals_read(const struct reader *reader, struct reading *reading,
                             const struct recalled *recalled);

void __wrap_withdrawals_read(const struct reader *reader, struct reading *reading,
                             const struct recalled *recalled)
{
    if (!left_out()->withdrawals) {
        __real_withdrawals_read(reader, reading, recalled);
    }
}
