#include "knowledge/check.h"

#include <stdlib.h>
#include <string.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "knowledge/load.h"
#include "knowledge/pack.h"
#include "knowledge/phrase.h"

/* The reader's names (bot/reader/kind.h), which this floor may not include. */
static const char *const surface_names[] = {"dm", "mention", "slash", "tracker", "ambient"};
static const char *const kind_names[] = {"verdict", "facts", "neighbour",
                                         "unknown", "meta",  "silent"};
/* Verdicts that are no options. */
static const char *const verdict_names[] = {"depends", "ask"};

static bool is_one_of(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static const char *shown_id(const char *id)
{
    return id == NULL ? "?" : id;
}

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
    const char *owner = shown_id(again->owner_id);
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
              again->text, set->noun, shown_id(first->owner_id), first->line);
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

static void check_notation(const struct pack *pack, const struct text_list *list,
                           struct fault_list *faults)
{
    for (size_t i = 0; i < list->count; i++) {
        struct error err = {0};
        if (!phrase_check(list->items[i].text, &err)) {
            fault_add(faults, pack->file, list->items[i].line, "phrase \"%.80s\": %s",
                      list->items[i].text, err.text);
        }
    }
}

static void check_notations(const struct pack *pack, struct fault_list *faults)
{
    check_notation(pack, &pack->subject, faults);
    check_notation(pack, &pack->false_friends, faults);
    for (size_t i = 0; i < pack->option_count; i++) {
        check_notation(pack, &pack->options[i].aliases, faults);
        for (size_t j = 0; j < pack->options[i].tool_count; j++) {
            check_notation(pack, &pack->options[i].tools[j].aliases, faults);
        }
    }
    for (size_t i = 0; i < pack->situation_count; i++) {
        check_notation(pack, &pack->situations[i].phrases, faults);
        check_notation(pack, &pack->situations[i].hints, faults);
        check_notation(pack, &pack->situations[i].denials, faults);
    }
    for (size_t i = 0; i < pack->fact_count; i++) {
        check_notation(pack, &pack->facts[i].about, faults);
    }
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

static void check_options(const struct pack *pack, struct fault_list *faults)
{
    if (pack->option_count < 2) {
        fault_add(faults, pack->file, pack->option_count > 0 ? pack->options[0].line : 0,
                  "a decision needs at least two options, this one has %zu", pack->option_count);
    }
    for (size_t i = 0; i < pack->option_count; i++) {
        const char *id = pack->options[i].id;
        if (id != NULL && is_one_of(verdict_names, ARRAY_LEN(verdict_names), id)) {
            fault_add(faults, pack->file, pack->options[i].line,
                      "option id \"%s\" is a verdict of its own; choose another id", id);
        }
    }
}

/* The first rule on a situation; NULL if there is none. */
static const struct pack_rule *find_rule(const struct pack *pack, size_t situation)
{
    for (size_t i = 0; i < pack->rule_count; i++) {
        if (pack->rules[i].situation == (int)situation) {
            return &pack->rules[i];
        }
    }
    return NULL;
}

static bool has_stray_rule(const struct pack *pack)
{
    for (size_t i = 0; i < pack->rule_count; i++) {
        if (pack->rules[i].situation < 0) {
            return true;
        }
    }
    return false;
}

static void check_situation(const struct pack *pack, size_t index, bool stray,
                            struct fault_list *faults)
{
    const struct pack_situation *situation = &pack->situations[index];
    const char *id = shown_id(situation->id);
    const struct pack_rule *rule = find_rule(pack, index);
    if (rule != NULL && situation->neutral) {
        fault_add(faults, pack->file, situation->line,
                  "situation \"%s\" is neutral, but the rule on line %d rests on it", id,
                  rule->line);
    }
    bool excused = situation->neutral || pack->pointer || stray;
    if (rule == NULL && !excused) {
        fault_add(faults, pack->file, situation->line,
                  "situation \"%s\" has no rule; add one, or mark it \"neutral\": true", id);
    }
    if (situation->examples.count == 0) {
        fault_add(faults, pack->file, situation->line,
                  "situation \"%s\" has no example; write a sentence or more that state it", id);
    }
}

static void check_situations(const struct pack *pack, struct fault_list *faults)
{
    /* Where a name is wrong, which has been reported, a situation only seems to be bare. */
    bool stray = has_stray_rule(pack);
    for (size_t i = 0; i < pack->situation_count; i++) {
        const char *id = pack->situations[i].id;
        bool nameless = id == NULL || pack_situation_find(pack, id) != (int)i;
        check_situation(pack, i, stray || nameless, faults);
    }
    if (pack->situation_count == 0 && !pack->pointer) {
        fault_add(faults, pack->file, 0,
                  "has no situations, so it cannot give a verdict; add some, or mark the pack "
                  "\"pointer\": true");
    }
}

static bool is_sound(const struct pack_rule *rule)
{
    return rule->situation >= 0 && rule->option >= 0;
}

/* True when the two cannot stand together, which has been reported then. */
static bool check_rule_pair(const struct pack *pack, const struct pack_rule *first,
                            const struct pack_rule *again, struct fault_list *faults)
{
    if (!is_sound(first) || !is_sound(again) || first->situation != again->situation) {
        return false;
    }
    const char *id = shown_id(pack->situations[again->situation].id);
    if (first->option == again->option) {
        fault_add(faults, pack->file, again->line,
                  "a rule from \"%s\" to \"%s\" is there already (line %d)", id,
                  shown_id(pack->options[again->option].id), first->line);
        return true;
    }
    if (first->strength != again->strength || first->strength == 0) {
        return false;
    }
    fault_add(faults, pack->file, again->line,
              "contradicts the rule on line %d: \"%s\" speaks for another option as strongly; "
              "give them different strengths or make two situations of it",
              first->line, id);
    return true;
}

static void check_rules(const struct pack *pack, struct fault_list *faults)
{
    for (size_t i = 1; i < pack->rule_count; i++) {
        size_t j = 0;
        while (j < i && !check_rule_pair(pack, &pack->rules[j], &pack->rules[i], faults)) {
            j++;
        }
    }
}

static void check_name(const struct pack *pack, const char *const *names, size_t count,
                       const char *what, const char *name, int line, struct fault_list *faults)
{
    if (name == NULL || is_one_of(names, count, name)) {
        return;
    }
    struct nearest nearest;
    nearest_init(&nearest, name);
    for (size_t i = 0; i < count && !fault_full(faults); i++) {
        nearest_offer(&nearest, names[i]);
    }
    fault_add(faults, pack->file, line, "unknown %s \"%.80s\"%s", what, name,
              nearest_hint(&nearest));
}

static void check_verdict(const struct pack *pack, const struct line_text *verdict,
                          struct fault_list *faults)
{
    if (pack_option_find(pack, verdict->text) >= 0 ||
        is_one_of(verdict_names, ARRAY_LEN(verdict_names), verdict->text)) {
        return;
    }
    struct nearest nearest;
    nearest_init(&nearest, verdict->text);
    for (size_t i = 0; i < pack->option_count && !fault_full(faults); i++) {
        nearest_offer(&nearest, pack->options[i].id);
    }
    for (size_t i = 0; i < ARRAY_LEN(verdict_names); i++) {
        nearest_offer(&nearest, verdict_names[i]);
    }
    fault_add(faults, pack->file, verdict->line, "unknown verdict \"%.80s\"%s", verdict->text,
              nearest.best != NULL ? nearest_hint(&nearest)
                                   : "; it is the id of an option, \"depends\" or \"ask\"");
}

static void check_example(const struct pack *pack, const struct pack_example *example,
                          struct fault_list *faults)
{
    check_name(pack, surface_names, ARRAY_LEN(surface_names), "surface", example->surface,
               example->line, faults);
    check_name(pack, kind_names, ARRAY_LEN(kind_names), "kind", example->kind, example->line,
               faults);
    for (size_t i = 0; i < example->verdicts.count; i++) {
        check_verdict(pack, &example->verdicts.items[i], faults);
    }
    bool other_kind = example->kind != NULL && !is_same(example->kind, "verdict");
    if (other_kind && example->verdicts.count > 0) {
        fault_add(faults, pack->file, example->line,
                  "an example of kind \"%.40s\" has no verdict; take away \"verdict\" or \"kind\"",
                  example->kind);
    }
    if (is_same(example->kind, "silent") && example->surface != NULL &&
        !is_same(example->surface, "ambient")) {
        fault_add(faults, pack->file, example->line,
                  "kind \"silent\" goes with surface \"ambient\" only: who is addressed answers");
    }
}

static void check_example_sets(const struct pack *pack, const struct pack_example *example,
                               struct fault_list *faults)
{
    for (size_t i = 0; i < pack->situation_count; i++) {
        if ((example->stated & example->denied) >> i & 1) {
            fault_add(faults, pack->file, example->line,
                      "situation \"%s\" cannot be both stated and denied",
                      shown_id(pack->situations[i].id));
        }
    }
}

static void check_examples(const struct pack *pack, struct fault_list *faults)
{
    for (size_t i = 0; i < pack->example_count; i++) {
        check_example(pack, &pack->examples[i], faults);
        check_example_sets(pack, &pack->examples[i], faults);
    }
}

void check_pack(const struct pack *pack, struct fault_list *faults)
{
    check_options(pack, faults);
    check_option_ids(pack, faults);
    check_other_ids(pack, faults);
    check_notations(pack, faults);
    check_option_aliases(pack, faults);
    check_situation_phrases(pack, faults);
    check_situation_examples(pack, faults);
    check_other_phrases(pack, faults);
    check_situations(pack, faults);
    check_rules(pack, faults);
    check_examples(pack, faults);
}

static void check_neighbour(const struct knowledge *knowledge, const struct pack *pack,
                            size_t index, struct fault_list *faults)
{
    const struct pack_neighbour *neighbour = &pack->neighbours[index];
    if (neighbour->pack == NULL) {
        return;
    }
    if (is_same(neighbour->pack, pack->id)) {
        fault_add(faults, pack->file, neighbour->line, "a pack cannot be its own neighbour");
    } else if (knowledge_find(knowledge, neighbour->pack) < 0) {
        struct nearest nearest;
        nearest_init(&nearest, neighbour->pack);
        for (size_t i = 0; i < knowledge->count; i++) {
            nearest_offer(&nearest, knowledge->packs[i]->id);
        }
        fault_add(faults, pack->file, neighbour->line,
                  "neighbour \"%s\" is not among the packs loaded%s", neighbour->pack,
                  nearest.best == NULL ? "; name its file too, or leave the neighbour out"
                                       : nearest_hint(&nearest));
    }
    for (size_t i = 0; i < index; i++) {
        if (is_same(pack->neighbours[i].pack, neighbour->pack)) {
            fault_add(faults, pack->file, neighbour->line,
                      "neighbour \"%s\" is there already (line %d)", neighbour->pack,
                      pack->neighbours[i].line);
            return;
        }
    }
}

static void check_pack_id(const struct knowledge *knowledge, size_t index,
                          struct fault_list *faults)
{
    const struct pack *pack = knowledge->packs[index];
    for (size_t i = 0; i < index; i++) {
        if (is_same(knowledge->packs[i]->id, pack->id)) {
            fault_add(faults, pack->file, 0, "pack id \"%s\" is taken already, by %s", pack->id,
                      knowledge->packs[i]->file);
            return;
        }
    }
}

void check_links(const struct knowledge *knowledge, struct fault_list *faults)
{
    for (size_t i = 0; i < knowledge->count; i++) {
        const struct pack *pack = knowledge->packs[i];
        check_pack_id(knowledge, i, faults);
        for (size_t j = 0; j < pack->neighbour_count; j++) {
            check_neighbour(knowledge, pack, j, faults);
        }
    }
}

void check_knowledge(const struct knowledge *knowledge, struct fault_list *faults)
{
    for (size_t i = 0; i < knowledge->count; i++) {
        check_pack(knowledge->packs[i], faults);
    }
    check_links(knowledge, faults);
}
