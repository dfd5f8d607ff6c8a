#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Composing short texts without stdio: a bounded line on the stack, a formatter of its own. Pure:
 * no allocation, no locale, no globals. Knows nothing of packs or chats. The formatter knows %s,
 * %.*s, %d, %zu and %% and nothing else; an unknown conversion is a bug of the caller and ends the
 * text there. %s with NULL adds nothing.
 */
enum { LINE_CAP = 2048 };

/* Invariant: len < LINE_CAP and text[len] is NUL. */
struct line {
    char text[LINE_CAP];
    size_t len;
};

/* Empties the line; it will hold less than LINE_CAP bytes. */
void line_init(struct line *line);

/* Appends all of it or, when it does not fit, nothing (false). */
bool line_add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * The same, but false, too, if the line would get longer than max bytes: for parts that may be
 * left out.
 */
bool line_add_within(struct line *line, size_t max, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Appends a clause or noun phrase of a pack without its final full stop; `capital` makes its first
 * letter a capital, unless the first word is an abbreviation (a word without a vowel: npm) or has
 * capitals of its own (iPad).
 */
bool line_add_clause(struct line *line, const char *text, bool capital);

/*
 * Formats into out[cap], NUL-terminated. Returns the length, or cap if it does not fit (out is
 * then undefined).
 */
size_t text_format(char *out, size_t cap, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
