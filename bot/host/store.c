#include "bot/host/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/store_inside.h"

enum { PATH_LEN = 4096, EXPIRE_MOST = 500, BUSY_MS = 2000 };

static const char *const statements[] = {
#define STORE_STATEMENT_SQL(name, sql) sql,
    STORE_STATEMENTS(STORE_STATEMENT_SQL)
#undef STORE_STATEMENT_SQL
};

/*
 * What brings a file from version n to n + 1, run in one transaction. Only ever appended to: files
 * of every version are in use somewhere.
 */
static const char *const migrations[] = {
    "CREATE TABLE claim(adapter TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY(adapter, name));"
    "CREATE INDEX claim_at ON claim(at);"
    "CREATE TABLE conversation(adapter TEXT NOT NULL, key TEXT NOT NULL, bytes BLOB NOT NULL,"
    " expires INTEGER NOT NULL, PRIMARY KEY(adapter, key));"
    "CREATE INDEX conversation_expires ON conversation(expires);"
    "CREATE TABLE note(adapter TEXT NOT NULL, key TEXT NOT NULL, bytes BLOB NOT NULL,"
    " expires INTEGER NOT NULL, PRIMARY KEY(adapter, key));"
    "CREATE INDEX note_expires ON note(expires);"
    "CREATE TABLE outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, adapter TEXT NOT NULL,"
    " conversation TEXT NOT NULL, address TEXT NOT NULL, payload BLOB NOT NULL,"
    " created INTEGER NOT NULL, next INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,"
    " head INTEGER NOT NULL, under_way INTEGER NOT NULL DEFAULT 0,"
    " unsure INTEGER NOT NULL DEFAULT 0, was_unsure INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX outbox_order ON outbox(adapter, conversation, id);"
    "CREATE INDEX outbox_due ON outbox(adapter, next, id) WHERE head AND NOT under_way;"
    "CREATE INDEX outbox_next ON outbox(next, id) WHERE head AND NOT under_way;"
    "CREATE TABLE gap(kind TEXT NOT NULL, norm TEXT NOT NULL, text TEXT NOT NULL,"
    " count INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
    " PRIMARY KEY(kind, norm));"
    "CREATE INDEX gap_rarest ON gap(count, last);",
};

/* ---- running statements ---- */

bool store_fail(const struct store *store, struct error *err)
{
    int code = sqlite3_errcode(store->db) & 0xff;
    const char *advice = code == SQLITE_FULL       ? "; make room on its disk"
                         : code == SQLITE_READONLY ? "; it must be writable"
                         : code == SQLITE_CORRUPT  ? "; restore it from a back-up"
                                                   : "";
    return error_set(err, ERROR_ENVIRONMENT, "%s: the store failed: %s%s", store->path,
                     sqlite3_errmsg(store->db), advice);
}

sqlite3_stmt *store_bind(struct store *store, enum statement id, const char *types, ...)
{
    sqlite3_stmt *statement = store->statements[id];
    va_list args;
    va_start(args, types);
    sqlite3_reset(statement);
    for (int i = 1; *types; i++, types++) {
        if (*types == 'i') {
            sqlite3_bind_int64(statement, i, va_arg(args, int64_t));
        } else if (*types == 't') {
            sqlite3_bind_text(statement, i, va_arg(args, const char *), -1, SQLITE_STATIC);
        } else {
            const void *bytes = va_arg(args, const void *);
            size_t len = va_arg(args, size_t);
            sqlite3_bind_blob64(statement, i, len ? bytes : "", len, SQLITE_STATIC);
        }
    }
    va_end(args);
    return statement;
}

