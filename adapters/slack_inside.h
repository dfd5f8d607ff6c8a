#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/adapter.h"
#include "adapters/http_calls.h"
#include "adapters/slack_app.h"
#include "adapters/slack_parse.h"
#include "bot/host/secret.h"
#include "bot/host/timers.h"

/*
 * What slack_app.c (whose a request is), slack.c (hearing it) and slack_send.c (speaking) share.
 * Not for anybody else.
 */
struct config_slack;
struct slack_call;

/* Slack limits rates per method and workspace, that is per method and instance (S21). */
enum slack_method {
    METHOD_AUTH,
    METHOD_POST,
    METHOD_REPLIES,
    METHOD_HISTORY,
    METHOD_RESPONSE,
    METHOD_WEBHOOK,
    METHOD_COUNT
};

struct slack {
    struct adapter base;
    struct adapter_setup setup;        /* borrowed things */
    const struct config_slack *config; /* borrowed */
    char *own_team;                    /* [slack] team, owned: what the app knows us by */
    struct slack_common *common;       /* borrowed, as its door and its app; NULL: not joined */
    struct slack_door *door;
    struct slack_app *app;
    struct secret token, webhook;
    char *authorization; /* the header's line, owned; NULL without a token */

    struct adapter_status status;
    char team[SLACK_ID_MAX], user[SLACK_ID_MAX], bot[SLACK_ID_MAX]; /* auth.test; "" unknown */

    struct call_list calls;
    uint64_t free_at_ms[METHOD_COUNT]; /* when Slack takes the method again */
    struct timer auth_timer;           /* when to ask again who we are */
    uint64_t auth_pause_ms;            /* after the next failure */
    bool waiting;                      /* in common's line of those who would ask */
    struct slack *before, *behind;     /* in it */
};

/* ---- slack.c ---- */

/* What the workspace is to the parsers; borrowed from it. */
struct slack_view slack_view(const struct slack *slack);

/* A request that is verified, and read; slack NULL: it is for no workspace in particular. */
void slack_hear(const struct slack_door *door, struct slack *slack, struct http_request *request,
                struct slack_incoming *incoming);
void slack_reject(const struct slack_door *door, struct http_request *request, unsigned status,
                  const char *reason, const char *sentence);

/* ---- slack_send.c ---- */

void slack_set_status(struct slack *slack, enum adapter_health health, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* adapter_ops of the speaking side. */
void slack_start(struct adapter *adapter, uint64_t now_ms);
bool slack_ready(struct adapter *adapter, const struct delivery *delivery, uint64_t *ret_after_ms);
bool slack_send(struct adapter *adapter, const struct delivery *delivery, uint64_t *ret_after_ms);
bool slack_stop(struct adapter *adapter, uint64_t now_ms);

/* Says a sentence to one person; nobody waits for how it goes. */
void slack_whisper(struct slack *slack, const char *response_url, const char *sentence);

/* Ends all calls, and what would lead to some, without a word to anybody. */
void slack_drop_calls(struct slack *slack);
