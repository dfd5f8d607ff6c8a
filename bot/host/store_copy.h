#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "bot/host/store_backup.h"

/*
 * A whole, checked copy of a store in a file beside the one that it is to become: what a back-up
 * and the way back (store_backup.c, store_restore.c) have in common. Knows neither what has the
 * name now nor whether it may be replaced.
 */
struct error;
struct store_engine;

struct copy {
    const struct store_copy_task *task; /* borrowed */
    struct store_engine *from, *to;     /* owned; to: the file that is to get the name */
    int held;                           /* it is there, and held by this; -1: it is not */
};

/* That the task's source can be read at all. */
bool copy_check_source(const struct store_copy_task *task, struct error *err);

/* copy_end() is for each that has begun. Nothing of one that has no name yet stays. */
bool copy_begin(struct copy *ret, const struct store_copy_task *task, struct error *err);
void copy_end(struct copy *copy);

bool copy_make(struct copy *copy, struct store_copied *ret, struct error *err);

/* It is on the disk first, and then has the name at once. replace: whoever has it now loses it. */
bool copy_publish(struct copy *copy, bool replace, struct error *err);

bool copy_same_file(const struct stat *a, const struct stat *b);
