#include "bot/host/config.h"

#include <stdio.h>
#include <string.h>

#include <ini.h>

#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"

const char *const config_lengths[] = {"line", "short", "full", NULL};
_Static_assert(LENGTH_LINE == 0 && LENGTH_SHORT == 1 && LENGTH_FULL == 2, "config_lengths");

static const char *const colours[] = {"auto", "always", "never", NULL};
_Static_assert(COLOUR_AUTO == 0 && COLOUR_ALWAYS == 1 && COLOUR_NEVER == 2, "colours");

static const char *const pack_words[] = {"auto", NULL};
static const char *const history_words[] = {"auto", "none", NULL};

static const struct config_row rows[] = {
    {"bot", "name", CONFIG_TEXT, offsetof(struct config, name), "whether", NULL, 1, 40,
     "What the bot calls itself: the prompt of a conversation in the terminal."},
    {"bot", "packs", CONFIG_PATHS, offsetof(struct config, packs), "auto", pack_words, 1,
     CONFIG_PATHS_MAX,
     "The knowledge packs: files or directories, separated by commas. auto: those named in\n"
     "$WHETHER_PACKS, else ./knowledge, else the installed ones."},
    {"bot", "length", CONFIG_CHOICE, offsetof(struct config, length), "short", config_lengths, 0, 0,
     "How long answers are: line, short or full."},
    {"bot", "colour", CONFIG_CHOICE, offsetof(struct config, colour), "auto", colours, 0, 0,
     "Colours in answers: auto (on a terminal, unless $NO_COLOR is set), always or never."},
    {"bot", "history", CONFIG_PATH, offsetof(struct config, history), "auto", history_words, 0, 0,
     "Where the lines typed in a conversation are kept: a file, or none. auto:\n"
     "whether/history in $XDG_STATE_HOME or ~/.local/state."},
};

/* The state of reading one file. */
struct reader {
    const char *path;
    const char *text; /* what is left */
    size_t len;
    int line;
    bool expects; /* the line handed to inih last should have given a key */
    bool headed;  /* a [section] was seen */
    bool known;   /* the section we are in is in the table */
    struct config *config;
    int seen[ARRAY_LEN(rows)]; /* line in which a row was set, 0 = not yet */
    struct fault_list *faults;
};

const struct config_row *config_rows(size_t *ret_count)
{
    *ret_count = ARRAY_LEN(rows);
    return rows;
}

static void *field_of(struct config *config, const struct config_row *row)
{
    return (char *)config + row->field;
}

static int choice_find(const char *const *choices, const char *value)
{
    for (int i = 0; choices != NULL && choices[i] != NULL; i++) {
        if (strcmp(choices[i], value) == 0) {
            return i;
        }
    }
    return -1;
}

static void join_choices(const char *const *choices, struct buf *ret)
{
    for (size_t i = 0; choices[i] != NULL; i++) {
        const char *before = i == 0 ? "" : choices[i + 1] == NULL ? " or " : ", ";
        buf_printf(ret, "%s%s", before, choices[i]);
    }
}

static bool printable(const char *value)
{
    size_t len = strlen(value);
    for (size_t at = 0; at < len;) {
        size_t size = utf8_length(value + at, len - at);
        unsigned char first = (unsigned char)value[at], second = (unsigned char)value[at + 1];
        bool control = first < 0x20 || first == 0x7f || (first == 0xc2 && second < 0xa0);
        if (size == 0 || control) {
            return false;
        }
        at += size;
    }
    return true;
}

static bool set_text(void *field, const struct config_row *row, const char *value,
                     struct error *err)
{
    size_t len = strlen(value);
    if (len < row->min || len > row->max) {
        return error_set(err, ERROR_INPUT, "%s takes %zu to %zu bytes, not %zu", row->key, row->min,
                         row->max, len);
    }
    if (!printable(value)) {
        return error_set(err, ERROR_INPUT, "%s must be UTF-8 without control characters", row->key);
    }
    char **text = field;
    mem_free(*text);
    *text = mem_strdup(value);
    return true;
}

