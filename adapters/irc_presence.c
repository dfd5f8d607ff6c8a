#include <stdio.h>
#include <string.h>

#include "adapters/irc_inside.h"
#include "bot/host/config.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"

/* Our nick (I11) */

bool irc_own_nick(const struct irc *irc, const char *nick)
{
    return irc_nick_is(&irc->nick, irc_support_of(irc)->casemap, nick);
}

static bool has_wanted_nick(const struct irc *irc)
{
    return irc_nick_is_wanted(&irc->nick, irc_support_of(irc), irc->config->nick);
}

static void want_nick(struct irc *irc)
{
    if (!has_wanted_nick(irc)) {
        IRC_CONTROL(irc, NULL, "NICK", irc->config->nick);
        irc->regain_ms = loop_now_ms(irc->loop) + irc->times.regain;
    }
}

/* Written at once: nothing is paced before the server has let us in. */
static void try_substitute(struct irc *irc)
{
    char nick[IRC_NICK_MAX], line[IRC_LINE_MAX + 1];
    if (!irc_nick_substitute(irc_support_of(irc), irc->config->nick, ++irc->substitutes, nick)) {
        snprintf(irc->broken, sizeof(irc->broken), "no nick like %s is free", irc->config->nick);
        return;
    }
    const char *const words[] = {"NICK", nick, NULL};
    if (irc_line_format(line, words, NULL)) {
        irc_session_write(irc, line);
    }
}

void irc_presence_nick_refused(struct irc *irc, const char *nick)
{
    if (irc->phase == IRC_CONNECTING) {
        try_substitute(irc);
    } else {
        log_debug("irc.nick_taken", LOG_TEXT("network", irc->config->label),
                  LOG_TEXT("nick", nick));
    }
}

/* Who had our nick gave it up. */
void irc_presence_nick_freed(struct irc *irc, const char *nick)
{
    if (irc_same(irc_support_of(irc)->casemap, nick, irc->config->nick)) {
        want_nick(irc);
    }
}

void irc_presence_nick_looked_up(struct irc *irc, const char *present)
{
    char list[IRC_LINE_MAX];
    snprintf(list, sizeof(list), "%s", present);
    list[strcspn(list, " ")] = '\0';
    if (!irc_same(irc_support_of(irc)->casemap, list, irc->config->nick)) {
        want_nick(irc);
    }
}

static uint64_t look_for_nick(struct irc *irc, uint64_t now_ms)
{
    if (has_wanted_nick(irc)) {
        return UINT64_MAX;
    }
    if (now_ms >= irc->regain_ms) {
        IRC_CONTROL(irc, NULL, "ISON", irc->config->nick);
        irc->regain_ms = now_ms + irc->times.regain;
    }
    return irc->regain_ms;
}

/* Our channels (I13) */

static struct irc_channel *find(struct irc *irc, const char *name)
{
    return irc_channels_find(&irc->channels, irc_support_of(irc)->casemap, name);
}

static void join_due(struct irc *irc, uint64_t now_ms)
{
    struct irc_channel *channel;
    /* The queue must keep room for what cannot wait. */
    while (irc->control_count < IRC_CONTROL_MAX / 2 &&
           (channel = irc_channels_due(&irc->channels, now_ms)) != NULL) {
        irc_channel_asked(channel, now_ms);
        if (channel->key[0]) {
            IRC_CONTROL(irc, NULL, "JOIN", channel->name, channel->key);
        } else {
            IRC_CONTROL(irc, NULL, "JOIN", channel->name);
        }
    }
}

void irc_presence_joined(struct irc *irc, const char *name, const struct irc_origin *origin)
{
    irc_nick_seen(&irc->nick, strlen(origin->user), strlen(origin->host));
    struct irc_channel *channel = find(irc, name);
    if (channel) {
        channel->state = IRC_CHANNEL_IN;
        /* A bouncer that stamps what it replays may not stamp this. */
        channel->joined_wall_ms = origin->time_ms ? origin->time_ms : irc_server_wall_ms(irc);
        channel->why[0] = '\0';
        log_info("irc.joined", LOG_TEXT("network", irc->config->label),
                 LOG_TEXT("channel", channel->name));
    }
}

void irc_presence_join_refused(struct irc *irc, const char *name, int numeric)
{
    struct irc_channel *channel = find(irc, name);
    if (channel && channel->state == IRC_CHANNEL_ASKED &&
        irc_channel_refused(&irc->channels, channel, numeric, loop_now_ms(irc->loop))) {
        log_warning("irc.join_refused", LOG_TEXT("network", irc->config->label),
                    LOG_TEXT("channel", channel->name), LOG_TEXT("why", channel->why));
    }
}

void irc_presence_lost(struct irc *irc, const char *name, const char *why)
{
    struct irc_channel *channel = find(irc, name);
    if (channel) {
        irc_channel_kicked(&irc->channels, channel, loop_now_ms(irc->loop), why);
        log_warning("irc.kicked", LOG_TEXT("network", irc->config->label),
                    LOG_TEXT("channel", channel->name), LOG_NUMBER("times", channel->kicks),
                    LOG_TEXT("why", why));
    }
}

/* To one of our channels it is worth another try; to any other, nothing. */
void irc_presence_invited(struct irc *irc, const char *name)
{
    struct irc_channel *channel = find(irc, name);
    if (channel && channel->state == IRC_CHANNEL_REFUSED) {
        channel->state = IRC_CHANNEL_OUT;
        channel->next_ms = loop_now_ms(irc->loop);
    }
}

uint64_t irc_presence_tick(struct irc *irc, uint64_t now_ms)
{
    if (irc->phase != IRC_READY || irc->stopping) {
        return UINT64_MAX;
    }
    join_due(irc, now_ms);
    uint64_t channels = irc_channels_next(&irc->channels), nick = look_for_nick(irc, now_ms);
    return channels < nick ? channels : nick;
}
