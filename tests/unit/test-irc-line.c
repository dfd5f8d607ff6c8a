#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/irc_channels.h"
#include "adapters/irc_line.h"
#include "adapters/irc_pace.h"
#include "adapters/irc_sasl.h"
#include "adapters/irc_text.h"
#include "bot/base/error.h"
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

static void test_sasl(void **state)
{
    (void)state;
    char encoded[IRC_SASL_MAX];
    assert_true(irc_sasl_plain("jilles", "sesame", encoded)); /* the example of sasl-3.1.md */
    assert_string_equal(encoded, "amlsbGVzAGppbGxlcwBzZXNhbWU=");
    assert_true(irc_sasl_external("", encoded));
    assert_string_equal(encoded, "");
    assert_true(irc_sasl_external("a", encoded));
    assert_string_equal(encoded, "YQ==");
    assert_true(irc_sasl_external("ab", encoded));
    assert_string_equal(encoded, "YWI=");
    assert_true(irc_sasl_external("abc", encoded));
    assert_string_equal(encoded, "YWJj");
    static char big[IRC_SASL_MAX];
    memset(big, 'x', sizeof(big) - 1);
    assert_false(irc_sasl_plain("u", big, encoded));
    assert_string_equal(encoded, "");
    assert_false(irc_sasl_external(big, encoded));
    assert_true(irc_sasl_lists("PLAIN,EXTERNAL", "EXTERNAL"));
    assert_false(irc_sasl_lists("PLAINTEXT,XPLAIN", "PLAIN"));
    assert_false(irc_sasl_lists("", "PLAIN"));
}

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
    for (int i = 0; i < 9; i++) {
        irc_pace_slower(&pace);
    }
    assert_int_equal(pace.slowness, IRC_PACE_SLOWEST);
    for (int i = 0; i < 9; i++) {
        irc_pace_faster(&pace);
    }
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
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_parse_long_tags),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_support),
        cmocka_unit_test(test_casemap),
        cmocka_unit_test(test_strip),
        cmocka_unit_test(test_addressed),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_sasl),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_throttle),
        cmocka_unit_test(test_channels),
        cmocka_unit_test(test_kicks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
