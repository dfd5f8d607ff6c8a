#pragma once

#include <stdint.h>

/*
 * IRC: one instance is one network, [irc LABEL]. Everything it does on the wire is described in
 * docs/irc.md. Delivery: an answer counts as delivered when the server has answered a PING that was
 * sent after its last line. What was written without that is unsure, and an unsure answer is never
 * sent again: the asker can ask again, while twice would be worse.
 */
struct adapter;
struct adapter_ops;

extern const struct adapter_ops adapter_irc;

/* How long things may take, in ms. The defaults are for real networks. */
struct irc_times {
    uint64_t connect;    /* TCP and TLS together */
    uint64_t step;       /* each step of CAP and SASL; all of registration takes three times that */
    uint64_t silence;    /* nothing heard for so long: PING (PROTOCOLS.md I14) */
    uint64_t pong;       /* and nothing for so long after it: dead */
    uint64_t pace;       /* a line each (I3) */
    uint64_t retry;      /* after the first failure; grows by 1.75 (I14) */
    uint64_t retry_most; /* and up to this */
    uint64_t jitter;     /* and so much more at random */
    uint64_t calm;       /* at least, after Excess Flood or "too fast" (I13) */
    uint64_t rejoin;     /* after a kick */
    uint64_t regain;     /* between two looks whether the nick is free */
    uint64_t services;   /* for NickServ to know us, before channels are joined */
    uint64_t farewell;   /* for QUIT */
};
extern const struct irc_times irc_times_default;

/* For tests that cannot wait: after create, before start. */
void irc_set_times(struct adapter *adapter, const struct irc_times *times);
