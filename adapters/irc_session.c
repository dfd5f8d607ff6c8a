#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/irc_inside.h"
#include "adapters/irc_text.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"

static const struct irc_support *support_of(const struct irc *irc)
{
    return &irc_wire_relay(irc->wire)->support;
}

bool irc_own_nick(const struct irc *irc, const char *nick)
{
    return irc_nick_is(&irc->nick, support_of(irc)->casemap, nick);
}

static void enter(struct irc *irc, enum irc_phase phase)
{
    irc->phase = phase;
    irc->phase_ms = loop_now_ms(irc->loop);
}

/* What every callback begins with. libircclient may give fewer parameters than there should be. */
struct event {
    struct irc *irc;
    struct irc_origin origin;
    const char **params;
    unsigned count;
};

static const char *param(const struct event *event, unsigned index)
{
    return index < event->count && event->params[index] ? event->params[index] : "";
}

/*
 * The server's clock, learned from lines of the server itself: never from a message, which a
 * bouncer may replay or another server may have stamped.
 */
static void learn_clock(struct irc *irc, const struct irc_origin *origin)
{
    if (origin->time_ms != 0 && origin->host[0] == '\0') {
        irc->clock_offset_ms = origin->time_ms - loop_wall_ms(irc->loop);
        irc->clock_known = true;
    }
}

static struct event begin(irc_session_t *session, const char *origin, const char **params,
                          unsigned count)
{
    struct event event = {.irc = irc_get_ctx(session), .params = params, .count = count};
    irc_origin_parse(origin, &event.origin);
    learn_clock(event.irc, &event.origin);
    return event;
}

/* Nick (I11) */

static bool has_wanted_nick(const struct irc *irc)
{
    return irc_nick_is_wanted(&irc->nick, support_of(irc), irc->config->nick);
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
    if (!irc_nick_substitute(support_of(irc), irc->config->nick, ++irc->substitutes, nick)) {
        snprintf(irc->broken, sizeof(irc->broken), "no nick like %s is free", irc->config->nick);
        return;
    }
    const char *const words[] = {"NICK", nick, NULL};
    if (irc_line_format(line, words, NULL)) {
        irc_session_write(irc, line);
    }
}

static void nick_refused(struct irc *irc, const char *nick)
{
    if (irc->phase == IRC_CONNECTING) {
        try_substitute(irc);
    } else {
        log_debug("irc.nick_taken", LOG_TEXT("network", irc->config->label),
                  LOG_TEXT("nick", nick));
    }
}

/* Who had our nick gave it up. */
static void nick_freed(struct irc *irc, const char *nick)
{
    if (irc_same(support_of(irc)->casemap, nick, irc->config->nick)) {
        want_nick(irc);
    }
}

/* From registration to ready */

static void become_ready(struct irc *irc)
{
    enter(irc, IRC_READY);
    irc->connections++;
    irc->trouble[0] = '\0';
    irc->regain_ms = irc->phase_ms + irc->times.regain;
    log_info("irc.connected", LOG_TEXT("network", irc->config->label),
             LOG_TEXT("nick", irc->nick.name),
             LOG_TEXT("account", irc_wire_relay(irc->wire)->login.account));
}

/* The fallback for networks without SASL. SASL, where it is on, has succeeded by now. */
static bool ask_services(struct irc *irc)
{
    if (irc->nickserv_password.count == 0 || irc->config->sasl != SASL_NO) {
        return false;
    }
    char text[IRC_LINE_MAX];
    bool own = has_wanted_nick(irc);
    snprintf(text, sizeof(text), "IDENTIFY %s%s%s", own ? "" : irc->config->nick, own ? "" : " ",
             irc->nickserv_password.items[0]);
    IRC_CONTROL(irc, text, "PRIVMSG", "NickServ");
    if (!own) {
        snprintf(text, sizeof(text), "GHOST %s %s", irc->config->nick,
                 irc->nickserv_password.items[0]);
        IRC_CONTROL(irc, text, "PRIVMSG", "NickServ");
    }
    mem_wipe(text, sizeof(text));
    return true;
}

static void motd_ended(struct irc *irc)
{
    if (irc->phase != IRC_WELCOMED) {
        return;
    }
    char bot_mode = support_of(irc)->bot_mode;
    if (bot_mode) {
        char mode[] = {'+', bot_mode, '\0'};
        IRC_CONTROL(irc, NULL, "MODE", irc->nick.name, mode);
    }
    if (ask_services(irc)) {
        enter(irc, IRC_LOGGING_IN);
    } else {
        become_ready(irc);
    }
}

