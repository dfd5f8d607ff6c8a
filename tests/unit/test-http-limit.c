/* How much each address may ask: what is counted, of whom, and for how long. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "adapters/http_limit.h"
#include "adapters/http_listen.h"
#include "bot/base/mem.h"

static void network_of(const char *text, unsigned char ret[16])
{
    struct http_peer peer;
    assert_true(http_peer_parse(text, &peer));
    memcpy(ret, peer.network, 16);
}

static void test_a_minutes_worth(void **state)
{
    unsigned char one[16], two[16];
    (void)state;
    network_of("203.0.113.7", one);
    network_of("203.0.113.8", two);
    struct http_limit *limit = http_limit_create(6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(http_limit_wait_ms(limit, one, 1000), 0);
        http_limit_charge(limit, one, HTTP_LIMIT_REFUSED, 1000);
    }
    assert_int_equal(http_limit_wait_ms(limit, one, 1000), 10000);
    assert_int_equal(http_limit_wait_ms(limit, two, 1000), 0);
    assert_int_equal(http_limit_wait_ms(limit, one, 10999), 1);
    assert_int_equal(http_limit_wait_ms(limit, one, 11000), 0);
    http_limit_charge(limit, one, HTTP_LIMIT_REFUSED, 11000);
    assert_int_equal(http_limit_wait_ms(limit, one, 11000), 10000);
    /* After a minute of quiet all of it is there again, and no more. */
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(http_limit_wait_ms(limit, one, 500000), 0);
        http_limit_charge(limit, one, HTTP_LIMIT_REFUSED, 500000);
    }
    assert_true(http_limit_wait_ms(limit, one, 500000) > 0);
    http_limit_destroy(limit);
}

static void test_open_ones_cost_a_tenth(void **state)
{
    unsigned char one[16];
    size_t count = 0;
    (void)state;
    network_of("203.0.113.7", one);
    struct http_limit *limit = http_limit_create(6);
    while (http_limit_wait_ms(limit, one, 0) == 0 && count < 1000) {
        http_limit_charge(limit, one, HTTP_LIMIT_OPEN, 0);
        count++;
    }
    /* The last refused one must still fit. */
    assert_in_range(count, 51, 60);
    http_limit_destroy(limit);
}

static void test_none(void **state)
{
    unsigned char one[16];
    (void)state;
    network_of("203.0.113.7", one);
    struct http_limit *limit = http_limit_create(0);
    for (size_t i = 0; i < 1000; i++) {
        http_limit_charge(limit, one, HTTP_LIMIT_REFUSED, 0);
    }
    assert_int_equal(http_limit_wait_ms(limit, one, 0), 0);
    http_limit_destroy(limit);
}

/* A flood of other addresses does not wash out who has the most to wait. */
static void test_more_than_it_holds(void **state)
{
    unsigned char worst[16], other[16];
    char text[40];
    (void)state;
    network_of("203.0.113.7", worst);
    struct http_limit *limit = http_limit_create(6);
    for (size_t i = 0; i < 6; i++) {
        http_limit_charge(limit, worst, HTTP_LIMIT_REFUSED, 0);
    }
    for (unsigned i = 0; i < 20 * HTTP_LIMIT_ADDRESSES; i++) {
        snprintf(text, sizeof(text), "2001:db8:%x:%x::1", i >> 8, i & 0xff);
        network_of(text, other);
        http_limit_charge(limit, other, HTTP_LIMIT_REFUSED, 0);
    }
    assert_true(http_limit_wait_ms(limit, worst, 0) > 0);
    http_limit_destroy(limit);
}

static void test_who_asks(void **state)
{
    static const struct {
        const char *proxies, *peer, *forwarded;
        const char *client; /* NULL: nobody who is limited */
    } rows[] = {
        {"", "203.0.113.7", NULL, "203.0.113.7"},
        {"", "2001:db8:1:2::1", NULL, "2001:db8:1:2:ffff::9"}, /* a /64 is one client's */
        {"", "203.0.113.7", "198.51.100.1", "203.0.113.7"},    /* not believed */
        {"", "127.0.0.1", NULL, NULL},
        {"", "127.0.0.1", "198.51.100.1", NULL},
        {"", "::1", NULL, NULL},
        {"", "10.1.2.3", NULL, NULL},
        {"", "172.16.0.1", NULL, NULL},
        {"", "172.32.0.1", NULL, "172.32.0.1"},
        {"", "192.168.7.7", NULL, NULL},
        {"", "100.64.0.1", NULL, NULL},
        {"", "169.254.1.1", NULL, NULL},
        {"", "fd00::1", NULL, NULL},
        {"", "fe80::1", NULL, NULL},
        {"", "::ffff:203.0.113.7", NULL, "203.0.113.7"},
        {"127.0.0.1", "127.0.0.1", "198.51.100.1", "198.51.100.1"},
        {"127.0.0.1", "127.0.0.1", "198.51.100.1, 198.51.100.2", "198.51.100.2"},
        {"127.0.0.1, 10.0.0.1", "127.0.0.1", "198.51.100.1 ,10.0.0.1", "198.51.100.1"},
        {"127.0.0.1", "127.0.0.1", NULL, NULL},
        {"127.0.0.1", "127.0.0.1", "127.0.0.1", NULL},
        {"127.0.0.1", "127.0.0.1", "", NULL},
        {"127.0.0.1", "127.0.0.1", "198.51.100.1,", NULL},
        {"127.0.0.1", "127.0.0.1", "unknown", NULL},
        {"2001:db8::5", "2001:db8::5", "192.168.1.1", "192.168.1.1"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_proxies proxies;
        struct http_peer peer;
        unsigned char got[16] = {0}, wanted[16] = {0};
        assert_true(http_proxies_parse(rows[i].proxies, &proxies));
        assert_true(http_peer_parse(rows[i].peer, &peer));
        bool limited = http_limit_client(&proxies, &peer, rows[i].forwarded, got);
        if (rows[i].client != NULL) {
            network_of(rows[i].client, wanted);
        }
        if (limited != (rows[i].client != NULL) || memcmp(got, wanted, sizeof(got)) != 0) {
            fail_msg("row %zu: %s", i, rows[i].peer);
        }
    }
}

static void test_no_lists(void **state)
{
    static const char *const texts[] = {
        "x", "10.0.0.0/8", "127.0.0.1:80", ",", "127.0.0.1,,::1", "1,1,1", "localhost"};
    struct http_proxies proxies;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        assert_false(http_proxies_parse(texts[i], &proxies));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_minutes_worth),
        cmocka_unit_test(test_open_ones_cost_a_tenth),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_more_than_it_holds),
        cmocka_unit_test(test_who_asks),
        cmocka_unit_test(test_no_lists),
    };
    return cmocka_run_group_tests_name("http-limit", tests, NULL, NULL);
}
