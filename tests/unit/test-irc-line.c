#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/irc_line.h"
#include "bot/base/buf.h"
#include "bot/base/mem.h"

static const char *shown(struct irc_span span, char *ret, size_t cap)
{
    irc_span_copy(span, ret, cap);
    return ret;
}

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *line, *tags, *prefix, *command, *params; /* params joined by '|' */
    } rows[] = {
        {"PING", "", "", "PING", ""},
        {":a!b@c PRIVMSG #x :hello there", "", "a!b@c", "PRIVMSG", "#x|hello there"},
        {"@time=x;bot :a NOTICE b :", "time=x;bot", "a", "NOTICE", "b|"},
        {"CAP * LS :", "", "", "CAP", "*|LS|"},
        {":s  005   me  A=1   B :are", "", "s", "005", "me|A=1|B|are"},
        {"X a:b :c :d", "", "", "X", "a:b|c :d"},
        {"X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", "", "", "X",
         "1|2|3|4|5|6|7|8|9|10|11|12|13|14|15 16 17"},
        {"X :  blanks  ", "", "", "X", "  blanks  "},
        {"X a ", "", "", "X", "a"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct irc_line line;
        char text[600], params[600] = "";
        assert_true(irc_line_parse(rows[i].line, strlen(rows[i].line), &line));
        assert_string_equal(shown(line.tags, text, sizeof(text)), rows[i].tags);
        assert_string_equal(shown(line.prefix, text, sizeof(text)), rows[i].prefix);
        assert_string_equal(shown(line.command, text, sizeof(text)), rows[i].command);
        for (size_t p = 0, at = 0; p < line.count; p++) {
            at += (size_t)snprintf(params + at, sizeof(params) - at, "%s%s", p ? "|" : "",
                                   shown(line.params[p], text, sizeof(text)));
        }
        assert_string_equal(params, rows[i].params);
    }
}

static void test_parse_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    " ",     ":",      ":a",     ":a ", "@a",
                                      "@a ", "@a :b", "@a :b ", "a\rb c", "a\nb"};
    struct irc_line line;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(irc_line_parse(bad[i], strlen(bad[i]), &line));
    }
    assert_false(irc_line_parse("a\0b", 3, &line));
}

/* I2: '@' and blank count among the 8,191. */
static void test_parse_long_tags(void **state)
{
    (void)state;
    static char big[IRC_TAGS_MAX + 20];
    struct irc_line line;
    memset(big, 'x', sizeof(big));
    big[0] = '@';
    memcpy(big + IRC_TAGS_MAX - 1, " PING", 5);
    assert_true(irc_line_parse(big, IRC_TAGS_MAX + 4, &line));
    memcpy(big + IRC_TAGS_MAX - 1, "x PING", 6);
    assert_false(irc_line_parse(big, IRC_TAGS_MAX + 5, &line));
}

static void test_tags(void **state)
{
    (void)state;
    const char *text = "@a=1;b;c=x\\sy\\:z\\\\\\r\\n\\q\\;a=2;time= X";
    struct irc_line line;
    char value[32];
    assert_true(irc_line_parse(text, strlen(text), &line));
    assert_true(irc_line_tag(&line, "a", value, sizeof(value)));
    assert_string_equal(value, "2");
    assert_true(irc_line_tag(&line, "b", value, sizeof(value)));
    assert_string_equal(value, "");
    assert_true(irc_line_tag(&line, "c", value, sizeof(value)));
    assert_string_equal(value, "x y;z\\  q");
    assert_true(irc_line_tag(&line, "time", value, sizeof(value)));
    assert_false(irc_line_tag(&line, "bot", value, sizeof(value)));
    assert_false(irc_line_tag(&line, "c", value, 5));
}

