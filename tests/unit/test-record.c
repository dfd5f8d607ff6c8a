#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/document.h"
#include "bot/advisor/record.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "bot/base/utf8.h"
#include "tests/golden/sample.h"

static struct buf text;
static struct document document;

static int set_up(void **state)
{
    (void)state;
    buf_init(&text, 64 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_finish(&text);
    return 0;
}

static struct outcome outcome_of(const struct pack *pack, uint64_t stated, uint64_t denied)
{
    struct outcome outcome = {.kind = KIND_VERDICT,
                              .pack = pack,
                              .decision = pack,
                              .facts = {.stated = stated, .denied = denied}};
    verdict_decide(pack, &outcome.facts, &outcome.standing);
    outcome.verdict = outcome.standing;
    return outcome;
}

static const char *comment(const struct outcome *outcome, enum markup markup)
{
    static const struct reply none;
    buf_clear(&text);
    document_begin(&document, markup, &text);
    record_comment(&document, outcome, &none);
    assert_true(document_end(&document));
    return text.data;
}

static const char *decision(const struct outcome *outcome, enum markup markup)
{
    buf_clear(&text);
    document_begin(&document, markup, &text);
    record_decision(&document, outcome);
    assert_true(document_end(&document));
    return text.data;
}

/* The whole of it, as a tracker gets it. */
static void test_comment(void **state)
{
    (void)state;
    const struct pack *pack = &sample_backend;
    struct outcome outcome =
        outcome_of(pack, sample_set(pack, "real-time"), sample_set(pack, "python-team"));
    assert_string_equal(
        comment(&outcome, MARKUP_HTML),
        "**Node.js, clearly.**\n\n"
        "| Speaks for | What you said | Because | Section |\n"
        "| --- | --- | --- | --- |\n"
        "| Node.js | Live updates | Its event-driven I/O is made for it | "
        "Node.js strengths (and what it's best for) |\n\n"
        "What would change it:\n\n"
        "- With an AI- or data-heavy product as well, it would be an open question.\n"
        "- With a business app full of records as well, it would be an open question.\n"
        "- With an admin panel or back office as well, it would be an open question.\n"
        "- With an AI- or data-heavy product instead of live updates, it would be Django.\n\n"
        "<details>\n<summary>How this was read</summary>\n\n"
        "What was said of the project:\n\n- Live updates\n\n"
        "What it is not, or has not:\n\n- A team that writes Python\n\n"
        "Something misread? Say so in a comment, and it is answered anew.\n\n</details>\n\n"
        "Source: [Node.js or Django: Which Backend Should You Choose? by Amine Elbarry, "
        "2026-06-20](https://example.org/blog/node-or-django)");
}

static void test_record(void **state)
{
    (void)state;
    const struct pack *pack = &sample_backend;
    struct outcome outcome = outcome_of(pack, sample_set(pack, "real-time python-team"), 0);
    static const char *const open[] = {"## Decision Outcome\n\nIt depends",
                                       "- Neutral, for Node.js: live updates, because",
                                       "- Neutral, for Django: a team that writes Python"};
    const char *said = decision(&outcome, MARKUP_MARKDOWN);
    for (size_t i = 0; i < ARRAY_LEN(open); i++) {
        assert_non_null(strstr(said, open[i]));
    }
    outcome = outcome_of(pack, 0, 0);
    said = decision(&outcome, MARKUP_MARKDOWN);
    assert_non_null(strstr(said, "Nothing that a rule rests on was said"));
    assert_non_null(strstr(said, "- Neutral: no rule speaks for either side yet."));
    outcome = outcome_of(pack, sample_set(pack, "real-time"), 0);
    said = decision(&outcome, MARKUP_MARKDOWN);
    assert_non_null(strstr(said, "Chosen option: Node.js, because of live updates."));
    assert_non_null(strstr(said, "- Good for Node.js: live updates, because its event-driven"));
    assert_ptr_equal(strstr(said, "# "), said);
}

/* One verdict of each kind in each markup, from packs that try to break out of all of them. */
static void test_hostile(void **state)
{
    (void)state;
    static const struct pack *const packs[] = {&sample_hostile, &sample_backend, &sample_queue};
    for (size_t p = 0; p < ARRAY_LEN(packs); p++) {
        for (uint64_t stated = 0; stated < 8; stated++) {
            struct outcome outcome = outcome_of(packs[p], stated, 8);
            for (int form = 0; form < 2; form++) {
                const char *said =
                    form ? comment(&outcome, MARKUP_HTML) : decision(&outcome, MARKUP_HTML);
                /* No mention, no HTML but ours, no quick action, no control byte. */
                assert_null(strstr(said, "@everyone"));
                assert_null(strstr(said, "<script"));
                assert_null(strstr(said, "<!--"));
                assert_null(strstr(said, "\n/"));
                assert_null(strchr(said, '\x1b'));
                assert_null(strstr(said, "\xe2\x80\xae"));
                for (size_t i = 0, step; i < text.len; i += step) {
                    step = utf8_length(said + i, text.len - i);
                    assert_true(step > 0);
                }
                json_error_t error;
                said = form ? comment(&outcome, MARKUP_ADF) : decision(&outcome, MARKUP_ADF);
                json_t *json = json_loads(said, JSON_REJECT_DUPLICATES, &error);
                assert_non_null(json);
                json_decref(json);
            }
        }
    }
}

/* Everything else is the reply, block by block. */
static void test_reply(void **state)
{
    (void)state;
    struct reply reply = {0};
    struct outcome outcome = {.kind = KIND_META};
    reply_add(&reply, BLOCK_LEAD, "%s", "Hello @ann, /close this.");
    reply_add(&reply, BLOCK_ITEM, "%s", "one | two");
    reply_add(&reply, BLOCK_ITEM, "%s", "<b>three</b>");
    reply_add(&reply, BLOCK_CODE, "%s", "a();\n```\n</details>");
    reply_add(&reply, BLOCK_QUOTE, "%s", "said");
    document_begin(&document, MARKUP_HTML, &text);
    record_comment(&document, &outcome, &reply);
    assert_true(document_end(&document));
    assert_string_equal(text.data, "**Hello @\xE2\x80\x8B"
                                   "ann, /close this.**\n\n"
                                   "- one \\| two\n- &lt;b&gt;three&lt;/b&gt;\n\n"
                                   "````\na();\n```\n</details>\n````\n\n> said");
    buf_clear(&text);
    document_begin(&document, MARKUP_ADF, &text);
    record_comment(&document, &outcome, &reply);
    assert_true(document_end(&document));
    json_t *json = json_loads(text.data, 0, NULL);
    assert_non_null(json);
    assert_int_equal(json_array_size(json_object_get(json, "content")), 4);
    json_decref(json);
    buf_clear(&text);
    document_begin(&document, MARKUP_HTML, &text);
    document_say(&document, PART_PARAGRAPH, "/assign me, 100%1 of $2 &3 !4 #5 ~bug");
    document_end(&document);
    assert_string_equal(text.data, "\\/assign me, 100%\xE2\x80\x8B"
                                   "1 of $\xE2\x80\x8B"
                                   "2 &amp;\xE2\x80\x8B"
                                   "3 !\xE2\x80\x8B"
                                   "4 #\xE2\x80\x8B"
                                   "5 \\~bug");
}

static void test_full(void **state)
{
    (void)state;
    struct outcome outcome = outcome_of(&sample_backend, 1, 0);
    struct buf small;
    buf_init(&small, 100);
    document_begin(&document, MARKUP_ADF, &small);
    record_decision(&document, &outcome);
    assert_false(document_end(&document));
    buf_finish(&small);
}

static void test_wanted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool wanted;
    } rows[] = {
        {"record", true},
        {"Record this, please.", true},
        {"please record the decision", true},
        {" record it!\n", true},
        {"records", false},
        {"record?", false},
        {"record shop", false},
        {"a record", false},
        {"we record songs", false},
        {"", false},
        {"please", false},
        {"record that the team knows Python", false},
        {"record this this this this this this this this this this this this this this this",
         false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(record_wanted(rows[i].text, strlen(rows[i].text)), rows[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_comment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_record, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hostile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reply, set_up, tear_down),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
