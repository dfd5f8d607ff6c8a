#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/adapter.h"
#include "adapters/http_server.h"
#include "adapters/slack.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/loop.h"
#include "bot/host/metrics.h"
#include "tests/unit/slackbench.h"

/* Speaking: deliveries, and who Slack says that we are. */

static struct delivery delivery_to(const char *address, bool unsure)
{
    static const char payload[] = "{\"text\":\"hello\"}";
    return (struct delivery){.id = 7,
                             .adapter = "slack",
                             .conversation = "c",
                             .address = address,
                             .payload = payload,
                             .payload_len = sizeof(payload) - 1,
                             .unsure = unsure,
                             .created_ms = 1700000000123};
}

static void deliver(const char *address, bool unsure)
{
    uint64_t after_ms = 0;
    struct delivery delivery = delivery_to(address, unsure);
    size_t before = bench.dispatch.deliveries;
    assert_true(bench.adapter->ops->send(bench.adapter, &delivery, &after_ms));
    for (size_t i = 0; i < TURNS_MAX && bench.dispatch.deliveries == before; i++) {
        turn();
    }
    assert_int_equal(bench.dispatch.deliveries, before + 1);
}

static bool is_put_off(const char *address, uint64_t *ret_after_ms)
{
    struct delivery delivery = delivery_to(address, false);
    return !bench.adapter->ops->send(bench.adapter, &delivery, ret_after_ms);
}

static void test_post(void **state)
{
    (void)state;
    deliver("post C1 17.1 -", false);
    assert_int_equal(bench.dispatch.result, DELIVERED);
    assert_string_equal(bench.places[POST].authorization, "Bearer xoxb-1");
    assert_string_equal(bench.places[POST].seen,
                        "{\"channel\":\"C1\",\"thread_ts\":\"17.1\",\"metadata\":{\"event_type\":"
                        "\"whether_answer\",\"event_payload\":{\"delivery\":\"7.1700000000123\"}},"
                        "\"text\":\"hello\"}");
}

/* S21: each answer has its class. */
static void test_post_results(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *body;
        enum delivered expected;
        const char *why;
    } rows[] = {
        {200, "{\"ok\":false,\"error\":\"msg_too_long\"}", DELIVERY_REFUSED, "msg_too_long"},
        {200, "{\"ok\":false,\"error\":\"is_archived\"}", DELIVERY_REFUSED, "is_archived"},
        {200, "{\"ok\":false,\"error\":\"not_in_channel\"}", DELIVERY_REFUSED, "not_in_channel"},
        {200, "{\"ok\":false,\"error\":\"internal_error\"}", DELIVERY_UNSURE, "internal_error"},
        {502, "", DELIVERY_UNSURE, "HTTP 502"},
        {200, "<html>", DELIVERY_UNSURE, "the answer is not Slack's"},
        {404, "", DELIVERY_LATER, "HTTP 404"},
        {200, "{\"ok\":true}", DELIVERED, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        script(POST, rows[i].status, rows[i].body, NULL);
        deliver("post C1 17.1 -", false);
        assert_int_equal(bench.dispatch.result, rows[i].expected);
        assert_string_equal(bench.dispatch.why, rows[i].why);
    }
}

static void test_broken_connection(void **state)
{
    (void)state;
    struct delivery delivery = delivery_to("post C1 17.1 -", false);
    uint64_t after_ms;
    bench.places[POST].silent = true;
    assert_true(bench.adapter->ops->send(bench.adapter, &delivery, &after_ms));
    for (size_t i = 0; i < TURNS_MAX && bench.silenced == NULL; i++) {
        turn();
    }
    assert_non_null(bench.silenced);
    /* Says nothing and goes: the server that is destroyed drops what is open. */
    struct error err = {0};
    http_server_destroy(bench.slack);
    assert_true(http_server_create("127.0.0.1:0", bench.metrics, &bench.slack, &err));
    for (size_t i = 0; i < TURNS_MAX && bench.dispatch.deliveries == 0; i++) {
        turn();
    }
    assert_int_equal(bench.dispatch.result, DELIVERY_UNSURE);
    assert_int_equal(health(), ADAPTER_TROUBLED);
}

/* S21: Retry-After counts for the method, not for the message alone. */
static void test_rate_limit(void **state)
{
    (void)state;
    uint64_t after_ms = 0;
    script(POST, 429, "{\"ok\":false,\"error\":\"ratelimited\"}", "Retry-After: 7");
    deliver("post C1 17.1 -", false);
    assert_int_equal(bench.dispatch.result, DELIVERY_LATER);
    assert_int_equal(bench.dispatch.after_ms, 7000);
    assert_true(is_put_off("post C2 - -", &after_ms));
    assert_true(after_ms > 6000 && after_ms <= 7000);
    /* Another method is free. */
    char address[100];
    snprintf(address, sizeof(address), "private C1 - http://127.0.0.1:%u/response",
             http_server_port(bench.slack));
    deliver(address, false);
    assert_int_equal(bench.dispatch.result, DELIVERED);
    /* One in 200 without Retry-After. */
    script(HISTORY, 200, "{\"ok\":false,\"error\":\"ratelimited\"}", NULL);
    deliver("post D1 - -", true);
    assert_int_equal(bench.dispatch.result, DELIVERY_UNSURE);
    assert_int_equal(health(), ADAPTER_READY);
}

