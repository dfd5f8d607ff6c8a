#pragma once

#include <stdint.h>

/*
 * What was asked and not understood, as the store keeps it and those who show it get it: what the
 * packs' authors want to know.
 */
struct gap {
    const char *text; /* the question as it was first asked, at most GAP_TEXT_MAX bytes */
    const char *kind; /* "unknown", "ask" for a choice without a usable fact, or "wrong" where a
                         person said that the answer was */
    uint64_t count;
    int64_t first_ms, last_ms;
};
enum { GAP_TEXT_MAX = 1000, GAPS_KEPT_MAX = 5000 };

/* gap is borrowed for the call. */
typedef void gap_visit(void *context, const struct gap *gap);
