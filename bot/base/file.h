#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Files as they come from whoever has named them: opened without waiting, refused when they are
 * none or too large; and mapped, so that only what is looked at comes into memory. A mapped file
 * must be replaced by renaming another: who cuts it short in place ends the process (SIGBUS), as
 * with any program's own text. Errors are sentences that start after the path.
 */
struct error;

/* The descriptor, to be closed by the caller; -1 with err. FIFOs and devices are refused. */
int file_open(const char *path, size_t max, size_t *ret_size, struct error *err);

struct file_map {
    const char *bytes; /* owned, read only */
    size_t size;
};

/* On failure *ret is untouched. */
bool file_map(const char *path, size_t max, struct file_map *ret, struct error *err);

/* What lies before `end` need not stay in memory; it comes back when it is looked at. */
void file_map_release(const struct file_map *map, size_t end);
void file_unmap(struct file_map *map); /* a zeroed one is fine */

/*
 * access(2) as another user sees it, with that user's groups; for root. 0, or errno's value; 0 also
 * where nobody can know: no such user, no process to look.
 */
int file_access_as(const char *user, const char *path, int mode);

/* The folder that a path lies in: "." where it names none. False: longer than cap. */
bool file_folder(const char *path, char *ret, size_t cap);

/* The names in the folder that a path lies in are on the disk. */
bool file_sync_folder_of(const char *path, struct error *err);

/*
 * A finished file takes its place: it is on the disk first, then it has the name, then the folder
 * is on the disk, too. Without `replace` nobody loses what has the name already. On failure the
 * temporary file may still be there, for the caller to remove.
 */
bool file_publish(const char *temporary, const char *path, bool replace, struct error *err);