bool store_run(struct store *store, sqlite3_stmt *statement, struct error *err)
{
    int code = sqlite3_step(statement);
    bool fine = code == SQLITE_DONE || code == SQLITE_ROW || store_fail(store, err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return fine;
}

int64_t store_number(sqlite3_stmt *statement, int64_t none)
{
    int64_t number =
        sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : none;
    sqlite3_reset(statement);
    return number;
}

void store_count(struct store *store)
{
    store->waiting = (uint64_t)store_number(store_bind(store, SQL_OUT_COUNT, ""), 0);
    store->gaps = (uint64_t)store_number(store_bind(store, SQL_GAP_COUNT, ""), 0);
}

/* ---- opening ---- */

/*
 * A lock beside the database, not in it: SQLite's own would keep out `whether gaps` and back-ups.
 * The kernel takes it back when the process dies, however it does.
 */
static bool take_lock(struct store *store, struct error *err)
{
    char path[PATH_LEN];
    int len = snprintf(path, sizeof(path), "%s-lock", store->path);
    if (len < 0 || (size_t)len >= sizeof(path)) {
        return error_set(err, ERROR_INPUT, "the store's path is too long");
    }
    store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (store->lock < 0) {
        return error_errno(err, errno, "%s: the store cannot be opened", path);
    }
    if (flock(store->lock, LOCK_EX | LOCK_NB) != 0) {
        return error_set(err, ERROR_ENVIRONMENT,
                         "%s: another whether uses this store; stop it, or give this one a store "
                         "of its own ([store] path)",
                         store->path);
    }
    return true;
}

/* Before SQLite sees it: the file, and with it -wal and -shm, is the owner's alone from its birth. */
static bool make_private(const struct store *store, struct error *err)
{
    int fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat info;
    if (fd < 0) {
        return error_errno(err, errno, "%s: the store cannot be opened", store->path);
    }
    bool fine = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
                ((info.st_mode & 077) == 0 || fchmod(fd, 0600) == 0);
    close(fd);
    return fine || error_set(err, ERROR_ENVIRONMENT,
                             "%s: is no file that can be kept private (mode 0600)", store->path);
}

static bool run_script(struct store *store, const char *sql, struct error *err)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK || store_fail(store, err);
}

static int64_t file_version(struct store *store)
{
    sqlite3_stmt *statement = NULL;
    int64_t version = -1;
    if (sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK) {
        version = store_number(statement, -1);
    }
    sqlite3_finalize(statement);
    return version;
}

static bool migrate(struct store *store, struct error *err)
{
    int64_t version = file_version(store);
    if (version < 0) {
        return store_fail(store, err);
    }
    if (version > (int64_t)ARRAY_LEN(migrations)) {
        return error_set(err, ERROR_INPUT,
                         "%s: this store was written by a newer whether (version %lld, this one "
                         "knows %zu); use that one, or another store",
                         store->path, (long long)version, ARRAY_LEN(migrations));
    }
    if (version == (int64_t)ARRAY_LEN(migrations)) {
        return true;
    }
    bool fine = run_script(store, "BEGIN IMMEDIATE", err);
    for (size_t i = (size_t)version; fine && i < ARRAY_LEN(migrations); i++) {
        fine = run_script(store, migrations[i], err);
    }
    char end[64];
    snprintf(end, sizeof(end), "PRAGMA user_version = %zu; COMMIT", ARRAY_LEN(migrations));
    return fine && run_script(store, end, err);
}

static bool prepare(struct store *store, struct error *err)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        if (sqlite3_prepare_v3(store->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL) != SQLITE_OK) {
            return store_fail(store, err);
        }
    }
    store_count(store);
    return true;
}

static struct store *new_store(const char *path)
{
    struct store *store = mem_alloc(sizeof(*store));
    store->path = mem_strdup(path);
    store->lock = -1;
    return store;
}

static bool open_database(struct store *store, int flags, struct error *err)
{
    if (sqlite3_open_v2(store->path, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        return store_fail(store, err);
    }
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_timeout(store->db, BUSY_MS);
    return true;
}

bool store_open(const char *path, struct store **ret, struct error *err)
{
    struct store *store = new_store(path);
    /* FULL: a commit that returned is on the disk (SQLite, "pragma synchronous"). */
    bool fine = take_lock(store, err) && make_private(store, err) &&
                open_database(store, SQLITE_OPEN_READWRITE, err) &&
                run_script(store,
                           "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                           "PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 16777216;"
                           "PRAGMA temp_store = MEMORY",
                           err) &&
                migrate(store, err) && prepare(store, err);
    if (!fine) {
        store_close(store);
        return false;
    }
    *ret = store;
    return true;
}

bool store_open_reader(const char *path, struct store **ret, struct error *err)
{
    struct store *store = new_store(path);
    bool fine = open_database(store, SQLITE_OPEN_READONLY, err);
    int64_t version = fine ? file_version(store) : 0;
    if (fine && version < 0) {
        fine = store_fail(store, err);
    } else if (fine && version != (int64_t)ARRAY_LEN(migrations)) {
        fine = error_set(err, ERROR_INPUT, "%s: is the store of another version of whether",
                         store->path);
    }
    if (!fine || !prepare(store, err)) {
        store_close(store);
        return false;
    }
    *ret = store;
    return true;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->open) {
        store_rollback(store);
    }
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(store->statements[i]);
    }
    sqlite3_close(store->db);
    if (store->lock >= 0) {
        close(store->lock);
    }
    mem_free(store->path);
    mem_free(store);
}

/* ---- transactions ---- */

