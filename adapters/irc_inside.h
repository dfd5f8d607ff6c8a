#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libircclient.h>

#include "adapters/adapter.h"
#include "adapters/irc.h"
#include "adapters/irc_channels.h"
#include "adapters/irc_line.h"
#include "adapters/irc_nick.h"
#include "adapters/irc_origin.h"
#include "adapters/irc_pace.h"
#include "adapters/irc_portion.h"
#include "adapters/irc_wire.h"
#include "bot/host/secret.h"

/*
 * What those files of the IRC adapter share that have a network in their hands: its sockets, the
 * clock, the log. For nobody else. The pure ones (irc_line.h, irc_login.h, irc_sieve.h, irc_nick.h
 * ...) have headers of their own and must not know this one.
 */
enum {
    IRC_CONTROL_MAX = 64, /* lines of our own that wait: JOIN, NICK, MODE ... */
    IRC_MORE_MAX = 8,     /* "more" of so many people may wait */
    IRC_MORE_MS = 3600 * 1000,
    IRC_REPLAY_MS = 60 * 1000, /* older by the server's clock: a bouncer's replay (I9) */
    IRC_SASL_TRIES = 3,        /* refusals in a row before we give up */
    IRC_CTCP_MS = 60 * 1000,
    IRC_AWAY_MS = 10 * 1000, /* that nothing can be kept is told no more often */
};

/* The delivery that is being sent. One at a time: their order is the conversation's. */
struct irc_sending {
    bool busy, wrote;
    int64_t id;
    struct irc_portion out;
    bool asked; /* PING sent; PONG with this token proves it */
    char token[24];
    uint64_t asked_ms;
    char refused[160]; /* what the server said instead; "" nothing */
};

enum irc_phase {
    IRC_IDLE,       /* waits for next_ms */
    IRC_CONNECTING, /* wire and session are being set up, up to 001 */
    IRC_WELCOMED,   /* 001 came: we have a nick */
    IRC_LOGGING_IN, /* end of MOTD; NickServ has been asked */
    IRC_READY,      /* joins and talks */
    IRC_FAILED,     /* a human has to do something */
};

struct irc {
    struct adapter adapter; /* first */
    const struct config_irc *config;
    struct dispatch *dispatch;
    struct loop *loop;
    struct metrics *metrics;
    struct irc_times times;
    struct secret sasl_password, server_password, nickserv_password;

    enum irc_phase phase;
    uint64_t next_ms;       /* IRC_IDLE: when to connect */
    uint64_t wake_ms;       /* when the loop should come by, whatever happens */
    uint64_t phase_ms;      /* when this phase began */
    unsigned failures;      /* in a row */
    unsigned sasl_refusals; /* in a row */
    unsigned connections;   /* that were ready, ever */
    char trouble[200];      /* why it is not ready, for status */
    uint64_t random;        /* state of a generator: jitter only */

    struct irc_wire *wire;      /* NULL: none */
    irc_session_t *session;     /* NULL: none */
    int reserved_fd;            /* keeps a low descriptor for libircclient's select() (C17) */
    int session_fd, session_at; /* session_at: in this turn's pollset, or -1 */
    enum irc_login_step step;   /* last seen, and since when */
    uint64_t step_ms;
    char broken[160]; /* a callback wants this attempt to end: why */
    bool pinged;
    uint64_t pinged_ms; /* 0: never on this connection */

    struct irc_nick nick;
    unsigned substitutes; /* tried in this attempt */
    uint64_t regain_ms;   /* when to look whether the wanted nick is free */
    bool clock_known;
    int64_t clock_offset_ms; /* the server's clock minus ours */

    struct irc_channels channels;
    struct irc_pace pace;
    struct irc_throttle ctcp;
    char *control[IRC_CONTROL_MAX]; /* owned lines; a ring */
    size_t control_first, control_count;
    struct irc_sending sending;
    struct irc_portion more[IRC_MORE_MAX]; /* the first more_count are in use */
    size_t more_count;
    uint64_t pings;        /* for tokens */
    bool elsewhere;        /* another replica has the network, or we cannot know */
    bool told_away;        /* people know that the store takes nothing just now */
    uint64_t told_away_ms; /* since when */
    bool stopping, quit_sent;
    uint64_t stop_ms;
};

/* What the server says of itself; there is a wire. */
static inline const struct irc_support *irc_support_of(const struct irc *irc)
{
    return &irc_wire_relay(irc->wire)->support;
}

/* ---- irc_attempt.c: one connection after another: when, and what the end of one means ---- */

/* There is one of us on a network, however many replicas run. */
bool irc_attempt_allowed(const struct irc *irc);
void irc_attempt_begin(struct irc *irc, uint64_t now_ms);
void irc_attempt_end(struct irc *irc, const char *why);

