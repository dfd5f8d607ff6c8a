#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "bot/command/command.h"
#include "bot/host/gap.h"
#include "bot/host/report.h"

enum { OPTION_MOST, OPTION_JSON };
enum { MOST_DEFAULT = 50 };

static const struct command_option options[] = {
    [OPTION_MOST] = {"most", "N", NULL, "at most so many (default 50)"},
    [OPTION_JSON] = {"json", NULL, NULL, "one JSON object a line"},
    {0},
};

/* false, having said why, when it is no number from 1 on. */
static bool read_most(const struct command_call *call, size_t *ret)
{
    const char *text = command_value(call, OPTION_MOST);
    char *end = NULL;
    *ret = MOST_DEFAULT;
    if (text == NULL) {
        return true;
    }
    errno = 0;
    unsigned long most = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || text[0] < '0' || text[0] > '9' || most == 0 ||
        most > GAPS_KEPT_MAX) {
        report("--most takes a number from 1 to %d, not \"%.40s\"", GAPS_KEPT_MAX, text);
        return false;
    }
    *ret = most;
    return true;
}

static int run(const struct command_call *call)
{
    char number[24];
    size_t most;
    if (!read_most(call, &most)) {
        return STATUS_USAGE;
    }
    snprintf(number, sizeof(number), "%zu", most);
    const char *const line[] = {
        "whetherd",        "gaps", number, command_flag(call, OPTION_JSON) ? "json" : "lines",
        call->config_path, NULL};
    return command_become(line);
}

const struct command command_gaps = {
    .name = "gaps",
    .operands = "",
    .summary = "what was asked and not understood, most frequent first",
    .details = "Reads the store that `whether run` keeps ([store]), also while it runs.\n"
               "Questions that differ only in case, punctuation and blanks are one.\n"
               "kind unknown: nothing in the packs answers it. ask: a choice was asked for,\n"
               "without a fact that any rule could use. wrong: somebody pressed Wrong.\n",
    .examples = "  whether gaps -c whether.ini\n"
                "  whether gaps --most 10 --json\n",
    .options = options,
    .run = run,
};
