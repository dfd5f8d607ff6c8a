/* host/store: the file: private, ours alone, full, spoilt, of another version or program. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/store.h"

static char folder[64], path[96];
static struct store *store;
static struct error err;

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/whether-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/w.db", folder);
    err = (struct error){0};
    store = NULL;
    return store_open(path, &store, &err) ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-lock", "-journal"};
    (void)state;
    store_close(store);
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        char file[128];
        snprintf(file, sizeof(file), "%s%s", path, endings[i]);
        unlink(file);
    }
    return rmdir(folder);
}

static void begin(void)
{
    assert_true(store_begin(store, &err));
}

static void commit(void)
{
    assert_true(store_commit(store, &err));
}

static void add_note(const char *key)
{
    begin();
    assert_true(store_note_put(store, "slack", key, "x", 1, 10, &err));
    commit();
}

static int64_t count_rows(const char *table)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    char sql[64];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t count = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return count;
}

static void execute(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void close_store(void)
{
    store_close(store);
    store = NULL;
}

/* Says so in a sentence that holds this, and gives nothing. */
static void check_refused(const char *name, const char *sentence)
{
    struct store *wrong = NULL;
    err = (struct error){0};
    assert_false(store_open(name, &wrong, &err));
    assert_null(wrong);
    if (!strstr(err.text, sentence)) {
        fail_msg("%s", err.text);
    }
    err = (struct error){0};
}

