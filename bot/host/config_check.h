#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * What must hold of a configuration, for config_check*.c alone: the sections that are there, one at
 * a time, and where faults of one go.
 */
struct config;
struct config_lines;
struct config_mark;
struct config_place;
struct config_section;
struct fault_list;

/* All borrowed. */
struct config_checked {
    struct config_place *stands;
    const struct config_lines *lines;
    struct fault_list *faults;
    const char *name;
    size_t instance;
    bool files; /* config_load(): what it names is looked at, too */
};

const struct config_mark *config_checked_mark(const struct config_checked *place, const char *key);

/* In the key's line; in the section's, where the key is not there. */
void config_fault(const struct config_checked *place, const char *key, const char *text);

/*
 * Each secret can be had, each file is there and holds what its key promises, and one that holds a
 * private key is guarded like a secret.
 */
void config_check_files(const struct config *config, const struct config_section *section,
                        const struct config_checked *place);

/* One that has to hold a private key besides; where it cannot be read, that is a fault already. */
void config_check_holds_key(const struct config_checked *place, const char *key, const char *path);
