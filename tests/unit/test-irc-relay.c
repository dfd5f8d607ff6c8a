#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/irc_relay.h"
#include "adapters/irc_sieve.h"
#include "bot/base/mem.h"
#include "tests/unit/irclogin.h"

/* The wire's middle against byte scripts: what the server sends, and what must come out where. */

static const struct irc_login_setup plain_setup = {
    .nick = "whether", .username = "w", .realname = "a bot", .server_password = ""};

static void server_says(struct irc_relay *relay, const char *text)
{
    irc_relay_from_server(relay, text, strlen(text));
}

static void client_says(struct irc_relay *relay, const char *text)
{
    irc_relay_from_client(relay, text, strlen(text));
}

/* Exactly these bytes wait; takes them. */
static void expect(struct buf *buf, const char *text)
{
    assert_string_equal(buf->len ? buf->data : "", text);
    buf_clear(buf);
}

/* Through registration without capabilities, libircclient's own lines swallowed. */
static void open_relay(struct irc_relay *relay, const struct irc_login_setup *setup)
{
    irc_relay_init(relay, setup);
    irc_relay_begin(relay);
    client_says(relay, "NICK whether\r\nUSER whether unknown unknown :whether\r\n");
    expect(&relay->to_server, "CAP LS 302\r\nNICK whether\r\nUSER w 0 * :a bot\r\n");
    server_says(relay, ":s CAP * LS :\r\n");
    expect(&relay->to_server, "CAP END\r\n");
    server_says(relay, ":s 001 whether :hi\r\n");
    assert_int_equal(relay->login.step, IRC_STEP_OPEN);
    expect(&relay->to_client, ":s 001 whether :hi\r\n");
}

static void test_registration_without_sasl(void **state)
{
    (void)state;
    struct irc_relay relay;
    open_relay(&relay, &plain_setup);
    client_says(&relay, "JOIN #a\r\nPRIV");
    client_says(&relay, "MSG #a :x\r\n");
    expect(&relay.to_server, "JOIN #a\r\nPRIVMSG #a :x\r\n");
    irc_relay_finish(&relay);
}

/* Every way in which SASL can fail ends the attempt, and nothing is let through. */
static void test_sasl_fails_closed(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        enum irc_failure failure;
    } rows[] = {
        {":s CAP * LS :\r\n", IRC_FAIL_SASL_MISSING},
        {":s CAP * LS :server-time\r\n", IRC_FAIL_SASL_MISSING},
        {":s CAP * LS :sasl=EXTERNAL\r\n", IRC_FAIL_SASL_MISSING},
        {":s CAP * LS :sasl=XPLAIN,PLAINER\r\n", IRC_FAIL_SASL_MISSING},
        {":s 421 whether CAP :what?\r\n:s 001 whether :hi\r\n", IRC_FAIL_SASL_MISSING},
        {":s CAP * LS :sasl\r\n:s CAP * NAK :sasl\r\n", IRC_FAIL_SASL},
        {":s CAP * LS :sasl\r\n:s CAP * ACK :other\r\n", IRC_FAIL_SASL},
        {":s CAP * LS :sasl\r\n:s CAP * DEL :sasl\r\n", IRC_FAIL_SASL_MISSING},
        {":s CAP * LS :sasl\r\n:s CAP * ACK :sasl\r\n:s 001 whether :hi\r\n",
         IRC_FAIL_SASL_MISSING},
        {":s CAP * LS :sasl\r\n:s CAP * ACK :sasl\r\n:s 904 whether :no\r\n", IRC_FAIL_SASL},
        {":s CAP * LS :sasl\r\n:s CAP * ACK :sasl\r\n:s 902 whether :locked\r\n", IRC_FAIL_SASL},
        {":s CAP * LS :sasl\r\n:s CAP * ACK :sasl\r\n:s 908 w X :m\r\n:s 905 w :long\r\n",
         IRC_FAIL_SASL},
        {":s CAP * LS :sasl\r\n:s CAP * ACK :sasl\r\n:s 906 whether :aborted\r\n", IRC_FAIL_SASL},
        {":s 464 whether :bad password\r\n", IRC_FAIL_PASSWORD},
        {":s 465 whether :banned\r\n", IRC_FAIL_BANNED},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct irc_relay relay;
        irc_relay_init(&relay, &sasl_setup);
        irc_relay_begin(&relay);
        client_says(&relay, "NICK x\r\nUSER x x x :x\r\n");
        server_says(&relay, rows[i].said);
        assert_int_equal(relay.login.step, IRC_STEP_FAILED);
        assert_int_equal(relay.login.failure, rows[i].failure);
        assert_true(relay.login.failure_text[0] != '\0');
        assert_null(strstr(relay.login.failure_text, "sesame"));
        assert_null(strstr(relay.to_server.data, "CAP END"));
        server_says(&relay,
                    ":s 903 whether :ok\r\n:s 001 whether :hi\r\n:a!b@c PRIVMSG whether :x\r\n");
        client_says(&relay, "JOIN #a\r\n");
        assert_int_equal(relay.login.step, IRC_STEP_FAILED);
        expect(&relay.to_client, "");
        assert_null(strstr(relay.to_server.data, "JOIN"));
        irc_relay_finish(&relay);
    }
}

