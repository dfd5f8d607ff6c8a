#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/http_url.h"
#include "adapters/slack_parse.h"
#include "bot/base/mem.h"

static struct slack_view quiet = {{"T1", "UBOT", "BBOT"}, false, "hooks.slack.com"};
static struct slack_view ambient = {{"T1", "UBOT", "BBOT"}, true, "hooks.slack.com"};
static struct slack_view unborn = {{"", "", ""}, false, "hooks.slack.com"};
static const struct slack_views quietly = {slack_view_of, &quiet};

#define ENVELOPE(event)                                                                           \
    "{\"type\":\"event_callback\",\"team_id\":\"T1\",\"api_app_id\":\"A1\",\"event_id\":\"Ev1\"," \
    "\"event\":{" event "}}"
#define MESSAGE "\"type\":\"message\",\"channel\":\"C1\",\"ts\":\"17.1\","
#define DIRECT "\"type\":\"message\",\"channel\":\"D1\",\"channel_type\":\"im\",\"ts\":\"17.1\","
#define MENTION "\"type\":\"app_mention\",\"channel\":\"C1\",\"ts\":\"17.1\","

static void parse(struct slack_view *view, const char *body, struct slack_incoming *ret)
{
    slack_parse_event(&(struct slack_views){slack_view_of, view}, body, strlen(body), ret);
}

