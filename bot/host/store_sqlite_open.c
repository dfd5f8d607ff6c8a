#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/store_sqlite.h"

/* Opening and closing: the lock, the file's mode, its version. */

enum { BUSY_MS = 200 };

/* PRAGMA application_id: "Whth". `file` and we know by it whose database this is. */
enum { APPLICATION_ID = 0x57687468 };

static const char *const statements[] = {
#define STORE_STATEMENT_SQL(name, sql) sql,
    STORE_STATEMENTS(STORE_STATEMENT_SQL)
#undef STORE_STATEMENT_SQL
};

/*
 * What brings a file from version n to n + 1, all in one transaction. Only ever appended to: files
 * of every version are in use somewhere.
 */
static const char *const migrations[] = {
    "PRAGMA application_id = 0x57687468;"
    "CREATE TABLE claim(id INTEGER PRIMARY KEY, adapter TEXT NOT NULL, delivery TEXT,"
    " identity TEXT, at INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX claim_delivery ON claim(adapter, delivery) WHERE delivery IS NOT NULL;"
    "CREATE UNIQUE INDEX claim_identity ON claim(adapter, identity) WHERE identity IS NOT NULL;"
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
    "CREATE TRIGGER outbox_follow AFTER DELETE ON outbox WHEN old.head BEGIN"
    " UPDATE outbox SET head = 1 WHERE id = (SELECT min(id) FROM outbox"
    " WHERE adapter = old.adapter AND conversation = old.conversation); END;"
    "CREATE TABLE gap(kind TEXT NOT NULL, norm TEXT NOT NULL, text TEXT NOT NULL,"
    " count INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
    " PRIMARY KEY(kind, norm));"
    "CREATE INDEX gap_rarest ON gap(count, last);",

    /* One tree a table, and small numbers before long texts: half the pages to write a message. */
    "CREATE TABLE claim2(name TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO claim2 SELECT whether_name(adapter, 'd', delivery), at FROM claim"
    " WHERE delivery IS NOT NULL;"
    "INSERT INTO claim2 SELECT whether_name(adapter, 'm', identity), at FROM claim"
    " WHERE identity IS NOT NULL;"
    "DROP TABLE claim; ALTER TABLE claim2 RENAME TO claim;"
    "CREATE TABLE conversation2(name TEXT PRIMARY KEY, expires INTEGER NOT NULL,"
    " bytes BLOB NOT NULL) WITHOUT ROWID;"
    "INSERT INTO conversation2 SELECT whether_name(adapter, '', key), expires, bytes"
    " FROM conversation;"
    "DROP TABLE conversation; ALTER TABLE conversation2 RENAME TO conversation;"
    "CREATE TABLE note2(name TEXT PRIMARY KEY, expires INTEGER NOT NULL,"
    " bytes BLOB NOT NULL) WITHOUT ROWID;"
    "INSERT INTO note2 SELECT whether_name(adapter, '', key), expires, bytes FROM note;"
    "DROP TABLE note; ALTER TABLE note2 RENAME TO note;"
    "CREATE TABLE outbox2(id INTEGER PRIMARY KEY AUTOINCREMENT, talk INTEGER NOT NULL,"
    " head INTEGER NOT NULL, under_way INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL DEFAULT 0, unsure INTEGER NOT NULL DEFAULT 0,"
    " was_unsure INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL, adapter TEXT NOT NULL,"
    " conversation TEXT NOT NULL, address TEXT NOT NULL, payload BLOB NOT NULL);"
    "INSERT INTO outbox2 SELECT id, whether_talk(adapter, conversation), head, under_way, next,"
    " attempts, unsure, was_unsure, created, adapter, conversation, address, payload FROM outbox"
    " ORDER BY id;"
    /* Ids are never used twice, also when nothing waits. */
    "DELETE FROM sqlite_sequence WHERE name = 'outbox2';"
    "INSERT INTO sqlite_sequence(name, seq) SELECT 'outbox2', seq FROM sqlite_sequence"
    " WHERE name = 'outbox';"
    "DROP TABLE outbox; ALTER TABLE outbox2 RENAME TO outbox;"
    "CREATE INDEX outbox_talk ON outbox(talk);"
    "CREATE INDEX outbox_due ON outbox(adapter, next, id) WHERE head AND NOT under_way;"
    "CREATE TRIGGER outbox_follow AFTER DELETE ON outbox WHEN old.head BEGIN"
    " UPDATE outbox SET head = 1 WHERE id = (SELECT min(id) FROM outbox"
    " WHERE talk = old.talk); END;"
    "DROP INDEX gap_rarest;",

    /* In brackets: clang takes two strings in the midst of a list for a forgotten comma. */
    ("CREATE TABLE recent(id INTEGER PRIMARY KEY, expires INTEGER NOT NULL, name TEXT NOT NULL,"
     " bytes BLOB NOT NULL);"),
};

static bool cannot_open(const struct store_engine *store, struct error *err)
{
    return error_errno(err, errno, "%s: the store cannot be opened", store->path);
}

