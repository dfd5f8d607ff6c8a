#pragma once

#include <stdint.h>

/*
 * What later messages may come back to: a word of those that stated a situation. Short, since
 * conversations keep them; a wrong meeting of two hashes does no more harm than a wrong word would.
 */
struct anchor {
    uint32_t stem;
    uint32_t situation; /* wide, so that no byte of it is left to chance */
};
enum { ANCHORS_MAX = 32 };
