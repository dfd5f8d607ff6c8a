/* Versions of libraries at the start: too old, faulty, older than those built with, or fine. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "bot/base/mem.h"
#include "bot/host/libraries.h"

static void test_judge(void **state)
{
    static const struct {
        struct library library;
        enum library_verdict verdict;
        const char *said;
    } rows[] = {
        {{"libcurl", "7.88.1", "7.88.1"}, LIBRARY_FINE, ""},
        {{"libcurl", "7.88.1", "8.9.0"}, LIBRARY_FINE, ""},
        {{"libcurl", "7.88.1", "7.88.0"}, LIBRARY_DOUBTFUL, "older than 7.88.1"},
        {{"libcurl", "7.88.1", "7.9.8"}, LIBRARY_TOO_OLD, "needs 7.87.0"},
        {{"libcurl", "7.88.1", "7.86.0-DEV"}, LIBRARY_TOO_OLD, "7.86.0-DEV is too old"},
        {{"libcurl", "7.88.1", "7.87.0"}, LIBRARY_DOUBTFUL, "older than"},
        {{"libcurl", "8.11.0", "8.11.1"}, LIBRARY_DOUBTFUL, "CVE-2025-0665"},
        {{"libcurl", "8.11.0", "8.12.0"}, LIBRARY_FINE, ""},
        {{"OpenSSL", NULL, "3.0.6"}, LIBRARY_DOUBTFUL, "CVE-2022-3602"},
        {{"OpenSSL", NULL, "3.0.7"}, LIBRARY_FINE, ""},
        {{"OpenSSL", NULL, "1.1.1n"}, LIBRARY_FINE, ""},
        {{"OpenSSL", NULL, "1.0.2u"}, LIBRARY_TOO_OLD, "needs 1.1.1"},
        {{"SQLite", "3.40.1", "3.34.1"}, LIBRARY_TOO_OLD, "needs 3.35.0"},
        {{"SQLite", "3.40.1", "3.100.0"}, LIBRARY_FINE, ""},
        {{"jansson", "2.14", "2.14"}, LIBRARY_FINE, ""},
        {{"jansson", "2.14", "2.13.1"}, LIBRARY_DOUBTFUL, "older than 2.14"},
        {{"jansson", "2.14", "2.12"}, LIBRARY_TOO_OLD, "needs 2.13.0"},
        {{"jansson", "3", "3.0.0"}, LIBRARY_FINE, ""},
        {{"libmicrohttpd", "0.9.75", "0.9.74"}, LIBRARY_TOO_OLD, "needs 0.9.75"},
        {{"libmicrohttpd", "0.9.75", "1.0.1"}, LIBRARY_FINE, ""},
        {{"libmicrohttpd", "0.9.75", "unknown"}, LIBRARY_FINE, ""},
        {{"libmicrohttpd", "0.9.75", "12345678.0"}, LIBRARY_FINE, ""},
        {{"another", "2.0", "1.0"}, LIBRARY_DOUBTFUL, "older than 2.0"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[LIBRARY_TEXT_MAX];
        enum library_verdict got = library_judge(&rows[i].library, text);
        if (got != rows[i].verdict || strstr(text, rows[i].said) == NULL ||
            (text[0] == '\0') != (got == LIBRARY_FINE)) {
            fail_msg("%s %s: %d \"%s\"", rows[i].library.name, rows[i].library.loaded, (int)got,
                     text);
        }
    }
}

/* Those of this machine, which meson.build has let pass. */
static void test_found(void **state)
{
    struct library libraries[LIBRARIES_MAX];
    size_t count = libraries_of_host(libraries);
    (void)state;
    assert_in_range(count, 3, LIBRARIES_MAX);
    for (size_t i = 0; i < count; i++) {
        char text[LIBRARY_TEXT_MAX];
        assert_true(libraries[i].loaded[0] >= '0' && libraries[i].loaded[0] <= '9');
        assert_int_not_equal(library_judge(&libraries[i], text), LIBRARY_TOO_OLD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge),
        cmocka_unit_test(test_found),
    };
    return cmocka_run_group_tests_name("libraries", tests, NULL, NULL);
}