struct store_engine *store_engine_create(const char *path)
{
    struct store_engine *store = mem_alloc(sizeof(*store));
    store->path = mem_strdup(path);
    store->lock = -1;
    return store;
}

/* ---- the file, before SQLite sees it ---- */

/*
 * Makes the file if it is not there, and puts the name that it really has in place of a link's:
 * else two processes would lock it under two names.
 */
static bool find_file(struct store_engine *store, struct error *err)
{
    char *real = realpath(store->path, NULL);
    if (real == NULL && errno == ENOENT) {
        int fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0) {
            close(fd);
            real = realpath(store->path, NULL);
        }
    }
    if (real == NULL) {
        return cannot_open(store, err);
    }
    mem_free(store->path);
    store->path = mem_strdup(real);
    free(real);
    return true;
}

bool store_beside(const struct store_engine *store, const char *ending, char ret[STORE_PATH_LEN],
                  struct error *err)
{
    int len = snprintf(ret, STORE_PATH_LEN, "%s%s", store->path, ending);
    return (len > 0 && len < STORE_PATH_LEN) ||
           error_set(err, ERROR_INPUT, "the store's path is too long");
}

/*
 * A lock beside the database, not in it: SQLite's own would keep out `whether gaps` and back-ups.
 * The kernel takes it back when the process dies, however it does.
 */
bool store_take_lock(struct store_engine *store, struct error *err)
{
    char path[STORE_PATH_LEN];
    if (!store_beside(store, "-lock", path, err)) {
        return false;
    }
    store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (store->lock < 0) {
        return error_errno(err, errno, "%s: the store's lock cannot be made", path);
    }
    if (flock(store->lock, LOCK_EX | LOCK_NB) == 0) {
        return true;
    }
    if (errno != EWOULDBLOCK) {
        return error_errno(err, errno, "%s: the store cannot be locked", path);
    }
    return error_set(err, ERROR_ENVIRONMENT,
                     "%s: another whether uses this store; stop it, or give this one a store of "
                     "its own ([store] path)",
                     store->path);
}

/* Both hold what people said. SQLite makes them with the database's mode, but only when it does. */
static bool make_private_beside(const struct store_engine *store, struct error *err)
{
    static const char *const endings[] = {"-wal", "-shm"};
    char path[STORE_PATH_LEN];
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        if (!store_beside(store, endings[i], path, err)) {
            return false;
        }
        if (chmod(path, 0600) != 0 && errno != ENOENT) {
            return error_errno(err, errno, "%s: cannot be made private (mode 0600)", path);
        }
    }
    return true;
}

static bool make_private(const struct store_engine *store, struct error *err)
{
    struct stat info;
    /* By its name: closing a descriptor of our own would take SQLite's locks away (fcntl(2)). */
    if (stat(store->path, &info) != 0 ||
        ((info.st_mode & 077) != 0 && chmod(store->path, 0600) != 0)) {
        return error_errno(err, errno, "%s: cannot be made private (mode 0600)", store->path);
    }
    return make_private_beside(store, err);
}

/* SQLite would wait for the other end of a pipe, or read a device for ever. */
static bool is_file(const struct store_engine *store, int mode, struct error *err)
{
    struct stat info;
    /* SQLite would not say why it cannot: somebody else's file, after a start as root, say. */
    if (stat(store->path, &info) != 0 || access(store->path, mode) != 0) {
        return cannot_open(store, err);
    }
    return S_ISREG(info.st_mode) ||
           error_set(err, ERROR_INPUT, "%s: the store cannot be opened: it is no ordinary file",
                     store->path);
}

/* ---- the database ---- */

bool store_open_database(struct store_engine *store, int flags, struct error *err)
{
    if (sqlite3_open_v2(store->path, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        return store_fail(store, err);
    }
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_timeout(store->db, BUSY_MS);
    return true;
}

static bool run_script(struct store_engine *store, const char *sql, struct error *err)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK || store_fail(store, err);
}

bool store_ask(struct store_engine *store, const char *sql, int64_t *ret, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    bool fine = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK &&
                sqlite3_step(statement) == SQLITE_ROW;
    if (fine) {
        *ret = sqlite3_column_int64(statement, 0);
    } else {
        store_fail(store, err);
    }
    sqlite3_finalize(statement);
    return fine;
}

/* https://sqlite.org/fileformat2.html, 1.3. */
bool store_is_head(const unsigned char head[STORE_HEAD_LEN])
{
    static const char magic[16] = "SQLite format 3";
    const unsigned char *id = head + 68;
    return memcmp(head, magic, sizeof(magic)) == 0 &&
           ((uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3]) ==
               APPLICATION_ID;
}

