#include "bot/host/config.h"

#include <stdio.h>
#include <string.h>

#include <ini.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/folder.h"
#include "bot/base/mem.h"
#include "bot/host/config_inside.h"

/* The state of reading one file. */
struct reader {
    const char *path;
    const char *text; /* what is left */
    size_t len;
    int line;
    bool expects;                         /* the line handed to inih last should have given a key */
    bool headed;                          /* a [section] was seen */
    const struct config_section *section; /* the one we are in; NULL: not in the table */
    struct config_place *place;           /* and where its instance stands */
    bool included;                        /* this file is one that another names */
    struct config *config;
    struct config_lines lines;
    struct fault_list *faults;
};

/* Defaults of a section's keys; a required one stays empty until config_check() misses it. */
static void set_defaults(struct config *config, const struct config_section *section,
                         size_t instance, const char *path)
{
    size_t count;
    const struct config_row *row = config_rows(&count);
    for (; count > 0; count--, row++) {
        if (strcmp(row->section, section->name) == 0 && row->default_text != NULL) {
            config_value_set((char *)config_item(config, section, instance) + row->field, row, path,
                             row->default_text, NULL);
        }
    }
}

static void init_at(struct config *ret, const char *path)
{
    size_t count;
    const struct config_section *section = config_sections(&count);
    *ret = (struct config){0};
    for (; count > 0; count--, section++) {
        if (section->labels == LABELS_NONE) {
            set_defaults(ret, section, 0, path);
        }
    }
}

void config_init(struct config *ret)
{
    static const struct config_lines none;
    init_at(ret, NULL);
    config_complete(ret, &none);
}

static char **label_of(void *item)
{
    /* The first field of every labelled section's struct. */
    return item;
}
_Static_assert(offsetof(struct config_irc, label) == 0, "label_of");
_Static_assert(offsetof(struct config_slack, label) == 0, "label_of");

static void finish_section(struct config *config, const struct config_section *section)
{
    size_t row_count;
    const struct config_row *rows = config_rows(&row_count);
    for (size_t i = 0; i < config_count(config, section); i++) {
        char *item = config_item(config, section, i);
        for (size_t r = 0; r < row_count; r++) {
            if (strcmp(rows[r].section, section->name) == 0) {
                config_value_finish(item + rows[r].field, &rows[r]);
            }
        }
        if (section->labels != LABELS_NONE) {
            mem_free(*label_of(item));
        }
    }
    if (section->labels != LABELS_NONE) {
        mem_free(config_item(config, section, 0));
    }
}

void config_finish(struct config *config)
{
    size_t count;
    const struct config_section *section = config_sections(&count);
    for (; count > 0; count--, section++) {
        finish_section(config, section);
    }
    *config = (struct config){0};
}

static void fault_unknown(struct reader *reader, const char *what, struct nearest *nearest)
{
    fault_add(reader->faults, reader->path, reader->line, "unknown %s \"%.60s\"%s", what,
              nearest->wanted, nearest_hint(nearest));
}

/* KEY, KEY_file or KEY_env, and which of them. */
struct key {
    const struct config_row *row; /* NULL: unknown */
    enum secret_part part;
    bool bare; /* the name of a secret without _file or _env */
};

static bool is_part(const char *key, const char *name, const char *suffix)
{
    size_t len = strlen(name);
    return strncmp(key, name, len) == 0 && strcmp(key + len, suffix) == 0;
}

static struct key find_key(const struct config_section *section, const char *name)
{
    size_t count;
    const struct config_row *row = config_rows(&count);
    for (; count > 0; count--, row++) {
        if (strcmp(row->section, section->name) != 0) {
            continue;
        }
        bool secret = row->type == CONFIG_SECRET;
        if (strcmp(row->key, name) == 0) {
            return (struct key){.row = row, .bare = secret};
        }
        if (secret && is_part(name, row->key, "_file")) {
            return (struct key){.row = row, .part = SECRET_FILE};
        }
        if (secret && is_part(name, row->key, "_env")) {
            return (struct key){.row = row, .part = SECRET_ENV};
        }
    }
    return (struct key){0};
}