static void services_know_us(struct irc *irc)
{
    if (irc->phase == IRC_LOGGING_IN) {
        become_ready(irc);
    }
}

static void welcomed(struct irc *irc, const char *nick)
{
    if (irc->phase != IRC_CONNECTING || *nick == '\0') {
        return;
    }
    irc_nick_set(&irc->nick, nick);
    irc->sasl_refusals = 0;
    enter(irc, IRC_WELCOMED);
    irc_pace_start(&irc->pace, irc->phase_ms);
}

/* Numerics */

static void isonned(struct irc *irc, const char *present)
{
    char list[IRC_LINE_MAX];
    snprintf(list, sizeof(list), "%s", present);
    list[strcspn(list, " ")] = '\0';
    if (!irc_same(support_of(irc)->casemap, list, irc->config->nick)) {
        want_nick(irc);
    }
}

static void join_refused(struct irc *irc, const char *name, int numeric)
{
    struct irc_channel *channel = irc_channels_find(&irc->channels, support_of(irc)->casemap, name);
    if (channel && channel->state == IRC_CHANNEL_ASKED &&
        irc_channel_refused(&irc->channels, channel, numeric, loop_now_ms(irc->loop))) {
        log_warning("irc.join_refused", LOG_TEXT("network", irc->config->label),
                    LOG_TEXT("channel", channel->name), LOG_TEXT("why", channel->why));
    }
}

static void on_numeric(irc_session_t *session, unsigned number, const char *origin,
                       const char **params, unsigned count)
{
    struct event event = begin(session, origin, params, count);
    struct irc *irc = event.irc;
    switch (number) {
    case 1:
        welcomed(irc, param(&event, 0));
        break;
    case 376:
    case 422:
        motd_ended(irc);
        break;
    case 303:
        isonned(irc, param(&event, 1));
        break;
    case 396:
        irc_nick_displayed(&irc->nick, param(&event, 1));
        break;
    case 432:
    case 433:
    case 436:
        nick_refused(irc, param(&event, 1));
        break;
    case 437:
        if (irc_support_channel(support_of(irc), param(&event, 1))) {
            join_refused(irc, param(&event, 1), 437);
        } else {
            nick_refused(irc, param(&event, 1));
        }
        break;
    case 900:
        services_know_us(irc);
        break;
    case 401:
    case 403:
    case 404:
    case 415:
    case 442:
    case 531:
        irc_answer_refused(irc, param(&event, 1), (int)number, param(&event, count - 1));
        join_refused(irc, param(&event, 1), (int)number);
        break;
    default:
        join_refused(irc, param(&event, 1), (int)number);
        break;
    }
}

/* Events */

static void on_nick(irc_session_t *session, const char *name, const char *origin,
                    const char **params, unsigned count)
{
    (void)name;
    struct event event = begin(session, origin, params, count);
    struct irc *irc = event.irc;
    const char *to = param(&event, 0);
    if (irc_own_nick(irc, event.origin.nick)) {
        irc_nick_set(&irc->nick, to);
        log_info("irc.nick", LOG_TEXT("network", irc->config->label),
                 LOG_TEXT("nick", irc->nick.name));
    } else {
        nick_freed(irc, event.origin.nick);
    }
}

static void on_quit(irc_session_t *session, const char *name, const char *origin,
                    const char **params, unsigned count)
{
    (void)name;
    struct event event = begin(session, origin, params, count);
    nick_freed(event.irc, event.origin.nick);
}

static void on_join(irc_session_t *session, const char *name, const char *origin,
                    const char **params, unsigned count)
{
    (void)name;
    struct event event = begin(session, origin, params, count);
    struct irc *irc = event.irc;
    if (!irc_own_nick(irc, event.origin.nick)) {
        return;
    }
    irc_nick_seen(&irc->nick, strlen(event.origin.user), strlen(event.origin.host));
    struct irc_channel *channel =
        irc_channels_find(&irc->channels, support_of(irc)->casemap, param(&event, 0));
    if (channel) {
        channel->state = IRC_CHANNEL_IN;
        channel->joined_wall_ms = event.origin.time_ms;
        channel->why[0] = '\0';
        log_info("irc.joined", LOG_TEXT("network", irc->config->label),
                 LOG_TEXT("channel", channel->name));
    }
}

