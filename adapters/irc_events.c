#include <string.h>

#include "adapters/irc_inside.h"
#include "bot/host/config.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"

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
 * The server's clock, learned from what can only be said now: a PONG, and our own JOIN. Never from
 * a message, which another server may have stamped, nor from numerics: a bouncer keeps those of its
 * own welcome, and the time at which they came.
 */
static void learn_clock(struct irc *irc, const struct irc_origin *origin)
{
    if (origin->time_ms != 0) {
        irc->clock_offset_ms = origin->time_ms - loop_wall_ms(irc->loop);
        irc->clock_known = true;
    }
}

int64_t irc_server_wall_ms(const struct irc *irc)
{
    return loop_wall_ms(irc->loop) + (irc->clock_known ? irc->clock_offset_ms : 0);
}

static struct event begin(irc_session_t *session, const char *origin, const char **params,
                          unsigned count)
{
    struct event event = {.irc = irc_get_ctx(session), .params = params, .count = count};
    irc_origin_parse(origin, &event.origin);
    return event;
}

static void on_numeric(irc_session_t *session, unsigned number, const char *origin,
                       const char **params, unsigned count)
{
    struct event event = begin(session, origin, params, count);
    struct irc *irc = event.irc;
    switch (number) {
    case 1:
        irc_welcome_greeted(irc, param(&event, 0));
        break;
    case 376:
    case 422:
        irc_welcome_motd_ended(irc);
        break;
    case 303:
        irc_presence_nick_looked_up(irc, param(&event, 1));
        break;
    case 396:
        irc_nick_displayed(&irc->nick, param(&event, 1));
        break;
    case 432:
    case 433:
    case 436:
        irc_presence_nick_refused(irc, param(&event, 1));
        break;
    case 437:
        if (irc_support_channel(irc_support_of(irc), param(&event, 1))) {
            irc_presence_join_refused(irc, param(&event, 1), 437);
        } else {
            irc_presence_nick_refused(irc, param(&event, 1));
        }
        break;
    case 900:
        irc_welcome_logged_in(irc);
        break;
    case 401:
    case 403:
    case 404:
    case 415:
    case 439:
    case 442:
    case 477:
    case 482:
    case 486:
    case 531:
    case 707:
    case 716:
        irc_answer_refused(irc, param(&event, 1), (int)number, param(&event, count - 1));
        irc_presence_join_refused(irc, param(&event, 1), (int)number);
        break;
    default:
        irc_presence_join_refused(irc, param(&event, 1), (int)number);
        break;
    }
}

static void on_nick(irc_session_t *session, const char *name, const char *origin,
                    const char **params, unsigned count)
{
    (void)name;
    struct event event = begin(session, origin, params, count);
    struct irc *irc = event.irc;
    const char *to = param(&event, 0);
    if (*to == '\0') {
        return;
    }
    if (irc_own_nick(irc, event.origin.nick)) {
        irc_nick_set(&irc->nick, to);
        log_info("irc.nick", LOG_TEXT("network", irc->config->label),
                 LOG_TEXT("nick", irc->nick.name));
    } else {
        irc_presence_nick_freed(irc, event.origin.nick);
    }
}

static void on_quit(irc_session_t *session, const char *name, const char *origin,
                    const char **params, unsigned count)
{
    (void)name;
    struct event event = begin(session, origin, params, count);
    irc_presence_nick_freed(event.irc, event.origin.nick);
}

static void on_join(irc_session_t *session, const char *name, const char *origin,
                    const char **params, unsigned count)
{
    (void)name;
    struct event event = begin(session, origin, params, count);
    if (irc_own_nick(event.irc, event.origin.nick)) {
        learn_clock(event.irc, &event.origin);
        irc_presence_joined(event.irc, param(&event, 0), &event.origin);
    }
}

static void on_part(irc_session_t *session, const char *name, const char *origin,
                    const char **params, unsigned count)
{
    (void)name;
    struct event event = begin(session, origin, params, count);
    if (irc_own_nick(event.irc, event.origin.nick)) {
        irc_presence_lost(event.irc, param(&event, 0), "made to leave");
    }
}

static void on_kick(irc_session_t *session, const char *name, const char *origin,
                    const char **params, unsigned count)
{
    (void)name;
    struct event event = begin(session, origin, params, count);
    if (irc_own_nick(event.irc, param(&event, 1))) {
        irc_presence_lost(event.irc, param(&event, 0), param(&event, 2));
    }
}

static void on_invite(irc_session_t *session, const char *name, const char *origin,
                      const char **params, unsigned count)
{
    (void)name;
    struct event event = begin(session, origin, params, count);
    irc_presence_invited(event.irc, param(&event, 1));
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
    struct event event = begin(session, origin, params, count);
    irc_welcome_notice(event.irc, event.origin.nick, param(&event, 1));
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
        learn_clock(event.irc, &event.origin);
        irc_answer_pong(event.irc, param(&event, count - 1));
    }
}

irc_callbacks_t irc_events(void)
{
    return (irc_callbacks_t){
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
}
