/*
 * host/store on SQLite: a look at the answers that wait that fails once. It says so, or "now" where
 * it cannot; nothing is taken for "there is none", and the next look is as if nothing had been.
 */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/storebench.h"

/* ---- what the linker puts in its place (tests/meson.build) ---- */

static int left; /* the step that fails, counted from now; 0: none */

int __real_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement)
{
    return left > 0 && --left == 0 ? SQLITE_IOERR : __real_sqlite3_step(statement);
}

/* ---- looks ---- */

static void add(const char *adapter, int64_t now_ms)
{
    int64_t id;
    const struct delivery delivery = {.adapter = adapter,
                                      .conversation = "C1",
                                      .address = "there",
                                      .payload = "text",
                                      .payload_len = 4};
    assert_true(store_outbox_add(store, &delivery, now_ms, &id, &err));
}

static int set_up_two(void **state)
{
    left = 0;
    int code = set_up(state);
    begin();
    add("slack", 10);
    add("irc a", 20);
    commit();
    return code;
}

static void count(void *context, const struct delivery *delivery)
{
    (void)delivery;
    ++*(int *)context;
}

static void test_next(void **state)
{
    (void)state;
    left = 1;
    assert_int_equal(store_outbox_next(store, "slack"), 0);
    assert_int_equal(left, 0);
    assert_int_equal(store_outbox_next(store, "slack"), 10);
    left = 1;
    assert_int_equal(store_outbox_next(store, "nobody"), 0);
    assert_true(store_outbox_next(store, "nobody") == INT64_MAX);
}

/* Each of its steps in turn: adapter, answer, no more answers, the next adapter ... */
static void test_due_to_all(void **state)
{
    (void)state;
    bool fine = false;
    int step;
    for (step = 1; !fine; step++) {
        int seen = 0;
        err = (struct error){0};
        left = step;
        fine = store_outbox_due(store, NULL, 30, 10, count, &seen, &err);
        assert_true(fine ? left > 0 && seen == 2 : left == 0);
        assert_true(fine == (strstr(err.text, "the store failed") == NULL));
    }
    assert_int_equal(step, 9); /* seven steps, and one look in which none failed */
    left = 0;
}

static void test_hurry(void **state)
{
    (void)state;
    bool fine = false;
    int step;
    for (step = 1; !fine; step++) {
        err = (struct error){0};
        begin();
        left = step;
        fine = store_outbox_hurry(store, 1, 15, &err);
        assert_true(fine == (left > 0));
        left = 0;
        store_rollback(store);
        assert_int_equal(store_outbox_next(store, "irc a"), 20);
    }
    assert_int_equal(step, 7);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_two, tear_down)
    const struct CMUnitTest tests[] = {TEST(test_next), TEST(test_due_to_all), TEST(test_hurry)};
    return cmocka_run_group_tests_name("store-unread", tests, NULL, NULL);
}
