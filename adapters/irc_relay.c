#include "adapters/irc_relay.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "adapters/irc_sasl.h"
#include "bot/base/mem.h"
#include "bot/host/secret.h"

#define ORIGIN_SEPARATOR '\x1F'

enum { CLIENT_BUFFER_MAX = 2 * IRC_LINE_MAX };

void irc_relay_init(struct irc_relay *ret, const struct irc_relay_setup *setup)
{
    *ret = (struct irc_relay){.setup = *setup};
    irc_support_init(&ret->support);
    buf_init(&ret->to_server, IRC_RELAY_PENDING_MAX);
    buf_init(&ret->to_client, IRC_RELAY_PENDING_MAX);
    buf_init(&ret->from_server, IRC_TAGS_MAX + IRC_BODY_MAX);
    buf_init(&ret->from_client, CLIENT_BUFFER_MAX);
}

void irc_relay_finish(struct irc_relay *relay)
{
    /* What passed through here may hold a password. */
    secret_finish_buf(&relay->to_server);
    buf_finish(&relay->to_client);
    buf_finish(&relay->from_server);
    secret_finish_buf(&relay->from_client);
}

const char *irc_relay_step_name(enum irc_relay_step step)
{
    static const char *const names[] = {
        [IRC_STEP_NONE] = "connecting",
        [IRC_STEP_CAPS] = "waiting for the server's capabilities",
        [IRC_STEP_REQUEST] = "waiting for the capabilities asked for",
        [IRC_STEP_SASL] = "waiting for SASL",
        [IRC_STEP_REGISTER] = "waiting for the server's welcome",
        [IRC_STEP_OPEN] = "registered",
        [IRC_STEP_FAILED] = "failed",
    };
    return names[step];
}

static void fail(struct irc_relay *relay, enum irc_failure failure, const char *why,
                 const char *said)
{
    if (relay->step == IRC_STEP_FAILED) {
        return;
    }
    relay->step = IRC_STEP_FAILED;
    relay->failure = failure;
    snprintf(relay->failure_text, sizeof(relay->failure_text), "%s%s%s", why, *said ? ": " : "",
             said);
    buf_clear(&relay->to_client);
}

/* To the server */

static void say(struct irc_relay *relay, const char *const *words, const char *last)
{
    char line[IRC_LINE_MAX + 1];
    if (irc_line_format(line, words, last)) {
        buf_puts(&relay->to_server, line);
    }
    mem_wipe(line, sizeof(line));
}
#define SAY(relay, last, ...) say((relay), (const char *const[]){__VA_ARGS__, NULL}, (last))

void irc_relay_begin(struct irc_relay *relay)
{
    const struct irc_relay_setup *setup = &relay->setup;
    relay->step = IRC_STEP_CAPS;
    SAY(relay, NULL, "CAP", "LS", "302");
    if (setup->server_password && *setup->server_password) {
        SAY(relay, setup->server_password, "PASS");
    }
    SAY(relay, NULL, "NICK", setup->nick);
    SAY(relay, setup->realname, "USER", setup->username, "0", "*");
}

static void end_caps(struct irc_relay *relay)
{
    relay->step = IRC_STEP_REGISTER;
    SAY(relay, NULL, "CAP", "END");
}

/* Capabilities (capability-negotiation.md) */

static bool next_word(const char **at, const char *end, struct irc_span *ret)
{
    while (*at < end && **at == ' ') {
        (*at)++;
    }
    *ret = (struct irc_span){*at, 0};
    while (*at < end && **at != ' ') {
        (*at)++;
    }
    ret->len = (size_t)(*at - ret->at);
    return ret->len > 0;
}

static struct irc_span before_equals(struct irc_span word)
{
    const char *equals = memchr(word.at, '=', word.len);
    return equals ? (struct irc_span){word.at, (size_t)(equals - word.at)} : word;
}

static void note_offer(struct irc_relay *relay, struct irc_span word)
{
    struct irc_span name = before_equals(word);
    if (irc_span_is(name, "sasl")) {
        relay->sasl_offered = true;
        /* I6: it may come without a value; then any mechanism may be there. */
        struct irc_span value = {name.at + name.len + 1, 0};
        value.len = word.len > name.len ? word.len - name.len - 1 : 0;
        irc_span_copy(value, relay->sasl_mechanisms, sizeof(relay->sasl_mechanisms));
    } else if (irc_span_is(name, "message-tags")) {
        relay->tags_offered = true;
    } else if (irc_span_is(name, "server-time")) {
        relay->time_offered = true;
    }
}

