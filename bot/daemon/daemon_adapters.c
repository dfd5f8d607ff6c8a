#include <string.h>

#include "bot/base/mem.h"
#include "bot/daemon/daemon_inside.h"
#include "bot/host/dispatch.h"
#include "bot/host/loop.h"

void daemon_adapters_init(struct daemon *daemon)
{
    size_t kinds = 0;
    while (adapter_table[kinds] != NULL) {
        kinds++;
    }
    daemon->common = mem_alloc((kinds + 1) * sizeof(*daemon->common));
}

void daemon_adapters_finish(struct daemon *daemon)
{
    while (daemon->count > 0) {
        daemon_remove(daemon, daemon->count - 1);
    }
    mem_free(daemon->running);
    mem_free(daemon->adapters);
    mem_free(daemon->polled);
    mem_free(daemon->common);
}

static void make_room(struct daemon *daemon)
{
    if (daemon->count == daemon->cap) {
        daemon->cap = daemon->cap == 0 ? 8 : 2 * daemon->cap;
        daemon->running = mem_grow(daemon->running, daemon->cap, sizeof(*daemon->running));
        daemon->adapters = mem_grow(daemon->adapters, daemon->cap, sizeof(struct adapter *));
        daemon->polled = mem_grow(daemon->polled, daemon->cap, sizeof(struct adapter *));
        daemon->view.adapters = daemon->adapters;
    }
}

static bool is_polled(const struct adapter *adapter)
{
    return adapter->ops->prepare != NULL || adapter->ops->dispatch != NULL;
}

bool daemon_add(struct daemon *daemon, size_t kind, size_t instance, struct error *err)
{
    const struct adapter_ops *ops = adapter_table[kind];
    const struct adapter_setup setup = {.config = &daemon->newest->config,
                                        .instance = instance,
                                        .dispatch = daemon->dispatch,
                                        .loop = daemon->loop,
                                        .server = daemon->server,
                                        .client = daemon->client,
                                        .metrics = daemon->metrics,
                                        .common = &daemon->common[kind]};
    struct adapter *adapter;
    if (!ops->create(&setup, &adapter, err)) {
        return false;
    }
    make_room(daemon);
    daemon->running[daemon->count] = (struct running){
        .adapter = adapter,
        .generation = daemon->newest,
        .fingerprint = config_fingerprint(&daemon->newest->config, ops->name, instance)};
    daemon->adapters[daemon->count++] = adapter;
    daemon->view.count = daemon->count;
    if (is_polled(adapter)) {
        daemon->polled[daemon->polled_count++] = adapter;
    }
    daemon->newest->users++;
    dispatch_attach(daemon->dispatch, adapter);
    return true;
}

void daemon_start(struct daemon *daemon, struct running *running)
{
    if (running->adapter->ops->start != NULL) {
        running->adapter->ops->start(running->adapter, loop_now_ms(daemon->loop));
    }
}

static void release(struct daemon *daemon, struct generation *generation)
{
    generation->users--;
    if (generation != daemon->newest) {
        daemon_drop_generation(generation, NULL);
    }
}

void daemon_keep(struct daemon *daemon, size_t index, size_t instance)
{
    struct running *running = &daemon->running[index];
    const struct adapter_ops *ops = running->adapter->ops;
    if (ops->follow != NULL && running->generation != daemon->newest) {
        ops->follow(running->adapter, &daemon->newest->config, instance);
        daemon->newest->users++;
        release(daemon, running->generation);
        running->generation = daemon->newest;
    }
}

/* Keeps the order: what a configuration names first is told of first. */
static void take_out(struct adapter **list, size_t *count, const struct adapter *adapter)
{
    size_t i = 0;
    while (i < *count && list[i] != adapter) {
        i++;
    }
    if (i < *count) {
        memmove(&list[i], &list[i + 1], (--*count - i) * sizeof(struct adapter *));
    }
}

void daemon_remove(struct daemon *daemon, size_t index)
{
    struct running *running = &daemon->running[index];
    struct adapter *adapter = running->adapter;
    struct generation *generation = running->generation;
    size_t after = daemon->count - 1 - index;
    dispatch_detach(daemon->dispatch, adapter, loop_wall_ms(daemon->loop));
    take_out(daemon->polled, &daemon->polled_count, adapter);
    memmove(&daemon->adapters[index], &daemon->adapters[index + 1],
            after * sizeof(struct adapter *));
    memmove(running, running + 1, after * sizeof(*running));
    daemon->view.count = --daemon->count;
    adapter->ops->destroy(adapter);
    release(daemon, generation);
}
