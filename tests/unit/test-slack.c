#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <nettle/hmac.h>

#include "adapters/adapter.h"
#include "adapters/http_client.h"
#include "adapters/http_server.h"
#include "adapters/slack.h"
#include "adapters/slack_format.h"
#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/dispatch.h"
#include "bot/host/loop.h"
#include "bot/host/metrics.h"

/*
 * The whole adapter between a Slack that does what a script says (an HTTP server, too) and a
 * dispatch of this test's own, which only remembers.
 */
enum { TURNS_MAX = 500, TURN_MS = 20, KEPT_MAX = 8 };

#define SECRET "8f742231b10e8888abcd99yyyzzz85a5"

/* ---- a dispatch that remembers ---- */

struct dispatch {
    char text[KEPT_MAX][200], address[KEPT_MAX][300], delivery[KEPT_MAX][200];
    bool from_bot[KEPT_MAX], now[KEPT_MAX];
    size_t taken;
    message_settled *settled[KEPT_MAX];
    void *contexts[KEPT_MAX];
    size_t open;
    enum settled how;
    bool full;
    char gap[200];
    size_t deliveries;
    enum delivered result;
    uint64_t after_ms;
    char why[200];
};

static void keep(char *ret, size_t cap, const char *text, size_t len)
{
    snprintf(ret, cap, "%.*s", (int)len, text ? text : "");
}

bool dispatch_take(struct dispatch *dispatch, const struct message *message, int64_t now_ms,
                   message_settled *settled, void *context)
{
    assert_true(now_ms > 0);
    if (dispatch->full) {
        return false;
    }
    size_t i = dispatch->taken++ % KEPT_MAX;
    keep(dispatch->text[i], sizeof(dispatch->text[i]), message->text, message->len);
    keep(dispatch->address[i], sizeof(dispatch->address[i]), message->address,
         strlen(message->address));
    keep(dispatch->delivery[i], sizeof(dispatch->delivery[i]), message->delivery,
         message->delivery ? strlen(message->delivery) : 0);
    dispatch->from_bot[i] = message->from_bot;
    dispatch->now[i] = message->answer_now;
    dispatch->settled[dispatch->open] = settled;
    dispatch->contexts[dispatch->open++] = context;
    return true;
}

void dispatch_delivered(struct dispatch *dispatch, int64_t id, enum delivered how,
                        uint64_t after_ms, const char *why, int64_t now_ms)
{
    assert_int_equal(id, 7);
    assert_true(now_ms > 0);
    dispatch->deliveries++;
    dispatch->result = how;
    dispatch->after_ms = after_ms;
    keep(dispatch->why, sizeof(dispatch->why), why, why ? strlen(why) : 0);
}

void dispatch_gap(struct dispatch *dispatch, const char *kind, const char *text, size_t len,
                  int64_t now_ms)
{
    assert_string_equal(kind, "wrong");
    assert_true(now_ms > 0);
    keep(dispatch->gap, sizeof(dispatch->gap), text, len);
}

uint64_t dispatch_waiting(const struct dispatch *dispatch)
{
    return dispatch->open;
}

/* ---- the bench ---- */

enum place { AUTH, POST, REPLIES, HISTORY, RESPONSE, WEBHOOK, PLACES };
static const char *const paths[PLACES] = {"/api/auth.test",
                                          "/api/chat.postMessage",
                                          "/api/conversations.replies",
                                          "/api/conversations.history",
                                          "/response",
                                          "/webhook"};

static struct {
    struct loop *loop;
    struct metrics *metrics;
    struct http_server *server; /* ours */
    struct http_server *slack;
    struct http_client *client;
    struct dispatch dispatch;
    struct config config;
    struct adapter *adapter;
    char api[100], hosts[100], webhook[100];
    struct {
        unsigned status;
        const char *body, *header;
        bool silent; /* takes the request, and never answers */
        size_t calls;
        char seen[SLACK_PAYLOAD_MAX], authorization[100];
    } places[PLACES];
    struct http_request *silenced;
} bench;

