#include "adapters/irc_origin.h"

#include <string.h>

#include "bot/base/buf.h"

#define SEPARATOR '\x1F' /* no sieved prefix holds one of its own */

/* Into the prefix */

static bool is_word(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text <= 0x20 || *text == 0x7F) {
            return false;
        }
    }
    return true;
}

void irc_origin_put(const struct irc_line *line, struct buf *out)
{
    char time[40] = "", msgid[128] = "", flag[8];
    int64_t ms = 0;
    bool timed = irc_line_tag(line, "time", time, sizeof(time)) && irc_time_parse(time, &ms);
    bool bot = irc_line_tag(line, "bot", flag, sizeof(flag)) ||
               irc_line_tag(line, "draft/bot", flag, sizeof(flag)) ||
               irc_line_tag(line, "inspircd.org/bot", flag, sizeof(flag));
    if (!irc_line_tag(line, "msgid", msgid, sizeof(msgid)) || !is_word(msgid)) {
        msgid[0] = '\0';
    }
    buf_putc(out, SEPARATOR);
    if (timed) {
        buf_printf(out, "%lld", (long long)ms);
    }
    buf_printf(out, "%c%s%c%s", SEPARATOR, bot ? "B" : "", SEPARATOR, msgid);
}

/* And out of it */

static struct irc_span take_field(const char **at)
{
    const char separator[] = {SEPARATOR, '\0'};
    struct irc_span field = {*at, strcspn(*at, separator)};
    *at += field.len;
    *at += **at != '\0';
    return field;
}

static int64_t number_in(struct irc_span field)
{
    int64_t value = 0;
    for (size_t i = 0; i < field.len && i < 15 && field.at[i] >= '0' && field.at[i] <= '9'; i++) {
        value = value * 10 + (field.at[i] - '0');
    }
    return value;
}

void irc_origin_parse(const char *prefix, struct irc_origin *ret)
{
    *ret = (struct irc_origin){0};
    const char *at = prefix ? prefix : "";
    struct irc_prefix who = irc_prefix_parse(take_field(&at));
    irc_span_copy(who.nick, ret->nick, sizeof(ret->nick));
    irc_span_copy(who.user, ret->user, sizeof(ret->user));
    irc_span_copy(who.host, ret->host, sizeof(ret->host));
    ret->time_ms = number_in(take_field(&at));
    struct irc_span flags = take_field(&at);
    ret->bot = flags.len > 0 && memchr(flags.at, 'B', flags.len) != NULL;
    irc_span_copy(take_field(&at), ret->msgid, sizeof(ret->msgid));
}
