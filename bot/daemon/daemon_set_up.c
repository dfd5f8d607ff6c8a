#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "adapters/http_client.h"
#include "adapters/http_server.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/daemon/daemon.h"
#include "bot/daemon/daemon_inside.h"
#include "bot/host/confine.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"
#include "bot/host/metrics.h"
#include "bot/host/outbox.h"
#include "bot/host/report.h"
#include "bot/host/store.h"
#include "bot/host/store_configured.h"

/* The daemon up to its first turn, and its end. */

/* ---- the listener ---- */

bool daemon_set_rate(const struct daemon *daemon, struct http_server *server, struct error *err)
{
    const struct config *config = &daemon->newest->config;
    return server == NULL || http_server_set_rate(server, (unsigned)config->http_per_address,
                                                  config->http_proxies, err);
}

bool daemon_open_server(struct daemon *daemon, struct http_server **ret, struct error *err)
{
    const char *listen = daemon->newest->config.http_listen;
    *ret = NULL;
    if (listen[0] == '\0') {
        return true;
    }
    if (!http_server_create(listen, daemon->metrics, ret, err)) {
        return false;
    }
    if (!daemon_set_rate(daemon, *ret, err)) {
        http_server_destroy(*ret);
        *ret = NULL;
        return false;
    }
    return true;
}

void daemon_use_server(struct daemon *daemon, struct http_server *server)
{
    daemon->server = server;
    if (server != NULL) {
        health_route(server, &daemon->view);
    }
}

void daemon_tell_server(const struct daemon *daemon)
{
    if (daemon->server != NULL) {
        log_info("http.listening", LOG_TEXT("address", daemon->newest->config.http_listen),
                 LOG_NUMBER("port", http_server_port(daemon->server)));
    }
}

/* ---- adapters ---- */

static void add_all(struct daemon *daemon, struct fault_list *faults)
{
    const struct config *config = &daemon->newest->config;
    for (size_t k = 0; adapter_table[k] != NULL; k++) {
        size_t count = adapter_table[k]->count(config);
        for (size_t i = 0; i < count; i++) {
            struct error err = {0};
            if (!daemon_add(daemon, k, i, &err)) {
                fault_add(faults, "configuration", 0, "%s", err.text);
            }
        }
    }
}

/* ---- setting up ---- */

static bool block_signals(int *ret_fd, struct error *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return error_errno(err, errno, "signals cannot be blocked");
    }
    *ret_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return *ret_fd >= 0 || error_errno(err, errno, "signals cannot be read");
}

static bool open_store(struct daemon *daemon, struct error *err)
{
    return store_open_configured(&daemon->newest->config, &daemon->store, err) &&
           store_outbox_recover(daemon->store, loop_wall_ms(daemon->loop) + OUTBOX_UNSURE_MS, err);
}

/*
 * While the daemon proper has the port, a try must still be able to tell what works beside it: on
 * any other.
 */
static bool listen_elsewhere(struct daemon *daemon, struct error *err)
{
    struct http_server *server;
    struct error ignored = {0};
    if (!daemon->trying || !http_server_create("127.0.0.1:0", daemon->metrics, &server, &ignored)) {
        return false;
    }
    daemon->listen_failed = *err;
    *err = (struct error){0};
    daemon_use_server(daemon, server);
    return true;
}

/*
 * Requests on their way carry answers that are in our charge. Where others share the store, and we
 * slept for too long, another may have taken them over: no byte more of them leaves.
 */
static void look_at_the_clock(void *context)
{
    const struct daemon *daemon = context;
    if (http_client_busy(daemon->client) > 0 && !dispatch_may_act(daemon->dispatch)) {
        log_warning("daemon.slept", LOG_NUMBER("requests", http_client_busy(daemon->client)));
        http_client_abort(daemon->client, "this process slept, or the store is away, for too long");
    }
}

/* The parts that need no adapter, in the order in which each needs those before it. */
static void set_up_parts(struct daemon *daemon, struct fault_list *faults)
{
    struct error err = {0};
    struct http_server *server = NULL;
    daemon->loop = loop_create(&err);
    if (daemon->loop == NULL || !block_signals(&daemon->signals, &err)) {
        fault_add(faults, "whether", 0, "%s", err.text);
        return;
    }
    if (!daemon->trying && !open_store(daemon, &err)) {
        fault_add(faults, "[store]", 0, "%s", err.text);
        err = (struct error){0};
    }
    const struct dispatch_setup setup = {
        .program = &daemon->program, .store = daemon->store, .metrics = daemon->metrics};
    daemon->dispatch = dispatch_create(&setup);
    daemon->client = http_client_create(daemon->loop);
    loop_on_wake(daemon->loop, look_at_the_clock, daemon);
    daemon->view.dispatch = daemon->dispatch;
    daemon->view.started_s = loop_wall_ms(daemon->loop) / 1000;
    bool listens = daemon_open_server(daemon, &server, &err) || listen_elsewhere(daemon, &err);
    if (!listens) {
        fault_add(faults, "[http] listen", 0, "%s", err.text);
        return;
    }
    if (daemon->server == NULL) {
        daemon_use_server(daemon, server);
    }
    add_all(daemon, faults);
}

bool daemon_set_up(const struct program_options *options, bool trying, struct daemon **ret)
{
    mem_return_large();
    struct daemon *daemon = mem_alloc(sizeof(*daemon));
    struct fault_list faults = {0};
    struct error err = {0};
    daemon->options = *options;
    daemon->options.files = true;
    daemon->trying = trying;
    daemon->signals = -1;
    daemon->metrics = metrics_create();
    daemon_adapters_init(daemon);
    daemon->view.metrics = daemon->metrics;
    if (!confine_process(&err)) {
        fault_add(&faults, "whether", 0, "%s", err.text);
    } else if (daemon_load(&daemon->options, &daemon->program, &daemon->newest, &faults)) {
        const struct config *config = &daemon->newest->config;
        log_set_up(trying ? LOG_LEVEL_WARNING : (enum log_level)config->log_level,
                   (enum log_format)config->log_format, config->log_messages);
        daemon_check_libraries(&faults);
        if (faults.count > 0) {
            /* told below */
        } else if (daemon_confine_files(daemon, &err)) {
            set_up_parts(daemon, &faults);
        } else {
            fault_add(&faults, "[bot] confine", 0, "%s", err.text);
        }
    }
    if (faults.count == 0 && !daemon_confine_calls(daemon, &err)) {
        fault_add(&faults, "[bot] confine", 0, "%s", err.text);
    }
    bool fine = faults.count == 0;
    report_faults(&faults, "whether: ");
    fault_finish(&faults);
    if (!fine) {
        daemon_destroy(daemon);
        return false;
    }
    mem_return_free();
    mem_return_code();
    *ret = daemon;
    return true;
}

bool daemon_create(const struct program_options *options, struct daemon **ret)
{
    return daemon_set_up(options, false, ret);
}

void daemon_destroy(struct daemon *daemon)
{
    if (daemon == NULL) {
        return;
    }
    daemon_adapters_finish(daemon);
    http_server_destroy(daemon->server);
    http_client_destroy(daemon->client);
    dispatch_destroy(daemon->dispatch);
    metrics_destroy(daemon->metrics);
    store_close(daemon->store);
    loop_destroy(daemon->loop);
    if (daemon->signals >= 0) {
        close(daemon->signals);
    }
    daemon_drop_generation(daemon->newest, &daemon->program);
    program_close(&daemon->program);
    mem_free(daemon);
}
