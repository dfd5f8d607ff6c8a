#include "adapters/irc_support.h"

#include <string.h>

#include "bot/base/mem.h"

enum { NICK_LEN_DEFAULT = 9, NICK_LEN_LEAST = 4 };

void irc_support_init(struct irc_support *ret)
{
    *ret = (struct irc_support){
        .casemap = IRC_RFC1459,
        .channel_types = "#&",
        .status_prefixes = "@+",
        .nick_len = NICK_LEN_DEFAULT,
    };
}

static void read_casemap(struct irc_support *support, struct irc_span value)
{
    static const char *const names[] = {
        [IRC_RFC1459] = "rfc1459",
        [IRC_RFC1459_STRICT] = "rfc1459-strict",
        [IRC_ASCII] = "ascii",
    };
    support->casemap = IRC_ASCII; /* one that we do not know: rather two people than one */
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (irc_span_is(value, names[i])) {
            support->casemap = (enum irc_casemap)i;
        }
    }
}

static void read_nick_len(struct irc_support *support, struct irc_span value)
{
    size_t len = 0;
    for (size_t i = 0; i < value.len && i < 4; i++) {
        if (value.at[i] < '0' || value.at[i] > '9') {
            return;
        }
        len = len * 10 + (size_t)(value.at[i] - '0');
    }
    if (len >= NICK_LEN_LEAST) {
        support->nick_len = len < IRC_NICK_MAX ? len : IRC_NICK_MAX - 1;
    }
}

static void read_bot(struct irc_support *support, struct irc_span value)
{
    bool letter = value.len == 1 && ((value.at[0] >= 'a' && value.at[0] <= 'z') ||
                                     (value.at[0] >= 'A' && value.at[0] <= 'Z'));
    support->bot_mode = letter ? value.at[0] : '\0';
}

static void read_token(struct irc_support *support, struct irc_span token)
{
    const char *equals = memchr(token.at, '=', token.len);
    if (!equals) {
        return;
    }
    struct irc_span key = {token.at, (size_t)(equals - token.at)};
    struct irc_span value = {equals + 1, token.len - key.len - 1};
    if (irc_span_is(key, "CASEMAPPING")) {
        read_casemap(support, value);
    } else if (irc_span_is(key, "CHANTYPES")) {
        irc_span_copy(value, support->channel_types, sizeof(support->channel_types));
    } else if (irc_span_is(key, "STATUSMSG")) {
        irc_span_copy(value, support->status_prefixes, sizeof(support->status_prefixes));
    } else if (irc_span_is(key, "NICKLEN")) {
        read_nick_len(support, value);
    } else if (irc_span_is(key, "BOT")) {
        read_bot(support, value);
    }
}

/* The first parameter is our nick, the last a sentence for humans. */
void irc_support_read(struct irc_support *support, const struct irc_line *line)
{
    for (size_t i = 1; i + 1 < line->count; i++) {
        read_token(support, line->params[i]);
    }
}

static char folded(enum irc_casemap casemap, char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c + 'a' - 'A');
    }
    if (casemap == IRC_ASCII) {
        return c;
    }
    switch (c) {
    case '[':
        return '{';
    case ']':
        return '}';
    case '\\':
        return '|';
    case '~':
        return casemap == IRC_RFC1459 ? '^' : c;
    default:
        return c;
    }
}

void irc_fold(enum irc_casemap casemap, char *text)
{
    for (; *text; text++) {
        *text = folded(casemap, *text);
    }
}

bool irc_same(enum irc_casemap casemap, const char *a, const char *b)
{
    while (*a && folded(casemap, *a) == folded(casemap, *b)) {
        a++;
        b++;
    }
    return *a == *b;
}

const char *irc_support_channel(const struct irc_support *support, const char *target)
{
    if (*target && strchr(support->channel_types, *target)) {
        return target;
    }
    bool status = *target && strchr(support->status_prefixes, *target);
    return status && target[1] && strchr(support->channel_types, target[1]) ? target + 1 : NULL;
}
