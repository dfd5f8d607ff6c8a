/* reader/text: any bytes to plain text, and what the markup meant. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/mem.h"
#include "bot/base/utf8.h"
#include "bot/reader/text.h"

static struct text text;

static void read_string(const char *bytes)
{
    text_read(&text, bytes, strlen(bytes));
}

/* Words with one blank between them, "|" where a line ends: how many blanks stay is no promise. */
static const char *squeezed(void)
{
    static char out[TEXT_NORMAL_MAX];
    size_t len = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        char c = text.normal[i];
        bool blank = c == ' ' && (len == 0 || out[len - 1] == ' ' || out[len - 1] == '|');
        if (c == '\n') {
            len -= len > 0 && out[len - 1] == ' ';
            out[len++] = '|';
        } else if (!blank) {
            out[len++] = c;
        }
    }
    len -= len > 0 && out[len - 1] == '|';
    out[len] = '\0';
    return out;
}

static void test_plain_text(void **state)
{
    (void)state;
    static const struct {
        const char *what, *bytes, *expected;
    } rows[] = {
        {"nothing", "", ""},
        {"blanks alone", " \t  ", ""},
        {"capitals", "We use REACT", "we use react"},
        {"lines", "one\ntwo", "one|two"},
        {"CR LF", "one\r\ntwo\r\n", "one|two"},
        {"a blank line makes no line of its own", "one\n\n\ntwo", "one|two"},
        {"tabs and runs of blanks", "one\t\ttwo   three", "one two three"},
        {"marks", "\xc3\x89t\xc3\xa9 na\xc3\xafve", "ete naive"},
        {"a mark as a character of its own", "cafe\xcc\x81", "cafe"},
        {"sharp s",
         "Stra\xc3\x9f"
         "e",
         "strasse"},
        {"ligature", "\xef\xac\x81le", "file"},
        {"full width", "\xef\xbc\xae\xef\xbc\xaf", "no"},
        {"typographic apostrophe", "don\xe2\x80\x99t", "don't"},
        {"typographic quotation marks", "\xe2\x80\x9cyes\xe2\x80\x9d", "\"yes\""},
        {"guillemets", "\xc2\xabyes\xc2\xbb", "\"yes\""},
        {"en and em dash", "one\xe2\x80\x93two\xe2\x80\x94three", "one - two - three"},
        {"no-break blank", "one\xc2\xa0two", "one two"},
        {"zero-width space vanishes",
         "re\xe2\x80\x8b"
         "act",
         "react"},
        {"other scripts stay", "\xd0\x9f\xd1\x80\xd0\xb8", "\xd0\xbf\xd1\x80\xd0\xb8"},
        {"emoji say nothing",
         "so\xf0\x9f\x99\x82 it is \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", "so it is"},
        {"a cross says no", "chat \xe2\x9d\x8c", "chat no"},
        {"a bad byte parts words", "one\xfftwo", "one two"},
        {"a cut sequence at the end", "one\xe2\x82", "one"},
        {"an overlong slash", "one\xc0\xaftwo", "one two"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        read_string(rows[i].bytes);
        if (strcmp(squeezed(), rows[i].expected) != 0) {
            fail_msg("%s: got \"%s\"", rows[i].what, squeezed());
        }
    }
}

static void test_markup(void **state)
{
    (void)state;
    static const struct {
        const char *what, *bytes, *expected;
    } rows[] = {
        {"bold", "so **very** good", "so very good"},
        {"italics with stars", "so *very* good", "so very good"},
        {"italics with underscores", "so _very_ good", "so very good"},
        {"underscores inside a name stay", "a snake_case name", "a snake_case name"},
        {"strike-through keeps the words", "so ~~very~~ good", "so very good"},
        {"one tilde is no markup", "~100 users", "~100 users"},
        {"a Markdown link", "see [the docs](https://example.org/react) now", "see the docs now"},
        {"brackets alone", "see [the docs] now", "see [the docs] now"},
        {"an address", "see https://example.org/react now", "see now"},
        {"an address without a scheme", "see www.example.org/react now", "see now"},
        {"a word that begins like one", "http is fine", "http is fine"},
        {"a Slack link with a text", "see <https://example.org|the docs> now", "see the docs now"},
        {"a bare Slack link", "see <https://example.org/react> now", "see now"},
        {"a Slack user", "<@U024BE7LH> hello", "hello"},
        {"Slack's here", "<!here> hello", "hello"},
        {"a mention", "@whether hello", "hello"},
        {"a mail address is no mention", "ask me@example.org", "ask me@example.org"},
        {"entities", "a &lt; b &amp; c &gt; d", "a < b & c > d"},
        {"an unknown entity stays", "a &copy b", "a &copy b"},
        {"less than", "a < b", "a < b"},
        {"an HTML comment", "one <!-- react --> two", "one two"},
        {"a comment over lines", "one <!-- react\nvue --> two", "one|two"},
        {"a comment without an end", "one <!-- react", "one"},
        {"IRC bold, italics, underline", "\x02one\x02 \x1dtwo\x1d \x1fthree\x0f", "one two three"},
        {"IRC colours",
         "\x03"
         "04,12one\x03 two",
         "one two"},
        {"an IRC colour keeps a comma after it",
         "\x03"
         "4, one",
         ", one"},
        {"an IRC hex colour",
         "\x04"
         "ff0000one\x04",
         "one"},
        {"quote signs", "> > one\n>two", "one|two"},
        {"a quote sign as an entity", "&gt; one", "one"},
        {"bullets", "- one\n* two\n+ three\n\xe2\x80\xa2 four", "one|two|three|four"},
        {"numbers", "1. one\n2) two\n(3) three", "one|two|three"},
        {"a number in a sentence", "3 users", "3 users"},
        {"check boxes", "- [ ] one\n- [x] two", "one|two"},
        {"headings", "# one\n### two", "one|two"},
        {"a hash inside a line", "c# and #5", "c# and #5"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        read_string(rows[i].bytes);
        if (strcmp(squeezed(), rows[i].expected) != 0) {
            fail_msg("%s: got \"%s\"", rows[i].what, squeezed());
        }
    }
}

static void test_attributes(void **state)
{
    (void)state;
    enum { NONE = 0 };
    static const struct {
        const char *what, *bytes, *word;
        uint8_t attr;
    } rows[] = {
        {"plain", "one two", "two", NONE},
        {"a quotation", "> one\ntwo", "one", TEXT_QUOTE},
        {"after a quotation", "> one\ntwo", "two", NONE},
        {"a quotation in a list", "- > one", "one", TEXT_QUOTE},
        {"code between backticks", "run `npm start` now", "npm", TEXT_CODE},
        {"after code between backticks", "run `npm start` now", "now", NONE},
        {"one word between backticks is emphasis", "use `react` now", "react", NONE},
        {"a lone backtick", "it`s one", "one", NONE},
        {"a fenced block", "```\none\n```\ntwo", "one", TEXT_CODE},
        {"a fenced block with a language", "```js\none\n```\ntwo", "one", TEXT_CODE},
        {"after a fenced block", "```\none\n```\ntwo", "two", NONE},
        {"a fence of tildes", "~~~\none\n~~~\ntwo", "one", TEXT_CODE},
        {"struck out", "a ~~one~~ two", "one", TEXT_STRUCK},
        {"after what is struck out", "a ~~one~~ two", "two", NONE},
        {"strike-through without an end", "a ~~one two", "one", NONE},
        {"strike-through ends with its line", "a ~~one\ntwo~~ b", "two", NONE},
        {"struck out in a quotation", "> ~~one~~", "one", TEXT_QUOTE | TEXT_STRUCK},
        {"a capital", "One two", "one", TEXT_UPPER},
        {"a capital beyond ASCII", "\xc3\x89t\xc3\xa9", "ete", TEXT_UPPER},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        read_string(rows[i].bytes);
        const char *at = strstr(text.normal, rows[i].word);
        if (!at || text.attr[at - text.normal] != rows[i].attr) {
            fail_msg("%s: got %d", rows[i].what, at ? text.attr[at - text.normal] : -1);
        }
    }
}

#define LONG_LINE "this line is long enough that a mail program would have wrapped it here"

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *what, *bytes;
        uint32_t line;
        uint8_t has, lacks;
    } rows[] = {
        {"plain", "one", 0, 0, LINE_ITEM | LINE_HEADING | LINE_COLON | LINE_SOFT},
        {"an item", "- one", 0, LINE_ITEM, LINE_HEADING},
        {"a numbered item", "1. one", 0, LINE_ITEM, LINE_HEADING},
        {"a done item", "- [x] one", 0, LINE_ITEM | LINE_DONE, 0},
        {"an open item", "- [ ] one", 0, LINE_ITEM, LINE_DONE},
        {"a dash inside a line", "one - two", 0, 0, LINE_ITEM},
        {"a heading", "## one", 0, LINE_HEADING, LINE_ITEM},
        {"a bold line with a colon", "**one:**\ntwo", 0, LINE_HEADING | LINE_COLON, 0},
        {"a bold line", "**one** \ntwo", 0, LINE_HEADING, LINE_COLON},
        {"a bold line after a long one", LONG_LINE "\n**one**", 1, LINE_HEADING, LINE_SOFT},
        {"bold words that begin a line", "**one** two", 0, 0, LINE_HEADING},
        {"four stars", "****\ntwo", 0, 0, LINE_HEADING},
        {"a line that is long by its blanks",
         "one                                        "
         "                                  two\nthree",
         1, 0, LINE_SOFT},
        {"a colon", "one:\ntwo", 0, LINE_COLON, LINE_HEADING},
        {"a colon inside", "one: two", 0, 0, LINE_COLON},
        {"after a blank line", "one\n\ntwo", 1, LINE_PARAGRAPH, LINE_SOFT},
        {"after a line", "one\ntwo", 1, 0, LINE_PARAGRAPH | LINE_SOFT},
        {"after a fenced block", "one\n```\nx\n```\ntwo", 2, LINE_PARAGRAPH, LINE_SOFT},
        {"a wrapped line", LONG_LINE "\nand it goes on", 1, LINE_SOFT, LINE_PARAGRAPH},
        {"after a full stop", LONG_LINE ".\nand it goes on", 1, 0, LINE_SOFT},
        {"an item after a long line", LONG_LINE "\n- and it goes on", 1, LINE_ITEM, LINE_SOFT},
        {"a blank line after a long line", LONG_LINE "\n\nand more", 1, LINE_PARAGRAPH, LINE_SOFT},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        read_string(rows[i].bytes);
        uint8_t flags = text.line_count > rows[i].line ? text.lines[rows[i].line].flags : 0xFF;
        if ((flags & rows[i].has) != rows[i].has || (flags & rows[i].lacks)) {
            fail_msg("%s: got %#x of %u lines", rows[i].what, flags, (unsigned)text.line_count);
        }
    }
}