/* At once and without a word: what came in meanwhile is for whoever has the network now. */
void irc_attempt_leave(struct irc *irc, uint64_t now_ms);

/* ---- irc_status.c: how it is, for humans and for /readyz; changes nothing ---- */

void irc_status(const struct adapter *adapter, struct adapter_status *ret);

/* ---- irc_session.c: libircclient and its descriptor; nothing of what lines mean ---- */

bool irc_session_begin(struct irc *irc); /* false: irc->broken says why */
void irc_session_end(struct irc *irc);
void irc_session_reserve(struct irc *irc);
void irc_session_prepare(struct irc *irc, struct pollset *pollset);
void irc_session_dispatch(struct irc *irc, const struct pollset *pollset);

/* Hands a line (with CR LF) to libircclient. False: its buffer is full, or it is unconnected. */
bool irc_session_write(struct irc *irc, const char *line);

/* ---- irc_events.c: what libircclient reports, and whose business it is; decides nothing ---- */

irc_callbacks_t irc_events(void);

/* By the server's clock, as far as it is known; by ours, before. */
int64_t irc_server_wall_ms(const struct irc *irc);

/* ---- irc_welcome.c: from the server's welcome to ready: bot mode, NickServ; no channels ---- */

void irc_welcome_greeted(struct irc *irc, const char *nick); /* 001 */
void irc_welcome_motd_ended(struct irc *irc);
void irc_welcome_logged_in(struct irc *irc); /* services know us */
void irc_welcome_notice(struct irc *irc, const char *from, const char *text);

/* Ends waiting. Returns when to come again; UINT64_MAX: nothing is waited for. */
uint64_t irc_welcome_tick(struct irc *irc, uint64_t now_ms);

/* ---- irc_presence.c: in our channels, under our nick; nothing of what is said there ---- */

bool irc_own_nick(const struct irc *irc, const char *nick);
void irc_presence_nick_refused(struct irc *irc, const char *nick);
void irc_presence_nick_freed(struct irc *irc, const char *nick);        /* any nick */
void irc_presence_nick_looked_up(struct irc *irc, const char *present); /* ISON's answer */
void irc_presence_joined(struct irc *irc, const char *name, const struct irc_origin *origin);
void irc_presence_join_refused(struct irc *irc, const char *name, int numeric);
void irc_presence_lost(struct irc *irc, const char *name, const char *why); /* kicked, or worse */
void irc_presence_invited(struct irc *irc, const char *name);

/* Joins and looks for the nick: what is due. Returns when to come again. */
uint64_t irc_presence_tick(struct irc *irc, uint64_t now_ms);

/* ---- irc_talk.c: what people say, and whether it concerns us; not what to answer ---- */

/* A PRIVMSG: decides whether it is for us, and hands it on. */
void irc_talk_message(struct irc *irc, const struct irc_origin *origin, const char *target,
                      const char *text);
void irc_talk_ctcp(struct irc *irc, const struct irc_origin *origin, const char *request);

/* ---- irc_answer.c: what leaves: in which order, how fast, and whether it arrived ---- */

/* Queues a line of our own; dropped, and logged, when too many wait. */
void irc_control(struct irc *irc, const char *const *words, const char *last);
#define IRC_CONTROL(irc, last, ...) \
    irc_control((irc), (const char *const[]){__VA_ARGS__, NULL}, (last))

/* Writes what is due and may leave. Returns when it wants to again. */
uint64_t irc_answer_tick(struct irc *irc, uint64_t now_ms);
void irc_answer_pong(struct irc *irc, const char *token);
void irc_answer_refused(struct irc *irc, const char *target, int numeric, const char *said);

/* The connection is gone: reports what was being sent, keeps the rest of "more", forgets ours. */
void irc_answer_offline(struct irc *irc);
bool irc_answer_idle(const struct irc *irc);
void irc_answer_finish(struct irc *irc); /* frees */

/* A channel, for what is announced. */
bool irc_answer_address(const char *place, struct buf *ret);
bool irc_answer_ready(struct adapter *adapter, const struct delivery *delivery,
                      uint64_t *ret_after_ms);
bool irc_answer_send(struct adapter *adapter, const struct delivery *delivery,
                     uint64_t *ret_after_ms);
bool irc_answer_format(struct adapter *adapter, const struct message *message,
                       const struct outcome *outcome, const struct reply *reply,
                       struct buf *payload);

/* ---- irc_more.c: the rest of long answers; not how it is sent ---- */

/* What has not been said of it waits, for an hour, until its conversation asks for more. */
void irc_more_keep(struct irc *irc, struct irc_portion *out);

/* False: there is no rest for this conversation, or no room for it. */
bool irc_more_asked(struct irc *irc, const char *key, const char *target, const char *nick);

/* The first of those that were asked for has been said as far as it goes. */
void irc_more_done(struct irc *irc);
