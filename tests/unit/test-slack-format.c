#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "adapters/http_client.h"
#include "adapters/slack_answer.h"
#include "adapters/slack_format.h"
#include "adapters/slack_parse.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/mem.h"

static json_t *format(const struct reply *reply, const struct slack_extras *extras)
{
    struct buf ret;
    buf_init(&ret, SLACK_PAYLOAD_MAX);
    assert_true(slack_format_reply(reply, extras, &ret));
    json_t *object = json_loadb(ret.data, ret.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    buf_finish(&ret);
    return object;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void test_reply(void **state)
{
    (void)state;
    struct reply reply = {0};
    const struct slack_extras extras = {
        .buttons = true, .question = "x or \"y\"?", .question_len = 9};
    reply_add(&reply, BLOCK_LEAD, "%s", "X, clearly.");
    reply_add(&reply, BLOCK_PARAGRAPH, "%s", "For X: a & b.");
    json_t *object = format(&reply, &extras);
    assert_null(json_object_get(object, "response_type"));
    assert_string_equal(text_of(object, "text"), "*X, clearly.*\n\nFor X: a &amp; b.");
    assert_true(json_is_false(json_object_get(object, "unfurl_links")));
    json_t *blocks = json_object_get(object, "blocks");
    assert_int_equal(json_array_size(blocks), 3);
    json_t *actions = json_array_get(blocks, 2);
    assert_string_equal(text_of(actions, "type"), "actions");
    json_t *elements = json_object_get(actions, "elements");
    static const char *const labels[] = {"Why?", "What would change it?", "Wrong"};
    assert_int_equal(json_array_size(elements), ARRAY_LEN(labels));
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        json_t *button = json_array_get(elements, i);
        assert_string_equal(text_of(json_object_get(button, "text"), "text"), labels[i]);
    }
    assert_string_equal(text_of(json_array_get(elements, 2), "value"), "x or \"y\"?");
    json_decref(object);
}

static void test_without_buttons(void **state)
{
    (void)state;
    struct reply reply = {0};
    reply_add(&reply, BLOCK_LEAD, "%s", "Hello!");
    json_t *object = format(&reply, &(struct slack_extras){.ephemeral = true});
    assert_string_equal(text_of(object, "response_type"), "ephemeral");
    assert_string_equal(text_of(object, "text"), "Hello!");
    assert_int_equal(json_array_size(json_object_get(object, "blocks")), 1);
    json_decref(object);
    reply = (struct reply){0};
    object = format(&reply, &(struct slack_extras){.buttons = true});
    assert_int_equal(json_array_size(json_object_get(object, "blocks")), 1);
    json_decref(object);
}

/* S18: whatever people or packs wrote, nobody is pinged and nothing becomes a link. */
static void test_injection(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "<!channel>",      "<!here|x>", "<@U1>", "<#C1>", "<https://evil.example|click>",
        "&lt;!channel&gt;"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct reply reply = {0};
        reply_add(&reply, BLOCK_LEAD, "For %s.", texts[i]);
        reply_add(&reply, BLOCK_CODE, "%s", texts[i]);
        json_t *object = format(&reply, &(struct slack_extras){.buttons = true,
                                                               .question = texts[i],
                                                               .question_len = strlen(texts[i])});
        char *blocks = json_dumps(json_object_get(object, "blocks"), 0);
        const char *text = text_of(object, "text");
        assert_null(strchr(text, '<'));
        assert_null(strstr(text, "&lt;!channel&gt;&"));
        /* A button's value is data, not markup; the rest has no angle bracket. */
        char *value = strstr(blocks, "\"value\"");
        assert_non_null(value);
        *value = '\0';
        assert_null(strchr(blocks, '<'));
        free(blocks);
        json_decref(object);
    }
}

/* S20, and no cut inside a character, an entity or code. */
static void test_long(void **state)
{
    (void)state;
    static const char *const pieces[] = {"a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                         "&", "<",        "ab\n"};
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        for (int type = BLOCK_PARAGRAPH; type <= BLOCK_CODE; type++) {
            struct reply reply = {0};
            char text[5000];
            size_t len = 0;
            while (len + strlen(pieces[i]) < sizeof(text) - 600) {
                memcpy(text + len, pieces[i], strlen(pieces[i]));
                len += strlen(pieces[i]);
            }
            text[len] = '\0';
            reply_add(&reply, (enum block_type)type, "%s", text);
            json_t *object = format(&reply, &(struct slack_extras){0});
            const char *fallback = text_of(object, "text");
            size_t fallback_len = strlen(fallback);
            assert_true(fallback_len > 0 && fallback_len <= SLACK_FALLBACK_MAX);
            const char *last = strrchr(fallback, '&');
            assert_true(last == NULL || strchr(last, ';') != NULL);
            size_t fences = 0;
            for (const char *at = fallback; (at = strstr(at, "```")) != NULL; at += 3) {
                fences++;
            }
            assert_int_equal(fences % 2, 0);
            json_decref(object);
        }
    }
}

