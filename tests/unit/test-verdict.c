#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bot/advisor/facts.h"
#include "bot/advisor/verdict.h"
#include "tests/golden/sample.h"

/*
 * Decisions on the hand-made packs: a table of expected verdicts, then properties over many random
 * facts.
 */

enum { ROUNDS = 3000 };

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static struct verdict decide(const struct pack *pack, struct facts facts)
{
    struct verdict verdict;
    verdict_decide(pack, &facts, &verdict);
    return verdict;
}

static const char *answer(const struct pack *pack, const struct verdict *verdict)
{
    return verdict_word(pack, verdict->kind, verdict->option);
}

static const struct row {
    const char *what;
    const struct pack *pack;
    const char *stated, *denied, *heavy, *light;
    const char *answer;
    enum confidence confidence;
} rows[] = {
    {"nothing known", &sample_backend, "", "", "", "", "ask", CONFIDENCE_NONE},
    {"only neutral facts", &sample_backend, "rest mongodb", "", "", "", "ask", CONFIDENCE_NONE},
    {"only denials", &sample_backend, "", "react-frontend python-team", "", "", "ask",
     CONFIDENCE_NONE},
    {"one decisive", &sample_backend, "react-frontend", "", "", "", "node", CONFIDENCE_CLEAR},
    {"one strong", &sample_backend, "crud-app", "", "", "", "django", CONFIDENCE_CLEAR},
    {"a nudge alone", &sample_backend, "relational-sql", "", "", "", "django", CONFIDENCE_LEANING},
    {"nudges on both sides", &sample_backend, "relational-sql npm-ecosystem", "", "", "", "depends",
     CONFIDENCE_NONE},
    {"strong against a nudge", &sample_backend, "real-time relational-sql", "", "", "", "node",
     CONFIDENCE_CLEAR},
    {"two strong against a nudge", &sample_backend, "crud-app admin-panel npm-ecosystem", "", "",
     "", "django", CONFIDENCE_CLEAR},
    {"decisive against decisive", &sample_backend, "react-frontend data-ai", "", "", "", "depends",
     CONFIDENCE_NONE},
    {"strong against decisive", &sample_backend, "real-time python-team", "", "", "", "depends",
     CONFIDENCE_NONE},
    {"strong against strong", &sample_backend, "real-time crud-app", "", "", "", "depends",
     CONFIDENCE_NONE},
    {"strong against two of them", &sample_backend, "real-time crud-app admin-panel", "", "", "",
     "depends", CONFIDENCE_NONE},
    {"strong against strong and decisive", &sample_backend, "real-time crud-app python-team", "",
     "", "", "depends", CONFIDENCE_NONE},
    {"strong against three of them", &sample_backend, "one-language crud-app admin-panel batteries",
     "", "", "", "django", CONFIDENCE_LEANING},
    {"decisive against three strong", &sample_backend,
     "react-frontend crud-app admin-panel batteries", "", "", "", "depends", CONFIDENCE_NONE},
    {"emphasis on one decisive", &sample_backend, "react-frontend data-ai", "", "data-ai", "",
     "django", CONFIDENCE_LEANING},
    {"emphasis on a strong one against a decisive", &sample_backend, "real-time python-team", "",
     "real-time", "", "node", CONFIDENCE_LEANING},
    {"emphasis against two", &sample_backend, "real-time python-team crud-app", "", "real-time", "",
     "node", CONFIDENCE_LEANING},
    {"emphasis on both", &sample_backend, "real-time python-team", "", "real-time python-team", "",
     "depends", CONFIDENCE_NONE},
    {"garnish against decisive", &sample_backend, "react-frontend data-ai", "", "", "data-ai",
     "node", CONFIDENCE_CLEAR},
    {"garnish against strong", &sample_backend, "real-time admin-panel", "", "", "admin-panel",
     "node", CONFIDENCE_CLEAR},
    {"garnish alone", &sample_backend, "real-time", "", "", "real-time", "node",
     CONFIDENCE_LEANING},
    {"stated and denied at once does not count", &sample_backend, "real-time", "real-time", "", "",
     "ask", CONFIDENCE_NONE},
    {"the other side denied", &sample_backend, "real-time", "python-team", "", "", "node",
     CONFIDENCE_CLEAR},
    {"a pointer decides nothing", &sample_pointer, "", "", "", "", "none", CONFIDENCE_NONE},
    {"three options, one side", &sample_queue, "replay", "", "", "", "kafka", CONFIDENCE_CLEAR},
    {"a fact for two options counts by the difference", &sample_queue, "throughput", "", "", "",
     "kafka", CONFIDENCE_CLEAR},
    {"three options, two sides", &sample_queue, "replay routing", "", "", "", "depends",
     CONFIDENCE_NONE},
    {"three options, three sides", &sample_queue, "replay routing small", "", "", "", "depends",
     CONFIDENCE_NONE},
    {"three options, emphasis", &sample_queue, "replay routing small", "", "small", "", "table",
     CONFIDENCE_LEANING},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct facts facts = {
            .stated = sample_set(row->pack, row->stated),
            .denied = sample_set(row->pack, row->denied),
            .heavy = sample_set(row->pack, row->heavy),
            .light = sample_set(row->pack, row->light),
        };
        struct verdict verdict = decide(row->pack, facts);
        if (strcmp(answer(row->pack, &verdict), row->answer) != 0 ||
            verdict.confidence != row->confidence) {
            fail_msg("%s: %s (confidence %d)", row->what, answer(row->pack, &verdict),
                     (int)verdict.confidence);
        }
    }
}

