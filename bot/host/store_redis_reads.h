#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/base/buf.h"

/*
 * What a turn knows of keys in Redis: what they were when it read them, and what it means to put
 * there. Found by the whole key. Also how conversations and notes are written there. Knows nothing
 * of connections. Pure but for memory.
 */

/* Bytes of somebody's buffer, by place, since it grows. */
struct redis_span {
    size_t at, len;
};

struct redis_read {
    uint64_t hash;
    struct redis_span key; /* in redis_reads.keys */
    bool read;             /* value is known */
    const char *value;     /* borrowed; NULL: there was nothing */
    size_t value_len;
    bool claimed;            /* this turn takes the message of that name */
    bool put;                /* this turn puts there: */
    struct redis_span bytes; /* in the turn's words */
    int64_t expires_ms;
};

struct redis_reads {
    struct buf keys;
    struct redis_read *items; /* in the order in which they were added */
    size_t count, cap;
    uint32_t *places; /* open addressing: number of an item + 1, 0: free */
    size_t mask;      /* 0: no places yet */
};

void redis_reads_init(struct redis_reads *ret);
void redis_reads_finish(struct redis_reads *reads);
void redis_reads_clear(struct redis_reads *reads);

/* What is returned is good until the next redis_reads_add(). NULL: not there. */
struct redis_read *redis_reads_find(const struct redis_reads *reads, const char *key, size_t len);

/* Makes it where it is not there. */
struct redis_read *redis_reads_add(struct redis_reads *reads, const char *key, size_t len);

/* ---- values ---- */

/* "STAMP EXPIRES" LF BYTES, of a conversation or a note. */
enum { REDIS_STAMP_MAX = 40 };

struct redis_value {
    const char *stamp, *bytes; /* borrowed from the text */
    size_t stamp_len, bytes_len;
    int64_t expires_ms;
};

/*
 * Anything else is a value without bytes that expired long ago; its stamp is what stands before
 * the first blank, as the script sees it.
 */
void redis_value_parse(const char *text, size_t len, struct redis_value *ret);

/* What stands before the bytes. Returns its length. */
size_t redis_value_head(const char *stamp, int64_t expires_ms, char ret[REDIS_STAMP_MAX + 32]);
