/* host/store: SQLite keeps what it promised, also when it is killed, full, locked or spoilt. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
#include <time.h>
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

static void reopen(void)
{
    store_close(store);
    store = NULL;
    assert_true(store_open(path, &store, &err));
}

static void begin(void)
{
    assert_true(store_begin(store, &err));
}

static void commit(void)
{
    assert_true(store_commit(store, &err));
}

/* ---- claims ---- */

static void test_claims(void **state)
{
    (void)state;
    static const struct {
        const char *adapter, *delivery, *identity;
        int64_t now_ms;
        enum claim claim;
    } rows[] = {
        {"slack", "d1", "m1", 1000, CLAIM_NEW},
        {"slack", "d1", "m1", 2000, CLAIM_KNOWN},
        {"slack", "d2", "m1", 2000, CLAIM_KNOWN}, /* the same message, another delivery: S10 */
        {"slack", "d1", "m2", 2000, CLAIM_KNOWN},
        {"irc a", "d1", "m1", 2000, CLAIM_NEW},
        {"slack", NULL, NULL, 2000, CLAIM_NEW},
        {"slack", NULL, NULL, 2000, CLAIM_NEW},
        {"slack", NULL, "m3", 2000, CLAIM_NEW},
        {"slack", NULL, "m3", 2000, CLAIM_KNOWN},
        {"slack", "m3", NULL, 2000, CLAIM_NEW}, /* a delivery's name is no message's */
        {"slack", "d1", NULL, 1000 + (int64_t)STORE_CLAIM_MS - 1, CLAIM_KNOWN},
        {"slack", "d1", NULL, 1000 + (int64_t)STORE_CLAIM_MS, CLAIM_NEW},
    };
    begin();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum claim claim = store_claim(store, rows[i].adapter, rows[i].delivery, rows[i].identity,
                                       rows[i].now_ms, &err);
        if (claim != rows[i].claim) {
            fail_msg("row %zu: %d", i, claim);
        }
    }
    commit();
}

static void test_claim_of_a_rolled_back_turn(void **state)
{
    (void)state;
    begin();
    assert_int_equal(store_claim(store, "slack", "d", "m", 1, &err), CLAIM_NEW);
    store_rollback(store);
    begin();
    assert_int_equal(store_claim(store, "slack", "d", "m", 1, &err), CLAIM_NEW);
    commit();
    reopen();
    begin();
    assert_int_equal(store_claim(store, "slack", "d", NULL, 1, &err), CLAIM_KNOWN);
    store_rollback(store);
}

static void test_claim_of_a_long_name(void **state)
{
    (void)state;
    char name[MESSAGE_KEY_MAX + 2];
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    begin();
    assert_int_equal(store_claim(store, "slack", name, NULL, 1, &err), CLAIM_ERROR);
    assert_non_null(strstr(err.text, "longer"));
    err = (struct error){0};
    name[MESSAGE_KEY_MAX] = '\0';
    assert_int_equal(store_claim(store, "slack", name, NULL, 1, &err), CLAIM_NEW);
    commit();
}

/* ---- conversations and notes ---- */

typedef bool get_function(struct store *, const char *, const char *, int64_t, void *, size_t,
                          size_t *, struct error *);
typedef bool put_function(struct store *, const char *, const char *, const void *, size_t, int64_t,
                          struct error *);

static void check_kept(get_function *get, put_function *put)
{
    char bytes[8] = "";
    size_t len = 99;
    assert_true(get(store, "slack", "k", 1, bytes, sizeof(bytes), &len, &err));
    assert_int_equal(len, 0);
    begin();
    assert_true(put(store, "slack", "k", "one", 3, 100, &err));
    assert_true(put(store, "irc a", "k", "", 0, 100, &err));
    assert_true(put(store, "slack", "k", "a\0bc", 4, 200, &err));
    commit();
    reopen();
    assert_true(get(store, "slack", "k", 199, bytes, sizeof(bytes), &len, &err));
    assert_int_equal(len, 4);
    assert_memory_equal(bytes, "a\0bc", 4);
    assert_true(get(store, "slack", "k", 199, bytes, 2, &len, &err));
    assert_int_equal(len, 2);
    assert_true(get(store, "slack", "k", 200, bytes, sizeof(bytes), &len, &err));
    assert_int_equal(len, 0);
    assert_true(get(store, "irc a", "k", 1, bytes, sizeof(bytes), &len, &err));
    assert_int_equal(len, 0);
}

