#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/adapter.h"
#include "adapters/api.h"
#include "adapters/health.h"
#include "adapters/http_server.h"
#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/dispatch.h"
#include "bot/host/metrics.h"
#include "knowledge/pack.h"
#include "tests/unit/http-bench.h"

/* POST /api/ask and what watchers ask, over a dispatch of this test's own. */

struct dispatch {
    char text[200], conversation[300], pack[200], person[60], facts[200];
    bool has_conversation, has_pack, has_person, has_facts;
    size_t taken;
    enum settled how;
    bool full, ill;
};

static struct dispatch fake;
static struct config config;
static struct adapter *adapter;

static bool keep(char *ret, size_t cap, const char *text)
{
    snprintf(ret, cap, "%s", text ? text : "");
    return text != NULL;
}

/* Settles at once, which the real one never does; nothing here depends on it. */
bool dispatch_take(struct dispatch *dispatch, const struct message *message, int64_t now_ms,
                   message_settled *settled, void *context)
{
    assert_true(now_ms > 0 && message->answer_now && !message->delivery && !message->identity);
    assert_int_equal(message->surface, SURFACE_DM);
    if (dispatch->full) {
        return false;
    }
    dispatch->taken++;
    snprintf(dispatch->text, sizeof(dispatch->text), "%.*s", (int)message->len, message->text);
    dispatch->has_conversation =
        keep(dispatch->conversation, sizeof(dispatch->conversation), message->conversation);
    dispatch->has_pack = keep(dispatch->pack, sizeof(dispatch->pack), message->pack);
    dispatch->has_person = keep(dispatch->person, sizeof(dispatch->person), message->person);
    dispatch->has_facts = keep(dispatch->facts, sizeof(dispatch->facts), message->facts);

    struct buf payload;
    struct reply reply = {0};
    const struct outcome outcome = {.kind = KIND_META};
    reply_add(&reply, BLOCK_LEAD, "%s", "Hello!");
    buf_init(&payload, 10000);
    assert_true(adapter->ops->format(adapter, message, &outcome, &reply, &payload));
    const struct answer answer = {&outcome, &reply, payload.data, payload.len};
    settled(context, dispatch->how, dispatch->how == SETTLED_ANSWERED ? &answer : NULL);
    buf_finish(&payload);
    return true;
}

void dispatch_delivered(struct dispatch *dispatch, int64_t id, enum delivered how,
                        uint64_t after_ms, const char *why, int64_t now_ms)
{
    (void)dispatch;
    (void)id;
    (void)after_ms;
    (void)why;
    (void)now_ms;
    assert_int_equal(how, DELIVERY_REFUSED);
}

uint64_t dispatch_waiting(const struct dispatch *dispatch)
{
    (void)dispatch;
    return 5;
}

static struct pack_situation situations[] = {{.id = "s1"}, {.id = "s2"}}, others[] = {{.id = "s3"}};
static const struct pack first = {
    .id = "p", .question = "\"A\" or B?", .situations = situations, .situation_count = 2};
static const struct pack second = {
    .id = "q", .question = "C or D?", .situations = others, .situation_count = 1};
static const struct knowledge packs = {.packs = {&first, &second}, .count = 2};

const struct knowledge *dispatch_knowledge(const struct dispatch *dispatch)
{
    (void)dispatch;
    return &packs;
}

bool dispatch_healthy(const struct dispatch *dispatch)
{
    return !dispatch->ill;
}

#define ORIGIN "https://intranet.example"

static bool create(bool token, bool open, struct error *err)
{
    static char origins[] = "https://other.example:8443, " ORIGIN;
    static char env[] = "TEST_API_TOKEN";
    assert_int_equal(setenv(env, "s3cret", 1), 0);
    memset(&fake, 0, sizeof(fake));
    memset(&config, 0, sizeof(config));
    config.has_api = true;
    config.api.open = open;
    config.api.origins = origins;
    config.api.token.env = token ? env : NULL;
    const struct adapter_setup setup = http_bench_adapter(&config, &fake);
    assert_int_equal(adapter_api.count(&config), 1);
    return adapter_api.create(&setup, &adapter, err);
}

static int tear_down(void **state)
{
    if (adapter != NULL) {
        adapter->ops->destroy(adapter);
        adapter = NULL;
    }
    return http_bench_tear_down(state);
}

static int set_up_open(void **state)
{
    return http_bench_set_up(state) == 0 && create(false, true, NULL) ? 0 : -1;
}

static int set_up_token(void **state)
{
    return http_bench_set_up(state) == 0 && create(true, false, NULL) ? 0 : -1;
}

