#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/http_body.h"
#include "adapters/tracker_kind.h"
#include "adapters/tracker_text.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"

/* ---- what of a text is its author's ---- */

static void test_text(void **state)
{
    (void)state;
    static const struct {
        enum tracker_markup markup;
        const char *text, *said;
        bool mentioned;
    } rows[] = {
        {TRACKER_MARKDOWN, "Node or Django?", "Node or Django?\n", false},
        {TRACKER_MARKDOWN, "@whether-bot: Node?", " Node?\n", true},
        {TRACKER_MARKDOWN, "hey @WHETHER, Node?", "hey  Node?\n", true},
        {TRACKER_MARKDOWN, "a@whether b @whether-bots c @whether_bot @whether.io", NULL, false},
        {TRACKER_MARKDOWN, "what says @whether.", "what says .\n", true},
        {TRACKER_MARKDOWN, "> @whether Node?\nno", "\nno\n", false},
        {TRACKER_MARKDOWN, "a\n```\n@whether\n```\nb", "a\n\n\n\nb\n", false},
        {TRACKER_MARKDOWN, "a\n~~~~ text\n@whether\n~~~\n~~~~\nb", "a\n\n\n\n\nb\n", false},
        {TRACKER_MARKDOWN, "```never closed\n@whether", "\n\n", false},
        {TRACKER_MARKDOWN, "```one line``` @whether", "```one line``` \n", true},
        {TRACKER_MARKDOWN, "say `@whether` to it", "say `@whether` to it\n", false},
        {TRACKER_MARKDOWN, "a<!-- @whether -->b", "ab\n", false},
        {TRACKER_MARKDOWN, "a<!--\n@whether\n> x\n-->b @whether", "a\n\n\nb \n", true},
        {TRACKER_MARKDOWN, "a\n-- \nAnn, @whether\n", "a\n", false},
        {TRACKER_MARKDOWN, "a\nOn Mon, 3 Mar 2025, Ann <a@b.c> wrote:\nb", "a\n", false},
        {TRACKER_MARKDOWN, "a\nSent from my phone", "a\n", false},
        {TRACKER_MARKDOWN, "### Team\r\n\r\n_No response_\r\n", "### Team\r\n\r\n\n", false},
        {TRACKER_MARKDOWN, "- [x] I have searched the issues\n- [ ] chat", "\n- [ ] chat\n", false},
        {TRACKER_WIKI, "[~accountid:5b-1] a", " a\n", true},
        {TRACKER_WIKI, "[~accountid:5b-12] a", "[~accountid:5b-12] a\n", false},
        {TRACKER_WIKI, "{quote}\n@whether\n{quote}\nb", "\n\n\nb\n", false},
        {TRACKER_WIKI, "{code:c}\n@whether\n{code}\nb\nbq. @whether", "\n\n\nb\n\n", false},
        {TRACKER_WIKI, "{noformat}@whether{noformat}\nb", "\nb\n", false},
        {TRACKER_MARKDOWN, "", "", false},
    };
    const struct tracker_names names = {{"whether", "whether-bot", NULL}, "5b-1"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf said;
        bool mentioned;
        buf_init(&said, 4096);
        tracker_text_read(rows[i].markup, rows[i].text, strlen(rows[i].text), &names, &said,
                          &mentioned);
        if (rows[i].said != NULL) {
            assert_string_equal(said.len > 0 ? said.data : "", rows[i].said);
        }
        assert_int_equal(mentioned, rows[i].mentioned);
        buf_finish(&said);
    }
}

static void test_own_text(void **state)
{
    (void)state;
    static const char own[] = "answer\n\n<!-- whether:1.2 -->", other[] = "<!-- weather -->";
    assert_true(tracker_text_is_own(own, strlen(own)));
    assert_false(tracker_text_is_own(other, strlen(other)));
    assert_false(tracker_text_is_own("", 0));
}

/* ---- deliveries ---- */

static struct config_tracker config;

static struct ticket_event parse(enum config_tracker_kind kind, const char *event, const char *body)
{
    struct ticket_event ret;
    struct error err = {0};
    json_t *json = http_json_parse(body, strlen(body), &err);
    assert_non_null(json);
    static char ask[] = "stack-decision", record[] = "decision-record", none[] = "";
    config = (struct config_tracker){
        .ask_label = ask, .record_label = record, .author = none, .reply_hosts = none};
    const struct ticket_view view = {&tracker_kinds[kind], &config, event};
    ticket_parse(&view, json, &ret);
    json_decref(json);
    return ret;
}

