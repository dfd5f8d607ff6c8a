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
#include "tests/unit/tiny.h"

enum { DIMS = 4 };
static const char *const words[] = {"a", "granary", "harbour", "telegraph"};

static void put_u32(struct buf *buf, uint32_t value)
{
    for (int shift = 0; shift < 32; shift += 8) {
        buf_putc(buf, (char)(value >> shift & 0xFF));
    }
}

/* The format is described in script/make-vectors.mjs. */
static void put_vectors(struct buf *buf)
{
    float scale = 0.5f;
    uint32_t bits;
    memcpy(&bits, &scale, sizeof(bits));
    buf_init(buf, 1 << 20);
    buf_append(buf, "WVEC3\0\0\0", 8);
    put_u32(buf, ARRAY_LEN(words));
    put_u32(buf, DIMS);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        uint64_t hash = hash_bytes(words[i], strlen(words[i]));
        put_u32(buf, (uint32_t)hash);
        put_u32(buf, (uint32_t)(hash >> 32));
        buf_append(buf, "\x34\x12", 2); /* rank */
        buf_append(buf, "\x07\x00", 2); /* cluster */
        put_u32(buf, bits);
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

static void test_cut_short(void **state)
{
    (void)state;
    struct buf buf;
    put_vectors(&buf);
    for (size_t len = 0; len < buf.len; len++) {
        struct error err = {0};
        struct vectors *vectors = NULL;
        if (load(&buf, len, &vectors, &err) || err.text[0] == '\0' || vectors != NULL) {
            fail_msg("accepted %zu of %zu bytes", len, buf.len);
        }
    }
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

static void test_flipped_bytes(void **state)
{
    (void)state;
    static const unsigned char flips[] = {0x01, 0x80, 0xFF, 0x10};
    struct buf buf;
    put_vectors(&buf);
    for (size_t at = 0; at < buf.len; at++) {
        for (size_t f = 0; f < sizeof(flips); f++) {
            struct error err = {0};
            struct vectors *vectors = NULL;
            buf.data[at] ^= (char)flips[f];
            if (load(&buf, buf.len, &vectors, &err)) {
                use(vectors);
                vectors_destroy(vectors);
                assert_true(at >= 16);
            } else {
                assert_null(vectors);
                assert_true(err.text[0] != '\0');
            }
            buf.data[at] ^= (char)flips[f];
        }
    }
    buf_finish(&buf);
}

static void test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        size_t at;
        unsigned char byte;
    } rows[] = {
        {"another magic", 0, 'X'},           {"no word", 8, 0},
        {"more words than there are", 8, 5}, {"fewer words than there are", 8, 3},
        {"far too many words", 11, 1},       {"no dimension", 12, 0},
        {"too many dimensions", 14, 1},      {"a dimension more", 12, 5},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf buf;
        struct error err = {0};
        struct vectors *vectors = NULL;
        put_vectors(&buf);
        buf.data[rows[i].at] = (char)rows[i].byte;
        if (load(&buf, buf.len, &vectors, &err)) {
            fail_msg("accepted: %s", rows[i].what);
        }
        assert_null(vectors);
        buf_finish(&buf);
    }
}

static void test_too_long(void **state)
{
    (void)state;
    struct buf buf;
    struct error err = {0};
    struct vectors *vectors = NULL;
    put_vectors(&buf);
    buf_putc(&buf, 0);
    assert_false(load(&buf, buf.len, &vectors, &err));
    assert_false(vectors_load("/nowhere/words.vec", &vectors, NULL));
    assert_null(vectors);
    buf_finish(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),          cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_flipped_bytes), cmocka_unit_test(test_faults),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
