#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "bot/advisor/reply.h"
#include "bot/advisor/wording.h"
#include "bot/base/buf.h"
#include "bot/base/utf8.h"

/*
 * The formatters: rows of text and what each target must get, then properties over random replies.
 */

#define ZWSP "\xE2\x80\x8B"

enum { ROUNDS = 2000, TARGETS = 4, OUT_MAX = 256 * 1024 };

static struct reply reply_of(enum block_type type, const char *text)
{
    struct reply reply;
    memset(&reply, 0, sizeof(reply));
    reply_add(&reply, type, "%s", text);
    return reply;
}

static void check_format(const struct reply *reply, enum wording wording, const char *want)
{
    struct buf out;
    buf_init(&out, OUT_MAX);
    assert_true(wording_format(reply, wording, &out));
    assert_string_equal(out.data ? out.data : "", want);
    buf_finish(&out);
}

static const struct row {
    enum block_type type;
    const char *text, *plain, *irc, *mrkdwn, *markdown;
} rows[] = {
    {BLOCK_LEAD, "Node.js, clearly.", "Node.js, clearly.", "Node.js, clearly.", "Node.js, clearly.",
     "Node.js, clearly."},
    {BLOCK_PARAGRAPH, "a <!channel> & <b>", "a <!channel> & <b>", "a <!channel> & <b>",
     "a &lt;!channel&gt; &amp; &lt;b&gt;", "a &lt;!" ZWSP "channel&gt; &amp; &lt;b&gt;"},
    {BLOCK_PARAGRAPH, "@everyone #12 !3", "@everyone #12 !3", "@everyone #12 !3",
     "@everyone #12 !3", "@" ZWSP "everyone #" ZWSP "12 !" ZWSP "3"},
    {BLOCK_PARAGRAPH, "**b** `c` a_b | ~x~ [l](u)", "**b** `c` a_b | ~x~ [l](u)",
     "**b** `c` a_b | ~x~ [l](u)", "**b** `c` a_b | ~x~ [l](u)",
     "\\*\\*b\\*\\* \\`c\\` a\\_b \\| \\~x\\~ \\[l\\](u)"},
    {BLOCK_PARAGRAPH, "see https://x.example or www.x.example",
     "see https://x.example or www.x.example", "see https://x.example or www.x.example",
     "see https://x.example or www.x.example",
     "see https:" ZWSP "//x.example or w" ZWSP "ww.x.example"},
    {BLOCK_PARAGRAPH, "1. first", "1. first", "1. first", "1. first", "1\\. first"},
    {BLOCK_PARAGRAPH, "2026) year", "2026) year", "2026) year", "2026) year", "2026\\) year"},
    {BLOCK_PARAGRAPH, "- dash", "- dash", "- dash", "- dash", "\\- dash"},
    {BLOCK_PARAGRAPH, "=== heading", "=== heading", "=== heading", "=== heading", "\\=== heading"},
    {BLOCK_PARAGRAPH, "# heading", "# heading", "# heading", "# heading", "\\# heading"},
    {BLOCK_PARAGRAPH, "C# and F#, now. a! b", "C# and F#, now. a! b", "C# and F#, now. a! b",
     "C# and F#, now. a! b", "C# and F#, now. a! b"},
    {BLOCK_PARAGRAPH, "caf\xc3\xa9", "caf\xc3\xa9", "caf\xc3\xa9", "caf\xc3\xa9", "caf\xc3\xa9"},
    {BLOCK_PARAGRAPH,
     "a\r\nQUIT\r\n\x01"
     "ACTION",
     "a QUIT ACTION", "a QUIT ACTION", "a QUIT ACTION", "a QUIT ACTION"},
    {BLOCK_ITEM, "an item", "- an item", "- an item", "\xE2\x80\xA2 an item", "- an item"},
    {BLOCK_QUOTE, "said", "> said", "> said", "> said", "> said"},
    {BLOCK_SOURCE, "A post", "Source: A post", "Source: A post", "Source: A post",
     "Source: A post"},
    {BLOCK_CODE, "a < b\nc", "    a < b\n    c", "a < b\nc", "```\na &lt; b\nc\n```",
     "```\na < b\nc\n```"},
    {BLOCK_CODE, "```", "    ```", "```", "```\n`" ZWSP "`" ZWSP "`\n```", "````\n```\n````"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reply reply = reply_of(rows[i].type, rows[i].text);
        check_format(&reply, WORDING_PLAIN, rows[i].plain);
        check_format(&reply, WORDING_IRC, rows[i].irc);
        check_format(&reply, WORDING_MRKDWN, rows[i].mrkdwn);
        check_format(&reply, WORDING_MARKDOWN, rows[i].markdown);
    }
}

