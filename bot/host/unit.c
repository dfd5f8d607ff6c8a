#include "bot/host/unit.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/base/buf.h"
#include "bot/base/mem.h"

enum { UNIT_FILE_MAX = 64 * 1024 };

static const char blanks[] = " \t\r";

/* ---- values ---- */

static char *copy(const char *text, size_t len)
{
    char *made = mem_alloc(len + 1);
    memcpy(made, text, len);
    made[len] = '\0';
    return made;
}

/* The next word, moving on; false: there is none. */
static bool next_word(const char **at, const char **ret, size_t *ret_len)
{
    *at += strspn(*at, blanks);
    *ret = *at;
    *ret_len = strcspn(*at, blanks);
    *at += *ret_len;
    return *ret_len > 0;
}

static void clear_paths(struct unit_paths *paths)
{
    while (paths->count > 0) {
        mem_free(paths->items[--paths->count]);
    }
}

static void add_path(struct unit_paths *paths, const char *before, const char *path, size_t len)
{
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    if (paths->count < UNIT_PATHS_MAX) {
        size_t cap = strlen(before) + len + 1;
        char *made = mem_alloc(cap);
        snprintf(made, cap, "%s%.*s", before, (int)len, path);
        paths->items[paths->count++] = made;
    }
}

/* An empty value takes back what was said before. */
static void set_writable(struct unit *unit, const char *value)
{
    const char *word;
    size_t len;
    if (value[0] == '\0') {
        clear_paths(&unit->writable);
    }
    while (next_word(&value, &word, &len)) {
        size_t marks = strspn(word, "+-");
        add_path(&unit->writable, "", word + marks, len - marks);
    }
}

static void set_state(struct unit *unit, const char *value)
{
    const char *word;
    size_t len;
    while (next_word(&value, &word, &len)) {
        add_path(&unit->given, "/var/lib/", word, len);
    }
}

/* SOURCE[:PLACE[:OPTIONS]] */
static void set_bound(struct unit *unit, const char *value, bool write)
{
    const char *word;
    size_t len;
    while (next_word(&value, &word, &len)) {
        size_t marks = strspn(word, "-"), source = strcspn(word, ":");
        const char *place = source < len ? word + source + 1 : word + marks;
        size_t place_len = source < len ? strcspn(place, ": \t") : len - marks;
        add_path(&unit->visible, "", place, place_len);
        if (write) {
            add_path(&unit->given, "", place, place_len);
        }
    }
}

static void set_bound_to_write(struct unit *unit, const char *value)
{
    set_bound(unit, value, true);
}

static void set_bound_to_read(struct unit *unit, const char *value)
{
    set_bound(unit, value, false);
}

static bool is_yes(const char *value)
{
    return strcmp(value, "yes") == 0 || strcmp(value, "true") == 0 || strcmp(value, "1") == 0 ||
           strcmp(value, "on") == 0;
}

static void set_system(struct unit *unit, const char *value)
{
    unit->strict = strcmp(value, "strict") == 0;
}

static void set_home(struct unit *unit, const char *value)
{
    unit->homeless = is_yes(value) || strcmp(value, "tmpfs") == 0;
}

static void set_tmp(struct unit *unit, const char *value)
{
    unit->private_tmp = is_yes(value);
}

static void set_user(struct unit *unit, const char *value)
{
    mem_free(unit->user);
    unit->user = value[0] == '\0' ? NULL : mem_strdup(value);
}

static void set_start(struct unit *unit, const char *value)
{
    const char *word;
    size_t len;
    mem_free(unit->config);
    unit->config = NULL;
    while (next_word(&value, &word, &len)) {
        if (len == 2 && strncmp(word, "-c", 2) == 0 && next_word(&value, &word, &len)) {
            mem_free(unit->config);
            unit->config = copy(word, len);
        }
    }
}

static const struct unit_setting {
    const char *key;
    void (*set)(struct unit *unit, const char *value);
} settings[] = {
    {"BindPaths", set_bound_to_write},
    {"BindReadOnlyPaths", set_bound_to_read},
    {"ExecStart", set_start},
    {"PrivateTmp", set_tmp},
    {"ProtectHome", set_home},
    {"ProtectSystem", set_system},
    {"ReadWritePaths", set_writable},
    {"StateDirectory", set_state},
    {"User", set_user},
};

