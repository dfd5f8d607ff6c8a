#include "adapters/irc_login.h"

#include <stdio.h>
#include <string.h>

#include "adapters/irc_sasl.h"
#include "bot/base/buf.h"
#include "bot/base/mem.h"

void irc_login_init(struct irc_login *ret, const struct irc_login_setup *setup,
                    struct buf *to_server)
{
    *ret = (struct irc_login){.setup = *setup, .to_server = to_server};
}

const char *irc_login_step_name(enum irc_login_step step)
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

void irc_login_fail(struct irc_login *login, enum irc_failure failure, const char *why,
                    const char *said)
{
    if (login->step == IRC_STEP_FAILED) {
        return;
    }
    login->step = IRC_STEP_FAILED;
    login->failure = failure;
    snprintf(login->failure_text, sizeof(login->failure_text), "%s%s%s", why, *said ? ": " : "",
             said);
}

#define SAY(login, last, ...) \
    irc_line_append((login)->to_server, (const char *const[]){__VA_ARGS__, NULL}, (last))

void irc_login_begin(struct irc_login *login)
{
    const struct irc_login_setup *setup = &login->setup;
    login->step = IRC_STEP_CAPS;
    SAY(login, NULL, "CAP", "LS", "302");
    if (setup->server_password && *setup->server_password) {
        SAY(login, setup->server_password, "PASS");
    }
    SAY(login, NULL, "NICK", setup->nick);
    SAY(login, setup->realname, "USER", setup->username, "0", "*");
}