/* line: method and path. */
static void request(const char *line, const char *headers, const char *body,
                    char answer[ANSWER_TEXT_MAX])
{
    char text[ANSWER_TEXT_MAX];
    int fd = dial();
    snprintf(text, sizeof(text),
             "%s HTTP/1.1\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n%s", line,
             strlen(body), headers, body);
    say(fd, text);
    hear(fd, NULL, answer, NULL);
    close(fd);
}

static void expect_of(const char *line, const char *headers, const char *body, const char *status,
                      const char *contains)
{
    char answer[ANSWER_TEXT_MAX];
    request(line, headers, body, answer);
    if (strncmp(answer + 9, status, 3) != 0 || strstr(answer, contains) == NULL) {
        fail_msg("%s\n%s\n%s\nwas answered by\n%s", line, headers, body, answer);
    }
}

static void expect(const char *headers, const char *body, const char *status, const char *contains)
{
    expect_of("POST /api/ask", headers, body, status, contains);
}

#define TYPE "Content-Type: application/json\r\n"
#define LOCAL "Host: 127.0.0.1:8080\r\n" TYPE
#define OUTCOME "\"kind\": \"meta\""

static void test_ask(void **state)
{
    (void)state;
    expect(LOCAL, "{\"text\":\"x or y?\"}", "200", "{\"id\": null, " OUTCOME);
    assert_string_equal(fake.text, "x or y?");
    assert_false(fake.has_conversation || fake.has_pack);
    assert_false(fake.has_person); /* programs: no guard by person */
    expect(LOCAL, "{\"text\":\"z\",\"conversation\":\"c 1\",\"pack\":\"p\",\"id\":\"q7\"}", "200",
           "{\"id\": \"q7\", " OUTCOME);
    assert_string_equal(fake.conversation, "c 1");
    assert_string_equal(fake.pack, "p");
    expect(LOCAL, "{\"text\":\"z\",\"conversation\":null}", "200", "\"text\": \"Hello!\"}\n");
}