/* One row an event: what is made of it. NULL in `text`: not a question. */
static void test_events(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct slack_view *view;
        const char *body;
        enum slack_kind kind;
        const char *why;
        enum surface surface;
        const char *text;
        bool from_bot;
    } rows[] = {
        {"S11: a mention", &quiet, ENVELOPE(MENTION "\"user\":\"U1\",\"text\":\"<@UBOT> x or y?\""),
         SLACK_QUESTION, "", SURFACE_MENTION, " x or y?", false},
        {"S11: its other copy", &quiet,
         ENVELOPE(MESSAGE "\"user\":\"U1\",\"text\":\"<@UBOT> x or y?\""), SLACK_QUESTION, "",
         SURFACE_MENTION, " x or y?", false},
        {"a direct message", &quiet, ENVELOPE(DIRECT "\"user\":\"U1\",\"text\":\"x or y?\""),
         SLACK_QUESTION, "", SURFACE_DM, "x or y?", false},
        {"not addressed", &quiet, ENVELOPE(MESSAGE "\"user\":\"U1\",\"text\":\"x or y?\""),
         SLACK_IGNORED, "not_addressed", 0, NULL, false},
        {"overheard", &ambient, ENVELOPE(MESSAGE "\"user\":\"U1\",\"text\":\"x or y?\""),
         SLACK_QUESTION, "", SURFACE_AMBIENT, "x or y?", false},
        {"in a thread of ours", &quiet,
         ENVELOPE(MESSAGE "\"user\":\"U1\",\"text\":\"why?\",\"thread_ts\":\"16.1\","
                          "\"parent_user_id\":\"UBOT\""),
         SLACK_QUESTION, "", SURFACE_MENTION, "why?", false},
        {"a mention without words", &quiet,
         ENVELOPE(MENTION "\"user\":\"U1\",\"text\":\"<@UBOT>\""), SLACK_QUESTION, "",
         SURFACE_MENTION, "help", false},
        {"no text at all", &quiet, ENVELOPE(DIRECT "\"user\":\"U1\""), SLACK_QUESTION, "",
         SURFACE_DM, "help", false},
        {"with a file", &quiet,
         ENVELOPE(DIRECT "\"user\":\"U1\",\"subtype\":\"file_share\",\"text\":\"x or y?\""),
         SLACK_QUESTION, "", SURFACE_DM, "x or y?", false},
        {"S11: an edit", &quiet,
         ENVELOPE(DIRECT "\"subtype\":\"message_changed\",\"hidden\":true,\"message\":{}"),
         SLACK_IGNORED, "hidden", 0, NULL, false},
        {"S11: a mention edited in", &quiet,
         ENVELOPE(MENTION "\"user\":\"U1\",\"text\":\"<@UBOT> x?\",\"edited\":{\"ts\":\"18.1\"}"),
         SLACK_IGNORED, "edited", 0, NULL, false},
        {"deleted", &quiet, ENVELOPE(DIRECT "\"user\":\"U1\",\"subtype\":\"message_deleted\""),
         SLACK_IGNORED, "subtype", 0, NULL, false},
        {"joined", &ambient, ENVELOPE(MESSAGE "\"user\":\"U1\",\"subtype\":\"channel_join\""),
         SLACK_IGNORED, "subtype", 0, NULL, false},
        {"S13: own, by user", &quiet, ENVELOPE(DIRECT "\"user\":\"UBOT\",\"text\":\"x or y?\""),
         SLACK_IGNORED, "own", 0, NULL, false},
        {"S13: own, by bot_id without user", &quiet,
         ENVELOPE(DIRECT "\"bot_id\":\"BBOT\",\"text\":\"x or y?\""), SLACK_IGNORED, "own", 0, NULL,
         false},
        {"S13: own, by the app's id", &quiet,
         ENVELOPE(DIRECT "\"bot_id\":\"BX\",\"bot_profile\":{\"app_id\":\"A1\"},\"text\":\"x?\""),
         SLACK_IGNORED, "own", 0, NULL, false},
        {"S14: another bot", &quiet,
         ENVELOPE(DIRECT "\"user\":\"U9\",\"bot_id\":\"B9\",\"text\":\"x or y?\""), SLACK_QUESTION,
         "", SURFACE_DM, "x or y?", true},
        {"S14: another bot without user", &quiet,
         ENVELOPE(DIRECT "\"subtype\":\"bot_message\",\"bot_id\":\"B9\",\"text\":\"x or y?\""),
         SLACK_QUESTION, "", SURFACE_DM, "x or y?", true},
        {"S14: Slackbot", &quiet, ENVELOPE(DIRECT "\"user\":\"USLACKBOT\",\"text\":\"x or y?\""),
         SLACK_QUESTION, "", SURFACE_DM, "x or y?", true},
        {"S15: a person's broadcast", &ambient,
         ENVELOPE(MESSAGE "\"user\":\"U1\",\"subtype\":\"thread_broadcast\",\"thread_ts\":\"16.1\","
                          "\"root\":{\"user\":\"UBOT\",\"bot_id\":\"BBOT\"},\"text\":\"x or y?\""),
         SLACK_QUESTION, "", SURFACE_AMBIENT, "x or y?", false},
        {"S15: our own broadcast, told by its root", &ambient,
         ENVELOPE(MESSAGE "\"subtype\":\"thread_broadcast\",\"thread_ts\":\"16.1\","
                          "\"root\":{\"bot_id\":\"BBOT\"},\"text\":\"x or y?\""),
         SLACK_IGNORED, "own", 0, NULL, false},
        {"nobody said it", &quiet, ENVELOPE(DIRECT "\"text\":\"x or y?\""), SLACK_IGNORED,
         "no_author", 0, NULL, false},
        {"another event", &quiet, ENVELOPE("\"type\":\"member_joined_channel\",\"user\":\"UBOT\""),
         SLACK_IGNORED, "event_type", 0, NULL, false},
        {"who are we?", &unborn, ENVELOPE(DIRECT "\"user\":\"U1\",\"text\":\"x or y?\""),
         SLACK_UNKNOWN_US, "", 0, NULL, false},
        {"the delivery says who we are", &unborn,
         "{\"type\":\"event_callback\",\"team_id\":\"T1\",\"authorizations\":[{\"user_id\":\"UX\","
         "\"is_bot\":true}],\"event\":{" DIRECT "\"user\":\"UX\",\"text\":\"x or y?\"}}",
         SLACK_IGNORED, "own", 0, NULL, false},
        {"another workspace", &quiet,
         "{\"type\":\"event_callback\",\"team_id\":\"T2\",\"event\":{" DIRECT
         "\"user\":\"U1\",\"text\":\"x or y?\"}}",
         SLACK_OTHER_TEAM, "", 0, NULL, false},
        {"S12: too many events", &quiet,
         "{\"type\":\"app_rate_limited\",\"team_id\":\"T1\",\"minute_rate_limited\":1}",
         SLACK_IGNORED, "app_rate_limited", 0, NULL, false},
        {"a type of tomorrow", &quiet, "{\"type\":\"tomorrow\"}", SLACK_IGNORED, "type", 0, NULL,
         false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct slack_incoming got;
        parse(rows[i].view, rows[i].body, &got);
        bool fine = got.kind == rows[i].kind && strcmp(got.why, rows[i].why) == 0 &&
                    (rows[i].text == NULL ||
                     (got.surface == rows[i].surface && got.from_bot == rows[i].from_bot &&
                      strcmp(got.text.data, rows[i].text) == 0));
        if (!fine) {
            fail_msg("%s: kind %d, why \"%s\", surface %d, text \"%s\"", rows[i].what, got.kind,
                     got.why, got.surface, got.text.data ? got.text.data : "");
        }
        slack_incoming_finish(&got);
    }
}

