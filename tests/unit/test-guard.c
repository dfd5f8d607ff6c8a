#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bot/host/guard.h"

static struct guard *guard;
static int64_t now_ms;

static int set_up(void **state)
{
    (void)state;
    guard = guard_create();
    now_ms = 1700000000000;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    guard_destroy(guard);
    return 0;
}

static enum guard_reason hear(uint64_t who, const char *text)
{
    return guard_hear(guard, who, guard_hash(text, strlen(text)), false, now_ms);
}

static void test_hash_sees_words_alone(void **state)
{
    (void)state;
    assert_true(guard_hash("Node or Django?", 15) == guard_hash(" node, or DJANGO", 16));
    assert_true(guard_hash("node", 4) != guard_hash("nodes", 5));
    assert_true(guard_hash("\xc3\xa9", 2) != guard_hash("\xc3\xa8", 2));
    assert_true(guard_hash(NULL, 0) == guard_hash("...", 3));
}

static void test_the_same_again_and_again(void **state)
{
    (void)state;
    for (int i = 0; i < GUARD_REPEATS_MAX; i++) {
        assert_int_equal(hear(1, "unknown command"), GUARD_FINE);
    }
    assert_int_equal(hear(1, "Unknown command!"), GUARD_REPEAT);
    /* Others, and other words of the same one, are not meant. */
    assert_int_equal(hear(2, "unknown command"), GUARD_FINE);
    assert_int_equal(hear(1, "node or django?"), GUARD_FINE);
    /* It goes on as long as the machine does. */
    now_ms += GUARD_WINDOW_MS - 1;
    assert_int_equal(hear(1, "unknown command"), GUARD_REPEAT);
    now_ms += GUARD_WINDOW_MS;
    assert_int_equal(hear(1, "unknown command"), GUARD_FINE);
}

static void test_our_own_echo(void **state)
{
    (void)state;
    for (int i = 0; i < GUARD_ECHOES_MAX; i++) {
        assert_int_equal(guard_say(guard, 1, 99, false, now_ms), GUARD_FINE);
    }
    assert_int_equal(guard_say(guard, 1, 99, false, now_ms), GUARD_ECHO);
    assert_int_equal(guard_say(guard, 2, 99, false, now_ms), GUARD_FINE);
    now_ms += GUARD_WINDOW_MS;
    assert_int_equal(guard_say(guard, 1, 99, false, now_ms), GUARD_FINE);
}

/* What nobody asked us is said once. */
static void test_overheard(void **state)
{
    (void)state;
    assert_int_equal(guard_hear(guard, 1, 5, true, now_ms), GUARD_FINE);
    assert_int_equal(guard_hear(guard, 1, 5, true, now_ms), GUARD_REPEAT);
    assert_int_equal(guard_say(guard, 1, 6, true, now_ms), GUARD_FINE);
    assert_int_equal(guard_say(guard, 1, 6, true, now_ms), GUARD_ECHO);
    now_ms += GUARD_QUIET_WINDOW_MS;
    assert_int_equal(guard_hear(guard, 1, 5, true, now_ms), GUARD_FINE);
}

static void test_budget(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < GUARD_BURST; i++) {
        assert_int_equal(guard_hear(guard, 1, i, false, now_ms), GUARD_FINE);
    }
    assert_int_equal(guard_hear(guard, 1, 100, false, now_ms), GUARD_BUDGET);
    assert_int_equal(guard_hear(guard, 2, 100, false, now_ms), GUARD_FINE);
    /* A machine that goes on gets nothing more; whoever pauses does. */
    for (uint64_t i = 0; i < 50; i++) {
        now_ms += GUARD_REST_MS - 1;
        assert_int_equal(guard_hear(guard, 1, 400 + i, false, now_ms), GUARD_BUDGET);
    }
    now_ms += GUARD_REST_MS;
    assert_int_equal(guard_hear(guard, 1, 101, false, now_ms), GUARD_FINE);
    /* After a long time it is full again, and no fuller. */
    now_ms += 100 * (int64_t)GUARD_BURST * GUARD_REFILL_MS;
    for (uint64_t i = 0; i < GUARD_BURST; i++) {
        assert_int_equal(guard_hear(guard, 1, 200 + i, false, now_ms), GUARD_FINE);
    }
    assert_int_equal(guard_hear(guard, 1, 300, false, now_ms), GUARD_BUDGET);
}

