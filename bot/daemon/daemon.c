#include "bot/daemon/daemon.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "adapters/http_server.h"
#include "bot/base/error.h"
#include "bot/daemon/daemon_inside.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"
#include "bot/host/report.h"
#include "bot/host/store_configured.h"
#include "knowledge/pack.h"

enum { EXPIRE_MS = 60 * 1000, STOP_POLL_MS = 50 };

/* ---- signals ---- */

static void begin_stop(struct daemon *daemon)
{
    daemon->hurried = daemon->stopping;
    daemon->stopping = daemon->view.stopping = true;
    if (!daemon->hurried) {
        uint64_t now_ms = loop_now_ms(daemon->loop);
        daemon->drained_at_ms = now_ms + DAEMON_DRAIN_MS;
        daemon->stop_at_ms = now_ms + DAEMON_STOP_MS;
        log_info("daemon.stopping", LOG_NUMBER("waiting", dispatch_waiting(daemon->dispatch)));
    }
}

static void take_signals(struct daemon *daemon)
{
    struct signalfd_siginfo info;
    while (read(daemon->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGHUP) {
            /* Who is leaving does not connect anew; a try has nothing to go on with. */
            daemon->reloading = !daemon->stopping && !daemon->trying;
        } else {
            begin_stop(daemon);
            daemon->reloading = false;
        }
    }
}

/* ---- a turn ---- */

/* dispatch speaks of the wall clock, the loop of its own. */
static uint64_t wake_for_send(const struct daemon *daemon)
{
    int64_t wall_ms = loop_wall_ms(daemon->loop), wait_ms = daemon->next_send_ms - wall_ms;
    if (daemon->next_send_ms == INT64_MAX) {
        return UINT64_MAX;
    }
    return loop_now_ms(daemon->loop) + (wait_ms > 0 ? (uint64_t)wait_ms : 0);
}

static void gather(struct daemon *daemon, struct pollset *pollset)
{
    for (size_t i = 0; i < daemon->polled_count; i++) {
        struct adapter *adapter = daemon->polled[i];
        if (adapter->ops->prepare != NULL) {
            adapter->ops->prepare(adapter, pollset);
        }
    }
    if (daemon->server != NULL) {
        http_server_prepare(daemon->server, pollset, loop_now_ms(daemon->loop));
    }
    pollset_wake_at(pollset, wake_for_send(daemon));
    pollset_wake_at(pollset, daemon->next_expire_ms);
    if (daemon->stopping) {
        pollset_wake_at(pollset, loop_now_ms(daemon->loop) + STOP_POLL_MS);
    }
}

static void hear(struct daemon *daemon, const struct pollset *pollset)
{
    uint64_t now_ms = loop_now_ms(daemon->loop);
    for (size_t i = 0; i < daemon->polled_count; i++) {
        struct adapter *adapter = daemon->polled[i];
        if (adapter->ops->dispatch != NULL) {
            adapter->ops->dispatch(adapter, pollset, now_ms);
        }
    }
    if (daemon->server != NULL) {
        http_server_dispatch(daemon->server, pollset, now_ms);
    }
    if (now_ms >= daemon->next_expire_ms) {
        daemon->next_expire_ms = now_ms + EXPIRE_MS;
        dispatch_expire(daemon->dispatch, loop_wall_ms(daemon->loop));
    }
}

bool daemon_turn(struct daemon *daemon)
{
    struct error err = {0};
    struct pollset *pollset = loop_begin(daemon->loop);
    size_t signals = pollset_add(pollset, daemon->signals, CURL_WAIT_POLLIN);
    gather(daemon, pollset);
    if (!loop_wait(daemon->loop, &err)) {
        log_error("daemon.failed", LOG_TEXT("cause", err.text));
        return false;
    }
    if (pollset_ready(pollset, signals) != 0) {
        take_signals(daemon);
    }
    hear(daemon, pollset);
    daemon_tell_refused();
    dispatch_commit(daemon->dispatch, loop_wall_ms(daemon->loop));
    if (daemon->server != NULL) {
        http_server_flush(daemon->server);
    }
    daemon->next_send_ms = dispatch_send(daemon->dispatch, loop_wall_ms(daemon->loop));
    if (daemon->reloading) {
        daemon->reloading = false;
        daemon_reload(daemon);
    }
    return true;
}

/* ---- running ---- */

/* Nothing is under way, and nothing could leave now. */
static bool drained(const struct daemon *daemon)
{
    return dispatch_under_way(daemon->dispatch) == 0 &&
           daemon->next_send_ms > loop_wall_ms(daemon->loop);
}

/*
 * First what is on its way arrives, while no new requests are taken; then adapters say good-bye.
 * True when there is nothing left to wait for.
 */
static bool stopped(struct daemon *daemon)
{
    uint64_t now_ms = loop_now_ms(daemon->loop);
    bool quiet = daemon->server == NULL || http_server_stop(daemon->server);
    if (daemon->hurried || now_ms >= daemon->stop_at_ms) {
        return true;
    }
    if (now_ms < daemon->drained_at_ms && !(quiet && drained(daemon))) {
        return false;
    }
    daemon->drained_at_ms = now_ms;
    for (size_t i = 0; i < daemon->count; i++) {
        struct running *running = &daemon->running[i];
        const struct adapter_ops *ops = running->adapter->ops;
        running->stopped =
            running->stopped || ops->stop == NULL || ops->stop(running->adapter, now_ms);
        quiet = quiet && running->stopped;
    }
    return quiet;
}

static void start_all(struct daemon *daemon)
{
    char libraries[DAEMON_LIBRARIES_MAX];
    bool fine;
    log_info("daemon.libraries", LOG_TEXT("found", daemon_libraries(libraries, &fine)));
    daemon_tell_confinement(daemon);
    daemon_tell_server(daemon);
    daemon_look_at_records(daemon);
    for (size_t i = 0; i < daemon->count; i++) {
        daemon_start(daemon, &daemon->running[i]);
    }
    log_info("daemon.started", LOG_TEXT("version", WHETHER_VERSION),
             LOG_NUMBER("packs", daemon->program.knowledge->count),
             LOG_NUMBER("models", daemon_models(daemon)), LOG_NUMBER("adapters", daemon->count),
             LOG_NUMBER("waiting", dispatch_waiting(daemon->dispatch)));
}

static void greet(const struct daemon *daemon)
{
    if (daemon->options.config_path == NULL) {
        unsigned port = http_server_port(daemon->server);
        const struct config *config = &daemon->newest->config;
        report("there is no configuration (-c FILE), so only this machine can ask:");
        if (config->has_page) {
            report("  http://127.0.0.1:%u/ in a browser", port);
        }
        if (config->has_api) {
            report("  curl -H 'Content-Type: application/json' "
                   "-d '{\"text\": \"Node or Django for a chat?\"}' http://127.0.0.1:%u/api/ask",
                   port);
        }
        report("what it keeps is in %s; for IRC and Slack: whether check --example > whether.ini, "
               "edit that, then whether run -c whether.ini",
               store_configured_name(config));
    }
}

int daemon_run(struct daemon *daemon)
{
    greet(daemon);
    start_all(daemon);
    bool fine = true;
    while (fine && !(daemon->stopping && stopped(daemon))) {
        fine = daemon_turn(daemon);
    }
    log_info("daemon.stopped", LOG_NUMBER("waiting", dispatch_waiting(daemon->dispatch)),
             LOG_NUMBER("under_way", dispatch_under_way(daemon->dispatch)));
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
