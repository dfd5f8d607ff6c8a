/* host/store: the file: private, ours alone, spoilt, of another program. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/base/mem.h"
#include "tests/unit/storebench.h"

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
    assert_true(store_gaps(reader, 5, check_gap, &count, &err));
    assert_int_equal(count, 1);
    assert_false(store_note_put(reader, "slack", "k", "x", 1, 9, &err));
    assert_non_null(strstr(err.text, "it must be writable"));
    err = (struct error){0};
    add_note("k"); /* a reader is in nobody's way */
    store_close(reader);
    close_store();
    /* Without a daemon, too. */
    assert_true(store_open_reader(path, &reader, &err));
    assert_true(store_gaps(reader, 5, check_gap, &count, &err));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_private),
        ROW(test_made_private),
        ROW(test_reader),
        ROW(test_two_owners),
        ROW(test_owner_that_died),
        ROW(test_held_by_another_program),
        ROW(test_another_programs_database),
        ROW(test_no_database),
        ROW(test_spoilt),
    };
    return cmocka_run_group_tests_name("store-files", tests, NULL, NULL);
}
