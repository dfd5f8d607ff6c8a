#include "tests/unit/switchboard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/null.h"
#include "bot/base/error.h"
#include "bot/host/log.h"
#include "bot/host/metrics.h"
#include "bot/host/program.h"
#include "bot/host/store.h"
#include "tests/unit/memstore.h"

struct program program;
struct store *store;
struct metrics *metrics;
struct dispatch *dispatch;
struct null_adapter *slack, *irc;
int64_t now_ms;
bool shared;
int readers;

static void start(void)
{
    const struct dispatch_setup setup = {&program, store, metrics};
    dispatch = dispatch_create(&setup);
    slack = null_create("slack");
    irc = null_create("irc a");
    slack->dispatch = irc->dispatch = dispatch;
    dispatch_attach(dispatch, &slack->adapter);
    dispatch_attach(dispatch, &irc->adapter);
}

static void stop(void)
{
    dispatch_destroy(dispatch);
    null_destroy(slack);
    null_destroy(irc);
}

int set_up(void **state)
{
    (void)state;
    now_ms = 1700000000000;
    program.config.readers = readers + 1;
    metrics = metrics_create();
    store_open("", &store, NULL);
    if (shared) {
        memstore_share(store, NULL, false);
    }
    start();
    return 0;
}

int tear_down(void **state)
{
    (void)state;
    stop();
    store_close(store);
    metrics_destroy(metrics);
    return 0;
}

void restart(void)
{
    stop();
    memstore_kill(store, now_ms);
    start();
}

int open_program(void **state)
{
    static const char *const packs[] = {WHETHER_SOURCE "/knowledge"};
    const struct program_options options = {.packs = packs, .pack_count = 1};
    struct fault_list faults = {0};
    (void)state;
    log_set_up(LOG_LEVEL_ERROR + 1, LOG_FORMAT_LOGFMT, false); /* nothing: faults are meant here */
    return program_open(&program, &options, &faults) ? 0 : -1;
}

int close_program(void **state)
{
    (void)state;
    program_close(&program);
    return 0;
}

static void on_settled(void *context, enum settled how, const struct answer *answer)
{
    struct fate *fate = context;
    fate->calls++;
    fate->how = how;
    fate->answered = answer != NULL;
    if (answer != NULL) {
        snprintf(fate->payload, sizeof(fate->payload), "%.*s", (int)answer->payload_len,
                 answer->payload);
    }
}

struct message message(const char *conversation, const char *text)
{
    return (struct message){.adapter = "slack",
                            .surface = SURFACE_MENTION,
                            .conversation = conversation,
                            .person = "ada",
                            .address = "C1",
                            .text = text,
                            .len = strlen(text)};
}

bool offer(const struct message *message, struct fate *fate)
{
    *fate = (struct fate){0};
    return dispatch_take(dispatch, message, now_ms, on_settled, fate);
}

void take(const struct message *message, struct fate *fate)
{
    assert_true(offer(message, fate));
}

void note_wrong(const char *text, struct fate *fate)
{
    *fate = (struct fate){0};
    assert_true(dispatch_gap(dispatch, "wrong", text, strlen(text), now_ms, on_settled, fate));
}

int64_t turn(void)
{
    slack->now_ms = irc->now_ms = now_ms;
    dispatch_commit(dispatch, now_ms);
    int64_t next_ms = dispatch_send(dispatch, now_ms);
    if (shared && next_ms <= now_ms) {
        /* What was heard at the turn's end leaves in the next, which comes at once. */
        dispatch_commit(dispatch, now_ms);
        next_ms = dispatch_send(dispatch, now_ms);
    }
    return next_ms;
}

enum settled say(const struct message *message)
{
    struct fate fate;
    take(message, &fate);
    turn();
    assert_int_equal(fate.calls, 1);
    return fate.how;
}

const char choice[] = "Node or Django? The frontend is React.";
const char unclear[] = "node or django?";
