/* host/dispatch where others share the store: if they are faster, the turn thinks again. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "adapters/null.h"
#include "bot/host/guard.h"
#include "bot/host/metrics.h"
#include "bot/host/store.h"
#include "tests/unit/memstore.h"
#include "tests/unit/switchboard.h"

/* Heard at the end of the turn, all after one look; texts that were changed since do not matter. */
static void test_heard_at_the_end(void **state)
{
    (void)state;
    char text[80], conversation[20] = "C1/t1";
    struct fate fates[3];
    snprintf(text, sizeof(text), "%s", choice);
    struct message one = message(conversation, text);
    take(&one, &fates[0]);
    memset(text, 'x', strlen(text));
    memset(conversation, 'y', strlen(conversation));
    struct message two = message("C2/t1", choice);
    take(&two, &fates[1]);
    two.from_bot = true;
    take(&two, &fates[2]);
    assert_int_equal(memstore_calls(store), 0);
    dispatch_commit(dispatch, now_ms);
    assert_int_equal(memstore_expected(store), 2);
    assert_int_equal(memstore_commits(store), 1);
    assert_int_equal(slack->sent_count, 0);
    assert_int_equal(fates[0].how, SETTLED_ANSWERED);
    assert_int_equal(fates[1].how, SETTLED_ANSWERED);
    assert_int_equal(fates[2].how, SETTLED_GUARDED);
    assert_string_equal(memstore_row(store, 0)->conversation, "C1/t1");
    assert_non_null(strstr(memstore_row(store, 0)->payload, "Node"));
    /* Due only once it is committed: it leaves in the next turn, which is to come at once. */
    assert_true(dispatch_send(dispatch, now_ms) <= now_ms);
    dispatch_commit(dispatch, now_ms);
    assert_int_equal(slack->sent_count, 0);
    assert_int_equal(memstore_commits(store), 2);
    dispatch_send(dispatch, now_ms);
    assert_int_equal(slack->sent_count, 2);
}

/* What others were faster at is thought again, and comes out once: one answer, one count of it. */
static void test_others_are_faster(void **state)
{
    (void)state;
    struct message one = message("C1", choice), two = message("C2", choice);
    struct fate fates[3];
    one.delivery = "E1";
    two.answer_now = true;
    memstore_outrun(store, 3);
    note_wrong("which?", &fates[2]);
    take(&one, &fates[0]);
    take(&two, &fates[1]);
    dispatch_commit(dispatch, now_ms);
    assert_int_equal(memstore_commits(store), 1);
    assert_int_equal(memstore_expected(store), 8);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fates[i].calls, 1);
        assert_int_equal(fates[i].how, SETTLED_ANSWERED);
    }
    assert_true(fates[1].answered);
    assert_int_equal(dispatch_waiting(dispatch), 1);
    assert_string_equal(memstore_gaps(store), "wrong:1 "); /* said before the mark: kept */
    assert_int_equal(metrics_value(metrics, METRIC_COMMITS, "again"), 3);
    assert_int_equal(metrics_value(metrics, METRIC_COMMITS, "done"), 1);
    assert_int_equal(metrics_value(metrics, METRIC_COMMITS, "failed"), 0);
    assert_int_equal(metrics_value(metrics, METRIC_MESSAGES, "slack"), 2);
    assert_true(dispatch_healthy(dispatch));
    assert_int_equal(say(&one), SETTLED_KNOWN);
}

/* Nobody is taken for a machine because a turn was thought several times. */
static void test_thinking_again_guards_nobody(void **state)
{
    (void)state;
    struct message one = message("C1", choice);
    memstore_outrun(store, 3 * GUARD_REPEATS_MAX);
    assert_int_equal(say(&one), SETTLED_ANSWERED);
    assert_int_equal(metrics_value(metrics, METRIC_GUARDED, "repeat"), 0);
}

static void test_one_is_left_to_others(void **state)
{
    (void)state;
    struct message one = message("C1", choice), two = message("C2", choice);
    struct fate fates[2];
    memstore_share(store, "C1", false);
    memstore_outrun(store, 2);
    take(&one, &fates[0]);
    take(&two, &fates[1]);
    turn();
    assert_int_equal(fates[0].how, SETTLED_FAILED);
    assert_int_equal(fates[1].how, SETTLED_ANSWERED);
    assert_int_equal(metrics_value(metrics, METRIC_COMMITS, "again"), 2);
    assert_int_equal(metrics_value(metrics, METRIC_REJECTED, "elsewhere"), 1);
    assert_int_equal(metrics_value(metrics, METRIC_MESSAGES, "slack"), 1);
    memstore_share(store, NULL, false);
    assert_int_equal(say(&one), SETTLED_ANSWERED);
}

/* Whichever call fails, in whichever attempt: all of the turn comes again, and then goes well. */
static void test_every_fault(void **state)
{
    (void)state;
    size_t failures = 0;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct message one = message("C1", choice), two = message("C2", choice);
        struct fate fates[3];
        tear_down(NULL);
        set_up(NULL);
        one.delivery = "E1";
        two.identity = "m2";
        memstore_outrun(store, 1);
        memstore_fail_at(store, n);
        take(&one, &fates[0]);
        take(&two, &fates[1]);
        note_wrong("which?", &fates[2]);
        dispatch_commit(dispatch, now_ms);
        failed = memstore_calls(store) >= n;
        memstore_fail_at(store, 0);
        memstore_outrun(store, 0);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(fates[i].calls, 1);
            assert_int_equal(fates[i].how, failed ? SETTLED_FAILED : SETTLED_ANSWERED);
        }
        assert_int_equal(say(&one), failed ? SETTLED_ANSWERED : SETTLED_KNOWN);
        assert_int_equal(say(&two), failed ? SETTLED_ANSWERED : SETTLED_KNOWN);
        failures += failed;
    }
    assert_true(failures > 10);
}

int main(int argc, char **argv)
{
    (void)argv;
    shared = true;
    readers = argc > 1 ? 2 : 0;
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_heard_at_the_end),
        TEST(test_others_are_faster),
        TEST(test_thinking_again_guards_nobody),
        TEST(test_one_is_left_to_others),
        TEST(test_every_fault),
    };
    return cmocka_run_group_tests(tests, open_program, close_program);
}
