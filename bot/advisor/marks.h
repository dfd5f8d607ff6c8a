#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which words of a message counted: for those who show a message with what was read from it. Pure.
 * Knows nothing of how it is shown.
 */
struct outcome;
struct workspace;

enum { MARKS_MAX = 64 };

struct mark {
    uint32_t start, end; /* bytes of the message, end exclusive; start < end */
    uint8_t situation;   /* of the outcome's pack */
    bool denied;
};

/*
 * Of the message that the workspace has read last, and its outcome: in their order, none over
 * another. A situation is marked by the pack's own cues where it was read from any, else by the
 * clause that the learned part judged; what was read and did not come to count is not marked.
 * Returns how many; what is beyond MARKS_MAX is left out.
 */
size_t marks_find(const struct workspace *workspace, const struct outcome *outcome,
                  struct mark ret[MARKS_MAX]);
