#include <string.h>

#include "adapters/http_body.h"
#include "adapters/signature.h"
#include "adapters/tracker_kind.h"

/*
 * The trackers. Shapes of payloads: GitHub docs "Webhook events and payloads"; GitLab docs
 * "Webhook events" (user/project/integrations/webhook_events); Gitea modules/structs/hook.go;
 * Jira Cloud platform "Webhooks"; Linear docs "Webhooks" and @linear/sdk webhooks. Requests:
 * GitHub REST "Issue comments"; GitLab REST "Notes"; Gitea's swagger "issue"; Jira REST 3 "Issue
 * comments"; Linear's GraphQL schema.
 */

/* ---- GitHub, Gitea, Forgejo: the latter two copy the former ---- */

#define HUB_TICKET(at)                                                               \
    {                                                                                \
        "/repository/full_name", at "/number", "issues", at "/id", at "/updated_at", \
            at "/user/login", "/sender/login", at "/title", at "/body", at "/labels" \
    }
#define HUB_TEXT(ticket, at, changed)                                              \
    {                                                                              \
        "/repository/full_name", ticket "/number", "issues", at "/id", at changed, \
            at "/user/login", "/sender/login", NULL, at "/body", NULL              \
    }
/* A pull request has its comments where issues have theirs (G5). */
static const struct ticket_pointers hub_issue = HUB_TICKET("/issue");
static const struct ticket_pointers hub_pull = HUB_TICKET("/pull_request");
static const struct ticket_pointers hub_comment = HUB_TEXT("/issue", "/comment", "/updated_at");
static const struct ticket_pointers github_line =
    HUB_TEXT("/pull_request", "/comment", "/updated_at");
static const struct ticket_pointers github_review =
    HUB_TEXT("/pull_request", "/review", "/submitted_at");
/* What Gitea tells of a review is who wrote which words. */
static const struct ticket_pointers gitea_review = {"/repository/full_name",
                                                    "/pull_request/number",
                                                    "issues",
                                                    NULL,
                                                    NULL,
                                                    "/sender/login",
                                                    "/sender/login",
                                                    NULL,
                                                    "/review/content",
                                                    NULL};

static const struct ticket_rule github_rules[] = {
    {"issues", "opened", NULL, NULL, TICKET_OPENED, &hub_issue},
    {"issues", "edited", NULL, NULL, TICKET_EDITED, &hub_issue},
    {"issues", "labeled", NULL, NULL, TICKET_ASKED, &hub_issue},
    {"pull_request", "opened", NULL, NULL, TICKET_OPENED, &hub_pull},
    {"pull_request", "edited", NULL, NULL, TICKET_EDITED, &hub_pull},
    {"pull_request", "labeled", NULL, NULL, TICKET_ASKED, &hub_pull},
    {"issue_comment", "created", NULL, NULL, TICKET_COMMENT, &hub_comment},
    {"issue_comment", "edited", NULL, NULL, TICKET_RECOMMENT, &hub_comment},
    {"pull_request_review_comment", "created", NULL, NULL, TICKET_COMMENT, &github_line},
    {"pull_request_review_comment", "edited", NULL, NULL, TICKET_RECOMMENT, &github_line},
    {"pull_request_review", "submitted", NULL, NULL, TICKET_COMMENT, &github_review},
    {"pull_request_review", "edited", NULL, NULL, TICKET_RECOMMENT, &github_review},
    {0},
};

static bool github_put(const json_t *body, const char *label)
{
    const char *name = json_string_value(http_json_at(body, "/label/name"));
    const char *action = http_json_text(body, "action");
    return label[0] && name && action && strcmp(action, "labeled") == 0 && strcmp(name, label) == 0;
}

/* modules/webhook/type.go: what is on a pull request, but reviews, has an issue's events. */
static const struct ticket_rule gitea_rules[] = {
    {"issues", "opened", NULL, NULL, TICKET_OPENED, &hub_issue},
    {"issues", "edited", NULL, NULL, TICKET_EDITED, &hub_issue},
    {"issues", "label_updated", NULL, NULL, TICKET_ASKED, &hub_issue},
    {"issue_label", "label_updated", NULL, NULL, TICKET_ASKED, &hub_issue},
    {"pull_request", "opened", NULL, NULL, TICKET_OPENED, &hub_pull},
    {"pull_request", "edited", NULL, NULL, TICKET_EDITED, &hub_pull},
    {"pull_request", "label_updated", NULL, NULL, TICKET_ASKED, &hub_pull},
    {"issue_comment", "created", NULL, NULL, TICKET_COMMENT, &hub_comment},
    {"issue_comment", "edited", NULL, NULL, TICKET_RECOMMENT, &hub_comment},
    {"pull_request_comment", "reviewed", NULL, NULL, TICKET_COMMENT, &gitea_review},
    {"pull_request_approved", "reviewed", NULL, NULL, TICKET_COMMENT, &gitea_review},
    {"pull_request_rejected", "reviewed", NULL, NULL, TICKET_COMMENT, &gitea_review},
    {0},
};

