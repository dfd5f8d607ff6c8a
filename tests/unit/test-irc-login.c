#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/irc_login.h"
#include "adapters/irc_sasl.h"
#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "tests/unit/irclogin.h"

/* A login, and the lines that it wants to send. */
struct bench {
    struct irc_login login;
    struct buf to_server;
};

static void begin(struct bench *bench, const struct irc_login_setup *setup)
{
    buf_init(&bench->to_server, 16 * 1024);
    irc_login_init(&bench->login, setup, &bench->to_server);
    irc_login_begin(&bench->login);
}

/* Whole lines; returns how many of them were for the login alone. */
static size_t server_says(struct bench *bench, const char *text)
{
    size_t taken = 0;
    for (size_t len; *text; text += len + strlen("\r\n")) {
        struct irc_line line;
        len = strcspn(text, "\r");
        assert_true(irc_line_parse(text, len, &line));
        taken += irc_login_take(&bench->login, &line);
    }
    return taken;
}

/* Exactly these lines were sent; forgets them. */
static void expect(struct bench *bench, const char *text)
{
    assert_string_equal(bench->to_server.len ? bench->to_server.data : "", text);
    buf_clear(&bench->to_server);
}

static void test_sasl(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, &sasl_setup);
    expect(&bench, "CAP LS 302\r\nPASS :p%s\r\nNICK whether\r\nUSER w 0 * :a bot\r\n");
    server_says(&bench, ":s NOTICE * :looking up\r\n:s CAP * LS * :multi-prefix sasl=PLAIN\r\n");
    expect(&bench, "");
    server_says(&bench, ":s CAP * LS :server-time message-tags echo-message\r\n");
    expect(&bench,
           "CAP REQ :sasl\r\nCAP REQ :message-tags\r\nCAP REQ :server-time\r\n"); /* I8: no echo */
    server_says(&bench, ":s CAP * ACK :sasl\r\n:s CAP * NAK :message-tags\r\n");
    expect(&bench, "");
    server_says(&bench, ":s CAP * ACK :server-time\r\n");
    expect(&bench, "AUTHENTICATE PLAIN\r\n");
    server_says(&bench, ":s 433 * whether :in use\r\nAUTHENTICATE +\r\n");
    expect(&bench, "AUTHENTICATE amlsbGVzAGppbGxlcwBzZXNhbWU=\r\n");
    server_says(&bench, ":s 900 whether whether!w@h jilles :logged in\r\n:s 903 whether :ok\r\n");
    expect(&bench, "CAP END\r\n");
    assert_string_equal(bench.login.account, "jilles");
    server_says(&bench, ":s 001 whether :hi\r\n");
    assert_int_equal(bench.login.step, IRC_STEP_OPEN);
    buf_finish(&bench.to_server);
}

/* I5: a payload of exactly 400 bytes is followed by "+". */
static void test_sasl_chunks(void **state)
{
    (void)state;
    static const size_t lengths[] = {100, 282, 283, 284, 285, 286, 600, 2000};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        char password[2001];
        memset(password, 'p', lengths[i]);
        password[lengths[i]] = '\0';
        struct irc_login_setup setup = sasl_setup;
        setup.sasl_password = password;
        struct bench bench;
        begin(&bench, &setup);
        server_says(&bench, ":s CAP * LS :sasl\r\n:s CAP * ACK :sasl\r\n");
        buf_clear(&bench.to_server);
        server_says(&bench, "AUTHENTICATE +\r\n");
        size_t encoded = (lengths[i] + 14 + 2) / 3 * 4, seen = 0, last = 400;
        for (char *at = bench.to_server.data; *at;) {
            size_t line = strcspn(at, "\r");
            assert_memory_equal(at, "AUTHENTICATE ", 13);
            assert_true(last == 400);
            last = at[13] == '+' && line == 14 ? 0 : line - 13;
            assert_true(last <= 400);
            seen += last;
            at += line + 2;
        }
        assert_int_equal(seen, encoded);
        assert_true(last < 400);
        buf_finish(&bench.to_server);
    }
}

