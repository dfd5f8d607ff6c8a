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
#include "bot/host/metrics.h"
#include "tests/unit/slackbench.h"

/* Hearing: what Slack sends, and what becomes of it. */

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

static void await_response(size_t calls)
{
    for (size_t i = 0; i < TURNS_MAX && bench.places[RESPONSE].calls < calls; i++) {
        turn();
    }
    assert_int_equal(bench.places[RESPONSE].calls, calls);
}

/* "Noted" is said of what is noted. */
static void test_wrong_that_cannot_be_noted(void **state)
{
    (void)state;
    struct said said;
    bench.dispatch.how = SETTLED_FAILED;
    press(PRESS("whether_wrong", ",\"value\":\"x or y?\""), &said);
    assert_int_equal(said.status, 200);
    await_response(1);
    assert_non_null(strstr(bench.places[RESPONSE].seen, "couldn't note"));
    bench.dispatch.full = true;
    press(PRESS("whether_wrong", ",\"value\":\"x or y?\""), &said);
    assert_int_equal(said.status, 200);
    await_response(2);
    assert_non_null(strstr(bench.places[RESPONSE].seen, "couldn't note"));
    /* Of an answer whose question was not kept there is nothing to note. */
    bench.dispatch.gap[0] = '\0';
    press(PRESS("whether_wrong", ""), &said);
    await_response(3);
    assert_non_null(strstr(bench.places[RESPONSE].seen, "Noted."));
    assert_string_equal(bench.dispatch.gap, "");
    /* Without a response_url, Slack's own mark of a failure is all there is. */
    bench.config.slack[0].response_hosts = (char[]){"hooks.slack.com"};
    press(PRESS("whether_wrong", ",\"value\":\"x or y?\""), &said);
    assert_int_equal(said.status, 503);
    assert_int_equal(bench.places[RESPONSE].calls, 3);
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
                                  .metrics = bench.metrics,
                                  .common = &bench.common};
    assert_false(adapter_slack.create(&setup, &adapter, &err));
    setup.server = bench.server;
    bench.config.slack[0].signing_secret.env = NULL;
    err = (struct error){0};
    assert_false(adapter_slack.create(&setup, &adapter, &err)); /* fails closed */
    assert_non_null(strstr(err.text, "signing_secret"));
    assert_null(adapter);
}

/* Another section beside the first one. Borrows the texts; "" for a team that is not named. */
static struct adapter *join(const char *label, const char *team, const char *secret_env)
{
    static char texts[3][40];
    struct error err = {0};
    struct adapter *adapter = NULL;
    snprintf(texts[0], sizeof(texts[0]), "%s", label);
    snprintf(texts[1], sizeof(texts[1]), "%s", team);
    snprintf(texts[2], sizeof(texts[2]), "%s", secret_env);
    bench.sections[1] = bench.sections[0];
    bench.sections[1].label = texts[0];
    bench.sections[1].team = texts[1];
    bench.sections[1].signing_secret.env = texts[2];
    bench.config.slack_count = 2;
    const struct adapter_setup setup = setup_of(1);
    if (!adapter_slack.create(&setup, &adapter, &err)) {
        fail_msg("%s", err.text);
    }
    return adapter;
}

#define COMMAND_OF(team, text) \
    "team_id=" team "&channel_id=C1&user_id=U1&trigger_id=" team "&text=" text

static void command(const char *body, struct said *ret)
{
    send_signed("/slack/commands", FORM, body, 0, ret);
}