static void request(struct irc_relay *relay, const char *capability)
{
    relay->requests++;
    SAY(relay, capability, "CAP", "REQ");
}

static const char *mechanism(const struct irc_relay *relay)
{
    return relay->setup.sasl == IRC_SASL_EXTERNAL ? "EXTERNAL" : "PLAIN";
}

static bool mechanism_offered(const struct irc_relay *relay)
{
    return relay->sasl_mechanisms[0] == '\0' ||
           irc_sasl_lists(relay->sasl_mechanisms, mechanism(relay));
}

static void offers_complete(struct irc_relay *relay)
{
    bool wanted = relay->setup.sasl != IRC_SASL_NO;
    if (wanted && !relay->sasl_offered) {
        fail(relay, IRC_FAIL_SASL_MISSING, "The server offers no SASL; its services may be down",
             "");
        return;
    }
    if (wanted && !mechanism_offered(relay)) {
        fail(relay, IRC_FAIL_SASL_MISSING, "The server does not offer the SASL mechanism; it has",
             relay->sasl_mechanisms);
        return;
    }
    relay->step = IRC_STEP_REQUEST;
    if (wanted) {
        request(relay, "sasl");
    }
    if (relay->tags_offered) {
        request(relay, "message-tags");
    }
    if (relay->time_offered) {
        request(relay, "server-time");
    }
    if (relay->requests == 0) {
        end_caps(relay);
    }
}

static void cap_ls(struct irc_relay *relay, const struct irc_line *line)
{
    if (relay->step != IRC_STEP_CAPS || line->count < 3) {
        return;
    }
    struct irc_span list = line->params[line->count - 1], word;
    for (const char *at = list.at; next_word(&at, list.at + list.len, &word);) {
        note_offer(relay, word);
    }
    bool more = line->count > 3 && irc_span_is(line->params[2], "*");
    if (!more) {
        offers_complete(relay);
    }
}

static void all_answered(struct irc_relay *relay)
{
    if (relay->setup.sasl == IRC_SASL_NO) {
        end_caps(relay);
    } else if (!relay->sasl_acked) {
        fail(relay, IRC_FAIL_SASL, "The server refused the capability sasl", "");
    } else {
        relay->step = IRC_STEP_SASL;
        SAY(relay, NULL, "AUTHENTICATE", mechanism(relay));
    }
}

static void cap_answer(struct irc_relay *relay, const struct irc_line *line, bool granted)
{
    if (relay->step != IRC_STEP_REQUEST || relay->requests == 0) {
        return;
    }
    struct irc_span list = irc_line_param(line, 2), word;
    for (const char *at = list.at; granted && next_word(&at, list.at + list.len, &word);) {
        relay->sasl_acked |= irc_span_is(word, "sasl");
    }
    if (--relay->requests == 0) {
        all_answered(relay);
    }
}

static void cap_gone(struct irc_relay *relay, const struct irc_line *line)
{
    struct irc_span list = irc_line_param(line, 2), word;
    for (const char *at = list.at; next_word(&at, list.at + list.len, &word);) {
        bool needed = relay->setup.sasl != IRC_SASL_NO && relay->step < IRC_STEP_REGISTER;
        if (needed && irc_span_is(word, "sasl")) {
            fail(relay, IRC_FAIL_SASL_MISSING, "The server took SASL back; its services went away",
                 "");
        }
    }
}

static void on_cap(struct irc_relay *relay, const struct irc_line *line)
{
    struct irc_span what = irc_line_param(line, 1);
    if (irc_span_is(what, "LS")) {
        cap_ls(relay, line);
    } else if (irc_span_is(what, "ACK")) {
        cap_answer(relay, line, true);
    } else if (irc_span_is(what, "NAK")) {
        cap_answer(relay, line, false);
    } else if (irc_span_is(what, "DEL")) {
        cap_gone(relay, line);
    }
}

/* SASL (I5) */

