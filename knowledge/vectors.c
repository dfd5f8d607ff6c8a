#include "knowledge/vectors.h"

#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"

/* An entry: u64 hash of the word, u16 rank, u16 cluster, f32 scale, dims x i8. */
enum { FILE_MAX = 32 * 1024 * 1024, HEAD = 16, FIXED = 16, COUNT_MAX = 1 << 18, DIMS_MAX = 512 };
enum { PROBES_MAX = 1024 }; /* more are no accident: looking up must stay short */

static uint16_t u16_at(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint16_t)(u[0] | u[1] << 8);
}

static uint32_t u32_at(const char *p)
{
    return u16_at(p) | (uint32_t)u16_at(p + 2) << 16;
}

static uint64_t u64_at(const char *p)
{
    return u32_at(p) | (uint64_t)u32_at(p + 4) << 32;
}

static float f32_at(const char *p)
{
    uint32_t bits = u32_at(p);
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* The place of a word in the index: where it is, or the free one where it would be. */
static size_t place_of(const struct vectors *vectors, uint64_t word)
{
    size_t i = hash_place(word, vectors->mask);
    while (vectors->index[i] && u64_at(vectors->bytes + vectors->index[i]) != word) {
        i = (i + 1) & vectors->mask;
    }
    return i;
}

static bool read_head(struct vectors *vectors)
{
    if (vectors->size < HEAD || memcmp(vectors->bytes, "WVEC3\0\0\0", 8) != 0) {
        return false;
    }
    vectors->count = u32_at(vectors->bytes + 8);
    vectors->dims = u32_at(vectors->bytes + 12);
    return vectors->count > 0 && vectors->count <= COUNT_MAX && vectors->dims > 0 &&
           vectors->dims <= DIMS_MAX &&
           vectors->size == HEAD + (size_t)vectors->count * (FIXED + vectors->dims);
}

static bool read_entry(struct vectors *vectors, uint32_t at)
{
    uint64_t word = u64_at(vectors->bytes + at);
    float scale = f32_at(vectors->bytes + at + 12);
    size_t place = place_of(vectors, word);
    vectors->index[place] = at;
    sieve_add(&vectors->words, word);
    /* Not so for infinities and for what is no number: no mean may hold them. */
    return scale - scale == 0 &&
           ((place - hash_place(word, vectors->mask)) & vectors->mask) < PROBES_MAX;
}

static bool read_all(struct vectors *vectors)
{
    if (!read_head(vectors)) {
        return false;
    }
    size_t places = 64;
    while (places < (size_t)vectors->count * 3 / 2) {
        places *= 2;
    }
    vectors->mask = places - 1;
    vectors->index = mem_alloc(places * sizeof(*vectors->index));
    sieve_init(&vectors->words, vectors->count);
    for (uint32_t i = 0; i < vectors->count; i++) {
        if (!read_entry(vectors, HEAD + i * (FIXED + vectors->dims))) {
            return false;
        }
    }
    return true;
}

bool vectors_load(const char *path, struct vectors **ret, struct error *err)
{
    struct buf buf;
    buf_init(&buf, FILE_MAX);
    if (!buf_read_unnamed(&buf, path, err)) {
        buf_finish(&buf);
        return false;
    }
    struct vectors *vectors = mem_alloc(sizeof(*vectors));
    vectors->size = buf.len;
    vectors->bytes = mem_grow(buf_take(&buf, NULL), vectors->size + 1, 1);
    if (!read_all(vectors)) {
        vectors_destroy(vectors);
        return error_set(err, ERROR_INPUT,
                         "is no table of word vectors of this version, or damaged");
    }
    *ret = vectors;
    return true;
}

void vectors_destroy(struct vectors *vectors)
{
    if (vectors) {
        sieve_finish(&vectors->words);
        mem_free(vectors->index);
        mem_free(vectors->bytes);
        mem_free(vectors);
    }
}

/* Where the word's entry is in the bytes, 0: nowhere. */
static uint32_t entry_of(const struct vectors *vectors, uint64_t word)
{
    return vectors && sieve_passes(&vectors->words, word) ? vectors->index[place_of(vectors, word)]
                                                          : 0;
}

bool vectors_has(const struct vectors *vectors, uint64_t word)
{
    return entry_of(vectors, word) != 0;
}

bool vectors_find(const struct vectors *vectors, uint64_t word, struct vector *ret)
{
    uint32_t at = entry_of(vectors, word);
    if (at == 0) {
        return false;
    }
    const char *p = vectors->bytes + at;
    *ret = (struct vector){.values = (const int8_t *)p + FIXED,
                           .scale = f32_at(p + 12),
                           .rank = u16_at(p + 8),
                           .cluster = u16_at(p + 10)};
    return true;
}
