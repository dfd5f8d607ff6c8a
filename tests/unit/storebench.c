#include "tests/unit/storebench.h"

#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/base/mem.h"
#include "tests/unit/redisbench.h"

char folder[64], path[96];
struct store *store;
struct error err;
bool on_redis;

bool storebench_on_redis(bool on)
{
#ifdef WHETHER_WITH_REDIS
    if (on && !on_redis) {
        redisbench_start();
    } else if (!on && on_redis) {
        redisbench_stop();
    }
    on_redis = on;
#endif
    return on_redis == on;
}

static bool open_store(void)
{
#ifdef WHETHER_WITH_REDIS
    if (on_redis) {
        return redisbench_open(&store, &err);
    }
#endif
    return store_open(path, &store, &err);
}

int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/whether-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/w.db", folder);
    err = (struct error){0};
    store = NULL;
#ifdef WHETHER_WITH_REDIS
    if (on_redis) {
        redisbench_clear();
    }
#endif
    return open_store() ? 0 : -1;
}

int tear_down(void **state)
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

void reopen(void)
{
    close_store();
    assert_true(open_store());
}

void begin(void)
{
    assert_true(store_begin(store, &err));
}

void commit(void)
{
    assert_true(store_commit(store, &err));
}

void close_store(void)
{
    store_close(store);
    store = NULL;
}

void add_note(const char *key)
{
    begin();
    assert_true(store_note_put(store, "slack", key, "x", 1, 10, &err));
    commit();
}

int64_t count_rows(const char *table)
{
#ifdef WHETHER_WITH_REDIS
    if (on_redis) {
        assert_string_equal(table, "gap");
        return strtoll(redisbench_ask("zcard {test}:gaps"), NULL, 10);
    }
#endif
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

void execute(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

void check_refused(const char *name, const char *sentence)
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

int in_child(void (*run)(void))
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

void write_file(const char *name, const char *bytes)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_true(fputs(bytes, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void check_gap(void *context, const struct gap *gap)
{
    assert_string_equal(gap->text, "Rails or Laravel?");
    assert_string_equal(gap->kind, "unknown");
    assert_true(gap->count == 2 && gap->first_ms == 1 && gap->last_ms == 5);
    ++*(size_t *)context;
}