/* Whose it is, before anything in it is changed. An empty one is ours to fill: version 0. */
bool store_read_version(struct store_engine *store, int64_t *ret, struct error *err)
{
    int64_t tables, application;
    if (!store_ask(store, "SELECT count(*) FROM sqlite_schema", &tables, err) ||
        !store_ask(store, "PRAGMA application_id", &application, err) ||
        !store_ask(store, "PRAGMA user_version", ret, err)) {
        return false;
    }
    if (tables > 0 && application != APPLICATION_ID) {
        return error_set(err, ERROR_INPUT,
                         "%s: this is another program's database; give whether a file of its own "
                         "([store] path)",
                         store->path);
    }
    if (*ret < 0 || *ret > (int64_t)ARRAY_LEN(migrations)) {
        return error_set(err, ERROR_INPUT,
                         "%s: this store was written by a newer whether (version %lld, this one "
                         "knows %zu); use that one, or another store",
                         store->path, (long long)*ret, ARRAY_LEN(migrations));
    }
    return true;
}

/* ---- migrations ---- */

static const char *argument(sqlite3_value *value)
{
    const unsigned char *text = sqlite3_value_text(value);
    return text ? (const char *)text : "";
}

/* whether_name(adapter, kind, name) */
static void sql_name(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct store_name name;
    (void)count;
    store_name(&name, argument(values[0]), argument(values[1])[0], argument(values[2]));
    sqlite3_result_text(context, name.text, (int)name.len, SQLITE_TRANSIENT);
}

/* whether_talk(adapter, conversation) */
static void sql_talk(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    sqlite3_result_int64(context, store_talk(argument(values[0]), argument(values[1])));
}

/* For migrations alone: the sqlite3 program, which may work on the file, does not know them. */
static bool add_functions(struct store_engine *store, struct error *err)
{
    return (sqlite3_create_function(store->db, "whether_name", 3, SQLITE_UTF8, NULL, sql_name, NULL,
                                    NULL) == SQLITE_OK &&
            sqlite3_create_function(store->db, "whether_talk", 2, SQLITE_UTF8, NULL, sql_talk, NULL,
                                    NULL) == SQLITE_OK) ||
           store_fail(store, err);
}

static bool migrate(struct store_engine *store, int64_t version, struct error *err)
{
    if (version == (int64_t)ARRAY_LEN(migrations)) {
        return true;
    }
    bool fine = add_functions(store, err) && run_script(store, "BEGIN IMMEDIATE", err);
    for (size_t i = (size_t)version; fine && i < ARRAY_LEN(migrations); i++) {
        fine = run_script(store, migrations[i], err);
    }
    char end[64];
    snprintf(end, sizeof(end), "PRAGMA user_version = %zu; COMMIT", ARRAY_LEN(migrations));
    return fine && run_script(store, end, err);
}

static bool prepare(struct store_engine *store, struct error *err)
{
    int64_t waiting, gaps;
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        if (sqlite3_prepare_v3(store->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL) != SQLITE_OK) {
            return store_fail(store, err);
        }
    }
    if (!store_ask(store, "SELECT count(*) FROM outbox", &waiting, err) ||
        !store_ask(store, "SELECT count(*) FROM gap", &gaps, err)) {
        return false;
    }
    store->counts = (struct store_counts){(uint64_t)waiting, (uint64_t)gaps};
    return true;
}

static bool open_to_write(struct store_engine *store, struct error *err)
{
    int64_t version;
    /* Whose it is comes first: the mode of somebody else's file is not ours to change. */
    return find_file(store, err) && is_file(store, R_OK | W_OK, err) &&
           store_take_lock(store, err) && store_open_database(store, SQLITE_OPEN_READWRITE, err) &&
           store_read_version(store, &version, err) && make_private(store, err) &&
           /* NORMAL: never corrupt; that a commit is on the disk, sqlite_commit() sees to. */
           run_script(store,
                      "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                      "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 33554432;"
                      "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1000",
                      err) &&
           migrate(store, version, err) && prepare(store, err);
}

static bool open_to_read(struct store_engine *store, struct error *err)
{
    int64_t version;
    if (!is_file(store, R_OK, err) || !store_open_database(store, SQLITE_OPEN_READONLY, err) ||
        !store_read_version(store, &version, err)) {
        return false;
    }
    if (version < (int64_t)ARRAY_LEN(migrations)) {
        return error_set(err, ERROR_INPUT,
                         "%s: this store is empty or of an older whether; `whether run` brings it "
                         "up to date",
                         store->path);
    }
    return prepare(store, err);
}

bool store_open(const char *path, struct store **ret, struct error *err)
{
    struct store_engine *store = store_engine_create(path);
    if (!open_to_write(store, err)) {
        sqlite_close(store);
        return false;
    }
    store_log_watch(store);
    store->recent.unknown = true;
    *ret = store_create(&store_sqlite, store);
    return true;
}

bool store_open_reader(const char *path, struct store **ret, struct error *err)
{
    struct store_engine *store = store_engine_create(path);
    if (!open_to_read(store, err)) {
        sqlite_close(store);
        return false;
    }
    *ret = store_create(&store_sqlite, store);
    return true;
}

void sqlite_close(struct store_engine *store)
{
    if (store == NULL) {
        return;
    }
    store_log_finish(store);
    /* Closing rolls back what is open, once no statement is in the way. */
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(store->statements[i]);
    }
    sqlite3_close(store->db);
    /* Last of all: until here the file was ours. */
    if (store->lock >= 0) {
        close(store->lock);
    }
    mem_free(store->path);
    mem_free(store);
}
