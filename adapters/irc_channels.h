#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/irc_line.h"
#include "adapters/irc_support.h"

/*
 * The channels a bot wants to be in, and how far it is with each. Pure: told what happened, says
 * what to join when. Times are monotonic ms unless they say otherwise.
 */
struct error;

enum {
    IRC_CHANNELS_MAX = 256,
    IRC_KEY_MAX = 64,
    IRC_KICKS_MAX = 5, /* within IRC_KICKS_MS of each other: then we have understood (I13) */
    IRC_KICKS_MS = 3600 * 1000,
};

enum irc_channel_state {
    IRC_CHANNEL_OUT,   /* to be joined at next_ms */
    IRC_CHANNEL_ASKED, /* JOIN sent; again at next_ms, should nobody have answered it */
    IRC_CHANNEL_IN,
    IRC_CHANNEL_REFUSED, /* not again before the next connection, or an invitation */
};

struct irc_channel {
    char name[IRC_CHANNEL_MAX], key[IRC_KEY_MAX]; /* key "": none */
    enum irc_channel_state state;
    uint64_t next_ms, kicked_ms;
    unsigned kicks;
    int64_t joined_wall_ms; /* by the server's clock */
    char why[100];          /* why not IN, for humans */
};

struct irc_channels {
    struct irc_channel items[IRC_CHANNELS_MAX];
    size_t count;
    uint64_t rejoin_ms; /* after the first kick; doubles with each */
};

/* "#a, #b key": false with a sentence in err when it is not that. */
bool irc_channels_parse(const char *text, uint64_t rejoin_ms, struct irc_channels *ret,
                        struct error *err);

struct irc_channel *irc_channels_find(struct irc_channels *channels, enum irc_casemap casemap,
                                      const char *name); /* NULL: not one of ours */

/* The connection is gone: everything is to be joined anew as soon as there is one. */
void irc_channels_offline(struct irc_channels *channels);

/* A channel to join now, or NULL; the caller sends JOIN and tells irc_channel_asked(). */
struct irc_channel *irc_channels_due(struct irc_channels *channels, uint64_t now_ms);
void irc_channel_asked(struct irc_channel *channel, uint64_t now_ms);
uint64_t irc_channels_next(const struct irc_channels *channels); /* UINT64_MAX: none waits */

void irc_channel_kicked(struct irc_channels *channels, struct irc_channel *channel, uint64_t now_ms,
                        const char *why);

/* By a numeric that answers JOIN; false when this one does not. */
bool irc_channel_refused(struct irc_channels *channels, struct irc_channel *channel, int numeric,
                         uint64_t now_ms);

size_t irc_channels_in(const struct irc_channels *channels);

/* Those that nothing is known of yet: neither IN nor, for a reason, not. */
size_t irc_channels_pending(const struct irc_channels *channels);