/* May have arrived: look first. */
static void test_unsure(void **state)
{
    (void)state;
    script(REPLIES, 200,
           "{\"ok\":true,\"messages\":[{\"user\":\"UBOT\",\"text\":\"x\",\"metadata\":{"
           "\"event_type\":\"whether_answer\",\"event_payload\":{\"delivery\":\"7.1700000000123\"}"
           "}}]}",
           NULL);
    deliver("post C1 17.1 -", true);
    assert_int_equal(bench.dispatch.result, DELIVERED);
    assert_int_equal(bench.places[POST].calls, 0);
    assert_string_equal(bench.places[REPLIES].seen, "channel=C1&oldest=1699999940&limit=200&"
                                                    "include_all_metadata=true&ts=17.1");
    /* Not there: sent now. */
    script(REPLIES, 200, "{\"ok\":true,\"messages\":[{\"user\":\"U1\",\"text\":\"hello\"}]}", NULL);
    deliver("post C1 17.1 -", true);
    assert_int_equal(bench.dispatch.result, DELIVERED);
    assert_int_equal(bench.places[POST].calls, 1);
    /* Without a thread: the history; the same text of ours counts. */
    script(HISTORY, 200, "{\"ok\":true,\"messages\":[{\"bot_id\":\"BBOT\",\"text\":\"hello\"}]}",
           NULL);
    deliver("post D1 - -", true);
    assert_int_equal(bench.dispatch.result, DELIVERED);
    assert_int_equal(bench.places[POST].calls, 1);
    assert_int_equal(bench.places[HISTORY].calls, 1);
}

static void test_unsure_pages(void **state)
{
    (void)state;
    script(REPLIES, 200,
           "{\"ok\":true,\"messages\":[],\"response_metadata\":{\"next_cursor\":\"more==\"}}",
           NULL);
    deliver("post C1 17.1 -", true);
    assert_int_equal(bench.dispatch.result, DELIVERED);
    assert_int_equal(bench.places[REPLIES].calls, 10); /* bounded */
    assert_non_null(strstr(bench.places[REPLIES].seen, "&cursor=more%3D%3D"));
    assert_int_equal(bench.places[POST].calls, 1);
}

/* Cannot look: neither sent twice nor forgotten in silence. */
static void test_unsure_blind(void **state)
{
    (void)state;
    script(REPLIES, 503, "", NULL);
    deliver("post C1 17.1 -", true);
    assert_int_equal(bench.dispatch.result, DELIVERY_UNSURE);
    script(REPLIES, 200, "{\"ok\":false,\"error\":\"missing_scope\"}", NULL);
    deliver("post C1 17.1 -", true);
    assert_int_equal(bench.dispatch.result, DELIVERY_REFUSED);
    assert_non_null(strstr(bench.dispatch.why, "cannot look"));
    assert_int_equal(bench.places[POST].calls, 0);
    assert_int_equal(health(), ADAPTER_READY);
    char address[100];
    snprintf(address, sizeof(address), "private C1 - http://127.0.0.1:%u/response",
             http_server_port(bench.slack));
    deliver(address, true);
    assert_int_equal(bench.dispatch.result, DELIVERY_REFUSED);
    assert_int_equal(bench.places[RESPONSE].calls, 0);
}

/* S26 */
static void test_not_in_channel(void **state)
{
    (void)state;
    char address[100];
    snprintf(address, sizeof(address), "post C1 17.1 http://127.0.0.1:%u/response",
             http_server_port(bench.slack));
    script(POST, 200, "{\"ok\":false,\"error\":\"not_in_channel\"}", NULL);
    deliver(address, false);
    assert_int_equal(bench.dispatch.result, DELIVERED);
    assert_string_equal(bench.places[RESPONSE].seen,
                        "{\"replace_original\":false,\"response_type\":\"in_channel\",\"text\":"
                        "\"hello\"}");
    script(RESPONSE, 404, "used_url", NULL); /* S24: five times, thirty minutes */
    deliver(address, false);
    assert_int_equal(bench.dispatch.result, DELIVERY_REFUSED);
}

static void test_token_lost(void **state)
{
    (void)state;
    uint64_t after_ms = 0;
    script(POST, 200, "{\"ok\":false,\"error\":\"token_revoked\"}", NULL);
    deliver("post C1 17.1 -", false);
    assert_int_equal(bench.dispatch.result, DELIVERY_LATER);
    assert_int_equal(health(), ADAPTER_FAILED);
    assert_true(is_put_off("post C1 17.1 -", &after_ms));
    assert_true(after_ms >= 1000);
}

