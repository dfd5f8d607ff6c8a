#pragma once

#include "bot/advisor/advisor.h"
#include "bot/reader/read.h"

/* The inside of a workspace and of an advisor: for advisor.c and for those who explain or train. */
struct workspace {
    struct reading reading;  /* the last turn */
    struct stemmer *stemmer; /* owned */
    float kind_scores[KIND_COUNT];
};

struct advisor {
    const struct knowledge *knowledge; /* borrowed */
    struct reader *reader;             /* owned */
};

/* The context in which the next turn of a conversation is judged. */
struct context conversation_context(const struct conversation *conversation, enum surface surface);
