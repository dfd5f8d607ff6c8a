#include <stdio.h>
#include <string.h>

#include "adapters/http_server.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/daemon/daemon_inside.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"
#include "bot/host/store_configured.h"
#include "knowledge/pack.h"

/* What the adapter of an instance calls itself (adapter.h). */
static void name_of(const struct config *config, const char *kind, size_t instance, char *ret,
                    size_t cap)
{
    const char *label = config_label(config, kind, instance);
    snprintf(ret, cap, "%s%s%s", kind, label[0] == '\0' ? "" : " ", label);
}

/* The instance that goes by an adapter's name; -1 when the configuration has none any more. */
static int find_instance(const struct config *config, const struct adapter *adapter)
{
    char name[80];
    size_t count = adapter->ops->count(config);
    for (size_t i = 0; i < count; i++) {
        name_of(config, adapter->ops->name, i, name, sizeof(name));
        if (strcmp(name, adapter->name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool is_running(const struct daemon *daemon, const char *name)
{
    for (size_t i = 0; i < daemon->count; i++) {
        if (strcmp(daemon->adapters[i]->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Whoever reloads has mended something, perhaps at the other side: what gave up tries again. */
static bool has_given_up(const struct adapter *adapter)
{
    struct adapter_status status = {0};
    adapter->ops->status(adapter, &status);
    return status.health == ADAPTER_FAILED;
}

static bool may_stay(const struct daemon *daemon, const struct running *running)
{
    const struct config *config = &daemon->newest->config;
    int instance = find_instance(config, running->adapter);
    return instance >= 0 && !has_given_up(running->adapter) &&
           running->fingerprint ==
               config_fingerprint(config, running->adapter->ops->name, (size_t)instance);
}

static size_t remove_changed(struct daemon *daemon, bool all)
{
    size_t removed = 0;
    for (size_t i = daemon->count; i-- > 0;) {
        struct running *running = &daemon->running[i];
        if (all || !may_stay(daemon, running)) {
            log_info("reload.adapter_stopped", LOG_TEXT("adapter", running->adapter->name));
            if (running->adapter->ops->stop != NULL) {
                running->adapter->ops->stop(running->adapter, loop_now_ms(daemon->loop));
            }
            daemon_remove(daemon, i);
            removed++;
        }
    }
    return removed;
}

static size_t add_missing(struct daemon *daemon)
{
    const struct config *config = &daemon->newest->config;
    size_t added = 0;
    for (size_t k = 0; adapter_table[k] != NULL; k++) {
        size_t count = adapter_table[k]->count(config);
        for (size_t i = 0; i < count; i++) {
            char name[80];
            struct error err = {0};
            name_of(config, adapter_table[k]->name, i, name, sizeof(name));
            if (is_running(daemon, name)) {
                continue;
            }
            if (!daemon_add(daemon, adapter_table[k], i, &err)) {
                log_error("reload.adapter_failed", LOG_TEXT("adapter", name),
                          LOG_TEXT("cause", err.text));
                continue;
            }
            daemon_start(daemon, &daemon->running[daemon->count - 1]);
            added++;
        }
    }
    return added;
}

/* confined: it may be that alone which keeps a file from being read. */
static void refuse(const struct fault_list *faults, bool confined)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->items[i];
        log_error("reload.fault", LOG_TEXT("file", fault->file), LOG_NUMBER("line", fault->line),
                  LOG_TEXT("cause", fault->text));
    }
    log_error("reload.refused", LOG_NUMBER("faults", faults->count + faults->dropped),
              LOG_TEXT("consequence", confined ? "what was loaded before goes on; folders that the "
                                                 "configuration did not name at the start, or that "
                                                 "were put in the place of those, need a restart"
                                               : "what was loaded before goes on"));
}

/* Everything new is there before anything old goes. */
static bool prepare(struct daemon *daemon, struct program *program, struct generation **ret,
                    bool *ret_moved, struct http_server **ret_server, struct fault_list *faults)
{
    struct error err = {0};
    struct generation *before = daemon->newest, *next;
    if (!daemon_load(&daemon->options, program, &next, faults)) {
        return false;
    }
    *ret_server = NULL;
    *ret_moved = strcmp(next->config.http_listen, before->config.http_listen) != 0;
    daemon->newest = next;
    bool fine = *ret_moved ? daemon_open_server(daemon, ret_server, &err)
                           : daemon_set_rate(daemon, daemon->server, &err);
    daemon->newest = before;
    if (!fine) {
        fault_add(faults, "[http]", 0, "%s", err.text);
        daemon_drop_generation(next, program);
        program_close(program);
        return false;
    }
    *ret = next;
    return true;
}

static void warn_of_what_stays(const struct config *before, const struct config *now)
{
    if (before->confine != now->confine) {
        log_warning("reload.confinement_stays",
                    LOG_TEXT("consequence", "[bot] confine changes with the next start only"));
    }
    if (!store_configured_same(before, now)) {
        log_warning("reload.store_stays", LOG_TEXT("path", store_configured_name(before)),
                    LOG_TEXT("consequence", "[store] changes with the next start only"));
    }
}

/* The newest generation stands; adapters and the listener follow. */
static void follow(struct daemon *daemon, bool moved, struct http_server *server)
{
    size_t stopped = remove_changed(daemon, moved);
    if (moved) {
        http_server_destroy(daemon->server);
        daemon_use_server(daemon, server);
        daemon_tell_server(daemon);
    }
    daemon_look_at_records(daemon);
    size_t kept = daemon->count, started = add_missing(daemon);
    log_info("reload.done", LOG_NUMBER("packs", daemon->program.knowledge->count),
             LOG_NUMBER("models", daemon_models(daemon)), LOG_NUMBER("adapters_kept", kept),
             LOG_NUMBER("adapters_stopped", stopped), LOG_NUMBER("adapters_started", started));
}

static void swap(struct daemon *daemon, const struct program *program,
                 struct generation *generation)
{
    const struct config *config = &generation->config;
    daemon->program = *program;
    daemon->newest = generation;
    log_set_up((enum log_level)config->log_level, (enum log_format)config->log_format,
               config->log_messages);
    dispatch_reload(daemon->dispatch);
}

void daemon_reload(struct daemon *daemon)
{
    struct fault_list faults = {0};
    struct program program, old = daemon->program;
    struct generation *next, *before = daemon->newest;
    struct http_server *server;
    bool moved;
    if (!prepare(daemon, &program, &next, &moved, &server, &faults)) {
        refuse(&faults, daemon->files_confined.text[0] != '\0');
        fault_finish(&faults);
        return;
    }
    before->users++; /* it is needed until the end of this */
    warn_of_what_stays(&before->config, &next->config);
    swap(daemon, &program, next);
    follow(daemon, moved, server);
    before->users--;
    daemon_drop_generation(before, &old);
    program_close(&old);
    mem_return_free();
    fault_finish(&faults);
}
