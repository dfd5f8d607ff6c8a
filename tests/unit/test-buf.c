/* bot/base/buf: appending, reading and writing files. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"

static void test_buf_appends(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    assert_true(buf_puts(&buf, "one"));
    assert_true(buf_putc(&buf, ' '));
    assert_true(buf_printf(&buf, "%d+%s", 2, "three"));
    assert_true(buf_append(&buf, "\0x", 2));
    assert_true(buf_append(&buf, NULL, 0));
    assert_int_equal(buf.len, 13);
    assert_memory_equal(buf.data, "one 2+three\0x", 14);
    buf_clear(&buf);
    assert_string_equal(buf.data, "");
    buf_finish(&buf);
    buf_finish(&buf);
}

static void test_buf_cut(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    buf_cut(&buf, 0);
    buf_puts(&buf, "a list]");
    buf_cut(&buf, 6);
    assert_string_equal(buf.data, "a list");
    buf_cut(&buf, 7);
    assert_int_equal(buf.len, 6);
    buf_finish(&buf);
}

static void test_buf_fill(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 8);
    assert_true(buf_fill(&buf, "12345", 5));
    assert_true(buf_fill(&buf, "678", 3));
    assert_false(buf.failed);
    assert_true(buf_fill(&buf, "", 0));
    assert_false(buf_fill(&buf, "9", 1));
    assert_true(buf.failed);
    buf_clear(&buf);
    assert_false(buf_fill(&buf, "abcdefghij", 10));
    assert_string_equal(buf.data, "abcdefgh");
    assert_false(buf_fill(&buf, "x", 1));
    buf_finish(&buf);
}

/* Each byte at each place of a text, on both sides of the border between eight and one at once. */
static void test_buf_plain(void **state)
{
    (void)state;
    char text[19];
    assert_int_equal(buf_json_plain("", 0), 0);
    for (int byte = 0; byte < 256; byte++) {
        bool plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
        for (size_t at = 0; at < sizeof(text); at++) {
            memset(text, '~', sizeof(text));
            text[at] = (char)byte;
            assert_int_equal(buf_json_plain(text, sizeof(text)), plain ? sizeof(text) : at);
            assert_int_equal(buf_json_plain(text, at), at);
            bool control = byte < 0x20 || byte == 0x7f;
            bool stop = control || byte == '&' || byte == '<' || byte == '>';
            assert_int_equal(buf_plain(text, sizeof(text), "&<>"), stop ? at : sizeof(text));
        }
    }
}

static void test_buf_maximum(void **state)
{
    (void)state;
    for (size_t max = 0; max < 300; max++) {
        struct buf buf;
        size_t wanted = 0;
        buf_init(&buf, max);
        while (buf_printf(&buf, "%s", "seven67")) {
            wanted += 7;
        }
        assert_true(buf.failed);
        assert_int_equal(buf.len, wanted);
        assert_true(buf.len <= max && max - buf.len < 7);
        assert_true(buf.data == NULL || buf.data[buf.len] == '\0');
        assert_false(buf_append(&buf, "", 0));
        assert_null(buf_take(&buf, NULL));
        assert_true(buf_append(&buf, "", 0));
        buf_finish(&buf);
    }
}

static void test_buf_exactly_full(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 5);
    assert_true(buf_puts(&buf, "12345"));
    assert_false(buf_putc(&buf, '6'));
    assert_string_equal(buf.data, "12345");
    buf_clear(&buf);
    assert_true(buf_puts(&buf, "abc"));
    buf_finish(&buf);
}

static void test_buf_take(void **state)
{
    (void)state;
    struct buf buf;
    size_t len = 99;
    buf_init(&buf, 10);
    char *nothing = buf_take(&buf, &len);
    assert_string_equal(nothing, "");
    assert_int_equal(len, 0);
    free(nothing);
    buf_puts(&buf, "text");
    char *text = buf_take(&buf, &len);
    assert_string_equal(text, "text");
    assert_int_equal(len, 4);
    assert_null(buf.data);
    assert_int_equal(buf.max, 10);
    free(text);
}

static char *make_file(const char *contents, size_t len)
{
    static char path[64];
    memcpy(path, "/tmp/test-buf-XXXXXX", sizeof("/tmp/test-buf-XXXXXX"));
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, contents, len), (ssize_t)len);
    close(fd);
    return path;
}

static void test_read_file(void **state)
{
    (void)state;
    struct buf buf;
    struct error err = {0};
    char *path = make_file("a\0b\n", 4);
    buf_init(&buf, 8);
    assert_true(buf_read_file(&buf, path, &err));
    assert_true(buf_read_file(&buf, path, &err)); /* exactly full */
    assert_memory_equal(buf.data, "a\0b\na\0b\n", 9);
    assert_false(buf_read_file(&buf, path, &err));
    assert_non_null(strstr(err.text, "is too large: it has 4 bytes, at most 0 are read"));
    assert_int_equal(buf.len, 8);
    assert_false(buf.failed);
    unlink(path);
    buf_finish(&buf);
}

static void test_read_empty_file(void **state)
{
    (void)state;
    struct buf buf;
    char *path = make_file("", 0);
    buf_init(&buf, 8);
    assert_true(buf_read_file(&buf, path, NULL));
    assert_string_equal(buf.data, "");
    unlink(path);
    buf_finish(&buf);
}