static bool set_choice(void *field, const struct config_row *row, const char *value,
                       struct error *err)
{
    int choice = choice_find(row->choices, value);
    if (choice >= 0) {
        *(int *)field = choice;
        return true;
    }
    struct buf list;
    buf_init(&list, 200);
    join_choices(row->choices, &list);
    error_set(err, ERROR_INPUT, "%s is %s, not \"%.60s\"", row->key, list.data, value);
    buf_finish(&list);
    return false;
}

/* Owned by the caller. Paths are bytes to us, as they are to the kernel. */
static char *resolve(const char *config_path, const char *value, size_t len)
{
    const char *slash = config_path == NULL ? NULL : strrchr(config_path, '/');
    if (value[0] == '/' || slash == NULL) {
        return mem_strndup(value, len);
    }
    size_t dir_len = (size_t)(slash - config_path) + 1;
    char *path = mem_alloc(dir_len + len + 1);
    memcpy(path, config_path, dir_len);
    memcpy(path + dir_len, value, len);
    return path;
}

static bool set_path(void *field, const struct config_row *row, const char *config_path,
                     const char *value, struct error *err)
{
    char **path = field;
    if (value[0] == '\0') {
        return error_set(err, ERROR_INPUT, "%s has no value", row->key);
    }
    bool word = choice_find(row->choices, value) >= 0;
    mem_free(*path);
    *path = word ? mem_strdup(value) : resolve(config_path, value, strlen(value));
    return true;
}

static void free_paths(struct config_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        mem_free(paths->items[i]);
    }
    *paths = (struct config_paths){0};
}

static bool split_paths(struct config_paths *ret, const struct config_row *row,
                        const char *config_path, const char *value, struct error *err)
{
    for (const char *at = value;;) {
        at += strspn(at, " \t");
        size_t field_len = strcspn(at, ",");
        size_t len = field_len;
        while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t')) {
            len--;
        }
        if (len == 0) {
            return error_set(err, ERROR_INPUT, "%s has an empty place in its list", row->key);
        }
        if (ret->count == row->max || ret->count == CONFIG_PATHS_MAX) {
            return error_set(err, ERROR_INPUT, "%s names more than %zu paths", row->key, row->max);
        }
        ret->items[ret->count++] = resolve(config_path, at, len);
        if (at[field_len] == '\0') {
            return true;
        }
        at += field_len + 1;
    }
}

static bool set_paths(void *field, const struct config_row *row, const char *config_path,
                      const char *value, struct error *err)
{
    struct config_paths paths = {0};
    if (choice_find(row->choices, value) < 0 &&
        !split_paths(&paths, row, config_path, value, err)) {
        free_paths(&paths);
        return false;
    }
    free_paths(field);
    *(struct config_paths *)field = paths;
    return true;
}

static bool set_row(struct config *config, const struct config_row *row, const char *config_path,
                    const char *value, struct error *err)
{
    void *field = field_of(config, row);
    switch (row->type) {
    case CONFIG_TEXT:
        return set_text(field, row, value, err);
    case CONFIG_CHOICE:
        return set_choice(field, row, value, err);
    case CONFIG_PATH:
        return set_path(field, row, config_path, value, err);
    case CONFIG_PATHS:
        return set_paths(field, row, config_path, value, err);
    }
    return false;
}

void config_init(struct config *ret)
{
    *ret = (struct config){0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        set_row(ret, &rows[i], NULL, rows[i].default_text, NULL);
    }
}

void config_finish(struct config *config)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        void *field = field_of(config, &rows[i]);
        if (rows[i].type == CONFIG_PATHS) {
            free_paths(field);
        } else if (rows[i].type != CONFIG_CHOICE) {
            mem_free(*(char **)field);
        }
    }
    *config = (struct config){0};
}

static void fault_unknown(struct reader *reader, const char *what, struct nearest *nearest)
{
    fault_add(reader->faults, reader->path, reader->line, "unknown %s \"%.60s\"%s", what,
              nearest->wanted, nearest_hint(nearest));
}

static int row_find(const char *section, const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].section, section) == 0 && strcmp(rows[i].key, key) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static void fault_key(struct reader *reader, const char *section, const char *key)
{
    struct nearest nearest;
    nearest_init(&nearest, key);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].section, section) == 0) {
            nearest_offer(&nearest, rows[i].key);
        }
    }
    fault_unknown(reader, "key", &nearest);
}

