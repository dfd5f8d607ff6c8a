/*
 * advisor over the real packs: what must hold whatever the rules and models say. Verdicts as such
 * are tested by the packs' examples and the corpus.
 */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"
#include "bot/advisor/wording.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "knowledge/learned.h"
#include "knowledge/load.h"
#include "knowledge/pack.h"
#include "tests/bench/repetitions.h"

struct bench {
    struct knowledge *knowledge;
    struct advisor *advisor;
    struct workspace *workspace;
};

static int begin(void **state)
{
    static struct bench bench;
    const char *path = WHETHER_SOURCE "/knowledge";
    struct fault_list faults = {0};
    assert_true(knowledge_load(&path, 1, &bench.knowledge, &faults));
    if (!learned_load(bench.knowledge, LEARNED_ALL, NULL, &faults)) {
        fail_msg("%s", faults.items[0].text);
    }
    bench.advisor = advisor_create(bench.knowledge);
    bench.workspace = workspace_create(bench.advisor);
    *state = &bench;
    return 0;
}

static int end(void **state)
{
    struct bench *bench = *state;
    workspace_destroy(bench->workspace);
    advisor_destroy(bench->advisor);
    knowledge_destroy(bench->knowledge);
    return 0;
}

static void turn_bytes(struct bench *bench, struct conversation *talk, enum surface surface,
                       const char *bytes, size_t len, struct outcome *ret)
{
    advisor_turn(bench->advisor, bench->workspace, talk, surface, bytes, len, ret);
}

static void turn(struct bench *bench, struct conversation *talk, const char *text,
                 struct outcome *ret)
{
    turn_bytes(bench, talk, SURFACE_DM, text, strlen(text), ret);
}

/* The outcome of a message of up to three parts, in a talk of its own. */
static struct outcome ask(struct bench *bench, const char *a, const char *b, const char *c)
{
    struct conversation talk;
    struct outcome outcome;
    struct buf buf;
    buf_init(&buf, 1 << 16);
    buf_printf(&buf, "%s %s %s", a, b, c);
    conversation_init(&talk);
    turn(bench, &talk, buf.data, &outcome);
    buf_finish(&buf);
    return outcome;
}

static bool same_verdict(const struct outcome *a, const struct outcome *b)
{
    return a->kind == b->kind && a->verdict.kind == b->verdict.kind &&
           a->verdict.option == b->verdict.option && a->verdict.confidence == b->verdict.confidence;
}

static bool same_facts(const struct facts *a, const struct facts *b)
{
    return a->stated == b->stated && a->denied == b->denied && a->heavy == b->heavy &&
           a->light == b->light;
}

/* Each plainly states one situation, in words that the pack itself uses. */
static const struct {
    const char *says, *denies;
} facts[] = {
    {"The frontend is built with React.", "There is no React frontend."},
    {"The team writes Python.", "Nobody on the team writes Python."},
    {"We need an admin panel.", "We need no admin panel."},
    {"There is a live chat.", "There is no live chat."},
    {"It is split into microservices.", "There are no microservices."},
    {"Machine learning is a part of it.", "There is no machine learning."},
};
static const char question[] = "Node or Django?";

static void test_facts_are_read(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        struct outcome said = ask(*state, facts[i].says, question, "");
        struct outcome denied = ask(*state, facts[i].denies, question, "");
        if (said.kind != KIND_VERDICT || !said.facts.stated || said.facts.denied) {
            fail_msg("not stated: %s", facts[i].says);
        }
        if (denied.kind != KIND_VERDICT || denied.facts.stated ||
            !(denied.facts.denied & said.facts.stated)) {
            fail_msg("not denied: %s", facts[i].denies);
        }
    }
}

static void test_order(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        for (size_t k = 0; k < i; k++) {
            struct outcome forth = ask(*state, facts[i].says, facts[k].says, question);
            struct outcome back = ask(*state, facts[k].says, facts[i].says, question);
            if (!same_verdict(&forth, &back) || !same_facts(&forth.facts, &back.facts)) {
                fail_msg("%s %s", facts[i].says, facts[k].says);
            }
        }
    }
}

