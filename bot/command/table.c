#include <stdlib.h>
#include <string.h>

#include "bot/command/command.h"

const struct command *const command_table[] = {
    &command_ask,     &command_backup, &command_chat,   &command_check,
    &command_explain, &command_gaps,   &command_replay, &command_restore,
    &command_run,     &command_test,   &command_train,
};
const size_t command_count = sizeof(command_table) / sizeof(command_table[0]);

static int compare(const void *name, const void *row)
{
    const struct command *const *command = row;
    return strcmp(name, (*command)->name);
}

const struct command *command_find(const char *name)
{
    const struct command *const *row =
        bsearch(name, command_table, command_count, sizeof(command_table[0]), compare);
    return row == NULL ? NULL : *row;
}
