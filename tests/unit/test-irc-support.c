#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/irc_support.h"
#include "bot/base/mem.h"

static void read_support(struct irc_support *support, const char *text)
{
    struct irc_line line;
    assert_true(irc_line_parse(text, strlen(text), &line));
    irc_support_read(support, &line);
}

static void test_support(void **state)
{
    (void)state;
    struct irc_support support;
    irc_support_init(&support);
    assert_int_equal(support.casemap, IRC_RFC1459);
    assert_int_equal(support.bot_mode, 0);
    read_support(&support, ":s 005 BOT=x A=1 B=2 C=3 D=4 E=5 F=6 G=7 H=8 I=9 CASEMAPPING=ascii "
                           "CHANTYPES=# NICKLEN=30 BOT=B :are supported");
    assert_int_equal(support.casemap, IRC_ASCII);
    assert_string_equal(support.channel_types, "#");
    assert_int_equal(support.nick_len, 30);
    assert_int_equal(support.bot_mode, 'B');
    read_support(&support,
                 ":s 005 me CASEMAPPING=unheard NICKLEN=abc BOT=xyz NICKLEN=1 STATUSMSG=~& :x");
    assert_int_equal(support.casemap, IRC_ASCII);
    assert_int_equal(support.nick_len, 30);
    assert_int_equal(support.bot_mode, 0);
    assert_string_equal(irc_support_channel(&support, "#a"), "#a");
    assert_string_equal(irc_support_channel(&support, "~#a"), "#a");
    assert_null(irc_support_channel(&support, "@#a"));
    assert_null(irc_support_channel(&support, "nick"));
    assert_null(irc_support_channel(&support, ""));
    assert_null(irc_support_channel(&support, "~"));
}

/* One that we do not know: whoever has it, "[" is not "{" there, and two people are not one. */
static void test_unknown_casemap(void **state)
{
    (void)state;
    struct irc_support support;
    irc_support_init(&support);
    read_support(&support, ":s 005 me CASEMAPPING=rfc8265 :are supported");
    assert_int_equal(support.casemap, IRC_ASCII);
    read_support(&support, ":s 005 me CASEMAPPING=rfc1459 :are supported");
    assert_int_equal(support.casemap, IRC_RFC1459);
}

static void test_casemap(void **state)
{
    (void)state;
    assert_true(irc_same(IRC_RFC1459, "A[]\\~", "a{}|^"));
    assert_true(irc_same(IRC_RFC1459_STRICT, "A[]\\", "a{}|"));
    assert_false(irc_same(IRC_RFC1459_STRICT, "~", "^"));
    assert_false(irc_same(IRC_ASCII, "[", "{"));
    assert_true(irc_same(IRC_ASCII, "ABC", "abc"));
    assert_false(irc_same(IRC_RFC1459, "abc", "abcd"));
    assert_false(irc_same(IRC_RFC1459, "abcd", "abc"));
    char text[] = "Bot[X]~";
    irc_fold(IRC_RFC1459, text);
    assert_string_equal(text, "bot{x}^");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_support),
        cmocka_unit_test(test_unknown_casemap),
        cmocka_unit_test(test_casemap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
