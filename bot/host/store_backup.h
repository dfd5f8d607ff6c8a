#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Copies of SQLite's store: a back-up, also while a daemon works on it, and the way back. What is
 * under the new name is whole, checked and on the disk, or it is not there. A copy is one file of
 * mode 0600 without a log beside it. Knows nothing of Redis, which makes back-ups of its own, nor
 * of whom a progress is shown to.
 */
struct error;

enum store_copy_step { STORE_COPYING, STORE_CHECKING };

/* Every few milliseconds; false ends the work, which then has failed. Pages, while copying. */
typedef bool store_progress(void *context, enum store_copy_step step, int done, int all);

struct store_copy_task {
    const char *from, *to;
    bool replace;             /* back-up: a file that has the name already */
    bool forget_waiting;      /* restore: without the answers that wait to be delivered */
    store_progress *progress; /* NULL: none */
    void *context;
};

/* What is in the copy. */
struct store_copied {
    uint64_t bytes, waiting; /* answers in its outbox */
    bool kept_old;           /* restore: what was there is PATH.old */
    bool kept_log;           /* a log of it is PATH.old-wal or PATH.old-journal */
};

/*
 * As of a moment after the call. Reads beside the daemon, which does not wait, but its log (-wal)
 * cannot begin anew until the copy is made. False, with nothing left behind, when the store is not
 * there, is damaged, or is another program's; when `to` has a file already, or is one of the
 * store's own.
 */
bool store_backup(const struct store_copy_task *task, struct store_copied *ret, struct error *err);

/*
 * Refused while a whether has the store. What was there becomes PATH.old (of what PATH leads to,
 * where it is a link); refused when there is one already. Cut off at any moment, by a power cut
 * too, what has the name is the old store or the new one, whole, and the next restore goes on; but
 * where no hard link to the old one can be made, or where its log could not be put into its file.
 * Run by root, all belongs to whom the store, or else its folder, belongs.
 */
bool store_restore(const struct store_copy_task *task, struct store_copied *ret, struct error *err);
