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
#include "bot/host/store_sqlite.h"

enum {
    STEP_PAGES = 256,        /* a mebibyte */
    CHECK_EVERY = 10000,     /* instructions of SQLite's machine */
    BUSY_PATIENCE_MS = 10000 /* another process recovers the log of one that was killed */
};

struct work {
    const struct store_copy_task *task;
    struct store_engine *from, *to; /* to: the file that is to get the name */
    bool made;                      /* it is there */
};

static bool go_on(const struct work *work, enum store_copy_step step, int done, int all)
{
    const struct store_copy_task *task = work->task;
    return task->progress == NULL || task->progress(task->context, step, done, all);
}

static bool interrupted(const struct work *work, struct error *err)
{
    return error_set(err, ERROR_ENVIRONMENT, "%s: interrupted; nothing was changed",
                     work->task->to);
}

/* What of SQLite's two files is at fault it does not say. */
static bool copy_fails(const struct work *work, const char *why, struct error *err)
{
    return error_set(err, ERROR_ENVIRONMENT, "%s: cannot be copied to %s: %s", work->task->from,
                     work->task->to, why);
}

/* ---- the pages ---- */

/* Until the end of this transaction the source stays as it is now, whoever writes. */
static bool begin_to_read(struct work *work, int64_t *ret_version, struct error *err)
{
    struct store_engine *from = work->from;
    if (!store_open_database(from, SQLITE_OPEN_READONLY, err)) {
        return false;
    }
    sqlite3_busy_timeout(from->db, BUSY_PATIENCE_MS);
    if (sqlite3_exec(from->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK) {
        return store_fail(from, err);
    }
    if (!store_read_version(from, ret_version, err)) {
        return false;
    }
    return *ret_version > 0 || error_set(err, ERROR_INPUT, "%s: is empty", work->task->from);
}

/* Mode 0600 from its first byte on; SQLite opens what is there. */
static bool make_file(struct work *work, struct error *err)
{
    int fd = mkstemp(work->to->path);
    if (fd < 0) {
        return error_errno(err, errno, "%s: cannot be written", work->to->path);
    }
    close(fd);
    work->made = true;
    /* Nobody else looks: no -shm. What fails is thrown away: no journal. */
    return store_open_database(work->to, SQLITE_OPEN_READWRITE, err) &&
           (sqlite3_exec(work->to->db,
                         "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF;"
                         "PRAGMA synchronous = FULL",
                         NULL, NULL, NULL) == SQLITE_OK ||
            store_fail(work->to, err));
}

static bool copy_pages(struct work *work, struct error *err)
{
    sqlite3 *to = work->to->db;
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", work->from->db, "main");
    if (backup == NULL) {
        return copy_fails(work, sqlite3_errmsg(to), err);
    }
    int code;
    bool wanted;
    do {
        code = sqlite3_backup_step(backup, STEP_PAGES);
        int all = sqlite3_backup_pagecount(backup);
        wanted = go_on(work, STORE_COPYING, all - sqlite3_backup_remaining(backup), all);
    } while (code == SQLITE_OK && wanted);
    sqlite3_backup_finish(backup);
    if (code == SQLITE_DONE) {
        return true;
    }
    return code == SQLITE_OK ? interrupted(work, err) : copy_fails(work, sqlite3_errstr(code), err);
}

/* ---- the check ---- */

static int on_instructions(void *context)
{
    return !go_on(context, STORE_CHECKING, 0, 0);
}

/* The text of a one-row answer; "" where there is none. */
static bool read_text(struct work *work, const char *sql, char *ret, size_t cap, struct error *err)
{
    sqlite3 *db = work->to->db;
    sqlite3_stmt *statement = NULL;
    bool fine = sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
                sqlite3_step(statement) == SQLITE_ROW;
    if (fine) {
        const unsigned char *text = sqlite3_column_text(statement, 0);
        snprintf(ret, cap, "%s", text == NULL ? "" : (const char *)text);
    } else if (sqlite3_errcode(db) == SQLITE_INTERRUPT) {
        interrupted(work, err);
    } else {
        copy_fails(work, sqlite3_errmsg(db), err);
    }
    sqlite3_finalize(statement);
    return fine;
}

/*
 * Without a log it is one file, which can also be read where nothing can be written. Then what is
 * in the file is looked at, not what this connection remembers to have written.
 */
static bool settle(struct work *work, struct error *err)
{
    char mode[16];
    if (!read_text(work, "PRAGMA journal_mode = DELETE", mode, sizeof(mode), err)) {
        return false;
    }
    if (sqlite3_close(work->to->db) != SQLITE_OK) {
        return store_fail(work->to, err);
    }
    work->to->db = NULL;
    return store_open_database(work->to, SQLITE_OPEN_READONLY, err);
}

static bool check_copy(struct work *work, int64_t version, struct error *err)
{
    char mode[16], found[120];
    int64_t copied;
    if (!go_on(work, STORE_CHECKING, 0, 0)) {
        return interrupted(work, err);
    }
    sqlite3_progress_handler(work->to->db, CHECK_EVERY, on_instructions, work);
    if (!read_text(work, "PRAGMA integrity_check(1)", found, sizeof(found), err) ||
        !read_text(work, "PRAGMA journal_mode", mode, sizeof(mode), err) ||
        !store_read_version(work->to, &copied, err)) {
        return false;
    }
    if (strcmp(found, "ok") != 0) {
        return error_set(err, ERROR_INPUT, "%s: is damaged, and so would be a copy: %s",
                         work->task->from, found);
    }
    return (strcmp(mode, "delete") == 0 && copied == version) ||
           copy_fails(work, "it came out as another kind of file", err);
}

static bool look_at_copy(struct work *work, struct store_copied *ret, struct error *err)
{
    int64_t waiting, pages, page_size;
    if (!store_ask(work->to, "SELECT count(*) FROM outbox", &waiting, err) ||
        !store_ask(work->to, "PRAGMA page_count", &pages, err) ||
        !store_ask(work->to, "PRAGMA page_size", &page_size, err)) {
        return false;
    }
    *ret = (struct store_copied){(uint64_t)(pages * page_size), (uint64_t)waiting, false};
    return true;
}

/* ---- the whole ---- */

static bool work_begin(struct work *work, const struct store_copy_task *task, struct error *err)
{
    char beside[STORE_PATH_LEN];
    int len = snprintf(beside, sizeof(beside), "%s.new.XXXXXX", task->to);
    if (len < 0 || (size_t)len >= sizeof(beside)) {
        return error_set(err, ERROR_INPUT, "%.200s...: is a path that is too long", task->to);
    }
    *work =
        (struct work){task, store_engine_create(task->from), store_engine_create(beside), false};
    return true;
}

/* Of a copy that failed nothing stays; one that has its name is no longer under this. */
static void work_end(struct work *work)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    char path[STORE_PATH_LEN];
    bool made = work->made;
    sqlite3_close(work->to->db);
    work->to->db = NULL;
    for (size_t i = 0; made && i < ARRAY_LEN(endings); i++) {
        if (store_beside(work->to, endings[i], path, NULL)) {
            unlink(path);
        }
    }
    sqlite_close(work->to);
    sqlite_close(work->from);
}

