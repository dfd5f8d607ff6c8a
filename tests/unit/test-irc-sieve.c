#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/irc_sieve.h"
#include "adapters/irc_support.h"
#include "bot/base/buf.h"
#include "bot/base/mem.h"

/* What libircclient sees of a line; "" nothing. */
static void check(const char *said, const char *seen)
{
    struct irc_support support;
    struct irc_line line;
    struct buf out;
    irc_support_init(&support);
    buf_init(&out, IRC_CLIENT_LINE_MAX);
    assert_true(irc_line_parse(said, strlen(said), &line));
    assert_int_equal(irc_sieve_pass(&support, &line, &out), *seen != '\0');
    assert_string_equal(out.len ? out.data : "", seen);
    buf_finish(&out);
}

static void test_lines_to_the_client(void **state)
{
    (void)state;
    static const struct {
        const char *said, *seen;
    } rows[] = {
        {"FOO", ":server FOO :\r\n"},      /* without a parameter it would read past the line */
        {"NICK x", ":server NICK :x\r\n"}, /* without a prefix it would crash */
        {":a!b@c JOIN #x", ":a!b@c JOIN :#x\r\n"},
        {":a!b@c KICK #x  whether :for  this", ":a!b@c KICK #x whether :for  this\r\n"},
        {":s 005 me 1 2 3 4 5 6 7 8 9 10 11 :are", ":s 005 me 1 2 3 4 5 6 7 8 :9 10 11 are\r\n"},
        {":a!b@c PRIVMSG #x :hello", ":a!b@c PRIVMSG #x :hello\r\n"},
        {"@time=1970-01-01T00:00:01.000Z;bot;msgid=m :a!b@c PRIVMSG #x :hi", /* C13 */
         ":a!b@c\x1f"
         "1000\x1f"
         "B\x1fm PRIVMSG #x :hi\r\n"},
        {"@time=nonsense;msgid=a\\sb :a!b@c JOIN #x", ":a!b@c\x1f\x1f\x1f JOIN :#x\r\n"},
        {":a\x1f"
         "9\x1f"
         "B!b@c PRIVMSG #x :forged",
         ":a?9?B!b@c PRIVMSG #x :forged\r\n"},
        {":a!b@c PRIVMSG whether :\x01", ""}, /* C15 */
        {":a!b@c PRIVMSG whether :\x01\x01", ""},
        {":a!b@c NOTICE whether :\x01", ""},
        {":a!b@c NOTICE whether :\x01VERSION x\x01", ""},
        {":a!b@c NOTICE", ""},
        {":a!b@c NOTICE whether", ""},
        {":a!b@c PRIVMSG whether", ""},
        {":a!b@c PRIVMSG whether :\x01VERSION\x01", ":a!b@c PRIVMSG whether :\x01VERSION\x01\r\n"},
        {":a!b@c PRIVMSG whether :\x01VERSION",
         ":a!b@c PRIVMSG whether :\x01VERSION\x01\r\n"}, /* I10 */
        {":a!b@c PRIVMSG #x :\x01VERSION\x01", ""},
        {":a!b@c PRIVMSG @#x :\x01VERSION\x01", ""},
        {":a!b@c PRIVMSG whether :\x01"
         "DCC SEND x 1 2 3\x01",
         ""},
        {":a!b@c PRIVMSG whether :\x01"
         "dcc chat x 1 2\x01",
         ""},
        {":a!b@c PRIVMSG #x :\x01"
         "ACTION asks\x01",
         ":a!b@c PRIVMSG #x :asks\r\n"},
        {":a!b@c PRIVMSG #x :\x01"
         "ACTION asks",
         ":a!b@c PRIVMSG #x :asks\r\n"},
        /* What an ACTION holds is text, whatever it looks like. */
        {":a!b@c PRIVMSG #x :\x01"
         "ACTION \x01VERSION\x01\x01",
         ":a!b@c PRIVMSG #x :VERSION\x01\r\n"},
        {":a!b@c PRIVMSG whether :\x01"
         "ACTION \x01\x01"
         "DCC CHAT chat 1 2\x01\x01",
         ":a!b@c PRIVMSG whether :DCC CHAT chat 1 2\x01\r\n"},
        {":a!b@c PRIVMSG whether :\x01"
         "ACTION \x01\x01",
         ":a!b@c PRIVMSG whether :\r\n"},
        {":a!b@c PRIVMSG whether :\x01"
         "ACTION \x01",
         ":a!b@c PRIVMSG whether :\r\n"},
        /* libircclient looks at three digits and no further: this would be a welcome. */
        {":s 0010x whether :hi", ""},
        {":s 001x whether :hi", ""},
        {":s 01 whether :hi", ""},
        {":s PRIV\xffMSG whether :hi", ""},
        {":s 001 whether :hi", ":s 001 whether :hi\r\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check(rows[i].said, rows[i].seen);
    }
}

/* C12: what would be too long for libircclient when written anew does not pass. */
static void test_grown_too_long(void **state)
{
    (void)state;
    enum { MSGID = 100, NAMES = 1100 };
    char said[2 * IRC_CLIENT_LINE_MAX], id[MSGID + 1], name[NAMES + 1];
    struct irc_support support;
    struct buf out;
    memset(id, 'm', MSGID);
    id[MSGID] = '\0';
    memset(name, 'x', NAMES);
    irc_support_init(&support);
    buf_init(&out, 2 * IRC_CLIENT_LINE_MAX);
    size_t passed = 0;
    for (int len = 1; len <= NAMES; len++) {
        struct irc_line line;
        snprintf(said, sizeof(said), "@msgid=%s :a!b@c JOIN #%.*s", id, len, name);
        assert_true(irc_line_parse(said, strlen(said), &line));
        passed += irc_sieve_pass(&support, &line, &out);
        assert_true(out.len <= IRC_CLIENT_LINE_MAX);
        buf_clear(&out);
    }
    /* Three separators, and the id. */
    assert_int_equal(passed, IRC_CLIENT_LINE_MAX - strlen(":a!b@c JOIN :#\r\n") - 3 - MSGID);
    buf_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_to_the_client),
        cmocka_unit_test(test_grown_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