static void test_bad_events(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "nonsense",
        "[]",
        "{}",
        "{\"type\":5}",
        "{\"type\":\"url_verification\"}",
        "{\"type\":\"url_verification\",\"challenge\":7}",
        "{\"type\":\"event_callback\"}",
        "{\"type\":\"event_callback\",\"team_id\":\"T1\"}",
        "{\"type\":\"event_callback\",\"team_id\":\"T1\",\"event\":\"x\"}",
        "{\"type\":\"event_callback\",\"team_id\":\"T 1\",\"event\":{}}",
        "{\"type\":\"event_callback\",\"type\":\"event_callback\",\"team_id\":\"T1\",\"event\":{}}",
        ENVELOPE("\"type\":\"message\",\"channel\":\"D1\",\"user\":\"U1\",\"text\":\"x\""),
        ENVELOPE("\"type\":\"message\",\"ts\":\"1.1\",\"user\":\"U1\",\"text\":\"x\""),
        ENVELOPE("\"type\":\"message\",\"ts\":1.1,\"channel\":\"D1\",\"user\":\"U1\""),
        ENVELOPE("\"type\":\"message\",\"ts\":\"1.1 x\",\"channel\":\"D1\",\"user\":\"U1\""),
        ENVELOPE(DIRECT "\"user\":\"U1\",\"text\":\"x\",\"thread_ts\":\"\\\"\""),
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct slack_incoming got;
        parse(&quiet, bodies[i], &got);
        if (got.kind != SLACK_BAD || got.why[0] == '\0') {
            fail_msg("taken: %s", bodies[i]);
        }
        slack_incoming_finish(&got);
    }
}

/* Every prefix of a good body is refused, not misread. */
static void test_truncated(void **state)
{
    (void)state;
    static const char body[] = ENVELOPE(DIRECT "\"user\":\"U1\",\"text\":\"x or y?\"");
    for (size_t len = 0; len < strlen(body); len++) {
        struct slack_incoming got;
        slack_parse_event(&quietly, body, len, &got);
        assert_int_equal(got.kind, SLACK_BAD);
        slack_incoming_finish(&got);
    }
}

static void test_challenge(void **state)
{
    (void)state;
    struct slack_incoming got;
    parse(&quiet, "{\"token\":\"x\",\"challenge\":\"3eZbrw1\",\"type\":\"url_verification\"}",
          &got);
    assert_int_equal(got.kind, SLACK_CHALLENGE);
    assert_string_equal(got.text.data, "3eZbrw1");
    slack_incoming_finish(&got);
}