static bool make_copy(struct work *work, struct store_copied *ret, struct error *err)
{
    int64_t version;
    return begin_to_read(work, &version, err) && make_file(work, err) && copy_pages(work, err) &&
           (!work->task->forget_waiting ||
            sqlite3_exec(work->to->db, "DELETE FROM outbox", NULL, NULL, NULL) == SQLITE_OK ||
            store_fail(work->to, err)) &&
           settle(work, err) && check_copy(work, version, err) && look_at_copy(work, ret, err);
}

static bool publish(struct work *work, bool replace, struct error *err)
{
    struct error cause = {0};
    if (sqlite3_close(work->to->db) != SQLITE_OK) {
        return store_fail(work->to, err);
    }
    work->to->db = NULL;
    return file_publish(work->to->path, work->task->to, replace, &cause) ||
           error_set(err, cause.code, "%s: %s", work->task->to, cause.text);
}

/* ---- back-up ---- */

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_of_store(const struct work *work, const struct stat *file)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-lock"};
    char path[STORE_PATH_LEN];
    struct stat info;
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        if (store_beside(work->from, endings[i], path, NULL) && stat(path, &info) == 0 &&
            same_file(&info, file)) {
            return true;
        }
    }
    return false;
}

/* Told before anything is copied; that none came meanwhile, publish() sees to. */
static bool check_target(const struct work *work, struct error *err)
{
    const struct store_copy_task *task = work->task;
    struct stat info;
    if (stat(task->to, &info) != 0) {
        return true;
    }
    if (!S_ISREG(info.st_mode)) {
        return error_set(err, ERROR_INPUT, "%s: is %s; a back-up is a file", task->to,
                         S_ISDIR(info.st_mode) ? "a folder" : "no ordinary file");
    }
    if (is_of_store(work, &info)) {
        return error_set(err, ERROR_INPUT, "%s: is the store itself", task->to);
    }
    return task->replace ||
           error_set(err, ERROR_INPUT, "%s: is there already; --replace replaces it", task->to);
}

