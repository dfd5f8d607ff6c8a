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

static const char *const ask_names[ASK_COUNT] = {
    [ASK_NOTHING] = "nothing",     [ASK_CHOICE] = "choice", [ASK_WHY] = "why",
    [ASK_WHY_NOT] = "why-not",     [ASK_FLIP] = "flip",     [ASK_STRENGTHS] = "strengths",
    [ASK_COMPARE] = "compare",     [ASK_RULE] = "rule",     [ASK_SOURCE] = "source",
    [ASK_FACT] = "fact",           [ASK_TOOL] = "tool",     [ASK_BETTER] = "better",
    [ASK_NEIGHBOUR] = "neighbour", [ASK_HELLO] = "hello",   [ASK_THANKS] = "thanks",
    [ASK_HELP] = "help",           [ASK_WHO] = "who",       [ASK_RESET] = "reset",
    [ASK_NEVERMIND] = "nevermind", [ASK_RECORD] = "record",
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

const char *ask_name(enum ask_about about)
{
    return name_of(ask_names, ASK_COUNT, (unsigned)about);
}

int surface_find(const char *name)
{
    return find(surface_names, SURFACE_COUNT, name);
}

int kind_find(const char *name)
{
    return find(kind_names, KIND_COUNT, name);
}

int ask_find(const char *name)
{
    return find(ask_names, ASK_COUNT, name);
}
