#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/http_server.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/daemon/daemon.h"
#include "bot/daemon/daemon_inside.h"
#include "bot/host/loop.h"
#include "bot/host/records.h"
#include "bot/host/report.h"
#include "bot/host/store.h"
#include "bot/host/store_configured.h"
#include "knowledge/pack.h"

enum { LOOK_MS = 50 };

/* What is known of one adapter so far. */
struct trial {
    char text[sizeof(((struct adapter_status *)0)->text)];
    enum { TRIAL_OPEN, TRIAL_FINE, TRIAL_FAILED } verdict;
};

static void tell(const char *mark, const char *name, const char *text)
{
    printf("%-5s %s: %s\n", mark, name, text);
    report_output();
}

/* Each change of what the adapter says of itself is a step. */
static void look(const struct adapter *adapter, struct trial *trial)
{
    struct adapter_status status = {0};
    adapter->ops->status(adapter, &status);
    bool ready = status.health == ADAPTER_READY;
    bool failed = status.health == ADAPTER_FAILED || status.health == ADAPTER_TROUBLED;
    if (ready || failed) {
        trial->verdict = ready ? TRIAL_FINE : TRIAL_FAILED;
        tell(ready ? "ok" : "FAIL", adapter->name, status.text);
    } else if (strcmp(status.text, trial->text) != 0) {
        memcpy(trial->text, status.text, sizeof(trial->text));
        tell("...", adapter->name, status.text);
    }
}

static bool look_at_all(const struct daemon *daemon, struct trial *trials)
{
    bool open = false;
    for (size_t i = 0; i < daemon->count; i++) {
        if (trials[i].verdict == TRIAL_OPEN) {
            look(daemon->adapters[i], &trials[i]);
            open = open || trials[i].verdict == TRIAL_OPEN;
        }
    }
    return open;
}

/* False: at least one does not work. */
static bool try_adapters(struct daemon *daemon)
{
    struct trial *trials = mem_alloc((daemon->count + 1) * sizeof(*trials));
    uint64_t end_ms = loop_now_ms(daemon->loop) + DAEMON_TRY_MS;
    bool fine = true, open;
    for (size_t i = 0; i < daemon->count; i++) {
        daemon_start(daemon, &daemon->running[i]);
    }
    while ((open = look_at_all(daemon, trials)) && loop_now_ms(daemon->loop) < end_ms &&
           !daemon->stopping) {
        daemon->next_expire_ms = loop_now_ms(daemon->loop) + LOOK_MS;
        if (!daemon_turn(daemon)) {
            break;
        }
    }
    for (size_t i = 0; i < daemon->count; i++) {
        if (trials[i].verdict == TRIAL_OPEN) {
            tell("FAIL", daemon->adapters[i]->name, "not ready in time");
        }
        fine = fine && trials[i].verdict == TRIAL_FINE;
    }
    mem_free(trials);
    return fine && !open;
}

static bool try_store(const struct config *config)
{
    struct store *store = NULL;
    struct error err = {0};
    bool fine = store_open_configured(config, &store, &err);
    store_close(store);
    tell(fine ? "ok" : "FAIL", "store", fine ? store_configured_name(config) : err.text);
    return fine;
}

static bool try_records(const char *folder)
{
    struct error err = {0};
    bool fine = records_check(folder, &err);
    if (folder[0] != '\0') {
        tell(fine ? "ok" : "FAIL", "records", fine ? folder : err.text);
    }
    return fine;
}

static void tell_parts(const struct daemon *daemon)
{
    char text[200], confinement[DAEMON_CONFINEMENT_MAX];
    char libraries[DAEMON_LIBRARIES_MAX];
    bool whole;
    const struct config *config = &daemon->newest->config;
    tell("ok", "configuration",
         daemon->options.config_path == NULL ? "none (no -c FILE)" : daemon->options.config_path);
    snprintf(text, sizeof(text), "%zu", daemon->program.knowledge->count);
    tell("ok", "packs", text);
    daemon_libraries(libraries, &whole);
    tell(whole ? "ok" : "...", "libraries", libraries);
    daemon_confinement(daemon, confinement, &whole);
    tell(whole ? "ok" : "...", "confinement", confinement);
    if (daemon->listen_failed.text[0] != '\0') {
        tell("FAIL", "http", daemon->listen_failed.text);
    } else if (daemon->server != NULL) {
        snprintf(text, sizeof(text), "listening on %s, port %u", config->http_listen,
                 http_server_port(daemon->server));
        tell("ok", "http", text);
    }
}

/* Good-byes: IRC networks like a QUIT. Half a second is enough for that. */
static void leave(struct daemon *daemon)
{
    uint64_t end_ms = loop_now_ms(daemon->loop) + 10 * LOOK_MS;
    bool done = false;
    while (!done && loop_now_ms(daemon->loop) < end_ms) {
        done = true;
        for (size_t i = 0; i < daemon->count; i++) {
            struct adapter *adapter = daemon->adapters[i];
            done = (adapter->ops->stop == NULL ||
                    adapter->ops->stop(adapter, loop_now_ms(daemon->loop))) &&
                   done;
        }
        daemon->next_expire_ms = loop_now_ms(daemon->loop) + LOOK_MS;
        done = done || !daemon_turn(daemon);
    }
}

int daemon_try(const struct program_options *options)
{
    struct daemon *daemon;
    if (!daemon_set_up(options, true, &daemon)) {
        return EXIT_FAILURE;
    }
    tell_parts(daemon);
    bool fine = try_store(&daemon->newest->config) && daemon->listen_failed.text[0] == '\0';
    fine = try_records(daemon->newest->config.records) && fine;
    fine = try_adapters(daemon) && fine;
    leave(daemon);
    daemon_destroy(daemon);
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
