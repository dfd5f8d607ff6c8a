#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bot/reader/text.h"

/*
 * What the parts of text.h share: text.c (lines, and what stands before their words), text_inline.c
 * (markup inside a line), text_put.c (characters, and what each is in normal text). Not for anybody
 * else.
 */

/* The walk over the source. */
struct cursor {
    const char *bytes;
    size_t len, at;
    uint8_t attr;   /* of what is being copied */
    bool fence;     /* inside a fenced code block */
    bool bold_line; /* the line began with ** or __ */
};

static inline bool starts(const struct cursor *cur, size_t at, const char *what)
{
    size_t len = strlen(what);
    return at + len <= cur->len && memcmp(cur->bytes + at, what, len) == 0;
}

static inline size_t find(const struct cursor *cur, size_t at, size_t end, char c)
{
    const char *hit = at < end ? memchr(cur->bytes + at, c, end - at) : NULL;
    return hit ? (size_t)(hit - cur->bytes) : end;
}

static inline size_t line_end(const struct cursor *cur, size_t at)
{
    return find(cur, at, cur->len, '\n');
}

static inline bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (c & 0x80);
}

/* ---- text_put.c ---- */

/* A byte of normal text; when it is full, `truncated` is set. */
void text_put(struct text *text, char c, size_t source, uint8_t attr);

/* A blank, but none at the beginning of a line, and no second one. */
void text_put_blank(struct text *text, size_t source, uint8_t attr);

/* Copies one character; returns how many bytes it took. */
size_t text_put_char(struct text *text, const struct cursor *cur, size_t at);

/* ---- text_inline.c ---- */

/* Everything inside a line, a piece at a time. Returns how many source bytes were used. */
size_t text_inline_read(struct text *text, struct cursor *cur, size_t at);
