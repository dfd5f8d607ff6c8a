#include "knowledge/format.h"

#include <assert.h>
#include <stdbool.h>

#include "bot/base/mem.h"
#include "knowledge/pack.h"

#define KEY(name, type, need, owner, member)                         \
    {                                                                \
        name, type, need, offsetof(struct owner, member), 0, 0, NULL \
    }
#define LIST(name, type, need, owner, member, max)                     \
    {                                                                  \
        name, type, need, offsetof(struct owner, member), 0, max, NULL \
    }
#define SET(name, owner, member, flag)                                                           \
    {                                                                                            \
        name, VALUE_SET, OPTIONAL, offsetof(struct owner, member), offsetof(struct owner, flag), \
            PACK_SITUATIONS_MAX, NULL                                                            \
    }
#define OBJECTS(name, need, owner, member, count, max, shape)                                     \
    {                                                                                             \
        name, VALUE_OBJECTS, need, offsetof(struct owner, member), offsetof(struct owner, count), \
            max, shape                                                                            \
    }
#define SHAPE(name, owner, keys, preset)                                                        \
    {                                                                                           \
        name, sizeof(struct owner), offsetof(struct owner, line), keys, ARRAY_LEN(keys), preset \
    }

static const struct key section_keys[] = {
    KEY("id", VALUE_ID, NEEDED, pack_section, id),
    KEY("title", VALUE_TEXT, NEEDED, pack_section, title),
};
static const struct shape section_shape = SHAPE("a section", pack_section, section_keys, NULL);

static const struct key point_keys[] = {
    KEY("text", VALUE_TEXT, NEEDED, pack_point, text),
    KEY("section", VALUE_SECTION, NEEDED, pack_point, section),
};
static const struct shape point_shape = SHAPE("a strength", pack_point, point_keys, NULL);
static const struct shape best_shape = SHAPE("a \"best_for\"", pack_point, point_keys, NULL);

static const struct key tool_keys[] = {
    KEY("id", VALUE_ID, NEEDED, pack_tool, id),
    KEY("name", VALUE_TEXT, NEEDED, pack_tool, name),
    KEY("what", VALUE_TEXT, NEEDED, pack_tool, what),
    LIST("aliases", VALUE_PHRASES, FILLED, pack_tool, aliases, PACK_LIST_MAX),
    KEY("section", VALUE_SECTION, NEEDED, pack_tool, section),
    KEY("stands_for", VALUE_FLAG, OPTIONAL, pack_tool, stands_for),
};

static void preset_tool(void *item)
{
    ((struct pack_tool *)item)->stands_for = true;
}

static const struct shape tool_shape = SHAPE("a tool", pack_tool, tool_keys, preset_tool);

static const struct key option_keys[] = {
    KEY("id", VALUE_ID, NEEDED, pack_option, id),
    KEY("name", VALUE_TEXT, NEEDED, pack_option, name),
    KEY("summary", VALUE_TEXT, NEEDED, pack_option, summary),
    LIST("aliases", VALUE_PHRASES, FILLED, pack_option, aliases, PACK_LIST_MAX),
    OBJECTS("strengths", OPTIONAL, pack_option, strengths, strength_count, 64, &point_shape),
    OBJECTS("best_for", OPTIONAL, pack_option, best_for, best_for_count, 64, &best_shape),
    OBJECTS("tools", OPTIONAL, pack_option, tools, tool_count, 128, &tool_shape),
};
static const struct shape option_shape = SHAPE("an option", pack_option, option_keys, NULL);

static const struct key situation_keys[] = {
    KEY("id", VALUE_ID, NEEDED, pack_situation, id),
    KEY("name", VALUE_TEXT, NEEDED, pack_situation, name),
    KEY("question", VALUE_TEXT, NEEDED, pack_situation, question),
    KEY("slot", VALUE_ID, OPTIONAL, pack_situation, slot),
    KEY("neutral", VALUE_FLAG, OPTIONAL, pack_situation, neutral),
    KEY("product", VALUE_FLAG, OPTIONAL, pack_situation, product),
    LIST("phrases", VALUE_PHRASES, NEEDED, pack_situation, phrases, PACK_LIST_MAX),
    LIST("hints", VALUE_PHRASES, OPTIONAL, pack_situation, hints, PACK_LIST_MAX),
    LIST("denials", VALUE_PHRASES, OPTIONAL, pack_situation, denials, PACK_LIST_MAX),
    LIST("examples", VALUE_SENTENCES, NEEDED, pack_situation, examples, PACK_LIST_MAX),
    LIST("counter_examples", VALUE_SENTENCES, OPTIONAL, pack_situation, counter_examples,
         PACK_LIST_MAX),
};
static const struct shape situation_shape =
    SHAPE("a situation", pack_situation, situation_keys, NULL);

static const struct key rule_keys[] = {
    KEY("situation", VALUE_SITUATION, NEEDED, pack_rule, situation),
    KEY("option", VALUE_OPTION, NEEDED, pack_rule, option),
    KEY("strength", VALUE_STRENGTH, NEEDED, pack_rule, strength),
    KEY("because", VALUE_TEXT, NEEDED, pack_rule, because),
    KEY("section", VALUE_SECTION, NEEDED, pack_rule, section),
};