static void end_caps(struct irc_login *login)
{
    login->step = IRC_STEP_REGISTER;
    SAY(login, NULL, "CAP", "END");
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

static void note_offer(struct irc_login *login, struct irc_span word)
{
    struct irc_span name = before_equals(word);
    if (irc_span_is(name, "sasl")) {
        login->sasl_offered = true;
        /* I6: it may come without a value; then any mechanism may be there. */
        struct irc_span value = {name.at + name.len + 1, 0};
        value.len = word.len > name.len ? word.len - name.len - 1 : 0;
        irc_span_copy(value, login->sasl_mechanisms, sizeof(login->sasl_mechanisms));
    } else if (irc_span_is(name, "message-tags")) {
        login->tags_offered = true;
    } else if (irc_span_is(name, "server-time")) {
        login->time_offered = true;
    }
}

static void request(struct irc_login *login, const char *capability)
{
    login->requests++;
    SAY(login, capability, "CAP", "REQ");
}

static const char *mechanism(const struct irc_login *login)
{
    return login->setup.sasl == IRC_SASL_EXTERNAL ? "EXTERNAL" : "PLAIN";
}

static bool mechanism_offered(const struct irc_login *login)
{
    return login->sasl_mechanisms[0] == '\0' ||
           irc_sasl_lists(login->sasl_mechanisms, mechanism(login));
}

static void offers_complete(struct irc_login *login)
{
    bool wanted = login->setup.sasl != IRC_SASL_NO;
    if (wanted && !login->sasl_offered) {
        irc_login_fail(login, IRC_FAIL_SASL_MISSING,
                       "The server offers no SASL; its services may be down", "");
        return;
    }
    if (wanted && !mechanism_offered(login)) {
        irc_login_fail(login, IRC_FAIL_SASL_MISSING,
                       "The server does not offer the SASL mechanism; it has",
                       login->sasl_mechanisms);
        return;
    }
    login->step = IRC_STEP_REQUEST;
    if (wanted) {
        request(login, "sasl");
    }
    if (login->tags_offered) {
        request(login, "message-tags");
    }
    if (login->time_offered) {
        request(login, "server-time");
    }
    if (login->requests == 0) {
        end_caps(login);
    }
}

static void cap_ls(struct irc_login *login, const struct irc_line *line)
{
    if (login->step != IRC_STEP_CAPS || line->count < 3) {
        return;
    }
    struct irc_span list = line->params[line->count - 1], word;
    for (const char *at = list.at; next_word(&at, list.at + list.len, &word);) {
        note_offer(login, word);
    }
    bool more = line->count > 3 && irc_span_is(line->params[2], "*");
    if (!more) {
        offers_complete(login);
    }
}

static void all_answered(struct irc_login *login)
{
    if (login->setup.sasl == IRC_SASL_NO) {
        end_caps(login);
    } else if (!login->sasl_acked) {
        irc_login_fail(login, IRC_FAIL_SASL, "The server refused the capability sasl", "");
    } else {
        login->step = IRC_STEP_SASL;
        SAY(login, NULL, "AUTHENTICATE", mechanism(login));
    }
}

static void cap_answer(struct irc_login *login, const struct irc_line *line, bool granted)
{
    if (login->step != IRC_STEP_REQUEST || login->requests == 0) {
        return;
    }
    struct irc_span list = irc_line_param(line, 2), word;
    for (const char *at = list.at; granted && next_word(&at, list.at + list.len, &word);) {
        login->sasl_acked |= irc_span_is(word, "sasl");
    }
    if (--login->requests == 0) {
        all_answered(login);
    }
}

static void cap_gone(struct irc_login *login, const struct irc_line *line)
{
    struct irc_span list = irc_line_param(line, 2), word;
    for (const char *at = list.at; next_word(&at, list.at + list.len, &word);) {
        bool needed = login->setup.sasl != IRC_SASL_NO && login->step < IRC_STEP_REGISTER;
        if (needed && irc_span_is(word, "sasl")) {
            irc_login_fail(login, IRC_FAIL_SASL_MISSING,
                           "The server took SASL back; its services went away", "");
        }
    }
}

static void on_cap(struct irc_login *login, const struct irc_line *line)
{
    struct irc_span what = irc_line_param(line, 1);
    if (irc_span_is(what, "LS")) {
        cap_ls(login, line);
    } else if (irc_span_is(what, "ACK")) {
        cap_answer(login, line, true);
    } else if (irc_span_is(what, "NAK")) {
        cap_answer(login, line, false);
    } else if (irc_span_is(what, "DEL")) {
        cap_gone(login, line);
    }
}

/* SASL (I5) */

static void say_chunks(struct irc_login *login, const char *encoded)
{
    char chunk[IRC_SASL_CHUNK + 1];
    size_t len = strlen(encoded), at = 0;
    do {
        size_t part = len - at < IRC_SASL_CHUNK ? len - at : IRC_SASL_CHUNK;
        irc_span_copy((struct irc_span){encoded + at, part}, chunk, sizeof(chunk));
        SAY(login, NULL, "AUTHENTICATE", part > 0 ? chunk : "+");
        at += part;
        /* A last chunk that is full would look as if more came. */
        if (at == len && part == IRC_SASL_CHUNK) {
            SAY(login, NULL, "AUTHENTICATE", "+");
        }
    } while (at < len);
    mem_wipe(chunk, sizeof(chunk));
}

static void on_authenticate(struct irc_login *login, const struct irc_line *line)
{
    if (login->step != IRC_STEP_SASL || !irc_span_is(irc_line_param(line, 0), "+")) {
        return;
    }
    char encoded[IRC_SASL_MAX];
    bool external = login->setup.sasl == IRC_SASL_EXTERNAL;
    bool fits = external
                    ? irc_sasl_external(login->setup.sasl_user, encoded)
                    : irc_sasl_plain(login->setup.sasl_user, login->setup.sasl_password, encoded);
    if (fits) {
        say_chunks(login, encoded);
    } else {
        irc_login_fail(login, IRC_FAIL_SASL, "The SASL user or password is too long", "");
    }
    mem_wipe(encoded, sizeof(encoded));
}

static void sasl_done(struct irc_login *login)
{
    if (login->step == IRC_STEP_SASL) {
        end_caps(login);
    }
}

static void sasl_failed(struct irc_login *login, const struct irc_line *line)
{
    if (login->setup.sasl == IRC_SASL_NO || login->step >= IRC_STEP_REGISTER) {
        return;
    }
    char said[120];
    irc_span_copy(irc_line_param(line, line->count ? line->count - 1 : 0), said, sizeof(said));
    irc_login_fail(login, IRC_FAIL_SASL, "The server refused the SASL login", said);
}

/* Numerics */

static void on_welcome(struct irc_login *login)
{
    bool unproven = login->setup.sasl != IRC_SASL_NO && login->step != IRC_STEP_REGISTER;
    if (login->step == IRC_STEP_OPEN) {
        return;
    }
    if (unproven) {
        irc_login_fail(login, IRC_FAIL_SASL_MISSING,
                       "The server let us in without SASL: it knows none", "");
        return;
    }
    login->step = IRC_STEP_OPEN;
}

static void on_refusal(struct irc_login *login, const struct irc_line *line, bool banned)
{
    char said[120];
    irc_span_copy(irc_line_param(line, line->count ? line->count - 1 : 0), said, sizeof(said));
    if (login->step < IRC_STEP_OPEN) {
        irc_login_fail(login, banned ? IRC_FAIL_BANNED : IRC_FAIL_PASSWORD,
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

/* True: it is about logging in, and nobody else need see it. */
static bool on_numeric(struct irc_login *login, const struct irc_line *line, int number)
{
    switch (number) {
    case 1:
        on_welcome(login);
        break;
    case 464:
        on_refusal(login, line, false);
        break;
    case 465:
        on_refusal(login, line, true);
        break;
    case 900:
        irc_span_copy(irc_line_param(line, 2), login->account, sizeof(login->account));
        break;
    case 903:
    case 907:
        sasl_done(login);
        return true;
    case 902:
    case 904:
    case 905:
    case 906:
        sasl_failed(login, line);
        return true;
    case 908:
        return true;
    default:
        break;
    }
    return false;
}

bool irc_login_take(struct irc_login *login, const struct irc_line *line)
{
    if (irc_span_is(line->command, "CAP")) {
        on_cap(login, line);
        return true;
    }
    if (irc_span_is(line->command, "AUTHENTICATE")) {
        on_authenticate(login, line);
        return true;
    }
    return on_numeric(login, line, numeric_of(line->command));
}
