#include <stddef.h>

#include "bot/command/command.h"

enum { OPTION_TRY };

static const struct command_option options[] = {
    [OPTION_TRY] = {"try", NULL, NULL, "connect everything, tell what works, and leave"},
    {0},
};

/* A program of its own: libraries for networks and stores cost all other commands their start. */
static int run(const struct command_call *call)
{
    const char *const line[] = {"whetherd", command_flag(call, OPTION_TRY) ? "try" : "run",
                                call->config_path, NULL};
    return command_become(line);
}

const struct command command_run = {
    .name = "run",
    .operands = "",
    .summary = "the daemon: answers on IRC, in other chats, in trackers and over HTTP",
    .details = "Runs every adapter that the configuration asks for, until SIGTERM or Ctrl-C.\n"
               "SIGHUP reads configuration, packs and secrets again; if anything is wrong with\n"
               "them it says so and goes on with those it has. Without a configuration it\n"
               "serves a page and POST /api/ask at http://127.0.0.1:8080/, for this machine.\n"
               "The log goes to standard error.\n",
    .examples = "  whether run\n"
                "  whether run -c whether.ini\n"
                "  whether run -c whether.ini --try\n",
    .options = options,
    .run = run,
};
