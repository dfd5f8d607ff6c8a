#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/adapter.h"
#include "adapters/http_calls.h"
#include "adapters/signature.h"
#include "adapters/tracker_kind.h"
#include "bot/host/secret.h"
#include "bot/host/timers.h"

/*
 * What tracker.c (the adapter as such), tracker_hear.c (hearing) and tracker_send.c (speaking)
 * share. Not for anybody else.
 */
struct http_request;

struct tracker {
    struct adapter base;
    struct adapter_setup setup; /* borrowed things */
    const struct tracker_kind *kind;
    const struct config_tracker *config; /* borrowed */
    struct signature_scheme own_scheme;  /* generic: what the configuration says */
    struct secret secret, token;
    char *authorization; /* the header's line, owned; NULL without a token */

    struct adapter_status status;
    struct tracker_self self; /* "" while it is not known */

    struct call_list calls;
    uint64_t free_at_ms;    /* when the tracker takes requests again */
    struct timer ask_timer; /* when to ask again who we are */
    uint64_t ask_pause_ms;  /* after the next failure */
};

/* ---- tracker_hear.c ---- */

/* http_handler of the path; context: the tracker. */
void tracker_hear(void *context, struct http_request *request);

/* ---- tracker_send.c ---- */

void tracker_set_status(struct tracker *tracker, enum adapter_health health, const char *format,
                        ...) __attribute__((format(printf, 3, 4)));

/* Whether deliveries can be told from our own comments. */
bool tracker_knows_self(const struct tracker *tracker);

/* adapter_ops of the speaking side. */
void tracker_start(struct adapter *adapter, uint64_t now_ms);
bool tracker_ready(struct adapter *adapter, const struct delivery *delivery,
                   uint64_t *ret_after_ms);
bool tracker_send(struct adapter *adapter, const struct delivery *delivery, uint64_t *ret_after_ms);
bool tracker_stop(struct adapter *adapter, uint64_t now_ms);

/* Ends all calls, and what would lead to some, without a word to anybody. */
void tracker_drop_calls(struct tracker *tracker);
