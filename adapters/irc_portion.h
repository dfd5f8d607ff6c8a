#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "adapters/irc_line.h"
#include "bot/base/buf.h"

/*
 * A text on its way to one place, and as much of it as is said at a time: the asker's nick before
 * the first line, a hint behind the last where more is left. Pure: makes lines; knows nothing of
 * who sends them, or when.
 */
enum {
    IRC_PORTION_LINES = 5, /* one more if that is all */
    IRC_PORTION_BYTES = 8 * 1024,
    IRC_PLACE_MAX = IRC_CHANNEL_MAX + 1 + IRC_NICK_MAX,
};

struct irc_portion {
    struct buf text;
    size_t at;                                        /* what lies before it has been said */
    char target[IRC_CHANNEL_MAX], nick[IRC_NICK_MAX]; /* nick "": no "nick: " in front */
    char key[IRC_PLACE_MAX];                          /* of the conversation; not looked at here */

    /* inside */
    unsigned lines; /* said of this portion */
    bool one_more;  /* than IRC_PORTION_LINES */
};

/* How others see what we say. */
struct irc_voice {
    const char *nick, *command; /* our nick; PRIVMSG or NOTICE */
    size_t prefix_len;          /* of ":nick!user@host "; 0: unknown (irc_nick_prefix_len()) */
};

/* With a copy of the text, of which IRC_PORTION_BYTES are kept; no target and no nick yet. */
void irc_portion_init(struct irc_portion *ret, const char *text, size_t len);
void irc_portion_finish(struct irc_portion *portion); /* all zero is fine, and is left */

/*
 * The next line, CR LF included; it counts as said. Who cannot send it puts the struct back as it
 * was: a copy does, the text is not touched. False when nothing is left that a line could hold.
 */
bool irc_portion_next(struct irc_portion *portion, const struct irc_voice *voice,
                      char ret[IRC_LINE_MAX + 1]);

/* Said as far as it goes; what is left from `at` on is for another time. */
bool irc_portion_done(const struct irc_portion *portion);
