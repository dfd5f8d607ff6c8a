/* bot/base: error, mem, utf8. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/base/utf8.h"

/* A sanitizer would end the program where a real malloc says no. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void test_error_first_writer_wins(void **state)
{
    (void)state;
    struct error err = {0};
    assert_false(error_set(&err, ERROR_INPUT, "no %s", "milk"));
    assert_false(error_set(&err, ERROR_USAGE, "second"));
    assert_false(error_errno(&err, 2, "third"));
    assert_int_equal(err.code, ERROR_INPUT);
    assert_string_equal(err.text, "no milk");
    assert_false(error_set(NULL, ERROR_INPUT, "nobody listens"));
}

static void test_error_errno(void **state)
{
    (void)state;
    struct error err = {0}, full = {0};
    error_errno(&err, 2, "cannot open %s", "x");
    assert_int_equal(err.code, ERROR_ENVIRONMENT);
    assert_string_equal(err.text, "cannot open x: No such file or directory");
    char path[1000];
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    error_errno(&full, 2, "%s", path);
    assert_int_equal(strlen(full.text), sizeof(full.text) - 1);
    assert_non_null(strstr(full.text, "p: No such file or directory"));
}

static void test_error_text_is_printable(void **state)
{
    (void)state;
    static const struct {
        const char *about, *text, *wanted;
    } rows[] = {
        {"plain", "a b", "a b"},
        {"UTF-8 stays", "\xC3\xA9 \xF0\x9F\x98\x80", "\xC3\xA9 \xF0\x9F\x98\x80"},
        {"line breaks and escapes go", "a\nb\x1B[31m\x7F", "a?b?[31m?"},
        {"C1 controls go", "a\xC2\x9Bz", "a?z"},
        {"broken UTF-8 goes", "a\xC3(\xFF", "a?(?"},
        {"overlong and surrogates go", "\xC0\xAF\xED\xA0\x80", "?????"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        error_set(&err, ERROR_INPUT, "%s", rows[i].text);
        if (strcmp(err.text, rows[i].wanted) != 0) {
            fail_msg("%s: %s", rows[i].about, err.text);
        }
    }
}

static void test_error_cuts_between_characters(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        char text[500] = "xxx";
        for (size_t i = shift; i + 4 < sizeof(text); i += 4) {
            memcpy(text + i, "\xF0\x9F\x98\x80", 5);
        }
        struct error err = {0};
        error_set(&err, ERROR_INPUT, "%s", text);
        assert_null(strchr(err.text, '?'));
        assert_true(strlen(err.text) > sizeof(err.text) - 5);
        assert_int_equal((strlen(err.text) - shift) % 4, 0);
    }
}

static void test_faults(void **state)
{
    (void)state;
    struct fault_list list = {0};
    for (int i = 0; i < FAULTS_MAX + 5; i++) {
        assert_int_equal(fault_full(&list), i >= FAULTS_MAX);
        fault_add(&list, "fi\nle", i, "number %d", i);
    }
    assert_int_equal(list.count, FAULTS_MAX);
    assert_int_equal(list.dropped, 5);
    assert_string_equal(list.items[7].file, "fi?le");
    assert_string_equal(list.items[7].text, "number 7");
    assert_int_equal(list.items[7].line, 7);
    fault_finish(&list);
    assert_int_equal(list.count, 0);
    fault_finish(&list);
}

static void test_nearest(void **state)
{
    (void)state;
    static const struct {
        const char *wanted, *hint;
    } rows[] = {
        {"aliasses", "; did you mean \"aliases\"?"},
        {"alaises", "; did you mean \"aliases\"?"},
        {"sumary", "; did you mean \"summary\"?"},
        {"Id", ""},
        {"di", "; did you mean \"id\"?"},
        {"question", ""},
        {"", ""},
        {"0123456789012345678901234567890123456789012345678901234567890123456789", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct nearest nearest;
        nearest_init(&nearest, rows[i].wanted);
        nearest_offer(&nearest, NULL);
        nearest_offer(&nearest, "id");
        nearest_offer(&nearest, "aliases");
        nearest_offer(&nearest, "summary");
        if (strcmp(rows[i].wanted, "Id") != 0) {
            assert_string_equal(nearest_hint(&nearest), rows[i].hint);
        }
    }
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len, wanted;
    } rows[] = {
        {"a", 1, 1},
        {"", 0, 0},
        {"\0", 1, 1},
        {"\x7F", 1, 1},
        {"\x80", 1, 0},
        {"\xC1\xBF", 2, 0},
        {"\xC2\x80", 2, 2},
        {"\xC2", 1, 0},
        {"\xC3(", 2, 0},
        {"\xE0\x9F\xBF", 3, 0},
        {"\xE0\xA0\x80", 3, 3},
        {"\xED\x9F\xBF", 3, 3},
        {"\xED\xA0\x80", 3, 0},
        {"\xEF\xBF\xBF", 3, 3},
        {"\xE2\x82", 2, 0},
        {"\xF0\x8F\xBF\xBF", 4, 0},
        {"\xF0\x90\x80\x80", 4, 4},
        {"\xF4\x8F\xBF\xBF", 4, 4},
        {"\xF4\x90\x80\x80", 4, 0},
        {"\xF5\x80\x80\x80", 4, 0},
        {"\xFF", 1, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(utf8_length(rows[i].text, rows[i].len), rows[i].wanted);
    }
}

static void test_mem(void **state)
{
    (void)state;
    char *zeroed = mem_alloc(10);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(zeroed[i], 0);
    }
    int *numbers = mem_grow(NULL, 3, sizeof(*numbers));
    numbers[2] = 5;
    numbers = mem_grow(numbers, 300, sizeof(*numbers));
    assert_int_equal(numbers[2], 5);
    char *part = mem_strndup("abcdef", 3), *whole = mem_strndup("ab", 100);
    assert_string_equal(part, "abc");
    assert_string_equal(whole, "ab");
    void *nothing = mem_alloc(0), *none = mem_grow(NULL, 0, 8);
    assert_non_null(nothing);
    assert_non_null(none);
    mem_free(zeroed);
    mem_free(numbers);
    mem_free(part);
    mem_free(whole);
    mem_free(nothing);
    mem_free(none);
    mem_free(NULL);
}

static void test_arena(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    size_t total = 0;
    unsigned char *small[200];
    for (size_t i = 0; i < ARRAY_LEN(small); i++) {
        size_t size = i * 37 % 900;
        small[i] = arena_alloc(arena, size);
        assert_int_equal((uintptr_t)small[i] % _Alignof(max_align_t), 0);
        for (size_t j = 0; j < size; j++) {
            assert_int_equal(small[i][j], 0);
        }
        memset(small[i], (int)i, size);
        unsigned char *big = arena_alloc(arena, i == 100 ? 300000 : 1);
        total += size + (i == 100 ? 300000 : 1);
        big[0] = 1;
    }
    for (size_t i = 1; i < ARRAY_LEN(small); i++) {
        if (i * 37 % 900 > 0) {
            assert_int_equal(small[i][i * 37 % 900 - 1], i);
        }
    }
    assert_int_equal(arena_size(arena), total);
    assert_string_equal(arena_strndup(arena, "abcdef", 2), "ab");
    arena_destroy(arena);
    arena_destroy(NULL);
}

/* Valgrind checks for leaks at every exit, but not when a process is killed. */
static void leave(void)
{
    kill(getpid(), SIGKILL);
}