static void write_file(const char *name, const char *bytes)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_true(fputs(bytes, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Runs it in a process of its own; returns the exit status. */
static int in_child(void (*run)(void))
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        run();
        _exit(99);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- private ---- */

static void check_mode(const char *file, mode_t wanted)
{
    struct stat info;
    assert_int_equal(stat(file, &info), 0);
    assert_int_equal(info.st_mode & 0777, wanted);
}

static void check_modes(size_t count)
{
    static const char *const endings[] = {"", "-lock", "-wal", "-shm"};
    for (size_t i = 0; i < count; i++) {
        char file[128];
        snprintf(file, sizeof(file), "%s%s", path, endings[i]);
        check_mode(file, 0600);
    }
}

static void test_private(void **state)
{
    (void)state;
    mode_t mask = umask(0); /* nothing may rest on it */
    close_store();
    assert_int_equal(unlink(path), 0);
    assert_true(store_open(path, &store, &err));
    add_note("a");
    check_modes(4);
    close_store();
    check_modes(2);
    umask(mask);
}

static void write_and_die(void)
{
    if (!store_open(path, &store, &err)) {
        _exit(2);
    }
    add_note("b");
    _exit(0);
}

/* As a restored back-up or a careless hand leaves them. */
static void test_made_private(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    (void)state;
    close_store();
    assert_int_equal(in_child(write_and_die), 0);
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        char file[128];
        snprintf(file, sizeof(file), "%s%s", path, endings[i]);
        assert_int_equal(chmod(file, 0644), 0);
    }
    assert_true(store_open(path, &store, &err));
    assert_int_equal(count_rows("note"), 1);
    check_modes(4);
}

/* ---- ours alone ---- */

static void visit_gap(void *context, const struct gap *gap)
{
    assert_string_equal(gap->text, "Rails or Laravel?");
    assert_string_equal(gap->kind, "unknown");
    assert_true(gap->count == 2 && gap->first_ms == 1 && gap->last_ms == 5);
    ++*(size_t *)context;
}

static void test_reader(void **state)
{
    (void)state;
    struct store *reader = NULL;
    size_t count = 0;
    begin();
    assert_true(store_gap_add(store, "unknown", "Rails or Laravel?", 17, 1, &err));
    assert_true(store_gap_add(store, "unknown", "rails or laravel", 16, 5, &err));
    commit();
    assert_true(store_open_reader(path, &reader, &err));
    assert_true(store_gaps(reader, 5, visit_gap, &count, &err));
    assert_int_equal(count, 1);
    assert_false(store_note_put(reader, "slack", "k", "x", 1, 9, &err));
    assert_non_null(strstr(err.text, "it must be writable"));
    err = (struct error){0};
    add_note("k"); /* a reader is in nobody's way */
    store_close(reader);
    close_store();
    /* Without a daemon, too. */
    assert_true(store_open_reader(path, &reader, &err));
    assert_true(store_gaps(reader, 5, visit_gap, &count, &err));
    assert_int_equal(count, 2);
    store_close(reader);
    assert_int_equal(unlink(path), 0);
    assert_false(store_open_reader(path, &reader, &err));
    assert_int_equal(access(path, F_OK), -1); /* it makes none */
    assert_non_null(strstr(err.text, path));
}

static void open_the_same(void)
{
    struct store *second = NULL;
    bool fine = store_open(path, &second, &err);
    _exit(!fine && second == NULL && strstr(err.text, "another whether uses this store") ? 0 : 1);
}

static void test_two_owners(void **state)
{
    (void)state;
    char link[128];
    check_refused(path, "another whether uses this store; stop it");
    assert_int_equal(in_child(open_the_same), 0);
    /* Not by another name either. */
    snprintf(link, sizeof(link), "%s/link.db", folder);
    assert_int_equal(symlink(path, link), 0);
    check_refused(link, "another whether uses this store; stop it");
    add_note("a"); /* and the first one goes on */
    close_store();
    assert_true(store_open(link, &store, &err));
    assert_int_equal(count_rows("note"), 1);
    assert_int_equal(unlink(link), 0);
}

static void hold_and_die(void)
{
    _exit(store_open(path, &store, &err) && store_begin(store, &err) &&
                  store_note_put(store, "slack", "lost", "x", 1, 9, &err)
              ? 0
              : 1);
}

static void test_owner_that_died(void **state)
{
    (void)state;
    close_store();
    assert_int_equal(in_child(hold_and_die), 0);
    assert_true(store_open(path, &store, &err));
    assert_int_equal(count_rows("note"), 0); /* it was not committed */
}

/* Somebody works on the file with sqlite3: told, after a while, and over when he has finished. */
static void test_held_by_another_program(void **state)
{
    (void)state;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_false(store_begin(store, &err));
    assert_non_null(strstr(err.text, "database is locked; another program holds it"));
    err = (struct error){0};
    store_rollback(store);
    sqlite3_close(db);
    add_note("a");
    assert_int_equal(count_rows("note"), 1);
}

/* ---- what is no store of ours ---- */

static void test_newer_version(void **state)
{
    (void)state;
    close_store();
    execute("PRAGMA user_version = 99; PRAGMA journal_mode = DELETE");
    check_refused(path, "newer whether (version 99, this one knows 3)");
    struct store *reader = NULL;
    assert_false(store_open_reader(path, &reader, &err));
    assert_non_null(strstr(err.text, "newer whether"));
    char wal[128];
    snprintf(wal, sizeof(wal), "%s-wal", path);
    assert_int_equal(access(wal, F_OK), -1); /* nor was it made a WAL database */
}

static void test_older_version(void **state)
{
    (void)state;
    close_store();
    write_file(path, "");
    struct store *reader = NULL;
    assert_false(store_open_reader(path, &reader, &err));
    assert_non_null(strstr(err.text, "`whether run` brings it up to date"));
    err = (struct error){0};
    /* Version 0: an empty file. */
    assert_true(store_open(path, &store, &err));
    add_note("a");
}

/* As version 1 left it (whether 0.1.0 before 26 November 2026), with something in each table. */
static const char version_1[] =
    "PRAGMA synchronous = OFF; PRAGMA application_id = 0x57687468; PRAGMA user_version = 1;"
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
    "CREATE INDEX gap_rarest ON gap(count, last);"
    "INSERT INTO claim VALUES(1, 'slack', 'd1', 'm1', 100), (2, 'slack', NULL, 'm2', 100),"
    " (3, 'irc a', 'd3', NULL, 100);"
    "INSERT INTO conversation VALUES('slack', 'k', 'said', 1000);"
    "INSERT INTO note VALUES('irc a', 'k', 'rest', 1000);"
    "INSERT INTO outbox(id, adapter, conversation, address, payload, created, next, attempts,"
    " head, under_way, unsure) VALUES(7, 'slack', 'k', 'there', 'first', 5, 6, 2, 1, 1, 1),"
    " (8, 'slack', 'k', 'there', 'second', 6, 6, 0, 0, 0, 0),"
    " (9, 'irc a', 'k', 'there', 'other', 6, 6, 0, 1, 0, 0);"
    "UPDATE sqlite_sequence SET seq = 40 WHERE name = 'outbox';"
    "INSERT INTO gap VALUES('unknown', 'rails or laravel', 'Rails or Laravel?', 2, 1, 5);";

static int64_t due_ids[4];
static size_t due_count;

static void note_due(void *context, const struct delivery *delivery)
{
    (void)context;
    assert_in_range(due_count, 0, ARRAY_LEN(due_ids) - 1);
    due_ids[due_count++] = delivery->id;
    if (delivery->id == 7) {
        assert_string_equal(delivery->conversation, "k");
        assert_string_equal(delivery->address, "there");
        assert_true(delivery->payload_len == 5 && memcmp(delivery->payload, "first", 5) == 0);
        assert_true(delivery->attempts == 2 && delivery->unsure && delivery->created_ms == 5);
    }
}

static void check_due(const char *adapter, int64_t id)
{
    due_count = 0;
    assert_true(store_outbox_due(store, adapter, 10, 4, note_due, NULL, &err));
    assert_int_equal(due_count, 1);
    assert_int_equal(due_ids[0], id);
}

static void check_kept(const char *bytes, const char *wanted, size_t len)
{
    assert_int_equal(len, strlen(wanted));
    assert_memory_equal(bytes, wanted, len);
}

/* Nothing of it is lost, forgotten, or sent twice. */
static void check_was_version_1(void)
{
    char bytes[16];
    size_t len, count = 0;
    int64_t id;
    assert_true(store_open(path, &store, &err));
    begin();
    assert_int_equal(store_claim(store, "slack", "d1", NULL, 200, &err), CLAIM_KNOWN);
    assert_int_equal(store_claim(store, "slack", "d9", "m1", 200, &err), CLAIM_KNOWN);
    assert_int_equal(store_claim(store, "slack", NULL, "m2", 200, &err), CLAIM_KNOWN);
    assert_int_equal(store_claim(store, "slack", "d3", "m3", 200, &err), CLAIM_NEW);
    assert_int_equal(store_claim(store, "irc a", "d3", NULL, 200, &err), CLAIM_KNOWN);
    commit();
    assert_true(store_conversation_get(store, "slack", "k", 999, bytes, 16, &len, &err));
    check_kept(bytes, "said", len);
    assert_true(store_note_get(store, "irc a", "k", 999, bytes, 16, &len, &err));
    check_kept(bytes, "rest", len);
    assert_true(store_gaps(store, 5, visit_gap, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(store_outbox_count(store), 3);
    begin();
    assert_true(store_outbox_recover(store, 10, &err));
    check_due("slack", 7);
    assert_true(store_outbox_done(store, 7, &err));
    check_due("slack", 8);
    check_due("irc a", 9);
    const struct delivery another = {
        .adapter = "slack", .conversation = "l", .address = "there", .payload = ""};
    assert_true(store_outbox_add(store, &another, 10, &id, &err));
    assert_int_equal(id, 41); /* none is used again */
    commit();
}

/* In place of the store that is there. */
static void make_version_1(const char *more)
{
    char log[128];
    close_store();
    assert_int_equal(unlink(path), 0);
    snprintf(log, sizeof(log), "%s-wal", path);
    assert_true(unlink(log) == 0 || errno == ENOENT);
    execute(version_1);
    execute(more);
}

static void test_version_1(void **state)
{
    (void)state;
    make_version_1("");
    check_was_version_1();
}

/* More than SQLite holds back: it writes long before the commit. */
enum { MANY_TALKS = 1500, KILL_STEP = 300007 };

static const char many_talks[] =
    "PRAGMA synchronous = OFF; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
    "WHERE i < 1500)"
    "INSERT INTO conversation SELECT 'slack', 'n' || i, zeroblob(1000), 1000 FROM n;";

static rlim_t file_bytes;

/* The kernel ends it at the write that makes any file longer than so many bytes, that one torn. */
static void open_until_killed(void)
{
    const struct rlimit limit = {file_bytes, file_bytes};
    signal(SIGXFSZ, SIG_DFL);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        _exit(90);
    }
    _exit(store_open(path, &store, &err) ? 0 : 91);
}

static bool is_killed(void)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        open_until_killed();
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGXFSZ : WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

/* kill -9 in the middle of becoming version 2: the next start does it, from what was there. */
static void test_version_1_killed_on_its_way(void **state)
{
    size_t kills = 0;
    bool killed = true;
    (void)state;
    for (file_bytes = 1; killed; file_bytes += KILL_STEP) {
        make_version_1(many_talks);
        killed = is_killed();
        kills += killed;
        check_was_version_1();
        assert_int_equal(count_rows("conversation"), MANY_TALKS + 1);
    }
    assert_in_range(kills, 5, 100);
}

static void write_much(void)
{
    enum { ROW_BYTES = 200 * 1024 };
    static char fill = 'a';
    char *bytes = mem_alloc(ROW_BYTES);
    memset(bytes, fill++, ROW_BYTES); /* the same bytes again would not be written */
    begin();
    assert_true(store_note_put(store, "slack", "k", bytes, ROW_BYTES, 10, &err));
    commit();
    mem_free(bytes);
}

static off_t log_bytes(void)
{
    char wal[128];
    struct stat info;
    snprintf(wal, sizeof(wal), "%s-wal", path);
    assert_int_equal(stat(wal, &info), 0);
    return info.st_size;
}

/* Copied into the file beside the commits; then it begins from its start, however busy it is. */
static void test_log_is_bounded(void **state)
{
    enum { TURNS = 300, LOG_BYTES_MAX = 40 * 1024 * 1024 };
    (void)state;
    for (int i = 0; i < TURNS; i++) {
        write_much();
        store_tidy(store);
        if (log_bytes() >= LOG_BYTES_MAX) {
            fail_msg("turn %d: %lld bytes", i, (long long)log_bytes());
        }
    }
    close_store();
    assert_true(store_open(path, &store, &err));
    assert_int_equal(count_rows("note"), 1);
}

static void test_another_programs_database(void **state)
{
    (void)state;
    close_store();
    assert_int_equal(unlink(path), 0);
    execute("CREATE TABLE places(name TEXT)");
    assert_int_equal(chmod(path, 0644), 0);
    check_refused(path, "another program's database");
    check_mode(path, 0644); /* a [store] path that is a slip must not lock others out of it */
    assert_int_equal(count_rows("sqlite_schema"), 1);
    execute("PRAGMA application_id = 252006674; PRAGMA user_version = 1");
    check_refused(path, "another program's database");
}

static void test_no_database(void **state)
{
    (void)state;
    close_store();
    write_file(path,
               "This is a letter to my aunt, and by no means a database of any sort or kind.\n");
    assert_int_equal(chmod(path, 0644), 0);
    check_refused(path, "file is not a database");
    check_mode(path, 0644);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    check_refused(path, "the store cannot be opened");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    check_refused(path, "it is no ordinary file");
    check_refused("/nowhere/at/all/w.db",
                  "/nowhere/at/all/w.db: the store cannot be opened: No such");
    static char name[5000];
    memset(name, 'x', sizeof(name) - 1);
    check_refused(name, "File name too long");
}

/* A page that holds what a disk or a hand made of it. */
static void test_spoilt(void **state)
{
    (void)state;
    static char bytes[100 * 1024], page[4096];
    begin();
    memset(bytes, 'b', sizeof(bytes));
    for (int i = 0; i < 20; i++) {
        char key[16];
        snprintf(key, sizeof(key), "k%d", i);
        assert_true(store_note_put(store, "slack", key, bytes, sizeof(bytes), 10, &err));
    }
    commit();
    close_store();
    memset(page, 0xa5, sizeof(page));
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    for (off_t at = sizeof(page); at < 100 * (off_t)sizeof(page); at += (off_t)sizeof(page)) {
        assert_int_equal(pwrite(fd, page, sizeof(page), at), sizeof(page));
    }
    close(fd);
    /* Where it first shows is SQLite's affair. */
    bool fine = store_open(path, &store, &err) && store_begin(store, &err) &&
                store_note_put(store, "slack", "new", "x", 1, 10, &err);
    assert_false(fine);
    assert_non_null(strstr(err.text, "malformed; restore it from a back-up"));
}

/* ---- full and read-only disks ---- */

/* As a user who is not root: for root every folder can be written. */
static void open_without_leave(void)
{
    struct store *mine = NULL;
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
        _exit(2);
    }
    bool fine = store_open(path, &mine, &err);
    _exit(!fine && mine == NULL && strstr(err.text, "Permission denied") ? 0 : 1);
}

static void test_file_of_another_user(void **state)
{
    (void)state;
    close_store();
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chmod(path, 0), 0);
    int status = in_child(open_without_leave);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(status, 0);
}