/* It does not say which label is new. */
static bool gitea_put(const json_t *body, const char *label)
{
    const char *action = http_json_text(body, "action");
    return action && strcmp(action, "label_updated") == 0 &&
           (ticket_has_label(http_json_at(body, "/issue/labels"), label) ||
            ticket_has_label(http_json_at(body, "/pull_request/labels"), label));
}

/* ---- GitLab ---- */

#define OBJECT "/object_attributes"
#define GITLAB_TICKET(noun)                                                                       \
    {                                                                                             \
        "/project/id", OBJECT "/iid", noun, OBJECT "/id", OBJECT "/updated_at", "/user/username", \
            "/user/username", OBJECT "/title", OBJECT "/description", "/labels"                   \
    }
#define GITLAB_NOTE(number, noun)                                                          \
    {                                                                                      \
        "/project/id", number, noun, OBJECT "/id", OBJECT "/updated_at", "/user/username", \
            "/user/username", NULL, OBJECT "/note", NULL                                   \
    }
static const struct ticket_pointers gitlab_issue = GITLAB_TICKET("issues");
static const struct ticket_pointers gitlab_merge = GITLAB_TICKET("merge_requests");
static const struct ticket_pointers gitlab_issue_note = GITLAB_NOTE("/issue/iid", "issues");
static const struct ticket_pointers gitlab_merge_note =
    GITLAB_NOTE("/merge_request/iid", "merge_requests");

#define NOTE_ON OBJECT "/noteable_type"
static const struct ticket_rule gitlab_rules[] = {
    {"issue", "open", NULL, NULL, TICKET_OPENED, &gitlab_issue},
    {"issue", "update", NULL, NULL, TICKET_EDITED, &gitlab_issue},
    {"merge_request", "open", NULL, NULL, TICKET_OPENED, &gitlab_merge},
    {"merge_request", "update", NULL, NULL, TICKET_EDITED, &gitlab_merge},
    {"note", "update", NOTE_ON, "Issue", TICKET_RECOMMENT, &gitlab_issue_note},
    {"note", "update", NOTE_ON, "MergeRequest", TICKET_RECOMMENT, &gitlab_merge_note},
    {"note", "create", NOTE_ON, "Issue", TICKET_COMMENT, &gitlab_issue_note},
    {"note", "create", NOTE_ON, "MergeRequest", TICKET_COMMENT, &gitlab_merge_note},
    {"note", "delete", NULL, NULL, TICKET_IGNORED, &gitlab_issue_note},
    /* Before GitLab 16.11 notes have no action, and only new ones are told. */
    {"note", NULL, NOTE_ON, "Issue", TICKET_COMMENT, &gitlab_issue_note},
    {"note", NULL, NOTE_ON, "MergeRequest", TICKET_COMMENT, &gitlab_merge_note},
    {0},
};

/* When commits are pushed it may tell of all labels as new (gitlab-org/gitlab #22023). */
static bool gitlab_put(const json_t *body, const char *label)
{
    return !http_json_at(body, OBJECT "/oldrev") &&
           ticket_has_label(http_json_at(body, "/changes/labels/current"), label) &&
           !ticket_has_label(http_json_at(body, "/changes/labels/previous"), label);
}

static bool gitlab_reworded(const json_t *body)
{
    return http_json_at(body, "/changes/title") || http_json_at(body, "/changes/description");
}

/* ---- Jira Cloud ---- */

#define FIELDS "/issue/fields"
static const struct ticket_pointers jira_issue = {NULL,
                                                  "/issue/key",
                                                  "issue",
                                                  "/issue/id",
                                                  FIELDS "/updated",
                                                  FIELDS "/reporter/accountId",
                                                  "/user/accountId",
                                                  FIELDS "/summary",
                                                  FIELDS "/description",
                                                  FIELDS "/labels"};
static const struct ticket_pointers jira_comment = {NULL,
                                                    "/issue/key",
                                                    "issue",
                                                    "/comment/id",
                                                    "/comment/updated",
                                                    "/comment/author/accountId",
                                                    "/comment/updateAuthor/accountId",
                                                    NULL,
                                                    "/comment/body",
                                                    NULL};

static const struct ticket_rule jira_rules[] = {
    {"jira:issue_created", NULL, NULL, NULL, TICKET_OPENED, &jira_issue},
    {"jira:issue_updated", NULL, NULL, NULL, TICKET_EDITED, &jira_issue},
    {"comment_created", NULL, NULL, NULL, TICKET_COMMENT, &jira_comment},
    {"comment_updated", NULL, NULL, NULL, TICKET_RECOMMENT, &jira_comment},
    {0},
};

