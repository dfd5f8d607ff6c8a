/* host/store: disks that are full or read only. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/base/mem.h"
#include "tests/unit/storebench.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_file_of_another_user),
        ROW(test_read_only_folder),
        ROW(test_no_room),
        ROW(test_no_room_for_the_log),
    };
    return cmocka_run_group_tests_name("store-disk", tests, NULL, NULL);
}
