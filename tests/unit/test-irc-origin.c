#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/irc_origin.h"
#include "bot/base/buf.h"
#include "bot/base/mem.h"

static void test_parse(void **state)
{
    (void)state;
    struct irc_origin origin;
    irc_origin_parse("a!b@c\x1f"
                     "1000\x1f"
                     "B\x1fm-1",
                     &origin);
    assert_string_equal(origin.nick, "a");
    assert_string_equal(origin.user, "b");
    assert_string_equal(origin.host, "c");
    assert_int_equal(origin.time_ms, 1000);
    assert_true(origin.bot);
    assert_string_equal(origin.msgid, "m-1");
    irc_origin_parse("irc.example", &origin);
    assert_string_equal(origin.nick, "irc.example");
    assert_string_equal(origin.host, "");
    assert_int_equal(origin.time_ms, 0);
    assert_false(origin.bot);
    irc_origin_parse(NULL, &origin);
    assert_string_equal(origin.nick, "");
}

/* What tags say comes out as it went in; what they cannot say does not. */
static void test_there_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *tags, *msgid;
        int64_t time_ms;
        bool bot;
    } rows[] = {
        {"time=1970-01-01T00:00:01.000Z", "", 1000, false},
        {"bot", "", 0, true},
        {"draft/bot=x", "", 0, true},
        {"inspircd.org/bot", "", 0, true},
        {"bots", "", 0, false},
        {"msgid=a-B~1", "a-B~1", 0, false},
        {"msgid=a\\sb", "", 0, false}, /* a blank would end the prefix */
        {"msgid=a\x1f"
         "9\x1f"
         "B",
         "", 0, false}, /* and this would forge a field */
        {"time=yesterday;msgid=m;bot", "m", 0, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char said[200];
        snprintf(said, sizeof(said), "@%s :a!b@c JOIN #x", rows[i].tags);
        struct irc_line line;
        struct irc_origin origin;
        struct buf prefix;
        buf_init(&prefix, 500);
        assert_true(irc_line_parse(said, strlen(said), &line));
        buf_append(&prefix, line.prefix.at, line.prefix.len);
        irc_origin_put(&line, &prefix);
        irc_origin_parse(prefix.data, &origin);
        assert_string_equal(origin.nick, "a");
        assert_string_equal(origin.user, "b");
        assert_string_equal(origin.host, "c");
        assert_string_equal(origin.msgid, rows[i].msgid);
        assert_int_equal(origin.time_ms, rows[i].time_ms);
        assert_int_equal(origin.bot, rows[i].bot);
        buf_finish(&prefix);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