/* inih: one key and value. Always 1: faults are ours to collect, inih would keep only the first. */
static int on_value(void *user, const char *section, const char *key, const char *value)
{
    struct reader *reader = user;
    reader->expects = false;
    if (!reader->headed) {
        fault_add(reader->faults, reader->path, reader->line,
                  "\"%.60s\" stands before the first [section]", key);
        return 1;
    }
    if (!reader->known) {
        return 1;
    }
    int row = row_find(section, key);
    if (row < 0) {
        fault_key(reader, section, key);
        return 1;
    }
    if (reader->seen[row] != 0) {
        fault_add(reader->faults, reader->path, reader->line, "%s is set already in line %d", key,
                  reader->seen[row]);
        return 1;
    }
    reader->seen[row] = reader->line;
    struct error err = {0};
    if (!set_row(reader->config, &rows[row], reader->path, value, &err)) {
        fault_add(reader->faults, reader->path, reader->line, "%s", err.text);
    }
    return 1;
}

static void check_section(struct reader *reader, const char *name)
{
    struct nearest nearest;
    nearest_init(&nearest, name);
    reader->known = false;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        reader->known = reader->known || strcmp(rows[i].section, name) == 0;
        nearest_offer(&nearest, rows[i].section);
    }
    if (!reader->known) {
        fault_unknown(reader, "section", &nearest);
    }
}

/* inih tells of a section only with its first key, and passes over what follows the bracket. */
static void check_header(struct reader *reader, const char *line)
{
    const char *end = strchr(line, ']');
    char name[64];
    reader->headed = true;
    if (end == NULL) {
        reader->known = false;
        fault_add(reader->faults, reader->path, reader->line, "this [section] lacks its ]");
        return;
    }
    const char *rest = end + 1 + strspn(end + 1, " \t");
    if (*rest != '\0' && *rest != ';' && *rest != '#') {
        fault_add(reader->faults, reader->path, reader->line,
                  "\"%.60s\" follows the section's name", rest);
    }
    snprintf(name, sizeof(name), "%.*s", (int)(end - line - 1), line + 1);
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

bool config_parse(const char *path, const char *text, size_t len, struct config *ret,
                  struct fault_list *faults)
{
    struct config config;
    size_t before = faults->count + faults->dropped;
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        len -= 3;
    }
    config_init(&config);
    struct reader reader = {
        .path = path, .text = text, .len = len, .config = &config, .faults = faults};
    set_up_inih();
    if (ini_parse_stream(on_read, &reader, on_value, &reader) == -2) {
        fault_add(faults, path, 0, "not enough memory to read it");
    }
    if (faults->count + faults->dropped > before) {
        config_finish(&config);
        return false;
    }
    *ret = config;
    return true;
}

bool config_load(const char *path, struct config *ret, struct fault_list *faults)
{
    struct buf text;
    struct error err = {0};
    buf_init(&text, CONFIG_FILE_MAX);
    bool fine = buf_read_unnamed(&text, path, &err);
    if (!fine) {
        fault_add(faults, path, 0, "%s", err.text);
    } else {
        fine = config_parse(path, text.data == NULL ? "" : text.data, text.len, ret, faults);
    }
    buf_finish(&text);
    return fine;
}

static void put_help(struct buf *ret, const char *help)
{
    while (*help != '\0') {
        size_t len = strcspn(help, "\n");
        buf_printf(ret, "# %.*s\n", (int)len, help);
        help += len;
        help += *help == '\n';
    }
}

void config_example(struct buf *ret)
{
    const char *section = "";
    buf_puts(
        ret,
        "# Configuration of whether: use it with -c FILE. Every key is shown with its default.\n"
        "# This file is what `whether check --example` prints. Relative files are relative to "
        "it.\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(section, rows[i].section) != 0) {
            section = rows[i].section;
            buf_printf(ret, "\n[%s]\n", section);
        }
        buf_putc(ret, '\n');
        put_help(ret, rows[i].help);
        buf_printf(ret, "#%s = %s\n", rows[i].key, rows[i].default_text);
    }
}
