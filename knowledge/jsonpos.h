#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * On which line each value of a JSON text begins: jansson keeps the order of members but no
 * positions. One pass over the text, in linear time and without recursion, lists the values in
 * pre-order, which is the order of jansson's tree; whoever walks the tree walks the list beside it:
 * the first child of value n is n + 1, what follows n and all within it is jsonpos_next().
 * Knows nothing of jansson or packs. Any bytes may be given; for text that is not JSON the list is
 * meaningless but harmless. Run it before the JSON parser: it is what bounds the nesting.
 */
enum { JSONPOS_DEPTH_MAX = 16 };

struct jsonpos_value {
    int line;      /* of the value's first byte, from 1 */
    int key_line;  /* of its key; the same as `line` for items of a list */
    uint32_t next; /* the value after this one and all that it contains */
};

struct jsonpos {
    struct jsonpos_value *values; /* owned */
    size_t count, cap;
};

/*
 * False when lists and objects are nested deeper than JSONPOS_DEPTH_MAX: *ret_line is where.
 * Either way jsonpos_finish() frees. len is at most UINT32_MAX - 1.
 */
bool jsonpos_scan(struct jsonpos *pos, const char *text, size_t len, int *ret_line);
void jsonpos_finish(struct jsonpos *pos);

/* Values out of range are on line 0. */
int jsonpos_line(const struct jsonpos *pos, size_t value);
int jsonpos_key_line(const struct jsonpos *pos, size_t value);
size_t jsonpos_next(const struct jsonpos *pos, size_t value);