/* S10, S16, S17 */
static void test_keys(void **state)
{
    (void)state;
    static const struct {
        const char *what, *body, *conversation, *address;
    } rows[] = {
        {"a channel's message begins a thread", ENVELOPE(MENTION "\"user\":\"U1\",\"text\":\"x\""),
         "T1 C1 17.1", "post C1 17.1 -"},
        {"a reply stays in its thread",
         ENVELOPE(MENTION "\"user\":\"U2\",\"text\":\"x\",\"thread_ts\":\"16.5\""), "T1 C1 16.5",
         "post C1 16.5 -"},
        {"direct messages have none", ENVELOPE(DIRECT "\"user\":\"U1\",\"text\":\"x\""), "T1 U1",
         "post D1 - -"},
        {"unless somebody uses one",
         ENVELOPE(DIRECT "\"user\":\"U1\",\"text\":\"x\",\"thread_ts\":\"16.5\""), "T1 U1",
         "post D1 16.5 -"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct slack_incoming got;
        parse(&quiet, rows[i].body, &got);
        assert_string_equal(got.delivery, "Ev1");
        assert_memory_equal(got.identity, "T1 ", 3);
        assert_string_equal(strrchr(got.identity, ' '), " 17.1");
        assert_string_equal(got.conversation, rows[i].conversation);
        assert_string_equal(got.address, rows[i].address);
        slack_incoming_finish(&got);
    }
}

/* S18, S19 */
static void test_decode(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
        bool mentioned;
    } rows[] = {
        {"", "", false},
        {"a &lt;b&gt; &amp;amp; c", "a <b> &amp; c", false},
        {"<@UBOT> x", " x", true},
        {"x <@UBOT|whether>, y", "x , y", true},
        {"<@U2> and <@U3|ann>", "@U2 and @ann", false},
        {"<@UBOT2>", "@UBOT2", false},
        {"<#C1|general> <#C2>", "#general #C2", false},
        {"<!here> <!channel|@channel> <!subteam^S1|@devs>", "@here @channel @devs", false},
        {"<!date^1392734382^{date}|Feb 18>", "Feb 18", false},
        {"<https://a.b/c|the docs> <https://x.y>", "the docs https://x.y", false},
        {"<mailto:a@b.c|a@b.c>", "a@b.c", false},
        {"<https://a.b/c?x=1&amp;y=2>", "https://a.b/c?x=1&y=2", false},
        {"a < b and c > d", "a < b and c > d", false},
        {"<unfinished", "<unfinished", false},
        {"<>", "<>", false},
        {"<@>", "<@>", false},
        {"&lt", "&lt", false},
        {"&", "&", false},
        {"~gone~ stays", "~~gone~~ stays", false},
        {"~gone two~, ~three~.", "~~gone two~~, ~~three~~.", false},
        {"about ~5 users", "about ~5 users", false},
        {"~/src and ~/doc", "~/src and ~/doc", false},
        {"a~b~c", "a~b~c", false},
        {"~~already~~", "~~already~~", false},
        {"~open\nnext~", "~open\nnext~", false},
        {"&gt; quoted", "> quoted", false},
        {"*bold* _it_ `code`", "*bold* _it_ `code`", false},
        {"\xff\xfe", "\xff\xfe", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf ret;
        bool mentioned;
        buf_init(&ret, 1000);
        buf_putc(&ret, '|');
        slack_decode(rows[i].text, strlen(rows[i].text), "UBOT", &ret, &mentioned);
        assert_string_equal(ret.data + 1, rows[i].expected);
        assert_int_equal(mentioned, rows[i].mentioned);
        buf_finish(&ret);
    }
}

/* As much as there is room for, not nothing. */
static void test_decoding_too_much(void **state)
{
    (void)state;
    char text[1001];
    struct buf ret;
    bool mentioned;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    buf_init(&ret, 100);
    slack_decode(text, strlen(text), "UBOT", &ret, &mentioned);
    assert_true(ret.failed);
    assert_int_equal(ret.len, 100);
    buf_finish(&ret);
}

static void test_commands(void **state)
{
    (void)state;
#define WHO "team_id=T1&channel_id=C1&user_id=U1&trigger_id=1.2.ab&command=%2Fwhether"
    static const struct {
        const char *body;
        enum slack_kind kind;
        const char *text;
    } rows[] = {
        {WHO "&text=x+or+y%3F", SLACK_COMMAND, "x or y?"},
        {WHO "&text=", SLACK_COMMAND, "help"},
        {WHO, SLACK_COMMAND, "help"},
        {WHO "&text=%26lt%3Bb%26gt%3B", SLACK_COMMAND, "<b>"},
        {"ssl_check=1&token=x", SLACK_IGNORED, NULL}, /* S5 */
        {"team_id=T2&channel_id=C1&user_id=U1&trigger_id=1&text=x", SLACK_OTHER_TEAM, NULL},
        {"channel_id=C1&user_id=U1&trigger_id=1&text=x", SLACK_BAD, NULL},
        {"team_id=T1&user_id=U1&trigger_id=1&text=x", SLACK_BAD, NULL},
        {"team_id=T1&channel_id=C1&trigger_id=1&text=x", SLACK_BAD, NULL},
        {"team_id=T1&channel_id=C1&user_id=U1&text=x", SLACK_BAD, NULL},
        {"team_id=T1&channel_id=C%0A1&user_id=U1&trigger_id=1&text=x", SLACK_BAD, NULL},
        {WHO "&text=%00", SLACK_BAD, NULL},
        {WHO "&text=a&text=b", SLACK_BAD, NULL},
        {WHO "&text=%", SLACK_BAD, NULL},
        {"", SLACK_BAD, NULL},
    };
#undef WHO
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct slack_incoming got;
        slack_parse_command(&quietly, rows[i].body, strlen(rows[i].body), &got);
        if (got.kind != rows[i].kind) {
            fail_msg("%s: %d", rows[i].body, got.kind);
        }
        if (rows[i].text != NULL) {
            assert_string_equal(got.text.data, rows[i].text);
            assert_string_equal(got.delivery, "command 1.2.ab");
            assert_string_equal(got.identity, "");
            assert_string_equal(got.conversation, "T1 C1 /U1");
            assert_int_equal(got.surface, SURFACE_SLASH);
        }
        slack_incoming_finish(&got);
    }
}

