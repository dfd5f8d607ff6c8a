#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "adapters/irc_line.h"

/*
 * From the first line to the server's welcome: CAP, PASS, NICK, USER, and SASL before registration
 * ends (PROTOCOLS.md I5, I6). Pure: lines in, lines out; no I/O, no clock. Knows nothing of who
 * else reads and writes here, nor of NickServ (irc_welcome.c).
 *
 * When SASL is asked for and does not succeed, for whatever reason, the login fails: it never goes
 * on unauthenticated. Nothing that it tells humans holds a secret.
 */
struct buf;

enum irc_login_sasl { IRC_SASL_NO, IRC_SASL_PLAIN, IRC_SASL_EXTERNAL };

/* Borrowed; outlives the login. "" or NULL: none. */
struct irc_login_setup {
    const char *nick, *username, *realname, *server_password;
    enum irc_login_sasl sasl;
    const char *sasl_user, *sasl_password;
};

/* How far it has come, in this order; irc_login_step_name() says it to humans. */
enum irc_login_step {
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
    IRC_FAIL_FLOODED,      /* more waits than anybody takes off: a bug or an attack */
};

struct irc_login {
    struct irc_login_setup setup;
    struct buf *to_server; /* borrowed */
    enum irc_login_step step;
    enum irc_failure failure;
    char failure_text[200];     /* a sentence; without secrets */
    char account[IRC_NICK_MAX]; /* whom SASL logged in as (900) */

    /* inside */
    bool sasl_offered, sasl_acked, tags_offered, time_offered;
    char sasl_mechanisms[128];
    unsigned requests; /* CAP REQ that wait for their answer */
};

void irc_login_init(struct irc_login *ret, const struct irc_login_setup *setup,
                    struct buf *to_server);

/* The connection is there: says the first lines. */
void irc_login_begin(struct irc_login *login);

/* A line of the server. True: it was for the login alone. */
bool irc_login_take(struct irc_login *login, const struct irc_line *line);

/* For the last time, whoever finds it; the first reason stays. */
void irc_login_fail(struct irc_login *login, enum irc_failure failure, const char *why,
                    const char *said);

/* "waiting for SASL": what a time-out should name. */
const char *irc_login_step_name(enum irc_login_step step);
