#pragma once

#include <stddef.h>

/*
 * Where a character of UTF-8 ends. Pure; any bytes. Knows nothing of what characters are: that is
 * utf8proc's business.
 */

/*
 * Length (1 to 4) of the well-formed UTF-8 character at text; 0 for a broken one (stray or overlong
 * bytes, surrogates, beyond U+10FFFF) or len 0.
 */
size_t utf8_length(const char *text, size_t len);
