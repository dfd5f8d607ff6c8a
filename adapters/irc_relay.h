#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/irc_login.h"
#include "adapters/irc_support.h"
#include "bot/base/buf.h"

/*
 * What stands between an IRC server and libircclient, bytes in, bytes out (DESIGN.md 7;
 * PROTOCOLS.md 3.11): cuts them into lines, however they come, lets the login have its own, and
 * hands on what the sieve lets through. Pure: no I/O, no clock. Knows nothing of sockets, TLS or
 * what is said.
 *
 * Registration is the login's (irc_login.h). What libircclient sends of it is swallowed, so that
 * neither server nor SASL password ever passes through it (C4, C5). While the login is under way
 * the server's lines pass; once it has failed nothing does, neither to nor fro.
 *
 * Dropped are: empty and overlong lines, what the sieve keeps back (irc_sieve.h), and the
 * protocol's own CAP, AUTHENTICATE and PING (answered here).
 */
enum { IRC_RELAY_PENDING_MAX = 1024 * 1024 };

struct irc_relay {
    struct irc_login login;
    struct irc_support support;
    char said[200]; /* the last ERROR of the server */

    struct buf to_server, to_client; /* bytes that wait; the owner takes them off the front */
    uint64_t dropped;                /* lines of the server that nobody may see */

    /* inside */
    struct buf from_server, from_client;   /* incomplete lines */
    bool skipping_server, skipping_client; /* an overlong line: until its end */
    bool client_registered;
};

/* It stays where it is: the login writes into it. */
void irc_relay_init(struct irc_relay *ret, const struct irc_login_setup *setup);
void irc_relay_finish(struct irc_relay *relay);

/* The connection is there: says the first lines. */
void irc_relay_begin(struct irc_relay *relay);

/* Bytes as they come, lines cut anywhere. */
void irc_relay_from_server(struct irc_relay *relay, const char *bytes, size_t len);
void irc_relay_from_client(struct irc_relay *relay, const char *bytes, size_t len);
