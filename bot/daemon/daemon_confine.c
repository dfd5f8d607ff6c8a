#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/daemon/daemon_inside.h"
#include "bot/host/config_places.h"
#include "bot/host/confine.h"
#include "bot/host/log.h"

static void add_pack(void *context, const char *path)
{
    struct stat info;
    confine_add_folder(context, path);
    /* Its model lies beside it, and whoever edits it puts a new file in its place. */
    if (stat(path, &info) == 0 && S_ISREG(info.st_mode)) {
        confine_add_file(context, path, false);
    }
}

bool daemon_confine_files(struct daemon *daemon, struct error *err)
{
    const struct config *config = &daemon->newest->config;
    struct confine_places places = {0};
    if (!config->confine) {
        return true;
    }
    config_places(config, &places);
    program_places(&daemon->options, config, add_pack, &places);
    if (daemon->options.config_path != NULL) {
        confine_add_file(&places, daemon->options.config_path, false);
    }
    bool fine = confine_files(&places, &daemon->files_confined, err);
    confine_places_finish(&places);
    return fine;
}

bool daemon_confine_calls(struct daemon *daemon, struct error *err)
{
    return !daemon->newest->config.confine || confine_calls(&daemon->calls_confined, err);
}

const char *daemon_confinement(const struct daemon *daemon, char ret[DAEMON_CONFINEMENT_MAX],
                               bool *ret_whole)
{
    const struct confine_state *files = &daemon->files_confined, *calls = &daemon->calls_confined;
    *ret_whole = files->text[0] == '\0' || (files->whole && calls->whole);
    if (files->text[0] == '\0') {
        snprintf(ret, DAEMON_CONFINEMENT_MAX, "none ([bot] confine = no)");
    } else {
        snprintf(ret, DAEMON_CONFINEMENT_MAX, "%s; %s", files->text, calls->text);
    }
    return ret;
}

void daemon_tell_confinement(const struct daemon *daemon)
{
    char text[DAEMON_CONFINEMENT_MAX];
    bool whole;
    daemon_confinement(daemon, text, &whole);
    if (whole) {
        log_info("daemon.confined", LOG_TEXT("to", text));
    } else {
        log_warning("daemon.confined", LOG_TEXT("to", text));
    }
}

void daemon_tell_refused(void)
{
    char name[CONFINE_NAME_MAX];
    size_t count = confine_refused(name);
    if (count > 0) {
        log_warning("confine.refused", LOG_TEXT("call", name), LOG_NUMBER("count", count));
    }
}
