#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/null.h"
#include "bot/base/mem.h"
#include "bot/host/announce.h"
#include "tests/unit/switchboard.h"

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text, *adapter, *place;
    } rows[] = {{"discord", "discord", ""},
                {"irc libera, #team", "irc libera", "#team"},
                {" slack ,  C1 ", "slack", "C1"},
                {"slack,", "slack", ""}};
    struct announce_target target;
    char long_name[ANNOUNCE_NAME_MAX + 1];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_true(announce_parse(rows[i].text, &target));
        assert_string_equal(target.adapter, rows[i].adapter);
        assert_string_equal(target.place, rows[i].place);
    }
    memset(long_name, 'a', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    assert_false(announce_parse("", &target));
    assert_false(announce_parse(", #team", &target));
    assert_false(announce_parse(long_name, &target));
}

/* A verdict is told in the other place, in the same turn; the answer comes anyway. */
static void test_announced(void **state)
{
    (void)state;
    struct message asks = message("C1", choice), thanks = message("C1", "thanks!");
    asks.announce = thanks.announce = "irc a, #team";
    asks.subject = thanks.subject = "acme/shop 12";
    assert_int_equal(say(&asks), SETTLED_ANSWERED);
    assert_int_equal(slack->sent_count, 1);
    assert_int_equal(irc->sent_count, 1);
    assert_string_equal(irc->sent[0].address, "#team");
    assert_non_null(strstr(irc->sent[0].payload, "acme/shop 12: Node.js"));
    assert_int_equal(say(&thanks), SETTLED_ANSWERED);
    struct message nowhere = message("C2", choice), no_place = message("C3", choice);
    nowhere.person = "someone else";
    no_place.person = "a third one";
    nowhere.announce = "irc b, #team";
    no_place.announce = "irc a";
    nowhere.subject = no_place.subject = "x";
    assert_int_equal(say(&nowhere), SETTLED_ANSWERED);
    assert_int_equal(say(&no_place), SETTLED_ANSWERED);
    assert_int_equal(irc->sent_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test_setup_teardown(test_announced, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, open_program, close_program);
}
