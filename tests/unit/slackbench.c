#include "tests/unit/slackbench.h"

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

#include "adapters/http_client.h"
#include "adapters/http_server.h"
#include "adapters/slack.h"
#include "bot/base/error.h"
#include "bot/host/dispatch.h"
#include "bot/host/loop.h"
#include "bot/host/metrics.h"

struct slackbench bench;

/* ---- a dispatch that remembers ---- */

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
    keep(dispatch->adapter[i], sizeof(dispatch->adapter[i]), message->adapter,
         strlen(message->adapter));
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

bool dispatch_gap(struct dispatch *dispatch, const char *kind, const char *text, size_t len,
                  int64_t now_ms, message_settled *settled, void *context)
{
    assert_string_equal(kind, "wrong");
    assert_true(now_ms > 0);
    if (dispatch->full) {
        return false;
    }
    keep(dispatch->gap, sizeof(dispatch->gap), text, len);
    dispatch->settled[dispatch->open] = settled;
    dispatch->contexts[dispatch->open++] = context;
    return true;
}

uint64_t dispatch_waiting(const struct dispatch *dispatch)
{
    return dispatch->open;
}

/* ---- the bench ---- */

static const char *const paths[PLACES] = {"/api/auth.test",
                                          "/api/chat.postMessage",
                                          "/api/conversations.replies",
                                          "/api/conversations.history",
                                          "/response",
                                          "/webhook"};

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

void turn(void)
{
    struct error err = {0};
    struct pollset *pollset = loop_begin(bench.loop);
    http_server_prepare(bench.server, pollset, loop_now_ms(bench.loop));
    http_server_prepare(bench.slack, pollset, loop_now_ms(bench.loop));
    pollset_wake_at(pollset, loop_now_ms(bench.loop) + TURN_MS);
    assert_true(loop_wait(bench.loop, &err));
    http_server_dispatch(bench.server, pollset, loop_now_ms(bench.loop));
    http_server_dispatch(bench.slack, pollset, loop_now_ms(bench.loop));
    settle_all();
    http_server_flush(bench.server);
    http_server_flush(bench.slack);
}

void script(enum place place, unsigned status, const char *body, const char *header)
{
    bench.places[place].status = status;
    bench.places[place].body = body;
    bench.places[place].header = header;
}

static void set_env(const char *name, const char *value)
{
    assert_int_equal(setenv(name, value, 1), 0);
}

void configure(bool token, bool webhook)
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
    bench.config.slack = bench.sections;
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

struct adapter_setup setup_of(size_t instance)
{
    return (struct adapter_setup){.config = &bench.config,
                                  .instance = instance,
                                  .dispatch = &bench.dispatch,
                                  .loop = bench.loop,
                                  .server = bench.server,
                                  .client = bench.client,
                                  .metrics = bench.metrics,
                                  .common = &bench.common};
}

void create(bool token, bool webhook)
{
    struct error err = {0};
    configure(token, webhook);
    const struct adapter_setup setup = setup_of(0);
    if (!adapter_slack.create(&setup, &bench.adapter, &err)) {
        fail_msg("%s", err.text);
    }
    bench.adapter->ops->start(bench.adapter, loop_now_ms(bench.loop));
}

enum adapter_health health(void)
{
    struct adapter_status status;
    bench.adapter->ops->status(bench.adapter, &status);
    return status.health;
}

void await_health(enum adapter_health wanted)
{
    for (size_t i = 0; i < TURNS_MAX && health() != wanted; i++) {
        turn();
    }
    assert_int_equal(health(), wanted);
}

int set_up(void **state)
{
    struct error err = {0};
    (void)state;
    memset(&bench, 0, sizeof(bench));
    bench.secret = SECRET;
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

int set_up_ready(void **state)
{
    if (set_up(state) != 0) {
        return -1;
    }
    create(true, false);
    await_health(ADAPTER_READY);
    return 0;
}

int tear_down(void **state)
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

static void on_said(void *context, const struct http_answer *answer)
{
    struct said *said = context;
    said->status = answer->status;
    keep(said->body, sizeof(said->body), answer->body, answer->len);
}

void sign_with(const char *secret)
{
    bench.secret = secret;
}

static void sign(const char *time, const char *body, char ret[100])
{
    struct hmac_sha256_ctx hmac;
    uint8_t digest[SHA256_DIGEST_SIZE];
    hmac_sha256_set_key(&hmac, strlen(bench.secret), (const uint8_t *)bench.secret);
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

void send_signed(const char *path, const char *type, const char *body, int64_t skew_s,
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
