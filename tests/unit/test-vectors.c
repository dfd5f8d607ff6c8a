/* knowledge/vectors: a good file, and every way to spoil one. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "knowledge/vectors.h"
#include "tests/unit/spoil.h"
#include "tests/unit/tiny.h"

enum { DIMS = 4 };
static const char *const words[] = {"a", "granary", "harbour", "telegraph"};

/* The format is described in script/make-vectors.mjs. */
static void put_vectors(struct buf *buf)
{
    buf_init(buf, 1 << 20);
    buf_append(buf, "WVEC3\0\0\0", 8);
    spoil_put_u32(buf, ARRAY_LEN(words));
    spoil_put_u32(buf, DIMS);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        uint64_t hash = hash_bytes(words[i], strlen(words[i]));
        spoil_put_u32(buf, (uint32_t)hash);
        spoil_put_u32(buf, (uint32_t)(hash >> 32));
        buf_append(buf, "\x34\x12", 2); /* rank */
        buf_append(buf, "\x07\x00", 2); /* cluster */
        spoil_put_f32(buf, 0.5f);
        for (size_t d = 0; d < DIMS; d++) {
            buf_putc(buf, (char)(i + d));
        }
    }
}

static bool load(const struct buf *buf, size_t len, struct vectors **ret, struct error *err)
{
    struct tiny_file file = {0};
    tiny_write(&file, "words.vec", buf->data, len);
    bool fine = vectors_load(file.path, ret, err);
    tiny_unlink(&file);
    return fine;
}

static void test_good(void **state)
{
    (void)state;
    struct buf buf;
    struct error err = {0};
    struct vectors *vectors = NULL;
    put_vectors(&buf);
    assert_true(load(&buf, buf.len, &vectors, &err));
    assert_int_equal(vectors->count, ARRAY_LEN(words));
    assert_int_equal(vectors->dims, DIMS);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct vector vector;
        assert_true(vectors_find(vectors, hash_bytes(words[i], strlen(words[i])), &vector));
        assert_true(vectors_has(vectors, hash_bytes(words[i], strlen(words[i]))));
        assert_int_equal(vector.rank, 0x1234);
        assert_int_equal(vector.cluster, 7);
        assert_true(vector.scale == 0.5f);
        assert_int_equal(vector.values[DIMS - 1], i + DIMS - 1);
    }
    struct vector none;
    assert_false(vectors_find(vectors, hash_bytes("orchard", 7), &none));
    assert_false(vectors_find(NULL, hash_bytes("a", 1), &none));
    assert_false(vectors_has(NULL, hash_bytes("a", 1)));
    vectors_destroy(vectors);
    vectors_destroy(NULL);
    buf_finish(&buf);
}

/* What is accepted must be safe to use, whatever it says. */
static void use(const struct vectors *vectors)
{
    long sum = 0;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct vector vector;
        bool found = vectors_find(vectors, hash_bytes(words[i], strlen(words[i])), &vector);
        for (uint32_t d = 0; found && d < vectors->dims; d++) {
            sum += vector.values[d];
        }
    }
    assert_true(sum > -100000 && sum < 100000);
}

static bool try(const struct buf *buf, size_t len)
{
    struct error err = {0};
    struct vectors *vectors = NULL;
    bool fine = load(buf, len, &vectors, &err);
    assert_true(fine || (vectors == NULL && err.text[0] != '\0'));
    if (fine) {
        use(vectors);
    }
    vectors_destroy(vectors);
    return fine;
}

static void test_spoilt(void **state)
{
    (void)state;
    static const struct spoil_fault faults[] = {
        {"another magic", 0, 'X'},           {"no word", 8, 0},
        {"more words than there are", 8, 5}, {"fewer words than there are", 8, 3},
        {"far too many words", 11, 1},       {"no dimension", 12, 0},
        {"too many dimensions", 14, 1},      {"a dimension more", 12, 5},
    };
    struct buf buf;
    put_vectors(&buf);
    spoil_length(&buf, try);
    spoil_bits(&buf, 16, try);
    spoil_bytes(&buf, faults, ARRAY_LEN(faults), try);
    buf_finish(&buf);
}

static void test_no_file(void **state)
{
    (void)state;
    struct vectors *vectors = NULL;
    assert_false(vectors_load("/nowhere/words.vec", &vectors, NULL));
    assert_null(vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_spoilt),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
