#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "adapters/irc_inside.h"
#include "adapters/irc_text.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"

/* Where something was said, and whom an answer goes to. */
struct place {
    const char *target;  /* as the server named it: "#a", "@#a", or our own nick */
    const char *channel; /* NULL: said to us alone */
    const struct irc_origin *by;
    char key[IRC_PLACE_MAX];
};

/* A conversation is one person in one place; nobody shares facts with another. */
static void find_key(const struct irc *irc, struct place *place)
{
    snprintf(place->key, sizeof(place->key), "%s%s%s", place->channel ? place->channel : "",
             place->channel ? " " : "", place->by->nick);
    irc_fold(irc_support_of(irc)->casemap, place->key);
}

/*
 * I9: by the server's clock. The message is a bouncer's when it is older than our being here, or
 * older than anything can be that is said now.
 */
static bool is_replay(const struct irc *irc, const struct place *place)
{
    int64_t said = place->by->time_ms;
    if (said == 0) {
        return false;
    }
    if (irc_server_wall_ms(irc) - said > IRC_REPLAY_MS) {
        return true;
    }
    struct irc_channels *channels = (struct irc_channels *)&irc->channels;
    const struct irc_channel *channel =
        place->channel ? irc_channels_find(channels, irc_support_of(irc)->casemap, place->channel)
                       : NULL;
    return channel && said < channel->joined_wall_ms;
}

/* Services, of networks and of bouncers, talk to everybody and answer everything. */
static bool is_service(const struct irc *irc, const struct irc_origin *origin)
{
    static const char *const names[] = {"NickServ", "ChanServ", "MemoServ",   "OperServ",
                                        "HostServ", "BotServ",  "Global",     "SaslServ",
                                        "InfoServ", "HistServ", "BouncerServ"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (irc_same(irc_support_of(irc)->casemap, origin->nick, names[i])) {
            return true;
        }
    }
    bool module = origin->nick[0] == '*'; /* of ZNC: "*status"; nobody else may have such a nick */
    bool server = origin->host[0] == '\0' && strchr(origin->nick, '.') != NULL;
    return module || server;
}

#define SAY_AWAY "I cannot keep anything in mind just now; please ask me again in a minute."

/* What was handed on, until it is settled; then freed. */
struct asked {
    struct irc *irc;
    char at[IRC_CHANNEL_MAX]; /* where, for an answer; "": nobody waits for one */
};

/*
 * IRC has no retries: who asked is told, the first for all until something goes well again, and not
 * every second. Not on the connection after: by then it may not be true any more.
 */
static void tell_away(struct irc *irc, const char *at)
{
    if (irc->phase == IRC_READY && !irc->told_away && at[0] != '\0') {
        irc->told_away = true;
        irc->told_away_ms = loop_now_ms(irc->loop);
        IRC_CONTROL(irc, SAY_AWAY, "PRIVMSG", at);
        irc->wake_ms = loop_now_ms(irc->loop);
    }
}

static void on_settled(void *context, enum settled how, const struct answer *answer)
{
    struct asked *asked = context;
    struct irc *irc = asked->irc;
    (void)answer;
    if (how == SETTLED_FAILED) {
        log_error("irc.question_lost", LOG_TEXT("network", irc->config->label));
        tell_away(irc, asked->at);
    } else if (how == SETTLED_ANSWERED &&
               loop_now_ms(irc->loop) - irc->told_away_ms >= IRC_AWAY_MS) {
        irc->told_away = false;
    }
    mem_free(asked);
}

