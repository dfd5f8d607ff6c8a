#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bot/command/command.h"
#include "bot/host/report.h"

/* Beside whether in a build folder; installed where programs for programs are. */
static bool find_program(const char *name, char *path, size_t cap)
{
    if (program_beside(name, path, cap) && access(path, X_OK) == 0) {
        return true;
    }
    int len = snprintf(path, cap, "%s/%s", WHETHER_LIBEXECDIR, name);
    if (len > 0 && (size_t)len < cap && access(path, X_OK) == 0) {
        return true;
    }
    report("found no %s, which does the work: not beside whether, not in " WHETHER_LIBEXECDIR
           "; meson install puts it there",
           name);
    return false;
}

int command_become(const char *const *line)
{
    char path[PATH_MAX];
    if (find_program(line[0], path, sizeof(path))) {
        execv(path, (char *const *)line);
        report("%s: %s", path, strerror(errno));
    }
    return STATUS_FAILED;
}
