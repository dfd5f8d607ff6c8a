#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Is it HTML as our pages are meant to be? Only tags and attributes that they use, each attribute
 * in double quotes, every tag closed by its own, no script but the one of the head, every "&" an
 * entity, valid UTF-8 without control characters. What somebody writes can make none of that, so a
 * text that was not escaped shows. For tests and fuzzing.
 */

/* False: *ret_at tells where it ends being so. */
bool html_fine(const char *text, size_t len, size_t *ret_at);