/* ---- the file ---- */

static void read_line(struct unit *unit, char *line)
{
    char *value = strchr(line, '=');
    if (value == NULL) {
        return;
    }
    size_t key_len = (size_t)(value - line);
    value += 1 + strspn(value + 1, blanks);
    for (size_t len = strlen(value); len > 0 && strchr(blanks, value[len - 1]) != NULL; len--) {
        value[len - 1] = '\0';
    }
    while (key_len > 0 && strchr(blanks, line[key_len - 1]) != NULL) {
        key_len--;
    }
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        if (strlen(settings[i].key) == key_len && strncmp(settings[i].key, line, key_len) == 0) {
            settings[i].set(unit, value);
        }
    }
}

void unit_read(struct unit *unit, const char *text, size_t len)
{
    bool service = false;
    for (const char *end = text + len; text < end;) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t line_len = (size_t)((stop == NULL ? end : stop) - text);
        size_t blank = 0;
        while (blank < line_len && strchr(blanks, text[blank]) != NULL) {
            blank++;
        }
        char *line = copy(text + blank, line_len - blank);
        if (line[0] == '[') {
            service = strncmp(line, "[Service]", 9) == 0;
        } else if (service && line[0] != '#' && line[0] != ';') {
            read_line(unit, line);
        }
        mem_free(line);
        text += line_len + 1;
    }
}

static bool read_file(struct unit *unit, const char *path)
{
    struct buf text;
    buf_init(&text, UNIT_FILE_MAX);
    bool fine = buf_read_unnamed(&text, path, NULL);
    if (fine && text.data != NULL) {
        unit_read(unit, text.data, text.len);
    }
    buf_finish(&text);
    return fine;
}

static int is_drop_in(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static void read_drop_ins(struct unit *unit, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_drop_in, alphasort);
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];
        int len = snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        if (len > 0 && (size_t)len < sizeof(path)) {
            read_file(unit, path);
        }
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
}

bool unit_load(const char *root, const char *name, struct unit *ret)
{
    /* The first that has the unit; drop-ins count from all, those of the first last. */
    static const char *const folders[] = {"/etc/systemd/system", "/run/systemd/system",
                                          "/usr/local/lib/systemd/system", "/lib/systemd/system",
                                          "/usr/lib/systemd/system"};
    char path[PATH_MAX];
    struct unit unit = {0};
    /* As sd_booted(3) looks. */
    snprintf(path, sizeof(path), "%s/run/systemd/system", root);
    bool found = access(path, F_OK) == 0;
    for (size_t i = 0; found && i < ARRAY_LEN(folders); i++) {
        snprintf(path, sizeof(path), "%s%s/%s", root, folders[i], name);
        if (read_file(&unit, path)) {
            break;
        }
        found = i + 1 < ARRAY_LEN(folders);
    }
    for (size_t i = ARRAY_LEN(folders); found && i > 0; i--) {
        snprintf(path, sizeof(path), "%s%s/%s.d", root, folders[i - 1], name);
        read_drop_ins(&unit, path);
    }
    if (found) {
        *ret = unit;
    }
    return found;
}

void unit_finish(struct unit *unit)
{
    mem_free(unit->user);
    mem_free(unit->config);
    clear_paths(&unit->writable);
    clear_paths(&unit->given);
    clear_paths(&unit->visible);
    *unit = (struct unit){0};
}

/* ---- what it means ---- */

static bool is_below(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return strcmp(folder, "/") == 0 ||
           (strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0'));
}

static bool is_below_any(const char *path, const struct unit_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        if (is_below(path, paths->items[i])) {
            return true;
        }
    }
    return false;
}

const char *unit_hinders(const struct unit *unit, const char *path, bool write)
{
    if (!is_below_any(path, &unit->visible)) {
        if (unit->homeless &&
            (is_below(path, "/home") || is_below(path, "/root") || is_below(path, "/run/user"))) {
            return "ProtectHome";
        }
        if (unit->private_tmp && (is_below(path, "/tmp") || is_below(path, "/var/tmp"))) {
            return "PrivateTmp";
        }
    }
    return write && unit->strict && !is_below_any(path, &unit->writable) &&
                   !is_below_any(path, &unit->given)
               ? "ProtectSystem"
               : NULL;
}