static void test_twice_in_a_message(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        struct outcome once = ask(*state, facts[i].says, question, "");
        struct outcome twice = ask(*state, facts[i].says, facts[i].says, question);
        if (!same_verdict(&once, &twice) || !same_facts(&once.facts, &twice.facts)) {
            fail_msg("%s", facts[i].says);
        }
    }
}

static void test_twice_in_a_talk(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        struct conversation talk;
        struct outcome first, again;
        struct buf buf;
        buf_init(&buf, 1024);
        buf_printf(&buf, "%s %s", facts[i].says, question);
        conversation_init(&talk);
        turn(*state, &talk, buf.data, &first);
        turn(*state, &talk, buf.data, &again);
        if (!same_verdict(&first, &again) || !same_facts(&first.facts, &again.facts)) {
            fail_msg("%s", facts[i].says);
        }
        buf_finish(&buf);
    }
}

/* Denial of what was said takes from the side it spoke for and gives it nothing. */
static void test_denial(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        for (size_t k = 0; k < ARRAY_LEN(facts); k++) {
            struct outcome with = ask(*state, facts[k].says, facts[i].says, question);
            struct outcome without = ask(*state, facts[k].says, facts[i].denies, question);
            struct outcome alone = ask(*state, facts[i].says, question, "");
            int side = alone.verdict.option;
            if (i == k || alone.verdict.kind != VERDICT_OPTION) {
                continue;
            }
            if (without.verdict.weight[side] > with.verdict.weight[side]) {
                fail_msg("%s after %s", facts[i].denies, facts[k].says);
            }
        }
    }
}

static void test_small_talk(void **state)
{
    static const char *const talk[] = {
        "Thanks in advance, have a nice day!",      "Thanks!", "Cheers", "Hello!",
        "Thank you very much and have a nice day.",
    };
    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        struct outcome plain = ask(*state, facts[i].says, question, "");
        for (size_t k = 0; k < ARRAY_LEN(talk); k++) {
            struct outcome after = ask(*state, facts[i].says, question, talk[k]);
            if (!same_verdict(&plain, &after) || !same_facts(&plain.facts, &after.facts)) {
                fail_msg("%s %s", facts[i].says, talk[k]);
            }
        }
    }
}

static void put_reply(struct bench *bench, const struct outcome *outcome, struct buf *out)
{
    struct request request;
    static struct reply reply;
    outcome_request(bench->advisor, outcome, &request);
    reply_build(&request, LENGTH_FULL, &reply);
    assert_true(wording_format(&reply, WORDING_PLAIN, out));
}

static void test_same_again(void **state)
{
    static const char *const texts[] = {
        "",
        "hello",
        "node or django?",
        "why?",
        "asdf",
        "The frontend is React. Node or Django?",
        "what is Django good at?",
        "rest or graphql?",
        "forget that",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct buf replies[2];
        struct conversation talks[2];
        memset(talks, 0, sizeof(talks));
        for (size_t n = 0; n < 2; n++) {
            struct outcome outcome;
            conversation_init(&talks[n]);
            turn(*state, &talks[n], texts[i], &outcome);
            buf_init(&replies[n], 1 << 16);
            put_reply(*state, &outcome, &replies[n]);
            /* Something else in between leaves no trace in the workspace. */
            ask(*state, "No chat, but an admin panel.", facts[i % ARRAY_LEN(facts)].denies, "");
        }
        assert_int_equal(replies[0].len, replies[1].len);
        assert_memory_equal(replies[0].data, replies[1].data, replies[0].len);
        assert_memory_equal(&talks[0], &talks[1], sizeof(talks[0]));
        buf_finish(&replies[0]);
        buf_finish(&replies[1]);
    }
}