static void test_mentions(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        unsigned mentions;
    } rows[] = {
        {"hello", 0},           {"@ada hello", 1},         {"@ada @bob hello", 2},
        {"me@example.org", 0},  {"<@U1> hello", 1},        {"<!here> hello", 1},
        {"<https://a.b/c>", 0}, {"<https://a.b|@ada>", 0}, {"at @ noon", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        read_string(rows[i].bytes);
        if (rows[i].mentions != text.mentions && strchr(rows[i].bytes, '|') == NULL) {
            fail_msg("%s: got %u", rows[i].bytes, text.mentions);
        }
    }
}

/* What holds of any text: bounds, valid UTF-8, and sources that never go back. */
static void check_promises(size_t size)
{
    assert_true(text.len < TEXT_NORMAL_MAX);
    assert_true(text.line_count <= TEXT_LINES_MAX);
    for (uint32_t i = 0; i < text.len;) {
        size_t step = utf8_length(text.normal + i, text.len - i);
        bool cut = text.truncated && text.len - i < 4;
        assert_true(step > 0 || cut);
        i += step > 0 ? (uint32_t)step : 1;
    }
    for (uint32_t i = 0; i < text.len; i++) {
        assert_true(text.source[i] <= size);
        assert_true(i == 0 || text.source[i - 1] <= text.source[i]);
        assert_true(text.normal[i] != '\0' && text.normal[i] != '\r');
    }
    for (uint32_t i = 0; i < text.line_count; i++) {
        assert_true(text.lines[i].start <= text.len);
        assert_true(i == 0 || text.lines[i - 1].start <= text.lines[i].start);
    }
}

