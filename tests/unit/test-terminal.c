#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/terminal.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/host/lines.h"
#include "bot/host/report.h"

static void test_format(void **state)
{
    (void)state;
    static const struct {
        const char *what, *text;
        struct terminal_look look;
        const char *expected;
    } rows[] = {
        {"plain stays", "a\n\n- b  c\nd", {0}, "a\n\n- b  c\nd"},
        {"wraps at words", "one two three", {.width = 8}, "one two\nthree"},
        {"exactly full", "one two", {.width = 7}, "one two"},
        {"an item hangs", "- one two three", {.width = 9}, "- one two\n  three"},
        {"a word too long", "- aaaaaaaaaaaa b", {.width = 6}, "- aaaaaaaaaaaa\n  b"},
        {"code is not wrapped", "    a b c d e", {.width = 6}, "    a b c d e"},
        {"columns, not bytes",
         "\xc3\xa4\xc3\xa4 \xc3\xa4\xc3\xa4",
         {.width = 5},
         "\xc3\xa4\xc3\xa4 \xc3\xa4\xc3\xa4"},
        {"bold lead, dim source",
         "a\n\nb\nSource: c",
         {.colour = true, .lead = true},
         "\x1b[1ma\x1b[0m\n\nb\n\x1b[2mSource: c\x1b[0m"},
        {"no lead", "a\nb", {.colour = true}, "a\nb"},
        {"control characters",
         "a\x1b[31mb\x07"
         "c\x7f"
         "d\xc2\x9b"
         "e",
         {0},
         "a?[31mb?c?d?e"},
        {"direction overrides",
         "a\xe2\x80\xae"
         "b\xe2\x81\xa6"
         "c",
         {0},
         "a?b?c"},
        {"no UTF-8", "a\xff\xe2\x82", {0}, "a???"},
        {"empty", "", {.width = 10, .colour = true, .lead = true}, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf shown;
        buf_init(&shown, 4096);
        terminal_format(rows[i].text, strlen(rows[i].text), &rows[i].look, &shown);
        if (strcmp(shown.data == NULL ? "" : shown.data, rows[i].expected) != 0) {
            fail_msg("%s: \"%s\"", rows[i].what, shown.data);
        }
        buf_finish(&shown);
    }
}

static void test_neutral(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 100);
    report_neutral(&text, "a\tb\nc\0d", 7, false);
    assert_string_equal(text.data, "a b c?d");
    buf_clear(&text);
    report_neutral(&text, "a\nb\r", 4, true);
    assert_string_equal(text.data, "a\nb?");
    buf_finish(&text);
}

static void test_history_path(void **state)
{
    (void)state;
    char path[64];
    setenv("XDG_STATE_HOME", "/s", 1);
    setenv("HOME", "/h", 1);
    assert_true(terminal_history_path(path, sizeof(path)));
    assert_string_equal(path, "/s/whether/history");
    setenv("XDG_STATE_HOME", "relative", 1);
    assert_true(terminal_history_path(path, sizeof(path)));
    assert_string_equal(path, "/h/.local/state/whether/history");
    assert_false(terminal_history_path(path, 10));
    unsetenv("HOME");
    assert_false(terminal_history_path(path, sizeof(path)));
}

static void write_file(const char *path, const void *data, size_t len)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void test_lines(void **state)
{
    (void)state;
    static const char text[] = "one\r\n\n \t\nwith\0nul\n0123456789\nlast";
    char path[] = "/tmp/whether-lines-XXXXXX";
    int fd = mkstemp(path);
    struct lines lines;
    struct error err = {0};
    assert_true(fd >= 0);
    close(fd);
    write_file(path, text, sizeof(text) - 1);
    assert_true(lines_open(&lines, path, 8, &err));
    assert_true(lines_next(&lines, &err));
    assert_string_equal(lines.text.data, "one");
    assert_true(lines_next(&lines, &err) && lines_blank(&lines) && lines.text.len == 0);
    assert_true(lines_next(&lines, &err) && lines_blank(&lines));
    assert_true(lines_next(&lines, &err));
    assert_memory_equal(lines.text.data, "with\0nul", 8);
    assert_false(lines.truncated);
    assert_true(lines_next(&lines, &err));
    assert_string_equal(lines.text.data, "01234567");
    assert_true(lines.truncated);
    assert_true(lines_next(&lines, &err));
    assert_string_equal(lines.text.data, "last");
    assert_int_equal(lines.number, 6);
    assert_false(lines.truncated);
    assert_false(lines_next(&lines, &err));
    assert_int_equal(err.code, ERROR_NONE);
    lines_close(&lines);
    unlink(path);
}

static void test_lines_that_cannot_be_had(void **state)
{
    (void)state;
    struct lines lines;
    struct error err = {0};
    assert_false(lines_open(&lines, "/", 8, &err));
    assert_non_null(strstr(err.text, "is a directory"));
    err = (struct error){0};
    assert_false(lines_open(&lines, "/nonexistent", 8, &err));
    assert_non_null(strstr(err.text, "/nonexistent"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_neutral),
        cmocka_unit_test(test_history_path),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_lines_that_cannot_be_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
