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
#include "adapters/page.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/dispatch.h"
#include "bot/host/metrics.h"
#include "bot/host/view.h"
#include "knowledge/pack.h"
#include "tests/unit/http-bench.h"

/* The page's routes: who may look, and what is handed to the dispatch, which is this test's own. */

struct dispatch {
    char texts[VIEW_TURNS_MAX][300], facts[VIEW_TURNS_MAX][300];
    size_t count, calls;
    bool asked, ill;
    const char *records;
    const struct gap *gaps;
    size_t gap_count;
};

static struct dispatch fake;
static struct config config;
static struct adapter *adapter;

static const struct pack_option options[] = {{.id = "a", .name = "A & Co"},
                                             {.id = "b", .name = "B"}};
static const struct pack_situation situations[] = {
    {.id = "chat", .name = "a \"chat\"", .question = "Chat?"}};
static const struct pack_section sections[] = {{"all", "<All>", 1}};
static const struct pack_rule rules[] = {{0, 1, STRENGTH_STRONG, "it is live", 0, 1}};
static const struct pack pack = {.id = "a-or-b",
                                 .title = "A or B",
                                 .question = "A or B?",
                                 .rule_of_thumb = "A, mostly.",
                                 .source = {"A book", "An author", "2020-01-01", NULL},
                                 .sections = sections,
                                 .section_count = 1,
                                 .options = options,
                                 .option_count = ARRAY_LEN(options),
                                 .situations = situations,
                                 .situation_count = 1,
                                 .rules = rules,
                                 .rule_count = 1};
static const struct knowledge packs = {.packs = {&pack}, .count = 1};

const struct knowledge *dispatch_knowledge(const struct dispatch *dispatch)
{
    (void)dispatch;
    return &packs;
}

void dispatch_view(struct dispatch *dispatch, const struct view_said *said, size_t count,
                   bool asked, int64_t now_ms, struct view *ret)
{
    assert_true(now_ms > 0);
    dispatch->calls++;
    dispatch->count = count;
    dispatch->asked = asked;
    memset(ret, 0, sizeof(*ret));
    ret->pack = &pack;
    ret->asks = ret->option = -1;
    ret->turn_count = count;
    for (size_t i = 0; i < count; i++) {
        snprintf(dispatch->texts[i], sizeof(dispatch->texts[i]), "%s", said[i].text);
        snprintf(dispatch->facts[i], sizeof(dispatch->facts[i]), "%s", said[i].facts);
        assert_int_equal(said[i].len, strlen(said[i].text));
    }
}

const char *dispatch_records(const struct dispatch *dispatch)
{
    return dispatch->records ? dispatch->records : "";
}

bool dispatch_gaps(struct dispatch *dispatch, size_t most, gap_visit *visit, void *context)
{
    assert_true(most > 0);
    for (size_t i = 0; i < dispatch->gap_count; i++) {
        visit(context, &dispatch->gaps[i]);
    }
    return !dispatch->ill;
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

static bool create(const char *hosts, bool token, struct error *err)
{
    static char env[] = "TEST_GAPS_TOKEN", names[100], nowhere[] = "";
    assert_int_equal(setenv(env, "pa:ss", 1), 0);
    snprintf(names, sizeof(names), "%s", hosts);
    memset(&fake, 0, sizeof(fake));
    memset(&config, 0, sizeof(config));
    config.has_page = true;
    config.page.hosts = names;
    config.page.address = nowhere;
    config.page.gaps_token.env = token ? env : NULL;
    const struct adapter_setup setup = http_bench_adapter(&config, &fake);
    assert_int_equal(adapter_page.count(&config), 1);
    return adapter_page.create(&setup, &adapter, err);
}

static int tear_down(void **state)
{
    if (adapter != NULL) {
        adapter->ops->destroy(adapter);
        adapter = NULL;
    }
    return http_bench_tear_down(state);
}

static int set_up(void **state)
{
    return http_bench_set_up(state) == 0 && create("localhost, bot.example", true, NULL) ? 0 : -1;
}

static void expect(const char *line, const char *headers, const char *body, const char *status,
                   const char *contains)
{
    static char request[ANSWER_TEXT_MAX], answer[ANSWER_TEXT_MAX];
    int fd = dial();
    snprintf(request, sizeof(request),
             "%s HTTP/1.1\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n%s", line,
             strlen(body), headers, body);
    say(fd, request);
    hear(fd, NULL, answer, NULL);
    close(fd);
    if (strncmp(answer + 9, status, 3) != 0 || strstr(answer, contains) == NULL) {
        fail_msg("%s\n%s\n%s\nwas answered by\n%s", line, headers, body, answer);
    }
}

#define HOST "Host: localhost:8080\r\n"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

static void test_ask(void **state)
{
    (void)state;
    expect("GET /", HOST, "", "200", "<h1>A or B?</h1>");
    assert_int_equal(fake.count, 0);
    assert_false(fake.asked);
    expect("POST /ask", HOST FORM, "text=x+or+y%3F&facts=%2Bchat&ask=1", "200", "<!doctype html>");
    assert_int_equal(fake.count, 1);
    assert_true(fake.asked);
    assert_string_equal(fake.texts[0], "x or y?");
    assert_string_equal(fake.facts[0], "+chat");
    expect("POST /ask", HOST FORM, "s0=x&f0=&text=y&live=1", "200", "<!doctype html>");
    assert_int_equal(fake.count, 2);
    assert_false(fake.asked);
    /* An address that was reloaded. */
    expect("GET /ask", HOST, "", "200", "<h1>A or B?</h1>");
    expect("GET /rules", HOST, "", "200", "<h1>The rules</h1>");
    assert_int_equal(fake.calls, 4);
}

static void test_policy(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; ",
        "frame-ancestors 'none'", "X-Content-Type-Options: nosniff", "Referrer-Policy: same-origin",
        "Content-Type: text/html; charset=utf-8"};
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        expect("GET /", HOST, "", "200", headers[i]);
        expect("POST /ask", HOST FORM, "text=x&ask=1", "200", headers[i]);
        expect("GET /rules", HOST, "", "200", headers[i]);
        expect("GET /gaps", HOST, "", "401", headers[i]);
    }
    expect("POST /ask", HOST FORM, "text=x", "200", "Cache-Control: no-store");
}

