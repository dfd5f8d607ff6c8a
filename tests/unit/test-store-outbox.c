/*
 * host/store: the outbox keeps what it promises, on both engines. What looks at what is due before
 * the commit, or into SQLite's file, is for SQLite alone.
 */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/storebench.h"

static int64_t add(const char *adapter, const char *conversation, const char *payload,
                   int64_t now_ms)
{
    int64_t id = 0;
    struct delivery delivery = {.adapter = adapter,
                                .conversation = conversation,
                                .address = "there",
                                .payload = payload,
                                .payload_len = strlen(payload)};
    assert_true(store_outbox_add(store, &delivery, now_ms, &id, &err));
    return id;
}

static char seen[256];
static struct delivery last;

static void note(void *context, const struct delivery *delivery)
{
    (void)context;
    assert_string_equal(delivery->address, "there");
    assert_int_equal(strlen(delivery->payload), delivery->payload_len);
    size_t len = strlen(seen);
    snprintf(seen + len, sizeof(seen) - len, "%s", delivery->payload);
    last = *delivery;
}

static const char *due(const char *adapter, int64_t now_ms, size_t most)
{
    seen[0] = '\0';
    assert_true(store_outbox_due(store, adapter, now_ms, most, note, NULL, &err));
    return seen;
}

static void test_outbox_order(void **state)
{
    (void)state;
    begin();
    int64_t a = add("slack", "one", "a", 10);
    int64_t b = add("slack", "one", "b", 10);
    add("slack", "two", "c", 11);
    add("irc a", "one", "d", 12);
    commit();
    assert_string_equal(due("slack", 9, 10), "");
    assert_string_equal(due("slack", 10, 10), "a");
    assert_string_equal(due("slack", 11, 10), "ac");
    assert_string_equal(due("slack", 11, 1), "a");
    assert_string_equal(due(NULL, 12, 10), "dac");
    assert_int_equal(store_outbox_next(store, "slack"), 10);
    assert_int_equal(store_outbox_next(store, "irc a"), 12);
    assert_true(store_outbox_next(store, "nobody") == INT64_MAX);
    assert_int_equal(store_outbox_count(store), 4);
    begin();
    assert_true(store_outbox_begin(store, a, &err));
    commit();
    /* Under way: nothing of its conversation is due. */
    assert_string_equal(due("slack", 99, 10), "c");
    begin();
    assert_true(store_outbox_done(store, a, &err));
    commit();
    assert_string_equal(due("slack", 99, 10), "bc");
    assert_int_equal(store_outbox_count(store), 3);
    begin();
    assert_true(store_outbox_begin(store, b, &err));
    assert_true(store_outbox_again(store, b, 500, false, &err));
    commit();
    assert_string_equal(due("slack", 99, 10), "c");
    assert_string_equal(due("slack", 500, 10), "cb");
    assert_int_equal(last.attempts, 1);
    assert_false(last.unsure);
}

/* After a clock that was set back: what would wait for days does not. */
static void test_outbox_hurry(void **state)
{
    (void)state;
    begin();
    add("irc", "one", "a", 5000);
    add("irc", "one", "b", 5000); /* behind a */
    add("slack", "one", "c", 9000);
    add("slack", "two", "d", 1000);
    int64_t e = add("slack", "three", "e", 9000);
    assert_true(store_outbox_begin(store, e, &err)); /* under way: its report says when */
    commit();
    begin();
    assert_true(store_outbox_hurry(store, 10, 1000, &err));
    commit();
    assert_string_equal(due("irc", 10, 10), "a");
    assert_string_equal(due("slack", 10, 10), "c");
    assert_string_equal(due("slack", 1000, 10), "cd");
}

static void test_outbox_unsure(void **state)
{
    (void)state;
    begin();
    int64_t a = add("slack", "one", "a", 10);
    assert_true(store_outbox_begin(store, a, &err));
    commit();
    reopen(); /* as after a crash */
    assert_string_equal(due("slack", 99, 10), "");
    assert_true(store_outbox_recover(store, 20, &err));
    assert_string_equal(due("slack", 99, 10), "a");
    assert_true(last.unsure);
    assert_int_equal(last.attempts, 1);
    assert_int_equal(last.created_ms, 10);
    begin();
    assert_true(store_outbox_begin(store, a, &err));
    assert_true(store_outbox_put_off(store, a, 30, &err));
    commit();
    due("slack", 99, 10);
    assert_true(last.unsure); /* what was not sent after all is as it was before */
    assert_int_equal(last.attempts, 1);
    begin();
    assert_true(store_outbox_put_off(store, a, 40, &err));
    assert_true(store_outbox_begin(store, a, &err));
    assert_true(store_outbox_again(store, a, 50, false, &err));
    commit();
    due("slack", 99, 10);
    assert_false(last.unsure);
    assert_int_equal(last.attempts, 2);
    begin();
    assert_true(store_outbox_begin(store, a, &err));
    assert_false(store_outbox_begin(store, a, &err)); /* it is under way */
    assert_non_null(strstr(err.text, "is not there to be sent"));
    store_rollback(store);
    assert_int_equal(last.attempts, 2);
}