static void test_conversations(void **state)
{
    (void)state;
    char byte;
    size_t len;
    check_kept(store_conversation_get, store_conversation_put);
    begin();
    assert_true(store_conversation_delete(store, "slack", "k", &err));
    assert_true(store_conversation_delete(store, "slack", "nobody", &err));
    commit();
    assert_true(store_conversation_get(store, "slack", "k", 1, &byte, 1, &len, &err));
    assert_int_equal(len, 0);
}

static void test_notes(void **state)
{
    (void)state;
    check_kept(store_note_get, store_note_put);
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

static void test_expire(void **state)
{
    (void)state;
    begin();
    store_claim(store, "slack", "d", "m", 0, &err);
    assert_true(store_conversation_put(store, "slack", "k", "x", 1, 50, &err));
    assert_true(store_conversation_put(store, "slack", "l", "x", 1, 5000, &err));
    assert_true(store_note_put(store, "slack", "k", "x", 1, 50, &err));
    assert_true(store_expire(store, 50, &err));
    commit();
    assert_int_equal(count_rows("conversation"), 1);
    assert_int_equal(count_rows("note"), 0);
    assert_int_equal(count_rows("claim"), 2);
    begin();
    assert_true(store_expire(store, (int64_t)STORE_CLAIM_MS, &err));
    commit();
    assert_int_equal(count_rows("claim"), 0);
}

/* ---- outbox ---- */

static int64_t add(const char *adapter, const char *conversation, const char *payload,
                   int64_t now_ms)
{
    int64_t id = 0;
    struct delivery delivery = {.adapter = adapter,
                                .conversation = conversation,
                                .address = "there",
                                .payload = payload,
                                .payload_len = strlen(payload)};
    assert_true(store_outbox_add(store, &delivery, now_ms, &id, &err));
    return id;
}

static char seen[256];
static struct delivery last;

static void note(void *context, const struct delivery *delivery)
{
    (void)context;
    assert_string_equal(delivery->address, "there");
    assert_int_equal(strlen(delivery->payload), delivery->payload_len);
    size_t len = strlen(seen);
    snprintf(seen + len, sizeof(seen) - len, "%s", delivery->payload);
    last = *delivery;
}

static const char *due(const char *adapter, int64_t now_ms, size_t most)
{
    seen[0] = '\0';
    assert_true(store_outbox_due(store, adapter, now_ms, most, note, NULL, &err));
    return seen;
}

static void test_outbox_order(void **state)
{
    (void)state;
    begin();
    int64_t a = add("slack", "one", "a", 10);
    int64_t b = add("slack", "one", "b", 10);
    add("slack", "two", "c", 11);
    add("irc a", "one", "d", 12);
    commit();
    assert_string_equal(due("slack", 9, 10), "");
    assert_string_equal(due("slack", 10, 10), "a");
    assert_string_equal(due("slack", 11, 10), "ac");
    assert_string_equal(due("slack", 11, 1), "a");
    assert_string_equal(due(NULL, 12, 10), "acd");
    assert_int_equal(store_outbox_next(store, "slack"), 10);
    assert_int_equal(store_outbox_next(store, "irc a"), 12);
    assert_true(store_outbox_next(store, "nobody") == INT64_MAX);
    assert_int_equal(store_outbox_count(store), 4);
    begin();
    assert_true(store_outbox_begin(store, a, &err));
    commit();
    /* Under way: nothing of its conversation is due. */
    assert_string_equal(due("slack", 99, 10), "c");
    begin();
    assert_true(store_outbox_done(store, a, &err));
    commit();
    assert_string_equal(due("slack", 99, 10), "bc");
    assert_int_equal(store_outbox_count(store), 3);
    begin();
    assert_true(store_outbox_begin(store, b, &err));
    assert_true(store_outbox_again(store, b, 500, false, &err));
    commit();
    assert_string_equal(due("slack", 99, 10), "c");
    assert_string_equal(due("slack", 500, 10), "cb");
    assert_int_equal(last.attempts, 1);
    assert_false(last.unsure);
}

static void test_outbox_unsure(void **state)
{
    (void)state;
    begin();
    int64_t a = add("slack", "one", "a", 10);
    assert_true(store_outbox_begin(store, a, &err));
    commit();
    reopen(); /* as after a crash */
    assert_string_equal(due("slack", 99, 10), "");
    assert_true(store_outbox_recover(store, 20, &err));
    assert_string_equal(due("slack", 99, 10), "a");
    assert_true(last.unsure);
    assert_int_equal(last.attempts, 1);
    assert_int_equal(last.created_ms, 10);
    begin();
    assert_true(store_outbox_begin(store, a, &err));
    assert_true(store_outbox_put_off(store, a, 30, &err));
    commit();
    due("slack", 99, 10);
    assert_true(last.unsure); /* what was not sent after all is as it was before */
    assert_int_equal(last.attempts, 1);
    begin();
    assert_true(store_outbox_put_off(store, a, 40, &err));
    assert_true(store_outbox_begin(store, a, &err));
    assert_true(store_outbox_again(store, a, 50, false, &err));
    commit();
    due("slack", 99, 10);
    assert_false(last.unsure);
    assert_int_equal(last.attempts, 2);
    begin();
    assert_false(store_outbox_done(store, 12345, &err));
    assert_non_null(strstr(err.text, "12345"));
    store_rollback(store);
    assert_int_equal(store_outbox_count(store), 1);
}

/* ---- gaps ---- */

static char gaps[2048];

static void note_gap(void *context, const struct gap *gap)
{
    size_t len = strlen(gaps);
    (void)context;
    snprintf(gaps + len, sizeof(gaps) - len, "%llu %s %.40s|", (unsigned long long)gap->count,
             gap->kind, gap->text);
}

static const char *list_gaps(size_t most)
{
    gaps[0] = '\0';
    assert_true(store_gaps(store, most, note_gap, NULL, &err));
    return gaps;
}

static void add_gap(const char *kind, const char *text, int64_t now_ms)
{
    assert_true(store_gap_add(store, kind, text, strlen(text), now_ms, &err));
}

static void test_gaps(void **state)
{
    (void)state;
    assert_string_equal(list_gaps(10), "");
    begin();
    add_gap("unknown", "Rails or Laravel?", 1);
    add_gap("ask", "Node or Django", 2);
    add_gap("unknown", "  rails,  OR laravel ", 3);
    add_gap("unknown", "?!", 4); /* nothing is left of it */
    add_gap("unknown", "caf\xc3\x89 \xff\x01", 5);
    add_gap("unknown", "CAF\xc3\xa9", 6);
    add_gap("unknown", "caf\xc3\xa9!", 7);
    commit();
    assert_string_equal(list_gaps(10), "3 unknown caf\xc3\x89   |2 unknown Rails or Laravel?|1 ask "
                                       "Node or Django|");
    assert_string_equal(list_gaps(1), "3 unknown caf\xc3\x89   |");
}

static void test_long_gap(void **state)
{
    (void)state;
    char *text = mem_alloc(100001);
    memset(text, 'x', 100000);
    memcpy(text + GAP_TEXT_MAX - 1, "\xc3\xa9", 2); /* just over the edge */
    begin();
    add_gap("unknown", text, 1);
    commit();
    mem_free(text);
    list_gaps(1);
    assert_int_equal(count_rows("gap"), 1);
}

static void test_gaps_are_bounded(void **state)
{
    (void)state;
    char text[32];
    begin();
    for (int i = 0; i < GAPS_KEPT_MAX + 10; i++) {
        snprintf(text, sizeof(text), "question %d", i);
        add_gap("unknown", text, i);
        if (i < 3) {
            add_gap("unknown", text, i);
        }
    }
    commit();
    int64_t kept = count_rows("gap");
    assert_true(kept <= GAPS_KEPT_MAX && kept > GAPS_KEPT_MAX - 100);
    /* What was asked twice stays, however old. */
    assert_string_equal(list_gaps(3),
                        "2 unknown question 2|2 unknown question 1|2 unknown question 0|");
    begin();
    add_gap("unknown", "another", 9);
    store_rollback(store);
    assert_int_equal(count_rows("gap"), kept);
}

/* ---- files ---- */

static void test_private(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-lock"};
    (void)state;
    begin();
    add("slack", "one", "a", 1);
    commit();
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        char file[128];
        struct stat info;
        snprintf(file, sizeof(file), "%s%s", path, endings[i]);
        assert_int_equal(stat(file, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
    store_close(store);
    store = NULL;
    assert_int_equal(chmod(path, 0644), 0);
    assert_true(store_open(path, &store, &err));
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void test_two_owners(void **state)
{
    (void)state;
    struct store *second = NULL;
    assert_false(store_open(path, &second, &err));
    assert_null(second);
    assert_non_null(strstr(err.text, "another whether"));
    err = (struct error){0};
    begin();
    add_gap("unknown", "Rails or Laravel?", 1);
    commit();
    assert_true(store_open_reader(path, &second, &err));
    gaps[0] = '\0';
    assert_true(store_gaps(second, 5, note_gap, NULL, &err));
    assert_string_equal(gaps, "1 unknown Rails or Laravel?|");
    assert_false(store_begin(second, &err) && store_gap_add(second, "ask", "x", 1, 1, &err));
    store_close(second);
}

static void write_file(const char *bytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(bytes, file);
    fclose(file);
}

static void execute(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void check_refused(const char *sentence)
{
    struct store *wrong = NULL;
    err = (struct error){0};
    assert_false(store_open(path, &wrong, &err));
    assert_null(wrong);
    if (!strstr(err.text, sentence)) {
        fail_msg("%s", err.text);
    }
    err = (struct error){0};
}

static void test_wrong_files(void **state)
{
    (void)state;
    store_close(store);
    store = NULL;
    execute("PRAGMA user_version = 99");
    check_refused("newer whether (version 99");
    unlink(path);
    write_file("This is a letter to my aunt, and by no means a database of any sort or kind.\n");
    check_refused("not a database");
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    check_refused("cannot be opened");
    assert_int_equal(rmdir(path), 0);
    struct store *reader = NULL;
    assert_false(store_open_reader(path, &reader, &err));
    assert_int_equal(access(path, F_OK), -1); /* a reader makes none */
    err = (struct error){0};
    assert_false(store_open("/nowhere/at/all/w.db", &reader, &err));
    assert_non_null(strstr(err.text, "/nowhere/at/all"));
}

/* Files of this process may not grow: what a full disk looks like. Exits 0 when all was as it should. */
static void fill_up(void)
{
    static char bytes[100 * 1024];
    const struct rlimit limit = {300 * 1024, 300 * 1024};
    struct store *full = NULL;
    struct error why = {0};
    char key[16];
    signal(SIGXFSZ, SIG_IGN);
    if (!store_open(path, &full, &why) || setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        _exit(2);
    }
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        bool fine = store_begin(full, &why) &&
                    store_note_put(full, "slack", key, bytes, sizeof(bytes), 10, &why) &&
                    store_commit(full, &why);
        if (!fine) {
            store_rollback(full);
            _exit(strstr(why.text, "w.db: the store failed") ? i : 3);
        }
    }
    _exit(4);
}

static void test_full_disk(void **state)
{
    (void)state;
    begin();
    add("slack", "one", "a", 1);
    commit();
    store_close(store);
    store = NULL;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fill_up();
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    int kept = WEXITSTATUS(status);
    assert_in_range(kept, 1, 3);
    assert_true(store_open(path, &store, &err));
    assert_int_equal(count_rows("note"), kept);
    assert_string_equal(due("slack", 5, 5), "a");
}

/* ---- killed at any instant ---- */

enum { KILLS = 25, TURNS_MAX = 100000 };

/* Adds a delivery a turn, and tells of each turn only after its commit. */
static void write_until_killed(int out, int round)
{
    struct store *mine = NULL;
    struct error why = {0};
    char name[32];
    if (!store_open(path, &mine, &why)) {
        _exit(2);
    }
    for (int i = 0; i < TURNS_MAX; i++) {
        int64_t id = 0;
        snprintf(name, sizeof(name), "%d.%d", round, i);
        struct delivery delivery = {.adapter = "slack",
                                    .conversation = name,
                                    .address = "there",
                                    .payload = name,
                                    .payload_len = strlen(name)};
        bool fine = store_begin(mine, &why) &&
                    store_claim(mine, "slack", name, NULL, 1, &why) == CLAIM_NEW &&
                    store_conversation_put(mine, "slack", name, name, strlen(name), 9, &why) &&
                    store_outbox_add(mine, &delivery, 1, &id, &why) && store_commit(mine, &why);
        if (!fine || write(out, &i, sizeof(i)) != (ssize_t)sizeof(i)) {
            _exit(3);
        }
    }
    _exit(0);
}

/* Kills a writer after `us` microseconds; returns the last turn that it acknowledged, -1 none. */
static int kill_writer(int round, long us)
{
    int ends[2], turn = -1, next;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        write_until_killed(ends[1], round);
    }
    close(ends[1]);
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
    kill(child, SIGKILL);
    while (read(ends[0], &next, sizeof(next)) == (ssize_t)sizeof(next)) {
        assert_int_equal(next, turn + 1);
        turn = next;
    }
    close(ends[0]);
    waitpid(child, NULL, 0);
    return turn;
}

static void test_killed(void **state)
{
    (void)state;
    store_close(store);
    store = NULL;
    int64_t acknowledged = 0;
    for (int round = 0; round < KILLS; round++) {
        int turn = kill_writer(round, 1000 + round * 1700L);
        assert_true(store_open(path, &store, &err));
        char name[32];
        begin();
        for (int i = 0; i <= turn; i++) {
            snprintf(name, sizeof(name), "%d.%d", round, i);
            assert_int_equal(store_claim(store, "slack", name, NULL, 1, &err), CLAIM_KNOWN);
        }
        store_rollback(store);
        acknowledged += turn + 1;
        /* What was not acknowledged is whole, too: one claim, one conversation, one delivery. */
        assert_int_equal(count_rows("claim"), store_outbox_count(store));
        assert_int_equal(count_rows("conversation"), store_outbox_count(store));
        store_close(store);
        store = NULL;
    }
    assert_true(store_open(path, &store, &err));
    int64_t kept = (int64_t)store_outbox_count(store);
    assert_true(kept >= acknowledged && kept <= acknowledged + KILLS);
    assert_true(acknowledged > 0);
}

#define ROW(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_claims),
        ROW(test_claim_of_a_rolled_back_turn),
        ROW(test_claim_of_a_long_name),
        ROW(test_conversations),
        ROW(test_notes),
        ROW(test_expire),
        ROW(test_outbox_order),
        ROW(test_outbox_unsure),
        ROW(test_gaps),
        ROW(test_long_gap),
        ROW(test_gaps_are_bounded),
        ROW(test_private),
        ROW(test_two_owners),
        ROW(test_wrong_files),
        ROW(test_full_disk),
        ROW(test_killed),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
