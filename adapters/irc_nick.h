#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "adapters/irc_line.h"
#include "adapters/irc_support.h"

/*
 * What we are called on a network: the nick we have, the one we want, and what to try where that is
 * taken (PROTOCOLS.md I11); and how long the prefix is that others see before our lines (I1). Pure:
 * told what the server said; knows nothing of how to say anything to it.
 */
struct irc_nick {
    char name[IRC_NICK_MAX];   /* our real one, from 001 and NICK; "": none yet */
    size_t user_len, host_len; /* of ":nick!user@host "; 0: unknown */
};

void irc_nick_set(struct irc_nick *nick, const char *name); /* too long: cut */
bool irc_nick_is(const struct irc_nick *nick, enum irc_casemap casemap, const char *name);

/* It is the wanted one, or as much of that as the server has room for. */
bool irc_nick_is_wanted(const struct irc_nick *nick, const struct irc_support *support,
                        const char *wanted);

/* The user and host of a line of our own, as it came back. */
void irc_nick_seen(struct irc_nick *nick, size_t user_len, size_t host_len);

/* 396: "host", or, as some servers have it, "user@host". */
void irc_nick_displayed(struct irc_nick *nick, const char *host);

/* Of ":nick!user@host ", both signs and the blank included; 0: not all of it is known. */
size_t irc_nick_prefix_len(const struct irc_nick *nick);

/*
 * The n-th substitute for a wanted nick that is taken (n from 1): underscores first, then digits.
 * At first longer than the server says it allows, for it may not have said so yet; from the tenth
 * on within what it says, or within RFC 1459's nine. False after the last.
 */
bool irc_nick_substitute(const struct irc_support *support, const char *wanted, unsigned n,
                         char ret[IRC_NICK_MAX]);
