#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/adapter.h"
#include "adapters/http_calls.h"
#include "adapters/slack_parse.h"
#include "bot/host/secret.h"

/*
 * What slack.c (hearing) and slack_send.c (speaking) share. Not for anybody else.
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
    struct secret signing, token, webhook;
    char *paths[3];      /* owned */
    char *authorization; /* the header's line, owned; NULL without a token */

    struct adapter_status status;
    char team[SLACK_ID_MAX], user[SLACK_ID_MAX], bot[SLACK_ID_MAX]; /* auth.test; "" unknown */
    uint64_t rejects_unlogged, reject_log_at_ms;

    struct call_list calls;
    uint64_t free_at_ms[METHOD_COUNT]; /* when Slack takes the method again */
    uint64_t auth_at_ms;               /* when to ask who we are; 0: not now */
    uint64_t auth_pause_ms;            /* after the next failure */
};

void slack_set_status(struct slack *slack, enum adapter_health health, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* adapter_ops of the speaking side. */
void slack_start(struct adapter *adapter, uint64_t now_ms);
void slack_prepare(struct adapter *adapter, struct pollset *pollset);
void slack_dispatch(struct adapter *adapter, const struct pollset *pollset, uint64_t now_ms);
bool slack_ready(struct adapter *adapter, const struct delivery *delivery, uint64_t *ret_after_ms);
bool slack_send(struct adapter *adapter, const struct delivery *delivery, uint64_t *ret_after_ms);
bool slack_stop(struct adapter *adapter, uint64_t now_ms);

/* Says a sentence to one person; nobody waits for how it goes. */
void slack_whisper(struct slack *slack, const char *response_url, const char *sentence);

/* Ends all calls, without a word to anybody. */
void slack_drop_calls(struct slack *slack);