#define HUB(action, more)                                                                         \
    "{\"action\": \"" action "\", \"repository\": {\"full_name\": \"a/b\"}, \"sender\": "         \
    "{\"login\": \"ann\", \"type\": \"User\"}, \"issue\": {\"id\": 7, \"number\": 3, \"title\": " \
    "\"T\", \"body\": null, \"user\": null, \"labels\": [{\"name\": \"stack-decision\"}]}" more   \
    "}"
#define PULL(action, more)                                                                  \
    "{\"action\": \"" action "\", \"repository\": {\"full_name\": \"a/b\"}, \"sender\": "   \
    "{\"login\": \"ann\"}, \"pull_request\": {\"id\": 7, \"number\": 3, \"title\": \"T\", " \
    "\"body\": \"B\", \"user\": {\"login\": \"ann\"}, \"labels\": [{\"name\": "             \
    "\"stack-decision\"}]}" more "}"
#define MERGE(action, more)                                                                      \
    "{\"object_kind\": \"merge_request\", \"project\": {\"id\": 5}, \"user\": {\"username\": "   \
    "\"ann\"}, \"object_attributes\": {\"id\": 9, \"iid\": 2, \"action\": \"" action "\"" more   \
    "}, \"labels\": [], \"changes\": {\"labels\": {\"previous\": [], \"current\": [{\"title\": " \
    "\"decision-record\"}]}}}"
#define LINEAR(action, more)                                                                     \
    "{\"type\": \"Issue\", \"action\": \"" action "\", \"webhookTimestamp\": 5, \"data\": "      \
    "{\"id\": \"u-1\", \"title\": \"T\", \"description\": \"D\", \"labels\": [{\"id\": \"l1\", " \
    "\"name\": \"decision-record\"}]}" more "}"

static void test_events(void **state)
{
    (void)state;
    static const struct {
        enum config_tracker_kind kind;
        const char *event, *body;
        enum ticket_what what;
    } rows[] = {
        {CONFIG_GITHUB, "issues", HUB("opened", ""), TICKET_OPENED},
        {CONFIG_GITHUB, "issues", HUB("edited", ""), TICKET_EDITED},
        {CONFIG_GITHUB, "issues", HUB("closed", ""), TICKET_IGNORED},
        {CONFIG_GITHUB, NULL, HUB("opened", ""), TICKET_IGNORED},
        {CONFIG_GITHUB, "issues", HUB("labeled", ", \"label\": {\"name\": \"stack-decision\"}"),
         TICKET_ASKED},
        {CONFIG_GITHUB, "issues", HUB("labeled", ", \"label\": {\"name\": \"decision-record\"}"),
         TICKET_RECORD},
        {CONFIG_GITHUB, "issues", HUB("labeled", ", \"label\": {\"name\": \"bug\"}"),
         TICKET_IGNORED},
        {CONFIG_GITHUB, "issue_comment", HUB("created", ", \"comment\": {\"id\": 1}"),
         TICKET_COMMENT},
        {CONFIG_GITHUB, "issue_comment", HUB("created", ""), TICKET_BAD},
        {CONFIG_GITHUB, "issue_comment", HUB("deleted", ", \"comment\": {\"id\": 1}"),
         TICKET_IGNORED},
        {CONFIG_GITHUB, "pull_request", PULL("opened", ""), TICKET_OPENED},
        {CONFIG_GITHUB, "pull_request", PULL("edited", ""), TICKET_EDITED},
        {CONFIG_GITHUB, "pull_request", PULL("synchronize", ""), TICKET_IGNORED},
        {CONFIG_GITHUB, "pull_request",
         PULL("labeled", ", \"label\": {\"name\": \"decision-record\"}"), TICKET_RECORD},
        {CONFIG_GITHUB, "pull_request_review_comment",
         PULL("created", ", \"comment\": {\"id\": 1}"), TICKET_COMMENT},
        {CONFIG_GITHUB, "pull_request_review", PULL("submitted", ", \"review\": {\"id\": 1}"),
         TICKET_COMMENT},
        {CONFIG_GITHUB, "pull_request_review", PULL("submitted", ""), TICKET_BAD},
        {CONFIG_GITHUB, "pull_request_review", PULL("dismissed", ", \"review\": {\"id\": 1}"),
         TICKET_IGNORED},
        {CONFIG_GITEA, "issues", HUB("label_updated", ""), TICKET_ASKED},
        {CONFIG_GITEA, "pull_request", PULL("opened", ""), TICKET_OPENED},
        {CONFIG_GITEA, "pull_request", PULL("label_updated", ""), TICKET_ASKED},
        {CONFIG_GITEA, "pull_request_comment",
         PULL("reviewed", ", \"review\": {\"content\": \"\"}"), TICKET_COMMENT},
        {CONFIG_GITEA, "pull_request_rejected", PULL("reviewed", ", \"review\": null"),
         TICKET_COMMENT},
        {CONFIG_GITLAB, NULL, MERGE("open", ""), TICKET_OPENED},
        {CONFIG_GITLAB, NULL, MERGE("update", ""), TICKET_RECORD},
        /* gitlab-org/gitlab #22023 */
        {CONFIG_GITLAB, NULL, MERGE("update", ", \"oldrev\": \"c0ffee\""), TICKET_IGNORED},
        {CONFIG_GITLAB, NULL, MERGE("approved", ""), TICKET_IGNORED},
        {CONFIG_LINEAR, NULL, LINEAR("create", ""), TICKET_OPENED},
        {CONFIG_LINEAR, NULL, LINEAR("update", ""), TICKET_IGNORED},
        {CONFIG_LINEAR, NULL, LINEAR("update", ", \"updatedFrom\": {\"title\": \"S\"}"),
         TICKET_EDITED},
        {CONFIG_LINEAR, NULL, LINEAR("update", ", \"updatedFrom\": {\"title\": \"T\"}"),
         TICKET_IGNORED},
        {CONFIG_LINEAR, NULL, LINEAR("update", ", \"updatedFrom\": {\"labelIds\": []}"),
         TICKET_RECORD},
        {CONFIG_LINEAR, NULL, LINEAR("update", ", \"updatedFrom\": {\"labelIds\": [\"l1\"]}"),
         TICKET_IGNORED},
        {CONFIG_LINEAR, NULL, LINEAR("remove", ""), TICKET_IGNORED},
        {CONFIG_GITLAB, NULL, "{}", TICKET_IGNORED},
        {CONFIG_JIRA, NULL, "{\"webhookEvent\": \"comment_created\"}", TICKET_BAD},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ticket_event event = parse(rows[i].kind, rows[i].event, rows[i].body);
        assert_int_equal(event.what, rows[i].what);
        assert_non_null(event.why);
        ticket_finish(&event);
    }
    struct ticket_event event = parse(CONFIG_GITHUB, "issues", HUB("opened", ""));
    assert_string_equal(event.place.project, "a/b");
    assert_string_equal(event.place.number, "3");
    assert_string_equal(event.id, "7");
    assert_string_equal(event.author, ""); /* a deleted user */
    assert_string_equal(event.sender, "ann");
    assert_string_equal(event.text.data, "T\n\n");
    assert_true(event.labelled);
    ticket_finish(&event);
}

