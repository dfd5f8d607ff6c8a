#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/file.h"
#include "bot/base/mem.h"
#include "bot/host/config_inside.h"
#include "bot/host/unit.h"

/* What the unit, and the user that it names, may not do of what the configuration asks for. */

#define UNIT_NAME "whether.service"

struct look {
    const struct unit *unit;
    const char *user; /* NULL: only root can look as somebody else */
    const char *config_path;
    struct fault_list *warnings;
};

static void warn(const struct look *look, const char *section, const char *key, const char *text)
{
    fault_add(look->warnings, look->config_path, 0, "warning: [%s] %s: %s", section, key, text);
}

/* ---- the sandbox ---- */

/* The name that it really has, or would have. */
static void find_real(const char *path, char ret[PATH_MAX])
{
    char folder[PATH_MAX], above[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int len = -1;
    if (realpath(path, ret) != NULL) {
        return;
    }
    if (slash != NULL && file_folder(path, folder, sizeof(folder)) &&
        realpath(folder, above) != NULL) {
        len = snprintf(ret, PATH_MAX, "%s%s", above, slash);
    }
    if (len < 0 || len >= PATH_MAX) {
        snprintf(ret, PATH_MAX, "%s", path);
    }
}

static bool check_sandbox(const struct look *look, const char *section, const char *key,
                          const char *path, bool write)
{
    char real[PATH_MAX], text[3 * PATH_MAX];
    find_real(path, real);
    const char *hinders = unit_hinders(look->unit, real, write);
    if (hinders == NULL) {
        return true;
    }
    if (strcmp(hinders, "ProtectSystem") == 0) {
        snprintf(text, sizeof(text),
                 "%s cannot be written by " UNIT_NAME " (ProtectSystem=strict); "
                 "ReadWritePaths=%s in a drop-in allows it (docs/operating.md)",
                 path, real);
    } else {
        snprintf(text, sizeof(text),
                 "%s cannot be seen by " UNIT_NAME " (%s=yes); put it elsewhere", path, hinders);
    }
    warn(look, section, key, text);
    return false;
}

/* ---- the user ---- */

static bool check_user(const struct look *look, const char *section, const char *key,
                       const char *path, int mode)
{
    char text[2 * PATH_MAX];
    int cause = look->user == NULL ? 0 : file_access_as(look->user, path, mode);
    if (cause == 0) {
        return true;
    }
    snprintf(text, sizeof(text), "the user %s cannot %s %s: %s", look->user,
             (mode & W_OK) != 0 ? "write" : "read", path, strerror(cause));
    warn(look, section, key, text);
    return false;
}

/* ---- what is named ---- */

static void check_read(const struct look *look, const char *section, const char *key,
                       const char *path)
{
    struct stat info;
    bool folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    if (!check_sandbox(look, section, key, path, false) ||
        !check_user(look, section, key, path, folder ? R_OK | X_OK : R_OK) || !folder) {
        return;
    }
    DIR *open = opendir(path);
    bool fine = true;
    for (struct dirent *entry; open != NULL && fine && (entry = readdir(open)) != NULL;) {
        char file[PATH_MAX];
        int len = snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && len > 0 && (size_t)len < sizeof(file)) {
            fine = check_user(look, section, key, file, R_OK);
        }
    }
    if (open != NULL) {
        closedir(open);
    }
}

/* A folder, or the one that it will be made in. */
static void check_write(const struct look *look, const char *section, const char *key,
                        const char *path)
{
    char above[PATH_MAX];
    bool there = access(path, F_OK) == 0;
    if (check_sandbox(look, section, key, path, true) &&
        (there || file_folder(path, above, sizeof(above)))) {
        check_user(look, section, key, there ? path : above, W_OK | X_OK);
    }
}

static void check_store(const struct look *look, const struct config *config)
{
    char folder[PATH_MAX];
    if (config->redis.url[0] == '\0' && file_folder(config->store, folder, sizeof(folder)) &&
        check_sandbox(look, "store", "path", folder, true) &&
        check_user(look, "store", "path", folder, W_OK | X_OK) &&
        access(config->store, F_OK) == 0) {
        check_user(look, "store", "path", config->store, R_OK | W_OK);
    }
}

static void check_field(const struct look *look, const char *section, const struct config_row *row,
                        const void *field)
{
    const struct config_paths *paths = field;
    const struct secret_source *secret = field;
    const char *file = row->type == CONFIG_SECRET ? secret->file
                       : row->type == CONFIG_FILE ? *(char *const *)field
                                                  : NULL;
    char key[64];
    snprintf(key, sizeof(key), "%s%s", row->key, row->type == CONFIG_SECRET ? "_file" : "");
    if (file != NULL && file[0] != '\0') {
        check_read(look, section, key, file);
    }
    for (size_t i = 0; row->type == CONFIG_PATHS && i < paths->count; i++) {
        check_read(look, section, key, paths->items[i]);
    }
}

static void check_sections(const struct look *look, struct config *config)
{
    size_t section_count, row_count;
    const struct config_section *sections = config_sections(&section_count);
    const struct config_row *rows = config_rows(&row_count);
    for (size_t s = 0; s < section_count; s++) {
        for (size_t i = 0; i < config_count(config, &sections[s]); i++) {
            const char *item = config_item(config, &sections[s], i);
            for (size_t r = 0; r < row_count; r++) {
                if (strcmp(rows[r].section, sections[s].name) == 0) {
                    check_field(look, sections[s].name, &rows[r], item + rows[r].field);
                }
            }
        }
    }
}

static bool same_file(const char *a, const char *b)
{
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

void config_check_unit(struct config *config, const char *path, const char *root,
                       struct fault_list *warnings)
{
    struct unit unit = {0};
    if (path == NULL || !unit_load(root, UNIT_NAME, &unit)) {
        return;
    }
    if (unit.config != NULL && same_file(path, unit.config)) {
        const struct look look = {.unit = &unit,
                                  .user = geteuid() == 0 ? unit.user : NULL,
                                  .config_path = path,
                                  .warnings = warnings};
        check_store(&look, config);
        if (config->records[0] != '\0') {
            check_write(&look, "bot", "records", config->records);
        }
        check_sections(&look, config);
    }
    unit_finish(&unit);
}