static void test_time(void **state)
{
    (void)state;
    int64_t ms = 0;
    assert_true(irc_time_parse("1970-01-01T00:00:00.000Z", &ms));
    assert_int_equal(ms, 0);
    assert_true(irc_time_parse("2012-06-30T23:59:60.419Z", &ms));
    assert_int_equal(ms, 1341100800419);
    assert_true(irc_time_parse("2024-02-29T12:34:56.789Z", &ms));
    assert_int_equal(ms, 1709210096789);
    static const char *const bad[] = {"",
                                      "2012-06-30T23:59:59Z",
                                      "2012-06-30 23:59:59.419Z",
                                      "2012-13-30T23:59:59.419Z",
                                      "2012-06-30T24:59:59.419Z",
                                      "2012-06-30T23:59:59.419Zx",
                                      "2012-06-30T23:59:59.4",
                                      "-012-06-30T23:59:59.419Z"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(irc_time_parse(bad[i], &ms));
    }
    assert_int_equal(ms, 1709210096789); /* untouched by failures */
}

static void test_prefix(void **state)
{
    (void)state;
    static const struct {
        const char *prefix, *nick, *user, *host;
    } rows[] = {
        {"a!b@c", "a", "b", "c"},
        {"irc.example", "irc.example", "", ""},
        {"a@c", "a", "", "c"},
        {"a!b", "a", "b", ""},
        {"", "", "", ""},
        {"!@", "", "", ""},
        {"a!b@c!d@e", "a", "b", "c!d@e"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[64];
        struct irc_prefix got =
            irc_prefix_parse((struct irc_span){rows[i].prefix, strlen(rows[i].prefix)});
        assert_string_equal(shown(got.nick, text, sizeof(text)), rows[i].nick);
        assert_string_equal(shown(got.user, text, sizeof(text)), rows[i].user);
        assert_string_equal(shown(got.host, text, sizeof(text)), rows[i].host);
    }
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_format(void **state)
{
    (void)state;
    char line[IRC_LINE_MAX + 1], long_text[600];
    assert_true(irc_line_format(line, WORDS("PRIVMSG", "#a"), "hi :there"));
    assert_string_equal(line, "PRIVMSG #a :hi :there\r\n");
    assert_true(irc_line_format(line, WORDS("QUIT"), NULL));
    assert_string_equal(line, "QUIT\r\n");
    /* I16, C6: nothing begins a second line. */
    assert_true(irc_line_format(line, WORDS("PRIVMSG", "#a"), "hi\r\nQUIT :pwned\n"));
    assert_string_equal(line, "PRIVMSG #a :hi  QUIT :pwned \r\n");
    assert_false(irc_line_format(line, WORDS("PRIVMSG", "#a b"), "x"));
    assert_string_equal(line, "");
    assert_false(irc_line_format(line, WORDS("PRIVMSG", "#a\rQUIT"), "x"));
    assert_false(irc_line_format(line, WORDS("PRIVMSG", ""), "x"));
    assert_false(irc_line_format(line, WORDS("PRIVMSG", ":x"), "x"));
    assert_false(irc_line_format(line, (const char *const[]){NULL}, "x"));
    memset(long_text, 'x', sizeof(long_text));
    long_text[IRC_LINE_MAX - 2 - strlen("PRIVMSG #a :")] = '\0';
    assert_true(irc_line_format(line, WORDS("PRIVMSG", "#a"), long_text));
    assert_int_equal(strlen(line), IRC_LINE_MAX);
    long_text[strlen(long_text)] = 'x';
    long_text[IRC_LINE_MAX - 1 - strlen("PRIVMSG #a :")] = '\0';
    assert_false(irc_line_format(line, WORDS("PRIVMSG", "#a"), long_text));
}

/* Onto what is there already; what is no line leaves it alone. */
static void test_append(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    irc_line_append(&out, WORDS("PONG"), "a b");
    irc_line_append(&out, WORDS("JOIN", "#a b"), NULL);
    irc_line_append(&out, WORDS("JOIN", "#a"), NULL);
    assert_string_equal(out.data, "PONG :a b\r\nJOIN #a\r\n");
    buf_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_parse_long_tags),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_append),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
