#include <stddef.h>

#include "bot/command/command.h"

enum { OPTION_FORGET_WAITING };

static const struct command_option options[] = {
    [OPTION_FORGET_WAITING] = {"forget-waiting", NULL, NULL,
                               "without the answers that waited to be delivered"},
    {0},
};

static int run(const struct command_call *call)
{
    const char *const line[] = {"whetherd",
                                "restore",
                                command_flag(call, OPTION_FORGET_WAITING) ? "forget" : "all",
                                call->operands[0],
                                call->config_path,
                                NULL};
    return command_become(line);
}

const struct command command_restore = {
    .name = "restore",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "puts a copy of whether backup in the store's place",
    .details = "Checks FILE, copies it, and puts the copy in the place of the store that the\n"
               "configuration names ([store] path); stop the daemon first. The store that was\n"
               "there becomes PATH.old. Answers that waited to be delivered when FILE was made\n"
               "are delivered when the daemon starts, though they may have been delivered since:\n"
               "--forget-waiting drops them.\n",
    .examples = "  whether restore -c /etc/whether/whether.ini /var/backups/whether.db\n"
                "  whether restore -c whether.ini --forget-waiting old.db\n",
    .options = options,
    .run = run,
};
