#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "adapters/irc_line.h"

/*
 * What a server says of itself in 005 (RPL_ISUPPORT), and what follows from it: which names are the
 * same, and which are channels (PROTOCOLS.md I12). Pure.
 */

/* I12: which letters are the same. */
enum irc_casemap { IRC_RFC1459, IRC_RFC1459_STRICT, IRC_ASCII };

struct irc_support {
    enum irc_casemap casemap;
    char channel_types[16], status_prefixes[16]; /* '#' and '&'; '@' and '+' before a channel */
    size_t nick_len;                             /* at most IRC_NICK_MAX - 1 */
    char bot_mode;                               /* the user mode that marks bots; 0: none (I7) */
};

/* What holds before a 005, and where it says nothing. */
void irc_support_init(struct irc_support *ret);
void irc_support_read(struct irc_support *support, const struct irc_line *line);

bool irc_same(enum irc_casemap casemap, const char *a, const char *b);
void irc_fold(enum irc_casemap casemap, char *text); /* in place */

/* "#a" or "@#a": where the channel's name begins; NULL when it is none. */
const char *irc_support_channel(const struct irc_support *support, const char *target);
