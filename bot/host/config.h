#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The configuration file: INI, read by inih. One table (config_rows) says what may be in it; it
 * drives the parser, the defaults, config.example.ini and the section "Configuration" of
 * docs/commands.md. Adding a key is one row and one field.
 *
 * Strict: unknown sections and keys, keys set twice, values out of their bounds, lines that are no
 * INI, lines over CONFIG_LINE_MAX bytes and files over CONFIG_FILE_MAX are faults, each told with
 * file and line, all at once. LF and CR LF, with or without a BOM. " ;" begins a comment within a
 * line. Not thread-safe: inih is set up through its global variables.
 */
struct buf;
struct fault_list;

enum {
    CONFIG_FILE_MAX = 256 * 1024,
    CONFIG_LINE_MAX = 4000,
    CONFIG_PATHS_MAX = 16,
};

enum config_type {
    CONFIG_TEXT,   /* char *: min to max bytes of UTF-8 without control characters */
    CONFIG_CHOICE, /* int: index into choices */
    CONFIG_PATH,   /* char *: a choice as it stands, or a path, relative to the file's directory */
    CONFIG_PATHS,  /* struct config_paths: at most max, commas between; a choice empties it */
};

enum colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

struct config_paths {
    char *items[CONFIG_PATHS_MAX];
    size_t count;
};

struct config {
    char *name;                /* what the bot calls itself */
    struct config_paths packs; /* none: look in the usual places (program.h) */
    int length;                /* enum reply_length of answers */
    int colour;                /* enum colour */
    char *history;             /* "auto", "none" or a path */
};

struct config_row {
    const char *section, *key;
    enum config_type type;
    size_t field;               /* offset in struct config */
    const char *default_text;   /* goes through the same parser as a file's value */
    const char *const *choices; /* NULL-terminated, or NULL */
    size_t min, max;            /* bytes of a text, number of paths; unused for a choice */
    const char *help;           /* one or more lines, without a final line feed */
};

const struct config_row *config_rows(size_t *ret_count);

/* "line", "short", "full", in the order of enum reply_length, NULL-terminated. */
extern const char *const config_lengths[];

/* The defaults; config_finish() frees what they hold. */
void config_init(struct config *ret);
void config_finish(struct config *config); /* a zeroed one is fine */

/* Defaults overlaid with the file. On failure *ret is untouched and faults holds at least one. */
bool config_load(const char *path, struct config *ret, struct fault_list *faults);

/*
 * The same from memory; `path` is for messages and for relative files. Any bytes: what fuzz targets
 * and tests call.
 */
bool config_parse(const char *path, const char *text, size_t len, struct config *ret,
                  struct fault_list *faults);

/* What config.example.ini holds: every key with its help, its default commented out. */
void config_example(struct buf *ret);
