#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The file that a copy is made in, beside the one that it is to become: FILE.new.XXXXXX. Who makes
 * it has it locked, so that one whose maker was killed can be told from one at work. Knows nothing
 * of what is copied, but by what a store begins with.
 */
struct error;

/* Room for the name is the caller's. False: longer than cap. */
bool draft_name(const char *target, char *ret, size_t cap);

/*
 * Makes it, mode 0600, under a name of draft_name(), whose last letters it chooses. The descriptor
 * holds it: the caller closes it when the draft has its name or is gone. -1 with err, a sentence
 * that starts after the target's path.
 */
int draft_make(char *path, struct error *err);

/* The file and what SQLite may have put beside it. */
void draft_remove(const char *path);

/*
 * Removes the drafts of this target that no process holds: only private files of ours, or empty
 * ones, with a name of draft_name(). Where the folder cannot be read or nothing can be locked, all
 * stay. Closes descriptors: no database that could be one of them may be open in this process.
 */
void draft_clear(const char *target);
