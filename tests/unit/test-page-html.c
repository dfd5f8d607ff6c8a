#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "adapters/page_html.h"
#include "adapters/page_inside.h"
#include "adapters/page_talk.h"
#include "bot/advisor/advisor.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/view.h"
#include "tests/unit/htmlcheck.h"
#include "tests/unit/tiny.h"

/* What the pages hold: escaped, whole, and telling what came of it. */

enum { PAGE_MAX = 1024 * 1024 };

static struct buf page;
static struct view view;

static int begin(void **state)
{
    (void)state;
    buf_init(&page, PAGE_MAX);
    return 0;
}

static int end(void **state)
{
    (void)state;
    buf_finish(&page);
    return 0;
}

static void check_page(void)
{
    size_t at;
    assert_false(page.failed);
    if (!html_fine(page.data, page.len, &at)) {
        fail_msg("no page of ours from here: %.200s", page.data + at);
    }
}

static void contains(const char *what)
{
    if (strstr(page.data, what) == NULL) {
        fail_msg("%s\nis not in\n%s", what, page.data);
    }
}

static void lacks(const char *what)
{
    if (strstr(page.data, what) != NULL) {
        fail_msg("%s\nis in\n%s", what, page.data);
    }
}

/* Shows a form as the daemon would. */
static void show(struct tiny *tiny, const char *body)
{
    const struct viewer viewer = {tiny->advisor, tiny->workspace, LENGTH_SHORT};
    struct view_said said[VIEW_TURNS_MAX];
    struct error err = {0};
    struct outcome outcome;
    struct talk talk;
    buf_clear(&page);
    if (!talk_parse(body, strlen(body), &talk, &err)) {
        fail_msg("%s: %s", body, err.text);
    }
    talk_said(&talk, said);
    view_make(&viewer, said, talk.count, &view, &outcome);
    page_put_ask(&page, &tiny_knowledge, &talk, &view);
    talk_finish(&talk);
    check_page();
}

/* ---- text ---- */

static void test_check(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "<p>a</p>",
        "<!doctype html><p>a</p>",
        "<!doctype html><script></script><p>a",
        "<!doctype html><script></script><p>a</b>",
        "<!doctype html><script></script><p>a & b</p>",
        "<!doctype html><script></script><p>a > b</p>",
        "<!doctype html><script></script><p onclick=\"x\">a</p>",
        "<!doctype html><script></script><p class=x>a</p>",
        "<!doctype html><script></script><img src=\"x\">",
        "<!doctype html><script></script><script></script>",
        "<!doctype html><script></script><p>\xff</p>",
        "<!doctype html><script></script><p>\x01</p>",
    };
    size_t at;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (html_fine(bad[i], strlen(bad[i]), &at)) {
            fail_msg("passes for fine: %s", bad[i]);
        }
    }
    static const char good[] = "<!doctype html><script></script><p class=\"x\">a &amp; b</p>";
    assert_true(html_fine(good, strlen(good), &at));
}

