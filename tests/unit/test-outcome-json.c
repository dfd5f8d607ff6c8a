#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bot/advisor/advisor.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/host/outcome_json.h"

static const struct pack_section sections[] = {{"s", "Section \"one\"", 1}};
static const struct pack_option options[] = {{.id = "tea", .name = "Tea"},
                                             {.id = "coffee", .name = "Coffee"}};
static const struct pack_situation situations[] = {
    {.id = "calm", .name = "a calm morning", .question = "Is the morning calm?"},
    {.id = "late", .name = "a late night", .question = "Was it late?"},
    {.id = "cake", .name = "cake", .question = "Is there cake?"},
};
static const struct pack_rule rules[] = {
    {.situation = 0, .option = 0, .because = "tea is gentle", .section = 0},
    {.situation = 1, .option = 1, .because = "coffee wakes", .section = 0},
};
static const struct pack pack = {
    .id = "tea-or-coffee",
    .sections = sections,
    .section_count = 1,
    .options = options,
    .option_count = 2,
    .situations = situations,
    .situation_count = 3,
    .rules = rules,
    .rule_count = 2,
};

static struct outcome verdict_outcome(enum verdict_kind kind, int option,
                                      enum confidence confidence)
{
    struct outcome outcome = {.kind = KIND_VERDICT, .pack = &pack, .decision = &pack};
    outcome.verdict.kind = kind;
    outcome.verdict.option = option;
    outcome.verdict.confidence = confidence;
    outcome.verdict.asks = -1;
    return outcome;
}

static void assert_json(const char *id, const struct outcome *outcome, const char *text,
                        const char *expected)
{
    struct buf line;
    struct error err = {0};
    buf_init(&line, 64 * 1024);
    if (!outcome_json(id, outcome, text, &line, &err)) {
        fail_msg("%s", err.text);
    }
    assert_string_equal(line.data, expected);
    buf_finish(&line);
}

static void test_an_option(void **state)
{
    (void)state;
    struct outcome outcome = verdict_outcome(VERDICT_OPTION, 0, CONFIDENCE_CLEAR);
    outcome.facts = (struct facts){.stated = 1, .denied = 4};
    outcome.verdict.fired_count = 1;
    outcome.verdict.flips[0] = (struct flip){.drop = 1, .kind = VERDICT_ASK, .option = -1};
    outcome.verdict.flips[1] = (struct flip){.add = 2, .kind = VERDICT_DEPENDS, .option = -1};
    outcome.verdict.flips[2] = (struct flip){5, 2, VERDICT_OPTION, 1};
    outcome.verdict.flip_count = 3;
    assert_json(
        "a-1", &outcome, "Tea.\nReally \xc2\xa9",
        "{\"id\": \"a-1\", \"kind\": \"verdict\", \"decision\": \"tea-or-coffee\", "
        "\"verdict\": \"tea\", \"confidence\": \"clear\", \"situations\": [\"calm\"], "
        "\"denied\": [\"cake\"], \"reasons\": [{\"situation\": \"calm\", \"option\": \"tea\", "
        "\"because\": \"tea is gentle\", \"section\": \"Section \\\"one\\\"\"}], "
        "\"flips\": [\"without a calm morning: no side is favoured\", "
        "\"with a late night: it depends\", "
        "\"without a late night, with a calm morning and cake: Coffee\"], "
        "\"asks\": null, \"text\": \"Tea.\\nReally \xc2\xa9\"}");
}

static void test_depends_and_ask(void **state)
{
    (void)state;
    struct outcome outcome = verdict_outcome(VERDICT_DEPENDS, -1, CONFIDENCE_NONE);
    outcome.facts.stated = 3;
    assert_json(
        NULL, &outcome, "",
        "{\"id\": null, \"kind\": \"verdict\", \"decision\": \"tea-or-coffee\", "
        "\"verdict\": \"depends\", \"confidence\": null, \"situations\": [\"calm\", \"late\"], "
        "\"denied\": [], \"reasons\": [], \"flips\": [], \"asks\": null, \"text\": \"\"}");
    outcome = verdict_outcome(VERDICT_ASK, -1, CONFIDENCE_NONE);
    outcome.verdict.asks = 1;
    assert_json("2", &outcome, "?",
                "{\"id\": \"2\", \"kind\": \"verdict\", \"decision\": \"tea-or-coffee\", "
                "\"verdict\": \"ask\", \"confidence\": null, \"situations\": [], \"denied\": [], "
                "\"reasons\": [], \"flips\": [], \"asks\": \"Was it late?\", \"text\": \"?\"}");
}

static void test_no_decision(void **state)
{
    (void)state;
    struct outcome outcome = {.kind = KIND_SILENT};
    assert_json("s", &outcome, "",
                "{\"id\": \"s\", \"kind\": \"silent\", \"decision\": null, \"verdict\": null, "
                "\"confidence\": null, \"situations\": [], \"denied\": [], \"reasons\": [], "
                "\"flips\": [], \"asks\": null, \"text\": \"\"}");
}

/* What stands is no verdict of this turn. */
static void test_other_kinds_have_no_verdict(void **state)
{
    (void)state;
    struct outcome outcome = verdict_outcome(VERDICT_OPTION, 1, CONFIDENCE_LEANING);
    outcome.kind = KIND_FACTS;
    outcome.facts.stated = 2;
    outcome.verdict.fired_count = 1;
    outcome.verdict.fired[0] = 1;
    assert_json("f", &outcome, "Because.",
                "{\"id\": \"f\", \"kind\": \"facts\", \"decision\": \"tea-or-coffee\", "
                "\"verdict\": null, \"confidence\": null, \"situations\": [\"late\"], "
                "\"denied\": [], \"reasons\": [], \"flips\": [], \"asks\": null, "
                "\"text\": \"Because.\"}");
}

static void test_failures_leave_the_buffer(void **state)
{
    (void)state;
    struct outcome outcome = {.kind = KIND_META};
    struct buf line;
    struct error err = {0};
    buf_init(&line, 64 * 1024);
    buf_puts(&line, "before");
    assert_false(outcome_json("x", &outcome, "bad \xff", &line, &err));
    assert_int_equal(err.code, ERROR_ENVIRONMENT);
    assert_string_equal(line.data, "before");
    buf_finish(&line);
    buf_init(&line, 40);
    err = (struct error){0};
    assert_false(outcome_json("x", &outcome, "", &line, &err));
    assert_int_equal(line.len, 0);
    buf_finish(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_option),
        cmocka_unit_test(test_depends_and_ask),
        cmocka_unit_test(test_no_decision),
        cmocka_unit_test(test_other_kinds_have_no_verdict),
        cmocka_unit_test(test_failures_leave_the_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
