/* knowledge/load: packs that are cut, spoilt or meant to hurt, and no memory: a fault, no crash. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "knowledge/format.h"
#include "knowledge/load.h"
#include "knowledge/pack.h"
#include "knowledge/parse.h"
#include "tests/unit/packbench.h"

static const struct pack *parse(const char *text, size_t len, struct arena *arena,
                                struct fault_list *faults)
{
    bool whole;
    return pack_parse("t.json", text, len, arena, faults, &whole);
}

/* Every prefix and every flipped byte of a good pack: a fault or a pack, never a crash. */
static void test_mangled_packs(void **state)
{
    (void)state;
    struct buf file;
    read_whole(&file, packs_path("good/pack.json"));
    for (size_t i = 0; i < file.len; i++) {
        struct fault_list faults = {0};
        struct arena *arena = arena_create();
        char *prefix = mem_alloc(i); /* exact, so that a sanitizer sees a byte too far */
        memcpy(prefix, file.data, i);
        bool complete = i > 0 && file.len - i == 1;
        assert_int_equal(parse(prefix, i, arena, &faults) == NULL, !complete);
        assert_int_equal(faults.count, complete ? 0 : 1);
        mem_free(prefix);
        fault_finish(&faults);
        file.data[i] ^= (char)(1 << i % 8);
        assert_true(parse(file.data, file.len, arena, &faults) != NULL || faults.count > 0);
        file.data[i] ^= (char)(1 << i % 8);
        fault_finish(&faults);
        arena_destroy(arena);
    }
    buf_finish(&file);
}

/* Millions of faults, or of references to the wrong, in one file: counted, and quickly. */
static void test_hostile_size(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, PACK_FILE_MAX);
    buf_puts(&text, "{\"options\":[],\"sections\":[],\"situations\":[");
    for (int i = 0; i < 64; i++) {
        buf_printf(&text, "%s{\"id\":\"situation-number-%d-of-very-many-more\"}", i ? "," : "", i);
    }
    buf_puts(&text, "],\"examples\":[{}");
    for (int i = 0; i < 1500; i++) {
        buf_puts(&text, ",{\"denied\":[\"situation-number\"");
        for (int j = 1; j < 64; j++) {
            buf_puts(&text, ",\"situation-number-n-of-very-many-m\"");
        }
        buf_puts(&text, "]}");
    }
    buf_puts(&text, "]");
    for (int i = 0; i < 20000; i++) {
        buf_printf(&text, ",\"unknown-%d\":{}", i);
    }
    assert_true(buf_puts(&text, "}"));
    struct fault_list faults = {0};
    struct arena *arena = arena_create();
    assert_non_null(parse(text.data, text.len, arena, &faults));
    assert_int_equal(faults.count, FAULTS_MAX);
    assert_true(faults.dropped > 100000);
    fault_finish(&faults);
    arena_destroy(arena);
    buf_finish(&text);
}

static void test_nesting(void **state)
{
    (void)state;
    for (size_t depth = 1; depth < 100000; depth = depth < 20 ? depth + 1 : depth * 7) {
        struct fault_list faults = {0};
        struct arena *arena = arena_create();
        char *text = mem_alloc(depth * 2);
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_null(parse(text, depth * 2, arena, &faults));
        assert_string_equal(faults.items[0].text,
                            depth > 16 ? "is nested more than 16 deep"
                                       : "a pack must be an object {...}, not a list [...]");
        mem_free(text);
        fault_finish(&faults);
        arena_destroy(arena);
    }
}

/* Fails allocations of jansson's from the n-th on, or (persistent = false) only the n-th. */
static size_t json_countdown;
static bool json_persistent;

static void *json_malloc_failing(size_t size)
{
    if (json_countdown > 0 && --json_countdown == 0) {
        json_countdown = json_persistent;
        return NULL;
    }
    return malloc(size);
}

static void test_json_out_of_memory(void **state)
{
    (void)state;
    char path[PATH_SIZE * 2];
    const char *paths[] = {path};
    snprintf(path, sizeof(path), "%s", packs_path("good"));
    for (int persistent = 0; persistent < 2; persistent++) {
        bool loaded = false;
        for (size_t n = 1; !loaded; n++) {
            struct fault_list faults = {0};
            struct knowledge *knowledge = NULL;
            assert_true(n < 100000);
            json_persistent = persistent;
            json_countdown = n;
            json_set_alloc_funcs(json_malloc_failing, free);
            loaded = knowledge_load(paths, 1, &knowledge, &faults);
            loaded = loaded && json_countdown > 0;
            json_set_alloc_funcs(malloc, free);
            assert_int_equal(faults.count > 0, knowledge == NULL);
            knowledge_destroy(knowledge);
            fault_finish(&faults);
        }
    }
}

/* Valgrind checks for leaks at every exit, but not when a process is killed. */
static void leave(void)
{
    kill(getpid(), SIGKILL);
}

static _Noreturn void load_in_child(const char *path, size_t n)
{
    struct fault_list faults = {0};
    struct knowledge *knowledge = NULL;
    mem_fail_at(n, leave);
    bool loaded = knowledge_load(&path, 1, &knowledge, &faults);
    knowledge_destroy(knowledge);
    fault_finish(&faults);
    _exit(loaded ? 0 : 1);
}

/* In a child, because who runs out of memory does not come back (mem.h). */
static int load_with_failure(const char *path, size_t n)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        load_in_child(path, n);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    int status = -SIGKILL;
    size_t n = 0;
    while (status == -SIGKILL) {
        assert_true(++n < 1000);
        status = load_with_failure(packs_path("good"), n);
    }
    assert_int_equal(status, 0);
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mangled_packs), cmocka_unit_test(test_hostile_size),
        cmocka_unit_test(test_nesting),       cmocka_unit_test(test_json_out_of_memory),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests_name("load-hostile", tests, NULL, NULL);
}
