#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/signature.h"
#include "bot/base/mem.h"
#include "bot/host/secret.h"

/* PROTOCOLS.md S3 */
#define SECRET "8f742231b10e8888abcd99yyyzzz85a5"
#define TIME "1531420618"
#define BODY                                                                                   \
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id="     \
    "G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-" \
    "collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%"         \
    "2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."           \
    "803a0bc887a14d10d2c447fce8b6703c"
#define SIGNATURE "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
enum { NOW = 1531420618 };

static char right[] = SECRET, other[] = "0123456789abcdef0123456789abcdef";

static struct signature_input vector(void)
{
    return (struct signature_input){SIGNATURE, TIME, 1, 1, BODY, strlen(BODY), NOW, NULL, 0};
}

static enum signature_result check(const struct signature_input *input)
{
    const struct secret secret = {.items = {right}, .count = 1};
    return signature_check(&signature_slack, &secret, input);
}

static void test_vector(void **state)
{
    (void)state;
    struct signature_input input = vector();
    assert_int_equal(check(&input), SIGNATURE_GOOD);
    input.given = "v0=A2114D57B48EAC39B9AD189DD8316235A7B4A8D21A10BD27519666489C69B503";
    assert_int_equal(check(&input), SIGNATURE_GOOD);
}

/* Not one bit of body, time or signature may differ. */
static void test_flipped(void **state)
{
    (void)state;
    char body[] = BODY, given[] = SIGNATURE;
    for (size_t i = 0; i < 8 * strlen(BODY); i++) {
        struct signature_input input = vector();
        body[i / 8] = (char)(body[i / 8] ^ 1 << i % 8);
        input.body = body;
        assert_int_equal(check(&input), SIGNATURE_WRONG);
        body[i / 8] = BODY[i / 8];
    }
    for (size_t i = 3; i < strlen(SIGNATURE); i++) {
        struct signature_input input = vector();
        given[i] = given[i] == '0' ? '1' : '0';
        input.given = given;
        assert_int_equal(check(&input), SIGNATURE_WRONG);
        given[i] = SIGNATURE[i];
    }
    struct signature_input later = vector();
    later.time = "1531420619";
    assert_int_equal(check(&later), SIGNATURE_WRONG);
    struct signature_input shorter = vector();
    shorter.len--;
    assert_int_equal(check(&shorter), SIGNATURE_WRONG);
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const given[] = {
        "v0=",
        "v0",
        "=",
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b50",
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b5033",
        "v1=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        "V0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        " v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        "v0=g2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b50\xff",
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503,v0=00",
    };
    static const char *const times[] = {"abc",          "-1531420618",       "+1531420618",
                                        " 1531420618",  "1531420618 ",       "0x5b479b0a",
                                        "1531420618.0", "99999999999999999", "1531420618\n"};
    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        struct signature_input input = vector();
        input.given = given[i];
        assert_int_equal(check(&input), SIGNATURE_MALFORMED);
    }
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        struct signature_input input = vector();
        input.time = times[i];
        assert_int_equal(check(&input), SIGNATURE_MALFORMED);
    }
}

static void test_missing(void **state)
{
    (void)state;
    struct signature_input input = vector();
    input.given = NULL;
    input.given_count = 0;
    assert_int_equal(check(&input), SIGNATURE_MISSING);
    input = vector();
    input.given = ""; /* T2 */
    assert_int_equal(check(&input), SIGNATURE_MISSING);
    input = vector();
    input.time = NULL;
    input.time_count = 0;
    assert_int_equal(check(&input), SIGNATURE_MISSING);
    input = vector();
    input.given_count = 2;
    assert_int_equal(check(&input), SIGNATURE_REPEATED);
    input = vector();
    input.time_count = 2;
    assert_int_equal(check(&input), SIGNATURE_REPEATED);
}

/* S2: five minutes, either way. "Stale" is said of true signatures only. */
static void test_window(void **state)
{
    (void)state;
    static const struct {
        int64_t apart;
        enum signature_result expected;
    } rows[] = {{-301, SIGNATURE_STALE}, {-300, SIGNATURE_GOOD}, {300, SIGNATURE_GOOD},
                {301, SIGNATURE_STALE},  {360, SIGNATURE_STALE}, {-360, SIGNATURE_STALE}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct signature_input input = vector();
        input.now_s = NOW + rows[i].apart;
        assert_int_equal(check(&input), rows[i].expected);
        input.len--;
        assert_int_equal(check(&input), SIGNATURE_WRONG);
    }
}

static void test_secrets(void **state)
{
    (void)state;
    static const struct {
        struct secret secret;
        enum signature_result expected;
    } rows[] = {
        {{.items = {other, right}, .count = 2}, SIGNATURE_GOOD},
        {{.items = {right, other}, .count = 2}, SIGNATURE_GOOD},
        {{.items = {other}, .count = 1}, SIGNATURE_WRONG},
        {{.count = 0}, SIGNATURE_WRONG}, /* no secret, no entry */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct signature_input input = vector();
        assert_int_equal(signature_check(&signature_slack, &rows[i].secret, &input),
                         rows[i].expected);
    }
}

