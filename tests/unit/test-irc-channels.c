#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/irc_channels.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"

static void test_channels(void **state)
{
    (void)state;
    struct irc_channels channels;
    struct error err = {0};
    assert_true(irc_channels_parse(" #a , #b key ,&c,, ", 5000, &channels, &err));
    assert_int_equal(channels.count, 3);
    assert_string_equal(channels.items[1].name, "#b");
    assert_string_equal(channels.items[1].key, "key");
    static const char *const bad[] = {"a", "#a b c", "#a :key"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct error why = {0};
        assert_false(irc_channels_parse(bad[i], 5000, &channels, &why));
        assert_non_null(strstr(why.text, "is no channel"));
    }
    struct irc_channel *a = irc_channels_find(&channels, IRC_RFC1459, "#A");
    assert_ptr_equal(a, &channels.items[0]);
    assert_null(irc_channels_find(&channels, IRC_RFC1459, "#zzz"));
    assert_ptr_equal(irc_channels_due(&channels, 0), a);
    irc_channel_asked(a, 1000);
    assert_ptr_not_equal(irc_channels_due(&channels, 1000), a);
    assert_ptr_equal(irc_channels_due(&channels, 301000), a); /* nobody answered JOIN */
    a->state = IRC_CHANNEL_IN;
    assert_int_equal(irc_channels_in(&channels), 1);
    assert_int_equal(irc_channels_pending(&channels), 2);
}

/* I13: longer from kick to kick, and then no more; an hour of peace is forgiven. */
static void test_kicks(void **state)
{
    (void)state;
    struct irc_channels channels;
    assert_true(irc_channels_parse("#a", 5000, &channels, NULL));
    struct irc_channel *a = &channels.items[0];
    uint64_t now = 1000;
    for (unsigned i = 1; i < IRC_KICKS_MAX; i++) {
        irc_channel_kicked(&channels, a, now, "no");
        assert_int_equal(a->state, IRC_CHANNEL_OUT);
        assert_int_equal(a->next_ms, now + (5000u << (i - 1)));
        assert_null(irc_channels_due(&channels, a->next_ms - 1));
        assert_non_null(irc_channels_due(&channels, a->next_ms));
        now = a->next_ms;
    }
    irc_channel_kicked(&channels, a, now, "no");
    assert_int_equal(a->state, IRC_CHANNEL_REFUSED);
    assert_int_equal(irc_channels_next(&channels), UINT64_MAX);
    /* Who invites it each time may kick it for ever: no wait is doubled so often. */
    for (int i = 0; i < 70; i++) {
        irc_channel_kicked(&channels, a, now, "no");
        assert_int_equal(a->state, IRC_CHANNEL_REFUSED);
        assert_int_equal(a->next_ms, UINT64_MAX);
    }
    irc_channel_kicked(&channels, a, now + IRC_KICKS_MS, "no");
    assert_int_equal(a->kicks, 1);
    assert_false(irc_channel_refused(&channels, a, 401, now));
    assert_true(irc_channel_refused(&channels, a, 474, now));
    assert_int_equal(a->state, IRC_CHANNEL_REFUSED);
    assert_true(irc_channel_refused(&channels, a, 437, now));
    assert_int_equal(a->state, IRC_CHANNEL_OUT);
    irc_channels_offline(&channels);
    assert_non_null(irc_channels_due(&channels, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channels),
        cmocka_unit_test(test_kicks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