/* An operator gets rid of an answer that is under way; nothing else may suffer. */
static void test_outbox_deleted_by_hand(void **state)
{
    (void)state;
    begin();
    int64_t a = add("slack", "one", "a", 10);
    int64_t b = add("slack", "one", "b", 11);
    assert_true(store_outbox_begin(store, a, &err));
    commit();
    execute("DELETE FROM outbox WHERE payload = CAST('a' AS BLOB)");
    assert_string_equal(due("slack", 99, 10), "b"); /* it waits behind nobody now */
    begin();
    assert_false(store_outbox_begin(store, a, &err));
    store_rollback(store);
    err = (struct error){0};
    begin();
    assert_true(store_outbox_again(store, a, 500, true, &err));
    assert_true(store_outbox_put_off(store, a, 500, &err));
    assert_true(store_outbox_done(store, a, &err));
    assert_true(store_outbox_begin(store, b, &err));
    assert_true(store_outbox_done(store, b, &err));
    commit();
    assert_string_equal(due(NULL, 999, 10), "");
    assert_int_equal(store_outbox_count(store), 1); /* as far as it was told */
    reopen();
    assert_int_equal(store_outbox_count(store), 0);
}

static void test_outbox_of_a_rolled_back_turn(void **state)
{
    (void)state;
    begin();
    int64_t a = add("slack", "one", "a", 10);
    commit();
    begin();
    add("slack", "one", "b", 10);
    add("slack", "two", "c", 10);
    assert_true(store_outbox_done(store, a, &err));
    assert_int_equal(store_outbox_count(store), 2);
    store_rollback(store);
    assert_int_equal(store_outbox_count(store), 1);
    assert_string_equal(due("slack", 10, 10), "a");
    store_rollback(store); /* nothing is open: nothing happens */
    assert_int_equal(store_outbox_count(store), 1);
    begin();
    assert_true(store_outbox_done(store, a, &err));
    commit();
    assert_string_equal(due("slack", 10, 10), "");
}

/* Whoever waits the longest leaves first, whatever came in first; and in one turn all the way. */
static void test_outbox_in_one_turn(void **state)
{
    (void)state;
    begin();
    int64_t a = add("slack", "one", "a", 10);
    assert_true(store_outbox_begin(store, a, &err));
    assert_true(store_outbox_again(store, a, 30, false, &err));
    add("slack", "two", "b", 20);
    assert_int_equal(store_outbox_next(store, "slack"), 20);
    assert_string_equal(due("slack", 40, 10), "ba");
    commit();
}

static void note_bytes(void *context, const struct delivery *delivery)
{
    *(bool *)context = delivery->payload_len == 5 && memcmp(delivery->payload,
                                                            "a\0\xff"
                                                            "b\n",
                                                            6) == 0;
}

static void test_outbox_payload_of_any_bytes(void **state)
{
    (void)state;
    struct delivery delivery = {.adapter = "slack",
                                .conversation = "c",
                                .address = "",
                                .payload = "a\0\xff"
                                           "b\n",
                                .payload_len = 5};
    bool same = false;
    int64_t id;
    begin();
    assert_true(store_outbox_add(store, &delivery, 1, &id, &err));
    commit();
    assert_true(store_outbox_due(store, NULL, 1, 1, note_bytes, &same, &err));
    assert_true(same);
}

#define BOTH                                                                 \
    ROW(test_outbox_order), ROW(test_outbox_hurry), ROW(test_outbox_unsure), \
        ROW(test_outbox_of_a_rolled_back_turn), ROW(test_outbox_payload_of_any_bytes)

/* usage: test-store-outbox [redis] */
int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "redis") == 0) {
        const struct CMUnitTest tests[] = {BOTH};
        int failed = storebench_on_redis(true) ? 0 : 1;
        failed += cmocka_run_group_tests_name("outbox on Redis", tests, NULL, NULL);
        storebench_on_redis(false);
        return failed;
    }
    const struct CMUnitTest tests[] = {BOTH, ROW(test_outbox_deleted_by_hand),
                                       ROW(test_outbox_in_one_turn)};
    return cmocka_run_group_tests_name("outbox on SQLite", tests, NULL, NULL);
}
