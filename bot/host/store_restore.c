#include "bot/host/store_backup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/file.h"
#include "bot/base/mem.h"
#include "bot/host/store_copy.h"
#include "bot/host/store_sqlite.h"

struct restore {
    struct store_engine *store; /* the place, under its real name, and its lock */
    /* The same, to open what is there: made early, since without memory the program ends at once */
    struct store_engine *there;
    struct stat owner;    /* whose what is there shall be */
    bool old;             /* something is there */
    bool linked, renamed; /* it is PATH.old, too; it is that alone */
    bool moved[2];        /* logs of its own that are PATH.old-wal, PATH.old-journal */
};

static bool exists(const char *path, struct stat *ret)
{
    return lstat(path, ret) == 0;
}

static bool find_owner(struct restore *restore, struct error *err)
{
    const char *path = restore->store->path;
    char folder[STORE_PATH_LEN];
    struct stat info;
    restore->old = stat(path, &restore->owner) == 0;
    if (!restore->old && exists(path, &info)) {
        return error_set(err, ERROR_INPUT, "%s: is a link that leads nowhere", path);
    }
    return restore->old ||
           (file_folder(path, folder, sizeof(folder)) && stat(folder, &restore->owner) == 0) ||
           error_errno(err, errno, "%s: its folder cannot be found", path);
}

/* The daemon opens it all, whoever restores. */
static bool give(const struct restore *restore, const char *path, struct error *err)
{
    return geteuid() != 0 || chown(path, restore->owner.st_uid, restore->owner.st_gid) == 0 ||
           error_errno(err, errno, "%s: cannot be given to the store's owner", path);
}

static bool take_place(struct restore *restore, struct error *err)
{
    char path[STORE_PATH_LEN];
    /* Once more: until we had the lock, another restore may have put a new one there. */
    return find_owner(restore, err) && store_take_lock(restore->store, err) &&
           find_owner(restore, err) && store_beside(restore->store, "-lock", path, err) &&
           give(restore, path, err);
}

/* ---- what was there ---- */

/*
 * What is in them goes into the file when SQLite next opens it, by its name alone: beside another
 * file they would be taken for that one's.
 */
static const char *const logs[] = {"-wal", "-journal"};

static bool in_the_way(const char *path, struct error *err)
{
    return error_set(err, ERROR_INPUT,
                     "%s: is there already, from an earlier restore; move or remove it", path);
}

/*
 * That nothing of an earlier restore would be lost. One that was cut off may have left the store a
 * second name.
 */
static bool check_aside(const struct restore *restore, struct error *err)
{
    char aside[STORE_PATH_LEN], path[STORE_PATH_LEN];
    struct stat info;
    if (!store_beside(restore->store, ".old", aside, err)) {
        return false;
    }
    if (restore->old && exists(aside, &info)) {
        if (!copy_same_file(&info, &restore->owner)) {
            return in_the_way(aside, err);
        }
        unlink(aside);
    }
    for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
        char ending[16];
        snprintf(ending, sizeof(ending), ".old%s", logs[i]);
        if (!store_beside(restore->store, ending, aside, err) ||
            !store_beside(restore->store, logs[i], path, err)) {
            return false;
        }
        bool moves = restore->old || exists(path, &info);
        if (moves && exists(aside, &info)) {
            return in_the_way(aside, err);
        }
    }
    return true;
}

/*
 * Its log goes into its file, so that it is one file. Where that cannot be, since it is damaged or
 * somebody reads it, the log is there afterwards.
 */