static void on_slack(void *context, struct http_request *request)
{
    size_t place = (size_t)((const char *const *)context - paths), len;
    const char *body = http_request_body(request, &len);
    const char *authorization = http_request_header(request, "Authorization");
    bench.places[place].calls++;
    keep(bench.places[place].seen, sizeof(bench.places[place].seen), body, len);
    keep(bench.places[place].authorization, sizeof(bench.places[place].authorization),
         authorization, authorization ? strlen(authorization) : 0);
    if (bench.places[place].silent) {
        bench.silenced = request;
        return;
    }
    const char *extra[] = {bench.places[place].header, NULL};
    http_respond(request, bench.places[place].status, "application/json", bench.places[place].body,
                 strlen(bench.places[place].body), extra);
}

static void settle_all(void)
{
    static const char payload[] = "{\"text\":\"the answer\"}";
    struct dispatch *dispatch = &bench.dispatch;
    const struct answer answer = {NULL, NULL, payload, sizeof(payload) - 1};
    for (size_t i = 0; i < dispatch->open; i++) {
        dispatch->settled[i](dispatch->contexts[i], dispatch->how,
                             dispatch->how == SETTLED_ANSWERED ? &answer : NULL);
    }
    dispatch->open = 0;
}

static void turn(void)
{
    struct error err = {0};
    struct pollset *pollset = loop_begin(bench.loop);
    http_server_prepare(bench.server, pollset, loop_now_ms(bench.loop));
    http_server_prepare(bench.slack, pollset, loop_now_ms(bench.loop));
    bench.adapter->ops->prepare(bench.adapter, pollset);
    pollset_wake_at(pollset, loop_now_ms(bench.loop) + TURN_MS);
    assert_true(loop_wait(bench.loop, &err));
    http_server_dispatch(bench.server, pollset, loop_now_ms(bench.loop));
    http_server_dispatch(bench.slack, pollset, loop_now_ms(bench.loop));
    bench.adapter->ops->dispatch(bench.adapter, pollset, loop_now_ms(bench.loop));
    settle_all();
    http_server_flush(bench.server);
    http_server_flush(bench.slack);
}

static void script(enum place place, unsigned status, const char *body, const char *header)
{
    bench.places[place].status = status;
    bench.places[place].body = body;
    bench.places[place].header = header;
}

static void set_env(const char *name, const char *value)
{
    assert_int_equal(setenv(name, value, 1), 0);
}

static void configure(bool token, bool webhook)
{
    static char label[] = "", path[] = "/slack", team[] = "";
    static char signing[] = "TEST_SIGNING", bot[] = "TEST_TOKEN", hook[] = "TEST_WEBHOOK";
    unsigned port = http_server_port(bench.slack);
    snprintf(bench.api, sizeof(bench.api), "http://127.0.0.1:%u/api", port);
    snprintf(bench.hosts, sizeof(bench.hosts), "hooks.slack.com, 127.0.0.1:%u", port);
    snprintf(bench.webhook, sizeof(bench.webhook), "http://127.0.0.1:%u/webhook", port);
    set_env(signing, SECRET);
    set_env(bot, "xoxb-1");
    set_env(hook, bench.webhook);
    bench.config.slack_count = 1;
    bench.config.slack[0] = (struct config_slack){.label = label,
                                                  .path = path,
                                                  .api = bench.api,
                                                  .team = team,
                                                  .signing_secret = {.env = signing},
                                                  .response_hosts = bench.hosts};
    if (token) {
        bench.config.slack[0].bot_token.env = bot;
    }
    if (webhook) {
        bench.config.slack[0].webhook.env = hook;
    }
}

