/*
 * host/store on Redis, as time goes by: leases, signs of life, what is left by replicas that are
 * gone, what is kept for nobody, and a Redis that forgets or refuses.
 */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bot/base/mem.h"
#include "bot/host/log.h"
#include "bot/host/store_redis_inside.h"
#include "tests/unit/redisbench.h"
#include "tests/unit/replicabench.h"

/* ---- leases ---- */

static bool has_lease(struct store *store)
{
    store_lease(store, "irc a");
    store_tidy(store);
    return store_lease(store, "irc a");
}

/* One that was over for a while and came back: what others had meanwhile is ours at once. */
static void test_lease_that_lapsed(void **state)
{
    (void)state;
    assert_true(has_lease(one));
    assert_false(has_lease(two));
    slept_ms += 6000;
    assert_false(store_lease(one, "irc a"));
    ask("del '{test}:lease:irc a'");
    assert_true(has_lease(two));
    begin(two);
    add_to(two, "irc a", "C1", "left");
    must_commit(two);
    int64_t left_ms = store_outbox_next(two, "irc a");
    assert_true(left_ms != INT64_MAX);
    ask("del '{test}:lease:irc a'"); /* that one ended */
    assert_int_equal(store_outbox_next(one, "irc a"), INT64_MAX);
    assert_true(has_lease(one));
    assert_int_equal(store_outbox_next(one, "irc a"), left_ms);
}

/* Who gets a lease and cannot take over what was left does so with the next beat. */
static void test_move_that_failed(void **state)
{
    (void)state;
    assert_true(has_lease(two));
    begin(two);
    add_to(two, "irc a", "C1", "left");
    must_commit(two);
    ask("del '{test}:lease:irc a'");
    ask("rename '{test}:out:irc a' away");
    ask("set '{test}:out:irc a' 'no stream'");
    assert_false(has_lease(one));
    ask("rename away '{test}:out:irc a'");
    assert_false(has_lease(one)); /* it is not asked at full speed */
    slept_ms += REDIS_BEAT_MS;
    assert_true(has_lease(one));
    assert_int_equal(store_outbox_next(one, "irc a"), NOW);
}

/* What is wrong with one network keeps nobody from the others. */
static void test_one_lease_refused(void **state)
{
    (void)state;
    ask("set '{test}:out:irc a' 'no stream'");
    store_lease(one, "irc a");
    store_lease(one, "irc b");
    store_tidy(one);
    assert_false(store_lease(one, "irc a"));
    assert_true(store_lease(one, "irc b"));
    slept_ms += 6000;
    store_tidy(one);
    assert_true(store_lease(one, "irc b"));
    ask("del '{test}:out:irc a'");
    slept_ms += REDIS_BEAT_MS;
    assert_true(has_lease(one));
}

/* What a replica says meanwhile is no sign of life of what was on its way before. */
static void test_commits_keep_nothing(void **state)
{
    (void)state;
    begin(one);
    add(one, "C1", "slow");
    must_commit(one);
    begin(one);
    assert_true(store_outbox_begin(one, due(one).id, &err));
    must_commit(one);
    assert_true(store_may_act(one));
    slept_ms += 11000;
    begin(one);
    assert_int_equal(claim(one, "d1"), CLAIM_NEW);
    must_commit(one);
    assert_false(store_may_act(one));
    store_tidy(one); /* this is */
    assert_true(store_may_act(one));
}

/* Many, of which half are another's by now: each of the others gets its sign of life. */
static void test_signs_of_life_for_all(void **state)
{
    (void)state;
    enum { MANY = 8000, TURN = 500 };
    char conversation[20];
    for (int i = 0; i < MANY; i++) {
        if (i % TURN == 0) {
            begin(one);
        }
        snprintf(conversation, sizeof(conversation), "C%d", i);
        add(one, conversation, "text");
        if (i % TURN == TURN - 1) {
            must_commit(one);
        }
    }
    int64_t last = due(one).id + MANY - 10;
    ask("eval \"for i = %" PRId64 ", %" PRId64 " do local d = '{test}:delivery:' .. i; "
        "local v = redis.call('hmget', d, 'owner', 'entry'); redis.call('xclaim', "
        "'{test}:out:slack', 'whether', v[1], 0, v[2], 'idle', 12000, 'justid'); "
        "if i %% 2 == 1 then redis.call('hset', d, 'owner', 'gone') end end\" 0",
        last - MANY + 1, last);
    slept_ms += 6000;
    store_tidy(one);
    assert_string_equal(ask("eval \"return #redis.call('xpending', '{test}:out:slack', 'whether', "
                            "'idle', 10000, '-', '+', 9999)\" 0"),
                        "4000");
}

/* Who has nothing to do hears how many answers wait at others. */
static void test_how_many_wait(void **state)
{
    (void)state;
    begin(one);
    add(one, "C1", "text");
    must_commit(one);
    slept_ms += 6000;
    store_tidy(two);
    assert_int_equal(store_outbox_count(two), 1);
    deliver(one, "text");
    slept_ms += 6000;
    store_tidy(two);
    assert_int_equal(store_outbox_count(two), 0);
}

/* A Redis that is full renews no lease, and all the same hears that we live. */
static void test_signs_of_life_to_a_full_redis(void **state)
{
    (void)state;
    assert_true(has_lease(one));
    begin(one);
    add(one, "C1", "slow");
    must_commit(one);
    begin(one);
    assert_true(store_outbox_begin(one, due(one).id, &err));
    must_commit(one);
    redisbench_ask("config set maxmemory 1");
    slept_ms += 6000;
    store_tidy(one);
    redisbench_ask("config set maxmemory 0");
    slept_ms += 6000;
    assert_false(store_lease(one, "irc a"));
    assert_true(store_may_act(one));
}