static void lost_channel(struct irc *irc, const char *name, const char *why)
{
    struct irc_channel *channel = irc_channels_find(&irc->channels, support_of(irc)->casemap, name);
    if (channel) {
        irc_channel_kicked(&irc->channels, channel, loop_now_ms(irc->loop), why);
        log_warning("irc.kicked", LOG_TEXT("network", irc->config->label),
                    LOG_TEXT("channel", channel->name), LOG_NUMBER("times", channel->kicks),
                    LOG_TEXT("why", why));
    }
}

static void on_part(irc_session_t *session, const char *name, const char *origin,
                    const char **params, unsigned count)
{
    (void)name;
    struct event event = begin(session, origin, params, count);
    if (irc_own_nick(event.irc, event.origin.nick)) {
        lost_channel(event.irc, param(&event, 0), "made to leave");
    }
}

static void on_kick(irc_session_t *session, const char *name, const char *origin,
                    const char **params, unsigned count)
{
    (void)name;
    struct event event = begin(session, origin, params, count);
    if (irc_own_nick(event.irc, param(&event, 1))) {
        lost_channel(event.irc, param(&event, 0), param(&event, 2));
    }
}

/* An invitation to one of our channels is worth another try; to any other, nothing. */
static void on_invite(irc_session_t *session, const char *name, const char *origin,
                      const char **params, unsigned count)
{
    (void)name;
    struct event event = begin(session, origin, params, count);
    struct irc *irc = event.irc;
    struct irc_channel *channel =
        irc_channels_find(&irc->channels, support_of(irc)->casemap, param(&event, 1));
    if (channel && channel->state == IRC_CHANNEL_REFUSED) {
        channel->state = IRC_CHANNEL_OUT;
        channel->next_ms = loop_now_ms(irc->loop);
    }
}

/* C9, C10: which of the two events a message is, libircclient cannot know; we look ourselves. */
static void on_message(irc_session_t *session, const char *name, const char *origin,
                       const char **params, unsigned count)
{
    (void)name;
    struct event event = begin(session, origin, params, count);
    if (event.irc->nick.name[0]) {
        irc_talk_message(event.irc, &event.origin, param(&event, 0), param(&event, 1));
    }
}

/* Never answered (I4); only the services' word is waited for. */
static void on_notice(irc_session_t *session, const char *name, const char *origin,
                      const char **params, unsigned count)
{
    (void)name;
    static const char *const yes[] = {"identified", "accepted", "recognized", "logged in"};
    struct event event = begin(session, origin, params, count);
    if (!irc_same(support_of(event.irc)->casemap, event.origin.nick, "NickServ")) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (strstr(param(&event, 1), yes[i])) {
            services_know_us(event.irc);
        }
    }
}

static void on_ctcp(irc_session_t *session, const char *name, const char *origin,
                    const char **params, unsigned count)
{
    (void)name;
    struct event event = begin(session, origin, params, count);
    irc_talk_ctcp(event.irc, &event.origin, param(&event, 0));
}

static void on_other(irc_session_t *session, const char *name, const char *origin,
                     const char **params, unsigned count)
{
    struct event event = begin(session, origin, params, count);
    if (strcmp(name, "PONG") == 0) {
        irc_answer_pong(event.irc, param(&event, count - 1));
    }
}

/* libircclient */

