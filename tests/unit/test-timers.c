#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bot/host/timers.h"

enum { MANY = 1000 };

static struct timers timers;

static struct one {
    struct timer timer;
    size_t calls;
    uint64_t when; /* in which run it was called */
} ones[MANY];

static uint64_t now, last_at;

static void on_due(void *context)
{
    struct one *one = context;
    one->calls++;
    one->when = now;
    assert_int_equal(one->timer.place, 0);
    assert_true(one->timer.at_ms <= now);
    assert_true(one->timer.at_ms >= last_at); /* the earliest first */
    last_at = one->timer.at_ms;
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        ones[i] = (struct one){0};
    }
    now = last_at = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    timers_finish(&timers);
    return 0;
}

static void set(size_t i, uint64_t at_ms)
{
    timers_set(&timers, &ones[i].timer, at_ms, on_due, &ones[i]);
}

static void run(uint64_t now_ms)
{
    now = now_ms;
    timers_run(&timers, now);
}

static void test_none(void **state)
{
    (void)state;
    assert_true(timers_next(&timers) == UINT64_MAX);
    run(UINT64_MAX);
    timers_stop(&timers, &ones[0].timer);
}

static void test_once_each_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        set(i, 100 + i * 7919 % MANY); /* every moment of a thousand, in disorder */
    }
    for (uint64_t at = 99; at < 100 + MANY; at++) {
        assert_int_equal(timers_next(&timers), at < 100 ? 100 : at);
        run(at);
    }
    assert_true(timers_next(&timers) == UINT64_MAX);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(ones[i].calls, 1);
        assert_int_equal(ones[i].when, 100 + i * 7919 % MANY);
    }
}

static void test_stopped_and_set_anew(void **state)
{
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        set(i, 100 + i * 7919 % MANY);
    }
    for (size_t i = 0; i < MANY; i++) {
        if (i % 3 == 0) {
            timers_stop(&timers, &ones[i].timer);
            timers_stop(&timers, &ones[i].timer);
        } else if (i % 3 == 1) {
            set(i, 5000 - i);
        }
    }
    run(10000);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(ones[i].calls, i % 3 == 0 ? 0 : 1);
    }
}

static void on_due_again(void *context)
{
    struct one *one = context;
    one->calls++;
    timers_set(&timers, &one->timer, now, on_due_again, one);
    timers_stop(&timers, &ones[1].timer);
}

/* Within a call: the next run's, and another's end. */
static void test_set_by_one(void **state)
{
    (void)state;
    timers_set(&timers, &ones[0].timer, 10, on_due_again, &ones[0]);
    set(1, 20);
    run(30);
    assert_int_equal(ones[0].calls, 2); /* as many calls as there were timers, not without end */
    assert_int_equal(ones[1].calls, 0);
    timers_stop(&timers, &ones[0].timer);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_none),
        CASE(test_once_each_in_order),
        CASE(test_stopped_and_set_anew),
        CASE(test_set_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