static void test_overheard_costs_more(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < GUARD_BURST / GUARD_QUIET_COST; i++) {
        assert_int_equal(guard_hear(guard, 1, i, true, now_ms), GUARD_FINE);
    }
    assert_int_equal(guard_hear(guard, 1, 100, true, now_ms), GUARD_BUDGET);
}

/* A clock that is set back, and forth, silences nobody for good. */
static void test_clock_set_back(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < GUARD_BURST + 1; i++) {
        guard_hear(guard, 1, 7, false, now_ms);
    }
    now_ms -= 24 * 3600 * 1000;
    assert_int_equal(guard_hear(guard, 1, 7, false, now_ms), GUARD_BUDGET);
    now_ms += GUARD_REST_MS;
    assert_int_equal(guard_hear(guard, 1, 7, false, now_ms), GUARD_FINE);
}

/* A crowd pushes out whoever was heard of longest ago, and takes no more memory. */
static void test_crowd(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < GUARD_BURST; i++) {
        guard_hear(guard, 1, i, false, now_ms);
    }
    assert_int_equal(guard_hear(guard, 1, 99, false, now_ms), GUARD_BUDGET);
    for (uint64_t who = 2; who < 20 * (uint64_t)GUARD_PEOPLE_MAX; who++) {
        now_ms += who % 100 == 0;
        assert_int_equal(guard_hear(guard, who, 1, false, now_ms), GUARD_FINE);
    }
    assert_int_equal(guard_hear(guard, 1, 99, false, now_ms), GUARD_FINE);
}

/* A turn that is rolled back comes again: what it counted must not count twice. */
static void test_undo(void **state)
{
    (void)state;
    assert_int_equal(hear(1, "the same"), GUARD_FINE);
    guard_keep(guard);
    for (int i = 0; i < 3 * GUARD_BURST; i++) {
        assert_int_equal(hear(1, "the same"), GUARD_FINE);
        assert_int_equal(guard_hear(guard, 2, (uint64_t)i, false, now_ms), GUARD_FINE);
        assert_int_equal(guard_say(guard, 2, 99, false, now_ms), GUARD_FINE);
        assert_true(guard_tell(guard, 2, now_ms));
        guard_undo(guard);
    }
    /* Several of one person in one turn, and whoever was pushed out for a stranger, come back. */
    for (uint64_t who = 3; who < 8 * (uint64_t)GUARD_PEOPLE_MAX; who++) {
        guard_hear(guard, who, 1, false, now_ms + 1);
    }
    for (int i = 0; i < 2 * GUARD_REPEATS_MAX; i++) {
        hear(1, "the same");
    }
    guard_undo(guard);
    /* What was kept still counts: one and three make four. */
    for (int i = 0; i < GUARD_REPEATS_MAX - 1; i++) {
        assert_int_equal(hear(1, "the same"), GUARD_FINE);
        guard_keep(guard);
    }
    assert_int_equal(hear(1, "the same"), GUARD_REPEAT);
}

static void test_told_once(void **state)
{
    (void)state;
    assert_true(guard_tell(guard, 1, now_ms));
    assert_false(guard_tell(guard, 1, now_ms));
    assert_true(guard_tell(guard, 2, now_ms));
    now_ms += GUARD_TOLD_MS - 1;
    assert_false(guard_tell(guard, 1, now_ms));
    now_ms += 1;
    assert_true(guard_tell(guard, 1, now_ms));
    now_ms -= 24 * 3600 * 1000; /* the clock is set back */
    assert_true(guard_tell(guard, 1, now_ms));
    assert_false(guard_tell(guard, 1, now_ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hash_sees_words_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_same_again_and_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_our_own_echo, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_overheard, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_budget, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_overheard_costs_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_clock_set_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_crowd, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_undo, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_told_once, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