static void say_chunks(struct irc_relay *relay, const char *encoded)
{
    char chunk[IRC_SASL_CHUNK + 1];
    size_t len = strlen(encoded), at = 0;
    do {
        size_t part = len - at < IRC_SASL_CHUNK ? len - at : IRC_SASL_CHUNK;
        irc_span_copy((struct irc_span){encoded + at, part}, chunk, sizeof(chunk));
        SAY(relay, NULL, "AUTHENTICATE", part > 0 ? chunk : "+");
        at += part;
        /* A last chunk that is full would look as if more came. */
        if (at == len && part == IRC_SASL_CHUNK) {
            SAY(relay, NULL, "AUTHENTICATE", "+");
        }
    } while (at < len);
    mem_wipe(chunk, sizeof(chunk));
}

static void on_authenticate(struct irc_relay *relay, const struct irc_line *line)
{
    if (relay->step != IRC_STEP_SASL || !irc_span_is(irc_line_param(line, 0), "+")) {
        return;
    }
    char encoded[IRC_SASL_MAX];
    bool external = relay->setup.sasl == IRC_SASL_EXTERNAL;
    bool fits = external
                    ? irc_sasl_external(relay->setup.sasl_user, encoded)
                    : irc_sasl_plain(relay->setup.sasl_user, relay->setup.sasl_password, encoded);
    if (fits) {
        say_chunks(relay, encoded);
    } else {
        fail(relay, IRC_FAIL_SASL, "The SASL user or password is too long", "");
    }
    mem_wipe(encoded, sizeof(encoded));
}

static void sasl_done(struct irc_relay *relay)
{
    if (relay->step == IRC_STEP_SASL) {
        end_caps(relay);
    }
}

static void sasl_failed(struct irc_relay *relay, const struct irc_line *line)
{
    if (relay->setup.sasl == IRC_SASL_NO || relay->step >= IRC_STEP_REGISTER) {
        return;
    }
    char said[120];
    irc_span_copy(irc_line_param(line, line->count ? line->count - 1 : 0), said, sizeof(said));
    fail(relay, IRC_FAIL_SASL, "The server refused the SASL login", said);
}

/* Numerics */

static void on_welcome(struct irc_relay *relay)
{
    bool unproven = relay->setup.sasl != IRC_SASL_NO && relay->step != IRC_STEP_REGISTER;
    if (relay->step == IRC_STEP_OPEN) {
        return;
    }
    if (unproven) {
        fail(relay, IRC_FAIL_SASL_MISSING, "The server let us in without SASL: it knows none", "");
        return;
    }
    relay->step = IRC_STEP_OPEN;
}

static void on_refusal(struct irc_relay *relay, const struct irc_line *line, bool banned)
{
    char said[120];
    irc_span_copy(irc_line_param(line, line->count ? line->count - 1 : 0), said, sizeof(said));
    if (relay->step < IRC_STEP_OPEN) {
        fail(relay, banned ? IRC_FAIL_BANNED : IRC_FAIL_PASSWORD,
             banned ? "The server bans us" : "The server refused its password", said);
    }
}

static int numeric_of(struct irc_span command)
{
    int number = 0;
    for (size_t i = 0; i < command.len; i++) {
        if (command.len != 3 || command.at[i] < '0' || command.at[i] > '9') {
            return 0;
        }
        number = number * 10 + (command.at[i] - '0');
    }
    return number;
}

/* True: the client need not see it. */
static bool on_numeric(struct irc_relay *relay, const struct irc_line *line, int number)
{
    switch (number) {
    case 1:
        on_welcome(relay);
        break;
    case 5:
        irc_support_read(&relay->support, line);
        break;
    case 464:
        on_refusal(relay, line, false);
        break;
    case 465:
        on_refusal(relay, line, true);
        break;
    case 900:
        irc_span_copy(irc_line_param(line, 2), relay->account, sizeof(relay->account));
        break;
    case 903:
    case 907:
        sasl_done(relay);
        return true;
    case 902:
    case 904:
    case 905:
    case 906:
        sasl_failed(relay, line);
        return true;
    case 908:
        return true;
    default:
        break;
    }
    return false;
}

/* To the client */

