#include <stdio.h>
#include <string.h>

#include "adapters/irc_inside.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"

static void enter(struct irc *irc, enum irc_phase phase)
{
    irc->phase = phase;
    irc->phase_ms = loop_now_ms(irc->loop);
}

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
    bool own = irc_nick_is_wanted(&irc->nick, irc_support_of(irc), irc->config->nick);
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

void irc_welcome_motd_ended(struct irc *irc)
{
    if (irc->phase != IRC_WELCOMED) {
        return;
    }
    char bot_mode = irc_support_of(irc)->bot_mode;
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

void irc_welcome_logged_in(struct irc *irc)
{
    if (irc->phase == IRC_LOGGING_IN) {
        become_ready(irc);
    }
}

void irc_welcome_greeted(struct irc *irc, const char *nick)
{
    if (irc->phase != IRC_CONNECTING || *nick == '\0') {
        return;
    }
    irc_nick_set(&irc->nick, nick);
    irc->sasl_refusals = 0;
    enter(irc, IRC_WELCOMED);
    irc_pace_start(&irc->pace, irc->phase_ms);
}

void irc_welcome_notice(struct irc *irc, const char *from, const char *text)
{
    static const char *const yes[] = {"identified", "accepted", "recognized", "logged in"};
    if (!irc_same(irc_support_of(irc)->casemap, from, "NickServ")) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (strstr(text, yes[i])) {
            irc_welcome_logged_in(irc);
        }
    }
}

uint64_t irc_welcome_tick(struct irc *irc, uint64_t now_ms)
{
    uint64_t services = irc->phase_ms + irc->times.services;
    if (irc->phase == IRC_WELCOMED && now_ms >= services) {
        irc_welcome_motd_ended(irc); /* a server without an end of its MOTD */
    } else if (irc->phase == IRC_LOGGING_IN && now_ms >= services) {
        log_warning("irc.services_silent", LOG_TEXT("network", irc->config->label));
        become_ready(irc);
    }
    bool waits = irc->phase == IRC_WELCOMED || irc->phase == IRC_LOGGING_IN;
    return waits ? services : UINT64_MAX;
}
