#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "bot/base/mem.h"
#include "bot/command/command.h"
#include "bot/host/report.h"

enum { OPTION_ONLY };

static const char *const parts[] = {"topics", "kinds", NULL};

static const struct command_option options[] = {
    [OPTION_ONLY] = {"only", "topics|kinds", parts, "make one of the two models"},
    {0},
};

/* Beside whether in a build folder; installed where programs for programs are. */
static bool find_trainer(char *path, size_t cap)
{
    static const char *const installed = WHETHER_LIBEXECDIR "/whether-train";
    if (program_beside("whether-train", path, cap) && access(path, X_OK) == 0) {
        return true;
    }
    if (strlen(installed) < cap && access(installed, X_OK) == 0) {
        memcpy(path, installed, strlen(installed) + 1);
        return true;
    }
    report("found no whether-train, which does the work: not beside whether, not "
           "in " WHETHER_LIBEXECDIR "; meson install puts it there");
    return false;
}

/* This process becomes the trainer: what that writes and how it ends is the command's. */
static int run(const struct command_call *call)
{
    char path[PATH_MAX];
    const char *only = command_value(call, OPTION_ONLY);
    const char *line[3 + COMMAND_REPEATS_MAX + 1] = {"whether-train", only ? only : "both",
                                                     call->config_path ? call->config_path : ""};
    memcpy(line + 3, call->operands, call->operand_count * sizeof(*line));
    if (find_trainer(path, sizeof(path))) {
        execv(path, (char *const *)line);
        report("%s: %s", path, strerror(errno));
    }
    return STATUS_FAILED;
}

const struct command command_train = {
    .name = "train",
    .operands = "[PACK...]",
    .operands_max = COMMAND_REPEATS_MAX,
    .summary = "make the packs' models anew from their corpora",
    .details = "Reads the labelled text in the folder PACK.corpus beside each pack and writes\n"
               "PACK.model, and kinds.model where one lies beside the pack. The same corpus gives "
               "the same\n"
               "bytes. Packs without such a folder are passed over: they work by their cues.\n",
    .examples = "  whether train\n"
                "  whether train knowledge\n",
    .options = options,
    .run = run,
};