static void check_outcome(const struct outcome *outcome, enum surface surface)
{
    assert_true(outcome->kind < KIND_COUNT);
    assert_true(outcome->kind != KIND_SILENT || surface == SURFACE_AMBIENT);
    assert_true(outcome->ask.about < ASK_COUNT);
    assert_int_equal(outcome->facts.stated & outcome->facts.denied, 0);
    assert_int_equal(outcome->facts.heavy & outcome->facts.light, 0);
    assert_int_equal((outcome->facts.heavy | outcome->facts.light) & ~outcome->facts.stated, 0);
    assert_true(outcome->kind == KIND_VERDICT || outcome->verdict.kind == VERDICT_NONE);
    assert_true((outcome->verdict.kind == VERDICT_OPTION) == (outcome->verdict.option >= 0));
}

/* Bytes that a small generator makes, half of them of the kind that means something. */
static void make_bytes(char *bytes, size_t len, uint32_t *seed)
{
    static const char signs[] = "\n >-*`~[](),.?!'\"<>@#&:/\x03\xe2\x80\x99 no node or django ";
    for (size_t i = 0; i < len; i++) {
        *seed = *seed * 1664525 + 1013904223;
        uint32_t value = *seed >> 16;
        bytes[i] = value & 1 ? (char)(value >> 1) : signs[(value >> 1) % (sizeof(signs) - 1)];
    }
}

static void test_any_bytes(void **state)
{
    uint32_t seed = 1;
    for (size_t i = 0; i < 300; i++) {
        struct conversation talk;
        struct outcome outcome;
        size_t len = i * 3;
        char *bytes = malloc(len + 1);
        assert_non_null(bytes);
        conversation_init(&talk);
        make_bytes(bytes, len, &seed);
        enum surface surface = (enum surface)(i % SURFACE_COUNT);
        turn_bytes(*state, &talk, surface, bytes, len, &outcome);
        check_outcome(&outcome, surface);
        free(bytes);
    }
}

/* A memory that comes from a store or another version may hold anything. */
static void test_damaged_memory(void **state)
{
    uint32_t seed = 7;
    for (size_t i = 0; i < 200; i++) {
        struct conversation talk;
        struct outcome outcome;
        conversation_init(&talk);
        make_bytes((char *)&talk.pack, sizeof(talk.pack), &seed);
        talk.turns = seed;
        talk.project = (uint8_t)(seed >> 8);
        talk.asked_situation = (int16_t)(seed >> 12);
        turn(*state, &talk, i % 2 ? "yes" : "Node or Django for a live chat?", &outcome);
        check_outcome(&outcome, SURFACE_DM);
    }
}

static void test_many_turns(void **state)
{
    struct conversation talk;
    conversation_init(&talk);
    for (size_t i = 0; i < 10000; i++) {
        struct outcome outcome;
        const char *text = i % 7 == 0   ? question
                           : i % 7 == 3 ? "why?"
                           : i % 2      ? facts[i % ARRAY_LEN(facts)].says
                                        : facts[i % ARRAY_LEN(facts)].denies;
        turn(*state, &talk, text, &outcome);
        check_outcome(&outcome, SURFACE_DM);
    }
    assert_true(talk.turns > 1000);
}

static void test_much_text(void **state)
{
    enum { SIZE = 1024 * 1024 };
    char *bytes = malloc(SIZE);
    assert_non_null(bytes);
    for (size_t i = 0; i < ARRAY_LEN(repetitions); i++) {
        struct conversation talk;
        struct outcome outcome;
        size_t len = strlen(repetitions[i]);
        for (size_t k = 0; k < SIZE; k++) {
            bytes[k] = repetitions[i][k % len];
        }
        conversation_init(&talk);
        turn_bytes(*state, &talk, SURFACE_TRACKER, bytes, SIZE, &outcome);
        check_outcome(&outcome, SURFACE_TRACKER);
        assert_true(outcome.truncated);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts_are_read),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_twice_in_a_message),
        cmocka_unit_test(test_twice_in_a_talk),
        cmocka_unit_test(test_denial),
        cmocka_unit_test(test_small_talk),
        cmocka_unit_test(test_same_again),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_damaged_memory),
        cmocka_unit_test(test_many_turns),
        cmocka_unit_test(test_much_text),
    };
    return cmocka_run_group_tests_name("advisor", tests, begin, end);
}
