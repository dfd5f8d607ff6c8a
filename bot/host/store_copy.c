#include "bot/host/store_copy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/file.h"
#include "bot/base/mem.h"
#include "bot/host/store_draft.h"
#include "bot/host/store_sqlite.h"

enum {
    STEP_PAGES = 256,        /* a mebibyte */
    CHECK_EVERY = 10000,     /* instructions of SQLite's machine */
    BUSY_PATIENCE_MS = 10000 /* another process recovers the log of one that was killed */
};

static bool go_on(const struct copy *copy, enum store_copy_step step, int done, int all)
{
    const struct store_copy_task *task = copy->task;
    return task->progress == NULL || task->progress(task->context, step, done, all);
}

static bool interrupted(const struct copy *copy, struct error *err)
{
    return error_set(err, ERROR_ENVIRONMENT, "%s: interrupted; nothing was changed",
                     copy->task->to);
}

/* What of SQLite's two files is at fault it does not say. */
static bool copy_fails(const struct copy *copy, const char *why, struct error *err)
{
    return error_set(err, ERROR_ENVIRONMENT, "%s: cannot be copied to %s: %s", copy->task->from,
                     copy->task->to, why);
}

/* ---- the pages ---- */

/* Until the end of this transaction the source stays as it is now, whoever writes. */
static bool begin_to_read(struct copy *copy, int64_t *ret_version, struct error *err)
{
    struct store_engine *from = copy->from;
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
    return *ret_version > 0 || error_set(err, ERROR_INPUT, "%s: is empty", copy->task->from);
}

/*
 * Without SQLite's locks, as nobody else has it: over NFS they and ours, the draft's, would be one
 * kind and keep each other out.
 */
static bool open_file(struct copy *copy, int flags, struct error *err)
{
    return sqlite3_open_v2(copy->to->path, &copy->to->db, flags | SQLITE_OPEN_NOMUTEX,
                           "unix-none") == SQLITE_OK ||
           store_fail(copy->to, err);
}

/* Mode 0600 from its first byte on; SQLite opens what is there. */
static bool make_file(struct copy *copy, struct error *err)
{
    struct error cause = {0};
    copy->held = draft_make(copy->to->path, &cause);
    if (copy->held < 0) {
        return error_set(err, cause.code, "%s: %s", copy->task->to, cause.text);
    }
    /* Nobody else looks: no -shm. What fails is thrown away: no journal. */
    return open_file(copy, SQLITE_OPEN_READWRITE, err) &&
           (sqlite3_exec(copy->to->db,
                         "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF;"
                         "PRAGMA synchronous = FULL",
                         NULL, NULL, NULL) == SQLITE_OK ||
            store_fail(copy->to, err));
}

static bool copy_pages(struct copy *copy, struct error *err)
{
    sqlite3 *to = copy->to->db;
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", copy->from->db, "main");
    if (backup == NULL) {
        return copy_fails(copy, sqlite3_errmsg(to), err);
    }
    int code;
    bool wanted;
    do {
        code = sqlite3_backup_step(backup, STEP_PAGES);
        int all = sqlite3_backup_pagecount(backup);
        wanted = go_on(copy, STORE_COPYING, all - sqlite3_backup_remaining(backup), all);
    } while (code == SQLITE_OK && wanted);
    sqlite3_backup_finish(backup);
    if (code == SQLITE_DONE) {
        return true;
    }
    return code == SQLITE_OK ? interrupted(copy, err) : copy_fails(copy, sqlite3_errstr(code), err);
}

/* ---- the check ---- */

static int on_instructions(void *context)
{
    return !go_on(context, STORE_CHECKING, 0, 0);
}

/* The text of a one-row answer; "" where there is none. */
static bool read_text(struct copy *copy, const char *sql, char *ret, size_t cap, struct error *err)
{
    sqlite3 *db = copy->to->db;
    sqlite3_stmt *statement = NULL;
    bool fine = sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
                sqlite3_step(statement) == SQLITE_ROW;
    if (fine) {
        const unsigned char *text = sqlite3_column_text(statement, 0);
        snprintf(ret, cap, "%s", text == NULL ? "" : (const char *)text);
    } else if (sqlite3_errcode(db) == SQLITE_INTERRUPT) {
        interrupted(copy, err);
    } else {
        copy_fails(copy, sqlite3_errmsg(db), err);
    }
    sqlite3_finalize(statement);
    return fine;
}

