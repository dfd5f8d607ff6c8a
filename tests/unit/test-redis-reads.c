/* host/store_redis_reads: keys that a turn knows, found again among many; values as they stand. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "bot/base/mem.h"
#include "bot/host/store_redis_reads.h"

static size_t key_of(size_t i, char ret[40])
{
    return (size_t)snprintf(ret, 40, "{whether}:talk:slack\n%zu", i * 7919);
}

static void test_found_again(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    struct redis_reads reads;
    char key[40];
    redis_reads_init(&reads);
    assert_null(redis_reads_find(&reads, "a", 1));
    for (size_t i = 0; i < COUNT; i++) {
        size_t len = key_of(i, key);
        struct redis_read *read = redis_reads_add(&reads, key, len);
        assert_false(read->read || read->claimed || read->put);
        assert_int_equal(reads.count, i + 1);
        read->expires_ms = (int64_t)i;
        assert_ptr_equal(redis_reads_add(&reads, key, len), read);
        assert_int_equal(reads.count, i + 1);
    }
    for (size_t i = 0; i < COUNT; i++) {
        size_t len = key_of(i, key);
        const struct redis_read *read = redis_reads_find(&reads, key, len);
        assert_non_null(read);
        assert_int_equal(read->expires_ms, i);
        assert_int_equal(read->key.len, len);
        assert_memory_equal(reads.keys.data + read->key.at, key, len);
        assert_null(redis_reads_find(&reads, key, len - 1) == read ? read : NULL);
    }
    assert_null(redis_reads_find(&reads, "{whether}:talk:slack\n1", 22));
    redis_reads_finish(&reads);
}

static void test_cleared(void **state)
{
    (void)state;
    struct redis_reads reads;
    char key[40];
    redis_reads_init(&reads);
    redis_reads_clear(&reads);
    for (size_t turn = 0; turn < 50; turn++) {
        size_t count = turn % 7 == 6 ? 9000 : 1 + turn * 20;
        for (size_t i = 0; i < count; i++) {
            size_t len = key_of(turn + i, key);
            assert_false(redis_reads_add(&reads, key, len)->claimed);
            redis_reads_find(&reads, key, len)->claimed = true;
        }
        redis_reads_clear(&reads);
        assert_int_equal(reads.count, 0);
        assert_null(redis_reads_find(&reads, key, key_of(turn, key)));
    }
    redis_reads_finish(&reads);
}

/* Any bytes are a key; one that another begins with is another. */
static void test_any_bytes(void **state)
{
    (void)state;
    struct redis_reads reads;
    redis_reads_init(&reads);
    redis_reads_add(&reads, "a\0b", 3)->expires_ms = 1;
    redis_reads_add(&reads, "a", 1)->expires_ms = 2;
    redis_reads_add(&reads, "a\0c", 3)->expires_ms = 3;
    redis_reads_add(&reads, "", 0)->expires_ms = 4;
    assert_int_equal(redis_reads_find(&reads, "a\0b", 3)->expires_ms, 1);
    assert_int_equal(redis_reads_find(&reads, "a", 1)->expires_ms, 2);
    assert_int_equal(redis_reads_find(&reads, "a\0c", 3)->expires_ms, 3);
    assert_int_equal(redis_reads_find(&reads, "", 0)->expires_ms, 4);
    assert_null(redis_reads_find(&reads, "a\0", 2));
    redis_reads_finish(&reads);
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        const char *stamp, *bytes;
        size_t bytes_len;
        int64_t expires_ms;
    } rows[] = {
        {"1f.2 1700000000000\nabc", 22, "1f.2", "abc", 3, 1700000000000},
        {"s 5\n", 4, "s", "", 0, 5},
        {"s -5\na\nb\0c", 10, "s", "a\nb\0c", 5, -5},
        {NULL, 0, "", "", 0, INT64_MIN},
        {"", 0, "", "", 0, INT64_MIN},
        {"s", 1, "s", "", 0, INT64_MIN},
        {"s ", 2, "s", "", 0, INT64_MIN},
        {"s 5", 3, "s", "", 0, INT64_MIN},
        {"s \nabc", 6, "s", "", 0, INT64_MIN},
        {"s x\nabc", 7, "s", "", 0, INT64_MIN},
        {"s 5x\nabc", 8, "s", "", 0, INT64_MIN},
        {"s 123456789012345678901234567890\nabc", 36, "s", "", 0, INT64_MIN},
        {"\n5\nabc", 6, "\n5\nabc", "", 0, INT64_MIN},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct redis_value value;
        redis_value_parse(rows[i].text, rows[i].len, &value);
        assert_int_equal(value.stamp_len, strlen(rows[i].stamp));
        assert_memory_equal(value.stamp_len ? value.stamp : "", rows[i].stamp, value.stamp_len);
        assert_int_equal(value.bytes_len, rows[i].bytes_len);
        assert_memory_equal(value.bytes, rows[i].bytes, value.bytes_len);
        assert_true(value.expires_ms == rows[i].expires_ms);
    }
}

static void test_value_written_and_read(void **state)
{
    (void)state;
    static const int64_t times[] = {0, 1, -1, 1700000000000, INT64_MAX, INT64_MIN + 1};
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        char text[REDIS_STAMP_MAX + 40];
        struct redis_value value;
        size_t len = redis_value_head("ffffffffffffffff.ffffffffffffffff", times[i], text);
        assert_int_equal(len, strlen(text));
        memcpy(text + len, "bytes", 5);
        redis_value_parse(text, len + 5, &value);
        assert_int_equal(value.stamp_len, 33);
        assert_true(value.expires_ms == times[i]);
        assert_int_equal(value.bytes_len, 5);
        assert_memory_equal(value.bytes, "bytes", 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_again),
        cmocka_unit_test(test_cleared),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_value_written_and_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