static void empty_logs(const struct restore *restore)
{
    struct store_engine *there = restore->there;
    if (store_open_database(there, SQLITE_OPEN_READWRITE, NULL)) {
        sqlite3_exec(there->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    }
    sqlite3_close(there->db);
    there->db = NULL;
}

static bool rename_beside(const struct restore *restore, const char *from, const char *to)
{
    char old[STORE_PATH_LEN], new[STORE_PATH_LEN];
    return store_beside(restore->store, from, old, NULL) &&
           store_beside(restore->store, to, new, NULL) && rename(old, new) == 0;
}

static bool move_log(struct restore *restore, size_t log)
{
    char path[STORE_PATH_LEN], ending[16];
    struct stat info;
    snprintf(ending, sizeof(ending), ".old%s", logs[log]);
    if (!store_beside(restore->store, logs[log], path, NULL) || !exists(path, &info)) {
        return true;
    }
    if (info.st_size == 0) {
        return unlink(path) == 0;
    }
    restore->moved[log] = rename_beside(restore, logs[log], ending);
    return restore->moved[log];
}

/* A second name for it; where the file system has none of these, the only one. */
static bool keep_old(struct restore *restore)
{
    char aside[STORE_PATH_LEN];
    const char *path = restore->store->path;
    restore->linked =
        restore->old && store_beside(restore->store, ".old", aside, NULL) && link(path, aside) == 0;
    bool linkless = errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS;
    restore->renamed =
        restore->old && !restore->linked && linkless && rename_beside(restore, "", ".old");
    return !restore->old || restore->linked || restore->renamed;
}

/*
 * The name always leads to a store without another's log beside it, and a whole one: the log goes
 * into the file first. Where it cannot, it goes aside, and what has the name lacks it until the new
 * one takes its place. All of that is on the disk before.
 */
static bool move_aside(struct restore *restore, struct error *err)
{
    char shm[STORE_PATH_LEN];
    struct error cause = {0};
    empty_logs(restore);
    if (!move_log(restore, 0) || !move_log(restore, 1) || !keep_old(restore)) {
        return error_errno(err, errno, "%s: cannot be moved aside", restore->store->path);
    }
    if (store_beside(restore->store, "-shm", shm, NULL)) {
        unlink(shm);
    }
    return file_sync_folder_of(restore->store->path, &cause) ||
           error_set(err, cause.code, "%s: %s", restore->store->path, cause.text);
}

/* The new one may have the name already, where its folder could not be put on the disk. */
static void move_back(const struct restore *restore)
{
    char aside[STORE_PATH_LEN];
    struct stat now;
    /* Of two names of one file rename(2) leaves both. */
    if ((restore->renamed || restore->linked) && rename_beside(restore, ".old", "") &&
        store_beside(restore->store, ".old", aside, NULL)) {
        unlink(aside);
    }
    if (stat(restore->store->path, &now) == 0 &&
        !(restore->old && copy_same_file(&now, &restore->owner))) {
        return; /* the new one's: the logs of the old one must not lie beside it */
    }
    for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
        char ending[16];
        snprintf(ending, sizeof(ending), ".old%s", logs[i]);
        if (restore->moved[i]) {
            rename_beside(restore, ending, logs[i]);
        }
    }
}

/* ---- the whole ---- */

/* Where nothing was, something may be by now, made by who knows nothing of our lock. */
static bool put_in_place(struct restore *restore, struct copy *copy, struct error *err)
{
    if (!give(restore, copy->to->path, err)) {
        return false;
    }
    if (move_aside(restore, err) && copy_publish(copy, restore->linked, err)) {
        return true;
    }
    move_back(restore);
    return false;
}

static bool restore_to(struct restore *restore, const struct store_copy_task *task,
                       struct store_copied *ret, struct error *err)
{
    struct copy copy;
    struct stat info;
    if (!take_place(restore, err) || !check_aside(restore, err) || !copy_begin(&copy, task, err)) {
        return false;
    }
    bool itself =
        restore->old && stat(task->from, &info) == 0 && copy_same_file(&info, &restore->owner);
    bool done = itself ? error_set(err, ERROR_INPUT, "%s: is the store itself", task->from)
                       : copy_make(&copy, ret, err) && put_in_place(restore, &copy, err);
    copy_end(&copy);
    return done;
}

bool store_restore(const struct store_copy_task *task, struct store_copied *ret, struct error *err)
{
    /* A link stays one: what it leads to is replaced. */
    char *real = realpath(task->to, NULL);
    const char *path = real == NULL ? task->to : real;
    struct restore restore = {.store = store_engine_create(path),
                              .there = store_engine_create(path)};
    struct store_copy_task there = *task;
    struct store_copied copied;
    free(real);
    there.to = restore.store->path;
    bool done = copy_check_source(task, err) && restore_to(&restore, &there, &copied, err);
    if (done) {
        *ret = copied;
        ret->kept_old = restore.old;
        ret->kept_log = restore.moved[0] || restore.moved[1];
    }
    sqlite_close(restore.there);
    sqlite_close(restore.store);
    return done;
}
