#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bot/base/error.h"
#include "bot/host/secret.h"

static char path[] = "/tmp/whether-secret-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_file(const char *bytes, size_t len, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static bool load(const char *bytes, size_t len, mode_t mode, struct secret *ret, struct error *err)
{
    const struct secret_source source = {.file = path};
    write_file(bytes, len, mode);
    return secret_load(&source, "[slack] signing_secret", ret, err);
}

static void test_good_files(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        const char *first, *last;
    } rows[] = {
        {"hunter2", 1, "hunter2", "hunter2"},
        {"hunter2\n", 1, "hunter2", "hunter2"},
        {"hunter2\r\n", 1, "hunter2", "hunter2"},
        {"\xef\xbb\xbfhunter2\r\n", 1, "hunter2", "hunter2"}, /* a BOM, from Windows */
        {"\xef\xbb\xbf\nnew\nold", 2, "new", "old"},
        {"\n  hunter2 \n\n", 1, "hunter2", "hunter2"},
        {"two words\n", 1, "two words", "two words"},
        {"new\nold\n", 2, "new", "old"},
        {"a\nb\nc\nd\n", 4, "a", "d"},
        {"#no comment\n", 1, "#no comment", "#no comment"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct secret secret = {0};
        struct error err = {0};
        assert_true(load(rows[i].text, strlen(rows[i].text), 0600, &secret, &err));
        assert_int_equal(secret.count, rows[i].count);
        assert_string_equal(secret.items[0], rows[i].first);
        assert_string_equal(secret.items[secret.count - 1], rows[i].last);
        secret_finish(&secret);
        assert_int_equal(secret.count, 0);
    }
}

static void test_bad_files(void **state)
{
    (void)state;
    static char long_line[SECRET_LEN_MAX + 2];
    memset(long_line, 'x', sizeof(long_line) - 1);
    const struct {
        const char *text;
        size_t len;
        mode_t mode;
        const char *fault;
    } rows[] = {
        {"", 0, 0600, "is empty"},
        {" \n\n", 3, 0600, "is empty"},
        {"hunter2\0x", 9, 0600, "holds a control character"},
        {"hun\tter2", 8, 0600, "holds a control character"},
        {"hunter2\x1b[m", 10, 0600, "holds a control character"},
        {"hunter2\x7f", 8, 0600, "holds a control character"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n9\na\nb\nc\nd\ne\nf\ng\nhunter2\n", 40, 0600,
         "more than 16 lines"},
        {long_line, SECRET_LEN_MAX + 1, 0600, "longer than 4096 bytes"},
        {"hunter2", 7, 0644, "everyone may read"},
        {"hunter2", 7, 0620, "others may write"},
        {"hunter2", 7, 0602, "others may write"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct secret secret = {0};
        struct error err = {0};
        assert_false(load(rows[i].text, rows[i].len, rows[i].mode, &secret, &err));
        if (strstr(err.text, rows[i].fault) == NULL || strstr(err.text, "hunter2") != NULL) {
            fail_msg("row %zu: %s", i, err.text);
        }
        assert_non_null(strstr(err.text, "[slack] signing_secret"));
        assert_int_equal(secret.count, 0);
    }
}

static void test_groups_may_read(void **state)
{
    (void)state;
    struct secret secret = {0};
    struct error err = {0};
    assert_true(load("s", 1, 0640, &secret, &err));
    secret_finish(&secret);
    assert_true(load("s", 1, 0400, &secret, &err));
    secret_finish(&secret);
}

static void test_environment(void **state)
{
    (void)state;
    char name[] = "WHETHER_TEST_SECRET";
    const struct secret_source source = {.env = name};
    struct secret secret = {0};
    struct error err = {0};
    unsetenv(source.env);
    assert_false(secret_load(&source, "x", &secret, &err));
    assert_string_equal(err.text, "x: there is no $WHETHER_TEST_SECRET");
    setenv(source.env, "hunter2", 1);
    assert_true(secret_load(&source, "x", &secret, NULL));
    assert_string_equal(secret.items[0], "hunter2");
    secret_finish(&secret);
    setenv(source.env, "", 1);
    err = (struct error){0};
    assert_false(secret_load(&source, "x", &secret, &err));
    assert_string_equal(err.text, "x is empty");
}

static void test_key(void **state)
{
    (void)state;
    char name[] = "WHETHER_TEST_SECRET";
    const struct secret_source source = {.env = name}, nothing = {0};
    struct secret secret = {0};
    struct error err = {0};
    assert_true(secret_load_key(&nothing, "slack", "bot_token", &secret, &err));
    assert_int_equal(secret.count, 0);
    unsetenv(source.env);
    assert_false(secret_load_key(&source, "slack", "bot_token", &secret, &err));
    assert_string_equal(err.text, "[slack] bot_token: there is no $WHETHER_TEST_SECRET");
    setenv(source.env, "hunter2", 1);
    assert_true(secret_load_key(&source, "slack", "bot_token", &secret, NULL));
    assert_string_equal(secret.items[0], "hunter2");
    secret_finish(&secret);
    secret_drop(NULL);
}

static void test_none(void **state)
{
    (void)state;
    char place[] = "/tmp";
    const struct secret_source source = {0}, folder = {.file = place};
    struct secret secret = {0};
    struct error err = {0};
    assert_false(secret_configured(&source));
    assert_false(secret_load(&source, "x", &secret, &err));
    err = (struct error){0};
    assert_false(secret_load(&folder, "x", &secret, &err));
    assert_string_equal(err.text, "x: /tmp is a directory, not a file");
}

static void test_equals(void **state)
{
    (void)state;
    struct secret secret = {0}, none = {0};
    assert_true(load("hunter2\nsesame\n", 15, 0600, &secret, NULL));
    assert_true(secret_equals(&secret, "hunter2", 7));
    assert_true(secret_equals(&secret, "sesame", 6));
    assert_false(secret_equals(&secret, "hunter3", 7));
    assert_false(secret_equals(&secret, "hunter", 6));
    assert_false(secret_equals(&secret, "hunter2\0", 8));
    assert_false(secret_equals(&secret, "hunter2\0hunter2", 15));
    assert_false(secret_equals(&secret, "", 0));
    assert_false(secret_equals(&none, "", 0));
    secret_finish(&secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_files),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_groups_may_read),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_equals),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
