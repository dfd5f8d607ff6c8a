#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * How a function says that it failed: it returns false and leaves a sentence for a human.
 * Knows nothing of who shows the sentence. An error owns no memory; a zeroed one means "none".
 * The first writer wins, so a caller further up may add nothing by mistake. Never put a secret in.
 * Every text that is stored here is one line of valid UTF-8: control bytes and broken sequences
 * become "?", so that a hostile file cannot forge a second line or drive a terminal.
 */
enum error_code {
    ERROR_NONE,
    ERROR_USAGE,       /* the command line is wrong */
    ERROR_INPUT,       /* a file or message is not what it should be */
    ERROR_ENVIRONMENT, /* file, network, memory: the world said no */
};

struct error {
    enum error_code code;
    char text[320];
};

/* Fills err (may be NULL) unless it is already set; always returns false, so it can be returned. */
bool error_set(struct error *err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with the text of errno_value appended after ": ". */
bool error_errno(struct error *err, int errno_value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * A list of faults in files, for tools that report all of them at once. Owned by the caller: zero
 * it before use, fault_finish() frees it. Holds at most FAULTS_MAX; further ones are counted in
 * `dropped`.
 */
enum { FAULTS_MAX = 200 };

struct fault {
    char *file; /* owned */
    int line;   /* from 1; 0 where the whole file is meant: prints as "FILE: text" */
    char *text; /* owned, a full sentence without a final full stop, at most 1000 bytes */
};

struct fault_list {
    struct fault *items;
    size_t count, cap, dropped;
};

void fault_add(struct fault_list *list, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* True: further faults are only counted, so nobody need look for good advice to put in them. */
bool fault_full(const struct fault_list *list);
void fault_finish(struct fault_list *list);

/*
 * "Did you mean ...?" for unknown keys, ids and commands: offer every known name, then ask for the
 * hint. Names of more than NEAREST_LEN_MAX bytes are never near. Of equally near names the first
 * one wins. Pointers are borrowed.
 */
enum { NEAREST_LEN_MAX = 48 };

struct nearest {
    const char *wanted;
    const char *best; /* NULL: nothing is near enough */
    size_t distance;
    char hint[NEAREST_LEN_MAX + 24];
};

void nearest_init(struct nearest *nearest, const char *wanted);
void nearest_offer(struct nearest *nearest, const char *candidate); /* NULL is passed over */

/* `; did you mean "x"?` or "", to be appended to a message. Lives in *nearest. */
const char *nearest_hint(struct nearest *nearest);