/* The ids are told from those of the packs, the order stays. */
static void test_facts(void **state)
{
    (void)state;
    static const struct {
        const char *body, *facts; /* NULL: refused */
    } rows[] = {
        {"{\"text\":\"a\",\"facts\":{\"s2\":true,\"s1\":false}}", "+s2 -s1"},
        {"{\"text\":\"\",\"facts\":{\"s1\":\"most\",\"s3\":null}}", "!s1 ~s3"},
        {"{\"text\":\"a\",\"facts\":{\"s1\":true},\"pack\":\"p\"}", "+s1"},
        {"{\"text\":\"a\",\"facts\":{}}", ""},
        {"{\"text\":\"a\",\"facts\":null}", ""},
        {"{\"text\":\"a\",\"facts\":{\"s3\":true},\"pack\":\"p\"}", NULL},
        {"{\"text\":\"a\",\"facts\":{\"s4\":true}}", NULL},
        {"{\"text\":\"a\",\"facts\":{\"s1 +s2\":true}}", NULL},
        {"{\"text\":\"a\",\"facts\":{\"\":true}}", NULL},
        {"{\"text\":\"a\",\"facts\":{\"s1\":1}}", NULL},
        {"{\"text\":\"a\",\"facts\":{\"s1\":\"Most\"}}", NULL},
        {"{\"text\":\"a\",\"facts\":[\"s1\"]}", NULL},
        {"{\"text\":\"a\",\"facts\":\"s1\"}", NULL},
        {"{\"facts\":{\"s1\":true}}", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect(LOCAL, rows[i].body, rows[i].facts ? "200" : "400", rows[i].facts ? OUTCOME : "err");
        if (rows[i].facts != NULL) {
            assert_string_equal(fake.facts, rows[i].facts);
            assert_int_equal(fake.has_facts, rows[i].facts[0] != '\0');
        }
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "{}",
        "[]",
        "x",
        "{\"text\":7}",
        "{\"text\":null}",
        "{\"text\":\"a\",\"text\":\"b\"}",
        "{\"text\":\"a\\u0000\"}",
        "{\"text\":\"a\",\"conversation\":7}",
        "{\"text\":\"a\",\"conversation\":\"\"}",
        "{\"text\":\"a\",\"pack\":[]}",
        "{\"text\":\"a\",\"pack\":\"none\"}",
        "{\"text\":\"a\",\"id\":{}}",
        "{\"text\":\"a\",\"txet\":\"b\"}",
        "{\"text\":\"\xff\"}",
        "{\"text\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        expect(LOCAL, bodies[i], "400", "{\"error\": \"");
    }
    expect("Host: localhost\r\n", "{\"text\":\"a\"}", "415", "error");
    expect("Host: localhost\r\nContent-Type: text/plain\r\n", "{\"text\":\"a\"}", "415", "error");
    assert_int_equal(fake.taken, 0);
}

/* Without a token: no strangers, and no web page that a browser here shows. */
static void test_local_only(void **state)
{
    (void)state;
    static const char *const strangers[] = {
        "Host: evil.example\r\n" TYPE,
        "Host: 127.0.0.1.evil.example\r\n" TYPE,
        LOCAL "Origin: https://evil.example\r\n",
        LOCAL "X-Forwarded-For: 192.0.2.1\r\n",
        LOCAL "Forwarded: for=192.0.2.1\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(strangers); i++) {
        expect(strangers[i], "{\"text\":\"a\"}", "403", "same machine");
    }
    assert_int_equal(metrics_value(bench.metrics, METRIC_REJECTED, "api_remote"),
                     ARRAY_LEN(strangers));
    expect("Host: [::1]:8080\r\n" TYPE, "{\"text\":\"a\"}", "200", OUTCOME);
    expect("Host: localhost\r\n" TYPE, "{\"text\":\"a\"}", "200", OUTCOME);
    assert_int_equal(fake.taken, 2);
}

static void test_token(void **state)
{
    (void)state;
#define REMOTE "Host: bot.example\r\n" TYPE
    static const char *const wrong[] = {
        REMOTE,
        REMOTE "Authorization: s3cret\r\n",
        REMOTE "Authorization: Bearer\r\n",
        REMOTE "Authorization: Bearer \r\n",
        REMOTE "Authorization: Bearer s3cre\r\n",
        REMOTE "Authorization: Bearer s3crets\r\n",
        REMOTE "Authorization: Basic s3cret\r\n",
        REMOTE "Authorization: Bearer s3cret\r\nAuthorization: Bearer s3cret\r\n",
        LOCAL,
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        expect(wrong[i], "{\"text\":\"a\"}", "401", "WWW-Authenticate: Bearer");
    }
    assert_int_equal(fake.taken, 0);
    expect(REMOTE "Authorization: Bearer s3cret\r\n", "{\"text\":\"a\"}", "200", OUTCOME);
    expect(REMOTE "authorization: bearer s3cret\r\n", "{\"text\":\"a\"}", "200", OUTCOME);
#undef REMOTE
}

static void test_settled(void **state)
{
    (void)state;
    static const struct {
        enum settled how;
        const char *status, *contains;
    } rows[] = {{SETTLED_SILENT, "200", "\"kind\": \"silent\""},
                {SETTLED_GUARDED, "429", "error"},
                {SETTLED_FAILED, "503", "error"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fake.how = rows[i].how;
        expect(LOCAL, "{\"text\":\"a\"}", rows[i].status, rows[i].contains);
    }
    fake.full = true;
    expect(LOCAL, "{\"text\":\"a\"}", "503", "error");
}

/* ---- web pages ---- */

static void test_origins(void **state)
{
    (void)state;
    static const char *const strangers[] = {
        "https://evil.example",    "null",        "", ORIGIN ".evil.example",
        "http://intranet.example", ORIGIN ":8443"};
#define ALLOW "Access-Control-Allow-Origin: "
    char answer[ANSWER_TEXT_MAX], headers[300];
    for (size_t i = 0; i < ARRAY_LEN(strangers); i++) {
        snprintf(headers, sizeof(headers), LOCAL "Origin: %s\r\n", strangers[i]);
        request("POST /api/ask", headers, "{\"text\":\"a\"}", answer);
        assert_memory_equal(answer + 9, "403", 3);
        assert_null(strstr(answer, "Access-Control"));
        request("OPTIONS /api/ask", headers, "", answer);
        assert_memory_equal(answer + 9, "403", 3);
        assert_null(strstr(answer, "Access-Control"));
    }
    assert_int_equal(fake.taken, 0);
    expect(LOCAL "Origin: " ORIGIN "\r\n", "{\"text\":\"a\"}", "200", ALLOW ORIGIN "\r\n");
    expect(LOCAL "Origin: " ORIGIN "\r\n", "{}", "400", ALLOW ORIGIN "\r\n");
    expect(LOCAL "Origin: https://other.example:8443\r\n", "{\"text\":\"a\"}", "200",
           "Vary: Origin");
    expect_of("OPTIONS /api/ask", "Host: localhost\r\nOrigin: " ORIGIN "\r\n", "", "204",
              "Access-Control-Allow-Headers: Authorization");
    expect_of("OPTIONS /mcp", "Host: localhost\r\nOrigin: " ORIGIN "\r\n", "", "204",
              ALLOW ORIGIN "\r\n");
    /* A page of another name for this machine. */
    expect("Host: evil.example\r\n" TYPE "Origin: " ORIGIN "\r\n", "{\"text\":\"a\"}", "403",
           "error");
    request("POST /api/ask", LOCAL, "{\"text\":\"a\"}", answer);
    assert_null(strstr(answer, "Access-Control"));
}

/* ---- the Model Context Protocol ---- */

#define RPC(id, more) "{\"jsonrpc\":\"2.0\",\"id\":" id "," more "}"
#define CALL(id, arguments) \
    RPC(id, "\"method\":\"tools/call\",\"params\":{\"name\":\"ask\",\"arguments\":" arguments "}")

static void test_mcp(void **state)
{
    (void)state;
    static const struct {
        const char *body, *status, *contains;
    } rows[] = {
        {RPC("1", "\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\"}"),
         "200", "\"id\": 1, \"result\": {\"protocolVersion\": \"2025-06-18\""},
        {RPC("1", "\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"1999\"}"), "200",
         "\"protocolVersion\": \"2025-11-25\""},
        {RPC("1", "\"method\":\"initialize\""), "200", "\"tools\": {}"},
        {RPC("\"a\\u0001\"", "\"method\":\"ping\""), "200", "\"id\": \"a\\u0001\", \"result\": {}"},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", "202", ""},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\"}", "202", ""},
        {RPC("4", "\"result\":{}"), "202", ""},
        {CALL("7", "{\"text\":\"x or y?\",\"pack\":\"p\",\"id\":\"q\"}"), "200",
         "\"id\": 7, \"result\": {\"content\": [{\"type\": \"text\", \"text\": \"Hello!\"}], "
         "\"structuredContent\": {\"id\": \"q\", " OUTCOME},
        /* What the tool cannot do it says to the model. */
        {CALL("7", "{\"text\":7}"), "200", "\"text must be a string.\"}], \"isError\": true}"},
        {CALL("7", "{\"text\":\"a\",\"pack\":\"none\"}"), "200", "\"isError\": true}"},
        {CALL("7", "[]"), "200", "\"code\": -32602"},
        {RPC("7", "\"method\":\"tools/call\",\"params\":{\"name\":\"rm\"}"), "200", "-32602"},
        {RPC("7", "\"method\":\"tools/call\",\"params\":[]"), "200", "\"code\": -32602"},
        {RPC("7", "\"method\":\"resources/list\""), "200", "\"code\": -32601"},
        /* No messages. */
        {"", "400", "\"id\": null, \"error\": {\"code\": -32700"},
        {"[" RPC("1", "\"method\":\"ping\"") "]", "400", "\"code\": -32700"},
        {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", "400", "\"code\": -32600"},
        {RPC("1", "\"method\":7"), "400", "\"code\": -32600"},
        {RPC("null", "\"method\":\"ping\""), "400", "\"code\": -32600"},
        {RPC("1.5", "\"method\":\"ping\""), "400", "\"code\": -32600"},
        {RPC("{}", "\"method\":\"ping\""), "400", "\"code\": -32600"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect_of("POST /mcp", LOCAL, rows[i].body, rows[i].status, rows[i].contains);
    }
    assert_int_equal(fake.taken, 1);
    assert_string_equal(fake.text, "x or y?");
    assert_string_equal(fake.pack, "p");
}

static void test_mcp_around(void **state)
{
    (void)state;
    static const char ping[] = RPC("1", "\"method\":\"ping\"");
    expect_of("POST /mcp", LOCAL "MCP-Protocol-Version: 2025-06-18\r\n", ping, "200", "result");
    expect_of("POST /mcp", LOCAL "MCP-Protocol-Version: 2019-01-01\r\n", ping, "400", "version");
    expect_of("POST /mcp", "Host: localhost\r\n", ping, "415", "error");
    expect_of("POST /mcp", "Host: evil.example\r\n" TYPE, ping, "403", "error");
    expect_of("POST /mcp", LOCAL "Origin: https://evil.example\r\n", ping, "403", "error");
    expect_of("GET /mcp", LOCAL, "", "405", "Allow: POST");
    fake.how = SETTLED_FAILED;
    expect_of("POST /mcp", LOCAL, CALL("1", "{\"text\":\"a\"}"), "200", "\"isError\": true}");
    fake.how = SETTLED_SILENT;
    expect_of("POST /mcp", LOCAL, CALL("1", "{\"text\":\"a\"}"), "200",
              "\"text\": \"\"}], \"structuredContent\": {\"id\": null, \"kind\": \"silent\"");
    fake.full = true;
    expect_of("POST /mcp", LOCAL, CALL("1", "{\"text\":\"a\"}"), "200", "\"isError\": true}");
    struct buf counted;
    buf_init(&counted, 64 * 1024);
    metrics_format(bench.metrics, &counted);
    assert_non_null(strstr(counted.data, "whether_rejected_total{reason=\"busy\"} 1\n"));
    buf_finish(&counted);
}

static void test_create_refused(void **state)
{
    (void)state;
    struct error err = {0};
    assert_false(create(false, false, &err));
    assert_non_null(strstr(err.text, "token"));
    http_server_destroy(bench.server);
    assert_true(http_server_create("0.0.0.0:0", bench.metrics, &bench.server, &err));
    err = (struct error){0};
    assert_false(create(false, true, &err));
    assert_non_null(strstr(err.text, "loopback"));
    assert_true(create(true, false, &err));
}

/* ---- health ---- */

static struct adapter_status status_of_second;

static void second_status(const struct adapter *one, struct adapter_status *ret)
{
    (void)one;
    *ret = status_of_second;
}

static void look(const char *path, const char *status, const char *contains)
{
    char request[400], answer[ANSWER_TEXT_MAX];
    int fd = dial();
    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
             path);
    say(fd, request);
    hear(fd, NULL, answer, NULL);
    close(fd);
    if (strncmp(answer + 9, status, 3) != 0 || strstr(answer, contains) == NULL) {
        fail_msg("%s was answered by\n%s", path, answer);
    }
}

static void test_health(void **state)
{
    (void)state;
    static char name[] = "irc \"x\"";
    static const struct adapter_ops ops = {.name = "irc", .status = second_status};
    struct adapter other = {&ops, name};
    struct adapter *both[] = {adapter, &other};
    struct health_view view = {.adapters = both,
                               .count = 2,
                               .started_s = 1764086400,
                               .metrics = bench.metrics,
                               .dispatch = &fake};
    health_route(bench.server, &view);
    status_of_second = (struct adapter_status){ADAPTER_STARTING, "connecting"};
    look("/healthz", "200", "{\"ok\": true}");
    look("/readyz", "503", "\"ready\": false");
    look("/readyz", "503",
         "{\"name\": \"irc \\\"x\\\"\", \"state\": \"starting\", \"text\": \"connecting\"}");
    look("/readyz?adapter=api", "200", "\"ready\": true");
    look("/readyz?adapter=irc%20%22x%22", "503", "starting");
    look("/readyz?adapter=none", "404", "error");
    status_of_second.health = ADAPTER_READY;
    look("/readyz", "200", "\"ready\": true");
    look("/readyz", "200", "\"waiting\": 5");
    static const enum adapter_health ill[] = {ADAPTER_TROUBLED, ADAPTER_FAILED};
    for (size_t i = 0; i < ARRAY_LEN(ill); i++) {
        status_of_second.health = ill[i];
        look("/readyz", "503", ill[i] == ADAPTER_FAILED ? "failed" : "troubled");
    }
    status_of_second.health = ADAPTER_READY;
    fake.ill = true;
    look("/readyz", "503", "\"store\": \"troubled\"");
    fake.ill = false;
    view.stopping = true;
    look("/readyz", "503", "\"stopping\": true");
    look("/healthz", "200", "ok");
    metrics_count(bench.metrics, METRIC_REJECTED, "signature_wrong");
    look("/metrics", "200", "whether_rejected_total{reason=\"signature_wrong\"} 1");
    look("/metrics", "200", "text/plain; version=0.0.4");
    look("/metrics", "200", "whether_start_time_seconds 1764086400");
}

#define OPEN(name) cmocka_unit_test_setup_teardown(name, set_up_open, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPEN(test_ask),
        OPEN(test_facts),
        OPEN(test_bad),
        OPEN(test_local_only),
        cmocka_unit_test_setup_teardown(test_token, set_up_token, tear_down),
        OPEN(test_settled),
        OPEN(test_origins),
        OPEN(test_mcp),
        OPEN(test_mcp_around),
        cmocka_unit_test_setup_teardown(test_create_refused, http_bench_set_up, tear_down),
        OPEN(test_health),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
