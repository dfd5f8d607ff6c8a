#include <stdio.h>
#include <string.h>

#include "adapters/irc_inside.h"
#include "bot/advisor/wording.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"

/* Lines of our own */

static void queue_line(struct irc *irc, const char *line)
{
    if (irc->control_count == IRC_CONTROL_MAX) {
        log_warning("irc.line_dropped", LOG_TEXT("network", irc->config->label));
        return;
    }
    size_t last = (irc->control_first + irc->control_count++) % IRC_CONTROL_MAX;
    irc->control[last] = mem_strdup(line);
}

void irc_control(struct irc *irc, const char *const *words, const char *last)
{
    char line[IRC_LINE_MAX + 1];
    if (irc_line_format(line, words, last)) {
        queue_line(irc, line);
    }
    mem_wipe(line, sizeof(line)); /* NickServ's may hold a password */
}

static void drop_control(struct irc *irc)
{
    char *line = irc->control[irc->control_first];
    mem_wipe(line, strlen(line));
    mem_free(line);
    irc->control_first = (irc->control_first + 1) % IRC_CONTROL_MAX;
    irc->control_count--;
}

static bool write_control(struct irc *irc)
{
    if (!irc_session_write(irc, irc->control[irc->control_first])) {
        return false;
    }
    drop_control(irc);
    return true;
}

/* Lines of an answer */

static struct irc_voice voice_for(const struct irc *irc, const char *target)
{
    bool notice = irc->config->notice && irc_support_channel(irc_support_of(irc), target);
    return (struct irc_voice){.nick = irc->nick.name,
                              .command = notice ? "NOTICE" : "PRIVMSG",
                              .prefix_len = irc_nick_prefix_len(&irc->nick)};
}

enum written { WRITTEN, WRITE_FULL, WRITE_NEVER };

/* NEVER: there is no such line, whatever is left of the text is given up. */
static enum written write_line(struct irc *irc, struct irc_portion *out)
{
    char line[IRC_LINE_MAX + 1];
    const struct irc_portion before = *out;
    const struct irc_voice voice = voice_for(irc, out->target);
    if (!irc_portion_next(out, &voice, line)) {
        out->at = out->text.len;
        return WRITE_NEVER;
    }
    if (!irc_session_write(irc, line)) {
        *out = before;
        return WRITE_FULL;
    }
    return WRITTEN;
}

/* Deliveries */

static void report(struct irc *irc, enum delivered how, const char *why)
{
    struct irc_sending *sending = &irc->sending;
    int64_t id = sending->id;
    if (how == DELIVERED) {
        irc_more_keep(irc, &sending->out);
    }
    irc_portion_finish(&sending->out);
    *sending = (struct irc_sending){0};
    dispatch_delivered(irc->dispatch, id, how, 0, why, loop_wall_ms(irc->loop));
}

static void write_ping(struct irc *irc, uint64_t now_ms)
{
    struct irc_sending *sending = &irc->sending;
    char line[IRC_LINE_MAX + 1];
    snprintf(sending->token, sizeof(sending->token), "w%llu", (unsigned long long)++irc->pings);
    const char *const words[] = {"PING", sending->token, NULL};
    if (irc_line_format(line, words, NULL) && irc_session_write(irc, line)) {
        sending->asked = true;
        sending->asked_ms = now_ms;
    }
}

void irc_answer_pong(struct irc *irc, const char *token)
{
    struct irc_sending *sending = &irc->sending;
    if (!sending->busy || !sending->asked || strcmp(token, sending->token) != 0) {
        return;
    }
    if (sending->refused[0]) {
        char why[sizeof(sending->refused)];
        snprintf(why, sizeof(why), "%s", sending->refused);
        report(irc, DELIVERY_REFUSED, why);
    } else {
        report(irc, DELIVERED, NULL);
    }
}

void irc_answer_refused(struct irc *irc, const char *target, int numeric, const char *said)
{
    struct irc_sending *sending = &irc->sending;
    const struct irc_support *support = irc_support_of(irc);
    const char *channel = irc_support_channel(support, sending->out.target);
    const char *place = channel ? channel : sending->out.target;
    if (sending->busy && sending->wrote && irc_same(support->casemap, place, target)) {
        snprintf(sending->refused, sizeof(sending->refused), "the server says %d: %.120s", numeric,
                 said);
    }
}