/* One entry of the changelog; NULL: that field was not changed. */
static const json_t *jira_change(const json_t *body, const char *field)
{
    size_t i;
    json_t *one;
    json_array_foreach(http_json_at(body, "/changelog/items"), i, one)
    {
        const char *name = http_json_text(one, "field");
        if (name && strcmp(name, field) == 0) {
            return one;
        }
    }
    return NULL;
}

static bool jira_put(const json_t *body, const char *label)
{
    const json_t *change = jira_change(body, "labels");
    return ticket_has_label(json_object_get(change, "toString"), label) &&
           !ticket_has_label(json_object_get(change, "fromString"), label);
}

static bool jira_reworded(const json_t *body)
{
    return jira_change(body, "summary") || jira_change(body, "description");
}

/* ---- Linear ---- */

static const struct ticket_pointers linear_issue = {
    NULL,        "/data/id",  "issue",       "/data/id",          "/data/updatedAt",
    "/actor/id", "/actor/id", "/data/title", "/data/description", "/data/labels"};
static const struct ticket_pointers linear_comment = {
    NULL,           "/data/issueId", "issue", "/data/id",   "/data/updatedAt",
    "/data/userId", "/actor/id",     NULL,    "/data/body", NULL};

static const struct ticket_rule linear_rules[] = {
    {"Issue", "create", NULL, NULL, TICKET_OPENED, &linear_issue},
    {"Issue", "update", NULL, NULL, TICKET_EDITED, &linear_issue},
    {"Comment", "create", NULL, NULL, TICKET_COMMENT, &linear_comment},
    {"Comment", "update", NULL, NULL, TICKET_RECOMMENT, &linear_comment},
    {0},
};

/* Who had the label before is told by ids alone. */
static bool linear_put(const json_t *body, const char *label)
{
    size_t i, k;
    json_t *one, *id;
    const json_t *before = http_json_at(body, "/updatedFrom/labelIds");
    if (before == NULL) {
        return false;
    }
    json_array_foreach(http_json_at(body, "/data/labels"), i, one)
    {
        const char *name = http_json_text(one, "name");
        bool had = false;
        json_array_foreach(before, k, id)
        {
            had = had || json_equal(id, json_object_get(one, "id"));
        }
        if (label[0] && name && strcmp(name, label) == 0) {
            return !had;
        }
    }
    return false;
}

static bool changed(const json_t *body, const char *before, const char *now)
{
    const json_t *value = http_json_at(body, before);
    return value != NULL && !json_equal(value, http_json_at(body, now));
}

static bool linear_reworded(const json_t *body)
{
    return changed(body, "/updatedFrom/title", "/data/title") ||
           changed(body, "/updatedFrom/description", "/data/description");
}

/* ---- the rows ---- */

#define BODY_TEXT "{\"body\":\"<text>\"}"

/* Forges list comments as an array, and hide an HTML comment in them. */
#define FORGE(comments, look, name, author)                                      \
    .markup = MARKUP_HTML, .mark_in_text = true,                                 \
    .requests = {{"GET", "<api>/user", NULL},                                    \
                 {"GET", comments "?" look, NULL},                               \
                 {"POST", comments, BODY_TEXT}},                                 \
    .self_names = {name}, .self_id = name, .lists = {""}, .list_author = author, \
    .list_mark = "/body"
#define HUB(look) \
    FORGE("<api>/repos/<project>/issues/<number>/comments", look, "/login", "/user/login")
#define GITLAB_NOTES "<api>/projects/<project>/<noun>/<number>/notes"
#define JIRA_COMMENTS "<api>/rest/api/3/issue/<number>/comment"

