#include "knowledge/vectors.h"

#include <string.h>

#include "bot/base/error.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"

/* An entry: u64 hash of the word, u16 rank, u16 cluster, f32 scale, dims x i8. */
enum { FILE_MAX = 32 * 1024 * 1024, HEAD = 16, FIXED = 16, DIMS_MAX = 512 };
enum { PROBES_MAX = 1024 }; /* more are no accident: looking up must stay short */
enum { AT_ONCE = 4096 };    /* entries in memory while the index is made */

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

static size_t entry_at(const struct vectors *vectors, uint32_t mark)
{
    return HEAD + (size_t)((mark & VECTORS_NUMBER) - 1) * (FIXED + vectors->dims);
}

static bool is_of(const struct vectors *vectors, uint32_t mark, uint64_t word)
{
    return ((mark ^ vectors_mark(0, word)) & ~(uint32_t)VECTORS_NUMBER) == 0 &&
           u64_at(vectors->file.bytes + entry_at(vectors, mark)) == word;
}

/* The place of a word in the index: where it is, or the free one where it would be. */
static size_t place_of(const struct vectors *vectors, uint64_t word)
{
    size_t i = hash_place(word, vectors->mask);
    while (vectors->index[i] && !is_of(vectors, vectors->index[i], word)) {
        i = (i + 1) & vectors->mask;
    }
    return i;
}

static bool read_head(struct vectors *vectors)
{
    if (vectors->file.size < HEAD || memcmp(vectors->file.bytes, "WVEC3\0\0\0", 8) != 0) {
        return false;
    }
    vectors->count = u32_at(vectors->file.bytes + 8);
    vectors->dims = u32_at(vectors->file.bytes + 12);
    return vectors->count > 0 && vectors->count <= VECTORS_MAX && vectors->dims > 0 &&
           vectors->dims <= DIMS_MAX &&
           vectors->file.size == HEAD + (size_t)vectors->count * (FIXED + vectors->dims);
}

static bool read_entry(struct vectors *vectors, uint32_t number)
{
    const char *entry = vectors->file.bytes + entry_at(vectors, number);
    uint64_t word = u64_at(entry);
    float scale = f32_at(entry + 12);
    size_t place = place_of(vectors, word);
    vectors->index[place] = vectors_mark(number, word);
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
    for (uint32_t number = 1; number <= vectors->count; number++) {
        if (!read_entry(vectors, number)) {
            return false;
        }
        if (number % AT_ONCE == 0) {
            file_map_release(&vectors->file, entry_at(vectors, number));
        }
    }
    file_map_release(&vectors->file, vectors->file.size);
    return true;
}

bool vectors_load(const char *path, struct vectors **ret, struct error *err)
{
    struct file_map file;
    if (!file_map(path, FILE_MAX, &file, err)) {
        return false;
    }
    struct vectors *vectors = mem_alloc(sizeof(*vectors));
    vectors->file = file;
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
        mem_free(vectors->index);
        file_unmap(&vectors->file);
        mem_free(vectors);
    }
}

/* What the index says of the word; 0 when it is not there. */
static uint32_t mark_of(const struct vectors *vectors, uint64_t word)
{
    return vectors ? vectors->index[place_of(vectors, word)] : 0;
}

bool vectors_has(const struct vectors *vectors, uint64_t word)
{
    return mark_of(vectors, word) != 0;
}

bool vectors_find(const struct vectors *vectors, uint64_t word, struct vector *ret)
{
    uint32_t mark = mark_of(vectors, word);
    if (mark == 0) {
        return false;
    }
    const char *p = vectors->file.bytes + entry_at(vectors, mark);
    *ret = (struct vector){.values = (const int8_t *)p + FIXED,
                           .scale = f32_at(p + 12),
                           .rank = u16_at(p + 8),
                           .cluster = u16_at(p + 10)};
    return true;
}
