#include "knowledge/jsonpos.h"

#include <string.h>

#include "bot/base/mem.h"

struct scan {
    struct jsonpos *pos;
    const char *text;
    size_t len, at;
    int line;
    size_t depth;
    struct {
        uint32_t value;
        bool is_object;
    } open[JSONPOS_DEPTH_MAX];
    bool wants_key;
    int key_line; /* of the key that was just read, 0 when the next value has none */
};

static uint32_t add_value(struct scan *scan)
{
    struct jsonpos *pos = scan->pos;
    if (pos->count == pos->cap) {
        pos->cap = pos->cap == 0 ? 256 : pos->cap * 2;
        pos->values = mem_grow(pos->values, pos->cap, sizeof(*pos->values));
    }
    uint32_t value = (uint32_t)pos->count++;
    pos->values[value] = (struct jsonpos_value){
        .line = scan->line,
        .key_line = scan->key_line != 0 ? scan->key_line : scan->line,
        .next = value + 1,
    };
    scan->key_line = 0;
    return value;
}

static bool open_container(struct scan *scan, bool is_object)
{
    if (scan->depth == JSONPOS_DEPTH_MAX) {
        return false;
    }
    scan->open[scan->depth].value = add_value(scan);
    scan->open[scan->depth].is_object = is_object;
    scan->depth++;
    scan->wants_key = is_object;
    scan->at++;
    return true;
}

static void close_container(struct scan *scan)
{
    scan->wants_key = false;
    scan->key_line = 0;
    if (scan->depth > 0) {
        scan->depth--;
        scan->pos->values[scan->open[scan->depth].value].next = (uint32_t)scan->pos->count;
    }
}

static void skip_string(struct scan *scan)
{
    for (scan->at++; scan->at < scan->len; scan->at++) {
        char c = scan->text[scan->at];
        if (c == '"') {
            scan->at++;
            return;
        }
        /* A raw line break is not JSON, but the lines after it should still be right. */
        scan->line += c == '\n';
        scan->at += c == '\\';
    }
    scan->at = scan->len;
}

static void read_string(struct scan *scan)
{
    if (scan->wants_key) {
        scan->key_line = scan->line;
        scan->wants_key = false;
    } else {
        add_value(scan);
    }
    skip_string(scan);
}

static void read_scalar(struct scan *scan)
{
    add_value(scan);
    while (scan->at < scan->len && strchr(" \t\r\n,:\"[]{}", scan->text[scan->at]) == NULL) {
        scan->at++;
    }
}

static void read_mark(struct scan *scan, char mark)
{
    if (mark == '}' || mark == ']') {
        close_container(scan);
    } else if (mark == ',') {
        scan->wants_key = scan->depth > 0 && scan->open[scan->depth - 1].is_object;
    } else if (mark == '\n') {
        scan->line++;
    }
    scan->at++;
}

static bool scan_next(struct scan *scan)
{
    char c = scan->text[scan->at];
    if (c == '{' || c == '[') {
        return open_container(scan, c == '{');
    }
    if (c == '"') {
        read_string(scan);
    } else if (c == '\0' || strchr(" \t\r\n,:]}", c) != NULL) {
        read_mark(scan, c);
    } else {
        read_scalar(scan);
    }
    return true;
}

bool jsonpos_scan(struct jsonpos *pos, const char *text, size_t len, int *ret_line)
{
    *pos = (struct jsonpos){0};
    struct scan scan = {.pos = pos, .text = text, .len = len, .line = 1};
    while (scan.at < len) {
        if (!scan_next(&scan)) {
            *ret_line = scan.line;
            return false;
        }
    }
    while (scan.depth > 0) {
        close_container(&scan);
    }
    return true;
}

void jsonpos_finish(struct jsonpos *pos)
{
    mem_free(pos->values);
    *pos = (struct jsonpos){0};
}

int jsonpos_line(const struct jsonpos *pos, size_t value)
{
    return value < pos->count ? pos->values[value].line : 0;
}

int jsonpos_key_line(const struct jsonpos *pos, size_t value)
{
    return value < pos->count ? pos->values[value].key_line : 0;
}

size_t jsonpos_next(const struct jsonpos *pos, size_t value)
{
    return value < pos->count ? pos->values[value].next : pos->count;
}
