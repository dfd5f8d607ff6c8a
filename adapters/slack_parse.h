#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "adapters/http_url.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/reader/kind.h"

/*
 * What Slack says, as plain facts: bodies of the Events API, slash commands and interactivity to
 * messages. Pure; the signature has been checked before. Knows nothing of HTTP or of how an answer
 * comes about. What is to be known of Slack's ways is in PROTOCOLS.md 3.1-3.3 (S numbers).
 */

enum {
    SLACK_ID_MAX = 100, /* bytes of an id or a ts, with its NUL */
    SLACK_KEY_MAX = 480,
    SLACK_URL_MAX = HTTP_URL_MAX,
    SLACK_CHALLENGE_MAX = 1000,
    SLACK_TEXT_READ_MAX = 64 * 1024, /* of one message: what is beyond is not read */
    SLACK_VALUE_MAX = 900,           /* bytes of a question that a button keeps (Slack: 2,000) */
};

#define SLACK_ACTION_WHY "whether_why"
#define SLACK_ACTION_FLIP "whether_flip"
#define SLACK_ACTION_WRONG "whether_wrong"

/* Who the bot is in this workspace; "" where it is not known (yet). Borrowed. */
struct slack_self {
    const char *team, *user, *bot;
};

/* What the parsers go by. */
struct slack_view {
    struct slack_self self;
    bool ambient;               /* messages that do not address the bot are wanted, too */
    const char *response_hosts; /* hosts that response_url may name, commas between */
};

/*
 * An app may be installed in many workspaces: which of them a body is for is seen in it. NULL: for
 * none that is known here, which gives SLACK_OTHER_TEAM.
 */
struct slack_views {
    const struct slack_view *(*of_team)(void *context, const char *team);
    void *context;
};

/* An of_team whose context is one struct slack_view: that one, unless its team is another. */
const struct slack_view *slack_view_of(void *view, const char *team);

enum slack_kind {
    SLACK_BAD,        /* not what Slack sends: 400 */
    SLACK_IGNORED,    /* nothing for the bot; `why` says what: 200 */
    SLACK_UNKNOWN_US, /* cannot tell whether the bot said it itself: to be sent again, 503 */
    SLACK_OTHER_TEAM, /* for none of our workspaces */
    SLACK_CHALLENGE,  /* answer with `text` */
    SLACK_QUESTION,
    SLACK_COMMAND, /* a question, to be answered in the response */
    SLACK_WRONG,   /* somebody says that an answer was wrong; `text` is what was asked */
};

struct slack_incoming {
    enum slack_kind kind;
    const char *why; /* a fixed word for SLACK_IGNORED, a sentence for SLACK_BAD */
    enum surface surface;
    bool from_bot;
    char team[SLACK_ID_MAX], channel[SLACK_ID_MAX], user[SLACK_ID_MAX];
    char delivery[SLACK_KEY_MAX]; /* "" none */
    char identity[SLACK_KEY_MAX];
    char conversation[SLACK_KEY_MAX];
    char address[SLACK_URL_MAX + 3 * SLACK_ID_MAX]; /* slack_address_format() */
    struct buf text;  /* UTF-8 as people see it: mentions, links and entities decoded */
    struct error err; /* holds the sentence of SLACK_BAD */
};

/* Each fills ret, whatever it held; slack_incoming_finish() frees. */
void slack_parse_event(const struct slack_views *views, const char *body, size_t len,
                       struct slack_incoming *ret);
void slack_parse_command(const struct slack_views *views, const char *body, size_t len,
                         struct slack_incoming *ret);
void slack_parse_action(const struct slack_views *views, const char *body, size_t len,
                        struct slack_incoming *ret);
void slack_incoming_finish(struct slack_incoming *incoming);

/*
 * Slack's markup to what a person sees: entities, <@U1>, <#C1|name>, <url|text>, <!here>; ~struck~
 * becomes ~~struck~~. The bot's own mention goes. *ret_mentioned: it was there. (S18, S19)
 */
void slack_decode(const char *text, size_t len, const char *self_user, struct buf *ret,
                  bool *ret_mentioned);

/* Where an answer goes; "" for what there is not. All without blanks. */
struct slack_address {
    bool private; /* only by response_url, to one person */
    char channel[SLACK_ID_MAX], thread[SLACK_ID_MAX];
    char response_url[SLACK_URL_MAX];
};
void slack_address_format(const struct slack_address *address, char *ret, size_t cap);
bool slack_address_parse(const char *text, struct slack_address *ret);