static void grow_too_far(void)
{
    mem_grow(NULL, SIZE_MAX / 2, 8);
}

static void alloc_too_much(void)
{
    mem_alloc(SIZE_MAX);
}

static void arena_too_much(void)
{
    static struct arena *volatile arena; /* still reachable at the end */
    arena = arena_create();
    arena_alloc(arena, SIZE_MAX - 3);
}

static void buf_too_much(void)
{
    static struct buf buf; /* still reachable at the end */
    static const char data[1];
    buf_init(&buf, SIZE_MAX);
    buf_puts(&buf, "kept");
    buf_append(&buf, data, (size_t)1 << 62);
}

static void library_has_none(void)
{
    mem_need(NULL);
}

static void third_fails(void)
{
    mem_fail_at(3, leave);
    mem_free(mem_alloc(1));
    mem_free(mem_strdup("x"));
    mem_grow(NULL, 1, 1);
}

static int status_of(void (*work)(void))
{
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        work();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_out_of_memory_ends(void **state)
{
    (void)state;
    assert_int_equal(status_of(grow_too_far), 1);
    assert_int_equal(status_of(alloc_too_much), 1);
    assert_int_equal(status_of(arena_too_much), 1);
    assert_int_equal(status_of(buf_too_much), 1);
    assert_int_equal(status_of(library_has_none), 1);
    assert_int_equal(status_of(third_fails), -SIGKILL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_first_writer_wins),
        cmocka_unit_test(test_error_errno),
        cmocka_unit_test(test_error_text_is_printable),
        cmocka_unit_test(test_error_cuts_between_characters),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_mem),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_out_of_memory_ends),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
