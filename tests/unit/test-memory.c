#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bot/advisor/advisor.h"
#include "bot/base/mem.h"
#include "bot/host/memory.h"
#include "tests/unit/tiny.h"

static struct conversation talk_about_the_coast(void)
{
    struct conversation talk;
    conversation_init(&talk);
    talk.turns = 70000;
    talk.pack = TINY_COAST;
    talk.project = 2;
    talk.began = 1;
    talk.asked = 1;
    talk.last_kind = 3;
    talk.told = 1;
    talk.told_kind = 1;
    talk.asked_situation = 4;
    talk.projects[0].used = 1;
    talk.projects[0].facts = (struct facts){.stated = 5, .denied = 2, .heavy = 1, .light = 4};
    talk.projects[0].order[0] = 3;
    talk.projects[0].order[63] = 255;
    talk.projects[2].facts.stated = UINT64_MAX;
    talk.projects[2].facts.faint = 1ull << 63;
    talk.projects[2].supposed = 1ull << 62;
    talk.projects[0].anchors[0] = (struct anchor){0xDEADBEEF, 2};
    talk.projects[0].anchor_count = talk.projects[0].anchor_next = 1;
    return talk;
}

static void test_there_and_back(void **state)
{
    (void)state;
    struct memory memory;
    struct conversation talk = talk_about_the_coast(), back, fresh;
    unsigned char bytes[MEMORY_BYTES_MAX];
    memory_init(&memory, &tiny_knowledge);
    size_t len = memory_format(&memory, &talk, bytes);
    assert_true(memory_parse(&memory, bytes, len, &back));
    assert_memory_equal(&back, &talk, sizeof(talk));
    conversation_init(&fresh);
    len = memory_format(&memory, &fresh, bytes);
    assert_true(len < 32);
    assert_true(memory_parse(&memory, bytes, len, &back));
    assert_memory_equal(&back, &fresh, sizeof(fresh));
}

static void test_the_largest_fits(void **state)
{
    (void)state;
    struct memory memory;
    struct conversation talk, back;
    unsigned char bytes[MEMORY_BYTES_MAX];
    memory_init(&memory, &tiny_knowledge);
    memset(&talk, 0xff, sizeof(talk));
    talk.pack = TINY_BOATS;
    size_t len = memory_format(&memory, &talk, bytes);
    assert_true(len <= MEMORY_BYTES_MAX);
    assert_true(memory_parse(&memory, bytes, len, &back));
    assert_int_equal(back.pack, TINY_BOATS);
    assert_int_equal(back.projects[3].facts.light, UINT64_MAX);
}

static void test_packs_that_move(void **state)
{
    (void)state;
    struct memory before, after;
    struct knowledge moved = tiny_knowledge;
    struct conversation talk = talk_about_the_coast(), back;
    unsigned char bytes[MEMORY_BYTES_MAX];
    memory_init(&before, &tiny_knowledge);
    size_t len = memory_format(&before, &talk, bytes);
    moved.packs[0] = tiny_knowledge.packs[TINY_BOATS];
    moved.packs[1] = tiny_knowledge.packs[TINY_COAST];
    moved.count = 2;
    memory_init(&after, &moved);
    assert_true(memory_parse(&after, bytes, len, &back));
    assert_int_equal(back.pack, 1);
    assert_memory_equal(&back.projects, &talk.projects, sizeof(talk.projects));
}

/* Numbers of situations and options would mean something else: begin anew. */
static void test_packs_that_changed(void **state)
{
    (void)state;
    struct conversation talk = talk_about_the_coast(), back, fresh;
    unsigned char bytes[MEMORY_BYTES_MAX];
    struct memory before;
    memory_init(&before, &tiny_knowledge);
    conversation_init(&fresh);
    size_t len = memory_format(&before, &talk, bytes);
    for (int change = 0; change < 6; change++) {
        struct memory after;
        struct knowledge changed = tiny_knowledge;
        struct pack pack = *tiny_knowledge.packs[TINY_COAST];
        struct pack_situation situations[8];
        struct pack_option options[4];
        memcpy(situations, pack.situations, pack.situation_count * sizeof(situations[0]));
        memcpy(options, pack.options, pack.option_count * sizeof(options[0]));
        pack.situations = situations;
        pack.options = options;
        changed.packs[TINY_COAST] = &pack;
        switch (change) {
        case 0: /* reworded only: the same */
            situations[0].name = "another name";
            pack.rule_count--;
            break;
        case 1: /* two situations changed places */
            situations[0] = pack.situations[1];
            situations[1] = tiny_knowledge.packs[TINY_COAST]->situations[0];
            break;
        case 2:
            pack.situation_count--;
            break;
        case 3:
            situations[2].id = "orchards";
            break;
        case 4:
            options[0].id = "rigel";
            break;
        default:
            pack.id = "orion-or-vega";
        }
        memory_init(&after, &changed);
        assert_int_equal(memory_parse(&after, bytes, len, &back), change == 0);
        if (change != 0) {
            assert_memory_equal(&back, &fresh, sizeof(fresh));
        }
    }
}

/* An option that becomes a situation is another pack, though the ids are the same in a row. */
static void test_ids_do_not_run_together(void **state)
{
    (void)state;
    struct memory one, two;
    struct knowledge knowledge = tiny_knowledge;
    struct pack pack = *tiny_knowledge.packs[TINY_DRINKS];
    static const struct pack_situation situations[] = {{.id = "mocha"}};
    memory_init(&one, &knowledge);
    pack.option_count = 1;
    pack.situations = situations;
    pack.situation_count = 1;
    knowledge.packs[TINY_DRINKS] = &pack;
    memory_init(&two, &knowledge);
    assert_true(one.packs[TINY_DRINKS] != two.packs[TINY_DRINKS]);
    assert_true(one.packs[TINY_COAST] == two.packs[TINY_COAST]);
}

static void test_bytes_that_are_none_of_ours(void **state)
{
    (void)state;
    struct memory memory;
    struct conversation talk = talk_about_the_coast(), back, fresh;
    unsigned char bytes[MEMORY_BYTES_MAX + 1], bad[MEMORY_BYTES_MAX + 1];
    memory_init(&memory, &tiny_knowledge);
    conversation_init(&fresh);
    size_t len = memory_format(&memory, &talk, bytes);
    for (size_t cut = 0; cut < len; cut++) {
        assert_false(memory_parse(&memory, bytes, cut, &back));
        assert_memory_equal(&back, &fresh, sizeof(fresh));
    }
    bytes[len] = 0;
    assert_false(memory_parse(&memory, bytes, len + 1, &back));
    /* Another version, another pack, projects and orders beyond their number. */
    static const struct {
        size_t at;
        unsigned char value;
    } rows[] = {{0, 1}, {0, 0}, {1, 0}, {22, 0xff}, {22, 0x10}, {72, 65}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        memcpy(bad, bytes, len);
        assert_true(bad[rows[i].at] != rows[i].value);
        bad[rows[i].at] = rows[i].value;
        assert_false(memory_parse(&memory, bad, len, &back));
        assert_memory_equal(&back, &fresh, sizeof(fresh));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_the_largest_fits),
        cmocka_unit_test(test_packs_that_move),
        cmocka_unit_test(test_packs_that_changed),
        cmocka_unit_test(test_ids_do_not_run_together),
        cmocka_unit_test(test_bytes_that_are_none_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