static bool put_word(struct buf *out, struct irc_span word)
{
    for (size_t i = 0; i < word.len; i++) {
        unsigned char c = (unsigned char)word.at[i];
        buf_putc(out, c < 0x20 || c == 0x7F ? '?' : word.at[i]);
    }
    return !out->failed;
}

static bool is_word(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text <= 0x20 || *text == 0x7F) {
            return false;
        }
    }
    return true;
}

static void put_origin(struct buf *out, const struct irc_line *line)
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
    buf_putc(out, ORIGIN_SEPARATOR);
    if (timed) {
        buf_printf(out, "%lld", (long long)ms);
    }
    buf_printf(out, "%c%s%c%s", ORIGIN_SEPARATOR, bot ? "B" : "", ORIGIN_SEPARATOR, msgid);
}

/* More than libircclient takes are put together into its last one. */
static void put_params(struct buf *out, const struct irc_line *line)
{
    size_t last = line->count < IRC_CLIENT_PARAMS ? line->count : IRC_CLIENT_PARAMS;
    for (size_t i = 0; i + 1 < last; i++) {
        buf_putc(out, ' ');
        put_word(out, line->params[i]);
    }
    buf_puts(out, " :");
    for (size_t i = last ? last - 1 : 0; i < line->count; i++) {
        buf_puts(out, i + 1 > last ? " " : "");
        buf_append(out, line->params[i].at, line->params[i].len);
    }
}

static void pass_on(struct irc_relay *relay, const struct irc_line *line)
{
    struct buf out;
    buf_init(&out, IRC_CLIENT_LINE_MAX);
    buf_putc(&out, ':');
    put_word(&out, line->prefix.len > 0 ? line->prefix : (struct irc_span){"server", 6});
    if (line->tags.len > 0) {
        put_origin(&out, line);
    }
    buf_putc(&out, ' ');
    put_word(&out, line->command);
    put_params(&out, line);
    buf_puts(&out, "\r\n");
    if (out.failed) {
        relay->dropped++;
    } else {
        buf_append(&relay->to_client, out.data, out.len);
    }
    buf_finish(&out);
}

/* An ACTION is text (I10); libircclient would cut it at 120 bytes (C15): its frame is taken off. */
static bool unframe_action(struct irc_line *line)
{
    static const char head[] = "\x01"
                               "ACTION ";
    struct irc_span *text = &line->params[1];
    size_t len = sizeof(head) - 1;
    if (text->len <= len || memcmp(text->at, head, len) != 0) {
        return false;
    }
    text->at += len;
    text->len -= len;
    text->len -= text->at[text->len - 1] == '\x01';
    return true;
}

static bool is_for_channel(const struct irc_relay *relay, struct irc_span target)
{
    char name[IRC_CHANNEL_MAX];
    irc_span_copy(target, name, sizeof(name));
    return irc_support_channel(&relay->support, name) != NULL;
}

/* The final 0x01 may be missing (I10); libircclient would not know it for CTCP then. */
static void pass_ctcp(struct irc_relay *relay, struct irc_line *line)
{
    char framed[IRC_BODY_MAX + 2];
    struct irc_span *text = &line->params[1];
    bool dcc = text->len > 4 && strncasecmp(text->at + 1, "DCC", 3) == 0;
    bool lone = text->len < 2 || (text->len == 2 && text->at[1] == '\x01');
    if (dcc || lone || is_for_channel(relay, line->params[0]) || text->len >= IRC_BODY_MAX) {
        relay->dropped++;
        return;
    }
    if (text->at[text->len - 1] != '\x01') {
        memcpy(framed, text->at, text->len);
        framed[text->len] = '\x01';
        *text = (struct irc_span){framed, text->len + 1};
    }
    pass_on(relay, line);
}

static void on_talk(struct irc_relay *relay, struct irc_line *line, bool notice)
{
    if (line->count < 2 || line->params[0].len == 0) {
        relay->dropped++;
        return;
    }
    line->count = 2;
    struct irc_span text = line->params[1];
    bool ctcp = memchr(text.at, '\x01', text.len ? 1 : 0) != NULL;
    if (notice && ctcp) {
        relay->dropped++;
    } else if (ctcp && !unframe_action(line)) {
        pass_ctcp(relay, line);
    } else {
        pass_on(relay, line);
    }
}