static void test_read_only_folder(void **state)
{
    (void)state;
    close_store();
    assert_int_equal(chmod(folder, 0555), 0);
    int status = in_child(open_without_leave);
    snprintf(path, sizeof(path), "%s/new.db", folder);
    int status_of_new = in_child(open_without_leave);
    assert_int_equal(chmod(folder, 0700), 0);
    snprintf(path, sizeof(path), "%s/w.db", folder);
    assert_int_equal(status, 0);
    assert_int_equal(status_of_new, 0);
}

/* Files of this process may not grow: a full disk. Its exit status is how many notes were kept. */
static void fill_up(void)
{
    static char bytes[100 * 1024];
    const struct rlimit limit = {300 * 1024, 300 * 1024};
    char key[16];
    signal(SIGXFSZ, SIG_IGN);
    if (!store_open(path, &store, &err) || setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        _exit(90);
    }
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        bool fine = store_begin(store, &err) &&
                    store_note_put(store, "slack", key, bytes, sizeof(bytes), 10, &err) &&
                    store_commit(store, &err);
        if (!fine) {
            store_rollback(store);
            _exit(strstr(err.text, "w.db: the store failed") ? i : 91);
        }
    }
    _exit(92);
}

static void test_no_room(void **state)
{
    (void)state;
    add_note("before");
    close_store();
    int kept = in_child(fill_up);
    assert_in_range(kept, 1, 3);
    assert_true(store_open(path, &store, &err));
    assert_int_equal(count_rows("note"), kept + 1);
    add_note("after");
}