static void create(bool token, bool webhook)
{
    struct error err = {0};
    configure(token, webhook);
    const struct adapter_setup setup = {.config = &bench.config,
                                        .dispatch = &bench.dispatch,
                                        .loop = bench.loop,
                                        .server = bench.server,
                                        .client = bench.client,
                                        .metrics = bench.metrics};
    if (!adapter_slack.create(&setup, &bench.adapter, &err)) {
        fail_msg("%s", err.text);
    }
    bench.adapter->ops->start(bench.adapter, loop_now_ms(bench.loop));
}

static enum adapter_health health(void)
{
    struct adapter_status status;
    bench.adapter->ops->status(bench.adapter, &status);
    return status.health;
}

static void await_health(enum adapter_health wanted)
{
    for (size_t i = 0; i < TURNS_MAX && health() != wanted; i++) {
        turn();
    }
    assert_int_equal(health(), wanted);
}

static int set_up(void **state)
{
    struct error err = {0};
    (void)state;
    memset(&bench, 0, sizeof(bench));
    bench.loop = loop_create(&err);
    bench.metrics = metrics_create();
    bench.client = http_client_create(bench.loop);
    if (!http_server_create("127.0.0.1:0", bench.metrics, &bench.server, &err) ||
        !http_server_create("127.0.0.1:0", bench.metrics, &bench.slack, &err)) {
        return -1;
    }
    for (size_t i = 0; i < PLACES; i++) {
        union {
            const char *const *from;
            void *to;
        } context = {.from = &paths[i]};
        http_server_route(bench.slack, "POST", paths[i], on_slack, context.to);
        script((enum place)i, 200, "{\"ok\":true,\"messages\":[]}", NULL);
    }
    script(AUTH, 200, "{\"ok\":true,\"team_id\":\"T1\",\"user_id\":\"UBOT\",\"bot_id\":\"BBOT\"}",
           NULL);
    script(RESPONSE, 200, "ok", NULL);
    script(WEBHOOK, 200, "ok", NULL);
    return 0;
}

static int set_up_ready(void **state)
{
    if (set_up(state) != 0) {
        return -1;
    }
    create(true, false);
    await_health(ADAPTER_READY);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (bench.adapter != NULL) {
        bench.adapter->ops->destroy(bench.adapter);
    }
    http_client_destroy(bench.client);
    http_server_destroy(bench.server);
    http_server_destroy(bench.slack);
    metrics_destroy(bench.metrics);
    loop_destroy(bench.loop);
    return 0;
}

/* ---- what Slack sends ---- */

struct said {
    long status; /* 0: no answer yet */
    char body[4000];
};

static void on_said(void *context, const struct http_answer *answer)
{
    struct said *said = context;
    said->status = answer->status;
    keep(said->body, sizeof(said->body), answer->body, answer->len);
}

static void sign(const char *time, const char *body, char ret[100])
{
    struct hmac_sha256_ctx hmac;
    uint8_t digest[SHA256_DIGEST_SIZE];
    hmac_sha256_set_key(&hmac, strlen(SECRET), (const uint8_t *)SECRET);
    hmac_sha256_update(&hmac, 3, (const uint8_t *)"v0:");
    hmac_sha256_update(&hmac, strlen(time), (const uint8_t *)time);
    hmac_sha256_update(&hmac, 1, (const uint8_t *)":");
    hmac_sha256_update(&hmac, strlen(body), (const uint8_t *)body);
    hmac_sha256_digest(&hmac, sizeof(digest), digest);
    snprintf(ret, 100, "X-Slack-Signature: v0=");
    for (size_t i = 0; i < sizeof(digest); i++) {
        snprintf(ret + strlen(ret), 100 - strlen(ret), "%02x", digest[i]);
    }
}

