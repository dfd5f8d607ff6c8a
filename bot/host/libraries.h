#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The libraries that the program found when it started, against those that it was built with: a
 * package can be updated, or put back, beneath a program that is already there.
 */
struct library {
    const char *name;
    const char *built, *loaded; /* "7.88.1"; built NULL: not known */
};

enum library_verdict {
    LIBRARY_FINE,
    LIBRARY_DOUBTFUL, /* older than what it was built with, or known to be faulty */
    LIBRARY_TOO_OLD,  /* it lacks what we need */
};

enum { LIBRARY_TEXT_MAX = 200 };

/* A sentence in ret unless it is fine, when ret is "". Versions that are none are fine. */
enum library_verdict library_judge(const struct library *library, char ret[LIBRARY_TEXT_MAX]);

/* Those that this floor uses: libcurl, the TLS within it, SQLite, jansson. Returns how many. */
enum { LIBRARIES_MAX = 4 };
size_t libraries_of_host(struct library ret[LIBRARIES_MAX]);
