#include "knowledge/check.h"

#include <string.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "knowledge/claims.h"
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
    claims_check_ids(pack, faults);
    check_notations(pack, faults);
    claims_check_texts(pack, faults);
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