static struct reply several(void)
{
    struct reply reply = reply_of(BLOCK_LEAD, "Lead.");
    reply_add(&reply, BLOCK_ITEM, "one");
    reply_add(&reply, BLOCK_ITEM, "two");
    reply_add(&reply, BLOCK_PARAGRAPH, "Then.");
    reply_add_linked(&reply, BLOCK_SOURCE, "https://e.example/?a=1&b=|>", "A ] > post");
    return reply;
}

static void test_several_blocks(void **state)
{
    (void)state;
    struct reply reply = several();
    check_format(
        &reply, WORDING_PLAIN,
        "Lead.\n- one\n- two\n\nThen.\n\nSource: A ] > post <https://e.example/?a=1&b=%7C%3E>");
    check_format(
        &reply, WORDING_IRC,
        "\x02Lead.\x02\n- one\n- two\nThen.\nSource: A ] > post https://e.example/?a=1&b=%7C%3E");
    check_format(&reply, WORDING_MRKDWN,
                 "*Lead.*\n\xE2\x80\xA2 one\n\xE2\x80\xA2 two\n\nThen.\n\nSource: "
                 "<https://e.example/?a=1&amp;b=%7C%3E|A ] &gt; post>");
    check_format(&reply, WORDING_MARKDOWN,
                 "**Lead.**\n\n- one\n- two\n\nThen.\n\nSource: [A \\] &gt; "
                 "post](https://e.example/?a=1&b=%7C%3E)");
}

static void test_only_web_links(void **state)
{
    (void)state;
    static const char *const bad[] = {"javascript:alert(1)", "ftp://x", "//x", "", "HTTPS",
                                      "data:text/html,x"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct reply reply;
        memset(&reply, 0, sizeof(reply));
        reply_add_linked(&reply, BLOCK_SOURCE, bad[i], "Post");
        for (int target = 0; target < TARGETS; target++) {
            check_format(&reply, (enum wording)target, "Source: Post");
        }
    }
}

static void test_full_buffer(void **state)
{
    (void)state;
    struct reply reply = several();
    struct buf out;
    for (size_t max = 0; max < 60; max++) {
        buf_init(&out, max);
        assert_false(wording_format(&reply, WORDING_PLAIN, &out));
        assert_true(out.len <= max);
        buf_finish(&out);
        buf_init(&out, max);
        assert_false(wording_slack_blocks(&reply, &out));
        buf_finish(&out);
    }
}

static json_t *blocks_of(const struct reply *reply)
{
    struct buf out;
    json_error_t err;
    buf_init(&out, OUT_MAX);
    assert_true(wording_slack_blocks(reply, &out));
    json_t *blocks = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, &err);
    assert_non_null(blocks);
    buf_finish(&out);
    return blocks;
}

static const char *text_of(json_t *block)
{
    json_t *object = json_object_get(block, "text");
    if (!object) {
        object = json_array_get(json_object_get(block, "elements"), 0);
    }
    assert_string_equal(json_string_value(json_object_get(object, "type")), "mrkdwn");
    return json_string_value(json_object_get(object, "text"));
}

static void test_slack_blocks(void **state)
{
    (void)state;
    struct reply reply = several();
    json_t *blocks = blocks_of(&reply);
    assert_int_equal(json_array_size(blocks), 3);
    assert_string_equal(text_of(json_array_get(blocks, 0)),
                        "*Lead.*\n\xE2\x80\xA2 one\n\xE2\x80\xA2 two");
    assert_string_equal(text_of(json_array_get(blocks, 1)), "Then.");
    assert_string_equal(json_string_value(json_object_get(json_array_get(blocks, 2), "type")),
                        "context");
    json_decref(blocks);
    memset(&reply, 0, sizeof(reply));
    blocks = blocks_of(&reply);
    assert_int_equal(json_array_size(blocks), 0);
    json_decref(blocks);
}

/* Slack's limits hold whatever the reply; returns the bytes of all texts. */
static size_t check_slack_limits(json_t *blocks)
{
    size_t total = 0, i;
    json_t *block;
    assert_true(json_array_size(blocks) <= 50);
    json_array_foreach(blocks, i, block)
    {
        if (strcmp(json_string_value(json_object_get(block, "type")), "divider") == 0) {
            continue;
        }
        size_t len = strlen(text_of(block));
        assert_true(len > 0 && len <= 3000);
        total += len;
    }
    assert_true(total <= 13000);
    return total;
}

