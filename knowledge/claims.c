#include "knowledge/claims.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "knowledge/pack.h"

/*
 * Claims: texts that somebody lays claim to. Sorting them brings those of the same text together,
 * and within a text those of the same owner, in the order of the file.
 */
struct claim {
    const char *text; /* normalised */
    const char *list; /* key of the list it is in */
    const char *owner_id;
    size_t owner, order;
    bool exclusive; /* no other owner may have it exclusively too */
    int line;
};

struct claim_set {
    const struct pack *pack;
    struct fault_list *faults;
    const char *noun; /* what owners are: "situation" */
    struct arena *arena;
    struct claim *items;
    size_t count, cap;
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Lower case, blanks squeezed and trimmed. */
static const char *normalise(struct arena *arena, const char *text)
{
    char *copy = arena_strndup(arena, text, strlen(text));
    size_t len = 0;
    for (; *text != '\0'; text++) {
        bool blank = *text == ' ' || *text == '\t' || *text == '\n';
        if (!blank) {
            copy[len++] = lower(*text);
        } else if (len > 0 && copy[len - 1] != ' ') {
            copy[len++] = ' ';
        }
    }
    len -= len > 0 && copy[len - 1] == ' ';
    copy[len] = '\0';
    return copy;
}

static struct claim_set claims_begin(const struct pack *pack, const char *noun,
                                     struct fault_list *faults)
{
    return (struct claim_set){
        .pack = pack, .faults = faults, .noun = noun, .arena = arena_create()};
}

static void claim_add(struct claim_set *set, struct claim claim)
{
    if (set->count == set->cap) {
        set->cap = set->cap == 0 ? 64 : set->cap * 2;
        set->items = mem_grow(set->items, set->cap, sizeof(*set->items));
    }
    claim.order = set->count;
    set->items[set->count++] = claim;
}

static void claim_list(struct claim_set *set, const struct text_list *list, struct claim owner)
{
    owner.owner_id = owner.owner_id == NULL ? "?" : owner.owner_id;
    for (size_t i = 0; i < list->count; i++) {
        owner.text = normalise(set->arena, list->items[i].text);
        owner.line = list->items[i].line;
        claim_add(set, owner);
    }
}

static int compare_claims(const void *left, const void *right)
{
    const struct claim *a = left, *b = right;
    int texts = strcmp(a->text, b->text);
    if (texts != 0) {
        return texts;
    }
    if (a->owner != b->owner) {
        return a->owner < b->owner ? -1 : 1;
    }
    return a->order < b->order ? -1 : a->order > b->order;
}

static void fault_same_owner(const struct claim_set *set, const struct claim *first,
                             const struct claim *again)
{
    const char *owner = again->owner_id;
    if (strcmp(first->list, again->list) == 0) {
        fault_add(set->faults, set->pack->file, again->line,
                  "\"%.80s\" is twice in the %s of %s \"%s\" (first on line %d)", again->text,
                  again->list, set->noun, owner, first->line);
        return;
    }
    fault_add(set->faults, set->pack->file, again->line,
              "\"%.80s\" is in the %s of %s \"%s\" and in its %s (line %d); keep one", again->text,
              again->list, set->noun, owner, first->list, first->line);
}

static void fault_other_owner(const struct claim_set *set, const struct claim *first,
                              const struct claim *again)
{
    fault_add(set->faults, set->pack->file, again->line,
              "\"%.80s\" is claimed by %s \"%s\" (line %d) too; make it longer or keep one",
              again->text, set->noun, first->owner_id, first->line);
}

static void claims_compare(const struct claim_set *set)
{
    const struct claim *exclusive = NULL;
    for (size_t i = 0; i < set->count; i++) {
        const struct claim *claim = &set->items[i], *before = i > 0 ? claim - 1 : NULL;
        if (before == NULL || strcmp(before->text, claim->text) != 0) {
            exclusive = NULL;
        } else if (before->owner == claim->owner) {
            fault_same_owner(set, before, claim);
            continue;
        }
        if (!claim->exclusive) {
            continue;
        }
        if (exclusive == NULL) {
            exclusive = claim;
        } else if (exclusive->owner != claim->owner) {
            fault_other_owner(set, exclusive, claim);
        }
    }
}

static void claims_end(struct claim_set *set)
{
    if (set->count > 0) {
        qsort(set->items, set->count, sizeof(*set->items), compare_claims);
        claims_compare(set);
    }
    mem_free(set->items);
    arena_destroy(set->arena);
}

static void check_situation_phrases(const struct pack *pack, struct fault_list *faults)
{
    struct claim_set set = claims_begin(pack, "situation", faults);
    for (size_t i = 0; i < pack->situation_count; i++) {
        const struct pack_situation *situation = &pack->situations[i];
        struct claim owner = {.owner = i, .owner_id = situation->id};
        owner.exclusive = true;
        owner.list = "phrases";
        claim_list(&set, &situation->phrases, owner);
        owner.exclusive = false;
        owner.list = "hints";
        claim_list(&set, &situation->hints, owner);
        owner.list = "denials";
        claim_list(&set, &situation->denials, owner);
    }
    claims_end(&set);
}

static void check_situation_examples(const struct pack *pack, struct fault_list *faults)
{
    struct claim_set set = claims_begin(pack, "situation", faults);
    for (size_t i = 0; i < pack->situation_count; i++) {
        const struct pack_situation *situation = &pack->situations[i];
        struct claim owner = {.owner = i, .owner_id = situation->id, .list = "examples"};
        claim_list(&set, &situation->examples, owner);
        owner.list = "counter_examples";
        claim_list(&set, &situation->counter_examples, owner);
    }
    claims_end(&set);
}

static void check_option_aliases(const struct pack *pack, struct fault_list *faults)
{
    struct claim_set set = claims_begin(pack, "option", faults);
    for (size_t i = 0; i < pack->option_count; i++) {
        const struct pack_option *option = &pack->options[i];
        struct claim owner = {.owner = i, .owner_id = option->id, .list = "aliases"};
        owner.exclusive = true;
        claim_list(&set, &option->aliases, owner);
        owner.list = "tools' aliases";
        for (size_t j = 0; j < option->tool_count; j++) {
            owner.exclusive = option->tools[j].stands_for;
            claim_list(&set, &option->tools[j].aliases, owner);
        }
    }
    claims_end(&set);
}

static void check_other_phrases(const struct pack *pack, struct fault_list *faults)
{
    struct claim_set facts = claims_begin(pack, "fact", faults);
    for (size_t i = 0; i < pack->fact_count; i++) {
        struct claim owner = {.owner = i, .owner_id = pack->facts[i].id, .list = "\"about\""};
        claim_list(&facts, &pack->facts[i].about, owner);
    }
    claims_end(&facts);
    struct claim_set own = claims_begin(pack, "pack", faults);
    struct claim owner = {.owner_id = pack->id, .list = "subject"};
    claim_list(&own, &pack->subject, owner);
    owner.list = "false_friends";
    claim_list(&own, &pack->false_friends, owner);
    claims_end(&own);
}

void claims_check_texts(const struct pack *pack, struct fault_list *faults)
{
    check_option_aliases(pack, faults);
    check_situation_phrases(pack, faults);
    check_situation_examples(pack, faults);
    check_other_phrases(pack, faults);
}

static void claim_id(struct claim_set *set, const char *id, int line)
{
    if (id != NULL) {
        claim_add(set, (struct claim){.text = id, .line = line});
    }
}

/* Ids claim themselves: each that follows its like is one too many. */
static void claims_end_ids(struct claim_set *set)
{
    if (set->count > 0) {
        qsort(set->items, set->count, sizeof(*set->items), compare_claims);
    }
    for (size_t i = 1; i < set->count; i++) {
        const struct claim *first = &set->items[i - 1], *again = &set->items[i];
        if (strcmp(first->text, again->text) == 0) {
            fault_add(set->faults, set->pack->file, again->line,
                      "%s id \"%s\" is taken already (line %d)", set->noun, again->text,
                      first->line);
        }
    }
    set->count = 0;
    claims_end(set);
}

static void check_option_ids(const struct pack *pack, struct fault_list *faults)
{
    struct claim_set options = claims_begin(pack, "option", faults);
    struct claim_set tools = claims_begin(pack, "tool", faults);
    for (size_t i = 0; i < pack->option_count; i++) {
        const struct pack_option *option = &pack->options[i];
        claim_id(&options, option->id, option->line);
        for (size_t j = 0; j < option->tool_count; j++) {
            claim_id(&tools, option->tools[j].id, option->tools[j].line);
        }
    }
    claims_end_ids(&options);
    claims_end_ids(&tools);
}

static void check_other_ids(const struct pack *pack, struct fault_list *faults)
{
    struct claim_set sections = claims_begin(pack, "section", faults);
    struct claim_set situations = claims_begin(pack, "situation", faults);
    struct claim_set facts = claims_begin(pack, "fact", faults);
    for (size_t i = 0; i < pack->section_count; i++) {
        claim_id(&sections, pack->sections[i].id, pack->sections[i].line);
    }
    for (size_t i = 0; i < pack->situation_count; i++) {
        claim_id(&situations, pack->situations[i].id, pack->situations[i].line);
    }
    for (size_t i = 0; i < pack->fact_count; i++) {
        claim_id(&facts, pack->facts[i].id, pack->facts[i].line);
    }
    claims_end_ids(&sections);
    claims_end_ids(&situations);
    claims_end_ids(&facts);
}

void claims_check_ids(const struct pack *pack, struct fault_list *faults)
{
    check_option_ids(pack, faults);
    check_other_ids(pack, faults);
}
