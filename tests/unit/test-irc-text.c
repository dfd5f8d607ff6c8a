#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/irc_text.h"
#include "bot/base/mem.h"

static void test_strip(void **state)
{
    (void)state;
    static const struct {
        const char *text, *plain;
    } rows[] = {
        {"plain", "plain"},
        {"\x02"
         "bold\x02 \x1d\x1f\x1e\x11\x16\x0f.",
         "bold ."},
        {"\x03"
         "4red\x03",
         "red"},
        {"\x03"
         "04,12x",
         "x"},
        {"\x03"
         "123x",
         "3x"},
        {"\x03,5x", ",5x"},
        {"\x03"
         "1,x",
         ",x"},
        {"\x04"
         "ff0000x",
         "x"},
        {"\x04"
         "ff0000,00ff00x",
         "x"},
        {"a\tb\x7f\x01", "a b"},
        {"\x03", ""},
        {"\xc3\xbc\xff", "\xc3\xbc\xff"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[64];
        snprintf(text, sizeof(text), "%s", rows[i].text);
        text[irc_text_strip(text, strlen(text))] = '\0';
        assert_string_equal(text, rows[i].plain);
    }
}

static void test_addressed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rest;
    } rows[] = {
        {"whether: a", "a"},   {"Whether, a", "a"},
        {"@whether a", "a"},   {"@whether: a", "a"},
        {"  whether:a", "a"},  {"@whether", ""},
        {"whether:", ""},      {"whether to use it", NULL},
        {"whether", NULL},     {"whethers: a", NULL},
        {"@whethers a", NULL}, {"so whether: a", NULL},
        {"wheth", NULL},       {"", NULL},
        {"@", NULL},           {"@@whether a", NULL},
        {"whether_: a", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *rest = irc_text_addressed(rows[i].text, "whether", IRC_RFC1459);
        if (rows[i].rest) {
            assert_non_null(rest);
            assert_string_equal(rest, rows[i].rest);
        } else {
            assert_null(rest);
        }
    }
    assert_non_null(irc_text_addressed("BOT{: x", "bot[", IRC_RFC1459));
    assert_null(irc_text_addressed("BOT{: x", "bot[", IRC_ASCII));
    assert_null(irc_text_addressed(": x", "", IRC_ASCII));
}

static void test_split(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t max;
        const char *lines; /* joined by '|' */
    } rows[] = {
        {"one two three", 100, "one two three"},
        {"one two three", 8, "one two|three"},
        {"one two three", 7, "one two|three"},
        {"one two three", 6, "one|two|three"},
        {"unbreakable", 4, "unbr|eaka|ble"},
        {"a\n\nb \n c", 10, "a|b |c"},
        {"  lead", 10, "lead"},
        {"\xc3\xbc\xc3\xbc\xc3\xbc", 5, "\xc3\xbc\xc3\xbc|\xc3\xbc"},
        {"\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 7, "\xf0\x9f\x98\x80|\xf0\x9f\x98\x80"},
        {"\xff\xff\xff\xff\xff", 4, "\xff\xff\xff\xff|\xff"},
        {"a   b", 4, "a|b"},
        {"", 10, ""},
        {"\n \n", 10, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char got[200] = "";
        size_t at = 0, len = 0;
        for (struct irc_span piece;
             irc_text_split(rows[i].text, strlen(rows[i].text), rows[i].max, &at, &piece);) {
            assert_true(piece.len > 0 && piece.len <= rows[i].max);
            len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%.*s", len ? "|" : "",
                                    (int)piece.len, piece.at);
        }
        assert_string_equal(got, rows[i].lines);
    }
}

static void test_room(void **state)
{
    (void)state;
    const char *prefix = ":whether!w@host.example ";
    size_t room = irc_text_room(strlen(prefix), "whether", "PRIVMSG", "#a");
    assert_int_equal(strlen(prefix) + strlen("PRIVMSG #a :") + room + 2, IRC_LINE_MAX);
    assert_int_equal(irc_text_room(0, "whether", "PRIVMSG", "#a"),
                     IRC_LINE_MAX - 2 - (1 + 7 + 1 + 10 + 1 + 63 + 1) - strlen("PRIVMSG #a :"));
    assert_int_equal(irc_text_room(600, "whether", "PRIVMSG", "#a"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strip),
        cmocka_unit_test(test_addressed),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