static void test_encoded(void **state)
{
    (void)state;
    char encoded[IRC_SASL_MAX];
    assert_true(irc_sasl_plain("jilles", "sesame", encoded)); /* the example of sasl-3.1.md */
    assert_string_equal(encoded, "amlsbGVzAGppbGxlcwBzZXNhbWU=");
    assert_true(irc_sasl_external("", encoded));
    assert_string_equal(encoded, "");
    assert_true(irc_sasl_external("a", encoded));
    assert_string_equal(encoded, "YQ==");
    assert_true(irc_sasl_external("ab", encoded));
    assert_string_equal(encoded, "YWI=");
    assert_true(irc_sasl_external("abc", encoded));
    assert_string_equal(encoded, "YWJj");
    static char big[IRC_SASL_MAX];
    memset(big, 'x', sizeof(big) - 1);
    assert_false(irc_sasl_plain("u", big, encoded));
    assert_string_equal(encoded, "");
    assert_false(irc_sasl_external(big, encoded));
    assert_true(irc_sasl_lists("PLAIN,EXTERNAL", "EXTERNAL"));
    assert_false(irc_sasl_lists("PLAINTEXT,XPLAIN", "PLAIN"));
    assert_false(irc_sasl_lists("", "PLAIN"));
}

/* What the login keeps to itself, in the order in which servers send it. */
static void test_takes(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        bool taken;
        enum irc_login_step step;
    } rows[] = {
        {":s NOTICE * :looking you up\r\n", false, IRC_STEP_CAPS},
        {":s CAP * LS :sasl\r\n", true, IRC_STEP_REQUEST},
        {":s CAP * ACK :sasl\r\n", true, IRC_STEP_SASL},
        {"PING :early\r\n", false, IRC_STEP_SASL},
        {"AUTHENTICATE +\r\n", true, IRC_STEP_SASL},
        {":s 900 * * jilles :logged in\r\n", false, IRC_STEP_SASL}, /* others wait for it as well */
        {":s 903 * :ok\r\n", true, IRC_STEP_REGISTER},
        {":s 001 whether :hi\r\n", false, IRC_STEP_OPEN},
        {":s CAP * DEL :sasl\r\n", true, IRC_STEP_OPEN}, /* too late to matter */
        {":s 465 whether :banned\r\n", false, IRC_STEP_OPEN},
        {":s 904 whether :no\r\n", true, IRC_STEP_OPEN},
        {":a!b@c PRIVMSG whether :CAP * LS :sasl\r\n", false, IRC_STEP_OPEN},
    };
    struct bench bench;
    begin(&bench, &sasl_setup);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(server_says(&bench, rows[i].said), rows[i].taken);
        assert_int_equal(bench.login.step, rows[i].step);
        assert_int_equal(bench.login.failure, IRC_FAIL_NONE);
    }
    buf_finish(&bench.to_server);
}

/* The reason that came first is what a human should read. */
static void test_first_failure_stays(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, &sasl_setup);
    server_says(&bench, ":s CAP * LS :\r\n");
    assert_string_equal(bench.login.failure_text,
                        "The server offers no SASL; its services may be down");
    server_says(&bench, ":s 464 whether :bad password\r\n");
    irc_login_fail(&bench.login, IRC_FAIL_FLOODED, "Something else", "");
    assert_int_equal(bench.login.failure, IRC_FAIL_SASL_MISSING);
    assert_string_equal(bench.login.failure_text,
                        "The server offers no SASL; its services may be down");
    buf_finish(&bench.to_server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sasl),
        cmocka_unit_test(test_sasl_chunks),
        cmocka_unit_test(test_encoded),
        cmocka_unit_test(test_takes),
        cmocka_unit_test(test_first_failure_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