/* "#place nick" or "nick" (irc_talk.c). */
static void read_address(const char *address, struct irc_portion *ret)
{
    const char *blank = strchr(address, ' ');
    size_t len = blank ? (size_t)(blank - address) : strlen(address);
    irc_span_copy((struct irc_span){address, len}, ret->target, sizeof(ret->target));
    const char *nick = blank ? blank + 1 : "";
    irc_span_copy((struct irc_span){nick, strlen(nick)}, ret->nick, sizeof(ret->nick));
}

bool irc_answer_address(const char *place, struct buf *ret)
{
    bool channel = place[0] == '#' || place[0] == '&' || place[0] == '+' || place[0] == '!';
    return channel && strpbrk(place, " ,\a") == NULL && buf_puts(ret, place);
}

static bool place_ready(struct irc *irc, const char *target)
{
    const struct irc_support *support = irc_support_of(irc);
    const char *name = irc_support_channel(support, target);
    if (!name) {
        return true;
    }
    struct irc_channel *channel = irc_channels_find(&irc->channels, support->casemap, name);
    return !channel || channel->state == IRC_CHANNEL_IN;
}

enum { AFTER_OFFLINE_MS = 5000, AFTER_BUSY_MS = 200, AFTER_OUT_MS = 5000 };

bool irc_answer_ready(struct adapter *adapter, const struct delivery *delivery,
                      uint64_t *ret_after_ms)
{
    struct irc *irc = (struct irc *)adapter;
    *ret_after_ms = AFTER_OFFLINE_MS;
    if (irc->phase != IRC_READY || irc->quit_sent) {
        return false;
    }
    /* When whoever is busy will have done cannot be told; the pace tells to the millisecond. */
    uint64_t wait = irc_pace_wait(&irc->pace, loop_now_ms(irc->loop));
    bool busy = irc->sending.busy || irc->control_count > 0;
    *ret_after_ms = busy && wait < AFTER_BUSY_MS ? AFTER_BUSY_MS : wait;
    if (busy || wait > 0) {
        return false;
    }
    struct irc_portion where;
    if (delivery) {
        read_address(delivery->address, &where);
        *ret_after_ms = AFTER_OUT_MS;
        return delivery->unsure || place_ready(irc, where.target);
    }
    return true;
}

/*
 * Nobody can be asked whether lines of before arrived: the answer is not sent again, and the log
 * says that it may be missing.
 */
static void give_up_unsure(struct irc *irc, const struct delivery *delivery)
{
    log_warning("irc.delivery_unknown", LOG_TEXT("network", irc->config->label),
                LOG_NUMBER("delivery", delivery->id));
    dispatch_delivered(irc->dispatch, delivery->id, DELIVERY_REFUSED, 0,
                       "it may have arrived before the connection broke; not sent twice",
                       loop_wall_ms(irc->loop));
}

bool irc_answer_send(struct adapter *adapter, const struct delivery *delivery,
                     uint64_t *ret_after_ms)
{
    struct irc *irc = (struct irc *)adapter;
    if (delivery->unsure) {
        give_up_unsure(irc, delivery);
        return true;
    }
    if (!irc_answer_ready(adapter, delivery, ret_after_ms)) {
        return false;
    }
    struct irc_sending *sending = &irc->sending;
    *sending = (struct irc_sending){.busy = true, .id = delivery->id};
    irc_portion_init(&sending->out, delivery->payload, delivery->payload_len);
    read_address(delivery->address, &sending->out);
    snprintf(sending->out.key, sizeof(sending->out.key), "%s", delivery->conversation);
    irc->wake_ms = loop_now_ms(irc->loop);
    return true;
}

bool irc_answer_format(struct adapter *adapter, const struct message *message,
                       const struct outcome *outcome, const struct reply *reply,
                       struct buf *payload)
{
    (void)adapter;
    (void)message;
    (void)outcome;
    return wording_format(reply, WORDING_IRC, payload) && payload->len <= IRC_PORTION_BYTES;
}

/* What leaves next */

