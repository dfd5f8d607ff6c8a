/* host/store_backup: one moment's store, whatever is written; stopped, it leaves nothing. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/store.h"
#include "bot/host/store_backup.h"

enum { FILL_BYTES = STORE_BYTES_MAX, FILLS = 24 };

static char folder[64], from[96], to[96];
static struct store *store;
static struct error err;

static void put_note(const char *key, size_t len)
{
    static char bytes[FILL_BYTES];
    memset(bytes, key[0], sizeof(bytes));
    assert_true(store_begin(store, &err));
    assert_true(store_note_put(store, "slack", key, bytes, len, INT64_MAX, &err));
    assert_true(store_commit(store, &err));
}

static bool has_note(const char *path, const char *key)
{
    struct store *copy;
    char bytes[16];
    size_t len = 0;
    assert_true(store_open(path, &copy, &err));
    assert_true(store_note_get(copy, "slack", key, 1, bytes, sizeof(bytes), &len, &err));
    store_close(copy);
    return len > 0;
}

/* Several steps' worth of pages, so that something can happen in between. */
static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/whether-backup-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(from, sizeof(from), "%s/w.db", folder);
    snprintf(to, sizeof(to), "%s/copy.db", folder);
    err = (struct error){0};
    assert_true(store_open(from, &store, &err));
    for (int i = 0; i < FILLS; i++) {
        char key[2] = {(char)('a' + i)};
        put_note(key, FILL_BYTES);
    }
    return 0;
}

static void visit_files(void (*visit)(const char *path, size_t *count), size_t *count)
{
    DIR *open = opendir(folder);
    assert_non_null(open);
    for (struct dirent *entry; (entry = readdir(open)) != NULL;) {
        char path[400];
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.') {
            visit(path, count);
        }
    }
    closedir(open);
}

static void remove_file(const char *path, size_t *count)
{
    (void)count;
    unlink(path);
}

static int tear_down(void **state)
{
    size_t none = 0;
    (void)state;
    store_close(store);
    visit_files(remove_file, &none);
    return rmdir(folder);
}

static void count_copy(const char *path, size_t *count)
{
    *count += strncmp(path, to, strlen(to)) == 0;
}

/* Files that the copy's name is the beginning of. */
static size_t copies(void)
{
    size_t count = 0;
    visit_files(count_copy, &count);
    return count;
}

struct watched {
    int calls[2]; /* by step */
    int stop_at;  /* 0: never; else this call of `stop_in` is the last */
    enum store_copy_step stop_in;
    bool write;
    int done;
};

static bool watch(void *context, enum store_copy_step step, int done, int all)
{
    struct watched *watched = context;
    watched->calls[step]++;
    if (step == STORE_COPYING) {
        /* Begun anew by every writer, it would never end. */
        assert_true(done > watched->done && done <= all);
        watched->done = done;
        if (watched->write) {
            char key[16];
            snprintf(key, sizeof(key), "late %d", watched->calls[step]);
            put_note(key, FILL_BYTES);
        }
    }
    return watched->stop_at == 0 || step != watched->stop_in ||
           watched->calls[step] < watched->stop_at;
}

static bool back_up(struct watched *watched, struct store_copied *ret)
{
    const struct store_copy_task task = {
        .from = from, .to = to, .progress = watch, .context = watched};
    err = (struct error){0};
    return store_backup(&task, ret, &err);
}

static void test_one_moment(void **state)
{
    struct watched watched = {.write = true};
    struct store_copied copied;
    (void)state;
    assert_true(back_up(&watched, &copied));
    assert_true(watched.calls[STORE_COPYING] > 5);
    assert_true(copied.bytes > FILLS * FILL_BYTES);
    assert_int_equal(copies(), 1);
    assert_true(has_note(to, "a") && has_note(to, "x"));
    assert_false(has_note(to, "late 1"));
}

static void test_stopped(void **state)
{
    static const struct watched stops[] = {{.stop_at = 1, .stop_in = STORE_COPYING},
                                           {.stop_at = 3, .stop_in = STORE_COPYING},
                                           {.stop_at = 1, .stop_in = STORE_CHECKING}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(stops); i++) {
        struct watched watched = stops[i];
        struct store_copied copied = {.bytes = 77};
        assert_false(back_up(&watched, &copied));
        assert_non_null(strstr(err.text, "interrupted"));
        assert_int_equal(watched.calls[stops[i].stop_in], stops[i].stop_at);
        assert_int_equal(copied.bytes, 77);
        assert_int_equal(copies(), 0);
    }
}

/* Stopped on the way back, the store is what it was. */
static void test_restore_stopped(void **state)
{
    struct watched watched = {0}, stop = {.stop_at = 2, .stop_in = STORE_COPYING};
    struct store_copied copied;
    struct store_copy_task back = {.from = to, .to = from, .progress = watch, .context = &stop};
    (void)state;
    assert_true(back_up(&watched, &copied));
    put_note("later", 1);
    err = (struct error){0};
    assert_false(store_restore(&back, &copied, &err));
    assert_non_null(strstr(err.text, "another whether uses this store"));
    store_close(store);
    store = NULL;
    err = (struct error){0};
    assert_false(store_restore(&back, &copied, &err));
    assert_non_null(strstr(err.text, "interrupted"));
    assert_true(has_note(from, "later"));
    back.progress = NULL;
    assert_true(store_restore(&back, &copied, &err));
    assert_true(copied.kept_old);
    assert_false(has_note(from, "later"));
}

/* Somebody makes a file of that name while it works: neither is lost, none is left half. */
static bool make_rival(void *context, enum store_copy_step step, int done, int all)
{
    (void)context;
    (void)done;
    (void)all;
    FILE *file = step == STORE_CHECKING ? NULL : fopen(to, "w");
    if (file != NULL) {
        fputs("a rival's", file);
        fclose(file);
    }
    return true;
}

static void test_a_rival(void **state)
{
    struct store_copy_task task = {.from = from, .to = to, .progress = make_rival};
    struct store_copied copied;
    struct stat info;
    (void)state;
    assert_false(store_backup(&task, &copied, &err));
    assert_non_null(strstr(err.text, "File exists"));
    assert_int_equal(copies(), 1);
    assert_int_equal(stat(to, &info), 0);
    assert_int_equal(info.st_size, strlen("a rival's"));
    task.replace = true;
    err = (struct error){0};
    assert_true(store_backup(&task, &copied, &err));
    assert_int_equal(copies(), 1);
    assert_true(has_note(to, "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_restore_stopped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_rival, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
