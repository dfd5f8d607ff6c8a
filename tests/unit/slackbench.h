#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/adapter.h"
#include "adapters/slack_format.h"
#include "bot/host/config.h"
#include "bot/host/message.h"

/*
 * The whole Slack adapter between a Slack that does what a script says (an HTTP server, too) and a
 * dispatch of this bench's own, which only remembers. For test-slack.c and test-slack-send.c.
 */
struct http_client;
struct http_request;
struct http_server;
struct loop;
struct metrics;

enum { TURNS_MAX = 500, TURN_MS = 20, KEPT_MAX = 8 };

/* The test's own dispatch: the last KEPT_MAX that it took; `how` is what becomes of them. */
struct dispatch {
    char adapter[KEPT_MAX][60], text[KEPT_MAX][200], address[KEPT_MAX][300],
        delivery[KEPT_MAX][200];
    bool from_bot[KEPT_MAX], now[KEPT_MAX];
    size_t taken;
    message_settled *settled[KEPT_MAX];
    void *contexts[KEPT_MAX];
    size_t open;
    enum settled how;
    bool full;
    char gap[200];
    size_t deliveries;
    enum delivered result;
    uint64_t after_ms;
    char why[200];
};

enum place { AUTH, POST, REPLIES, HISTORY, RESPONSE, WEBHOOK, PLACES };

struct slackbench {
    struct loop *loop;
    struct metrics *metrics;
    struct http_server *server; /* ours */
    struct http_server *slack;
    struct http_client *client;
    struct dispatch dispatch;
    struct config config;
    struct config_slack sections[2]; /* what the configuration has */
    void *common;
    struct adapter *adapter;
    const char *secret; /* what is signed with */
    char api[100], hosts[100], webhook[100];
    struct {
        unsigned status;
        const char *body, *header;
        bool silent; /* takes the request, and never answers */
        size_t calls;
        char seen[SLACK_PAYLOAD_MAX], authorization[100];
    } places[PLACES];
    struct http_request *silenced;
};
extern struct slackbench bench;

/* Set-ups of a test, with a Slack that says yes to all; set_up_ready: and a ready adapter. */
int set_up(void **state);
int set_up_ready(void **state);
int tear_down(void **state);

/* What Slack answers there from now on; header may be NULL. Borrowed. */
void script(enum place place, unsigned status, const char *body, const char *header);

/* Writes the section; create: and starts an adapter by it. setup_of: what one is made with. */
void configure(bool token, bool webhook);
struct adapter_setup setup_of(size_t instance);
void create(bool token, bool webhook);

/* One turn of the loop: adapter, Slack, and at its end the dispatch settles what it took. */
void turn(void);

enum adapter_health health(void);
void await_health(enum adapter_health wanted);

/* What came back for a request. */
struct said {
    long status; /* 0: no answer yet */
    char body[4000];
};

#define SECRET "8f742231b10e8888abcd99yyyzzz85a5" /* what the section has */

/* From now on somebody else signs. */
void sign_with(const char *secret);

/* As Slack sends, skew_s from now; waits for the answer. */
void send_signed(const char *path, const char *type, const char *body, int64_t skew_s,
                 struct said *ret);

#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"
#define EVENT(id, event) \
    "{\"type\":\"event_callback\",\"team_id\":\"T1\",\"event_id\":\"" id "\",\"event\":{" event "}}"
#define DIRECT "\"type\":\"message\",\"channel\":\"D1\",\"ts\":\"17.1\",\"user\":\"U1\","
#define COMMAND \
    "team_id=T1&channel_id=C1&user_id=U1&trigger_id=1.2.ab&command=%2Fwhether&text=x+or+y"