static void test_read_refuses(void **state)
{
    (void)state;
    char fifo[64], directory[] = "/tmp/test-buf-XXXXXX";
    assert_non_null(mkdtemp(directory));
    snprintf(fifo, sizeof(fifo), "%s/fifo", directory);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const struct {
        const char *path, *cause;
    } rows[] = {
        {"/nowhere/at/all", "cannot be opened: No such file or directory"},
        {"", "cannot be opened: No such file or directory"},
        {"/tmp", "is a directory, not a file"},
        {"/dev/zero", "is a device, pipe or socket, not a file"},
        {fifo, "is a device, pipe or socket, not a file"},
        {"/proc/self/mem", "cannot be read: Input/output error"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf buf;
        struct error err = {0}, named = {0};
        char wanted[200];
        buf_init(&buf, 100);
        buf_puts(&buf, "kept");
        assert_false(buf_read_unnamed(&buf, rows[i].path, &err));
        assert_string_equal(err.text, rows[i].cause);
        assert_false(buf_read_file(&buf, rows[i].path, &named));
        snprintf(wanted, sizeof(wanted), "%s %s", rows[i].path, rows[i].cause);
        assert_string_equal(named.text, wanted);
        assert_string_equal(buf.data, "kept");
        assert_false(buf.failed);
        buf_finish(&buf);
    }
    unlink(fifo);
    rmdir(directory);
}

/* sysfs promises a page and gives less: to a reader that is a file that shrank. */
static void test_read_shrinking_file(void **state)
{
    (void)state;
    const char *path = "/sys/kernel/mm/transparent_hugepage/enabled";
    struct stat info;
    struct buf buf;
    struct error err = {0};
    if (stat(path, &info) != 0 || info.st_size == 0 || access(path, R_OK) != 0) {
        skip();
    }
    buf_init(&buf, 100000);
    assert_false(buf_read_unnamed(&buf, path, &err));
    assert_string_equal(err.text, "changed while it was being read; try again");
    assert_int_equal(buf.len, 0);
    buf_finish(&buf);
}

/* No size, contents all the same; and an endless one must end at the maximum. */
static void test_read_sizeless_file(void **state)
{
    (void)state;
    struct buf buf;
    struct error err = {0};
    buf_init(&buf, 100000);
    assert_true(buf_read_file(&buf, "/proc/self/status", &err));
    assert_true(buf.len > 100);
    buf_finish(&buf);
    buf_init(&buf, 100);
    assert_false(buf_read_unnamed(&buf, "/proc/self/status", &err));
    assert_string_equal(err.text, "is too large: at most 100 bytes are read");
    buf_finish(&buf);
}

static void test_read_long_path_keeps_cause(void **state)
{
    (void)state;
    struct buf buf;
    struct error err = {0};
    char path[3000];
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    buf_init(&buf, 100);
    assert_false(buf_read_file(&buf, path, &err));
    assert_non_null(strstr(err.text, "xx cannot be opened: File name too long"));
    buf_finish(&buf);
}

static void write_bytes(const char *bytes, const char *path, bool fine)
{
    struct error err = {0};
    struct buf buf;
    buf_init(&buf, 100);
    buf_puts(&buf, bytes);
    assert_int_equal(buf_write_file(&buf, path, &err), fine);
    assert_int_equal(err.code, fine ? ERROR_NONE : ERROR_ENVIRONMENT);
    buf_finish(&buf);
}

/* How many names there are in a folder, "." and ".." among them. */
static int count_names(const char *path)
{
    DIR *opened = opendir(path);
    int count = 0;
    assert_non_null(opened);
    while (readdir(opened)) {
        count++;
    }
    closedir(opened);
    return count;
}

/* The old file stays until the new one is whole, and nothing lies about afterwards. */
static void test_write_file(void **state)
{
    (void)state;
    char place[] = "/tmp/whether-base-XXXXXX", path[64], within[80];
    struct error err = {0};
    struct buf buf;
    assert_non_null(mkdtemp(place));
    snprintf(path, sizeof(path), "%s/file", place);
    snprintf(within, sizeof(within), "%s/file", path);
    write_bytes("", path, true);
    write_bytes("longer than what comes", path, true);
    write_bytes("new", path, true);
    write_bytes("x", within, false);
    write_bytes("x", place, false);
    buf_init(&buf, 10);
    assert_true(buf_read_file(&buf, path, &err));
    assert_string_equal(buf.data, "new");
    assert_false(buf_puts(&buf, "more than there is room for"));
    assert_false(buf_write_file(&buf, path, &err));
    assert_non_null(strstr(err.text, "file is not written"));
    buf_finish(&buf);
    assert_int_equal(count_names(place), 3);
    unlink(path);
    assert_int_equal(rmdir(place), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf_appends),
        cmocka_unit_test(test_buf_cut),
        cmocka_unit_test(test_buf_fill),
        cmocka_unit_test(test_buf_plain),
        cmocka_unit_test(test_buf_maximum),
        cmocka_unit_test(test_buf_exactly_full),
        cmocka_unit_test(test_buf_take),
        cmocka_unit_test(test_read_file),
        cmocka_unit_test(test_read_empty_file),
        cmocka_unit_test(test_read_refuses),
        cmocka_unit_test(test_read_shrinking_file),
        cmocka_unit_test(test_read_sizeless_file),
        cmocka_unit_test(test_read_long_path_keeps_cause),
        cmocka_unit_test(test_write_file),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
