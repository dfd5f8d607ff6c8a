#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/irc_relay.h"

/*
 * The wire between libircclient and a server (PROTOCOLS.md C20): libcurl carries the server's side
 * (TLS with certificate and host name verified, both IP families, names resolved without blocking),
 * a loopback socket of this process the client's. In between sits an irc_relay. One wire is one
 * attempt to connect: it is destroyed after it closed, never used again (C19).
 * Knows nothing of what is said. One thread; never blocks.
 */
struct error;
struct irc_wire;
struct loop;
struct pollset;

struct irc_wire_setup {
    struct loop *loop;  /* borrowed, outlives the wire, as all strings do */
    const char *server; /* "host:port", "[::1]:6697" */
    bool tls;
    const char *ca_file, *cert_file, *key_file; /* "": the system's, none, none */
    uint64_t connect_ms;                        /* time-out of TCP and TLS together */
    /* Asked right before bytes leave for the server; false ends the wire without them. */
    bool (*may_write)(void *context);
    void *context;
    struct irc_login_setup login;
};

enum irc_wire_state {
    IRC_WIRE_CONNECTING,
    IRC_WIRE_OPEN,   /* bytes go to and fro */
    IRC_WIRE_CLOSED, /* irc_wire_why() tells why */
};

/* Begins to connect. False when not even that is possible. */
bool irc_wire_create(const struct irc_wire_setup *setup, struct irc_wire **ret, struct error *err);
void irc_wire_destroy(struct irc_wire *wire); /* any state; NULL is fine */

/*
 * When it is destroyed, what the kernel still holds of ours is dropped and the connection reset:
 * where a link is cut, it would be sent long after another has come.
 */
void irc_wire_abort(struct irc_wire *wire);

enum irc_wire_state irc_wire_state(const struct irc_wire *wire);
const char *irc_wire_why(const struct irc_wire *wire); /* a sentence, without secrets */
const struct irc_relay *irc_wire_relay(const struct irc_wire *wire);

/* Monotonic ms at which the server was last heard; when it became open, before that. */
uint64_t irc_wire_heard_ms(const struct irc_wire *wire);

/* The loopback port that waits for the client, and then no longer. */
unsigned short irc_wire_port(const struct irc_wire *wire);

/*
 * The client's own port: only a connection that comes from it is accepted, and only one; others,
 * of other users of this machine, are closed unheard.
 */
void irc_wire_expect(struct irc_wire *wire, unsigned short client_port);

void irc_wire_prepare(struct irc_wire *wire, struct pollset *pollset);
void irc_wire_dispatch(struct irc_wire *wire, const struct pollset *pollset, uint64_t now_ms);
