#include "adapters/irc_relay.h"

#include <string.h>

#include "adapters/irc_sieve.h"
#include "bot/base/mem.h"
#include "bot/host/secret.h"

enum { CLIENT_BUFFER_MAX = 2 * IRC_LINE_MAX };

void irc_relay_init(struct irc_relay *ret, const struct irc_login_setup *setup)
{
    *ret = (struct irc_relay){.dropped = 0};
    irc_login_init(&ret->login, setup, &ret->to_server);
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

void irc_relay_begin(struct irc_relay *relay)
{
    irc_login_begin(&relay->login);
}

/* Lines */

static void on_ping(struct irc_relay *relay, const struct irc_line *line)
{
    char token[IRC_LINE_MAX];
    irc_span_copy(irc_line_param(line, 0), token, sizeof(token));
    irc_line_append(&relay->to_server, (const char *const[]){"PONG", NULL}, token);
}

static void on_line(struct irc_relay *relay, const struct irc_line *line)
{
    bool for_login = irc_login_take(&relay->login, line);
    if (relay->login.step == IRC_STEP_FAILED) {
        buf_clear(&relay->to_client);
    } else if (for_login) {
        return;
    } else if (irc_span_is(line->command, "PING")) {
        on_ping(relay, line);
    } else if (irc_span_is(line->command, "ERROR")) {
        irc_span_copy(irc_line_param(line, 0), relay->said, sizeof(relay->said));
    } else {
        if (irc_span_is(line->command, "005")) {
            irc_support_read(&relay->support, line);
        }
        relay->dropped += !irc_sieve_pass(&relay->support, line, &relay->to_client);
    }
}

static void take_server_line(struct irc_relay *relay, const char *bytes, size_t len)
{
    struct irc_line line;
    while (len > 0 && bytes[len - 1] == '\r') {
        len--;
    }
    if (relay->login.step == IRC_STEP_FAILED || relay->login.step == IRC_STEP_NONE) {
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
    if (clean && relay->login.step != IRC_STEP_FAILED) {
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
        irc_login_fail(&relay->login, IRC_FAIL_FLOODED, "More lines wait than anybody takes off",
                       "");
        buf_clear(&relay->to_client);
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
