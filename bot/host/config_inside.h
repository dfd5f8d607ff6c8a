#pragma once

#include "bot/host/config.h"

/*
 * What the files of the configuration share: config.c reads, config_value.c knows what one value
 * may be, config_check.c what must hold of several together, config_rows.c holds the tables.
 */
struct error;

enum { CONFIG_ROW_COUNT = 113, CONFIG_SECTION_COUNT = 17 };

/* Sets a field from its text. Fails with *field as it was; never quotes what may be a secret. */
bool config_value_set(void *field, const struct config_row *row, const char *config_path,
                      const char *value, struct error *err);

/* KEY_file or KEY_env: which of the two is in `part`. */
enum secret_part { SECRET_FILE, SECRET_ENV };
bool config_value_set_secret(struct secret_source *source, const struct config_row *row,
                             enum secret_part part, const char *config_path, const char *value,
                             struct error *err);
void config_value_finish(void *field, const struct config_row *row);

/* Where things stand in a file: what a consistency check needs to say more than "somewhere". */
struct config_lines {
    const char *path;
    /* by section or row and instance; 0: not there */
    int sections[CONFIG_SECTION_COUNT][CONFIG_INSTANCES_MAX];
    int rows[CONFIG_ROW_COUNT][CONFIG_INSTANCES_MAX];
    bool files;
};

/* Fills in what depends on other keys; then what is wrong with the whole. */
void config_complete(struct config *config, const struct config_lines *lines);
void config_check(struct config *config, const struct config_lines *lines,
                  struct fault_list *faults);

/* The instance's struct: what the fields of the section's rows are relative to. */
void *config_item(struct config *config, const struct config_section *section, size_t instance);
size_t config_count(const struct config *config, const struct config_section *section);

/* -1 when there is none. */
int config_section_find(const char *name, size_t len);
int config_row_find(const char *section, const char *key);
