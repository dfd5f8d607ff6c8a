#include "bot/reader/kind.h"

#include <stddef.h>
#include <string.h>

static const char *const surface_names[SURFACE_COUNT] = {
    [SURFACE_DM] = "dm",           [SURFACE_MENTION] = "mention", [SURFACE_SLASH] = "slash",
    [SURFACE_TRACKER] = "tracker", [SURFACE_AMBIENT] = "ambient",
};

static const char *const kind_names[KIND_COUNT] = {
    [KIND_VERDICT] = "verdict", [KIND_FACTS] = "facts", [KIND_NEIGHBOUR] = "neighbour",
    [KIND_UNKNOWN] = "unknown", [KIND_META] = "meta",   [KIND_SILENT] = "silent",
};

static const char *name_of(const char *const *names, size_t count, unsigned value)
{
    return value < count ? names[value] : NULL;
}

static int find(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; name && i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const char *surface_name(enum surface surface)
{
    return name_of(surface_names, SURFACE_COUNT, (unsigned)surface);
}

const char *kind_name(enum kind kind)
{
    return name_of(kind_names, KIND_COUNT, (unsigned)kind);
}

int surface_find(const char *name)
{
    return find(surface_names, SURFACE_COUNT, name);
}

int kind_find(const char *name)
{
    return find(kind_names, KIND_COUNT, name);
}
