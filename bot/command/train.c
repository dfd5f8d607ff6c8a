#include <stddef.h>
#include <string.h>

#include "bot/command/command.h"

enum { OPTION_ONLY };

static const char *const parts[] = {"topics", "kinds", NULL};

static const struct command_option options[] = {
    [OPTION_ONLY] = {"only", "topics|kinds", parts, "make one of the two models"},
    {0},
};

static int run(const struct command_call *call)
{
    const char *only = command_value(call, OPTION_ONLY);
    const char *line[3 + COMMAND_REPEATS_MAX + 1] = {"whether-train", only ? only : "both",
                                                     call->config_path ? call->config_path : ""};
    memcpy(line + 3, call->operands, call->operand_count * sizeof(*line));
    return command_become(line);
}

const struct command command_train = {
    .name = "train",
    .operands = "[PACK...]",
    .operands_max = COMMAND_REPEATS_MAX,
    .summary = "makes the packs' models anew from their corpora",
    .details = "Reads the labelled text in the folder PACK.corpus beside each pack and writes\n"
               "PACK.model, and kinds.model where one lies beside the pack. The same corpus\n"
               "gives the same bytes. Packs without such a folder are passed over: they work by\n"
               "their cues.\n",
    .examples = "  whether train\n"
                "  whether train knowledge\n",
    .options = options,
    .run = run,
};
