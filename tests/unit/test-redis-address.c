/* host/redis_address: what a Redis is called, and what is no such name. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/redis_address.h"

static void test_good(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host, *user;
        unsigned port, db;
        bool tls, local;
    } rows[] = {
        {"redis://a", "a", "", 6379, 0, false, false},
        {"redis://a/", "a", "", 6379, 0, false, false},
        {"redis://redis-1.example.org:7000/3", "redis-1.example.org", "", 7000, 3, false, false},
        {"rediss://whether@a:65535/9999", "a", "whether", 65535, 9999, true, false},
        {"rediss://a@b@c:1", "c", "a@b", 1, 0, true, false},
        {"redis://[::1]", "[::1]", "", 6379, 0, false, false},
        {"redis://u@[fe80::1%eth0]:7/1", "[fe80::1%eth0]", "u", 7, 1, false, false},
        {"redis://b\xc3\xbc"
         "cher.example",
         "b\xc3\xbc"
         "cher.example",
         "", 6379, 0, false, false},
        {"unix:///run/redis/redis.sock", "/run/redis/redis.sock", "", 6379, 0, false, true},
        {"unix:///run/a:b/r?db=12", "/run/a:b/r", "", 6379, 12, false, true},
        {"unix://whether@/run/r", "/run/r", "whether", 6379, 0, false, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct redis_address made;
        struct error err = {0};
        if (!redis_address_parse(rows[i].url, "[store] store", &made, &err)) {
            fail_msg("%s: %s", rows[i].url, err.text);
        }
        assert_string_equal(made.host, rows[i].host);
        assert_string_equal(made.user, rows[i].user);
        assert_int_equal(made.port, rows[i].port);
        assert_int_equal(made.db, rows[i].db);
        assert_int_equal(made.tls, rows[i].tls);
        assert_int_equal(made.local, rows[i].local);
    }
}

static void refuse(const char *url, const char *because)
{
    struct redis_address made, before;
    struct error err = {0};
    memset(&made, 0x5a, sizeof(made));
    before = made;
    if (redis_address_parse(url, "[store] store", &made, &err)) {
        fail_msg("%s is taken: host %s", url, made.host);
    }
    assert_memory_equal(&made, &before, sizeof(made));
    assert_ptr_equal(strstr(err.text, "[store] store"), err.text);
    if (strstr(err.text, because) == NULL) {
        fail_msg("%s: %s", url, err.text);
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "",
        "redis",
        "redis:/a",
        "redis://",
        "redis:///1",
        "redis://:7000",
        "http://a",
        "REDIS://a",
        " redis://a",
        "redis://@a",
        "redis://a:",
        "redis://a:0",
        "redis://a:65536",
        "redis://a:99999999999999999999",
        "redis://a:70x",
        "redis://a:-1",
        "redis://a/x",
        "redis://a/10000",
        "redis://a/1/2",
        "redis://a b",
        "redis://a\n",
        "redis://a\x7f",
        "redis://a?b", /* another machine, for whoever reads it as a URL */
        "redis://a#b",
        "redis://a\\b",
        "redis://a%2eb",
        "redis://a:1:2",
        "redis://[::1",
        "redis://::1",
        "redis://[]",
        "redis://[::1]x",
        "redis://[::1]:",
        "redis://[a/b]",
        "redis://[a#",
        "redis://u u@a",
        "unix://",
        "unix:///",
        "unix://run/r",
        "unix:///run/r?",
        "unix:///run/r?db=",
        "unix:///run/r?db=x",
        "unix:///run/r?other=1",
        "unix:///run/a b",
    };
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        refuse(urls[i], "HOST");
    }
}

static void test_passwords(void **state)
{
    (void)state;
    refuse("redis://whether:sesame@a", "password_file");
    refuse("redis://:sesame@a", "password_file");
    refuse("unix://whether:sesame@/run/r", "password_file");
    struct redis_address made;
    struct error err = {0};
    assert_false(redis_address_parse("redis://u:sesame@a", "[store] store", &made, &err));
    assert_null(strstr(err.text, "sesame"));
}

/* The longest are whole; one byte more is refused, never cut. */
static void test_lengths(void **state)
{
    (void)state;
    for (int over = 0; over < 2; over++) {
        char host[REDIS_HOST_MAX + 40] = "redis://", user[REDIS_USER_MAX + 40] = "redis://";
        struct redis_address made;
        struct error err = {0};
        memset(host + strlen(host), 'h', (size_t)(REDIS_HOST_MAX + over));
        memset(user + strlen(user), 'u', (size_t)(REDIS_USER_MAX + over));
        memcpy(user + strlen(user), "@a", 3);
        assert_int_equal(redis_address_parse(host, "x", &made, &err), over == 0);
        assert_int_equal(over == 0 ? strlen(made.host) : REDIS_HOST_MAX, REDIS_HOST_MAX);
        assert_int_equal(redis_address_parse(user, "x", &made, &err), over == 0);
        assert_int_equal(over == 0 ? strlen(made.user) : REDIS_USER_MAX, REDIS_USER_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_bad),
                                       cmocka_unit_test(test_passwords),
                                       cmocka_unit_test(test_lengths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