static void fault_key(struct reader *reader, const char *key)
{
    struct nearest nearest;
    char names[2 * CONFIG_ROW_COUNT][64];
    size_t used = 0, count;
    const struct config_row *row = config_rows(&count);
    nearest_init(&nearest, key);
    for (; count > 0; count--, row++) {
        if (strcmp(row->section, reader->section->name) == 0) {
            bool secret = row->type == CONFIG_SECRET;
            snprintf(names[used], sizeof(names[used]), "%s%s", row->key, secret ? "_file" : "");
            nearest_offer(&nearest, names[used++]);
            snprintf(names[used], sizeof(names[used]), "%s%s", row->key, secret ? "_env" : "");
            nearest_offer(&nearest, names[used++]);
        }
    }
    fault_unknown(reader, "key", &nearest);
}

/* Always false: it was there before. */
static bool set_already(const struct reader *reader, const char *key, const char *suffix,
                        const struct config_mark *mark, struct error *err)
{
    bool here = strcmp(mark->path, reader->path) == 0;
    return error_set(err, ERROR_INPUT, "%s%s is set already in %s%s%d", key, suffix,
                     here ? "line " : mark->path, here ? "" : ":", mark->line);
}

static bool take_secret(struct reader *reader, struct secret_source *source, const struct key *key,
                        const char *value, struct error *err)
{
    const char *name = key->row->key;
    const char *set = key->part == SECRET_FILE ? source->file : source->env;
    const char *other = key->part == SECRET_FILE ? source->env : source->file;
    struct config_mark *mark = config_lines_row(reader->place, key->row);
    if (key->bare) {
        return error_set(err, ERROR_INPUT,
                         "%s is a secret: %s_file names a file that holds it, %s_env an "
                         "environment variable",
                         name, name, name);
    }
    if (set != NULL) {
        return set_already(reader, name, key->part == SECRET_FILE ? "_file" : "_env", mark, err);
    }
    if (other != NULL && value[0] != '\0') {
        return error_set(err, ERROR_INPUT, "%s_file and %s_env are both set; which one is it?",
                         name, name);
    }
    *mark = (struct config_mark){reader->path, reader->line};
    return config_value_set_secret(source, key->row, key->part, reader->path, value, err);
}

static bool take_plain(struct reader *reader, void *field, const struct config_row *row,
                       const char *value, struct error *err)
{
    struct config_mark *mark = config_lines_row(reader->place, row);
    if (mark->line != 0) {
        return set_already(reader, row->key, "", mark, err);
    }
    *mark = (struct config_mark){reader->path, reader->line};
    return config_value_set(field, row, reader->path, value, err);
}

/* inih: one key and value. Always 1: faults are ours to collect, inih would keep only the first. */
static int on_value(void *user, const char *section, const char *name, const char *value)
{
    struct reader *reader = user;
    (void)section; /* which inih cuts at 50 bytes: check_header() knows it whole */
    reader->expects = false;
    if (!reader->headed) {
        fault_add(reader->faults, reader->path, reader->line,
                  "\"%.60s\" stands before the first [section]", name);
        return 1;
    }
    if (reader->section == NULL) {
        return 1;
    }
    struct key key = find_key(reader->section, name);
    if (key.row == NULL) {
        fault_key(reader, name);
        return 1;
    }
    struct error err = {0};
    char *item = config_item(reader->config, reader->section, reader->place->instance);
    void *field = item + key.row->field;
    bool fine = key.row->type == CONFIG_SECRET ? take_secret(reader, field, &key, value, &err)
                                               : take_plain(reader, field, key.row, value, &err);
    if (!fine) {
        fault_add(reader->faults, reader->path, reader->line, "%s", err.text);
    }
    return 1;
}

static bool label_fine(const char *label)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789-_.";
    size_t len = strlen(label);
    return len > 0 && len <= CONFIG_LABEL_MAX && strspn(label, letters) == len && label[0] != '.';
}

