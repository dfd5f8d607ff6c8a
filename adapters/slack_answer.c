#include "adapters/slack_answer.h"

#include <stdio.h>
#include <string.h>

#include "adapters/http_body.h"
#include "adapters/http_client.h"
#include "adapters/slack_format.h"
#include "adapters/slack_parse.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"

/* Errors that are not simply refusals. Slack says of the unsure ones that a part may be done. */
static const struct {
    const char *error;
    enum slack_outcome outcome;
} errors[] = {
    {"not_in_channel", SLACK_OUTSIDE},
    {"channel_not_found", SLACK_OUTSIDE},
    {"ratelimited", SLACK_LATER},
    {"rate_limited", SLACK_LATER},
    {"message_limit_exceeded", SLACK_LATER},
    {"service_unavailable", SLACK_LATER},
    {"team_added_to_org", SLACK_LATER},
    {"accesslimited", SLACK_LATER},
    {"request_timeout", SLACK_UNSURE},
    {"internal_error", SLACK_UNSURE},
    {"fatal_error", SLACK_UNSURE},
    {"not_authed", SLACK_TOKEN},
    {"invalid_auth", SLACK_TOKEN},
    {"access_denied", SLACK_TOKEN},
    {"account_inactive", SLACK_TOKEN},
    {"token_revoked", SLACK_TOKEN},
    {"token_expired", SLACK_TOKEN},
    {"missing_scope", SLACK_TOKEN},
    {"no_permission", SLACK_TOKEN},
    {"not_allowed_token_type", SLACK_TOKEN},
    {"org_login_required", SLACK_TOKEN},
    {"ekm_access_denied", SLACK_TOKEN},
    {"enterprise_is_restricted", SLACK_TOKEN},
};

static void say(struct slack_answer *ret, enum slack_outcome outcome, const char *why)
{
    ret->outcome = outcome;
    snprintf(ret->why, sizeof(ret->why), "%s", why);
}

/* What is not 2xx. Whatever stands between may say 403 or 404: final is only what Slack says. */
static void judge_status(const struct http_answer *answer, bool plain, struct slack_answer *ret)
{
    char why[32];
    snprintf(why, sizeof(why), "HTTP %ld", answer->status);
    ret->after_ms = answer->retry_after_ms;
    if (answer->status == 429) {
        say(ret, SLACK_LATER, "rate limit");
    } else if (answer->status >= 500) {
        /* A gateway's 502 to 504 does not tell what became of the request behind it. */
        say(ret, SLACK_UNSURE, why);
    } else {
        bool final = plain && answer->status != 408;
        say(ret, final ? SLACK_REFUSED : SLACK_LATER, why);
    }
}

static void judge_error(const char *error, uint64_t after_ms, struct slack_answer *ret)
{
    say(ret, SLACK_REFUSED, error);
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        if (strcmp(errors[i].error, error) == 0) {
            ret->outcome = errors[i].outcome;
            ret->after_ms = after_ms;
        }
    }
}

static void judge_json(const struct http_answer *answer, struct slack_answer *ret)
{
    json_t *body = http_json_parse(answer->body, answer->len, NULL);
    const char *error = http_json_text(body, "error");
    if (http_json_true(body, "ok")) {
        ret->outcome = SLACK_DONE;
        ret->body = body;
        return;
    }
    if (error != NULL) {
        judge_error(error, answer->retry_after_ms, ret);
    } else {
        say(ret, SLACK_UNSURE, "the answer is not Slack's");
    }
    json_decref(body);
}

/* "ok" says that it was posted (S27); some answers of a response_url are JSON all the same. */
static void judge_plain(const struct http_answer *answer, struct slack_answer *ret)
{
    if (answer->len > 0 && answer->body[0] == '{') {
        judge_json(answer, ret);
        json_decref(ret->body);
        ret->body = NULL;
    } else {
        ret->outcome = SLACK_DONE;
    }
}

void slack_answer_read(const struct http_answer *answer, bool plain, struct slack_answer *ret)
{
    *ret = (struct slack_answer){.outcome = SLACK_DONE};
    if (answer->status == 0) {
        say(ret, answer->sent ? SLACK_UNSURE : SLACK_LATER, answer->error);
    } else if (answer->status < 200 || answer->status > 299) {
        judge_status(answer, plain, ret);
    } else if (plain) {
        judge_plain(answer, ret);
    } else {
        judge_json(answer, ret);
    }
}

void slack_answer_finish(struct slack_answer *answer)
{
    json_decref(answer->body);
    answer->body = NULL;
}

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && b[0] != '\0' && strcmp(a, b) == 0;
}

/* Metadata decides where there is any; the text alone only of a message of ours without it. */
static bool is_sought(const json_t *message, const struct slack_sought *sought)
{
    const json_t *metadata = http_json_object(message, "metadata");
    if (same(http_json_text(metadata, "event_type"), SLACK_EVENT_TYPE)) {
        return same(http_json_text(http_json_object(metadata, "event_payload"), "delivery"),
                    sought->key);
    }
    bool ours = same(http_json_text(message, "user"), sought->self->user) ||
                same(http_json_text(message, "bot_id"), sought->self->bot);
    return ours && same(http_json_text(message, "text"), sought->text);
}

bool slack_answer_has(const json_t *body, const struct slack_sought *sought)
{
    size_t i;
    json_t *message;
    json_array_foreach(json_object_get(body, "messages"), i, message)
    {
        if (is_sought(message, sought)) {
            return true;
        }
    }
    return false;
}

const char *slack_answer_cursor(const json_t *body)
{
    const char *cursor = http_json_text(http_json_object(body, "response_metadata"), "next_cursor");
    return cursor ? cursor : "";
}
