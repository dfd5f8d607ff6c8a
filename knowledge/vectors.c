#include "knowledge/vectors.h"

#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"

enum { FILE_MAX = 32 * 1024 * 1024, HEAD = 16, COUNT_MAX = 1 << 20, DIMS_MAX = 512 };

static uint32_t u32_at(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

static void place(struct vectors *vectors, struct vector vector)
{
    size_t i = (size_t)(vector.word >> 20) & vectors->mask;
    while (vectors->table[i].word) {
        i = (i + 1) & vectors->mask;
    }
    vectors->table[i] = vector;
}

static bool read_word(struct vectors *vectors, size_t *at)
{
    const char *p = vectors->bytes + *at;
    size_t left = vectors->size - *at;
    size_t len = left ? (unsigned char)*p : 0;
    if (left < 1 + len + 8 + vectors->dims || len == 0) {
        return false;
    }
    struct vector vector = {.word = hash_bytes(p + 1, len),
                            .values = (const int8_t *)p + 1 + len + 8};
    const unsigned char *u = (const unsigned char *)p + 1 + len;
    uint32_t bits = u32_at(p + 1 + len + 4);
    vector.rank = (uint16_t)(u[0] | u[1] << 8);
    vector.cluster = (uint16_t)(u[2] | u[3] << 8);
    memcpy(&vector.scale, &bits, sizeof(vector.scale));
    place(vectors, vector);
    *at += 1 + len + 8 + vectors->dims;
    return true;
}

static bool read_all(struct vectors *vectors)
{
    if (vectors->size < HEAD || memcmp(vectors->bytes, "WVEC2\0\0\0", 8) != 0) {
        return false;
    }
    vectors->count = u32_at(vectors->bytes + 8);
    vectors->dims = u32_at(vectors->bytes + 12);
    if (vectors->count == 0 || vectors->count > COUNT_MAX || vectors->dims == 0 ||
        vectors->dims > DIMS_MAX) {
        return false;
    }
    size_t places = 64;
    while (places < (size_t)vectors->count * 3 / 2) {
        places *= 2;
    }
    vectors->mask = places - 1;
    vectors->table = mem_alloc(places * sizeof(*vectors->table));
    size_t at = HEAD;
    for (uint32_t i = 0; i < vectors->count; i++) {
        if (!read_word(vectors, &at)) {
            return false;
        }
    }
    return at == vectors->size;
}

bool vectors_load(const char *path, struct vectors **ret, struct error *err)
{
    struct buf buf;
    buf_init(&buf, FILE_MAX);
    if (!buf_read_file(&buf, path, err)) {
        buf_finish(&buf);
        return false;
    }
    struct vectors *vectors = mem_alloc(sizeof(*vectors));
    vectors->bytes = buf_take(&buf, &vectors->size);
    if (!vectors->bytes || !read_all(vectors)) {
        vectors_destroy(vectors);
        return error_set(err, ERROR_INPUT, "%s: not a table of word vectors, or cut short", path);
    }
    *ret = vectors;
    return true;
}

void vectors_destroy(struct vectors *vectors)
{
    if (vectors) {
        mem_free(vectors->table);
        mem_free(vectors->bytes);
        mem_free(vectors);
    }
}

const struct vector *vectors_find(const struct vectors *vectors, uint64_t word)
{
    if (!vectors) {
        return NULL;
    }
    size_t i = (size_t)(word >> 20) & vectors->mask;
    while (vectors->table[i].word) {
        if (vectors->table[i].word == word) {
            return &vectors->table[i];
        }
        i = (i + 1) & vectors->mask;
    }
    return NULL;
}