static void hand_on(struct irc *irc, const struct place *place, enum surface surface,
                    const char *text, size_t len)
{
    char address[IRC_PLACE_MAX], person[sizeof(place->by->user) + sizeof(place->by->host) + 1];
    if (place->channel) {
        snprintf(address, sizeof(address), "%s %s", place->target, place->by->nick);
    } else {
        snprintf(address, sizeof(address), "%s", place->by->nick);
    }
    /* Not the nick, which a flooder changes at will. */
    snprintf(person, sizeof(person), "%s@%s", place->by->user, place->by->host);
    bool hidden = place->by->host[0] == '\0';
    struct message message = {
        .adapter = irc->adapter.name,
        .surface = surface,
        .identity = place->by->msgid[0] ? place->by->msgid : NULL,
        .conversation = place->key,
        .person = hidden ? place->by->nick : person,
        .address = address,
        .text = text,
        .len = len,
        .from_bot = place->by->bot,
    };
    struct asked *asked = mem_alloc(sizeof(*asked));
    asked->irc = irc;
    if (surface != SURFACE_AMBIENT && !place->by->bot) {
        snprintf(asked->at, sizeof(asked->at), "%s",
                 place->channel ? place->target : place->by->nick);
    }
    if (!dispatch_take(irc->dispatch, &message, loop_wall_ms(irc->loop), on_settled, asked)) {
        log_warning("irc.busy", LOG_TEXT("network", irc->config->label));
        mem_free(asked);
    }
}

static bool is_more(const char *text)
{
    size_t len = strcspn(text, " .!?");
    return len == 4 && strncasecmp(text, "more", 4) == 0 &&
           text[len + strspn(text + len, " .!?")] == '\0';
}

static void take_addressed(struct irc *irc, const struct place *place, const char *text)
{
    const char *to = place->channel ? place->target : place->by->nick;
    const char *nick = place->channel ? place->by->nick : "";
    if (!place->by->bot && is_more(text) && irc_more_asked(irc, place->key, to, nick)) {
        return;
    }
    hand_on(irc, place, place->channel ? SURFACE_MENTION : SURFACE_DM, text, strlen(text));
}

/* Addressed by the nick it has now, or by the one it is known by. */
static const char *addressed(const struct irc *irc, const char *text)
{
    enum irc_casemap casemap = irc_support_of(irc)->casemap;
    const char *rest = irc_text_addressed(text, irc->nick.name, casemap);
    return rest ? rest : irc_text_addressed(text, irc->config->nick, casemap);
}

static void take_text(struct irc *irc, const struct place *place, const char *text)
{
    const char *rest = addressed(irc, text);
    if ((rest ? rest : text)[strspn(rest ? rest : text, " ")] == '\0') {
        return; /* nothing was said */
    }
    if (rest || !place->channel) {
        take_addressed(irc, place, rest ? rest : text);
    } else if (irc->config->listen == LISTEN_QUESTIONS) {
        hand_on(irc, place, SURFACE_AMBIENT, text, strlen(text));
    }
}

void irc_talk_message(struct irc *irc, const struct irc_origin *origin, const char *target,
                      const char *text)
{
    struct place place = {.target = target,
                          .channel = irc_support_channel(irc_support_of(irc), target),
                          .by = origin};
    bool ours = place.channel ? strlen(target) < IRC_CHANNEL_MAX : irc_own_nick(irc, target);
    if (irc->stopping || !ours || origin->nick[0] == '\0' || irc_own_nick(irc, origin->nick) ||
        is_service(irc, origin)) {
        return;
    }
    if (is_replay(irc, &place)) {
        log_debug("irc.replay_ignored", LOG_TEXT("network", irc->config->label));
        return;
    }
    char plain[IRC_LINE_MAX * 2];
    snprintf(plain, sizeof(plain), "%s", text);
    plain[irc_text_strip(plain, strlen(plain))] = '\0';
    find_key(irc, &place);
    take_text(irc, &place, plain);
}

/* CTCP (I10): two queries are known, both answered seldom; the rest is not even refused. */
void irc_talk_ctcp(struct irc *irc, const struct irc_origin *origin, const char *request)
{
    char answer[160] = "";
    if (strcasecmp(request, "VERSION") == 0) {
        snprintf(answer, sizeof(answer), "\x01VERSION whether %s\x01", WHETHER_VERSION);
    } else if (strncasecmp(request, "PING ", 5) == 0) {
        snprintf(answer, sizeof(answer), "\x01PING %.100s\x01", request + 5);
    }
    bool person = origin->nick[0] && !irc_own_nick(irc, origin->nick) && !origin->bot;
    if (answer[0] && person && irc_throttle_take(&irc->ctcp, loop_now_ms(irc->loop), IRC_CTCP_MS)) {
        IRC_CONTROL(irc, answer, "NOTICE", origin->nick);
    }
}
