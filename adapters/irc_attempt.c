#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "adapters/irc_inside.h"
#include "bot/base/error.h"
#include "bot/host/config.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"
#include "bot/host/metrics.h"

enum { STABLE_MS = 60 * 1000 };

static uint64_t next_random(struct irc *irc)
{
    /* xorshift64: good enough to spread reconnects. */
    irc->random ^= irc->random << 13;
    irc->random ^= irc->random >> 7;
    irc->random ^= irc->random << 17;
    return irc->random;
}

/* Servers word it in many ways; case is the least of it. */
static bool contains(const char *text, const char *part)
{
    size_t len = strlen(part);
    for (; *text; text++) {
        if (strncasecmp(text, part, len) == 0) {
            return true;
        }
    }
    return false;
}

static const char *first_of(const struct secret *secret)
{
    return secret->count ? secret->items[0] : "";
}

bool irc_attempt_allowed(const struct irc *irc)
{
    return dispatch_lease(irc->dispatch, irc->adapter.name);
}

static bool may_write(void *context)
{
    return irc_attempt_allowed(context);
}

static bool wire_create(struct irc *irc, struct error *err)
{
    const struct config_irc *config = irc->config;
    static const enum irc_login_sasl sasls[] = {[SASL_NO] = IRC_SASL_NO,
                                                [SASL_PLAIN] = IRC_SASL_PLAIN,
                                                [SASL_EXTERNAL] = IRC_SASL_EXTERNAL};
    struct irc_wire_setup setup = {
        .loop = irc->loop,
        .server = config->server,
        .tls = config->tls,
        .ca_file = config->ca_file,
        .cert_file = config->cert_file,
        .key_file = config->key_file,
        .connect_ms = irc->times.connect,
        .may_write = may_write,
        .context = irc,
        .login = {.nick = config->nick,
                  .username = config->username,
                  .realname = config->realname,
                  .server_password = first_of(&irc->server_password),
                  .sasl = sasls[config->sasl],
                  .sasl_user = config->sasl_user,
                  .sasl_password = first_of(&irc->sasl_password)},
    };
    return irc_wire_create(&setup, &irc->wire, err);
}

void irc_attempt_begin(struct irc *irc, uint64_t now_ms)
{
    struct error err = {0};
    irc->phase = IRC_CONNECTING;
    irc->phase_ms = irc->step_ms = now_ms;
    irc->step = IRC_STEP_NONE;
    irc->broken[0] = '\0';
    irc->nick = (struct irc_nick){0};
    irc->substitutes = 0;
    irc->pinged = irc->clock_known = false;
    irc->pinged_ms = 0;
    if (irc->connections > 0) {
        metrics_count(irc->metrics, METRIC_RECONNECTS, irc->adapter.name);
    }
    if (!wire_create(irc, &err)) {
        irc_attempt_end(irc, err.text);
    }
}

/* What the end means for the next attempt. True: there is none. */
static bool is_final(struct irc *irc, enum irc_failure failure)
{
    if (failure == IRC_FAIL_SASL) {
        /* Not the first time: services that just restart refuse everybody. */
        return ++irc->sasl_refusals >= IRC_SASL_TRIES;
    }
    return failure == IRC_FAIL_PASSWORD || failure == IRC_FAIL_BANNED;
}

static uint64_t wait_after(struct irc *irc, const char *why, bool was_stable)
{
    irc->failures = was_stable ? 1 : irc->failures + 1;
    uint64_t wait = irc_backoff_ms(irc->failures, irc->times.retry, irc->times.retry_most,
                                   irc->times.jitter, next_random(irc));
    if (contains(why, "flood")) {
        irc_pace_slower(&irc->pace);
    } else if (!contains(why, "throttl") && !contains(why, "too fast") &&
               !contains(why, "too many")) {
        return wait;
    }
    return wait > irc->times.calm ? wait : irc->times.calm;
}

static void log_end(const struct irc *irc, uint64_t wait_ms, bool final)
{
    if (final) {
        log_error("irc.failed", LOG_TEXT("network", irc->config->label),
                  LOG_TEXT("why", irc->trouble));
    } else {
        log_warning("irc.disconnected", LOG_TEXT("network", irc->config->label),
                    LOG_TEXT("why", irc->trouble), LOG_NUMBER("retry_ms", wait_ms));
    }
}

void irc_attempt_end(struct irc *irc, const char *why)
{
    uint64_t now = loop_now_ms(irc->loop);
    bool was_stable = irc->phase == IRC_READY && now - irc->phase_ms >= STABLE_MS;
    enum irc_failure failure = irc->wire ? irc_wire_relay(irc->wire)->login.failure : IRC_FAIL_NONE;
    snprintf(irc->trouble, sizeof(irc->trouble), "%s", why);
    irc_answer_offline(irc);
    irc_session_end(irc);
    irc_wire_destroy(irc->wire);
    irc->wire = NULL;
    irc_channels_offline(&irc->channels);
    irc->nick.name[0] = '\0';
    bool final = is_final(irc, failure);
    uint64_t wait = wait_after(irc, irc->trouble, was_stable);
    irc->phase = final ? IRC_FAILED : IRC_IDLE;
    irc->next_ms = now + wait;
    if (!irc->stopping) {
        log_end(irc, wait, final);
    }
}

void irc_attempt_leave(struct irc *irc, uint64_t now_ms)
{
    irc_wire_abort(irc->wire);
    irc_attempt_end(irc, "another replica has this network now, or the store is away");
    irc->next_ms = now_ms;
    irc->failures = 0;
}