static void test_question_cut(void **state)
{
    (void)state;
    struct reply reply = {0};
    char question[3001] = "";
    for (size_t i = 0; i < 1000; i++) {
        memcpy(question + 3 * i, "\xe2\x82\xac", 4);
    }
    reply_add(&reply, BLOCK_LEAD, "%s", "Hm.");
    json_t *object =
        format(&reply,
               &(struct slack_extras){.buttons = true, .question = question, .question_len = 3000});
    json_t *actions = json_array_get(json_object_get(object, "blocks"), 1);
    const char *value = text_of(json_array_get(json_object_get(actions, "elements"), 2), "value");
    assert_int_equal(strlen(value), SLACK_VALUE_MAX);
    json_decref(object);
}

static void test_full(void **state)
{
    (void)state;
    struct reply reply = {0};
    struct buf ret;
    reply_add(&reply, BLOCK_LEAD, "%s", "Hello!");
    for (size_t max = 0; max < 150; max++) {
        buf_init(&ret, max);
        assert_false(slack_format_reply(&reply, &(struct slack_extras){.buttons = true}, &ret));
        buf_finish(&ret);
    }
}

static void test_requests(void **state)
{
    (void)state;
    static const char payload[] = "{\"text\":\"x\"}";
    struct slack_address address = {.channel = "C1", .thread = "17.1"};
    struct buf ret;
    char key[SLACK_DELIVERY_KEY_MAX];
    slack_delivery_key(7, 1700000000123, key);
    assert_string_equal(key, "7.1700000000123");

    buf_init(&ret, 1000);
    assert_true(slack_format_post(&address, key, payload, strlen(payload), &ret));
    assert_string_equal(ret.data, "{\"channel\":\"C1\",\"thread_ts\":\"17.1\",\"metadata\":{"
                                  "\"event_type\":\"whether_answer\",\"event_payload\":{"
                                  "\"delivery\":\"7.1700000000123\"}},\"text\":\"x\"}");
    buf_clear(&ret);
    address.thread[0] = '\0';
    assert_true(slack_format_post(&address, key, payload, strlen(payload), &ret));
    assert_null(strstr(ret.data, "thread_ts"));
    buf_clear(&ret);
    assert_true(slack_format_response(true, payload, strlen(payload), &ret));
    assert_string_equal(ret.data, "{\"replace_original\":false,\"response_type\":\"ephemeral\","
                                  "\"text\":\"x\"}");
    buf_clear(&ret);
    assert_true(slack_format_lookup(&address, 1700000000123, "a=b", &ret));
    assert_string_equal(ret.data, "channel=C1&oldest=1699999940&limit=200&include_all_metadata="
                                  "true&cursor=a%3Db");
    buf_clear(&ret);
    assert_false(slack_format_post(&address, key, "", 0, &ret));
    buf_finish(&ret);
}

/* ---- answers ---- */

static struct http_answer answer_of(long status, const char *body)
{
    return (struct http_answer){.status = status, .sent = true, .body = body, .len = strlen(body)};
}

