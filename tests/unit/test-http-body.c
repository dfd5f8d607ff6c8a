#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/http_body.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"

static void test_json_good(void **state)
{
    (void)state;
    static const char text[] = "{\"a\": \"x[{\\\"\", \"b\": {\"c\": true}, \"n\": 5}";
    json_t *object = http_json_parse(text, strlen(text), NULL);
    assert_non_null(object);
    assert_string_equal(http_json_text(object, "a"), "x[{\"");
    assert_null(http_json_text(object, "n"));
    assert_null(http_json_text(object, "none"));
    assert_null(http_json_object(object, "a"));
    assert_true(http_json_true(http_json_object(object, "b"), "c"));
    assert_false(http_json_true(http_json_object(object, "none"), "c"));
    assert_null(http_json_text(NULL, "a"));
    json_decref(object);
}

/* RFC 6901, section 5, and what is no pointer. */
static void test_json_pointers(void **state)
{
    (void)state;
    static const char text[] = "{\"foo\": [\"bar\", \"baz\"], \"\": 0, \"a/b\": 1, \"c%d\": 2, "
                               "\"m~n\": 8, \"o\": {\"p\": [[7]]}}";
    static const struct {
        const char *pointer;
        json_int_t value;
    } numbers[] = {{"/", 0}, {"/a~1b", 1}, {"/c%d", 2}, {"/m~0n", 8}, {"/o/p/0/0", 7}};
    static const char *const nothing[] = {"/foo/2",       "/foo/-",    "/foo/00", "/foo/1x",
                                          "/none",        "/o/p/a",    "/a/b",    "/foo/",
                                          "/foo/9999999", "/o/p/0/0/0"};
    static const char *const bad[] = {"foo", "/a~b", "/a~", "/~2", " /foo"};
    json_t *value = json_loads(text, 0, NULL);
    assert_ptr_equal(http_json_at(value, ""), value);
    assert_string_equal(json_string_value(http_json_at(value, "/foo/1")), "baz");
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        assert_true(http_json_pointer_valid(numbers[i].pointer));
        assert_int_equal(json_integer_value(http_json_at(value, numbers[i].pointer)),
                         numbers[i].value);
        assert_true(json_is_integer(http_json_at(value, numbers[i].pointer)));
    }
    for (size_t i = 0; i < ARRAY_LEN(nothing); i++) {
        assert_true(http_json_pointer_valid(nothing[i]));
        assert_null(http_json_at(value, nothing[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(http_json_pointer_valid(bad[i]));
        assert_null(http_json_at(value, bad[i]));
    }
    assert_null(http_json_at(NULL, "/a"));
    json_decref(value);
}

static void test_json_bad(void **state)
{
    (void)state;
#define ROW(text)              \
    {                          \
        text, sizeof(text) - 1 \
    }
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {ROW(""),
                ROW("{"),
                ROW("[]"),
                ROW("\"x\""),
                ROW("null"),
                ROW("{}{}"),
                ROW("{\"a\":1,\"a\":2}"),
                ROW("{\"a\":{\"b\":1,\"b\":1}}"),
                ROW("{\"a\":\"\\u0000\"}"),
                ROW("{\"a\":\"\0\"}"),
                ROW("{\"a\":1}\0"),
                ROW("{\"a\":\"\xff\"}"),
                ROW("{\"a\":\"\xc0\xaf\"}"),
                ROW("{\"a\":\"\\ud800\"}"),
                ROW("{\"\\u0000\":1}"),
                ROW("{'a':1}"),
                ROW("\xef\xbb\xbf{}")};
#undef ROW
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        assert_null(http_json_parse(rows[i].text, rows[i].len, &err));
        assert_true(err.text[0] != '\0');
    }
}

static bool parses_nested(size_t depth)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_puts(&text, "{\"a\":");
    for (size_t i = 1; i < depth; i++) {
        buf_putc(&text, '[');
    }
    for (size_t i = 1; i < depth; i++) {
        buf_putc(&text, ']');
    }
    if (depth == 1) {
        buf_putc(&text, '1');
    }
    buf_putc(&text, '}');
    json_t *object = http_json_parse(text.data, text.len, NULL);
    bool fine = object != NULL;
    json_decref(object);
    buf_finish(&text);
    return fine;
}