static void put_form(struct buf *ret, const char *text)
{
    for (; *text; text++) {
        buf_printf(ret, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

static void press(const char *payload, struct slack_incoming *ret)
{
    struct buf body;
    buf_init(&body, 64 * 1024);
    buf_puts(&body, "payload=");
    put_form(&body, payload);
    slack_parse_action(&quietly, body.data, body.len, ret);
    buf_finish(&body);
}

#define PRESS(action, container, rest)                                                            \
    "{\"type\":\"block_actions\",\"team\":{\"id\":\"T1\"},\"user\":{\"id\":\"U1\"},\"channel\":{" \
    "\"id\":\"C1\"},\"trigger_id\":\"9.9.z\",\"container\":{\"message_ts\":\"20.1\"" container    \
    "},\"response_url\":\"https://hooks.slack.com/actions/T1/1/"                                  \
    "x\",\"actions\":[{\"action_id\":\"" action "\"" rest "}]}"

static void test_actions(void **state)
{
    (void)state;
    static const struct {
        const char *payload;
        enum slack_kind kind;
        const char *text, *conversation, *address;
    } rows[] = {
        {PRESS("whether_why", ",\"thread_ts\":\"17.1\"", ""), SLACK_QUESTION, "why?", "T1 C1 17.1",
         "post C1 17.1 https://hooks.slack.com/actions/T1/1/x"},
        {PRESS("whether_flip", "", ""), SLACK_QUESTION, "what would change your mind?",
         "T1 C1 20.1", "post C1 20.1 https://hooks.slack.com/actions/T1/1/x"},
        {PRESS("whether_why", ",\"is_ephemeral\":true", ""), SLACK_QUESTION, "why?", "T1 C1 /U1",
         "private C1 - https://hooks.slack.com/actions/T1/1/x"},
        {PRESS("whether_wrong", "", ",\"value\":\"x or y?\""), SLACK_WRONG, "x or y?", "T1 C1 20.1",
         "post C1 20.1 https://hooks.slack.com/actions/T1/1/x"},
        {PRESS("other", "", ""), SLACK_IGNORED, NULL, NULL, NULL},
        {"{\"type\":\"view_submission\"}", SLACK_IGNORED, NULL, NULL, NULL},
        {"{\"type\":\"block_actions\"}", SLACK_BAD, NULL, NULL, NULL},
        {"{\"type\":\"block_actions\",\"actions\":[]}", SLACK_BAD, NULL, NULL, NULL},
        {"{\"type\":\"block_actions\",\"actions\":7}", SLACK_BAD, NULL, NULL, NULL},
        {"[]", SLACK_BAD, NULL, NULL, NULL},
        {"{", SLACK_BAD, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct slack_incoming got;
        press(rows[i].payload, &got);
        if (got.kind != rows[i].kind) {
            fail_msg("%s: %d", rows[i].payload, got.kind);
        }
        if (rows[i].text != NULL) {
            assert_string_equal(got.text.data, rows[i].text);
            assert_string_equal(got.delivery, "action 9.9.z");
            assert_memory_equal(got.identity, "T1 C1 20.1 whether_", 19);
            assert_string_equal(got.conversation, rows[i].conversation);
            assert_string_equal(got.address, rows[i].address);
        }
        slack_incoming_finish(&got);
    }
}

/* A response_url elsewhere is not kept (3.12): the answer goes by chat.postMessage alone. */
static void test_foreign_response_url(void **state)
{
    (void)state;
    struct slack_incoming got;
    press(
        "{\"type\":\"block_actions\",\"team\":{\"id\":\"T1\"},\"user\":{\"id\":\"U1\"},"
        "\"channel\":{\"id\":\"C1\"},\"trigger_id\":\"9\",\"container\":{\"message_ts\":\"20.1\"},"
        "\"response_url\":\"https://evil.example/x\",\"actions\":[{\"action_id\":\"whether_why\"}]"
        "}",
        &got);
    assert_string_equal(got.address, "post C1 20.1 -");
    slack_incoming_finish(&got);
}

static void test_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool allowed;
    } rows[] = {
        {"https://hooks.slack.com/commands/T1/2/x", true},
        {"https://HOOKS.slack.com/x", true},
        {"https://hooks.slack-gov.com/x", true},
        {"http://hooks.slack.com/x", false},
        {"http://127.0.0.1:8125/x", true},
        {"http://127.0.0.1:8126/x", false},
        {"https://hooks.slack.com.evil.example/x", false},
        {"https://evil.example/hooks.slack.com", false},
        {"https://hooks.slack.com@evil.example/", false},
        {"https://evil.example\\@hooks.slack.com/", false},
        {"https://hooks.slack.com:8443/x", false},
        {"https://hooks.slack.com", true},
        {"https://hooks.slack.com?x", true},
        {"https:///x", false},
        {"https://", false},
        {"ftp://hooks.slack.com/x", false},
        {"file:///etc/passwd", false},
        {"//hooks.slack.com/x", false},
        {"https://hooks.slack.com/a b", false},
        {"https://hooks.slack.com/a\r\nX: y", false},
        {"https://hooks.slack.com/\xc3\xa4", false},
        {"https://169.254.169.254/latest/meta-data", false},
        {"", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool allowed =
            http_url_allowed(rows[i].url, "hooks.slack.com, hooks.slack-gov.com,127.0.0.1:8125");
        if (allowed != rows[i].allowed) {
            fail_msg("%s: %d", rows[i].url, allowed);
        }
        assert_false(http_url_allowed(rows[i].url, ""));
    }
}

static void test_address(void **state)
{
    (void)state;
    static const char *const good[] = {"post C1 17.1 -", "post D1 - -",
                                       "private C1 - https://hooks.slack.com/x",
                                       "post C1 1.1 https://hooks.slack.com/x"};
    static const char *const broken[] = {"",
                                         "post",
                                         "post C1",
                                         "post C1 17.1",
                                         "send C1 - -",
                                         "post C1 - - x",
                                         "post  C1 - -",
                                         "postpost C1 - -"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct slack_address address;
        char text[SLACK_URL_MAX + 400];
        assert_true(slack_address_parse(good[i], &address));
        slack_address_format(&address, text, sizeof(text));
        assert_string_equal(text, good[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        struct slack_address address;
        assert_false(slack_address_parse(broken[i], &address));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_bad_events),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_challenge),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_decoding_too_much),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_foreign_response_url),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