/* Two workspaces of one app share its path; each takes its own. */
static void test_two_teams(void **state)
{
    (void)state;
    struct said said;
    struct adapter *second = join("two", "T2", "TEST_SIGNING");
    assert_string_equal(second->name, "slack two");
    command(COMMAND_OF("T2", "second"), &said);
    assert_string_equal(bench.dispatch.text[0], "second");
    assert_string_equal(bench.dispatch.adapter[0], "slack two");
    command(COMMAND, &said);
    assert_string_equal(bench.dispatch.text[1], "x or y");
    assert_string_equal(bench.dispatch.adapter[1], "slack");
    command(COMMAND_OF("T3", "third"), &said);
    assert_non_null(strstr(said.body, "not set up for this workspace"));
    assert_int_equal(bench.dispatch.taken, 2);
    assert_int_equal(metrics_value(bench.metrics, METRIC_REJECTED, "other_team"), 1);
    second->ops->destroy(second);
    command(COMMAND_OF("T2", "gone"), &said);
    assert_int_equal(bench.dispatch.taken, 2);
    assert_int_equal(metrics_value(bench.metrics, METRIC_REJECTED, "other_team"), 2);
}

/* Two apps behind one path: each is known by its own secret, whatever team a body claims. */
static void test_two_apps(void **state)
{
    (void)state;
    struct said said;
    assert_int_equal(setenv("TEST_OTHER", "the other app's", 1), 0);
    struct adapter *second = join("other", "T2", "TEST_OTHER");
    command(COMMAND_OF("T2", "forged"), &said); /* signed by the first app */
    assert_non_null(strstr(said.body, "not set up for this workspace"));
    assert_int_equal(bench.dispatch.taken, 0);
    sign_with("the other app's");
    command(COMMAND_OF("T2", "true"), &said);
    assert_int_equal(said.status, 200);
    assert_string_equal(bench.dispatch.adapter[0], "slack other");
    command(COMMAND, &said); /* of the first app's workspace, signed by the second */
    assert_int_equal(bench.dispatch.taken, 1);
    sign_with("nobody's");
    command(COMMAND, &said);
    assert_int_equal(said.status, 401);
    second->ops->destroy(second);
    sign_with("the other app's");
    command(COMMAND_OF("T2", "gone"), &said);
    assert_int_equal(said.status, 401);
    assert_int_equal(bench.dispatch.taken, 1);
}

/* While a secret is being changed one section may have both, the other the new one only. */
static void test_secret_half_changed(void **state)
{
    (void)state;
    struct said said;
    assert_int_equal(setenv("TEST_BOTH", "new\n" SECRET, 1), 0);
    struct adapter *second = join("two", "T2", "TEST_BOTH");
    command(COMMAND_OF("T2", "by the old one"), &said);
    assert_string_equal(bench.dispatch.adapter[0], "slack two");
    sign_with("new");
    command(COMMAND_OF("T2", "by the new one"), &said);
    assert_int_equal(bench.dispatch.taken, 2);
    second->ops->destroy(second);
}

/* The last one closes the door behind it, the next one opens it again. */
static void test_everybody_leaves(void **state)
{
    (void)state;
    struct said said;
    bench.adapter->ops->destroy(bench.adapter);
    assert_null(bench.common);
    command(COMMAND, &said);
    assert_int_equal(said.status, 404);
    create(true, false);
    command(COMMAND, &said);
    assert_int_equal(said.status, 200);
}

/* A reload that changes nothing of it puts the same words elsewhere. */
static void test_follows_its_configuration(void **state)
{
    (void)state;
    struct said said;
    struct config_slack elsewhere[3] = {[2] = bench.sections[0]};
    struct config config = bench.config;
    config.slack = elsewhere;
    bench.adapter->ops->follow(bench.adapter, &config, 2);
    memset(bench.sections, 0xff, sizeof(bench.sections));
    send_signed("/slack/events", JSON, EVENT("Ev1", DIRECT "\"text\":\"x or y?\""), 0, &said);
    assert_int_equal(said.status, 200);
    assert_int_equal(bench.dispatch.taken, 1);
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
        CASE(test_wrong_that_cannot_be_noted),
        BARE(test_create_refused),
        CASE(test_two_teams),
        CASE(test_two_apps),
        CASE(test_secret_half_changed),
        CASE(test_everybody_leaves),
        CASE(test_follows_its_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