static const char nasty[] = "# A\xc3\x89\r\n> - [x] `b c` ~~d~~ <https://e|f> <@G> &amp;h [i](j)\n"
                            "```\nk\n```\n<!-- l\nm --> \x03"
                            "4,5n \x04"
                            "ffffffo @p www.q __r__\n"
                            "1) \xe2\x80\x9cs\xe2\x80\x9d\xe2\x80\x94\xf0\x9f\x98\x80 \xff\xc0\xaf";

static void test_every_prefix_and_suffix(void **state)
{
    (void)state;
    size_t len = sizeof(nasty) - 1;
    for (size_t cut = 0; cut <= len; cut++) {
        /* Copies of the exact size, so that a sanitizer sees a read past the end. */
        char *prefix = malloc(cut + 1), *suffix = malloc(len - cut + 1);
        assert_non_null(prefix);
        assert_non_null(suffix);
        memcpy(prefix, nasty, cut);
        memcpy(suffix, nasty + cut, len - cut);
        text_read(&text, prefix, cut);
        check_promises(cut);
        text_read(&text, suffix, len - cut);
        check_promises(len - cut);
        free(prefix);
        free(suffix);
    }
}

static void test_all_short_inputs(void **state)
{
    (void)state;
    static const char letters[] = "a<>!-`~[]()#*_@&|\n \x03\xe2";
    const size_t base = sizeof(letters) - 1;
    for (size_t n = 0; n < base * base * base * base; n++) {
        char bytes[4];
        size_t rest = n;
        for (size_t i = 0; i < sizeof(bytes); i++, rest /= base) {
            bytes[i] = letters[rest % base];
        }
        text_read(&text, bytes, sizeof(bytes));
        assert_true(text.len <= 16);
        check_promises(sizeof(bytes));
    }
}

