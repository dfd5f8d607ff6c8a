#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

/*
 * What Slack's answers mean. Pure. Errors come as 200 with "ok": false (PROTOCOLS.md S21), so the
 * status alone says little. Knows nothing of how requests are made.
 */
struct http_answer;
struct slack_self;

enum slack_outcome {
    SLACK_DONE,
    SLACK_LATER,   /* not accepted, and worth another try; after_ms if Slack said when */
    SLACK_UNSURE,  /* may have been accepted */
    SLACK_REFUSED, /* never will be */
    SLACK_OUTSIDE, /* the bot is not in that channel (S26) */
    SLACK_TOKEN,   /* the token is no good: nothing will be accepted until a human does something */
};

struct slack_answer {
    enum slack_outcome outcome;
    uint64_t after_ms;
    char why[160]; /* for the log: Slack's own word where there is one; "" for SLACK_DONE */
    json_t *body;  /* owned; set for SLACK_DONE of the Web API only */
};

/* plain: response_url and incoming webhooks, which answer in words (S27); else the Web API. */
void slack_answer_read(const struct http_answer *answer, bool plain, struct slack_answer *ret);
void slack_answer_finish(struct slack_answer *answer);

/* Whether one of the messages in an answer of conversations.replies or .history is the delivery. */
struct slack_sought {
    const char *key;  /* slack_delivery_key() */
    const char *text; /* what was sent, for answers without metadata */
    const struct slack_self *self;
};
bool slack_answer_has(const json_t *body, const struct slack_sought *sought);

/* "" on the last page. Borrowed from body. */
const char *slack_answer_cursor(const json_t *body);
