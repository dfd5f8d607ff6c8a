#include <stdio.h>
#include <string.h>

#include "adapters/http_server.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/base/names.h"
#include "bot/daemon/daemon_inside.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"
#include "bot/host/store_configured.h"
#include "knowledge/pack.h"

/* An instance of the newest configuration, by what its adapter calls itself (adapter.h). */
struct wanted {
    size_t kind, instance;
    bool runs;
    char name[CONFIG_LABEL_MAX + 40];
};

struct wanted_list {
    struct wanted *items; /* owned */
    size_t count;
    struct names by_name;
};

static size_t count_wanted(const struct config *config)
{
    size_t count = 0;
    for (size_t k = 0; adapter_table[k] != NULL; k++) {
        count += adapter_table[k]->count(config);
    }
    return count;
}

static void want(struct wanted_list *list, const struct config *config, size_t kind,
                 size_t instance)
{
    struct wanted *wanted = &list->items[list->count++];
    const char *name = adapter_table[kind]->name;
    const char *label = config_label(config, name, instance);
    *wanted = (struct wanted){.kind = kind, .instance = instance};
    snprintf(wanted->name, sizeof(wanted->name), "%s%s%s", name, label[0] == '\0' ? "" : " ",
             label);
    names_put(&list->by_name, wanted->name, wanted);
}

static void list_wanted(const struct config *config, struct wanted_list *ret)
{
    *ret = (struct wanted_list){.items =
                                    mem_alloc((count_wanted(config) + 1) * sizeof(struct wanted))};
    for (size_t k = 0; adapter_table[k] != NULL; k++) {
        size_t count = adapter_table[k]->count(config);
        for (size_t i = 0; i < count; i++) {
            want(ret, config, k, i);
        }
    }
}

static void wanted_finish(struct wanted_list *list)
{
    names_finish(&list->by_name);
    mem_free(list->items);
}

/* Whoever reloads has mended something, perhaps at the other side: what gave up tries again. */
static bool has_given_up(const struct adapter *adapter)
{
    struct adapter_status status = {0};
    adapter->ops->status(adapter, &status);
    return status.health == ADAPTER_FAILED;
}

static bool may_stay(const struct daemon *daemon, const struct running *running,
                     const struct wanted *wanted)
{
    return wanted != NULL && !has_given_up(running->adapter) &&
           running->fingerprint == config_fingerprint(&daemon->newest->config,
                                                      running->adapter->ops->name,
                                                      wanted->instance);
}

static size_t remove_changed(struct daemon *daemon, const struct wanted_list *list, bool all)
{
    size_t removed = 0;
    for (size_t i = daemon->count; i-- > 0;) {
        struct running *running = &daemon->running[i];
        struct wanted *wanted = names_get(&list->by_name, running->adapter->name);
        if (!all && may_stay(daemon, running, wanted)) {
            wanted->runs = true;
            daemon_keep(daemon, i, wanted->instance);
            continue;
        }
        log_info("reload.adapter_stopped", LOG_TEXT("adapter", running->adapter->name));
        if (running->adapter->ops->stop != NULL) {
            running->adapter->ops->stop(running->adapter, loop_now_ms(daemon->loop));
        }
        daemon_remove(daemon, i);
        removed++;
    }
    return removed;
}

static size_t add_missing(struct daemon *daemon, const struct wanted_list *list)
{
    size_t added = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct wanted *wanted = &list->items[i];
        struct error err = {0};
        if (wanted->runs) {
            continue;
        }
        if (!daemon_add(daemon, wanted->kind, wanted->instance, &err)) {
            log_error("reload.adapter_failed", LOG_TEXT("adapter", wanted->name),
                      LOG_TEXT("cause", err.text));
            continue;
        }
        daemon_start(daemon, &daemon->running[daemon->count - 1]);
        added++;
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
    struct wanted_list list;
    list_wanted(&daemon->newest->config, &list);
    size_t stopped = remove_changed(daemon, &list, moved);
    if (moved) {
        http_server_destroy(daemon->server);
        daemon_use_server(daemon, server);
        daemon_tell_server(daemon);
    }
    daemon_look_at_records(daemon);
    size_t kept = daemon->count, started = add_missing(daemon, &list);
    wanted_finish(&list);
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