static void on_ping(struct irc_relay *relay, const struct irc_line *line)
{
    char token[IRC_LINE_MAX];
    irc_span_copy(irc_line_param(line, 0), token, sizeof(token));
    SAY(relay, token, "PONG");
}

static void on_error(struct irc_relay *relay, const struct irc_line *line)
{
    irc_span_copy(irc_line_param(line, 0), relay->said, sizeof(relay->said));
}

static void on_line(struct irc_relay *relay, struct irc_line *line)
{
    int number = numeric_of(line->command);
    if (number > 0 && on_numeric(relay, line, number)) {
        return;
    }
    if (irc_span_is(line->command, "CAP")) {
        on_cap(relay, line);
    } else if (irc_span_is(line->command, "AUTHENTICATE")) {
        on_authenticate(relay, line);
    } else if (irc_span_is(line->command, "PING")) {
        on_ping(relay, line);
    } else if (irc_span_is(line->command, "ERROR")) {
        on_error(relay, line);
    } else if (irc_span_is(line->command, "PRIVMSG")) {
        on_talk(relay, line, false);
    } else if (irc_span_is(line->command, "NOTICE")) {
        on_talk(relay, line, true);
    } else if (relay->step != IRC_STEP_FAILED) {
        pass_on(relay, line);
    }
}

/* Lines */

static void take_server_line(struct irc_relay *relay, const char *bytes, size_t len)
{
    struct irc_line line;
    while (len > 0 && bytes[len - 1] == '\r') {
        len--;
    }
    if (relay->step == IRC_STEP_FAILED || relay->step == IRC_STEP_NONE) {
        return;
    }
    bool good = irc_line_parse(bytes, len, &line);
    size_t tags = good && line.tags.len > 0 ? line.tags.len + 2 : 0;
    if (!good || len - tags > IRC_BODY_MAX) {
        relay->dropped++;
        return;
    }
    on_line(relay, &line);
}

/* The client's NICK and USER come in this order, once, and are ours to say. */
static void take_client_line(struct irc_relay *relay, const char *bytes, size_t len)
{
    while (len > 0 && bytes[len - 1] == '\r') {
        len--;
    }
    if (!relay->client_registered) {
        relay->client_registered = len > 5 && memcmp(bytes, "USER ", 5) == 0;
        return;
    }
    bool clean = len > 0 && len + 2 <= IRC_LINE_MAX && !memchr(bytes, '\0', len) &&
                 !memchr(bytes, '\r', len);
    if (clean && relay->step != IRC_STEP_FAILED) {
        buf_append(&relay->to_server, bytes, len);
        buf_puts(&relay->to_server, "\r\n");
    }
}

typedef void take_line(struct irc_relay *relay, const char *bytes, size_t len);

/* `rest` keeps the beginning of a line whose end has not come. */
static void take_bytes(struct irc_relay *relay, struct buf *rest, bool *skipping, take_line *take,
                       const char *bytes, size_t len)
{
    while (len > 0) {
        const char *feed = memchr(bytes, '\n', len);
        size_t part = feed ? (size_t)(feed - bytes) : len;
        if (!*skipping && !buf_append(rest, bytes, part)) {
            *skipping = true;
            relay->dropped++;
        }
        if (feed) {
            if (!*skipping) {
                take(relay, rest->len ? rest->data : "", rest->len);
            }
            mem_wipe(rest->data, rest->len); /* lines to NickServ hold a password */
            buf_clear(rest);
            *skipping = false;
            part++;
        }
        bytes += part;
        len -= part;
    }
    if (relay->to_server.failed || relay->to_client.failed) {
        fail(relay, IRC_FAIL_FLOODED, "More lines wait than anybody takes off", "");
    }
}

void irc_relay_from_server(struct irc_relay *relay, const char *bytes, size_t len)
{
    take_bytes(relay, &relay->from_server, &relay->skipping_server, take_server_line, bytes, len);
}

void irc_relay_from_client(struct irc_relay *relay, const char *bytes, size_t len)
{
    take_bytes(relay, &relay->from_client, &relay->skipping_client, take_client_line, bytes, len);
}

/* What the client gives back */

static struct irc_span take_field(const char **at)
{
    const char separator[] = {ORIGIN_SEPARATOR, '\0'};
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
