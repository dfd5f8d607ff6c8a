/* knowledge/jsonpos, text: where in a file a value stands, and what texts may be. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "knowledge/jsonpos.h"
#include "knowledge/text.h"
#include "tests/unit/packbench.h"

static void test_jsonpos(void **state)
{
    (void)state;
    const char *text = "{\n\"a\":\n1, \"b\": [true,\n{}, \"x\\\"\\\\\"],\n\"c\"\n:\nnull}";
    static const struct {
        int line, key_line;
        size_t next;
    } wanted[] = {
        {1, 1, 7}, /* the object */
        {3, 2, 2}, /* a */
        {3, 3, 6}, /* b */
        {3, 3, 4}, /* true */
        {4, 4, 5}, /* {} */
        {4, 4, 6}, /* "x..." */
        {7, 5, 7}, /* c */
    };
    struct jsonpos pos;
    int line = 0;
    assert_true(jsonpos_scan(&pos, text, strlen(text), &line));
    assert_int_equal(pos.count, ARRAY_LEN(wanted));
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        assert_int_equal(jsonpos_line(&pos, i), wanted[i].line);
        assert_int_equal(jsonpos_key_line(&pos, i), wanted[i].key_line);
        assert_int_equal(jsonpos_next(&pos, i), wanted[i].next);
    }
    assert_int_equal(jsonpos_line(&pos, 7), 0);
    assert_int_equal(jsonpos_key_line(&pos, 7), 0);
    assert_int_equal(jsonpos_next(&pos, 7), 7);
    jsonpos_finish(&pos);
}

static size_t count_values(json_t *value)
{
    size_t count = 1, i;
    const char *key;
    json_t *item;
    if (json_is_object(value)) {
        json_object_foreach(value, key, item)
        {
            count += count_values(item);
        }
    }
    json_array_foreach(value, i, item)
    {
        count += count_values(item);
    }
    return count;
}

static void test_jsonpos_counts_as_jansson(void **state)
{
    (void)state;
    struct buf file;
    struct jsonpos pos;
    int line = 0;
    read_whole(&file, packs_path("good/pack.json"));
    json_t *tree = json_loadb(file.data, file.len, 0, NULL);
    assert_true(jsonpos_scan(&pos, file.data, file.len, &line));
    assert_int_equal(pos.count, count_values(tree));
    assert_int_equal(jsonpos_next(&pos, 0), pos.count);
    jsonpos_finish(&pos);
    json_decref(tree);
    buf_finish(&file);
}

static void test_jsonpos_takes_anything(void **state)
{
    (void)state;
    static const char bytes[] = "{}[]\",:\\a \n\0\xFF";
    uint32_t random = 12345;
    for (int i = 0; i < 20000; i++) {
        size_t len = (size_t)i % 40;
        char *text = mem_alloc(len);
        struct jsonpos pos;
        int line = 0;
        for (size_t j = 0; j < len; j++) {
            random = random * 1664525 + 1013904223;
            text[j] = bytes[(random >> 16) % (sizeof(bytes) - 1)];
        }
        jsonpos_scan(&pos, text, len, &line);
        assert_true(pos.count <= len);
        for (size_t j = 0; j < pos.count; j++) {
            assert_true(jsonpos_next(&pos, j) > j);
        }
        jsonpos_finish(&pos);
        mem_free(text);
    }
}

static void test_text_rules(void **state)
{
    (void)state;
    static const struct {
        bool (*is)(const char *text);
        const char *text;
        bool wanted;
    } rows[] = {
        {text_is_blank, " \t\n", true},
        {text_is_blank, " .", false},
        {text_is_id, "a-1-b", true},
        {text_is_id, "", false},
        {text_is_id, "-a", false},
        {text_is_id, "a-", false},
        {text_is_id, "a--b", false},
        {text_is_id, "A", false},
        {text_is_id, "a b", false},
        {text_is_date, "2026-12-31", true},
        {text_is_date, "2026-00-01", false},
        {text_is_date, "2026-01-32", false},
        {text_is_date, "2026-1-1", false},
        {text_is_date, "2026/01/01", false},
        {text_is_date, "2026-01-011", false},
        {text_is_date, "", false},
        {text_is_url, "https://example.org/a?b=c", true},
        {text_is_url, "http://x", true},
        {text_is_url, "https://", false},
        {text_is_url, "https:///x", false},
        {text_is_url, "ftp://x", false},
        {text_is_url, "javascript:alert(1)", false},
        {text_is_url, "https://x y", false},
        {text_is_url, "https://x|y", false},
        {text_is_url, "https://x>y", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].is(rows[i].text) != rows[i].wanted) {
            fail_msg("row %zu: %s", i, rows[i].text);
        }
    }
    assert_false(text_has_control("a\n\tb", true));
    assert_true(text_has_control("a\nb", false));
    assert_true(text_has_control("a\rb", true));
    assert_true(text_has_control("a\x1B", true));
    assert_true(text_has_control("a\xC2\x85", true));
    assert_true(text_has_control("a\xE2\x80\xAE"
                                 "b",
                                 true));
    assert_true(text_has_control("a\xE2\x81\xA6"
                                 "b",
                                 true));
    assert_true(text_has_control("\xFF", true));
    assert_false(text_has_control("\xC3\xA9\xE2\x80\x99\xE2\x82\xAC\xF0\x9F\x98\x80", false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jsonpos),
        cmocka_unit_test(test_jsonpos_counts_as_jansson),
        cmocka_unit_test(test_jsonpos_takes_anything),
        cmocka_unit_test(test_text_rules),
    };
    return cmocka_run_group_tests_name("jsonpos", tests, NULL, NULL);
}
