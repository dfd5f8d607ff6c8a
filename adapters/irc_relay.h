#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/irc_line.h"
#include "bot/base/buf.h"

/*
 * The protocol between an IRC server and libircclient, bytes in, bytes out: capabilities and SASL
 * before registration is let through, and then only lines that libircclient can take (DESIGN.md 7;
 * PROTOCOLS.md 3.11). Pure: no I/O, no clock. Knows nothing of sockets, TLS or what is said.
 *
 * Registration is the relay's own: CAP, PASS, NICK, USER, AUTHENTICATE. What libircclient sends of
 * it is swallowed, so that neither server nor SASL password ever passes through it (C4, C5), and
 * nothing is registered before SASL has succeeded. When SASL is asked for and does not succeed, for
 * whatever reason, the relay fails and lets nothing through: it never goes on unauthenticated.
 *
 * To the client go only canonical lines: a prefix, a command, one to IRC_CLIENT_PARAMS parameters,
 * never empty, never over IRC_CLIENT_LINE_MAX. The prefix carries what tags said, if there were:
 *     nick!user@host US time US flags US msgid    (US = 0x1F; time in ms or empty; flags "B": bot)
 * see irc_origin_parse(). Dropped are: empty and overlong lines, a lone 0x01, DCC, CTCP to a
 * channel, CTCP in a NOTICE, and the protocol's own CAP, AUTHENTICATE and PING (answered here).
 */
enum {
    IRC_CLIENT_PARAMS = 10,     /* C14 */
    IRC_CLIENT_LINE_MAX = 1000, /* its buffer is 1,024 bytes (C12) */
    IRC_BODY_MAX = 700,         /* of a server's line without tags: more than the 512 of I1 */
    IRC_RELAY_PENDING_MAX = 1024 * 1024,
};

enum irc_relay_sasl { IRC_SASL_NO, IRC_SASL_PLAIN, IRC_SASL_EXTERNAL };

/* Borrowed; outlives the relay. "" or NULL: none. */
struct irc_relay_setup {
    const char *nick, *username, *realname, *server_password;
    enum irc_relay_sasl sasl;
    const char *sasl_user, *sasl_password;
};

/* How far it has come, in this order; irc_relay_step_name() says it to humans. */
enum irc_relay_step {
    IRC_STEP_NONE,
    IRC_STEP_CAPS,     /* CAP LS sent */
    IRC_STEP_REQUEST,  /* CAP REQ sent */
    IRC_STEP_SASL,     /* AUTHENTICATE sent */
    IRC_STEP_REGISTER, /* CAP END sent */
    IRC_STEP_OPEN,     /* 001 came */
    IRC_STEP_FAILED,
};

enum irc_failure {
    IRC_FAIL_NONE,
    IRC_FAIL_SASL_MISSING, /* not offered: services may be down */
    IRC_FAIL_SASL,         /* refused: wrong password, or services that went away meanwhile */
    IRC_FAIL_PASSWORD,     /* 464 */
    IRC_FAIL_BANNED,       /* 465 */
    IRC_FAIL_FLOODED,      /* more than IRC_RELAY_PENDING_MAX wait: a bug or an attack */
};

struct irc_relay {
    struct irc_relay_setup setup;
    enum irc_relay_step step;
    enum irc_failure failure;
    char failure_text[200];     /* a sentence; without secrets */
    char said[200];             /* the last ERROR of the server */
    char account[IRC_NICK_MAX]; /* whom SASL logged in as (900) */
    struct irc_support support;

    struct buf to_server, to_client; /* bytes that wait; the owner takes them off the front */
    uint64_t dropped;                /* lines of the server that nobody may see */

    /* inside */
    struct buf from_server, from_client;   /* incomplete lines */
    bool skipping_server, skipping_client; /* an overlong line: until its end */
    bool client_registered;
    bool sasl_offered, sasl_acked, tags_offered, time_offered;
    char sasl_mechanisms[128];
    unsigned requests; /* CAP REQ that wait for their answer */
};

void irc_relay_init(struct irc_relay *ret, const struct irc_relay_setup *setup);
void irc_relay_finish(struct irc_relay *relay);

/* The connection is there: says the first lines. */
void irc_relay_begin(struct irc_relay *relay);

/* Bytes as they come, lines cut anywhere. */
void irc_relay_from_server(struct irc_relay *relay, const char *bytes, size_t len);
void irc_relay_from_client(struct irc_relay *relay, const char *bytes, size_t len);

/* "waiting for SASL": what a time-out should name. */
const char *irc_relay_step_name(enum irc_relay_step step);

/* Who said it, as the relay tells libircclient and that tells us. */
struct irc_origin {
    char nick[IRC_NICK_MAX], user[32], host[256]; /* host "": a server, or no host was given */
    int64_t time_ms;                              /* server-time; 0: unknown */
    bool bot;                                     /* the @bot tag (I7) */
    char msgid[128];                              /* "": none */
};
void irc_origin_parse(const char *prefix, struct irc_origin *ret);
