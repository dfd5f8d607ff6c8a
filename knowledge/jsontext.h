#pragma once

#include <stddef.h>

#include <jansson.h>

/*
 * From a file's bytes to a JSON tree and the lines of its values (jsonpos.h), or to faults that say
 * what is usually behind jansson's message. Any bytes. Pure apart from memory. Knows nothing of
 * packs.
 */
struct fault_list;
struct jsonpos;

/*
 * NULL after a fault: not UTF-8, a byte order mark, empty, not JSON, nested too deeply. The tree is
 * the caller's; so is *ret_pos (zeroed before), which jsonpos_finish() frees either way.
 */
json_t *jsontext_load(const char *file, const char *text, size_t len, struct jsonpos *ret_pos,
                      struct fault_list *faults);
