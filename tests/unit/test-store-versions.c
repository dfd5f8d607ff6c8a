/* host/store: files of other versions: newer ones are refused, older ones brought up to date. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/base/mem.h"
#include "tests/unit/storebench.h"

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
    assert_true(store_gaps(store, 5, check_gap, &count, &err));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_newer_version),
        ROW(test_older_version),
        ROW(test_version_1),
        ROW(test_version_1_killed_on_its_way),
    };
    return cmocka_run_group_tests_name("store-versions", tests, NULL, NULL);
}
