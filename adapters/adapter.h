#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/host/message.h"

/*
 * What the bot asks of a place where people talk. An adapter turns its wire's bytes into messages
 * for dispatch_take() and deliveries into bytes; it does not decide, store, sleep or block, and
 * knows no other adapter. Adding one is a file and a row in adapters/table.c.
 *
 * All calls come from the loop's one thread. now_ms is the loop's monotonic clock (loop_now_ms).
 */
struct adapter;
struct buf;
struct config;
struct dispatch;
struct error;
struct fault_list;
struct http_client;
struct http_server;
struct loop;
struct metrics;
struct outcome;
struct pollset;
struct reply;

/* What an adapter may use; all borrowed, and outliving it. */
struct adapter_setup {
    const struct config *config;
    size_t instance; /* which of the sections of its kind */
    struct dispatch *dispatch;
    struct loop *loop;
    struct http_server *server; /* NULL: no [http] section and none of the defaults */
    struct http_client *client;
    struct metrics *metrics;
    void *
        *common; /* what all instances of a kind share, theirs to make and to free; NULL at first */
};

enum adapter_health {
    ADAPTER_STARTING,
    ADAPTER_READY, /* can hear and answer */
    ADAPTER_TROUBLED,
    ADAPTER_FAILED, /* will not try again by itself: wrong password, banned */
};

struct adapter_status {
    enum adapter_health health;
    char text[200]; /* one sentence for a human, without secrets */
};

struct adapter_ops {
    const char *name; /* the kind: its sections are [name] or [name LABEL] */

    /* How many instances the configuration asks for. */
    size_t (*count)(const struct config *config);

    /* No I/O but the reading of secrets. On failure *ret is untouched. */
    bool (*create)(const struct adapter_setup *setup, struct adapter **ret, struct error *err);

    /* Begins to connect; never blocks. NULL: nothing to begin. */
    void (*start)(struct adapter *adapter, uint64_t now_ms);

    /*
     * Each turn: adds descriptors and the next moment to wake (loop.h). NULL: only HTTP, and timers
     * of its own, so that it may have thousands of instances (loop_call_at()).
     */
    void (*prepare)(struct adapter *adapter, struct pollset *pollset);

    /* Each turn, after the wait: what came in, and what is due. NULL likewise. */
    void (*dispatch)(struct adapter *adapter, const struct pollset *pollset, uint64_t now_ms);

    /*
     * Pure: what is stored in the outbox (or given back at once for answer_now) for this reply.
     * False: too long, which refuses the answer loudly. NULL: it takes no messages.
     */
    bool (*format)(struct adapter *adapter, const struct message *message,
                   const struct outcome *outcome, const struct reply *reply, struct buf *payload);

    /*
     * Pure: the address of a place that the configuration names (a channel), for what is announced
     * there. False: there is no such place. NULL: nothing can be announced.
     */
    bool (*address)(const char *place, struct buf *ret);

    /*
     * Asked before a delivery is marked as under way; changes nothing. delivery NULL: can anything
     * leave at all (connected, not too many under way)? False: not now; the loop asks again
     * `*ret_after_ms` later, or when anything has happened. NULL: always.
     */
    bool (*ready)(struct adapter *adapter, const struct delivery *delivery, uint64_t *ret_after_ms);

    /*
     * Takes a delivery and reports by dispatch_delivered(), later or at once. False: cannot take it
     * now (not connected, pacing, rate limit); the loop offers it again, `*ret_after_ms` later.
     * NULL: it has nobody to send to; what waits for one of its name is refused.
     */
    bool (*send)(struct adapter *adapter, const struct delivery *delivery, uint64_t *ret_after_ms);

    void (*status)(const struct adapter *adapter, struct adapter_status *ret);

    /*
     * After a reload that left its section as it is: the same words at another place, instead of
     * the configuration that it was made with, which goes. NULL: then that one stays for its sake.
     */
    void (*follow)(struct adapter *adapter, const struct config *config, size_t instance);

    /*
     * SIGTERM: takes nothing new, says good-bye. True when it has nothing left to do; asked again
     * each turn. NULL: nothing to say.
     */
    bool (*stop)(struct adapter *adapter, uint64_t now_ms);

    void (*destroy)(struct adapter *adapter); /* any state */
};

/* The head of every adapter's own struct. */
struct adapter {
    const struct adapter_ops *ops;
    char *name; /* owned by the adapter: "slack", "irc libera" */
};

/* How it goes from now on; told in the log when it was otherwise: STEM.ready, STEM.trouble. */
void adapter_set_status(struct adapter_status *status, const struct adapter *adapter,
                        const char *stem, enum adapter_health health, const char *format,
                        va_list args) __attribute__((format(printf, 5, 0)));

/* All kinds that this build has, NULL-terminated; config_is_built() knows their names. */
extern const struct adapter_ops *const adapter_table[];
