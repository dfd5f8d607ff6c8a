#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adapters/irc_pace.h"
#include "bot/base/mem.h"

/* I3: a burst of five, then one a step. */
static void test_pace(void **state)
{
    (void)state;
    struct irc_pace pace;
    irc_pace_init(&pace, 2000);
    uint64_t now = 100000;
    for (int i = 0; i < IRC_PACE_BURST; i++) {
        assert_int_equal(irc_pace_wait(&pace, now), 0);
        irc_pace_spend(&pace, now);
    }
    assert_int_equal(irc_pace_wait(&pace, now), 2000);
    now += 2000;
    assert_int_equal(irc_pace_wait(&pace, now), 0);
    irc_pace_spend(&pace, now);
    assert_int_equal(irc_pace_wait(&pace, now), 2000);
    now += 60000; /* rest fills the burst again, and no more than that */
    for (int i = 0; i < IRC_PACE_BURST; i++) {
        assert_int_equal(irc_pace_wait(&pace, now), 0);
        irc_pace_spend(&pace, now);
    }
    assert_true(irc_pace_wait(&pace, now) > 0);
}

/* Slower after each flood, and twice as fast again after each quiet hour of a connection. */
static void test_flood_and_recovery(void **state)
{
    (void)state;
    struct irc_pace pace;
    irc_pace_init(&pace, 2000);
    for (int i = 0; i < 9; i++) {
        irc_pace_slower(&pace);
    }
    assert_int_equal(pace.slowness, IRC_PACE_SLOWEST);
    uint64_t now = 5 * (uint64_t)IRC_PACE_QUIET_MS;
    irc_pace_start(&pace, now); /* what lies before this connection was no quiet */
    for (unsigned slowness = IRC_PACE_SLOWEST; slowness > 1; slowness /= 2) {
        irc_pace_recover(&pace, now + IRC_PACE_QUIET_MS - 1);
        assert_int_equal(pace.slowness, slowness);
        now += IRC_PACE_QUIET_MS;
        irc_pace_recover(&pace, now);
        assert_int_equal(pace.slowness, slowness / 2);
    }
    irc_pace_recover(&pace, now + IRC_PACE_QUIET_MS);
    assert_int_equal(pace.slowness, 1);
}

static void test_backoff(void **state)
{
    (void)state;
    assert_int_equal(irc_backoff_ms(1, 1000, 600000, 0, 77), 1000);
    assert_int_equal(irc_backoff_ms(2, 1000, 600000, 0, 77), 1750);
    assert_int_equal(irc_backoff_ms(1000000, 1000, 600000, 0, 77), 600000);
    for (uint64_t random = 0; random < 10000; random += 7) {
        uint64_t wait = irc_backoff_ms(1, 1000, 600000, 3000, random);
        assert_true(wait >= 1000 && wait <= 4000);
    }
}

static void test_throttle(void **state)
{
    (void)state;
    struct irc_throttle throttle = {{0}};
    for (int i = 0; i < IRC_THROTTLE_MOST; i++) {
        assert_true(irc_throttle_take(&throttle, 1000, 60000));
    }
    assert_false(irc_throttle_take(&throttle, 1001, 60000));
    assert_false(irc_throttle_take(&throttle, 60999, 60000));
    assert_true(irc_throttle_take(&throttle, 61000, 60000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_flood_and_recovery),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_throttle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
