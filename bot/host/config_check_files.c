#include <stdio.h>
#include <string.h>

#include "bot/base/error.h"
#include "bot/base/file.h"
#include "bot/base/mem.h"
#include "bot/host/config_check.h"
#include "bot/host/config_inside.h"
#include "bot/host/secret.h"

enum { PEM_BYTES_MAX = 16 * 1024 * 1024 }; /* Debian's authorities together have 0.2 MiB */

static const char certificate[] = "CERTIFICATE", private_key[] = "PRIVATE KEY";

/* What each file is for; the label of its kind of PEM, and what people call it. */
static const struct {
    const char *key, *label, *called;
} kinds[] = {{"ca_file", certificate, "certificate"},
             {"cert_file", certificate, "certificate"},
             {"key_file", private_key, "private key"}};

static void check_secret(const struct config_checked *place, const struct secret_source *source,
                         const struct config_row *row)
{
    struct secret secret = {0};
    struct error err = {0};
    char what[80];
    snprintf(what, sizeof(what), "[%s] %s", place->name, row->key);
    if (secret_configured(source) && !secret_load(source, what, &secret, &err)) {
        const struct config_mark *mark = config_lines_row(place->stands, row);
        fault_add(place->faults, mark->path, mark->line, "%s", err.text);
    }
    secret_finish(&secret);
}

/* Where a text is in the bytes; their end, where it is not. */
static const char *find(const char *at, const char *end, const char *text)
{
    size_t len = strlen(text);
    for (; at != end && (size_t)(end - at) >= len; at++) {
        if (memcmp(at, text, len) == 0) {
            return at;
        }
    }
    return end;
}

/* "-----BEGIN EC PRIVATE KEY-----" (RFC 7468): of several words the last ones tell the kind. */
static bool holds(const struct file_map *file, const char *label)
{
    static const char begin[] = "-----BEGIN ", dashes[] = "-----";
    /* Of an empty one nothing is mapped. */
    const char *end = file->size == 0 ? NULL : file->bytes + file->size;
    size_t len = strlen(label);
    for (const char *at = find(file->bytes, end, begin); at != end; at = find(at, end, begin)) {
        at += strlen(begin);
        const char *close = find(at, end, dashes);
        if (close != end && (size_t)(close - at) >= len && memcmp(close - len, label, len) == 0) {
            return true;
        }
    }
    return false;
}

static void check_file(const struct config_checked *place, const char *path, const char *key)
{
    struct error err = {0}, cause = {0}, open = {0};
    struct file_map file;
    if (!file_map(path, PEM_BYTES_MAX, &file, &cause)) {
        error_set(&err, cause.code, "%s: %s %s", key, path, cause.text);
        config_fault(place, key, err.text);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].key, key) == 0 && !holds(&file, kinds[i].label)) {
            error_set(&err, ERROR_INPUT, "%s: %s holds no %s in PEM (-----BEGIN %s-----)", key,
                      path, kinds[i].called, kinds[i].label);
            config_fault(place, key, err.text);
        }
    }
    if (holds(&file, private_key) && !secret_check_mode(path, key, &open)) {
        config_fault(place, key, open.text);
    }
    file_unmap(&file);
}

void config_check_holds_key(const struct config_checked *place, const char *key, const char *path)
{
    struct file_map file;
    if (!file_map(path, PEM_BYTES_MAX, &file, NULL)) {
        return;
    }
    if (!holds(&file, private_key)) {
        struct error err = {0};
        error_set(&err, ERROR_INPUT, "%s: %s holds no private key, and there is no key_file", key,
                  path);
        config_fault(place, key, err.text);
    }
    file_unmap(&file);
}

void config_check_files(const struct config *config, const struct config_section *section,
                        const struct config_checked *place)
{
    size_t row_count;
    const struct config_row *rows = config_rows_of(section->name, &row_count);
    const char *item = config_item(config, section, place->instance);
    for (size_t r = 0; r < row_count; r++) {
        const void *field = item + rows[r].field;
        const char *path = rows[r].type == CONFIG_FILE ? *(char *const *)field : "";
        if (rows[r].type == CONFIG_SECRET) {
            check_secret(place, field, &rows[r]);
        } else if (path[0] != '\0') {
            check_file(place, path, rows[r].key);
        }
    }
}