/* Other bytes each time: SQLite does not write what is there already. */
static bool write_again(int number)
{
    char bytes[8 * 1024];
    memset(bytes, number, sizeof(bytes));
    return store_begin(store, &err) &&
           store_note_put(store, "slack", "same", bytes, sizeof(bytes), 10, &err) &&
           store_commit(store, &err);
}

/* The log fills the disk, the file would have room: exit status 0 when writing goes on. */
static void fill_up_with_log(void)
{
    const struct rlimit limit = {300 * 1024, 300 * 1024};
    int failed = 0;
    signal(SIGXFSZ, SIG_IGN);
    if (!store_open(path, &store, &err) || setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        _exit(90);
    }
    for (int i = 0; i < 400; i++) {
        if (!write_again(i)) {
            failed++;
            store_rollback(store);
            store_tidy(store);
            if (!write_again(i)) {
                _exit(91);
            }
        }
    }
    _exit(failed > 1 ? 0 : 92);
}

static void test_no_room_for_the_log(void **state)
{
    (void)state;
    close_store();
    assert_int_equal(in_child(fill_up_with_log), 0);
    assert_true(store_open(path, &store, &err));
    add_note("after");
}

#define ROW(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_private),          ROW(test_made_private),
        ROW(test_reader),           ROW(test_two_owners),
        ROW(test_owner_that_died),  ROW(test_held_by_another_program),
        ROW(test_newer_version),    ROW(test_older_version),
        ROW(test_version_1),        ROW(test_version_1_killed_on_its_way),
        ROW(test_log_is_bounded),   ROW(test_another_programs_database),
        ROW(test_no_database),      ROW(test_spoilt),
        ROW(test_read_only_folder), ROW(test_file_of_another_user),
        ROW(test_no_room),          ROW(test_no_room_for_the_log),
    };
    return cmocka_run_group_tests_name("store-files", tests, NULL, NULL);
}