bool store_begin(struct store *store, struct error *err)
{
    store->open = store_run(store, store_bind(store, SQL_BEGIN, ""), err);
    return store->open;
}

bool store_commit(struct store *store, struct error *err)
{
    if (!store_run(store, store_bind(store, SQL_COMMIT, ""), err)) {
        return false;
    }
    store->open = false;
    return true;
}

void store_rollback(struct store *store)
{
    /* Some failures have rolled back already: then there is nothing left to do. */
    if (!sqlite3_get_autocommit(store->db)) {
        store_run(store, store_bind(store, SQL_ROLLBACK, ""), NULL);
    }
    store->open = false;
    store_count(store);
}

/* ---- taken messages ---- */

static enum claim claim_name(struct store *store, const char *adapter, char kind, const char *name,
                             int64_t now_ms, struct error *err)
{
    char full[MESSAGE_KEY_MAX + 3];
    int len = snprintf(full, sizeof(full), "%c:%s", kind, name);
    if (len < 0 || (size_t)len >= sizeof(full)) {
        error_set(err, ERROR_INPUT, "a message's name is longer than %d bytes", MESSAGE_KEY_MAX);
        return CLAIM_ERROR;
    }
    if (!store_run(store,
                   store_bind(store, SQL_CLAIM, "ttii", adapter, full, now_ms,
                              now_ms - (int64_t)STORE_CLAIM_MS),
                   err)) {
        return CLAIM_ERROR;
    }
    return sqlite3_changes(store->db) > 0 ? CLAIM_NEW : CLAIM_KNOWN;
}

enum claim store_claim(struct store *store, const char *adapter, const char *delivery,
                       const char *identity, int64_t now_ms, struct error *err)
{
    enum claim first =
        delivery ? claim_name(store, adapter, 'd', delivery, now_ms, err) : CLAIM_NEW;
    if (first != CLAIM_NEW || !identity) {
        return first;
    }
    return claim_name(store, adapter, 'i', identity, now_ms, err);
}

/* ---- conversations and notes ---- */

static bool get_bytes(struct store *store, sqlite3_stmt *statement, void *ret, size_t cap,
                      size_t *ret_len, struct error *err)
{
    int code = sqlite3_step(statement);
    *ret_len = 0;
    if (code == SQLITE_ROW) {
        size_t len = (size_t)sqlite3_column_bytes(statement, 0);
        const void *bytes = sqlite3_column_blob(statement, 0);
        *ret_len = len < cap ? len : cap;
        if (*ret_len > 0) {
            memcpy(ret, bytes, *ret_len);
        }
    }
    bool fine = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(store, err);
    sqlite3_reset(statement);
    return fine;
}

bool store_conversation_get(struct store *store, const char *adapter, const char *key,
                            int64_t now_ms, void *ret, size_t cap, size_t *ret_len,
                            struct error *err)
{
    return get_bytes(store, store_bind(store, SQL_TALK_GET, "tti", adapter, key, now_ms), ret, cap,
                     ret_len, err);
}

bool store_conversation_put(struct store *store, const char *adapter, const char *key,
                            const void *bytes, size_t len, int64_t expires_ms, struct error *err)
{
    return store_run(
        store, store_bind(store, SQL_TALK_PUT, "ttbi", adapter, key, bytes, len, expires_ms), err);
}

bool store_conversation_delete(struct store *store, const char *adapter, const char *key,
                               struct error *err)
{
    return store_run(store, store_bind(store, SQL_TALK_DELETE, "tt", adapter, key), err);
}

bool store_note_get(struct store *store, const char *adapter, const char *key, int64_t now_ms,
                    void *ret, size_t cap, size_t *ret_len, struct error *err)
{
    return get_bytes(store, store_bind(store, SQL_NOTE_GET, "tti", adapter, key, now_ms), ret, cap,
                     ret_len, err);
}

bool store_note_put(struct store *store, const char *adapter, const char *key, const void *bytes,
                    size_t len, int64_t expires_ms, struct error *err)
{
    return store_run(
        store, store_bind(store, SQL_NOTE_PUT, "ttbi", adapter, key, bytes, len, expires_ms), err);
}

bool store_expire(struct store *store, int64_t now_ms, struct error *err)
{
    int64_t most = EXPIRE_MOST;
    return store_run(
               store,
               store_bind(store, SQL_EXPIRE_CLAIM, "ii", now_ms - (int64_t)STORE_CLAIM_MS, most),
               err) &&
           store_run(store, store_bind(store, SQL_EXPIRE_TALK, "ii", now_ms, most), err) &&
           store_run(store, store_bind(store, SQL_EXPIRE_NOTE, "ii", now_ms, most), err);
}