static void test_assets(void **state)
{
    (void)state;
    expect("GET /page/style.css", HOST, "", "200", "Content-Type: text/css; charset=utf-8");
    expect("GET /page/page.js", HOST, "", "200", "Content-Type: text/javascript; charset=utf-8");
    expect("GET /page/icon.svg", HOST, "", "200", "Content-Type: image/svg+xml");
    expect("GET /page/page.js?v=other", HOST, "", "200", "Cache-Control: no-cache");
    expect("POST /page/page.js", HOST, "", "405", "Allow: GET");
}

static void test_bad_forms(void **state)
{
    (void)state;
    expect("POST /ask", HOST, "text=x", "415", "Not a form");
    expect("POST /ask", HOST "Content-Type: application/json\r\n", "{}", "415", "Not a form");
    static const char *const bodies[] = {"text=%zz", "text=%00", "text=a&text=b", "text=%"};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        expect("POST /ask", HOST FORM, bodies[i], "400", "<h1>That cannot be asked</h1>");
    }
    assert_int_equal(fake.calls, 0);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const lines[] = {"GET /", "POST /ask", "GET /rules", "GET /gaps"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        expect(lines[i], "Host: evil.example\r\n" FORM, "text=x", "403",
               "hosts in the section [page]");
        expect(lines[i], "Host: localhost.evil.example\r\n" FORM, "", "403", "Not under this name");
        expect(lines[i], "Host: localhos\r\n" FORM, "", "403", "Not under this name");
        expect(lines[i], HOST "Origin: https://evil.example\r\n" FORM, "text=x", "403",
               "other site");
        expect(lines[i], HOST "Origin: null\r\n" FORM, "text=x", "403", "other site");
        expect(lines[i], HOST "Origin: http://localhost\r\n" FORM, "text=x", "403", "other site");
    }
    assert_int_equal(fake.calls, 0);
    expect("POST /ask", HOST "Origin: http://localhost:8080\r\n" FORM, "text=x", "200", "<h1>");
    expect("GET /", "Host: BOT.example\r\n", "", "200", "<h1>");
    expect("GET /", "Host: bot.example:443\r\n", "", "200", "<h1>");
}

static void test_any_name(void **state)
{
    (void)state;
    assert_true(create("*", false, NULL));
    expect("GET /", "Host: any.example\r\n", "", "200", "<h1>");
    /* Without a token there is no list. */
    expect("GET /gaps", "Host: any.example\r\n", "", "404", "nothing at this path");
}

static void test_addresses(void **state)
{
    (void)state;
    assert_true(create("[::1],10.0.0.1", false, NULL));
    expect("GET /", "Host: [::1]:8080\r\n", "", "200", "<h1>");
    expect("GET /", "Host: [::1]\r\n", "", "200", "<h1>");
    expect("GET /", "Host: [::2]\r\n", "", "403", "<h1>");
    expect("GET /", "Host: [::1\r\n", "", "403", "<h1>");
    expect("GET /", "Host: 10.0.0.1:80\r\n", "", "200", "<h1>");
}