const struct tracker_kind tracker_kinds[CONFIG_TRACKERS] = {
    [CONFIG_GITHUB] =
        {
            .name = "github",
            .config = CONFIG_GITHUB,
            .schemes = {&signature_github},
            .event_headers = {"X-GitHub-Event"},
            .delivery_headers = {"X-GitHub-Delivery"},                             /* G3 */
            .other_headers = {"X-Forgejo-Event", "X-Gitea-Event", "X-Gogs-Event"}, /* T1 */
            .other_sentence = "Deliveries of Gitea and Forgejo belong to /hooks/gitea.",
            .action_at = "/action",
            .rules = github_rules,
            .bot_at = "/sender/type", /* G6 */
            .bot_is = "Bot",
            .put = github_put,
            .authorization = "Authorization: Bearer ",
            HUB("per_page=100&page=<page>&since=<since>"),
            .pages = true,
        },
    [CONFIG_GITLAB] =
        {
            .name = "gitlab",
            .config = CONFIG_GITLAB,
            .schemes = {&signature_standard, &signature_gitlab}, /* L1, L2 */
            .never_4xx = true,                                   /* L4 */
            .delivery_headers = {"webhook-id", "Idempotency-Key", "X-Gitlab-Event-UUID"}, /* L3 */
            .event_at = "/object_kind",
            .action_at = "/object_attributes/action",
            .rules = gitlab_rules,
            .bot_name = "_bot",
            .put = gitlab_put,
            .reworded = gitlab_reworded,
            .authorization = "PRIVATE-TOKEN: ",
            FORGE(GITLAB_NOTES, "per_page=100&page=<page>&order_by=created_at&sort=desc",
                  "/username", "/author/username"),
            .pages = true,
        },
    [CONFIG_GITEA] =
        {
            .name = "gitea",
            .config = CONFIG_GITEA,
            .schemes = {&signature_forgejo, &signature_gitea}, /* T1, T3 */
            .signs_payload = true,                             /* T2 */
            .event_headers = {"X-Forgejo-Event", "X-Gitea-Event"},
            .delivery_headers = {"X-Forgejo-Delivery", "X-Gitea-Delivery"},
            .action_at = "/action",
            .rules = gitea_rules,
            .put = gitea_put,
            .authorization = "Authorization: token ",
            HUB("since=<since>"), /* all at once: routers/api/v1/repo/issue_comment.go */
        },
    [CONFIG_JIRA] =
        {
            .name = "jira",
            .config = CONFIG_JIRA,
            .schemes = {&signature_jira},                           /* J1 */
            .delivery_headers = {"X-Atlassian-Webhook-Identifier"}, /* J2 */
            .event_at = "/webhookEvent",
            .rules = jira_rules,
            .bot_at = "/comment/author/accountType",
            .bot_is = "app",
            .put = jira_put,
            .reworded = jira_reworded,
            .text = TRACKER_WIKI, /* J3 */
            .markup = MARKUP_ADF,
            .basic = true,
            .authorization = "Authorization: Basic ",
            .requests = {{"GET", "<api>/rest/api/3/myself", NULL},
                         {"GET",
                          JIRA_COMMENTS "?orderBy=-created&maxResults=100&startAt=<offset>"
                                        "&expand=properties",
                          NULL},
                         {"POST", JIRA_COMMENTS,
                          "{\"body\":<json>,\"properties\":[{\"key\":\"whether\",\"value\":"
                          "{\"delivery\":\"<mark>\"}}]}"}},
            .self_names = {"/displayName"},
            .self_id = "/accountId",
            .lists = {"/comments"},
            .list_author = "/author/accountId",
            .list_mark = "/properties",
            .pages = true,
        },
    [CONFIG_LINEAR] =
        {
            .name = "linear",
            .config = CONFIG_LINEAR,
            .schemes = {&signature_linear},          /* N1 */
            .delivery_headers = {"Linear-Delivery"}, /* N2 */
            .event_at = "/type",
            .action_at = "/action",
            .rules = linear_rules,
            .bot_at = "/actor/type",
            .bot_is = "OauthClient,Integration,oauthClient,integration",
            .signed_at = "/webhookTimestamp",
            .put = linear_put,
            .reworded = linear_reworded,
            .markup = MARKUP_MARKDOWN,
            .mark_in_text = true,
            .authorization = "Authorization: ",
            .requests = {{"POST", "<api>", "{\"query\":\"{viewer{id name displayName}}\"}"},
                         /* Which end is the newer one is not told: both are looked at. */
                         {"POST", "<api>",
                          "{\"query\":\"query($id:String!){issue(id:$id){"
                          "head:comments(first:100){nodes{body user{id}}}"
                          "tail:comments(last:100){nodes{body user{id}}}}}\","
                          "\"variables\":{\"id\":\"<number>\"}}"},
                         {"POST", "<api>",
                          "{\"query\":\"mutation($input:CommentCreateInput!){commentCreate(input:$"
                          "input)"
                          "{success}}\",\"variables\":{\"input\":{\"issueId\":\"<number>\","
                          "\"body\":\"<text>\"}}}"}},
            .self_names = {"/data/viewer/displayName", "/data/viewer/name"},
            .self_id = "/data/viewer/id",
            .lists = {"/data/issue/head/nodes", "/data/issue/tail/nodes"},
            .list_author = "/user/id",
            .list_mark = "/body",
            .errors = "/errors",
            .error_limited = "RATELIMITED", /* N3 */
        },
    [CONFIG_GENERIC] =
        {
            .name = "generic",
            .config = CONFIG_GENERIC,
            .delivery_headers = {"webhook-id", "Idempotency-Key"},
            .markup = MARKUP_MARKDOWN,
            .keyed = true,
            .authorization = "Authorization: Bearer ",
            .requests = {[TRACKER_POST] = {"POST", "<reply>", "{\"text\":\"<text>\"}"}},
        },
};
