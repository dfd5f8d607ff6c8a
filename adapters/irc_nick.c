#include "adapters/irc_nick.h"

#include <stdio.h>
#include <string.h>

enum {
    UNDERSCORES = 2, /* whether_, whether__, then whether3 */
    HOPEFUL = 9,     /* so many may be longer than the server has said that a nick may be */
    SUBSTITUTES_MAX = 20,
};

void irc_nick_set(struct irc_nick *nick, const char *name)
{
    irc_span_copy((struct irc_span){name, strlen(name)}, nick->name, sizeof(nick->name));
}

bool irc_nick_is(const struct irc_nick *nick, enum irc_casemap casemap, const char *name)
{
    return nick->name[0] && irc_same(casemap, nick->name, name);
}

bool irc_nick_is_wanted(const struct irc_nick *nick, const struct irc_support *support,
                        const char *wanted)
{
    char fitting[IRC_NICK_MAX];
    snprintf(fitting, sizeof(fitting), "%.*s", (int)support->nick_len, wanted);
    return irc_nick_is(nick, support->casemap, fitting) ||
           irc_nick_is(nick, support->casemap, wanted);
}

void irc_nick_seen(struct irc_nick *nick, size_t user_len, size_t host_len)
{
    nick->user_len = user_len;
    nick->host_len = host_len;
}

void irc_nick_displayed(struct irc_nick *nick, const char *host)
{
    const char *at = strchr(host, '@');
    if (at) {
        nick->user_len = (size_t)(at - host);
    }
    nick->host_len = strlen(at ? at + 1 : host);
}

size_t irc_nick_prefix_len(const struct irc_nick *nick)
{
    /* A prefix that is taken for too short lets the server cut the end of every long line. */
    bool known = nick->user_len > 0 && nick->host_len > 0;
    return known ? strlen(":!@ ") + strlen(nick->name) + nick->user_len + nick->host_len : 0;
}

bool irc_nick_substitute(const struct irc_support *support, const char *wanted, unsigned n,
                         char ret[IRC_NICK_MAX])
{
    if (n > SUBSTITUTES_MAX) {
        return false;
    }
    char tail[16];
    if (n <= UNDERSCORES) {
        memset(tail, '_', n);
        tail[n] = '\0';
    } else {
        snprintf(tail, sizeof(tail), "%u", n);
    }
    size_t len = strlen(wanted), most = support->nick_len;
    /*
     * 005 has not come yet: perhaps what we wanted fitted, and one more. Perhaps not, and a server
     * cuts all that is longer down to the very nick that is taken.
     */
    if (n <= HOPEFUL) {
        most = (most > len ? most : len) + 1;
    }
    most = most < IRC_NICK_MAX ? most : IRC_NICK_MAX - 1;
    size_t room = most - strlen(tail);
    snprintf(ret, IRC_NICK_MAX, "%.*s%s", (int)room, wanted, tail);
    return true;
}
