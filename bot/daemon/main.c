#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/mem.h"
#include "bot/daemon/copying.h"
#include "bot/daemon/daemon.h"
#include "bot/daemon/gaps.h"
#include "bot/host/program.h"
#include "bot/host/report.h"

/*
 * The program that `whether run`, `gaps`, `backup` and `restore` become (bot/command/become.c), so
 * that the libraries of networks and stores cost the other commands nothing:
 *
 *     whetherd run [CONFIG]
 *     whetherd try [CONFIG]
 *     whetherd gaps MOST lines|json [CONFIG]
 *     whetherd backup new|replace FILE [CONFIG]
 *     whetherd restore all|forget FILE [CONFIG]
 *
 * The line was checked there; open standard streams and ignored signals (bot/main.c) come along.
 */
enum { TASK = 1, ARGUMENTS, USAGE = 2 };

static int run(const struct program_options *where, char **arguments)
{
    struct daemon *daemon;
    (void)arguments;
    if (!daemon_create(where, &daemon)) {
        return EXIT_FAILURE;
    }
    int status = daemon_run(daemon);
    daemon_destroy(daemon);
    return status;
}

static int try(const struct program_options *where, char **arguments)
{
    (void)arguments;
    return daemon_try(where);
}

static int gaps(const struct program_options *where, char **arguments)
{
    bool json = strcmp(arguments[1], "json") == 0;
    return gaps_print(where, strtoul(arguments[0], NULL, 10), json) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int backup(const struct program_options *where, char **arguments)
{
    bool replace = strcmp(arguments[0], "replace") == 0;
    return copying_backup(where, arguments[1], replace) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int restore(const struct program_options *where, char **arguments)
{
    bool forget_waiting = strcmp(arguments[0], "forget") == 0;
    return copying_restore(where, arguments[1], forget_waiting) ? EXIT_SUCCESS : EXIT_FAILURE;
}

struct task {
    const char *name;
    int argument_count; /* before CONFIG */
    int (*run)(const struct program_options *where, char **arguments);
};

static const struct task *find_task(int argc, char **argv)
{
    static const struct task tasks[] = {{"run", 0, run},
                                        {"try", 0, try},
                                        {"gaps", 2, gaps},
                                        {"backup", 2, backup},
                                        {"restore", 2, restore}};
    for (size_t i = 0; argc > TASK && i < ARRAY_LEN(tasks); i++) {
        int least = ARGUMENTS + tasks[i].argument_count;
        if (strcmp(tasks[i].name, argv[TASK]) == 0 && (argc == least || argc == least + 1)) {
            return &tasks[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const struct task *task = find_task(argc, argv);
    if (task == NULL) {
        report("whetherd is a part of whether: use `whether run`");
        return USAGE;
    }
    program_set_up_memory();
    /* NULL at the end of the line: none. */
    const struct program_options where = {.config_path = argv[ARGUMENTS + task->argument_count]};
    int status = task->run(&where, argv + ARGUMENTS);
    return report_output() ? status : EXIT_FAILURE;
}