/* What holds everywhere is in one place: the file that includes the others. */
static bool belongs_here(struct reader *reader, const struct config_section *section,
                         const char *label)
{
    const char *name = section->name;
    if (section->labels == LABELS_NONE && label[0] != '\0') {
        fault_add(reader->faults, reader->path, reader->line,
                  "there is one [%s] only, without a name", name);
        return false;
    }
    if (section->labels == LABELS_NONE && reader->included) {
        fault_add(reader->faults, reader->path, reader->line,
                  "[%s] belongs into the file that includes this one: here are chats and trackers "
                  "only",
                  name);
        return false;
    }
    if (label[0] == '\0' && section->labels == LABELS_MUST) {
        fault_add(reader->faults, reader->path, reader->line,
                  "[%s] needs a name of your own: [%s NAME]", name, name);
        return false;
    }
    if (label[0] != '\0' && !label_fine(label)) {
        fault_add(reader->faults, reader->path, reader->line,
                  "the name in [%s NAME] takes 1 to %d letters, digits, \"-\", \"_\" and \".\"",
                  name, CONFIG_LABEL_MAX);
        return false;
    }
    return true;
}

/* The place of a section that is not there yet; NULL, told: there is no room for it. */
static struct config_place *begin_section(struct reader *reader,
                                          const struct config_section *section, size_t number,
                                          const char *label)
{
    struct config *config = reader->config;
    if (section->labels == LABELS_NONE) {
        return config_lines_add(&reader->lines, number, "");
    }
    if (config_count(config, section) == section->max) {
        fault_add(reader->faults, reader->path, reader->line,
                  "there are more than %zu [%s] sections", section->max, section->name);
        return NULL;
    }
    size_t instance = config_append(config, section, mem_strdup(label));
    set_defaults(config, section, instance, reader->path);
    return config_lines_add(&reader->lines, number,
                            *label_of(config_item(config, section, instance)));
}

static void enter(struct reader *reader, size_t number, const char *label)
{
    size_t count;
    const struct config_section *section = config_sections(&count) + number;
    if (!belongs_here(reader, section, label)) {
        return;
    }
    reader->place = config_lines_find(&reader->lines, number, label);
    if (reader->place == NULL) {
        reader->place = begin_section(reader, section, number, label);
        if (reader->place == NULL) {
            return;
        }
        reader->place->section = (struct config_mark){reader->path, reader->line};
    }
    reader->section = section;
}

static void fault_section(struct reader *reader, const char *name)
{
    struct nearest nearest;
    size_t count;
    const struct config_section *section = config_sections(&count);
    nearest_init(&nearest, name);
    for (; count > 0; count--, section++) {
        nearest_offer(&nearest, section->name);
    }
    fault_unknown(reader, "section", &nearest);
}

/* "irc libera": the kind of section, then its label. */
static void check_section(struct reader *reader, char *name)
{
    size_t kind = strcspn(name, " \t");
    const char *label = name + kind + strspn(name + kind, " \t");
    int found = config_section_find(name, kind);
    reader->section = NULL;
    if (found >= 0) {
        enter(reader, (size_t)found, label);
    } else {
        name[kind] = '\0';
        fault_section(reader, name);
    }
}

/* inih tells of a section only with its first key, and passes over what follows the bracket. */
static void check_header(struct reader *reader, const char *line)
{
    const char *end = strchr(line, ']');
    char name[256];
    reader->headed = true;
    if (end == NULL) {
        reader->section = NULL;
        fault_add(reader->faults, reader->path, reader->line, "this [section] lacks its ]");
        return;
    }
    const char *rest = end + 1 + strspn(end + 1, " \t");
    if (*rest != '\0' && *rest != ';' && *rest != '#') {
        fault_add(reader->faults, reader->path, reader->line,
                  "\"%.60s\" follows the section's name", rest);
    }
    int len = (int)(end - line - 1);
    while (len > 0 && (line[len] == ' ' || line[len] == '\t')) {
        len--;
    }
    snprintf(name, sizeof(name), "%.*s", len, line + 1);
    check_section(reader, name);
}

static void check_line(struct reader *reader, const char *line)
{
    line += strspn(line, " \t\r\v\f");
    reader->expects = false;
    if (*line == '[') {
        check_header(reader, line);
    } else if (*line != '\0' && *line != ';' && *line != '#') {
        reader->expects = true;
    }
}

static void settle(struct reader *reader)
{
    if (reader->expects) {
        reader->expects = false;
        fault_add(reader->faults, reader->path, reader->line,
                  "this line is neither [section] nor key = value");
    }
}

/*
 * inih: the next line. A line that it would cut or misread reaches it as an empty one, and a fault
 * says why.
 */
