/*
 * host/store: the log (-wal) and its keeper, the thread that copies it into the file: also where
 * there is none, and where its copies fail. Answers and commits never depend on it.
 */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bot/base/mem.h"
#include "tests/unit/storebench.h"

/* ---- what the linker puts in place of both (tests/meson.build) ---- */

static pthread_t loop;
static bool no_thread;
static _Atomic bool keeper_fails, loop_fails;
static atomic_int keeper_copies, loop_copies;

int __real_pthread_create(pthread_t *ret, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *context);
int __wrap_pthread_create(pthread_t *ret, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *context);
int __wrap_pthread_create(pthread_t *ret, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *context)
{
    return no_thread ? EAGAIN : __real_pthread_create(ret, attributes, run, context);
}

int __real_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *pages,
                                     int *copied);
int __wrap_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *pages,
                                     int *copied);
int __wrap_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *pages,
                                     int *copied)
{
    bool ours = pthread_equal(pthread_self(), loop) != 0;
    atomic_fetch_add(ours ? &loop_copies : &keeper_copies, 1);
    bool fails = ours ? atomic_load(&loop_fails) : atomic_load(&keeper_fails);
    return fails ? SQLITE_IOERR : __real_sqlite3_wal_checkpoint_v2(db, name, mode, pages, copied);
}

/* ---- the log ---- */

enum { TURNS = 300, LOG_BYTES_MAX = 40 * 1024 * 1024 }; /* they write 60 MB */

static int set_up_log(void **state)
{
    loop = pthread_self();
    no_thread = false;
    atomic_store(&keeper_fails, false);
    atomic_store(&loop_fails, false);
    atomic_store(&keeper_copies, 0);
    atomic_store(&loop_copies, 0);
    return set_up(state);
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

/* Turns as the loop makes them. Returns how long the log was at most. */
static off_t write_turns(void)
{
    off_t most = 0;
    for (int i = 0; i < TURNS; i++) {
        write_much();
        store_tidy(store);
        off_t bytes = log_bytes();
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* All of it is there, for the next who opens it. */
static void check_whole(void)
{
    reopen();
    assert_int_equal(count_rows("note"), 1);
}

/* Copied into the file beside the commits; then it begins from its start, however busy it is. */
static void test_bounded(void **state)
{
    (void)state;
    assert_in_range(write_turns(), 1, LOG_BYTES_MAX);
    assert_true(keeper_copies > 0);
    check_whole();
}

/* The machine has no thread to spare: the loop copies by itself, until there is one. */
static void test_without_a_thread(void **state)
{
    (void)state;
    no_thread = true;
    off_t longest = write_turns();
    assert_in_range(longest, 1, LOG_BYTES_MAX);
    assert_int_equal(write_turns(), longest); /* written over from its start */
    assert_int_equal(keeper_copies, 0);
    assert_true(loop_copies > 0);
    no_thread = false;
    assert_in_range(write_turns(), 1, LOG_BYTES_MAX);
    assert_true(keeper_copies > 0);
    check_whole();
}

/* What the keeper cannot copy the loop does, so the log still begins anew. */
static void test_keeper_fails(void **state)
{
    (void)state;
    atomic_store(&keeper_fails, true);
    assert_in_range(write_turns(), 1, LOG_BYTES_MAX);
    assert_true(keeper_copies > 0 && loop_copies > 0);
    check_whole();
}

/* Nobody can copy: commits go on, into an ever longer log, which is used again once it can be. */
static void test_nobody_can(void **state)
{
    (void)state;
    atomic_store(&keeper_fails, true);
    atomic_store(&loop_fails, true);
    assert_true(write_turns() > LOG_BYTES_MAX);
    atomic_store(&keeper_fails, false);
    atomic_store(&loop_fails, false);
    write_turns();
    assert_in_range(write_turns(), 1, LOG_BYTES_MAX);
    check_whole();
}

#define LOG_ROW(function) cmocka_unit_test_setup_teardown(function, set_up_log, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_ROW(test_bounded),
        LOG_ROW(test_without_a_thread),
        LOG_ROW(test_keeper_fails),
        LOG_ROW(test_nobody_can),
    };
    return cmocka_run_group_tests_name("store-log", tests, NULL, NULL);
}