static void test_fired_order(void **state)
{
    (void)state;
    struct facts facts = {
        .stated =
            sample_set(&sample_backend, "npm-ecosystem crud-app react-frontend real-time data-ai")};
    facts.heavy = sample_set(&sample_backend, "real-time");
    facts.light = sample_set(&sample_backend, "data-ai");
    struct verdict verdict = decide(&sample_backend, facts);
    static const char *const order[] = {"real-time", "react-frontend", "crud-app", "data-ai",
                                        "npm-ecosystem"};
    assert_int_equal(verdict.fired_count, 5);
    for (size_t i = 0; i < 5; i++) {
        int situation = sample_backend.rules[verdict.fired[i]].situation;
        assert_string_equal(sample_backend.situations[situation].id, order[i]);
    }
}

static void test_sides(void **state)
{
    (void)state;
    struct facts facts = {.stated = sample_set(&sample_queue, "replay routing small")};
    assert_int_equal(decide(&sample_queue, facts).sides, 7);
    facts.stated = sample_set(&sample_queue, "replay routing");
    assert_int_equal(decide(&sample_queue, facts).sides, 3);
    facts.stated = sample_set(&sample_queue, "replay");
    assert_int_equal(decide(&sample_queue, facts).sides, 1);
    facts.stated = 0;
    assert_int_equal(decide(&sample_queue, facts).sides, 0);
}

static int asks(const char *stated, const char *denied)
{
    struct facts facts = {.stated = sample_set(&sample_backend, stated),
                          .denied = sample_set(&sample_backend, denied)};
    return decide(&sample_backend, facts).asks;
}

static int situation(const char *id)
{
    int at = 0;
    for (uint64_t set = sample_set(&sample_backend, id); set > 1; set >>= 1) {
        at++;
    }
    return at;
}

static void test_asks(void **state)
{
    (void)state;
    assert_int_equal(asks("", ""), situation("react-frontend"));
    assert_int_equal(asks("", "react-frontend"), situation("python-team"));
    assert_int_equal(asks("", "react-frontend python-team data-ai"), situation("real-time"));
    assert_int_equal(asks("relational-sql", ""), situation("react-frontend")); /* only leaning */
    assert_int_equal(asks("react-frontend", ""), -1);                          /* clear */
    assert_int_equal(asks("react-frontend data-ai", ""),
                     -1); /* the weighing is asked about instead */
    struct facts all = {.denied = UINT64_MAX};
    assert_int_equal(decide(&sample_backend, all).asks, -1);
}

static void test_asks_respect_slots(void **state)
{
    (void)state;
    /*
     * The frontend is known, so no other frontend is asked about. One nudge keeps the verdict a
     * leaning.
     */
    struct pack_situation situations[3] = {
        {.id = "x", .slot = "s"}, {.id = "y", .slot = "s"}, {.id = "z"}};
    struct pack_rule rules[3] = {{0, 0, STRENGTH_NUDGE, "", 0, 1},
                                 {1, 1, STRENGTH_DECISIVE, "", 0, 1},
                                 {2, 1, STRENGTH_STRONG, "", 0, 1}};
    struct pack_option options[2] = {{.name = "A"}, {.name = "B"}};
    struct pack pack = {.options = options,
                        .option_count = 2,
                        .situations = situations,
                        .situation_count = 3,
                        .rules = rules,
                        .rule_count = 3};
    struct facts facts = {.stated = 1};
    struct verdict verdict = decide(&pack, facts);
    assert_int_equal(verdict.asks, 2);
    /* And adding the other one to the facts means that the first goes. */
    assert_int_equal(verdict.flips[0].add, 2);
    assert_int_equal(verdict.flips[0].drop, 1);
}