/* Other senders are rows: GitHub's vector (G1), no time in it, and those that sign like it. */
static void test_hex_schemes(void **state)
{
    (void)state;
    static char key[] = "It's a Secret to Everybody";
#define G1 "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    static const struct {
        const struct signature_scheme *scheme;
        const char *given;
    } rows[] = {{&signature_github, "sha256=" G1},
                {&signature_jira, "sha256=" G1},
                {&signature_linear, G1},
                {&signature_gitea, G1},
                {&signature_forgejo, G1}};
    const struct secret secret = {.items = {other, key}, .count = 2};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct signature_input input = {.given = rows[i].given,
                                        .given_count = 1,
                                        .body = "Hello, World!",
                                        .len = 13,
                                        .now_s = NOW};
        assert_int_equal(signature_check(rows[i].scheme, &secret, &input), SIGNATURE_GOOD);
        input.body = "Hello, World?";
        assert_int_equal(signature_check(rows[i].scheme, &secret, &input), SIGNATURE_WRONG);
        input.given = rows[i].scheme->prefix; /* T2 */
        assert_int_equal(signature_check(rows[i].scheme, &secret, &input),
                         input.given[0] ? SIGNATURE_MALFORMED : SIGNATURE_MISSING);
        input.given = "sha1=" G1;
        assert_int_equal(signature_check(rows[i].scheme, &secret, &input), SIGNATURE_MALFORMED);
    }
}

/* The published vector of Standard Webhooks. */
#define STANDARD "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static struct signature_input standard(const char *given)
{
    return (struct signature_input){.given = given,
                                    .given_count = 1,
                                    .time = "1614265330",
                                    .time_count = 1,
                                    .id = "msg_p5jXN8AQM9LWM0D4loKWxJek",
                                    .id_count = 1,
                                    .body = "{\"test\": 2432232314}",
                                    .len = 20,
                                    .now_s = 1614265330};
}

static void test_standard(void **state)
{
    (void)state;
    static char key[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", plain[] = "plain key";
    const struct secret secret = {.items = {other, key}, .count = 2};
    const struct secret bytes = {.items = {plain}, .count = 1};
    static const struct {
        const char *given;
        enum signature_result expected;
    } rows[] = {
        {STANDARD, SIGNATURE_GOOD},
        {"v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= " STANDARD, SIGNATURE_GOOD},
        {STANDARD " v1a,anything", SIGNATURE_GOOD},
        {"v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", SIGNATURE_WRONG},
        {"v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", SIGNATURE_MALFORMED},
        {"g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", SIGNATURE_MALFORMED},
        {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1O", SIGNATURE_MALFORMED},
        {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1O==", SIGNATURE_MALFORMED},
        {"v1,", SIGNATURE_MALFORMED},
        {"", SIGNATURE_MISSING},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct signature_input input = standard(rows[i].given);
        assert_int_equal(signature_check(&signature_standard, &secret, &input), rows[i].expected);
    }
    struct signature_input input = standard(STANDARD);
    input.id = "msg_other";
    assert_int_equal(signature_check(&signature_standard, &secret, &input), SIGNATURE_WRONG);
    input.id = NULL;
    input.id_count = 0;
    assert_int_equal(signature_check(&signature_standard, &secret, &input), SIGNATURE_MISSING);
    input = standard(STANDARD);
    input.id_count = 2;
    assert_int_equal(signature_check(&signature_standard, &secret, &input), SIGNATURE_REPEATED);
    input = standard(STANDARD);
    input.now_s += 301;
    assert_int_equal(signature_check(&signature_standard, &secret, &input), SIGNATURE_STALE);
    input = standard("v1,vQ53RP0YRVgSL9lqoC8JYqZgGgUNoiI2U57oSRpilIo=");
    assert_int_equal(signature_check(&signature_standard, &bytes, &input), SIGNATURE_GOOD);
}

/* L1: the secret itself. */
static void test_plain(void **state)
{
    (void)state;
    const struct secret secret = {.items = {right, other}, .count = 2};
    static const struct {
        const char *given;
        size_t count;
        enum signature_result expected;
    } rows[] = {
        {right, 1, SIGNATURE_GOOD},       {other, 1, SIGNATURE_GOOD},
        {"", 1, SIGNATURE_MISSING},       {NULL, 0, SIGNATURE_MISSING},
        {right, 2, SIGNATURE_REPEATED},   {"8f742231b10e8888", 1, SIGNATURE_WRONG},
        {SECRET "0", 1, SIGNATURE_WRONG}, {"8F742231B10E8888ABCD99YYYZZZ85A5", 1, SIGNATURE_WRONG}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct signature_input input = {
            .given = rows[i].given, .given_count = rows[i].count, .body = "", .now_s = NOW};
        assert_int_equal(signature_check(&signature_gitlab, &secret, &input), rows[i].expected);
    }
    const struct secret none = {.count = 0};
    struct signature_input input = {.given = right, .given_count = 1, .body = "", .now_s = NOW};
    assert_int_equal(signature_check(&signature_gitlab, &none, &input), SIGNATURE_WRONG);
}

static void test_words(void **state)
{
    (void)state;
    for (int i = SIGNATURE_MISSING; i <= SIGNATURE_STALE; i++) {
        assert_true(strlen(signature_sentence((enum signature_result)i)) > 10);
        for (int k = SIGNATURE_MISSING; k < i; k++) {
            assert_string_not_equal(signature_reason((enum signature_result)i),
                                    signature_reason((enum signature_result)k));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector),      cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_malformed),   cmocka_unit_test(test_missing),
        cmocka_unit_test(test_window),      cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_hex_schemes), cmocka_unit_test(test_standard),
        cmocka_unit_test(test_plain),       cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
