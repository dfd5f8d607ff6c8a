#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Folders that somebody names in place of files, for what is in them: packs, parts of a
 * configuration. Always in the same order, that of the names' bytes. Errors are sentences that
 * start after the path.
 */
struct error;

enum { FOLDER_MAX = 20000 }; /* names read of one folder before it is given up */

struct folder_files {
    char **items; /* owned, as are the paths: the folder's own with a name after it */
    size_t count, cap;
};

bool folder_is(const char *path); /* there, and a folder */

/* Whether a file of that name is one of them. */
typedef bool folder_wants(const char *name);

/* Nothing wanted in it is no failure. folder_files_finish() frees, also after a failure. */
bool folder_list(const char *path, folder_wants *wants, struct folder_files *ret,
                 struct error *err);

void folder_files_add(struct folder_files *files, char *path); /* takes the path */
void folder_files_finish(struct folder_files *files);          /* a zeroed one is fine */

/* Whether a name has an ending ("x.json", ".json") and something before it. */
bool folder_name_ends(const char *name, const char *ending);