static char *on_read(char *line, int size, void *stream)
{
    struct reader *reader = stream;
    settle(reader);
    if (reader->len == 0) {
        return NULL;
    }
    const char *end = memchr(reader->text, '\n', reader->len);
    size_t taken = end == NULL ? reader->len : (size_t)(end - reader->text) + 1;
    size_t len = end == NULL ? taken : taken - 1;
    if (len > 0 && reader->text[len - 1] == '\r') {
        len--;
    }
    reader->line++;
    const char *cause = len > CONFIG_LINE_MAX || len + 1 > (size_t)size - 1 ? "is too long"
                        : memchr(reader->text, '\0', len) != NULL           ? "holds a NUL byte"
                                                                            : NULL;
    if (cause != NULL) {
        fault_add(reader->faults, reader->path, reader->line, "this line %s", cause);
        len = 0;
    }
    memcpy(line, reader->text, len);
    line[len] = '\0';
    check_line(reader, line);
    reader->text += taken;
    reader->len -= taken;
    return line;
}

/*
 * Debian's inih has its limits as variables; the default of 200 bytes a line would not hold a long
 * path.
 */
static void set_up_inih(void)
{
    ini_use_stack = false;
    ini_max_line = CONFIG_LINE_MAX + 8;
    ini_initial_alloc = CONFIG_LINE_MAX + 8;
    ini_allow_multiline = false;
    ini_stop_on_first_error = false;
}

/* One file, whatever came before it. */
static void read_text(struct reader *reader, const char *path, const char *text, size_t len)
{
    bool marked = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
    reader->path = path;
    reader->text = marked ? text + 3 : text;
    reader->len = marked ? len - 3 : len;
    reader->line = 0;
    reader->headed = false;
    reader->section = NULL;
    if (ini_parse_stream(on_read, reader, on_value, reader) == -2) {
        fault_add(reader->faults, path, 0, "not enough memory to read it");
    }
}

/* The file's bytes; a failure is told. */
static bool load_text(const char *path, struct buf *ret, struct fault_list *faults)
{
    struct error err = {0};
    buf_init(ret, CONFIG_FILE_MAX);
    bool fine = buf_read_unnamed(ret, path, &err);
    if (!fine) {
        fault_add(faults, path, 0, "%s", err.text);
    }
    return fine;
}

static bool is_part_name(const char *name)
{
    return name[0] != '.' && folder_name_ends(name, ".ini");
}

/* *ret holds the paths, which marks borrow. */
static void read_included(struct reader *reader, struct folder_files *ret)
{
    const char *folder = reader->config->include;
    struct error err = {0};
    if (!folder_list(folder, is_part_name, ret, &err)) {
        size_t bot = (size_t)config_section_find("bot", strlen("bot"));
        const struct config_mark *mark = config_lines_row(
            config_lines_find(&reader->lines, bot, ""), config_row_find("bot", "include"));
        fault_add(reader->faults, mark->path, mark->line, "include: %s %s", folder, err.text);
        return;
    }
    reader->included = true;
    for (size_t i = 0; i < ret->count; i++) {
        struct buf text;
        if (load_text(ret->items[i], &text, reader->faults)) {
            read_text(reader, ret->items[i], text.data == NULL ? "" : text.data, text.len);
        }
        buf_finish(&text);
    }
}

bool config_parse(const char *path, const char *text, size_t len, bool files, struct config *ret,
                  struct fault_list *faults)
{
    struct config config;
    struct folder_files included = {0};
    size_t before = faults->count + faults->dropped;
    init_at(&config, path);
    struct reader reader = {.config = &config, .lines = {.files = files}, .faults = faults};
    set_up_inih();
    read_text(&reader, path, text, len);
    if (files && config.include[0] != '\0') {
        read_included(&reader, &included);
    }
    config_complete(&config, &reader.lines);
    config_check(&config, &reader.lines, faults);
    config_lines_finish(&reader.lines);
    folder_files_finish(&included);
    if (faults->count + faults->dropped > before) {
        config_finish(&config);
        return false;
    }
    *ret = config;
    return true;
}

bool config_load(const char *path, bool files, struct config *ret, struct fault_list *faults)
{
    struct buf text;
    bool fine =
        load_text(path, &text, faults) &&
        config_parse(path, text.data == NULL ? "" : text.data, text.len, files, ret, faults);
    buf_finish(&text);
    return fine;
}
