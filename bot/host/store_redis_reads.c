#include "bot/host/store_redis_reads.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/hash.h"
#include "bot/base/mem.h"

enum { KEYS_MAX = 64 * 1024 * 1024, KEEP_PLACES = 4096, FIRST_PLACES = 256 };

void redis_reads_init(struct redis_reads *ret)
{
    *ret = (struct redis_reads){0};
    buf_init(&ret->keys, KEYS_MAX);
}

void redis_reads_finish(struct redis_reads *reads)
{
    buf_finish(&reads->keys);
    mem_free(reads->items);
    mem_free(reads->places);
    *reads = (struct redis_reads){0};
}

void redis_reads_clear(struct redis_reads *reads)
{
    if (reads->mask >= KEEP_PLACES) {
        redis_reads_finish(reads);
        redis_reads_init(reads);
        return;
    }
    buf_clear(&reads->keys);
    if (reads->count > 0) {
        memset(reads->places, 0, (reads->mask + 1) * sizeof(*reads->places));
    }
    reads->count = 0;
}

/* Where it stands, or the free place where it would be. */
static size_t place_of(const struct redis_reads *reads, uint64_t hash, const char *key, size_t len)
{
    size_t i = hash_place(hash, reads->mask);
    for (; reads->places[i] != 0; i = (i + 1) & reads->mask) {
        const struct redis_read *item = &reads->items[reads->places[i] - 1];
        if (item->hash == hash && item->key.len == len &&
            memcmp(reads->keys.data + item->key.at, key, len) == 0) {
            break;
        }
    }
    return i;
}

struct redis_read *redis_reads_find(const struct redis_reads *reads, const char *key, size_t len)
{
    if (reads->count == 0) {
        return NULL;
    }
    uint32_t number = reads->places[place_of(reads, hash_bytes(key, len), key, len)];
    return number == 0 ? NULL : &reads->items[number - 1];
}

static void grow(struct redis_reads *reads)
{
    size_t places = reads->mask == 0 ? FIRST_PLACES : 2 * (reads->mask + 1);
    mem_free(reads->places);
    reads->places = mem_alloc(places * sizeof(*reads->places));
    reads->mask = places - 1;
    reads->cap = places / 2;
    reads->items = mem_grow(reads->items, reads->cap, sizeof(*reads->items));
    for (size_t i = 0; i < reads->count; i++) {
        const struct redis_read *item = &reads->items[i];
        size_t at = place_of(reads, item->hash, reads->keys.data + item->key.at, item->key.len);
        reads->places[at] = (uint32_t)i + 1;
    }
}

struct redis_read *redis_reads_add(struct redis_reads *reads, const char *key, size_t len)
{
    struct redis_read *known = redis_reads_find(reads, key, len);
    if (known != NULL) {
        return known;
    }
    if (reads->count == reads->cap) {
        grow(reads);
    }
    uint64_t hash = hash_bytes(key, len);
    size_t at = place_of(reads, hash, key, len);
    struct redis_read *item = &reads->items[reads->count++];
    *item = (struct redis_read){.hash = hash, .key = {reads->keys.len, len}};
    buf_append(&reads->keys, key, len);
    reads->places[at] = (uint32_t)reads->count;
    return item;
}

/* ---- values ---- */

void redis_value_parse(const char *text, size_t len, struct redis_value *ret)
{
    const char *blank = len == 0 ? NULL : memchr(text, ' ', len);
    size_t stamp_len = blank == NULL ? len : (size_t)(blank - text);
    *ret = (struct redis_value){
        .stamp = text, .stamp_len = stamp_len, .bytes = "", .expires_ms = INT64_MIN};
    const char *end = blank == NULL ? NULL : memchr(blank, '\n', len - stamp_len);
    char digits[24];
    size_t digits_len = end == NULL ? sizeof(digits) : (size_t)(end - blank - 1);
    if (digits_len == 0 || digits_len >= sizeof(digits)) {
        return;
    }
    char *stop;
    memcpy(digits, blank + 1, digits_len);
    digits[digits_len] = '\0';
    long long expires_ms = strtoll(digits, &stop, 10);
    if (stop == digits + digits_len) {
        ret->expires_ms = expires_ms;
        ret->bytes = end + 1;
        ret->bytes_len = len - (size_t)(end + 1 - text);
    }
}

size_t redis_value_head(const char *stamp, int64_t expires_ms, char ret[REDIS_STAMP_MAX + 32])
{
    return (size_t)snprintf(ret, REDIS_STAMP_MAX + 32, "%.*s %" PRId64 "\n", REDIS_STAMP_MAX, stamp,
                            expires_ms);
}
