#include <stddef.h>

#include "bot/command/command.h"

enum { OPTION_REPLACE };

static const struct command_option options[] = {
    [OPTION_REPLACE] = {"replace", NULL, NULL, "replace FILE if it is there"},
    {0},
};

static int run(const struct command_call *call)
{
    const char *const line[] = {"whetherd",
                                "backup",
                                command_flag(call, OPTION_REPLACE) ? "replace" : "new",
                                call->operands[0],
                                call->config_path,
                                NULL};
    return command_become(line);
}

const struct command command_backup = {
    .name = "backup",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "a copy of the daemon's store, also while it runs",
    .details = "Writes FILE, a whole copy of the store that `whether run` keeps ([store] path) as\n"
               "it is when this begins: what was acknowledged until then is in it. FILE appears\n"
               "when it is complete, checked and on the disk, with mode 600; an interrupted\n"
               "back-up leaves nothing. Run it as root or as the store's owner. Configuration,\n"
               "secrets and packs are not in it.\n",
    .examples = "  whether backup -c /etc/whether/whether.ini /var/backups/whether.db\n"
                "  whether backup -c whether.ini --replace last.db\n",
    .options = options,
    .run = run,
};