static void send_signed(const char *path, const char *type, const char *body, int64_t skew_s,
                        struct said *ret)
{
    char url[200], time[40], stamp[80], signature[100], content[100];
    struct error err = {0};
    *ret = (struct said){0};
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", http_server_port(bench.server), path);
    snprintf(time, sizeof(time), "%" PRId64, loop_wall_ms(bench.loop) / 1000 + skew_s);
    snprintf(stamp, sizeof(stamp), "X-Slack-Request-Timestamp: %s", time);
    snprintf(content, sizeof(content), "Content-Type: %s", type);
    sign(time, body, signature);
    const char *headers[] = {content, stamp, signature, NULL};
    const struct http_call call = {"POST", url, headers, body, strlen(body), 0};
    assert_true(http_client_send(bench.client, &call, on_said, ret, &err));
    for (size_t i = 0; i < TURNS_MAX && ret->status == 0; i++) {
        turn();
    }
}

#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"
#define EVENT(id, event) \
    "{\"type\":\"event_callback\",\"team_id\":\"T1\",\"event_id\":\"" id "\",\"event\":{" event "}}"
#define DIRECT "\"type\":\"message\",\"channel\":\"D1\",\"ts\":\"17.1\",\"user\":\"U1\","
#define COMMAND \
    "team_id=T1&channel_id=C1&user_id=U1&trigger_id=1.2.ab&command=%2Fwhether&text=x+or+y"

static void test_event(void **state)
{
    (void)state;
    struct said said;
    send_signed("/slack/events", JSON, EVENT("Ev1", DIRECT "\"text\":\"x or y?\""), 0, &said);
    assert_int_equal(said.status, 200);
    assert_string_equal(said.body, "");
    assert_int_equal(bench.dispatch.taken, 1);
    assert_string_equal(bench.dispatch.text[0], "x or y?");
    assert_string_equal(bench.dispatch.delivery[0], "Ev1");
    assert_string_equal(bench.dispatch.address[0], "post D1 - -");
    assert_false(bench.dispatch.now[0]);
}

/* Acknowledged only for what is stored (S6, S9). */
static void test_event_settled(void **state)
{
    (void)state;
    static const struct {
        enum settled how;
        long status;
    } rows[] = {{SETTLED_ANSWERED, 200},
                {SETTLED_SILENT, 200},
                {SETTLED_KNOWN, 200},
                {SETTLED_GUARDED, 200},
                {SETTLED_FAILED, 503}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct said said;
        bench.dispatch.how = rows[i].how;
        send_signed("/slack/events", JSON, EVENT("Ev1", DIRECT "\"text\":\"x\""), 0, &said);
        assert_int_equal(said.status, rows[i].status);
    }
    struct said said;
    bench.dispatch.full = true;
    send_signed("/slack/events", JSON, EVENT("Ev1", DIRECT "\"text\":\"x\""), 0, &said);
    assert_int_equal(said.status, 503);
    send_signed("/slack/commands", FORM, COMMAND, 0, &said);
    assert_int_equal(said.status, 200);
    assert_non_null(strstr(said.body, "ask again"));
}

static void test_challenge(void **state)
{
    (void)state;
    struct said said;
    send_signed("/slack/events", JSON, "{\"type\":\"url_verification\",\"challenge\":\"a\\\"b\"}",
                0, &said);
    assert_int_equal(said.status, 200);
    assert_string_equal(said.body, "{\"challenge\":\"a\\\"b\"}");
    send_signed("/slack/events", JSON, "{\"type\":\"url_verification\",\"challenge\":\"a\"}", -600,
                &said);
    assert_int_equal(said.status, 401); /* S4: signed, too */
}

