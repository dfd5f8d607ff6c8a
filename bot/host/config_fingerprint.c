#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/hash.h"
#include "bot/host/config_inside.h"

enum { FILE_MAX = 256 * 1024 };

static uint64_t mix(uint64_t hash, const char *bytes, size_t len)
{
    const uint64_t both[] = {hash, hash_bytes(bytes, len)};
    return hash_bytes((const char *)both, sizeof(both));
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
    return text == NULL ? mix(hash, "\xff", 1) : mix(hash, text, strlen(text));
}

static uint64_t mix_secret(uint64_t hash, const struct secret_source *source)
{
    struct secret secret = {0};
    if (secret_configured(source) && secret_load(source, "", &secret, NULL)) {
        for (size_t i = 0; i < secret.count; i++) {
            hash = mix_text(hash, secret.items[i]);
        }
    }
    secret_finish(&secret);
    return mix_text(mix_text(hash, source->file), source->env);
}

static uint64_t mix_file(uint64_t hash, const char *path)
{
    struct buf bytes;
    buf_init(&bytes, FILE_MAX);
    if (path[0] != '\0' && buf_read_file(&bytes, path, NULL)) {
        hash = mix(hash, bytes.data, bytes.len);
    }
    buf_finish(&bytes);
    return mix_text(hash, path);
}

static uint64_t mix_value(uint64_t hash, const void *field, const struct config_row *row)
{
    const struct config_paths *paths = field;
    switch (row->type) {
    case CONFIG_NUMBER:
    case CONFIG_CHOICE:
        return mix(hash, field, sizeof(int));
    case CONFIG_PATHS:
        for (size_t i = 0; i < paths->count; i++) {
            hash = mix_text(hash, paths->items[i]);
        }
        return hash;
    case CONFIG_SECRET:
        return mix_secret(hash, field);
    case CONFIG_FILE:
        return mix_file(hash, *(char *const *)field);
    case CONFIG_TEXT:
    case CONFIG_PATH:
    case CONFIG_ADDRESS:
    case CONFIG_URL:
        break;
    }
    return mix_text(hash, *(char *const *)field);
}

const char *config_label(const struct config *config, const char *name, size_t instance)
{
    size_t count;
    const struct config_section *section =
        config_sections(&count) + config_section_find(name, strlen(name));
    /* Its first field. */
    return section->labels == LABELS_NONE ? ""
                                          : *(char *const *)config_item(config, section, instance);
}

uint64_t config_fingerprint(const struct config *config, const char *name, size_t instance)
{
    size_t section_count, row_count;
    const struct config_section *section =
        config_sections(&section_count) + config_section_find(name, strlen(name));
    const struct config_row *rows = config_rows_of(name, &row_count);
    const char *item = config_item(config, section, instance);
    uint64_t hash = mix_text(mix_text(1, name), config->name);
    for (size_t r = 0; r < row_count; r++) {
        hash = mix_value(hash, item + rows[r].field, &rows[r]);
    }
    return hash;
}
