#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "bot/base/buf.h"

/*
 * Lines of a stream, each of at most `max` bytes however long they are in truth, any bytes allowed.
 * Knows nothing of what they mean. Holds one line at a time; never reads ahead of the line's end,
 * so that a person or program at the other end of a pipe gets an answer before it has to send more.
 */
struct error;

struct lines {
    FILE *file;           /* owned unless it is standard input */
    const char *name;     /* for messages: the path, or "-"; borrowed */
    struct buf text;      /* the current line without its line feed, and without a CR before that */
    unsigned long number; /* of the current line, from 1 */
    bool truncated;       /* the current line was longer than the maximum; the rest of it is gone */
};

/* path "-" is standard input. False with err set when it cannot be opened or is a directory. */
bool lines_open(struct lines *ret, const char *path, size_t max, struct error *err);

/* False at the end, or with err set when reading failed. */
bool lines_next(struct lines *lines, struct error *err);

/* A line of nothing but spaces and tabs. */
bool lines_blank(const struct lines *lines);

void lines_close(struct lines *lines);
