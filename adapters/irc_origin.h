#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "adapters/irc_line.h"

/*
 * Who said a line, when, and whether a bot did. libircclient knows no tags: what they say travels
 * through it in the prefix, which it hands on as it came:
 *     nick!user@host US time US flags US msgid    (US = 0x1F; time in ms or empty; flags "B": bot)
 * Pure. Both ways are here, so that nobody else knows that form.
 */
struct buf;

struct irc_origin {
    char nick[IRC_NICK_MAX], user[32], host[256]; /* host "": a server, or no host was given */
    int64_t time_ms;                              /* server-time; 0: unknown */
    bool bot;                                     /* the @bot tag (I7) */
    char msgid[128];                              /* "": none */
};

/* A prefix as libircclient gives it; NULL is as good as "". What does not fit is cut. */
void irc_origin_parse(const char *prefix, struct irc_origin *ret);

/* What a line's tags say, to be appended to its prefix. */
void irc_origin_put(const struct irc_line *line, struct buf *out);