static void test_gaps(void **state)
{
    (void)state;
    static const struct gap gaps[] = {{"What of <b>?", "unknown", 7, 0, 86400000}};
    static const char *const wrong[] = {
        "",
        "Authorization: Basic\r\n",
        "Authorization: Basic !!!!\r\n",
        "Authorization: Basic cGE6c3M=\r\n" /* pa:ss: the token is ss then */,
        "Authorization: Basic eA==\r\n" /* x, no colon */,
        "Authorization: Basic eDo=\r\n" /* x: */,
        "Authorization: Bearer ss\r\n",
        "Authorization: pa:ss\r\n",
        "Authorization: Basic eDpwYTpzcw==\r\nAuthorization: Basic eDpwYTpzcw==\r\n"};
    fake.gaps = gaps;
    fake.gap_count = 1;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char headers[300];
        snprintf(headers, sizeof(headers), HOST "%s", wrong[i]);
        expect("GET /gaps", headers, "", "401", "WWW-Authenticate: Basic realm=");
    }
    assert_int_equal(metrics_value(bench.metrics, METRIC_REJECTED, "page_token"), ARRAY_LEN(wrong));
    /* x:pa:ss */
    expect("GET /gaps", HOST "Authorization: Basic eDpwYTpzcw==\r\n", "", "200",
           "What of &lt;b&gt;?</p><p class=\"when\"><b>7");
    expect("GET /gaps", HOST "Authorization: bearer pa:ss\r\n", "", "200", "from 1970-01-01 to");
    fake.ill = true;
    expect("GET /gaps", HOST "Authorization: Bearer pa:ss\r\n", "", "503", "Not now");
}

#define RECORD "a-or-b-0123456789abcdef0123456789abcdef"

/* Who has its name may read it, also under the address that is told; there is nothing else. */
static void test_record(void **state)
{
    (void)state;
    char folder[] = "/tmp/whether-page-XXXXXX", path[200], other[200],
         address[] = "https://w.example/x";
    struct buf text;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/" RECORD ".md", folder);
    snprintf(other, sizeof(other), "%s/0001-use-a.md", folder);
    buf_init(&text, 1000);
    buf_puts(&text, "---\nstatus: open\n---\n\n# A <script>or</script> B\n");
    assert_true(buf_write_file(&text, path, NULL) && buf_write_file(&text, other, NULL));
    buf_finish(&text);
    expect("GET /record?of=" RECORD, HOST, "", "404", "No such record");
    fake.records = folder;
    expect("GET /record?of=" RECORD, HOST, "", "200", "# A &lt;script&gt;or&lt;/script&gt; B\n");
    expect("GET /record?of=" RECORD, HOST, "", "200", "X-Robots-Tag: noindex");
    expect("GET /record?of=" RECORD, HOST, "", "200", "Cache-Control: no-store");
    expect("GET /record?of=" RECORD, HOST, "", "200",
           "Content-Security-Policy: default-src 'none'");
    static const char *const others[] = {"",
                                         "?of=",
                                         "?of=0001-use-a",
                                         "?of=" RECORD ".md",
                                         "?of=../" RECORD,
                                         "?of=%2e%2e%2f" RECORD,
                                         "?of=a-or-b-0123456789abcdef0123456789abcdee"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        char line[200];
        snprintf(line, sizeof(line), "GET /record%s", others[i]);
        expect(line, HOST, "", "404", "No such record");
    }
    expect("GET /record?of=" RECORD, "Host: w.example\r\n", "", "403", "Not under this name");
    config.page.address = address;
    expect("GET /record?of=" RECORD, "Host: W.example:443\r\n", "", "200", "status: open");
    expect("GET /record?of=" RECORD, "Host: w.example.org\r\n", "", "403", "Not under this name");
    expect("POST /record?of=" RECORD, HOST FORM, "", "405", "Allow: GET");
    unlink(path);
    unlink(other);
    rmdir(folder);
}

static void test_create_refused(void **state)
{
    (void)state;
    struct error err = {0};
    struct http_server *server = bench.server;
    bench.server = NULL;
    assert_false(create("localhost", false, &err));
    assert_non_null(strstr(err.text, "[http] listen"));
    bench.server = server;
    unsetenv("TEST_GAPS_TOKEN");
    err = (struct error){0};
    assert_true(create("localhost", true, &err));
    struct adapter_status status;
    adapter->ops->status(adapter, &status);
    assert_int_equal(status.health, ADAPTER_READY);
    assert_non_null(strstr(status.text, "/gaps with a token"));
}

#define PAGE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define BARE(name) cmocka_unit_test_setup_teardown(name, http_bench_set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAGE(test_ask),    PAGE(test_policy),         PAGE(test_assets),    PAGE(test_bad_forms),
        PAGE(test_names),  BARE(test_any_name),       BARE(test_addresses), PAGE(test_gaps),
        PAGE(test_record), BARE(test_create_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