static void test_escape(void **state)
{
    (void)state;
    static const struct {
        const char *text, *html;
    } rows[] = {
        {"", ""},
        {"a <b> & \"c\" 'd'", "a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;"},
        {"a\nb\tc", "a\nb\tc"},
        {"a\rb\x01\x7f", "a\xef\xbf\xbd"
                         "b\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc3\xa9\xf0\x9f\x98\x80", "\xc3\xa9\xf0\x9f\x98\x80"},
        {"\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc2\x85\xe2\x80\xae\xe2\x81\xa6", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        buf_clear(&page);
        buf_puts(&page, "");
        html_put(&page, rows[i].text, strlen(rows[i].text));
        assert_string_equal(page.data, rows[i].html);
    }
    buf_clear(&page);
    const char *none = getenv("WHETHER_NO_SUCH_VARIABLE");
    html_printf(&page, "%s|%d|%zu|%%|%s", "<", -7, (size_t)9, none);
    assert_string_equal(page.data, "&lt;|-7|9|%|");
}

static void test_reply(void **state)
{
    (void)state;
    struct reply reply = {0};
    reply_add(&reply, BLOCK_LEAD, "%s", "A <b>");
    reply_add(&reply, BLOCK_ITEM, "%s", "one");
    reply_add(&reply, BLOCK_ITEM, "%s", "two");
    reply_add(&reply, BLOCK_QUOTE, "%s", "q");
    reply_add(&reply, BLOCK_CODE, "%s", "if (a < b)");
    reply_add(&reply, BLOCK_SOURCE, "%s", "A book");
    reply_add(&reply, BLOCK_ITEM, "%s", "last");
    html_put_reply(&page, &reply, "lead");
    assert_string_equal(page.data,
                        "<p class=\"lead\">A &lt;b&gt;</p><ul><li>one</li><li>two</li></ul>"
                        "<blockquote>q</blockquote><pre tabindex=\"0\"><code>if (a &lt; b)</code>"
                        "</pre><p class=\"source\">A book</p><ul><li>last</li></ul>");
}

/* ---- the form ---- */

/* "text(facts)|text(facts)" and flags: d draft, a asked, f full. */
static void describe(const char *body, char ret[600])
{
    struct error err = {0};
    struct talk talk;
    size_t len = 0;
    ret[0] = '\0';
    if (!talk_parse(body, strlen(body), &talk, &err)) {
        snprintf(ret, 600, "no");
        return;
    }
    for (size_t i = 0; i < talk.count; i++) {
        len += (size_t)snprintf(ret + len, 600 - len, "%s%s(%s)", i ? "|" : "", talk.turns[i].text,
                                talk.turns[i].facts);
    }
    snprintf(ret + len, 600 - len, " %s%s%s", talk.has_draft ? "d" : "", talk.asked ? "a" : "",
             talk.full ? "f" : "");
    talk_finish(&talk);
}

static void test_form(void **state)
{
    (void)state;
    static const struct {
        const char *body, *talk;
    } rows[] = {
        {"", " "},
        {"text=a", "a() d"},
        {"text=a&ask=1", "a() a"},
        {"text=a&ask=1&live=1", "a() "},
        {"text=+%0a+&ask=1", " "},
        {"try=x&text=a", "x() a"},
        {"text=a&facts=%2Bx", "a(+x) d"},
        {"text=a&facts=%2Bx+-y&press=-x", "a(-y -x) d"},
        {"text=a&facts=%2Bx&press=~x", "a(~x) d"},
        {"text=a&facts=%2Bx&ask=1", "a(+x) a"},
        /* Facts without a message belong to the one before, or stand alone. */
        {"press=%2Bx", "(+x) "},
        {"s0=a&f0=%2Bx&press=-x", "a(-x) "},
        {"s0=&f0=%2Bx&text=b&ask=1", "(+x)|b() a"},
        {"s0=a&f0=&text=+&facts=%2Bx&press=%2By", "a(+x +y) "},
        {"s0=a&s2=c&f2=%2Bx&text=d", "a()|c(+x)|d() d"},
        {"facts=++%2Bx++%2By+%2Bx&text=a", "a(+y +x) d"},
        /* Full: what is typed is not taken any more. */
        {"s0=a&s1=a&s2=a&s3=a&s4=a&s5=a&s6=a&s7=a&s8=a&s9=a&s10=a&s11=a&text=b&ask=1",
         "a()|a()|a()|a()|a()|a()|a()|a()|a()|a()|a()|a() f"},
        {"s12=a&text=b", "b() d"},
        {"text=a&text=b", "no"},
        {"text=%", "no"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char talk[600];
        describe(rows[i].body, talk);
        if (strcmp(talk, rows[i].talk) != 0) {
            fail_msg("%s: %s, not %s", rows[i].body, talk, rows[i].talk);
        }
    }
}

/* A field of n bytes. */
static bool takes(const char *name, size_t n, struct error *err)
{
    char *body = mem_alloc(n + 100);
    struct talk talk = {0};
    size_t len = (size_t)snprintf(body, 100, "%s=", name);
    memset(body + len, 'a', n);
    bool fine = talk_parse(body, len + n, &talk, err);
    talk_finish(&talk);
    mem_free(body);
    return fine;
}

static void test_sizes(void **state)
{
    (void)state;
    struct error err = {0};
    assert_true(takes("text", TALK_TEXT_MAX, &err));
    assert_false(takes("text", TALK_TEXT_MAX + 1, &err));
    assert_non_null(strstr(err.text, "too long"));
    err = (struct error){0};
    assert_true(takes("s3", TALK_TEXT_MAX, &err));
    assert_true(takes("press", TALK_FACTS_MAX, &err));
    assert_false(takes("press", TALK_FACTS_MAX + 1, &err));
}

/* ---- pages ---- */

static void test_first_look(void **state)
{
    show(*state, "");
    contains("<h1>Orion or Lyra?</h1>");
    contains("<p class=\"thumb\">Orion by the sea.</p>");
    contains("aria-label=\"A balance: Orion 0, Lyra 0\"");
    contains("One question would decide most");
    contains("name=\"press\" value=\"+telegraph\">a telegraph</button>");
    contains("<button name=\"try\" value=\"Sloop or Brig?\">Sloop or Brig?</button>");
    lacks("value=\"Orion or Lyra?\"");
    lacks("Start over");
}

static void test_draft(void **state)
{
    show(*state, "text=Orion+or+Lyra%3F+A+telegraph,+no+granary.");
    contains("A <mark class=\"s0\" title=\"a telegraph\">telegraph</mark>, no "
             "<del class=\"s1\" title=\"not: a granary\">granary</del>.</p>");
    contains("<section class=\"side s0\"");
    contains(
        "<strong>a telegraph</strong>, because a telegraph wants Orion. <cite>All of it</cite>");
    contains("<span class=\"chip denied\"><button name=\"press\" value=\"~granary\"");
    contains("What would change it");
    contains("<input type=\"hidden\" name=\"facts\" value=\"\">");
    contains("class=\"scale t-6\"");
    lacks("<ol class=\"turns\"");
}

static void test_talk(void **state)
{
    show(*state, "s0=Orion+or+Lyra%3F+A+telegraph.&f0=-telegraph&text=A+granary.&ask=1");
    contains("<ol class=\"turns\"");
    contains("Set by hand: not a telegraph</p>");
    contains("name=\"s0\" value=\"Orion or Lyra? A telegraph.\"");
    contains("name=\"f0\" value=\"-telegraph\"");
    contains("name=\"s1\" value=\"A granary.\"");
    contains("Start over");
    contains("class=\"scale t6\"");
    /* Each answer once. */
    const char *said = strstr(page.data, "class=\"said\"");
    assert_non_null(said);
    assert_null(strstr(said + 1, "class=\"said\""));
}

static void test_emphasis(void **state)
{
    show(*state, "text=Orion+or+Lyra%3F+A+telegraph.");
    lacks("matters most");
    show(*state, "text=Orion+or+Lyra%3F+A+telegraph,+a+granary.");
    contains("value=\"!granary\" aria-pressed=\"false\"");
    show(*state, "text=Orion+or+Lyra%3F+A+telegraph,+a+granary.&press=!granary");
    contains("value=\"+granary\" aria-pressed=\"true\"");
    contains("Set by hand: matters most: a granary</p>");
    contains("<rect class=\"w heavy\"");
    lacks("value=\"!telegraph\"");
}

static void test_full(void **state)
{
    show(*state, "s0=a&s1=a&s2=a&s3=a&s4=a&s5=a&s6=a&s7=a&s8=a&s9=a&s10=a&s11=a&text=b&ask=1");
    contains("as long as a conversation gets");
    lacks("<textarea");
}

static void test_hostile(void **state)
{
    static const char form[] =
        "s0=%3Cscript%3Ealert(1)%3C/script%3E%22'%3E+telegraph&f0=%3Cb%3E+%22x&"
        "text=%3C/textarea%3E%3Cimg+src=x+onerror=y%3E+Orion+or+Lyra%3F+a+granary%22%3E&"
        "facts=%22%3E%3Cscript%3E&press=%2Btelegraph%22%3E";
    show(*state, form);
    lacks("<script>");
    lacks("<img");
    contains("&lt;/textarea&gt;&lt;img src=x onerror=y&gt;");
    contains("value=\"&quot;&gt;&lt;script&gt; +telegraph&quot;&gt;\"");
}

static void test_more_than_two(void **state)
{
    (void)state;
    static const struct pack_option options[] = {{.name = "A"}, {.name = "B <i>"}, {.name = "C"}};
    static const struct pack_situation situations[] = {{.id = "x", .name = "x"}};
    static const struct pack pack = {.id = "abc",
                                     .question = "A, B or C?",
                                     .rule_of_thumb = "A.",
                                     .source = {"A book", "An author", "2020-01-01", NULL},
                                     .options = options,
                                     .option_count = 3,
                                     .situations = situations,
                                     .situation_count = 1};
    static const struct talk nothing = {0};
    static const struct view three = {.pack = &pack, .option = -1, .asks = -1, .weight = {6, 0, 3}};
    page_put_ask(&page, &tiny_knowledge, &nothing, &three);
    check_page();
    contains("<li class=\"s1\"><span>B &lt;i&gt; <b>0</b>");
    contains("<rect width=\"50\" height=\"4\"/>");
    contains("<section class=\"side s2\"");
    lacks("id=\"scale\"");
}

static void test_no_pack(void **state)
{
    (void)state;
    static const struct talk nothing = {0};
    static const struct view none = {.option = -1, .asks = -1};
    page_put_ask(&page, &tiny_knowledge, &nothing, &none);
    check_page();
    contains("<textarea");
}

static void test_rules(void **state)
{
    (void)state;
    page_put_rules(&page, &tiny_knowledge);
    check_page();
    contains("<h1>The rules</h1>");
    contains("scope=\"row\">a windmill</th><td role=\"cell\"><span class=\"force nudge s0\">"
             "<span class=\"of\">Orion: </span>nudge</span> a windmill likes Orion. "
             "<cite>All of it</cite></td><td role=\"cell\" class=\"empty\"></td></tr>");
    contains("The source only points at this decision: no verdicts.");
}

/* Packs come from people, too: nothing in them is markup. */
static void test_hostile_pack(void **state)
{
    (void)state;
#define HOSTILE "</td></textarea><script>alert(1)</script>\" onclick='x' & \xff\xe2\x80\xae"
    static const struct pack_option hostile_options[] = {{.id = "a", .name = HOSTILE},
                                                         {.id = "b", .name = HOSTILE}};
    static const struct pack_situation hostile_situations[] = {
        {.id = "s", .name = HOSTILE, .question = HOSTILE}};
    static const struct pack_section hostile_sections[] = {{"all", HOSTILE, 1}};
    static const struct pack_rule hostile_rules[] = {{0, 1, STRENGTH_STRONG, HOSTILE, 0, 1}};
    static const struct pack hostile = {
        .id = "a-or-b",
        .title = HOSTILE,
        .question = HOSTILE,
        .rule_of_thumb = HOSTILE,
        .caveat = HOSTILE,
        .source = {HOSTILE, HOSTILE, HOSTILE, "javascript:alert(1)"},
        .sections = hostile_sections,
        .section_count = 1,
        .options = hostile_options,
        .option_count = 2,
        .situations = hostile_situations,
        .situation_count = 1,
        .rules = hostile_rules,
        .rule_count = 1};
    static const struct knowledge packs = {.packs = {&hostile}, .count = 1};
    static const struct talk nothing = {0};
    static const struct view fired = {
        .pack = &hostile, .stated = 1, .reasons = {0}, .reason_count = 1, .option = 1, .asks = 0};
    static const struct gap gap = {HOSTILE, "ask", 1, 0, 0};
    page_put_rules(&page, &packs);
    check_page();
    lacks("<script>");
    lacks("javascript:");
    buf_clear(&page);
    page_put_ask(&page, &packs, &nothing, &fired);
    check_page();
    lacks("<script>");
    buf_clear(&page);
    page_begin_gaps(&page);
    page_put_gap(&page, &gap, &hostile);
    page_end_gaps(&page, 1);
    check_page();
    lacks("<script>");
    buf_clear(&page);
    page_put_record(&page, HOSTILE, sizeof(HOSTILE) - 1);
    check_page();
    lacks("<script>");
}

/* ---- gaps ---- */

static void test_entries(void **state)
{
    (void)state;
    static const struct {
        struct gap gap;
        const char *list, *key, *value;
    } rows[] = {
        {{"Orion or Lyra for a Beekeeping club \"x\"?", "ask", 3, 0, 0},
         "situations",
         "name",
         "beekeeping club"},
        {{"does orion ring?", "unknown", 1, 0, 0}, "facts", "section", "all"},
        {{"\xf0\x9f\x98\x80 \xff\x01", "unknown", 1, 0, 0},
         "facts",
         "text",
         "What the source says about something."},
        {{"Orion or Lyra?\nTelegraph.", "wrong", 1, 0, 0},
         "examples",
         "say",
         "Orion or Lyra?\nTelegraph."},
        {{"x", "other", 1, 0, 0}, "situations", "question", "Is it about something?"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        buf_clear(&page);
        const char *list = page_put_entry(&page, &rows[i].gap, tiny_knowledge.packs[TINY_COAST]);
        json_auto_t *entry = json_loads(page.data, JSON_REJECT_DUPLICATES, NULL);
        assert_string_equal(list, rows[i].list);
        assert_non_null(entry);
        assert_string_equal(json_string_value(json_object_get(entry, rows[i].key)), rows[i].value);
    }
}

static void test_gaps(void **state)
{
    (void)state;
    static const struct gap gaps[] = {{"<script>", "unknown", 7, 0, 86400000},
                                      {"b", "ask", 1, 86400000, 86400000}};
    page_begin_gaps(&page);
    page_put_gap(&page, &gaps[0], tiny_knowledge.packs[TINY_COAST]);
    page_put_gap(&page, &gaps[1], NULL);
    page_end_gaps(&page, 2);
    check_page();
    contains("nothing answers it, from 1970-01-01 to 1970-01-02");
    contains("no fact that counts, on 1970-01-02");
    contains("<code>facts</code> of orion-or-lyra");
    buf_clear(&page);
    page_begin_gaps(&page);
    page_end_gaps(&page, 0);
    check_page();
    contains("Nothing yet");
}

#define ON_PAGE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PAGE(test_check),         ON_PAGE(test_escape),     ON_PAGE(test_reply),
        ON_PAGE(test_form),          ON_PAGE(test_sizes),      ON_PAGE(test_rules),
        ON_PAGE(test_hostile_pack),  ON_PAGE(test_first_look), ON_PAGE(test_draft),
        ON_PAGE(test_talk),          ON_PAGE(test_full),       ON_PAGE(test_emphasis),
        ON_PAGE(test_hostile),       ON_PAGE(test_entries),    ON_PAGE(test_gaps),
        ON_PAGE(test_more_than_two), ON_PAGE(test_no_pack),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
