/* knowledge/check on packs made by hand: what files cannot show, and what a faulty file leaves. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "knowledge/check.h"
#include "knowledge/load.h"
#include "knowledge/pack.h"

#define TEXTS(list)           \
    {                         \
        list, ARRAY_LEN(list) \
    }

static const struct line_text tired_phrases[] = {{"tired", 20}, {"so tired", 21}};
static const struct line_text late_phrases[] = {{"late", 30}};
static const struct line_text sentences[] = {{"we have been up since four", 22}};
static const struct line_text tea_aliases[] = {{"tea", 10}};
static const struct line_text coffee_aliases[] = {{"coffee", 12}};

static const struct pack_section sections[] = {{.id = "all", .title = "All", .line = 3}};
static const struct pack_option options[] = {
    {.id = "tea", .name = "Tea", .summary = "T", .aliases = TEXTS(tea_aliases), .line = 9},
    {.id = "coffee",
     .name = "Coffee",
     .summary = "C",
     .aliases = TEXTS(coffee_aliases),
     .line = 11},
};
static const struct pack_situation situations[] = {
    {.id = "tired",
     .name = "t",
     .phrases = TEXTS(tired_phrases),
     .examples = TEXTS(sentences),
     .line = 19},
    {.id = "late",
     .name = "l",
     .phrases = TEXTS(late_phrases),
     .examples = TEXTS(sentences),
     .line = 29},
};
static const struct pack_rule rules[] = {
    {.situation = 0, .option = 1, .strength = STRENGTH_STRONG, .because = "b", .line = 40},
    {.situation = 1, .option = 0, .strength = STRENGTH_NUDGE, .because = "b", .line = 41},
};

static struct pack good_pack(void)
{
    return (struct pack){
        .file = "x.json",
        .id = "tea-or-coffee",
        .sections = sections,
        .section_count = ARRAY_LEN(sections),
        .options = options,
        .option_count = ARRAY_LEN(options),
        .situations = situations,
        .situation_count = ARRAY_LEN(situations),
        .rules = rules,
        .rule_count = ARRAY_LEN(rules),
    };
}

/* Checks the pack; wanted: "LINE: part of the text", NULL for no fault. Exactly one is expected. */
static void expect(const struct pack *pack, const char *wanted)
{
    struct fault_list faults = {0};
    check_pack(pack, &faults);
    char found[1200] = "";
    if (faults.count > 0) {
        snprintf(found, sizeof(found), "%d: %s", faults.items[0].line, faults.items[0].text);
        assert_string_equal(faults.items[0].file, "x.json");
    }
    assert_int_equal(faults.count, wanted == NULL ? 0 : 1);
    assert_int_equal(strncmp(found, wanted == NULL ? "" : wanted, wanted ? strlen(wanted) : 1), 0);
    fault_finish(&faults);
}

static void test_good(void **state)
{
    (void)state;
    struct pack pack = good_pack();
    expect(&pack, NULL);
}

