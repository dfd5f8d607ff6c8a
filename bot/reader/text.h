#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * First stage: raw bytes of any chat to plain text. Decodes UTF-8 (bad bytes become blanks),
 * folds case, marks,
 * compatibility forms and typographic punctuation (utf8proc), takes out what is markup (IRC
 * codes, Slack
 * entities, HTML comments, Markdown) and keeps what the markup meant as attributes of lines and
 * stretches. Knows no words.
 * Caller's storage, linear time, never fails: what does not fit is cut and `truncated` set.
 */
enum {
    TEXT_NORMAL_MAX = 96 * 1024, /* bytes of normal text: folding may lengthen what came in */
    TEXT_LINES_MAX = 4096,
};

/* Attributes of a byte of normal text. */
enum {
    TEXT_QUOTE = 1 << 0,  /* in a "> " quotation */
    TEXT_CODE = 1 << 1,   /* code: nobody's statement */
    TEXT_STRUCK = 1 << 2, /* ~~struck out~~ */
    TEXT_UPPER = 1 << 3,  /* was a capital letter */
};

/* Attributes of a line. */
enum {
    LINE_ITEM = 1 << 0,      /* a list item */
    LINE_HEADING = 1 << 1,   /* "# ..." or a line of bold type */
    LINE_PARAGRAPH = 1 << 2, /* a blank line goes before it */
    LINE_COLON = 1 << 3,     /* ends with a colon */
    LINE_SOFT = 1 << 4,      /* goes on from the line before it: only wrapped */
    LINE_DONE = 1 << 5,      /* "- [x]" */
};

struct text_line {
    uint32_t start; /* first byte in normal text */
    uint8_t flags;
};

struct text {
    char normal[TEXT_NORMAL_MAX];     /* lines end with '\n' */
    uint32_t source[TEXT_NORMAL_MAX]; /* offset of the source byte each came from */
    uint8_t attr[TEXT_NORMAL_MAX];
    uint32_t len;
    struct text_line lines[TEXT_LINES_MAX];
    uint32_t line_count;
    uint16_t mentions; /* people or channels named by @ or # entities, the bot itself included */
    uint8_t truncated;
};

void text_read(struct text *ret, const char *bytes, size_t len);
