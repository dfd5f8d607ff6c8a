#include "tests/unit/htmlcheck.h"

#include <string.h>

#include "bot/base/utf8.h"

enum { DEPTH_MAX = 64, NAME_MAX_BYTES = 24 };

struct walk {
    const char *text;
    size_t len, at;
    char open[DEPTH_MAX][NAME_MAX_BYTES];
    size_t depth, scripts;
};

static bool in_list(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at += len) {
        if (len > 0 && at[-1] == ' ' && at[len] == ' ') {
            return true;
        }
    }
    return false;
}

static const char tags[] =
    " a article b blockquote body button circle cite code del details div figcaption figure footer "
    "form g h1 h2 head header html input label li link main mark meta nav ol p path pre rect "
    "script section span strong summary svg table tbody td textarea th thead title tr ul ";
static const char voids[] = " circle input link meta path rect ";
static const char attributes[] =
    " action aria-pressed aria-current aria-describedby aria-hidden aria-label aria-labelledby "
    "autocomplete "
    "charset class content cx cy d defer height href id lang maxlength method name placeholder "
    "preserveAspectRatio r rel role rows rx scope src tabindex title type value viewBox width x y "
    "for ";

static bool eat(struct walk *walk, const char *what)
{
    size_t len = strlen(what);
    bool there = walk->len - walk->at >= len && memcmp(walk->text + walk->at, what, len) == 0;
    walk->at += there ? len : 0;
    return there;
}

static bool eat_name(struct walk *walk, char ret[NAME_MAX_BYTES])
{
    size_t len = 0;
    while (walk->at < walk->len && len + 1 < NAME_MAX_BYTES &&
           strchr(" >=/\"", walk->text[walk->at]) == NULL) {
        ret[len++] = walk->text[walk->at++];
    }
    ret[len] = '\0';
    return len > 0;
}

/* Text up to any of the bytes in `until`: characters and entities. */
static bool eat_text(struct walk *walk, const char *until)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    while (walk->at < walk->len && strchr(until, walk->text[walk->at]) == NULL) {
        const char *at = walk->text + walk->at;
        size_t step = utf8_length(at, walk->len - walk->at);
        unsigned char c = (unsigned char)*at;
        if (step == 0 || (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || c == '>') {
            return false;
        }
        if (c != '&') {
            walk->at += step;
            continue;
        }
        size_t i = 0;
        while (i < sizeof(entities) / sizeof(entities[0]) && !eat(walk, entities[i])) {
            i++;
        }
        if (i == sizeof(entities) / sizeof(entities[0])) {
            return false;
        }
    }
    return true;
}

static bool eat_attribute(struct walk *walk)
{
    char name[NAME_MAX_BYTES] = {0};
    if (!eat_name(walk, name) || !in_list(attributes, name)) {
        return false;
    }
    return !eat(walk, "=") || (eat(walk, "\"") && eat_text(walk, "\"<") && eat(walk, "\""));
}

static bool eat_tag(struct walk *walk)
{
    char name[NAME_MAX_BYTES] = {0};
    bool closes = eat(walk, "/");
    if (!eat_name(walk, name) || !in_list(tags, name)) {
        return false;
    }
    if (closes) {
        return walk->depth > 0 && strcmp(walk->open[--walk->depth], name) == 0 && eat(walk, ">");
    }
    walk->scripts += strcmp(name, "script") == 0;
    while (eat(walk, " ")) {
        if (!eat_attribute(walk)) {
            return false;
        }
    }
    eat(walk, "/");
    if (!in_list(voids, name)) {
        if (walk->depth == DEPTH_MAX) {
            return false;
        }
        memcpy(walk->open[walk->depth++], name, NAME_MAX_BYTES);
    }
    return eat(walk, ">");
}

bool html_fine(const char *text, size_t len, size_t *ret_at)
{
    struct walk walk = {.text = text, .len = len};
    bool fine = eat(&walk, "<!doctype html>");
    while (fine && walk.at < len) {
        fine = eat_text(&walk, "<") && (walk.at == len || (eat(&walk, "<") && eat_tag(&walk)));
    }
    *ret_at = walk.at;
    return fine && walk.depth == 0 && walk.scripts == 1;
}