static void test_command(void **state)
{
    (void)state;
    static const struct {
        enum settled how;
        const char *body;
    } rows[] = {{SETTLED_ANSWERED, "{\"text\":\"the answer\"}"},
                {SETTLED_KNOWN, ""},
                {SETTLED_SILENT, ""},
                {SETTLED_GUARDED, "{\"response_type\":\"ephemeral\",\"text\":\"That was a lot at "
                                  "once. Please ask again in a minute.\"}"},
                {SETTLED_FAILED, "{\"response_type\":\"ephemeral\",\"text\":\"I can't take that "
                                 "right now. Please ask again in a moment.\"}"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct said said;
        bench.dispatch.how = rows[i].how;
        send_signed("/slack/commands", FORM, COMMAND, 0, &said);
        assert_int_equal(said.status, 200);
        assert_string_equal(said.body, rows[i].body);
        assert_true(bench.dispatch.now[i]);
    }
    struct said said;
    send_signed("/slack/commands", FORM, "ssl_check=1&token=x", 0, &said); /* S5 */
    assert_int_equal(said.status, 200);
    assert_string_equal(said.body, "");
    assert_int_equal(bench.dispatch.taken, ARRAY_LEN(rows));
}

static void test_rejected(void **state)
{
    (void)state;
    struct said said;
    send_signed("/slack/events", JSON, "{", 0, &said);
    assert_int_equal(said.status, 400);
    send_signed("/slack/events", FORM, "{}", 0, &said);
    assert_int_equal(said.status, 415);
    send_signed("/slack/commands", JSON, COMMAND, 0, &said);
    assert_int_equal(said.status, 415);
    send_signed("/slack/events", JSON, "{}", 360, &said); /* S2: six minutes off, either way */
    assert_int_equal(said.status, 401);
    send_signed("/slack/events", JSON, "{}", -360, &said);
    assert_int_equal(said.status, 401);
    assert_int_equal(metrics_value(bench.metrics, METRIC_REJECTED, "signature_stale"), 2);
    assert_int_equal(metrics_value(bench.metrics, METRIC_REJECTED, "malformed"), 1);
    assert_int_equal(metrics_value(bench.metrics, METRIC_REJECTED, "content_type"), 2);
    assert_int_equal(bench.dispatch.taken, 0);
    /* Not an error to Slack (S12). */
    send_signed("/slack/events", JSON,
                "{\"type\":\"event_callback\",\"team_id\":\"T2\",\"event\":{" DIRECT
                "\"text\":\"x\"}}",
                0, &said);
    assert_int_equal(said.status, 200);
    send_signed("/slack/commands", FORM, "team_id=T2&channel_id=C1&user_id=U1&trigger_id=1&text=x",
                0, &said);
    assert_int_equal(said.status, 200);
    assert_non_null(strstr(said.body, "workspace"));
    assert_int_equal(bench.dispatch.taken, 0);
}

#define PRESS(action, more)                                                                       \
    "{\"type\":\"block_actions\",\"team\":{\"id\":\"T1\"},\"user\":{\"id\":\"U1\"},\"channel\":{" \
    "\"id\":\"C1\"},\"trigger_id\":\"9\",\"container\":{\"message_ts\":\"20.1\"},"                \
    "\"response_url\":\"http://127.0.0.1:%u/response\",\"actions\":[{\"action_id\":\"" action     \
    "\"" more "}]}"

static void press(const char *format, struct said *ret)
{
    char payload[1000];
    struct buf body;
    /* The one %u of PRESS. */
    const char *mark = strstr(format, "%u");
    snprintf(payload, sizeof(payload), "%.*s%u%s", (int)(mark - format), format,
             http_server_port(bench.slack), mark + 2);
    buf_init(&body, 10000);
    buf_puts(&body, "payload=");
    for (const char *at = payload; *at; at++) {
        buf_printf(&body, "%%%02x", (unsigned)(unsigned char)*at);
    }
    send_signed("/slack/actions", FORM, body.data, 0, ret);
    buf_finish(&body);
}

static void test_buttons(void **state)
{
    (void)state;
    struct said said;
    press(PRESS("whether_why", ""), &said);
    assert_int_equal(said.status, 200);
    assert_string_equal(bench.dispatch.text[0], "why?");
    press(PRESS("whether_wrong", ",\"value\":\"x or y?\""), &said);
    assert_int_equal(said.status, 200);
    assert_string_equal(bench.dispatch.gap, "x or y?");
    for (size_t i = 0; i < TURNS_MAX && bench.places[RESPONSE].calls == 0; i++) {
        turn();
    }
    assert_int_equal(bench.places[RESPONSE].calls, 1);
    assert_non_null(strstr(bench.places[RESPONSE].seen, "Noted."));
    assert_non_null(strstr(bench.places[RESPONSE].seen, "\"response_type\":\"ephemeral\""));
    assert_non_null(strstr(bench.places[RESPONSE].seen, "\"replace_original\":false"));
    assert_string_equal(bench.places[RESPONSE].authorization, "");
}

/* ---- what the bot says ---- */

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
    const struct adapter_setup setup = {.config = &bench.config,
                                        .dispatch = &bench.dispatch,
                                        .loop = bench.loop,
                                        .server = bench.server,
                                        .client = bench.client,
                                        .metrics = bench.metrics};
    assert_true(adapter_slack.create(&setup, &bench.adapter, &err));
    bench.adapter->ops->start(bench.adapter, loop_now_ms(bench.loop));
    await_health(ADAPTER_FAILED);
}

