#pragma once

#include <stddef.h>

/*
 * Packs in files, for tests of those who load them: those of tests/unit/packs, and folders of a
 * test's own. Asserts (cmocka) that all of it works.
 */
struct buf;
struct knowledge;

enum { PATH_SIZE = 1024 };

/* Borrowed until the next call. */
const char *packs_path(const char *name);

/* Sets the buffer up, too. */
void read_whole(struct buf *buf, const char *path);

/* Without a fault. The caller's. */
struct knowledge *load_good(const char *path);

/* An empty folder; borrowed until the next call. It goes with its last file. */
char *make_folder(void);
void write_file(const char *folder, const char *name, const char *text, size_t len);
void remove_file(const char *folder, const char *name);
