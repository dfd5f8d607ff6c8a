#include <stdio.h>

#include "adapters/irc_inside.h"
#include "bot/host/config.h"
#include "bot/host/loop.h"

enum { JOIN_PATIENCE_MS = 20 * 1000 };

static void say_channels(const struct irc *irc, char *ret, size_t cap)
{
    const struct irc_channels *channels = &irc->channels;
    size_t in = irc_channels_in(channels);
    const char *account = irc_wire_relay(irc->wire)->login.account;
    int len = snprintf(ret, cap, "on %.60s%s as %.30s%s%.30s, in %zu of %zu channels",
                       irc->config->server, irc->config->tls ? " (TLS)" : "", irc->nick.name,
                       *account ? ", logged in as " : "", account, in, channels->count);
    for (size_t i = 0; i < channels->count && len > 0 && (size_t)len < cap; i++) {
        const struct irc_channel *channel = &channels->items[i];
        if (channel->why[0]) {
            len +=
                snprintf(ret + len, cap - (size_t)len, "; %.40s: %s", channel->name, channel->why);
        }
    }
}

/* A server that never answers JOIN is no longer starting. */
static enum adapter_health health_in_channels(const struct irc *irc)
{
    bool fresh = loop_now_ms(irc->loop) - irc->phase_ms < JOIN_PATIENCE_MS;
    if (fresh && irc_channels_pending(&irc->channels) > 0) {
        return ADAPTER_STARTING;
    }
    bool heard = irc->channels.count == 0 || irc_channels_in(&irc->channels) > 0;
    return heard ? ADAPTER_READY : ADAPTER_TROUBLED;
}

static enum adapter_health health_of(const struct irc *irc)
{
    if (irc->elsewhere) {
        return ADAPTER_READY; /* to take over, which is all that is wanted of it */
    }
    switch (irc->phase) {
    case IRC_FAILED:
        return ADAPTER_FAILED;
    case IRC_READY:
        return health_in_channels(irc);
    case IRC_IDLE:
    case IRC_CONNECTING:
    case IRC_WELCOMED:
    case IRC_LOGGING_IN:
        break;
    }
    return irc->failures > 0 ? ADAPTER_TROUBLED : ADAPTER_STARTING;
}

void irc_status(const struct adapter *adapter, struct adapter_status *ret)
{
    const struct irc *irc = (const struct irc *)adapter;
    *ret = (struct adapter_status){.health = health_of(irc)};
    if (irc->phase == IRC_READY) {
        say_channels(irc, ret->text, sizeof(ret->text));
    } else if (irc->elsewhere) {
        snprintf(ret->text, sizeof(ret->text), "%s: another replica is there; this one stands by",
                 irc->config->server);
    } else if (irc->trouble[0]) {
        snprintf(ret->text, sizeof(ret->text), "%s", irc->trouble);
    } else if (irc->wire) {
        snprintf(ret->text, sizeof(ret->text), "%s: %s", irc->config->server,
                 irc_login_step_name(irc_wire_relay(irc->wire)->login.step));
    } else {
        snprintf(ret->text, sizeof(ret->text), "not connected yet");
    }
}