/*
 * Without a log it is one file, which can also be read where nothing can be written. Then what is
 * in the file is looked at, not what this connection remembers to have written.
 */
static bool settle(struct copy *copy, struct error *err)
{
    char mode[16];
    if (!read_text(copy, "PRAGMA journal_mode = DELETE", mode, sizeof(mode), err)) {
        return false;
    }
    if (sqlite3_close(copy->to->db) != SQLITE_OK) {
        return store_fail(copy->to, err);
    }
    copy->to->db = NULL;
    return open_file(copy, SQLITE_OPEN_READONLY, err);
}

static bool check_copy(struct copy *copy, int64_t version, struct error *err)
{
    char mode[16], found[120];
    int64_t copied;
    if (!go_on(copy, STORE_CHECKING, 0, 0)) {
        return interrupted(copy, err);
    }
    sqlite3_progress_handler(copy->to->db, CHECK_EVERY, on_instructions, copy);
    if (!read_text(copy, "PRAGMA integrity_check(1)", found, sizeof(found), err) ||
        !read_text(copy, "PRAGMA journal_mode", mode, sizeof(mode), err) ||
        !store_read_version(copy->to, &copied, err)) {
        return false;
    }
    if (strcmp(found, "ok") != 0) {
        return error_set(err, ERROR_INPUT, "%s: is damaged, and so would be a copy: %s",
                         copy->task->from, found);
    }
    return (strcmp(mode, "delete") == 0 && copied == version) ||
           copy_fails(copy, "it came out as another kind of file", err);
}

static bool look_at_copy(struct copy *copy, struct store_copied *ret, struct error *err)
{
    int64_t waiting, pages, page_size;
    if (!store_ask(copy->to, "SELECT count(*) FROM outbox", &waiting, err) ||
        !store_ask(copy->to, "PRAGMA page_count", &pages, err) ||
        !store_ask(copy->to, "PRAGMA page_size", &page_size, err)) {
        return false;
    }
    *ret =
        (struct store_copied){.bytes = (uint64_t)(pages * page_size), .waiting = (uint64_t)waiting};
    return true;
}

/* ---- the whole ---- */

bool copy_begin(struct copy *copy, const struct store_copy_task *task, struct error *err)
{
    char beside[STORE_PATH_LEN];
    if (!draft_name(task->to, beside, sizeof(beside))) {
        return error_set(err, ERROR_INPUT, "%.200s...: is a path that is too long", task->to);
    }
    *copy = (struct copy){task, store_engine_create(task->from), store_engine_create(beside), -1};
    return true;
}

/* One that has its name is no longer under this. */
void copy_end(struct copy *copy)
{
    sqlite3_close(copy->to->db);
    copy->to->db = NULL;
    if (copy->held >= 0) {
        draft_remove(copy->to->path);
        close(copy->held);
    }
    sqlite_close(copy->to);
    sqlite_close(copy->from);
}

bool copy_make(struct copy *copy, struct store_copied *ret, struct error *err)
{
    int64_t version;
    draft_clear(copy->task->to); /* while no database is open here */
    return begin_to_read(copy, &version, err) && make_file(copy, err) && copy_pages(copy, err) &&
           (!copy->task->forget_waiting ||
            sqlite3_exec(copy->to->db, "DELETE FROM outbox", NULL, NULL, NULL) == SQLITE_OK ||
            store_fail(copy->to, err)) &&
           settle(copy, err) && check_copy(copy, version, err) && look_at_copy(copy, ret, err);
}

bool copy_publish(struct copy *copy, bool replace, struct error *err)
{
    struct error cause = {0};
    if (sqlite3_close(copy->to->db) != SQLITE_OK) {
        return store_fail(copy->to, err);
    }
    copy->to->db = NULL;
    return file_publish(copy->to->path, copy->task->to, replace, &cause) ||
           error_set(err, cause.code, "%s: %s", copy->task->to, cause.text);
}

/* ---- files ---- */

bool copy_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool copy_check_source(const struct store_copy_task *task, struct error *err)
{
    struct stat info;
    /* SQLite would not say why it cannot. */
    if (stat(task->from, &info) != 0 || access(task->from, R_OK) != 0) {
        return error_errno(err, errno, "%s: cannot be opened", task->from);
    }
    return S_ISREG(info.st_mode) ||
           error_set(err, ERROR_INPUT, "%s: is no ordinary file", task->from);
}