static void test_answers(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *body;
        bool plain;
        enum slack_outcome expected;
        const char *why;
    } rows[] = {
        {200, "{\"ok\":true,\"ts\":\"1.1\"}", false, SLACK_DONE, ""},
        {200, "{\"ok\":false,\"error\":\"msg_too_long\"}", false, SLACK_REFUSED, "msg_too_long"},
        {200, "{\"ok\":false,\"error\":\"of tomorrow\"}", false, SLACK_REFUSED, "of tomorrow"},
        {200, "{\"ok\":false,\"error\":\"not_in_channel\"}", false, SLACK_OUTSIDE,
         "not_in_channel"},
        {200, "{\"ok\":false,\"error\":\"ratelimited\"}", false, SLACK_LATER, "ratelimited"},
        {200, "{\"ok\":false,\"error\":\"internal_error\"}", false, SLACK_UNSURE, "internal_error"},
        {200, "{\"ok\":false,\"error\":\"fatal_error\"}", false, SLACK_UNSURE, "fatal_error"},
        {200, "{\"ok\":false,\"error\":\"invalid_auth\"}", false, SLACK_TOKEN, "invalid_auth"},
        {200, "{\"ok\":false,\"error\":\"token_revoked\"}", false, SLACK_TOKEN, "token_revoked"},
        {200, "{\"ok\":false}", false, SLACK_UNSURE, "the answer is not Slack's"},
        {200, "{\"ok\":\"true\"}", false, SLACK_UNSURE, "the answer is not Slack's"},
        {200, "<html>", false, SLACK_UNSURE, "the answer is not Slack's"},
        {200, "", false, SLACK_UNSURE, "the answer is not Slack's"},
        {429, "", false, SLACK_LATER, "rate limit"},
        {408, "", false, SLACK_LATER, "HTTP 408"},
        {500, "", false, SLACK_UNSURE, "HTTP 500"},
        {503, "", false, SLACK_UNSURE, "HTTP 503"},
        {302, "", false, SLACK_LATER, "HTTP 302"},
        {404, "", false, SLACK_LATER, "HTTP 404"},
        {403, "<html>", false, SLACK_LATER, "HTTP 403"},
        {200, "ok", true, SLACK_DONE, ""},
        {200, "", true, SLACK_DONE, ""},
        {200, "{\"ok\":true}", true, SLACK_DONE, ""},
        {200, "{\"ok\":false,\"error\":\"expired_url\"}", true, SLACK_REFUSED, "expired_url"},
        {400, "no_text", true, SLACK_REFUSED, "HTTP 400"},
        {404, "used_url", true, SLACK_REFUSED, "HTTP 404"},
        {429, "", true, SLACK_LATER, "rate limit"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_answer raw = answer_of(rows[i].status, rows[i].body);
        struct slack_answer got;
        slack_answer_read(&raw, rows[i].plain, &got);
        if (got.outcome != rows[i].expected || strcmp(got.why, rows[i].why) != 0) {
            fail_msg("%ld %s: %d \"%s\"", rows[i].status, rows[i].body, got.outcome, got.why);
        }
        slack_answer_finish(&got);
    }
}

static void test_no_answer(void **state)
{
    (void)state;
    static const char refused[] = "Failed to connect to slack.example.org port 443 after 0 ms: "
                                  "Couldn't connect to server";
    struct http_answer raw = {.status = 0, .sent = false, .body = "", .error = refused};
    struct slack_answer got;
    slack_answer_read(&raw, false, &got);
    assert_int_equal(got.outcome, SLACK_LATER);
    raw.sent = true;
    slack_answer_read(&raw, false, &got);
    assert_int_equal(got.outcome, SLACK_UNSURE);
    assert_string_equal(got.why, refused);
    raw = answer_of(429, "");
    raw.retry_after_ms = 7000;
    slack_answer_read(&raw, false, &got);
    assert_int_equal(got.after_ms, 7000);
}

static void test_search(void **state)
{
    (void)state;
    static const struct slack_self self = {"T1", "UBOT", "BBOT"};
    static const struct slack_sought sought = {"7.17", "hello", &self};
#define META(key)                                                                                  \
    "\"metadata\":{\"event_type\":\"whether_answer\",\"event_payload\":{\"delivery\":\"" key "\"}" \
    "}"
    static const struct {
        const char *messages;
        bool found;
    } rows[] = {
        {"", false},
        {"{\"user\":\"UBOT\",\"text\":\"other\"," META("7.17") "}", true},
        {"{\"user\":\"UBOT\",\"text\":\"hello\"," META("7.16") "}", false},
        {"{\"user\":\"UBOT\",\"text\":\"hello\"}", true},
        {"{\"bot_id\":\"BBOT\",\"text\":\"hello\"}", true},
        {"{\"user\":\"U1\",\"text\":\"hello\"}", false},
        {"{\"text\":\"hello\"}", false},
        {"{\"user\":\"UBOT\",\"text\":\"hello there\"}", false},
        {"{\"user\":\"UBOT\",\"text\":\"hello\",\"metadata\":{\"event_type\":\"other\"}}", true},
        {"{\"user\":\"U1\",\"text\":\"x\"},{\"user\":\"UBOT\",\"text\":\"hello\"}", true},
        {"7,null,\"hello\"", false},
    };
#undef META
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[600];
        snprintf(text, sizeof(text), "{\"ok\":true,\"messages\":[%s]}", rows[i].messages);
        json_t *body = json_loads(text, 0, NULL);
        assert_non_null(body);
        if (slack_answer_has(body, &sought) != rows[i].found) {
            fail_msg("%s", rows[i].messages);
        }
        assert_string_equal(slack_answer_cursor(body), "");
        json_decref(body);
    }
    json_t *body = json_loads("{\"response_metadata\":{\"next_cursor\":\"abc\"}}", 0, NULL);
    assert_string_equal(slack_answer_cursor(body), "abc");
    json_decref(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply),        cmocka_unit_test(test_without_buttons),
        cmocka_unit_test(test_injection),    cmocka_unit_test(test_long),
        cmocka_unit_test(test_question_cut), cmocka_unit_test(test_full),
        cmocka_unit_test(test_requests),     cmocka_unit_test(test_answers),
        cmocka_unit_test(test_no_answer),    cmocka_unit_test(test_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
