/* Files mapped, and what a process gives back to the system and has again when it looks. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/file.h"
#include "bot/base/mem.h"

enum { PAGES = 20, LIMIT = 1024 * 1024 };

static char path[] = "/tmp/test-file-XXXXXX";

static char byte_at(size_t i)
{
    return (char)(i * 7 + i / 251);
}

static void write_file(size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = 0; i < size; i++) {
        fputc(byte_at(i), file);
    }
    assert_int_equal(fclose(file), 0);
}

static void check_bytes(const struct file_map *map, size_t size)
{
    assert_int_equal(map->size, size);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(map->bytes[i], byte_at(i));
    }
}

/* What left comes back the same, wherever the cut is, and also when another file has the name. */
static void test_map(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), sizes[] = {1, page - 1, page, PAGES * page + 5};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct file_map map = {0};
        struct error err = {0};
        write_file(sizes[i]);
        assert_true(file_map(path, LIMIT, &map, &err));
        check_bytes(&map, sizes[i]);
        file_map_release(&map, sizes[i] / 2);
        check_bytes(&map, sizes[i]);
        file_map_release(&map, sizes[i]);
        assert_int_equal(unlink(path), 0);
        check_bytes(&map, sizes[i]);
        file_unmap(&map);
        file_unmap(&map);
        assert_null(map.bytes);
    }
}

static void test_empty(void **state)
{
    (void)state;
    struct file_map map = {.size = 9};
    struct error err = {0};
    write_file(0);
    assert_true(file_map(path, LIMIT, &map, &err));
    assert_int_equal(map.size, 0);
    file_map_release(&map, 0);
    file_unmap(&map);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path, *cause;
    } rows[] = {
        {"/nowhere/at/all", "cannot be opened: No such file or directory"},
        {"/tmp", "is a directory, not a file"},
        {"/dev/zero", "is a device, pipe or socket, not a file"},
        {path, "is too large: it has 101 bytes, at most 100 are read"},
    };
    write_file(101);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct file_map map = {.size = 9};
        struct error err = {0};
        assert_false(file_map(rows[i].path, 100, &map, &err));
        assert_string_equal(err.text, rows[i].cause);
        assert_int_equal(map.size, 9);
    }
}

/* Resident memory that files back, in KiB; 0 where the system does not tell. */
static unsigned long file_pages(void)
{
    unsigned long kib = 0;
    char line[200];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof(line), status)) {
        if (strncmp(line, "RssFile:", 8) == 0) {
            kib = strtoul(line + 8, NULL, 10);
        }
    }
    if (status) {
        fclose(status);
    }
    return kib;
}

static void test_return_code(void **state)
{
    (void)state;
    char text[40];
    unsigned long before = file_pages();
    mem_return_code();
    assert_true(before == 0 || file_pages() < before);
    snprintf(text, sizeof(text), "%.3f %s", 2.5, "still works");
    assert_string_equal(text, "2.500 still works");
}

static int take_name(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int drop_name(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_return_code),
    };
    return cmocka_run_group_tests_name("file", tests, take_name, drop_name);
}
