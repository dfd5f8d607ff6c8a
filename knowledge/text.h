#pragma once

#include <stdbool.h>

/*
 * What the texts of a pack must look like, as pure predicates on NUL-terminated strings of any
 * bytes. Knows nothing of JSON or packs.
 */
bool text_is_blank(const char *text); /* nothing but blanks, tabs and line breaks */

/*
 * Control characters, broken UTF-8, line separators and the marks that reorder what is around
 * them: a reply that quoted such a text would not show what it says. lines: LF and TAB are fine.
 */
bool text_has_control(const char *text, bool lines);

bool text_is_id(const char *text);   /* lower case letters, digits, single hyphens between them */
bool text_is_date(const char *text); /* YYYY-MM-DD, months 1-12 and days 1-31 */
bool text_is_url(const char *text);  /* http(s)://..., without blanks, quotes, < > | ` \ */
