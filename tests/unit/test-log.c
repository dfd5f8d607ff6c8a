#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "bot/base/buf.h"
#include "bot/host/log.h"

static const int64_t moment = 1700000000123;

static void format(enum log_format format, bool messages, const struct log_field *fields,
                   size_t count, struct buf *ret)
{
    buf_init(ret, 100000);
    log_format_line(format, moment, LOG_LEVEL_WARNING, "irc.lost", fields, count, messages, ret);
}

static void assert_field(const char *value, const char *logfmt)
{
    struct buf line, wanted;
    buf_init(&wanted, 100000);
    buf_printf(&wanted, "time=2023-11-14T22:13:20.123Z level=warning event=irc.lost x=%s\n",
               logfmt);
    format(LOG_FORMAT_LOGFMT, false, LOG_FIELDS(LOG_TEXT("x", value)), &line);
    assert_string_equal(line.data, wanted.data);
    buf_finish(&line);
    buf_finish(&wanted);
}

static void test_logfmt(void **state)
{
    (void)state;
    static const struct {
        const char *what, *value, *logfmt;
    } rows[] = {
        {"a word", "libera", "libera"},
        {"an address", "irc.libera.chat:6697", "irc.libera.chat:6697"},
        {"nothing", "", "\"\""},
        {"NULL", NULL, "\"\""},
        {"blanks", "a b", "\"a b\""},
        {"another field", "a level=error", "\"a level=error\""},
        {"quotes", "a\"b\\c", "\"a\\\"b\\\\c\""},
        {"another line", "a\ntime=1", "\"a\\u000atime=1\""},
        {"CR", "a\rb", "\"a\\u000db\""},
        {"a terminal's colour", "\x1b[31m", "\"\\u001b[31m\""},
        {"C1", "\xc2\x9b", "\"\\u009b\""},
        {"a Unicode line end", "a\xe2\x80\xa8z", "\"a\\u2028z\""},
        {"a bidirectional override", "\xe2\x80\xae", "\"\\u202e\""},
        {"no UTF-8", "a\xff\xc3", "\"a\\ufffd\\ufffd\""},
        {"letters", "na\xc3\xafve", "\"na\xc3\xafve\""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_field(rows[i].value, rows[i].logfmt);
    }
}

static void test_json(void **state)
{
    (void)state;
    struct buf line;
    format(LOG_FORMAT_JSON, false,
           LOG_FIELDS(LOG_TEXT("cause", "a\"\\\n\x01\xff\xc2\x9b"), LOG_NUMBER("port", -6697)),
           &line);
    assert_int_equal(line.data[line.len - 1], '\n');
    assert_null(memchr(line.data, '\n', line.len - 1));
    json_t *object = json_loads(line.data, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    assert_int_equal(json_object_size(object), 5);
    assert_string_equal(json_string_value(json_object_get(object, "time")),
                        "2023-11-14T22:13:20.123Z");
    assert_string_equal(json_string_value(json_object_get(object, "level")), "warning");
    assert_string_equal(json_string_value(json_object_get(object, "cause")),
                        "a\"\\\n\x01\xef\xbf\xbd\xc2\x9b");
    assert_int_equal(json_integer_value(json_object_get(object, "port")), -6697);
    json_decref(object);
    buf_finish(&line);
}

static void test_messages_only_where_asked_for(void **state)
{
    (void)state;
    struct buf line;
    for (int asked = 0; asked < 2; asked++) {
        format(LOG_FORMAT_LOGFMT, asked, LOG_FIELDS(LOG_MESSAGE("said", "node?")), &line);
        assert_int_equal(strstr(line.data, "node") != NULL, asked);
        assert_int_equal(strstr(line.data, "said") != NULL, asked);
        buf_finish(&line);
    }
}

static void test_long_fields(void **state)
{
    (void)state;
    char text[3001];
    struct buf line;
    for (size_t i = 0; i < 3000; i += 3) {
        memcpy(text + i, "\xe2\x82\xac", 3);
    }
    text[3000] = '\0';
    format(LOG_FORMAT_LOGFMT, false, LOG_FIELDS(LOG_TEXT("x", text)), &line);
    assert_true(line.len < 1200);
    assert_string_equal(line.data + line.len - 8, "\xe2\x82\xac...\"\n");
    buf_finish(&line);
}

/* What reaches standard error, through the real descriptor. */
static size_t capture(enum log_level level, char *ret, size_t cap)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    log_write(level, "host.test", LOG_FIELDS(LOG_NUMBER("n", 1)));
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    size_t len = fread(ret, 1, cap - 1, file);
    ret[len] = '\0';
    fclose(file);
    return len;
}

static void test_levels(void **state)
{
    (void)state;
    char line[400];
    assert_int_equal(capture(LOG_LEVEL_INFO, line, sizeof(line)), 0);
    assert_true(capture(LOG_LEVEL_WARNING, line, sizeof(line)) > 0);
    assert_non_null(strstr(line, " level=warning event=host.test n=1\n"));
    log_set_up(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON, false);
    assert_true(capture(LOG_LEVEL_DEBUG, line, sizeof(line)) > 0);
    assert_non_null(strstr(line, "\"level\":\"debug\",\"event\":\"host.test\",\"n\":1}\n"));
    log_set_up(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT, false);
    assert_int_equal(capture(LOG_LEVEL_WARNING, line, sizeof(line)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),      cmocka_unit_test(test_logfmt),
        cmocka_unit_test(test_json),        cmocka_unit_test(test_messages_only_where_asked_for),
        cmocka_unit_test(test_long_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
