#include "adapters/irc.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adapters/irc_inside.h"
#include "bot/base/error.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/dispatch.h"
#include "bot/host/loop.h"

enum {
    STEPS_IN_ALL = 3,
    LEASE_LOOK_MS = 250,
    PASSWORD_MAX = 400, /* with all that stands before it in its line */
};

const struct irc_times irc_times_default = {
    .connect = 30 * 1000,
    .step = 20 * 1000,
    .silence = 120 * 1000,
    .pong = 60 * 1000,
    .pace = 2000,
    .retry = 1000,
    .retry_most = 600 * 1000,
    .jitter = 3000,
    .calm = 60 * 1000,
    .rejoin = 5000,
    .regain = 60 * 1000,
    .services = 10 * 1000,
    .farewell = 3000,
};

static uint64_t min_time(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Creating */

/* PASS and IDENTIFY are lines like others (I1); SASL has as many as it takes. */
static bool fits_a_line(const struct irc *irc, const struct secret *password, const char *key,
                        struct error *err)
{
    return password->count == 0 || strlen(password->items[0]) <= PASSWORD_MAX ||
           error_set(err, ERROR_INPUT,
                     "[%s] %s is longer than %d bytes, which no line of IRC holds",
                     irc->adapter.name, key, PASSWORD_MAX);
}

static bool load_secrets(struct irc *irc, struct error *err)
{
    const struct config_irc *config = irc->config;
    const char *name = irc->adapter.name;
    return secret_load_key(&config->sasl_password, name, "sasl_password", &irc->sasl_password,
                           err) &&
           secret_load_key(&config->server_password, name, "server_password", &irc->server_password,
                           err) &&
           secret_load_key(&config->nickserv_password, name, "nickserv_password",
                           &irc->nickserv_password, err) &&
           fits_a_line(irc, &irc->server_password, "server_password", err) &&
           fits_a_line(irc, &irc->nickserv_password, "nickserv_password", err);
}

static size_t irc_count(const struct config *config)
{
    return config->irc_count;
}

static void irc_destroy(struct adapter *adapter);

static bool irc_create(const struct adapter_setup *setup, struct adapter **ret, struct error *err)
{
    const struct config_irc *config = &setup->config->irc[setup->instance];
    struct irc *irc = mem_alloc(sizeof(*irc));
    char name[120];
    snprintf(name, sizeof(name), "irc %s", config->label);
    *irc = (struct irc){
        .adapter = {.ops = &adapter_irc, .name = mem_strdup(name)},
        .config = config,
        .dispatch = setup->dispatch,
        .loop = setup->loop,
        .metrics = setup->metrics,
        .reserved_fd = -1,
        .session_fd = -1,
        .session_at = -1,
    };
    irc_set_times(&irc->adapter, &irc_times_default);
    irc->random = hash_bytes(name, strlen(name)) ^ (uint64_t)loop_wall_ms(setup->loop) << 8 ^
                  (uint64_t)getpid();
    if (!load_secrets(irc, err) ||
        !irc_channels_parse(config->channels, irc->times.rejoin, &irc->channels, err)) {
        irc_destroy(&irc->adapter);
        return false;
    }
    irc_session_reserve(irc);
    *ret = &irc->adapter;
    return true;
}

void irc_set_times(struct adapter *adapter, const struct irc_times *times)
{
    struct irc *irc = (struct irc *)adapter;
    irc->times = *times;
    irc->channels.rejoin_ms = times->rejoin;
    irc_pace_init(&irc->pace, times->pace);
}

static void irc_start(struct adapter *adapter, uint64_t now_ms)
{
    struct irc *irc = (struct irc *)adapter;
    irc->next_ms = irc->wake_ms = now_ms;
}

/* Watching */

/* No step of registration may take for ever (I6), nor all of it. */
static uint64_t watch_steps(struct irc *irc, uint64_t now_ms)
{
    enum irc_login_step step = irc_wire_relay(irc->wire)->login.step;
    if (step != irc->step) {
        irc->step = step;
        irc->step_ms = now_ms;
    }
    uint64_t all = STEPS_IN_ALL * irc->times.step;
    uint64_t until =
        step == IRC_STEP_REGISTER ? irc->step_ms + all : irc->step_ms + irc->times.step;
    if (now_ms >= until) {
        snprintf(irc->broken, sizeof(irc->broken), "Timed out, %s", irc_login_step_name(step));
    }
    return until;
}

/* I14: half-open connections are silent for ever. The first PING asks for the time there (I9). */
static uint64_t watch_silence(struct irc *irc, uint64_t now_ms)
{
    uint64_t heard = irc_wire_heard_ms(irc->wire);
    bool due = irc->pinged_ms == 0 || now_ms >= heard + irc->times.silence;
    if (irc->pinged && heard >= irc->pinged_ms) {
        irc->pinged = false;
    }
    if (irc->pinged && now_ms >= irc->pinged_ms + irc->times.pong) {
        snprintf(irc->broken, sizeof(irc->broken), "The server is silent and does not answer PING");
    } else if (!irc->pinged && due) {
        irc->pinged = irc_session_write(irc, "PING whether");
        irc->pinged_ms = now_ms;
        irc_pace_spend(&irc->pace, now_ms);
    }
    return irc->pinged ? irc->pinged_ms + irc->times.pong : heard + irc->times.silence;
}

static uint64_t wait_idle(struct irc *irc, uint64_t now_ms)
{
    if (irc->stopping) {
        return UINT64_MAX;
    }
    irc->elsewhere = !irc_attempt_allowed(irc);
    if (irc->elsewhere) {
        return now_ms + LEASE_LOOK_MS;
    }
    if (now_ms < irc->next_ms) {
        return irc->next_ms;
    }
    irc_attempt_begin(irc, now_ms);
    return irc->phase == IRC_IDLE ? irc->next_ms : UINT64_MAX;
}

static uint64_t farewell_next(const struct irc *irc, uint64_t now_ms)
{
    uint64_t half = irc->stop_ms + irc->times.farewell / 2;
    return !irc->stopping ? UINT64_MAX : now_ms < half ? half : irc->stop_ms + irc->times.farewell;
}

/* Everything that time brings; returns when it wants to be woken. */
static uint64_t tick(struct irc *irc, uint64_t now_ms)
{
    if (irc->phase == IRC_FAILED) {
        return UINT64_MAX;
    }
    if (irc->phase == IRC_IDLE) {
        return wait_idle(irc, now_ms);
    }
    if (irc_wire_state(irc->wire) != IRC_WIRE_OPEN) {
        return UINT64_MAX; /* libcurl's own time-out ends it */
    }
    uint64_t next =
        irc->phase == IRC_CONNECTING ? watch_steps(irc, now_ms) : watch_silence(irc, now_ms);
    if (irc->broken[0]) {
        return now_ms; /* look_at_wire() ends it in the next turn */
    }
    next = min_time(next, farewell_next(irc, now_ms));
    next = min_time(next, irc_welcome_tick(irc, now_ms));
    next = min_time(next, irc_presence_tick(irc, now_ms));
    irc_pace_recover(&irc->pace, now_ms);
    return min_time(next, irc_answer_tick(irc, now_ms));
}

static void irc_prepare(struct adapter *adapter, struct pollset *pollset)
{
    struct irc *irc = (struct irc *)adapter;
    pollset_wake_at(pollset, irc->wake_ms);
    if (irc->wire) {
        irc_session_prepare(irc, pollset);
        irc_wire_prepare(irc->wire, pollset);
    }
}

static void look_at_wire(struct irc *irc)
{
    enum irc_wire_state state = irc->wire ? irc_wire_state(irc->wire) : IRC_WIRE_CONNECTING;
    if (state == IRC_WIRE_CLOSED) {
        irc_attempt_end(irc, irc_wire_why(irc->wire));
    } else if (irc->broken[0]) {
        char why[sizeof(irc->broken)];
        snprintf(why, sizeof(why), "%s", irc->broken);
        irc_attempt_end(irc, why);
    } else if (state == IRC_WIRE_OPEN && !irc->session && !irc_session_begin(irc)) {
        look_at_wire(irc);
    }
}

static void irc_dispatch(struct adapter *adapter, const struct pollset *pollset, uint64_t now_ms)
{
    struct irc *irc = (struct irc *)adapter;
    if (irc->wire && !irc_attempt_allowed(irc)) {
        /* What came in meanwhile is for whoever has it now; nothing is said, not even bye. */
        irc_attempt_leave(irc, now_ms);
    }
    if (irc->wire) {
        irc_session_dispatch(irc, pollset);
        irc_wire_dispatch(irc->wire, pollset, now_ms);
        look_at_wire(irc);
    }
    irc->wake_ms = tick(irc, now_ms);
}

/* Stopping */

static bool farewell_over(struct irc *irc, uint64_t now_ms)
{
    return irc->phase == IRC_IDLE || irc->phase == IRC_FAILED ||
           now_ms >= irc->stop_ms + irc->times.farewell;
}

/* What is being sent may end first; then QUIT, and the server closes. */
static bool irc_stop(struct adapter *adapter, uint64_t now_ms)
{
    struct irc *irc = (struct irc *)adapter;
    if (!irc->stopping) {
        irc->stopping = true;
        irc->stop_ms = irc->wake_ms = now_ms;
    }
    bool half = now_ms >= irc->stop_ms + irc->times.farewell / 2;
    if (irc->nick.name[0] && !irc->quit_sent && (irc_answer_idle(irc) || half)) {
        irc->quit_sent = irc_session_write(irc, "QUIT :bye");
    }
    if (irc->wire && (farewell_over(irc, now_ms) || !irc->nick.name[0])) {
        irc_attempt_end(irc, "stopped");
    }
    return irc->wire == NULL;
}

static void irc_destroy(struct adapter *adapter)
{
    struct irc *irc = (struct irc *)adapter;
    dispatch_lease_end(irc->dispatch, adapter->name);
    irc_answer_finish(irc);
    if (irc->session) {
        irc_destroy_session(irc->session);
    }
    irc_wire_destroy(irc->wire);
    if (irc->reserved_fd >= 0) {
        close(irc->reserved_fd);
    }
    secret_finish(&irc->sasl_password);
    secret_finish(&irc->server_password);
    secret_finish(&irc->nickserv_password);
    mem_free(adapter->name);
    mem_free(irc);
}

const struct adapter_ops adapter_irc = {
    .name = "irc",
    .count = irc_count,
    .create = irc_create,
    .start = irc_start,
    .prepare = irc_prepare,
    .dispatch = irc_dispatch,
    .format = irc_answer_format,
    .address = irc_answer_address,
    .ready = irc_answer_ready,
    .send = irc_answer_send,
    .status = irc_status,
    .stop = irc_stop,
    .destroy = irc_destroy,
};
