#include "adapters/irc_channels.h"

#include <stdio.h>
#include <string.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"

enum { ASK_AGAIN_MS = 300 * 1000 };
enum { LATER_TIMES = 6 }; /* a full or unavailable channel waits so many times rejoin_ms */

static struct irc_span trimmed(const char *text, size_t len)
{
    while (len > 0 && *text == ' ') {
        text++;
        len--;
    }
    while (len > 0 && text[len - 1] == ' ') {
        len--;
    }
    return (struct irc_span){text, len};
}

static bool parse_one(struct irc_span item, struct irc_channel *ret, struct error *err)
{
    const char *blank = memchr(item.at, ' ', item.len);
    size_t name_len = blank ? (size_t)(blank - item.at) : item.len;
    struct irc_span key = trimmed(item.at + name_len, item.len - name_len);
    *ret = (struct irc_channel){.state = IRC_CHANNEL_OUT};
    bool fits = irc_span_copy((struct irc_span){item.at, name_len}, ret->name, sizeof(ret->name)) &&
                irc_span_copy(key, ret->key, sizeof(ret->key));
    if (!fits || strchr(ret->key, ' ') || ret->key[0] == ':' || !strchr("#&+!", ret->name[0])) {
        return error_set(err, ERROR_INPUT, "\"%.60s\" is no channel: want #name or #name key",
                         ret->name);
    }
    return true;
}

bool irc_channels_parse(const char *text, uint64_t rejoin_ms, struct irc_channels *ret,
                        struct error *err)
{
    struct irc_channels channels = {.rejoin_ms = rejoin_ms};
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, ",");
        struct irc_span item = trimmed(at, len);
        at += len;
        at += *at == ',';
        if (item.len == 0) {
            continue;
        }
        if (channels.count == IRC_CHANNELS_MAX) {
            return error_set(err, ERROR_INPUT, "more than %d channels", IRC_CHANNELS_MAX);
        }
        if (!parse_one(item, &channels.items[channels.count], err)) {
            return false;
        }
        channels.count++;
    }
    *ret = channels;
    return true;
}

struct irc_channel *irc_channels_find(struct irc_channels *channels, enum irc_casemap casemap,
                                      const char *name)
{
    for (size_t i = 0; i < channels->count; i++) {
        if (irc_same(casemap, channels->items[i].name, name)) {
            return &channels->items[i];
        }
    }
    return NULL;
}

void irc_channels_offline(struct irc_channels *channels)
{
    for (size_t i = 0; i < channels->count; i++) {
        struct irc_channel *channel = &channels->items[i];
        channel->state = IRC_CHANNEL_OUT;
        channel->next_ms = 0;
        channel->joined_wall_ms = 0;
        channel->why[0] = '\0';
    }
}

static bool waits(const struct irc_channel *channel)
{
    return channel->state == IRC_CHANNEL_OUT || channel->state == IRC_CHANNEL_ASKED;
}

void irc_channel_asked(struct irc_channel *channel, uint64_t now_ms)
{
    channel->state = IRC_CHANNEL_ASKED;
    channel->next_ms = now_ms + ASK_AGAIN_MS;
}

struct irc_channel *irc_channels_due(struct irc_channels *channels, uint64_t now_ms)
{
    for (size_t i = 0; i < channels->count; i++) {
        struct irc_channel *channel = &channels->items[i];
        if (waits(channel) && channel->next_ms <= now_ms) {
            return channel;
        }
    }
    return NULL;
}

uint64_t irc_channels_next(const struct irc_channels *channels)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < channels->count; i++) {
        const struct irc_channel *channel = &channels->items[i];
        if (waits(channel) && channel->next_ms < next) {
            next = channel->next_ms;
        }
    }
    return next;
}

void irc_channel_kicked(struct irc_channels *channels, struct irc_channel *channel, uint64_t now_ms,
                        const char *why)
{
    bool again = channel->kicks > 0 && now_ms - channel->kicked_ms < IRC_KICKS_MS;
    channel->kicks = again ? channel->kicks + 1 : 1;
    channel->kicked_ms = now_ms;
    bool enough = channel->kicks >= IRC_KICKS_MAX;
    channel->state = enough ? IRC_CHANNEL_REFUSED : IRC_CHANNEL_OUT;
    channel->next_ms = now_ms + (channels->rejoin_ms << (channel->kicks - 1));
    snprintf(channel->why, sizeof(channel->why), "kicked %u times, the last time for: %.60s",
             channel->kicks, why);
}

/* I13: those of `for good` ask a human to do something. */
bool irc_channel_refused(struct irc_channels *channels, struct irc_channel *channel, int numeric,
                         uint64_t now_ms)
{
    static const struct {
        int numeric;
        bool for_good;
        const char *why;
    } refusals[] = {
        {403, true, "there is no such channel"},
        {405, true, "we are in too many channels"},
        {407, true, "the name is ambiguous"},
        {437, false, "it is unavailable for a while"},
        {470, true, "it forwards to another channel"},
        {471, true, "it is full"},
        {473, true, "it is invite-only"},
        {474, true, "we are banned"},
        {475, true, "the key is wrong"},
        {476, true, "the name is not valid here"},
        {477, true, "it wants a registered nick"},
        {480, false, "too many join at once"},
        {489, true, "it wants TLS"},
        {520, true, "it is for operators only"},
    };
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        if (refusals[i].numeric == numeric) {
            channel->state = refusals[i].for_good ? IRC_CHANNEL_REFUSED : IRC_CHANNEL_OUT;
            channel->next_ms = now_ms + LATER_TIMES * channels->rejoin_ms;
            snprintf(channel->why, sizeof(channel->why), "%s", refusals[i].why);
            return true;
        }
    }
    return false;
}

size_t irc_channels_in(const struct irc_channels *channels)
{
    size_t in = 0;
    for (size_t i = 0; i < channels->count; i++) {
        in += channels->items[i].state == IRC_CHANNEL_IN;
    }
    return in;
}

size_t irc_channels_pending(const struct irc_channels *channels)
{
    size_t pending = 0;
    for (size_t i = 0; i < channels->count; i++) {
        const struct irc_channel *channel = &channels->items[i];
        pending += channel->state != IRC_CHANNEL_IN && channel->why[0] == '\0';
    }
    return pending;
}