static void test_json_depth(void **state)
{
    (void)state;
    assert_true(parses_nested(1));
    assert_true(parses_nested(HTTP_JSON_DEPTH_MAX));
    assert_false(parses_nested(HTTP_JSON_DEPTH_MAX + 1));
    assert_false(parses_nested(200000));
    /* Brackets in strings are no nesting. */
    char text[300] = "{\"a\":\"";
    memset(text + 6, '[', 200);
    memcpy(text + 206, "\"}", 3);
    json_t *object = http_json_parse(text, strlen(text), NULL);
    assert_non_null(object);
    json_decref(object);
}

static void test_json_put(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"plain text", "plain text"},
        {"\"\\\n\r\t", "\\\"\\\\\\n\\r\\t"},
        {"\x01\x1f\x7f", "\\u0001\\u001f\\u007f"},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"a\xff"
         "b\xc3",
         "a\xef\xbf\xbd"
         "b\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf ret;
        buf_init(&ret, 1000);
        buf_putc(&ret, '|');
        http_json_put(&ret, rows[i].text, strlen(rows[i].text));
        assert_string_equal(ret.data + 1, rows[i].expected);
        buf_finish(&ret);
    }
    struct buf ret;
    buf_init(&ret, 1000);
    http_json_put(&ret, "a\0b", 3);
    assert_string_equal(ret.data, "a\xef\xbf\xbd"
                                  "b");
    buf_finish(&ret);
}

static void test_form_good(void **state)
{
    (void)state;
    static const char text[] = "a=1&b=x+y%20z%26%3d&empty=&flag&&c=%C3%A4%ff&=v";
    struct http_form form = {0};
    assert_true(http_form_parse(text, strlen(text), &form, NULL));
    assert_int_equal(form.count, 6);
    assert_string_equal(http_form_get(&form, "a"), "1");
    assert_string_equal(http_form_get(&form, "b"), "x y z&=");
    assert_string_equal(http_form_get(&form, "empty"), "");
    assert_string_equal(http_form_get(&form, "flag"), "");
    assert_string_equal(http_form_get(&form, "c"), "\xc3\xa4\xff");
    assert_string_equal(http_form_get(&form, ""), "v");
    assert_null(http_form_get(&form, "none"));
    http_form_finish(&form);
    assert_true(http_form_parse("", 0, &form, NULL));
    assert_int_equal(form.count, 0);
    http_form_finish(&form);
}

static void test_form_bad(void **state)
{
    (void)state;
#define ROW(text)              \
    {                          \
        text, sizeof(text) - 1 \
    }
    static const struct {
        const char *text;
        size_t len;
    } rows[] = {ROW("a=%"),     ROW("a=%2"),      ROW("a=%zz"), ROW("a=%00"),     ROW("%00=a"),
                ROW("a=1&a=2"), ROW("a=1&%61=2"), ROW("a=\0b"), ROW("a=1&b\0=2"), ROW("a=%2&b=1")};
#undef ROW
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_form form = {0};
        struct error err = {0};
        assert_false(http_form_parse(rows[i].text, rows[i].len, &form, &err));
        assert_null(form.memory);
        assert_true(err.text[0] != '\0');
    }
    char many[2000] = "";
    size_t len = 0;
    for (int i = 0; i <= HTTP_FORM_FIELDS_MAX; i++) {
        len += (size_t)snprintf(many + len, sizeof(many) - len, "f%d=1&", i);
    }
    struct http_form form = {0};
    assert_false(http_form_parse(many, len, &form, NULL));
}

static void test_form_put(void **state)
{
    (void)state;
    struct buf ret;
    buf_init(&ret, 100);
    http_form_put(&ret, "aZ9-._~ &=%\xc3\xa4");
    assert_string_equal(ret.data, "aZ9-._~%20%26%3D%25%C3%A4");
    buf_finish(&ret);
}

static void test_types(void **state)
{
    (void)state;
    static const char json[] = "application/json";
    assert_true(http_type_is("application/json", json));
    assert_true(http_type_is("Application/JSON; charset=utf-8", json));
    assert_true(http_type_is("application/json ;x", json));
    assert_false(http_type_is("application/json-seq", json));
    assert_false(http_type_is("application/jso", json));
    assert_false(http_type_is(" application/json", json));
    assert_false(http_type_is("", json));
    assert_false(http_type_is(NULL, json));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_good),     cmocka_unit_test(test_json_bad),
        cmocka_unit_test(test_json_pointers), cmocka_unit_test(test_json_depth),
        cmocka_unit_test(test_json_put),      cmocka_unit_test(test_form_good),
        cmocka_unit_test(test_form_bad),      cmocka_unit_test(test_form_put),
        cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
