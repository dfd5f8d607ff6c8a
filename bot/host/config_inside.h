#pragma once

#include "bot/base/names.h"
#include "bot/host/config.h"

/*
 * What the files of the configuration share: config.c reads, config_value.c knows what one value
 * may be, config_lines.c where each stands, config_complete.c what follows from several together,
 * config_check.c what must hold of them, config_rows.c holds the tables.
 */
struct error;

enum { CONFIG_ROW_COUNT = 115, CONFIG_SECTION_COUNT = 17 };

/* Sets a field from its text. Fails with *field as it was; never quotes what may be a secret. */
bool config_value_set(void *field, const struct config_row *row, const char *config_path,
                      const char *value, struct error *err);

/* KEY_file or KEY_env: which of the two is in `part`. */
enum secret_part { SECRET_FILE, SECRET_ENV };
bool config_value_set_secret(struct secret_source *source, const struct config_row *row,
                             enum secret_part part, const char *config_path, const char *value,
                             struct error *err);
void config_value_finish(void *field, const struct config_row *row);

/* ---- config_lines.c: where things stand, for who has to say more than "somewhere" ---- */

struct config_mark {
    const char *path; /* borrowed */
    int line;         /* 0: not there */
};

/* Of one instance of a section. */
struct config_place {
    size_t instance;
    struct config_mark section;
    struct config_mark rows[]; /* of the section's rows, in the table's order */
};

struct config_lines {
    struct config_instances {
        struct config_place **items; /* owned; by instance */
        size_t count, cap;
        struct names by_label;
    } sections[CONFIG_SECTION_COUNT]; /* those that are there */
    bool files;                       /* config_load() */
};

void config_lines_finish(struct config_lines *lines);

/* NULL: it is not there yet. label "" for a section without one. */
struct config_place *config_lines_find(const struct config_lines *lines, size_t section,
                                       const char *label);

/* The next instance of a section; the label is borrowed for as long as the lines live. */
struct config_place *config_lines_add(struct config_lines *lines, size_t section,
                                      const char *label);

struct config_mark *config_lines_row(struct config_place *place, const struct config_row *row);

/*
 * A name, an IPv4 address or a bracketed IPv6 one, as far as it can be told without asking;
 * with_port: a port may follow.
 */
bool config_is_host(const char *text, size_t len, bool with_port);

/* Fills in what depends on other keys; then what is wrong with the whole. */
void config_complete(struct config *config, const struct config_lines *lines);
void config_check(const struct config *config, const struct config_lines *lines,
                  struct fault_list *faults);

/* The instance's struct: what the fields of the section's rows are relative to. */
void *config_item(const struct config *config, const struct config_section *section,
                  size_t instance);

/* Room for one more instance, zeroed but for its label, which is taken; its number. */
size_t config_append(struct config *config, const struct config_section *section, char *label);

size_t config_count(const struct config *config, const struct config_section *section);

/* -1, NULL when there is none. */
int config_section_find(const char *name, size_t len);
const struct config_row *config_row_find(const char *section, const char *key);

/* Rows of one section stand together: the first, and how many. */
const struct config_row *config_rows_of(const char *section, size_t *ret_count);