static bool write_sending(struct irc *irc, uint64_t now_ms)
{
    struct irc_sending *sending = &irc->sending;
    if (irc_portion_done(&sending->out)) {
        write_ping(irc, now_ms);
        return sending->asked;
    }
    enum written written = write_line(irc, &sending->out);
    sending->wrote |= written == WRITTEN;
    if (written == WRITE_NEVER && !sending->wrote) {
        report(irc, DELIVERY_REFUSED, "it cannot be said in a line of IRC");
    }
    return written != WRITE_FULL;
}

/* False: nothing to write, or libircclient is full. */
static bool write_next(struct irc *irc, uint64_t now_ms)
{
    struct irc_sending *sending = &irc->sending;
    if (irc->control_count > 0) {
        return write_control(irc);
    }
    if (irc->phase != IRC_READY) {
        return false;
    }
    if (sending->busy && !sending->asked) {
        return write_sending(irc, now_ms);
    }
    if (irc->more_count > 0) {
        enum written written = write_line(irc, &irc->more[0]);
        if (irc_portion_done(&irc->more[0])) {
            irc_more_done(irc);
        }
        return written != WRITE_FULL;
    }
    return false;
}

static bool has_next(const struct irc *irc)
{
    bool answers = irc->phase == IRC_READY &&
                   ((irc->sending.busy && !irc->sending.asked) || irc->more_count > 0);
    return irc->session && irc->nick.name[0] && !irc->quit_sent &&
           (irc->control_count > 0 || answers);
}

static uint64_t check_pong(struct irc *irc, uint64_t now_ms)
{
    struct irc_sending *sending = &irc->sending;
    if (!sending->busy || !sending->asked) {
        return UINT64_MAX;
    }
    uint64_t until = sending->asked_ms + irc->times.pong;
    if (now_ms >= until) {
        report(irc, DELIVERY_UNSURE, "the server did not answer the PING after it");
        return UINT64_MAX;
    }
    return until;
}

/* The PING behind an answer does not wait: what is confirmed soon cannot become unsure. */
static bool may_leave(const struct irc *irc, uint64_t now_ms)
{
    const struct irc_sending *sending = &irc->sending;
    bool ping = irc->control_count == 0 && sending->busy && !sending->asked &&
                irc_portion_done(&sending->out);
    return has_next(irc) && (ping || irc_pace_wait(&irc->pace, now_ms) == 0);
}

uint64_t irc_answer_tick(struct irc *irc, uint64_t now_ms)
{
    uint64_t until = check_pong(irc, now_ms);
    while (may_leave(irc, now_ms) && write_next(irc, now_ms)) {
        irc_pace_spend(&irc->pace, now_ms);
    }
    if (!has_next(irc)) {
        return until;
    }
    /* Full: libircclient's descriptor becomes writable, and wakes us. */
    uint64_t wait = irc_pace_wait(&irc->pace, now_ms);
    uint64_t next = wait > 0 ? now_ms + wait : UINT64_MAX;
    return next < until ? next : until;
}

void irc_answer_offline(struct irc *irc)
{
    struct irc_sending *sending = &irc->sending;
    if (sending->busy && sending->wrote) {
        log_warning("irc.delivery_unknown", LOG_TEXT("network", irc->config->label),
                    LOG_NUMBER("delivery", sending->id));
        report(irc, DELIVERY_UNSURE, "the connection broke before the server confirmed it");
    } else if (sending->busy) {
        report(irc, DELIVERY_LATER, "the connection broke before it was sent");
    }
    /* Who stops is past the turn that would keep it. */
    while (irc->more_count > 0 && !irc->stopping) {
        irc_more_done(irc);
    }
    while (irc->control_count > 0) {
        drop_control(irc);
    }
}

bool irc_answer_idle(const struct irc *irc)
{
    return !irc->sending.busy && irc->more_count == 0 && irc->control_count == 0;
}

void irc_answer_finish(struct irc *irc)
{
    irc_portion_finish(&irc->sending.out);
    while (irc->control_count > 0) {
        drop_control(irc);
    }
    while (irc->more_count > 0) {
        irc_portion_finish(&irc->more[--irc->more_count]);
    }
}
