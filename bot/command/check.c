#include <stdint.h>
#include <stdio.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/command/command.h"
#include "bot/host/report.h"
#include "knowledge/load.h"
#include "knowledge/pack.h"

enum { OPTION_EXAMPLE, OPTION_KEYS };
enum { EXAMPLE_MAX = 64 * 1024 };

static const struct command_option options[] = {
    [OPTION_EXAMPLE] = {"example", NULL, NULL, "print config.example.ini and leave"},
    [OPTION_KEYS] = {"keys", NULL, NULL, "print all keys as a Markdown table and leave"},
    {0},
};

static int print(void (*format)(struct buf *ret))
{
    struct buf text;
    buf_init(&text, EXAMPLE_MAX);
    format(&text);
    report_write(text.data, text.len);
    buf_finish(&text);
    return STATUS_FINE;
}

static void print_count(size_t count, const char *what, const char *after)
{
    printf("%zu %s%s%s", count, what, count == 1 ? "" : "s", after);
}

static void print_summary(const struct knowledge *knowledge)
{
    size_t situations = 0, rules = 0, examples = 0;
    for (size_t i = 0; i < knowledge->count; i++) {
        situations += knowledge->packs[i]->situation_count;
        rules += knowledge->packs[i]->rule_count;
        examples += knowledge->packs[i]->example_count;
    }
    print_count(knowledge->count, "pack", ", ");
    print_count(situations, "situation", ", ");
    print_count(rules, "rule", ", ");
    print_count(examples, "example", ": fine\n");
}

/*
 * Packs that are named here are checked beside a faulty configuration; otherwise nobody knows which
 * packs are meant.
 */
static bool check(const struct command_call *call, struct fault_list *faults,
                  struct fault_list *warnings)
{
    struct config config = {0};
    struct knowledge *knowledge = NULL;
    const struct program_options packs = {.config_path = call->config_path,
                                          .packs = (const char *const *)call->operands,
                                          .pack_count = call->operand_count,
                                          .files = true};
    bool config_fine = program_load_config(&packs, &config, faults) &&
                       config_check_built(&config, call->config_path, faults);
    if (config_fine) {
        config_check_unit(&config, call->config_path, "", warnings);
    }
    bool packs_fine = (config_fine || call->operand_count > 0) &&
                      program_load_knowledge(&packs, &config, &knowledge, faults);
    if (config_fine && packs_fine) {
        print_summary(knowledge);
    }
    knowledge_destroy(knowledge);
    config_finish(&config);
    return config_fine && packs_fine;
}

static int run(const struct command_call *call)
{
    struct fault_list faults = {0}, warnings = {0};
    if (command_flag(call, OPTION_EXAMPLE)) {
        return print(config_example);
    }
    if (command_flag(call, OPTION_KEYS)) {
        return print(config_documentation);
    }
    bool fine = check(call, &faults, &warnings);
    report_faults(&faults, "");
    report_faults(&warnings, "");
    fault_finish(&faults);
    fault_finish(&warnings);
    return fine ? STATUS_FINE : STATUS_FAILED;
}

const struct command command_check = {
    .name = "check",
    .operands = "[PACK...]",
    .operands_max = SIZE_MAX,
    .summary = "validates configuration and packs",
    .details = "Checks the configuration that -c names, the secrets and certificates that it\n"
               "names, and the packs (files or directories; without PACK those that the\n"
               "configuration or the environment name). Tells all faults at once as\n"
               "FILE:LINE: message; the exit status is 1 if there are any. Where FILE is that of\n"
               "whether.service, also warns of paths that the unit or its user cannot use.\n",
    .examples = "  whether check\n"
                "  whether check -c whether.ini\n"
                "  whether check knowledge our-packs/rails-or-laravel.json\n"
                "  whether check --example > whether.ini\n",
    .options = options,
    .run = run,
};