/* An IRC network that was taken out of the configuration: its answers grow old all the same. */
static void test_network_that_nobody_has(void **state)
{
    (void)state;
    assert_true(has_lease(two));
    begin(one);
    add_to(one, "irc a", "C1", "never");
    must_commit(one);
    begin(one);
    assert_true(store_expire(one, NOW, &err));
    store_rollback(one);
    assert_int_equal(due_to_all(one).count, 0); /* somebody has it */
    store_close(two);
    two = NULL;
    begin(one);
    assert_true(store_expire(one, NOW, &err));
    store_rollback(one);
    assert_int_equal(due_to_all(one).count, 1);
}

/* Nobody has it for a moment only: whoever has it next finds its answers where they were. */
static void test_network_between_two(void **state)
{
    (void)state;
    assert_true(has_lease(one));
    begin(one);
    add_to(one, "irc a", "C1", "soon");
    must_commit(one);
    store_close(one);
    one = NULL;
    begin(two);
    assert_true(store_expire(two, NOW, &err));
    store_rollback(two);
    assert_int_equal(due_to_all(two).count, 0);
    assert_true(has_lease(two));
    assert_int_equal(store_outbox_next(two, "irc a"), NOW);
}

/* ---- what is kept for nobody ---- */

/* Streams of those that nobody writes to are not kept; the next answer makes its own. */
static void test_empty_streams_go(void **state)
{
    (void)state;
    begin(one);
    add(one, "C1", "1");
    must_commit(one);
    begin(two);
    assert_true(store_expire(two, NOW, &err));
    store_rollback(two);
    assert_string_equal(redisbench_ask("xlen '{test}:out:slack'"), "1");
    deliver(one, "1");
    begin(two);
    assert_true(store_expire(two, NOW, &err));
    store_rollback(two);
    assert_string_equal(redisbench_ask("exists '{test}:out:slack'"), "0");
    assert_string_equal(redisbench_ask("scard '{test}:adapters'"), "0");
    begin(one);
    add(one, "C1", "2");
    must_commit(one);
    deliver(one, "2");
}

/* So does one whose answers were deleted by hand; who has them in charge is none the worse. */
static void test_all_of_a_stream_deleted(void **state)
{
    (void)state;
    char entry[100];
    begin(one);
    add(one, "C1", "1");
    must_commit(one);
    copy_field(due(one).id, "entry", entry, sizeof(entry));
    ask("xdel '{test}:out:slack' %s", entry);
    begin(two);
    assert_true(store_expire(two, NOW, &err));
    store_rollback(two);
    assert_string_equal(redisbench_ask("exists '{test}:out:slack'"), "0");
    slept_ms += 11000;
    store_tidy(one);
    assert_true(store_may_act(one));
    begin(one);
    assert_int_equal(due(one).count, 0);
    must_commit(one);
    assert_string_equal(redisbench_ask("get '{test}:waiting'"), "0");
    assert_string_equal(redisbench_ask("exists '{test}:queue:slack\nC1'"), "0");
}

/* ---- a Redis that forgets or refuses ---- */

/* SCRIPT FLUSH before a take-over: it says what the other left, within the same turn. */
static void test_script_flushed_at_take_over(void **state)
{
    (void)state;
    begin(one);
    add(one, "C1", "left");
    must_commit(one);
    assert_int_equal(due(two).count, 0); /* it serves this adapter from now on */
    store_close(one);
    one = NULL;
    redisbench_ask("script flush");
    slept_ms += 6000;
    store_tidy(two);
    deliver(two, "left");
    assert_string_equal(redisbench_ask("get '{test}:waiting'"), "0");
}

/* The connection breaks within a turn where nobody hears of it: what follows fails as it should. */
static void test_cut_off_within_a_turn(void **state)
{
    (void)state;
    assert_true(has_lease(one));
    begin(one);
    redisbench_ask("client kill type normal skipme yes");
    store_lease_end(one, "irc a");
    assert_false(store_expire(one, NOW, &err));
    assert_non_null(strstr(err.text, "Redis is away"));
    store_rollback(one);
}

/* Redis 6.2 says first that a script met it, and where. */
static void test_kinds_of_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *kind;
    } rows[] = {
        {"READONLY You can't write against a read only replica.", "READONLY"},
        {"ERR Error running script (call to f_0123456789012345678901234567890123456789): "
         "@user_script:96: @user_script: 96: -READONLY You can't write against a read only "
         "replica.",
         "READONLY"},
        {"ERR Error running script (call to f_01): @user_script:9: @user_script: 9: -OOM command "
         "not allowed when used memory > 'maxmemory'.",
         "OOM"},
        {"ERR Error running script (call to f_01): @user_script:9: user_script:9: no number",
         "ERR"},
        {"ERR value: -READONLY", "ERR"},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *kind = redis_error_kind(rows[i].text);
        if (strncmp(kind, rows[i].kind, strlen(rows[i].kind)) != 0) {
            fail_msg("row %zu: %s", i, kind);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_script_flushed_at_take_over),
        TEST(test_lease_that_lapsed),
        TEST(test_move_that_failed),
        TEST(test_one_lease_refused),
        TEST(test_commits_keep_nothing),
        TEST(test_signs_of_life_for_all),
        TEST(test_how_many_wait),
        TEST(test_signs_of_life_to_a_full_redis),
        TEST(test_network_that_nobody_has),
        TEST(test_network_between_two),
        TEST(test_empty_streams_go),
        TEST(test_all_of_a_stream_deleted),
        TEST(test_cut_off_within_a_turn),
        TEST(test_kinds_of_errors),
    };
    log_set_up(LOG_LEVEL_ERROR + 1, LOG_FORMAT_LOGFMT, false);
    redisbench_start();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redisbench_stop();
    return failed;
}