/* What the client must not see of a server's lines; irc_sieve.h has the rest. */
static void test_kept_back(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "", /* C11 */
        " ",
        ":a!b@c PRIVMSG whether :\x01",
        ":s CAP whether NEW :sasl",
        ":s 903 whether :late",
        "AUTHENTICATE +",
        "ERROR :Closing Link",
    };
    struct irc_relay relay;
    open_relay(&relay, &plain_setup);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        server_says(&relay, rows[i]);
        server_says(&relay, "\r\n");
        expect(&relay.to_client, "");
        expect(&relay.to_server, "");
    }
    assert_int_equal(relay.dropped, 3);
    assert_string_equal(relay.said, "Closing Link");
    irc_relay_finish(&relay);
}

static void test_ping_is_answered_here(void **state)
{
    (void)state;
    struct irc_relay relay;
    open_relay(&relay, &plain_setup);
    server_says(&relay, "PING :a b\r\n:s PING x\r\n");
    expect(&relay.to_server, "PONG :a b\r\nPONG :x\r\n");
    expect(&relay.to_client, "");
    irc_relay_finish(&relay);
}

/* C12: whatever its length, a line is passed whole or not at all; the next one is whole again. */
static void test_overlong_lines(void **state)
{
    (void)state;
    struct irc_relay relay;
    open_relay(&relay, &plain_setup);
    for (size_t len = 1; len < 20000; len += len < 1100 ? 1 : 977) {
        server_says(&relay, ":a!b@c PRIVMSG #x :");
        for (size_t i = 0; i < len; i++) {
            irc_relay_from_server(&relay, "y", 1);
        }
        server_says(&relay, "\r\n");
        assert_true(relay.to_client.len <= IRC_CLIENT_LINE_MAX);
        if (relay.to_client.len > 0) {
            assert_int_equal(relay.to_client.len, strlen(":a!b@c PRIVMSG #x :") + len + 2);
        }
        buf_clear(&relay.to_client);
        server_says(&relay, ":a!b@c PRIVMSG #x :next\r\n");
        expect(&relay.to_client, ":a!b@c PRIVMSG #x :next\r\n");
    }
    irc_relay_finish(&relay);
}

/* NUL and CR inside a line: no C string may be cut, no line doubled. */
static void test_bytes_inside(void **state)
{
    (void)state;
    struct irc_relay relay;
    open_relay(&relay, &plain_setup);
    static const char nul[] = ":a!b@c PRIVMSG #x :y\0z\r\n";
    irc_relay_from_server(&relay, nul, sizeof(nul) - 1);
    server_says(&relay, ":a!b@c PRIVMSG #x :y\rQUIT\r\n:a!b@c PRIVMSG #x :lf\n\n\r\r\n");
    expect(&relay.to_client, ":a!b@c PRIVMSG #x :lf\r\n");
    static const char from_client[] = "PRIVMSG #x :y\0z\r\nPRIVMSG #x :y\rQUIT\r\n\r\n";
    irc_relay_from_client(&relay, from_client, sizeof(from_client) - 1);
    expect(&relay.to_server, "");
    assert_true(relay.dropped >= 2);
    irc_relay_finish(&relay);
}

/* The same script, cut at every byte. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    static const char script[] = "@time=1970-01-01T00:00:01.000Z :a!b@c PRIVMSG #x :one\r\n\r\n"
                                 ":s 005 me CASEMAPPING=ascii :x\r\nPING :t\r\n:d!e@f JOIN #y\r\n";
    for (size_t cut = 0; cut <= sizeof(script) - 1; cut++) {
        struct irc_relay relay;
        open_relay(&relay, &plain_setup);
        irc_relay_from_server(&relay, script, cut);
        irc_relay_from_server(&relay, script + cut, sizeof(script) - 1 - cut);
        expect(&relay.to_client, ":a!b@c\x1f"
                                 "1000\x1f\x1f PRIVMSG #x :one\r\n"
                                 ":s 005 me CASEMAPPING=ascii :x\r\n:d!e@f JOIN :#y\r\n");
        expect(&relay.to_server, "PONG :t\r\n");
        assert_int_equal(relay.support.casemap, IRC_ASCII);
        irc_relay_finish(&relay);
    }
}

static void test_flood_is_bounded(void **state)
{
    (void)state;
    struct irc_relay relay;
    open_relay(&relay, &plain_setup);
    for (int i = 0; i < 100000 && relay.login.step == IRC_STEP_OPEN; i++) {
        server_says(&relay, ":a!b@c PRIVMSG #x :nobody takes these off\r\n");
    }
    assert_int_equal(relay.login.failure, IRC_FAIL_FLOODED);
    irc_relay_finish(&relay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registration_without_sasl),
        cmocka_unit_test(test_sasl_fails_closed),
        cmocka_unit_test(test_kept_back),
        cmocka_unit_test(test_ping_is_answered_here),
        cmocka_unit_test(test_overlong_lines),
        cmocka_unit_test(test_bytes_inside),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_flood_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