static void test_places(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "a/b 1 issues",
                                      "a/b 1 issues - x",
                                      "../b 1 issues -",
                                      "a/b 1?x issues -",
                                      "a//b 1 issues -",
                                      "/a 1 issues -",
                                      "a/b %31 issues -"};
    struct ticket_place place = {.project = "a/b", .number = "12", .noun = "issues"}, back;
    char text[TICKET_ADDRESS_MAX];
    ticket_place_format(&place, text);
    assert_string_equal(text, "a/b 12 issues -");
    assert_true(ticket_place_parse(text, &back));
    assert_memory_equal(&place, &back, sizeof(place));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(ticket_place_parse(bad[i], &back));
    }
}

static void test_labels(void **state)
{
    (void)state;
    static const struct {
        const char *labels, *label;
        bool has;
    } rows[] = {
        {"[\"a\", \"b\"]", "b", true},
        {"[{\"name\": \"b\"}]", "b", true},
        {"[{\"title\": \"b\"}]", "b", true},
        {"\"a b c\"", "b", true},
        {"\"a bb c\"", "b", false},
        {"[]", "b", false},
        {"[null, 5, {}]", "b", false},
        {"\"\"", "", false},
        {"[\"\"]", "", false},
        {"null", "b", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *labels = json_loads(rows[i].labels, JSON_DECODE_ANY, NULL);
        assert_int_equal(ticket_has_label(labels, rows[i].label), rows[i].has);
        json_decref(labels);
    }
    assert_false(ticket_has_label(NULL, "b"));
}

/* ---- requests ---- */

static void assert_request(enum config_tracker_kind kind, enum tracker_method method,
                           const char *wanted_url, const char *wanted_body)
{
    const struct ticket_place place = {
        .project = "a/b", .number = "12", .noun = "issues", .reply = "https://x.example/y"};
    const struct tracker_parcel parcel = {.kind = &tracker_kinds[kind],
                                          .api = "https://api",
                                          .place = &place,
                                          .payload = "{\"x\"}",
                                          .payload_len = 5,
                                          .mark = "whether:1.2",
                                          .since_ms = 1767225660000,
                                          .page = 2};
    struct buf url, body;
    buf_init(&url, 4096);
    buf_init(&body, 4096);
    assert_true(tracker_request_format(&parcel, method, &url, &body));
    assert_string_equal(url.data, wanted_url);
    assert_string_equal(body.len > 0 ? body.data : "", wanted_body);
    buf_finish(&url);
    buf_finish(&body);
}

static void test_requests(void **state)
{
    (void)state;
#define COMMENTS "https://api/repos/a/b/issues/12/comments"
    assert_request(CONFIG_GITHUB, TRACKER_WHOAMI, "https://api/user", "");
    assert_request(CONFIG_GITHUB, TRACKER_LOOK,
                   COMMENTS "?per_page=100&page=2&since=2026-01-01T00:00:00Z", "");
    assert_request(CONFIG_GITHUB, TRACKER_POST, COMMENTS,
                   "{\"body\":\"{\\\"x\\\"}\\n\\n<!-- whether:1.2 -->\"}");
    assert_request(CONFIG_GITEA, TRACKER_LOOK, COMMENTS "?since=2026-01-01T00:00:00Z", "");
    assert_request(CONFIG_GITLAB, TRACKER_LOOK,
                   "https://api/projects/a/b/issues/12/"
                   "notes?per_page=100&page=2&order_by=created_at&sort=desc",
                   "");
    assert_request(CONFIG_JIRA, TRACKER_LOOK,
                   "https://api/rest/api/3/issue/12/"
                   "comment?orderBy=-created&maxResults=100&startAt=100&expand=properties",
                   "");
    assert_request(CONFIG_JIRA, TRACKER_POST, "https://api/rest/api/3/issue/12/comment",
                   "{\"body\":{\"x\"},\"properties\":[{\"key\":\"whether\",\"value\":"
                   "{\"delivery\":\"whether:1.2\"}}]}");
    assert_request(CONFIG_GENERIC, TRACKER_POST, "https://x.example/y",
                   "{\"text\":\"{\\\"x\\\"}\"}");
}

static void test_look(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *mark;
        bool found;
        size_t count;
    } rows[] = {
        {"[{\"body\": \"x <!-- whether:1.2 -->\", \"user\": {\"login\": \"me\"}}]", "whether:1.2",
         true, 1},
        /* Another delivery, whose key only begins so; another author; nobody; nothing. */
        {"[{\"body\": \"x <!-- whether:1.23 -->\", \"user\": {\"login\": \"me\"}}]", "whether:1.2",
         false, 1},
        {"[{\"body\": \"<!-- whether:1.2 -->\", \"user\": {\"login\": \"ann\"}}, {}]",
         "whether:1.2", false, 2},
        {"[{\"body\": \"<!-- whether:1.2 -->\", \"user\": null}]", "whether:1.2", false, 1},
        {"[]", "whether:1.2", false, 0},
        {"{}", "whether:1.2", false, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t count;
        json_t *answer = json_loads(rows[i].answer, 0, NULL);
        assert_int_equal(
            tracker_look_read(&tracker_kinds[CONFIG_GITHUB], answer, "me", rows[i].mark, &count),
            rows[i].found);
        assert_int_equal(count, rows[i].count);
        json_decref(answer);
    }
}

/* Every row is whole. */
static void test_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONFIG_TRACKERS; i++) {
        const struct tracker_kind *kind = &tracker_kinds[i];
        assert_string_equal(kind->name, config_trackers[i]);
        assert_int_equal(kind->config, i);
        assert_non_null(kind->requests[TRACKER_POST].url);
        assert_non_null(kind->delivery_headers[0]);
        bool talks = kind->rules != NULL;
        assert_int_equal(talks, kind->put != NULL);
        assert_int_equal(talks, kind->schemes[0] != NULL);
        assert_int_equal(talks, kind->self_id != NULL && kind->lists[0] != NULL);
        assert_int_equal(talks, kind->event_at != NULL || kind->event_headers[0] != NULL);
        assert_true(kind->mark_in_text || kind->list_mark != NULL || !talks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),   cmocka_unit_test(test_own_text),
        cmocka_unit_test(test_events), cmocka_unit_test(test_places),
        cmocka_unit_test(test_labels), cmocka_unit_test(test_requests),
        cmocka_unit_test(test_look),   cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