static void test_too_much(void **state)
{
    (void)state;
    static const struct {
        const char *what, *unit;
        size_t count;
        bool truncated;
    } rows[] = {
        {"much, but not too much", "word ", 10000, false},
        {"too many bytes", "word ", 40000, true},
        {"too many lines", "a\n", TEXT_LINES_MAX + 10, true},
        {"bytes that fold to many more", "\xef\xb7\xba", 21845, true},
        {"blank lines are no lines", "\n", 60000, false},
        {"marks alone", "\xcc\x81", 30000, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t len = strlen(rows[i].unit), size = len * rows[i].count;
        char *bytes = malloc(size);
        assert_non_null(bytes);
        for (size_t k = 0; k < size; k++) {
            bytes[k] = rows[i].unit[k % len];
        }
        text_read(&text, bytes, size);
        check_promises(size);
        if ((text.truncated != 0) != rows[i].truncated) {
            fail_msg("%s: truncated %d", rows[i].what, text.truncated);
        }
        free(bytes);
    }
}

/* A text that was long before leaves nothing behind. */
static void test_reuse(void **state)
{
    (void)state;
    read_string("> `quoted code` ~~struck~~ @ada\n\n```\nfence never closed");
    read_string("one");
    assert_string_equal(text.normal, "one\n");
    assert_int_equal(text.attr[0], 0);
    assert_int_equal(text.line_count, 1);
    assert_int_equal(text.mentions, 0);
    assert_int_equal(text.lines[0].flags & (LINE_PARAGRAPH | LINE_SOFT), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_text),
        cmocka_unit_test(test_markup),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_mentions),
        cmocka_unit_test(test_every_prefix_and_suffix),
        cmocka_unit_test(test_all_short_inputs),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_reuse),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