static void test_slack_limits(void **state)
{
    (void)state;
    char text[REPLY_TEXT_MAX - 8];
    for (int code = 0; code < 2; code++) {
        memset(text, '&', sizeof(text)); /* five bytes each when escaped */
        text[sizeof(text) - 1] = '\0';
        struct reply reply = reply_of(code ? BLOCK_CODE : BLOCK_LEAD, text);
        json_t *blocks = blocks_of(&reply);
        assert_true(check_slack_limits(blocks) > 2900);
        json_decref(blocks);
    }
    struct reply reply = reply_of(BLOCK_LEAD, "x");
    text[700] = '\0';
    for (int i = 0; i < 8; i++) {
        reply_add(&reply, BLOCK_ITEM, "%s", text);
    }
    json_t *blocks = blocks_of(&reply);
    check_slack_limits(blocks);
    json_decref(blocks);
    for (size_t i = 0; i + 3 < sizeof(text); i += 3) {
        memcpy(text + i, "\xE2\x82\xAC", 4);
    }
    reply = reply_of(BLOCK_LEAD, text);
    blocks = blocks_of(&reply); /* jansson refuses a cut character */
    check_slack_limits(blocks);
    json_decref(blocks);
}

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void random_text(uint64_t *seed, char *ret, size_t max)
{
    static const char *const bits[] = {
        "<!channel>", "@everyone",    "**",       "`",    "```",      "|",    "<b>",
        "\r\n",       "\n",           "\x02",     "\x01", "\xff",     "\xc3", "\xc3\xa9",
        "&",          "word ",        "Node.js ", "#1",   "http://x", "](",   "- ",
        "1. ",        "\xe2\x80\xae", "\\",       "\"",   "*",        "_",    "~"};
    size_t len = 0, count = random_next(seed) % 30;
    for (size_t i = 0; i < count; i++) {
        const char *bit = bits[random_next(seed) % (sizeof(bits) / sizeof(bits[0]))];
        if (len + strlen(bit) + 1 < max) {
            memcpy(ret + len, bit, strlen(bit));
            len += strlen(bit);
        }
    }
    ret[len] = '\0';
}

static size_t code_lines(const struct reply *reply)
{
    size_t lines = 0;
    for (size_t i = 0; i < reply->block_count; i++) {
        for (const char *c = reply->text + reply->blocks[i].text; *c; c++) {
            lines += *c == '\n';
        }
    }
    return lines;
}

static void check_clean(const struct reply *reply, enum wording wording, const struct buf *out)
{
    size_t lines = 0;
    for (size_t i = 0; i < out->len;) {
        size_t step = utf8_length(out->data + i, out->len - i);
        unsigned char c = (unsigned char)out->data[i];
        assert_true(step > 0);
        assert_true(c >= 0x20 || c == '\n' || (c == 0x02 && wording == WORDING_IRC));
        assert_true(c != 0x7F);
        lines += c == '\n';
        i += step;
    }
    if (wording == WORDING_IRC && reply->block_count > 0) {
        assert_int_equal(lines, reply->block_count - 1 + code_lines(reply));
    }
}

static void check_neutral(enum wording wording, const char *text)
{
    if (wording == WORDING_MRKDWN) {
        assert_null(strstr(text, "<!"));
        assert_null(strstr(text, "<@"));
        assert_null(strstr(text, "<b"));
    } else if (wording == WORDING_MARKDOWN) {
        assert_null(strstr(text, "@everyone"));
        assert_null(strstr(text, "<b>"));
        assert_null(strstr(text, "#1"));
        assert_null(strstr(text, "http://x"));
    }
}

static void test_properties(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct reply reply;
        char text[400];
        bool code = false;
        memset(&reply, 0, sizeof(reply));
        for (size_t i = 0, count = random_next(&seed) % 6; i < count; i++) {
            enum block_type type = (enum block_type)(random_next(&seed) % (BLOCK_SOURCE + 1));
            random_text(&seed, text, sizeof(text));
            code |= type == BLOCK_CODE;
            reply_add_linked(&reply, type,
                             random_next(&seed) % 2 ? "http://l.example/\r\n<|>" : NULL, text);
        }
        for (int target = 0; target < TARGETS; target++) {
            struct buf out;
            buf_init(&out, OUT_MAX);
            assert_true(wording_format(&reply, (enum wording)target, &out));
            check_clean(&reply, (enum wording)target, &out);
            if (!code && out.data) {
                check_neutral((enum wording)target, out.data);
            }
            buf_finish(&out);
        }
        json_t *blocks = blocks_of(&reply);
        check_slack_limits(blocks);
        json_decref(blocks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),           cmocka_unit_test(test_several_blocks),
        cmocka_unit_test(test_only_web_links), cmocka_unit_test(test_full_buffer),
        cmocka_unit_test(test_slack_blocks),   cmocka_unit_test(test_slack_limits),
        cmocka_unit_test(test_properties),
    };
    return cmocka_run_group_tests_name("wording", tests, NULL, NULL);
}