static void test_rules(void **state)
{
    (void)state;
    static const struct {
        const char *about, *wanted;
        struct pack_rule rule;
    } rows[] = {
        {"other option, other strength",
         NULL,
         {.situation = 0, .option = 0, .strength = STRENGTH_NUDGE, .line = 42}},
        {"other option, same strength",
         "42: contradicts the rule on line 40: \"tired\"",
         {.situation = 0, .option = 0, .strength = STRENGTH_STRONG, .line = 42}},
        {"same pair",
         "42: a rule from \"late\" to \"tea\" is there already (line 41)",
         {.situation = 1, .option = 0, .strength = STRENGTH_STRONG, .line = 42}},
        {"strength was wrong in the file", NULL, {.situation = 0, .option = 0, .line = 42}},
        {"dangling option",
         NULL,
         {.situation = 0, .option = -1, .strength = STRENGTH_STRONG, .line = 42}},
        {"dangling situation",
         NULL,
         {.situation = -1, .option = 1, .strength = STRENGTH_STRONG, .line = 42}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct pack_rule more[] = {rules[0], rules[1], rows[i].rule};
        struct pack pack = good_pack();
        pack.rules = more;
        pack.rule_count = ARRAY_LEN(more);
        print_message("# %s\n", rows[i].about);
        expect(&pack, rows[i].wanted);
    }
}

/* The third rule stands well with the first and contradicts the second. */
static void test_rules_beyond_the_first(void **state)
{
    (void)state;
    const struct pack_option three[] = {
        options[0],
        options[1],
        {.id = "water", .aliases = TEXTS(tired_phrases), .line = 13},
    };
    const struct pack_rule more[] = {
        rules[0],
        rules[1],
        {.situation = 0, .option = 0, .strength = STRENGTH_NUDGE, .line = 42},
        {.situation = 0, .option = 2, .strength = STRENGTH_NUDGE, .line = 43},
    };
    struct pack pack = good_pack();
    pack.options = three;
    pack.option_count = ARRAY_LEN(three);
    pack.rules = more;
    pack.rule_count = ARRAY_LEN(more);
    expect(&pack, "43: contradicts the rule on line 42");
}

static void test_situations(void **state)
{
    (void)state;
    struct pack_situation changed[] = {situations[0], situations[1]};
    struct pack pack = good_pack();
    pack.situations = changed;
    pack.rule_count = 1;
    expect(&pack, "29: situation \"late\" has no rule");
    pack.pointer = true;
    expect(&pack, NULL);
    pack.pointer = false;
    changed[1].neutral = true;
    expect(&pack, NULL);
    changed[0].neutral = true;
    expect(&pack, "19: situation \"tired\" is neutral, but the rule on line 40");
    changed[0].neutral = false;
    changed[1].examples.count = 0;
    expect(&pack, "29: situation \"late\" has no example");
}

static void test_no_situations(void **state)
{
    (void)state;
    struct pack pack = good_pack();
    pack.situation_count = 0;
    pack.rule_count = 0;
    expect(&pack, "0: has no situations");
    pack.pointer = true;
    expect(&pack, NULL);
}

static void test_options(void **state)
{
    (void)state;
    struct pack pack = good_pack();
    pack.option_count = 1;
    pack.rules = &rules[1];
    pack.rule_count = 1;
    pack.pointer = true;
    expect(&pack, "9: a decision needs at least two options, this one has 1");
    pack.option_count = 0;
    pack.rule_count = 0;
    expect(&pack, "0: a decision needs at least two options, this one has 0");
}

static void test_tools(void **state)
{
    (void)state;
    static const struct line_text redis[] = {{"redis", 14}}, redis_too[] = {{"Redis", 16}};
    struct pack_tool one = {.id = "one", .aliases = TEXTS(redis), .line = 13};
    struct pack_tool two = {.id = "two", .aliases = TEXTS(redis_too), .line = 15};
    struct pack_option changed[] = {options[0], options[1]};
    struct pack pack = good_pack();
    pack.options = changed;
    changed[0].tools = &one;
    changed[1].tools = &two;
    changed[0].tool_count = changed[1].tool_count = 1;
    /* Its notation is wrong too (upper case), which is the other fault. */
    for (int stands = 0; stands < 4; stands++) {
        one.stands_for = stands & 1;
        two.stands_for = stands & 2;
        struct fault_list faults = {0};
        check_pack(&pack, &faults);
        assert_int_equal(faults.count, stands == 3 ? 2 : 1);
        fault_finish(&faults);
    }
}

static void test_phrases(void **state)
{
    (void)state;
    static const struct line_text again[] = {{"late", 31}}, clash[] = {{"so   tired", 32}};
    struct pack_situation changed[] = {situations[0], situations[1]};
    struct pack pack = good_pack();
    pack.situations = changed;
    changed[1].hints = (struct text_list)TEXTS(again);
    expect(&pack, "31: \"late\" is in the hints of situation \"late\" and in its phrases (line 30");
    changed[1].hints = (struct text_list)TEXTS(clash);
    expect(&pack, NULL); /* a hint may be somebody else's phrase */
    changed[1].hints.count = 0;
    changed[1].phrases = (struct text_list)TEXTS(clash);
    expect(&pack, "32: \"so tired\" is claimed by situation \"tired\" (line 21) too");
}

/* What pack_parse() leaves where the file was wrong: NULL texts, -1 indexes. */
static void test_faulty_pack_is_harmless(void **state)
{
    (void)state;
    static const struct pack_option bare_options[3];
    static const struct pack_situation bare_situations[3];
    static const struct pack_rule bare_rules[] = {{.situation = -1, .option = -1},
                                                  {.situation = 0, .option = 0},
                                                  {.situation = 0, .option = 0}};
    static const struct pack_example bare_examples[2];
    static const struct pack_fact bare_facts[2];
    static const struct pack_neighbour bare_neighbours[2];
    const struct pack pack = {
        .file = "x.json",
        .options = bare_options,
        .option_count = 3,
        .situations = bare_situations,
        .situation_count = 3,
        .rules = bare_rules,
        .rule_count = 3,
        .examples = bare_examples,
        .example_count = 2,
        .facts = bare_facts,
        .fact_count = 2,
        .neighbours = bare_neighbours,
        .neighbour_count = 2,
    };
    struct knowledge knowledge = {.packs = {&pack, &pack}, .count = 2};
    struct fault_list faults = {0};
    check_knowledge(&knowledge, &faults);
    assert_int_equal(faults.count, 2 * (3 + 1)); /* examples, and the same rule twice */
    fault_finish(&faults);
}

static void test_links(void **state)
{
    (void)state;
    const struct pack_neighbour neighbours[] = {
        {.pack = "beer-or-wine", .line = 50},
        {.pack = "tea-or-coffe", .line = 51},
        {.pack = "tea-or-coffee", .line = 52},
        {.pack = "beer-or-wine", .line = 53},
    };
    static const char *const wanted[] = {
        "neighbour \"tea-or-coffe\" is not among the packs loaded; did you mean \"tea-or-coffee\"?",
        "a pack cannot be its own neighbour",
        "neighbour \"beer-or-wine\" is there already (line 50)",
        "pack id \"beer-or-wine\" is taken already, by y.json",
    };
    struct pack first = good_pack(), second = good_pack(), third = good_pack();
    first.neighbours = neighbours;
    first.neighbour_count = ARRAY_LEN(neighbours);
    second.id = third.id = "beer-or-wine";
    second.file = "y.json";
    struct knowledge knowledge = {.packs = {&first, &second, &third}, .count = 3};
    struct fault_list faults = {0};
    check_links(&knowledge, &faults);
    assert_int_equal(faults.count, ARRAY_LEN(wanted));
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        assert_string_equal(faults.items[i].text, wanted[i]);
    }
    fault_finish(&faults);
}

static void test_many_equal_phrases_are_quick(void **state)
{
    (void)state;
    static struct line_text many[200000];
    struct pack_situation changed[] = {situations[0], situations[1]};
    struct pack pack = good_pack();
    struct fault_list faults = {0};
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        many[i] = (struct line_text){"tired", (int)i};
    }
    changed[1].phrases = (struct text_list)TEXTS(many);
    pack.situations = changed;
    check_pack(&pack, &faults);
    assert_int_equal(faults.count, FAULTS_MAX);
    assert_int_equal(faults.count + faults.dropped, ARRAY_LEN(many));
    fault_finish(&faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_rules_beyond_the_first),
        cmocka_unit_test(test_situations),
        cmocka_unit_test(test_no_situations),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_tools),
        cmocka_unit_test(test_phrases),
        cmocka_unit_test(test_faulty_pack_is_harmless),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_many_equal_phrases_are_quick),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