static void test_foreign_address(void **state)
{
    (void)state;
    deliver("#channel of irc", false);
    assert_int_equal(bench.dispatch.result, DELIVERY_REFUSED);
    deliver("private C1 - -", false);
    assert_int_equal(bench.dispatch.result, DELIVERY_REFUSED);
}

/* S27: speaks, and knows no more. */
/* What is announced in a channel goes the way of an answer to a mention there, without a thread. */
static void test_channel_address(void **state)
{
    (void)state;
    static const char *const none[] = {"", "#team", "C1 D2", "c1", "C1/x"};
    struct buf address;
    buf_init(&address, 2000);
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        assert_false(adapter_slack.address(none[i], &address));
    }
    assert_true(adapter_slack.address("C0123ABCD", &address));
    assert_string_equal(address.data, "post C0123ABCD - -");
    buf_finish(&address);
}

static void test_webhook_only(void **state)
{
    (void)state;
    create(false, true);
    assert_int_equal(health(), ADAPTER_READY);
    deliver("post C1 17.1 -", false);
    assert_int_equal(bench.dispatch.result, DELIVERED);
    assert_string_equal(bench.places[WEBHOOK].seen, "{\"text\":\"hello\"}");
    assert_string_equal(bench.places[WEBHOOK].authorization, "");
    script(WEBHOOK, 400, "no_text", NULL);
    deliver("post C1 17.1 -", false);
    assert_int_equal(bench.dispatch.result, DELIVERY_REFUSED);
    deliver("post C1 17.1 -", true);
    assert_int_equal(bench.dispatch.result, DELIVERY_REFUSED);
    assert_int_equal(bench.places[WEBHOOK].calls, 2);
    /* Who we are is told by each event; without that it is better asked for again. */
    struct said said;
    send_signed("/slack/events", JSON, EVENT("Ev1", DIRECT "\"text\":\"x\""), 0, &said);
    assert_int_equal(said.status, 503);
    send_signed("/slack/events", JSON,
                "{\"type\":\"event_callback\",\"team_id\":\"T1\",\"authorizations\":[{\"is_bot\":"
                "true,\"user_id\":\"UX\"}],\"event\":{" DIRECT "\"text\":\"x\"}}",
                0, &said);
    assert_int_equal(said.status, 200);
    assert_int_equal(bench.dispatch.taken, 1);
}

static void test_auth_refused(void **state)
{
    (void)state;
    script(AUTH, 200, "{\"ok\":false,\"error\":\"invalid_auth\"}", NULL);
    create(true, false);
    await_health(ADAPTER_FAILED);
    assert_int_equal(bench.places[AUTH].calls, 1);
}

static void test_auth_again(void **state)
{
    (void)state;
    script(AUTH, 503, "", "Retry-After: 1");
    create(true, false);
    await_health(ADAPTER_TROUBLED);
    script(AUTH, 200, "{\"ok\":true,\"team_id\":\"T1\",\"user_id\":\"UBOT\"}", NULL);
    await_health(ADAPTER_READY);
    assert_int_equal(bench.places[AUTH].calls, 2);
}

static void test_wrong_team(void **state)
{
    (void)state;
    static char team[] = "T9";
    struct error err = {0};
    configure(true, false);
    bench.config.slack[0].team = team;
    const struct adapter_setup setup = setup_of(0);
    assert_true(adapter_slack.create(&setup, &bench.adapter, &err));
    bench.adapter->ops->start(bench.adapter, loop_now_ms(bench.loop));
    await_health(ADAPTER_FAILED);
}

/* Reloaded or stopped with calls under way. */
static void test_destroyed_while_calling(void **state)
{
    (void)state;
    struct delivery delivery = delivery_to("post C1 17.1 -", false);
    uint64_t after_ms;
    bench.places[POST].silent = true;
    assert_true(bench.adapter->ops->send(bench.adapter, &delivery, &after_ms));
    assert_false(bench.adapter->ops->stop(bench.adapter, 0));
    for (size_t i = 0; i < TURNS_MAX && bench.silenced == NULL; i++) {
        turn();
    }
    assert_int_equal(bench.dispatch.deliveries, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up_ready, tear_down)
#define BARE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_post),
        CASE(test_post_results),
        CASE(test_broken_connection),
        CASE(test_rate_limit),
        CASE(test_unsure),
        CASE(test_unsure_pages),
        CASE(test_unsure_blind),
        CASE(test_not_in_channel),
        CASE(test_token_lost),
        CASE(test_foreign_address),
        cmocka_unit_test(test_channel_address),
        BARE(test_webhook_only),
        BARE(test_auth_refused),
        BARE(test_auth_again),
        BARE(test_wrong_team),
        CASE(test_destroyed_while_calling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