/* The lowest free descriptor is what the next socket() gets: this one, or a lower one. */
void irc_session_reserve(struct irc *irc)
{
    if (irc->reserved_fd < 0) {
        irc->reserved_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
}

static void release_reserved(struct irc *irc)
{
    if (irc->reserved_fd >= 0) {
        close(irc->reserved_fd);
    }
    irc->reserved_fd = -1;
}

static bool learn_descriptor(struct irc *irc)
{
    fd_set in, out;
    int highest = -1;
    FD_ZERO(&in);
    FD_ZERO(&out);
    struct sockaddr_in own = {0};
    socklen_t len = sizeof(own);
    if (irc_add_select_descriptors(irc->session, &in, &out, &highest) != 0 || highest < 0 ||
        highest >= FD_SETSIZE || fcntl(highest, F_SETFD, FD_CLOEXEC) < 0 ||
        getsockname(highest, (struct sockaddr *)&own, &len) < 0) {
        return false;
    }
    irc->session_fd = highest;
    irc_wire_expect(irc->wire, ntohs(own.sin_port));
    return true;
}

/*
 * A session an attempt (C19). What it says of itself never leaves this process: the relay registers
 * in its own words.
 */
bool irc_session_begin(struct irc *irc)
{
    irc_callbacks_t callbacks = {
        .event_numeric = on_numeric,
        .event_nick = on_nick,
        .event_quit = on_quit,
        .event_join = on_join,
        .event_part = on_part,
        .event_kick = on_kick,
        .event_invite = on_invite,
        .event_privmsg = on_message,
        .event_channel = on_message,
        .event_notice = on_notice,
        .event_ctcp_req = on_ctcp,
        .event_unknown = on_other,
    };
    irc->session = irc_create_session(&callbacks);
    if (!irc->session) {
        snprintf(irc->broken, sizeof(irc->broken), "libircclient cannot start");
        return false;
    }
    irc_set_ctx(irc->session, irc);
    if (irc->reserved_fd < 0 || irc->reserved_fd >= FD_SETSIZE) {
        snprintf(irc->broken, sizeof(irc->broken), "no descriptor below %d is free", FD_SETSIZE);
        return false;
    }
    release_reserved(irc);
    if (irc_connect(irc->session, "127.0.0.1", irc_wire_port(irc->wire), NULL, "whether", "whether",
                    "whether") != 0 ||
        !learn_descriptor(irc)) {
        snprintf(irc->broken, sizeof(irc->broken), "libircclient cannot connect: %s",
                 irc_strerror(irc_errno(irc->session)));
        return false;
    }
    return true;
}

void irc_session_end(struct irc *irc)
{
    if (irc->session) {
        irc_destroy_session(irc->session);
        irc->session = NULL;
    }
    irc->session_fd = irc->session_at = -1;
    irc_session_reserve(irc);
}

bool irc_session_write(struct irc *irc, const char *line)
{
    size_t len = strcspn(line, "\r\n");
    return irc->session && irc_send_raw(irc->session, "%.*s", (int)len, line) == 0;
}

static unsigned wanted_events(struct irc *irc)
{
    fd_set in, out;
    int highest = -1;
    FD_ZERO(&in);
    FD_ZERO(&out);
    if (irc_add_select_descriptors(irc->session, &in, &out, &highest) != 0) {
        return 0;
    }
    return (FD_ISSET(irc->session_fd, &in) ? CURL_WAIT_POLLIN : 0u) |
           (FD_ISSET(irc->session_fd, &out) ? CURL_WAIT_POLLOUT : 0u);
}

void irc_session_prepare(struct irc *irc, struct pollset *pollset)
{
    irc->session_at = -1;
    unsigned events = irc->session ? wanted_events(irc) : 0;
    if (events) {
        irc->session_at = (int)pollset_add(pollset, irc->session_fd, events);
    }
}

void irc_session_dispatch(struct irc *irc, const struct pollset *pollset)
{
    unsigned ready =
        irc->session && irc->session_at >= 0 ? pollset_ready(pollset, (size_t)irc->session_at) : 0;
    if (!ready) {
        return;
    }
    fd_set in, out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    unsigned wanted = wanted_events(irc);
    if (ready & wanted & CURL_WAIT_POLLIN) {
        FD_SET(irc->session_fd, &in);
    }
    /* A connect that failed shows as POLLIN alone. */
    if (wanted & CURL_WAIT_POLLOUT) {
        FD_SET(irc->session_fd, &out);
    }
    if (irc_process_select_descriptors(irc->session, &in, &out) != 0 && !irc->broken[0]) {
        snprintf(irc->broken, sizeof(irc->broken), "libircclient: %s",
                 irc_strerror(irc_errno(irc->session)));
    }
}

/* What is due */

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

static uint64_t min_time(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t irc_session_tick(struct irc *irc, uint64_t now_ms)
{
    uint64_t services = irc->phase_ms + irc->times.services;
    if (irc->phase == IRC_WELCOMED && now_ms >= services) {
        motd_ended(irc); /* a server without an end of its MOTD */
    } else if (irc->phase == IRC_LOGGING_IN && now_ms >= services) {
        log_warning("irc.services_silent", LOG_TEXT("network", irc->config->label));
        become_ready(irc);
    }
    if (irc->phase == IRC_WELCOMED || irc->phase == IRC_LOGGING_IN) {
        return services;
    }
    if (irc->phase != IRC_READY || irc->stopping) {
        return UINT64_MAX;
    }
    join_due(irc, now_ms);
    return min_time(irc_channels_next(&irc->channels), look_for_nick(irc, now_ms));
}
