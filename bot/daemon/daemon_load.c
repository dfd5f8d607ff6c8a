#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/daemon/daemon_inside.h"
#include "bot/host/log.h"
#include "bot/host/records.h"
#include "knowledge/pack.h"

/*
 * Nothing configured at all: a first look should need no configuration, and harm nobody. Only
 * programs of this machine can ask.
 */
static void fall_back(struct config *config)
{
    if (config_is_idle(config) && config->http_listen[0] == '\0' &&
        (config_is_built("api") || config_is_built("page"))) {
        mem_free(config->http_listen);
        config->http_listen = mem_strdup("127.0.0.1:8080");
        config->has_api = config_is_built("api");
        config->has_page = config_is_built("page");
        config->api.open = 1;
    }
}

/* An empty file, half written when it is read again, must not take everything away. */
static bool has_something_to_do(const struct config *config, const char *path,
                                struct fault_list *faults)
{
    if (!config_is_idle(config)) {
        return true;
    }
    fault_add(faults, path != NULL ? path : "configuration", 0,
              "nothing to do: there is no section of a chat, a tracker, [api] or [page]");
    return false;
}

bool daemon_load(const struct program_options *options, struct program *ret,
                 struct generation **ret_generation, struct fault_list *faults)
{
    if (!program_open(ret, options, faults)) {
        return false;
    }
    if (!config_check_built(&ret->config, options->config_path, faults)) {
        program_close(ret);
        return false;
    }
    if (options->config_path == NULL) {
        fall_back(&ret->config);
    }
    if (!has_something_to_do(&ret->config, options->config_path, faults)) {
        program_close(ret);
        return false;
    }
    struct generation *generation = mem_alloc(sizeof(*generation));
    generation->config = ret->config;
    *ret_generation = generation;
    return true;
}

/* The last to use it takes it along. program: the one that has a shallow copy of it, or NULL. */
void daemon_drop_generation(struct generation *generation, struct program *program)
{
    if (program != NULL) {
        program->config = (struct config){0};
    }
    if (generation != NULL && generation->users == 0) {
        config_finish(&generation->config);
        mem_free(generation);
    }
}

size_t daemon_models(const struct daemon *daemon)
{
    const struct knowledge *knowledge = daemon->program.knowledge;
    size_t count = 0;
    for (size_t i = 0; i < knowledge->count; i++) {
        count += knowledge->packs[i]->model != NULL;
    }
    return count;
}

void daemon_look_at_records(const struct daemon *daemon)
{
    struct error err = {0};
    if (!records_check(daemon->newest->config.records, &err)) {
        log_warning("records.unwritable", LOG_TEXT("cause", err.text));
    }
}
