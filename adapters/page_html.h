#pragma once

#include <stddef.h>

/*
 * HTML from pieces: what stands in a format is markup of ours, whatever is put into it is text and
 * comes out escaped, in contents and in quoted attributes alike. Pure. Knows nothing of what is
 * shown.
 */
struct buf;
struct reply;

/* Formats: %s %d %zu %%; a %s is escaped, NULL is "". */
void html_printf(struct buf *ret, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Bytes as text: what is not UTF-8 becomes U+FFFD, and so do control characters other than line
 * ends and tabs, and what reverses the direction of the text around it.
 */
void html_put(struct buf *ret, const char *text, size_t len);

/* A reply's blocks as paragraphs, lists, quotes and code; `lead` is the class of the first. */
void html_put_reply(struct buf *ret, const struct reply *reply, const char *lead);

/*
 * The head of a page up to its <main>, and its end. title: of the page; here: which of the links
 * at the top it is ("ask", "rules"), or NULL.
 */
void html_begin(struct buf *ret, const char *title, const char *here);
void html_end(struct buf *ret);
