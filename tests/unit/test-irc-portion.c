#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/irc_portion.h"
#include "bot/base/mem.h"

static const struct irc_voice voice = {
    .nick = "whether", .command = "PRIVMSG", .prefix_len = sizeof(":whether!w@h ") - 1};

static void begin(struct irc_portion *portion, const char *text, const char *target,
                  const char *nick)
{
    irc_portion_init(portion, text, strlen(text));
    snprintf(portion->target, sizeof(portion->target), "%s", target);
    snprintf(portion->nick, sizeof(portion->nick), "%s", nick);
}

/* Exactly these lines ("" ends them), and then it is done. */
static void expect(struct irc_portion *portion, const char *const *lines)
{
    char line[IRC_LINE_MAX + 1];
    for (; **lines; lines++) {
        assert_false(irc_portion_done(portion));
        assert_true(irc_portion_next(portion, &voice, line));
        assert_string_equal(line, *lines);
    }
    assert_true(irc_portion_done(portion));
}

static void test_five_lines_and_the_rest(void **state)
{
    (void)state;
    static const char *const first[] = {"PRIVMSG #a :alice: 1\r\n",
                                        "PRIVMSG #a :2\r\n",
                                        "PRIVMSG #a :3\r\n",
                                        "PRIVMSG #a :4\r\n",
                                        "PRIVMSG #a :5 (say \"more\" for the rest)\r\n",
                                        ""};
    struct irc_portion portion, rest;
    begin(&portion, "1\n2\n3\n4\n5\n6\n7", "#a", "alice");
    expect(&portion, first);
    static const char *const second[] = {"PRIVMSG #a :6\r\n", "PRIVMSG #a :7\r\n", ""};
    begin(&rest, portion.text.data + portion.at, "#a", "");
    expect(&rest, second);
    irc_portion_finish(&portion);
    irc_portion_finish(&rest);
}

/* A sixth line that is the last is better than a hint, also where it could not be sent at once. */
static void test_one_more(void **state)
{
    (void)state;
    struct irc_portion portion;
    char line[IRC_LINE_MAX + 1];
    begin(&portion, "1\n2\n3\n4\n5\n6", "bob", "");
    for (unsigned i = 1; i < IRC_PORTION_LINES; i++) {
        assert_true(irc_portion_next(&portion, &voice, line));
    }
    assert_true(irc_portion_next(&portion, &voice, line));
    assert_string_equal(line, "PRIVMSG bob :5\r\n");
    const struct irc_portion before = portion;
    assert_true(irc_portion_next(&portion, &voice, line));
    portion = before;
    assert_false(irc_portion_done(&portion));
    assert_true(irc_portion_next(&portion, &voice, line));
    assert_string_equal(line, "PRIVMSG bob :6\r\n");
    assert_true(irc_portion_done(&portion));
    irc_portion_finish(&portion);
}

/* I1: with nick and hint, and as others see it, each line is as long as it may be. */
static void test_full_lines(void **state)
{
    (void)state;
    struct irc_portion portion;
    char text[IRC_PORTION_BYTES], line[IRC_LINE_MAX + 1];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    begin(&portion, text, "#a", "alice");
    for (int i = 0; !irc_portion_done(&portion); i++) {
        assert_true(irc_portion_next(&portion, &voice, line));
        assert_int_equal(voice.prefix_len + strlen(line), IRC_LINE_MAX);
        assert_true(i < IRC_PORTION_LINES);
    }
    assert_non_null(strstr(line, "(say \"more\" for the rest)\r\n"));
    irc_portion_finish(&portion);
}

static void test_nothing_to_say(void **state)
{
    (void)state;
    struct irc_portion portion;
    char line[IRC_LINE_MAX + 1];
    begin(&portion, "\n \n", "#a", "");
    assert_false(irc_portion_next(&portion, &voice, line));
    irc_portion_finish(&portion);
    begin(&portion, "text", "no target", "");
    assert_false(irc_portion_next(&portion, &voice, line));
    irc_portion_finish(&portion);
    irc_portion_finish(&portion);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_five_lines_and_the_rest),
        cmocka_unit_test(test_one_more),
        cmocka_unit_test(test_full_lines),
        cmocka_unit_test(test_nothing_to_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