static void preset_rule(void *item)
{
    struct pack_rule *rule = item;
    rule->situation = rule->option = -1;
}

static const struct shape rule_shape = SHAPE("a rule", pack_rule, rule_keys, preset_rule);

static const struct key fact_keys[] = {
    KEY("id", VALUE_ID, NEEDED, pack_fact, id),
    KEY("option", VALUE_OPTION, OPTIONAL, pack_fact, option),
    LIST("about", VALUE_PHRASES, FILLED, pack_fact, about, PACK_LIST_MAX),
    KEY("text", VALUE_TEXT, NEEDED, pack_fact, text),
    KEY("code", VALUE_CODE, OPTIONAL, pack_fact, code),
    KEY("section", VALUE_SECTION, NEEDED, pack_fact, section),
};

static void preset_fact(void *item)
{
    ((struct pack_fact *)item)->option = -1;
}

static const struct shape fact_shape = SHAPE("a fact", pack_fact, fact_keys, preset_fact);

static const struct key neighbour_keys[] = {
    KEY("pack", VALUE_ID, NEEDED, pack_neighbour, pack),
    KEY("how", VALUE_TEXT, NEEDED, pack_neighbour, how),
    KEY("section", VALUE_SECTION, NEEDED, pack_neighbour, section),
};
static const struct shape neighbour_shape =
    SHAPE("a neighbour", pack_neighbour, neighbour_keys, NULL);

static const struct key example_keys[] = {
    KEY("surface", VALUE_TEXT, OPTIONAL, pack_example, surface),
    LIST("say", VALUE_SAY, FILLED, pack_example, say, 32),
    KEY("kind", VALUE_TEXT, OPTIONAL, pack_example, kind),
    LIST("verdict", VALUE_NAMES, OPTIONAL, pack_example, verdicts, PACK_OPTIONS_MAX + 2),
    SET("situations", pack_example, stated, has_situations),
    SET("denied", pack_example, denied, has_situations),
};

static void preset_example(void *item)
{
    struct pack_example *example = item;
    example->surface = "dm";
    example->kind = "verdict";
}

static const struct shape example_shape =
    SHAPE("an example", pack_example, example_keys, preset_example);

static const struct key source_keys[] = {
    KEY("title", VALUE_TEXT, NEEDED, pack, source.title),
    KEY("author", VALUE_TEXT, NEEDED, pack, source.author),
    KEY("date", VALUE_DATE, NEEDED, pack, source.date),
    KEY("url", VALUE_URL, OPTIONAL, pack, source.url),
};
static const struct shape source_shape = {
    "the source", sizeof(struct pack), FORMAT_NO_LINE, source_keys, ARRAY_LEN(source_keys), NULL,
};

/* Read in this order, whatever the file's: what others refer to comes first. */
static const struct key pack_keys[] = {
    {"$schema", VALUE_IGNORED, OPTIONAL, 0, 0, 0, NULL},
    KEY("id", VALUE_ID, NEEDED, pack, id),
    KEY("title", VALUE_TEXT, NEEDED, pack, title),
    KEY("question", VALUE_TEXT, NEEDED, pack, question),
    KEY("pointer", VALUE_FLAG, OPTIONAL, pack, pointer),
    KEY("rule_of_thumb", VALUE_TEXT, NEEDED, pack, rule_of_thumb),
    KEY("caveat", VALUE_TEXT, OPTIONAL, pack, caveat),
    KEY("both", VALUE_TEXT, OPTIONAL, pack, both),
    {"source", VALUE_OBJECT, NEEDED, 0, 0, 0, &source_shape},
    LIST("subject", VALUE_PHRASES, OPTIONAL, pack, subject, PACK_LIST_MAX),
    LIST("false_friends", VALUE_PHRASES, OPTIONAL, pack, false_friends, PACK_LIST_MAX),
    OBJECTS("sections", NEEDED, pack, sections, section_count, 256, &section_shape),
    OBJECTS("options", NEEDED, pack, options, option_count, PACK_OPTIONS_MAX, &option_shape),
    OBJECTS("situations", OPTIONAL, pack, situations, situation_count, PACK_SITUATIONS_MAX,
            &situation_shape),
    OBJECTS("rules", OPTIONAL, pack, rules, rule_count, PACK_RULES_MAX, &rule_shape),
    OBJECTS("facts", OPTIONAL, pack, facts, fact_count, PACK_LIST_MAX, &fact_shape),
    OBJECTS("neighbours", OPTIONAL, pack, neighbours, neighbour_count, PACKS_MAX, &neighbour_shape),
    OBJECTS("examples", OPTIONAL, pack, examples, example_count, PACK_LIST_MAX, &example_shape),
};
const struct shape format_pack = {
    "a pack", sizeof(struct pack), FORMAT_NO_LINE, pack_keys, ARRAY_LEN(pack_keys), NULL,
};

static_assert(ARRAY_LEN(pack_keys) <= FORMAT_KEYS_MAX, "FORMAT_KEYS_MAX");

#undef KEY
#undef LIST
#undef SET
#undef OBJECTS
#undef SHAPE