static void test_create_refused(void **state)
{
    (void)state;
    struct error err = {0};
    struct adapter *adapter = NULL;
    configure(true, false);
    struct adapter_setup setup = {.config = &bench.config,
                                  .dispatch = &bench.dispatch,
                                  .loop = bench.loop,
                                  .client = bench.client,
                                  .metrics = bench.metrics};
    assert_false(adapter_slack.create(&setup, &adapter, &err));
    setup.server = bench.server;
    bench.config.slack[0].signing_secret.env = NULL;
    err = (struct error){0};
    assert_false(adapter_slack.create(&setup, &adapter, &err)); /* fails closed */
    assert_non_null(strstr(err.text, "signing_secret"));
    assert_null(adapter);
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

/* Two workspaces of one app share its path; each takes its own. */
static void test_two_teams(void **state)
{
    (void)state;
    static char label[] = "two", team[] = "T2";
    struct error err = {0};
    struct adapter *second = NULL;
    struct said said;
    bench.config.slack[1] = bench.config.slack[0];
    bench.config.slack[1].label = label;
    bench.config.slack[1].team = team;
    bench.config.slack_count = 2;
    const struct adapter_setup setup = {.config = &bench.config,
                                        .instance = 1,
                                        .dispatch = &bench.dispatch,
                                        .loop = bench.loop,
                                        .server = bench.server,
                                        .client = bench.client,
                                        .metrics = bench.metrics};
    assert_true(adapter_slack.create(&setup, &second, &err));
    assert_string_equal(second->name, "slack two");
    send_signed("/slack/commands", FORM,
                "team_id=T2&channel_id=C1&user_id=U1&trigger_id=2&text=second", 0, &said);
    assert_string_equal(bench.dispatch.text[0], "second");
    send_signed("/slack/commands", FORM, COMMAND, 0, &said);
    assert_string_equal(bench.dispatch.text[1], "x or y");
    send_signed("/slack/commands", FORM,
                "team_id=T3&channel_id=C1&user_id=U1&trigger_id=3&text=third", 0, &said);
    assert_int_equal(bench.dispatch.taken, 2);
    assert_int_equal(metrics_value(bench.metrics, METRIC_REJECTED, "other_team"), 1);
    second->ops->destroy(second);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up_ready, tear_down)
#define BARE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_event),
        CASE(test_event_settled),
        CASE(test_challenge),
        CASE(test_command),
        CASE(test_rejected),
        CASE(test_buttons),
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
        BARE(test_webhook_only),
        BARE(test_auth_refused),
        BARE(test_auth_again),
        BARE(test_wrong_team),
        BARE(test_create_refused),
        CASE(test_destroyed_while_calling),
        CASE(test_two_teams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