static void test_flips(void **state)
{
    (void)state;
    struct facts facts = {.stated = sample_set(&sample_backend, "real-time relational-sql")};
    struct verdict verdict = decide(&sample_backend, facts);
    assert_true(verdict.flip_count > 0);
    assert_int_equal(verdict.flips[0].kind, VERDICT_OPTION);
    assert_int_equal(verdict.flips[0].option, 1);
    assert_int_equal(verdict.flips[0].drop, sample_set(&sample_backend, "real-time"));
    /* Much on one side: no single fact does it, the exchange is named nevertheless. */
    facts.stated =
        sample_set(&sample_backend, "react-frontend real-time one-language high-concurrency");
    verdict = decide(&sample_backend, facts);
    assert_int_equal(verdict.flip_count, 1);
    assert_int_equal(verdict.flips[0].drop, facts.stated);
    assert_int_equal(verdict.flips[0].option, 1);
}

static struct facts random_facts(uint64_t *state, size_t situations)
{
    uint64_t mask = (UINT64_C(1) << situations) - 1;
    struct facts facts;
    facts.stated = random_next(state) & random_next(state) & mask;
    facts.denied = random_next(state) & random_next(state) & mask & ~facts.stated;
    facts.heavy = random_next(state) & random_next(state) & random_next(state) & facts.stated;
    facts.light = random_next(state) & random_next(state) & facts.stated & ~facts.heavy;
    facts.faint = random_next(state) & random_next(state) & facts.stated;
    return facts;
}

/* How good a verdict is for an option, to compare before and after. */
static int goodness(const struct verdict *verdict, int option)
{
    if (verdict->kind == VERDICT_OPTION) {
        return verdict->option == option ? 2 + (int)verdict->confidence : 0;
    }
    return verdict->kind == VERDICT_DEPENDS && verdict->sides >> option & 1 ? 2 : 1;
}

static const struct pack *const decided_packs[] = {&sample_backend, &sample_queue};

/* Sides that a situation speaks for: bit n = option n. */
static unsigned sides_of(const struct pack *pack, int s)
{
    unsigned sides = 0;
    for (size_t i = 0; i < pack->rule_count; i++) {
        sides |= pack->rules[i].situation == s ? 1u << pack->rules[i].option : 0;
    }
    return sides;
}

static void test_denying_never_helps(void **state)
{
    (void)state;
    uint64_t seed = 42;
    for (size_t round = 0; round < ROUNDS; round++) {
        const struct pack *pack = &sample_backend; /* every situation speaks for one side here */
        struct facts facts = random_facts(&seed, pack->situation_count), denied = facts;
        int s = (int)(random_next(&seed) % pack->situation_count);
        unsigned sides = sides_of(pack, s);
        uint64_t bit = UINT64_C(1) << s;
        denied.stated &= ~bit;
        denied.heavy &= ~bit;
        denied.light &= ~bit;
        denied.denied |= bit;
        struct verdict before = decide(pack, facts), after = decide(pack, denied);
        for (int option = 0; option < 2; option++) {
            if (sides == 1u << option && before.kind != VERDICT_ASK) {
                assert_true(goodness(&after, option) <= goodness(&before, option));
                assert_true(goodness(&after, !option) >= goodness(&before, !option) ||
                            after.kind == VERDICT_ASK);
            }
        }
    }
}

static void test_order_is_irrelevant(void **state)
{
    (void)state;
    struct pack_rule rules[64];
    struct pack turned = sample_backend;
    for (size_t i = 0; i < sample_backend.rule_count; i++) {
        rules[i] = sample_backend.rules[sample_backend.rule_count - 1 - i];
    }
    turned.rules = rules;
    uint64_t seed = 7;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct facts facts = random_facts(&seed, turned.situation_count);
        struct verdict a = decide(&sample_backend, facts), b = decide(&turned, facts),
                       again = decide(&sample_backend, facts);
        assert_int_equal(a.kind, b.kind);
        assert_int_equal(a.option, b.option);
        assert_int_equal(a.confidence, b.confidence);
        assert_int_equal(a.sides, b.sides);
        assert_memory_equal(a.weight, b.weight, sizeof(a.weight));
        assert_memory_equal(&a, &again, sizeof(a));
    }
}

