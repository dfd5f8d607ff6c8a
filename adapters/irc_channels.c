#include "adapters/irc_channels.h"

#include <stdio.h>
#include <string.h>

#include "bot/base/mem.h"
#include "bot/host/config.h"

enum { ASK_AGAIN_MS = 300 * 1000 };
enum { LATER_TIMES = 6 }; /* a full or unavailable channel waits so many times rejoin_ms */

_Static_assert((int)CONFIG_CHANNELS_MAX == (int)IRC_CHANNELS_MAX, "all that a section may name");
_Static_assert((int)CONFIG_CHANNEL_LEN_MAX < (int)IRC_CHANNEL_MAX, "names fit");
_Static_assert((int)CONFIG_CHANNEL_KEY_MAX < (int)IRC_KEY_MAX, "keys fit");

bool irc_channels_parse(const char *text, uint64_t rejoin_ms, struct irc_channels *ret,
                        struct error *err)
{
    struct config_channel wanted[CONFIG_CHANNELS_MAX];
    struct irc_channels channels = {.rejoin_ms = rejoin_ms};
    if (!config_channels(text, wanted, &channels.count, err)) {
        return false;
    }
    for (size_t i = 0; i < channels.count; i++) {
        struct irc_channel *channel = &channels.items[i];
        channel->state = IRC_CHANNEL_OUT;
        memcpy(channel->name, wanted[i].name.at, wanted[i].name.len);
        memcpy(channel->key, wanted[i].key.at, wanted[i].key.len);
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
    /* Invited and kicked in turn, it may be kicked more often than there are bits to shift by. */
    channel->next_ms = enough ? UINT64_MAX : now_ms + (channels->rejoin_ms << (channel->kicks - 1));
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