static bool check_source(const struct store_copy_task *task, struct error *err)
{
    struct stat info;
    /* SQLite would not say why it cannot. */
    if (stat(task->from, &info) != 0 || access(task->from, R_OK) != 0) {
        return error_errno(err, errno, "%s: cannot be opened", task->from);
    }
    return S_ISREG(info.st_mode) ||
           error_set(err, ERROR_INPUT, "%s: is no ordinary file", task->from);
}

bool store_backup(const struct store_copy_task *task, struct store_copied *ret, struct error *err)
{
    struct work work;
    struct store_copied copied;
    if (!check_source(task, err) || !work_begin(&work, task, err)) {
        return false;
    }
    bool done = check_target(&work, err) && make_copy(&work, &copied, err) &&
                publish(&work, task->replace, err);
    work_end(&work);
    if (done) {
        *ret = copied;
    }
    return done;
}

/* ---- restore ---- */

struct restore {
    struct store_engine *store; /* the place, under its real name, and its lock */
    struct stat owner;          /* whose what is there shall be */
    bool old;                   /* something is there */
};

static bool find_owner(struct restore *restore, struct error *err)
{
    const char *path = restore->store->path;
    char folder[STORE_PATH_LEN];
    restore->old = stat(path, &restore->owner) == 0;
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
    return find_owner(restore, err) && store_take_lock(restore->store, err) &&
           store_beside(restore->store, "-lock", path, err) && give(restore, path, err);
}

/* A log that an earlier one left would be taken for that of the file that comes beside it now. */
static bool check_aside(const struct restore *restore, struct error *err)
{
    static const char *const endings[] = {".old", ".old-wal"};
    char aside[STORE_PATH_LEN];
    struct stat info;
    for (size_t i = 0; restore->old && i < ARRAY_LEN(endings); i++) {
        if (!store_beside(restore->store, endings[i], aside, err)) {
            return false;
        }
        if (lstat(aside, &info) == 0) {
            return error_set(err, ERROR_INPUT,
                             "%s: is there already, from an earlier restore; move or remove it",
                             aside);
        }
    }
    return true;
}

static bool rename_beside(const struct restore *restore, const char *from, const char *to)
{
    char old[STORE_PATH_LEN], new[STORE_PATH_LEN];
    return store_beside(restore->store, from, old, NULL) &&
           store_beside(restore->store, to, new, NULL) && rename(old, new) == 0;
}

/* The log first: whenever it is cut off, none is left that a new file would be taken to own. */
static bool move_aside(const struct restore *restore, struct error *err)
{
    char shm[STORE_PATH_LEN];
    if ((rename_beside(restore, "-wal", ".old-wal") || errno == ENOENT) &&
        (!restore->old || rename_beside(restore, "", ".old"))) {
        if (store_beside(restore->store, "-shm", shm, NULL)) {
            unlink(shm);
        }
        return true;
    }
    error_errno(err, errno, "%s: cannot be moved aside", restore->store->path);
    rename_beside(restore, ".old-wal", "-wal");
    return false;
}

static void move_back(const struct restore *restore)
{
    if (restore->old && rename_beside(restore, ".old", "")) {
        rename_beside(restore, ".old-wal", "-wal");
    }
}

static bool put_in_place(const struct restore *restore, struct work *work, struct error *err)
{
    if (!give(restore, work->to->path, err) || !move_aside(restore, err)) {
        return false;
    }
    if (publish(work, false, err)) {
        return true;
    }
    move_back(restore);
    return false;
}

static bool restore_to(struct restore *restore, const struct store_copy_task *task,
                       struct store_copied *ret, struct error *err)
{
    struct work work;
    struct stat info;
    if (!take_place(restore, err) || !check_aside(restore, err) || !work_begin(&work, task, err)) {
        return false;
    }
    bool itself = restore->old && stat(task->from, &info) == 0 && same_file(&info, &restore->owner);
    bool done = itself ? error_set(err, ERROR_INPUT, "%s: is the store itself", task->from)
                       : make_copy(&work, ret, err) && put_in_place(restore, &work, err);
    work_end(&work);
    return done;
}

bool store_restore(const struct store_copy_task *task, struct store_copied *ret, struct error *err)
{
    /* A link stays one: what it leads to is replaced. */
    char *real = realpath(task->to, NULL);
    struct restore restore = {.store = store_engine_create(real == NULL ? task->to : real)};
    struct store_copy_task there = *task;
    struct store_copied copied;
    free(real);
    there.to = restore.store->path;
    bool done = check_source(task, err) && restore_to(&restore, &there, &copied, err);
    if (done) {
        *ret = copied;
        ret->kept_old = restore.old;
    }
    sqlite_close(restore.store);
    return done;
}