static void check_invariants(const struct pack *pack, const struct facts *facts,
                             const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->fired_count; i++) {
        assert_true(facts->stated >> pack->rules[verdict->fired[i]].situation & 1);
    }
    assert_true((verdict->kind == VERDICT_OPTION) == (verdict->option >= 0));
    assert_true((verdict->kind == VERDICT_OPTION) == (verdict->confidence != CONFIDENCE_NONE));
    assert_true((verdict->kind == VERDICT_ASK) == (verdict->fired_count == 0));
    if (verdict->asks >= 0) {
        assert_false((facts->stated | facts->denied) >> verdict->asks & 1);
    }
    for (size_t i = 0; i < verdict->flip_count; i++) {
        const struct flip *flip = &verdict->flips[i];
        assert_int_equal(flip->add & (facts->stated | facts->denied), 0);
        assert_int_equal(flip->drop & ~facts->stated, 0);
        struct facts then = {
            .stated = (facts->stated & ~flip->drop) | flip->add,
            .denied = facts->denied,
            .heavy = facts->heavy & ~flip->drop,
            .light = facts->light & ~flip->drop,
            .faint = facts->faint & ~flip->drop,
        };
        struct verdict proof = decide(pack, then);
        assert_int_equal(proof.kind, flip->kind);
        assert_int_equal(proof.option, flip->option);
        assert_true(proof.kind != verdict->kind || proof.option != verdict->option);
    }
}

static void test_invariants(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (size_t round = 0; round < ROUNDS; round++) {
        const struct pack *pack = decided_packs[round % 2];
        struct facts facts = random_facts(&seed, pack->situation_count);
        struct verdict verdict = decide(pack, facts);
        check_invariants(pack, &facts, &verdict);
    }
}

static void test_more_rules_than_fit(void **state)
{
    (void)state;
    static struct pack_rule rules[64 * 16];
    static struct pack_situation situations[64];
    static struct pack_option options[16];
    for (int i = 0; i < 64 * 16; i++) {
        rules[i] = (struct pack_rule){
            i / 16, i % 16, i == 64 * 16 - 1 ? STRENGTH_DECISIVE : STRENGTH_NUDGE, "", 0, 1};
    }
    struct pack pack = {.options = options,
                        .option_count = 16,
                        .situations = situations,
                        .situation_count = 64,
                        .rules = rules,
                        .rule_count = 64 * 16};
    struct facts facts = {.stated = UINT64_MAX};
    struct verdict verdict = decide(&pack, facts);
    assert_int_equal(verdict.fired_count, VERDICT_RULES_MAX);
    assert_int_equal(verdict.fired[0], 64 * 16 - 1);
    assert_int_equal(verdict.kind, VERDICT_OPTION); /* only what tells the options apart counts */
    assert_int_equal(verdict.option, 15);
}

static void test_unsound_rules_are_passed_over(void **state)
{
    (void)state;
    struct pack_rule rules[] = {{-1, 0, STRENGTH_STRONG, "", 0, 1},
                                {99, 0, STRENGTH_STRONG, "", 0, 1},
                                {0, 99, STRENGTH_STRONG, "", 0, 1},
                                {0, -1, STRENGTH_STRONG, "", 0, 1},
                                {0, 0, (enum strength)7, "", 0, 1}};
    struct pack pack = sample_queue;
    pack.rules = rules;
    pack.rule_count = sizeof(rules) / sizeof(rules[0]);
    struct facts facts = {.stated = UINT64_MAX};
    assert_int_equal(decide(&pack, facts).kind, VERDICT_ASK);
    pack.option_count = 0;
    assert_int_equal(decide(&pack, facts).kind, VERDICT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_fired_order),
        cmocka_unit_test(test_sides),
        cmocka_unit_test(test_asks),
        cmocka_unit_test(test_asks_respect_slots),
        cmocka_unit_test(test_flips),
        cmocka_unit_test(test_denying_never_helps),
        cmocka_unit_test(test_order_is_irrelevant),
        cmocka_unit_test(test_invariants),
        cmocka_unit_test(test_more_rules_than_fit),
        cmocka_unit_test(test_unsound_rules_are_passed_over),
    };
    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
