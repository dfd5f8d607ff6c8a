#include "bot/base/error.h"

#include <stdio.h>
#include <string.h>

#include "bot/base/mem.h"
#include "bot/base/utf8.h"

enum { FAULT_TEXT_MAX = 1000 };

static bool is_control(const char *text, size_t len)
{
    unsigned char first = (unsigned char)text[0];
    if (len == 2) {
        return first == 0xC2 && (unsigned char)text[1] < 0xA0; /* C1: terminals obey them too */
    }
    return len == 1 && (first < 0x20 || first == 0x7F);
}

/* Makes one line of valid UTF-8. A sequence that truncation broke is dropped, not marked. */
static void make_printable(char *text, bool truncated)
{
    size_t len = strlen(text), from = 0, to = 0;
    while (from < len) {
        size_t step = utf8_length(text + from, len - from);
        if (step == 0 && truncated && len - from < 4 && (text[from] & 0xC0) == 0xC0) {
            break;
        }
        if (step == 0 || is_control(text + from, step)) {
            text[to++] = '?';
            from += step == 0 ? 1 : step;
            continue;
        }
        memmove(text + to, text + from, step);
        from += step;
        to += step;
    }
    text[to] = '\0';
}

__attribute__((format(printf, 3, 0))) static void format_line(char *text, size_t size,
                                                              const char *format, va_list args)
{
    int wanted = vsnprintf(text, size, format, args);
    if (wanted < 0) {
        text[0] = '\0';
        return;
    }
    make_printable(text, (size_t)wanted >= size);
}

static bool is_settable(const struct error *err)
{
    return err != NULL && err->code == ERROR_NONE;
}

bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
    if (!is_settable(err)) {
        return false;
    }
    va_list args;
    va_start(args, format);
    format_line(err->text, sizeof(err->text), format, args);
    va_end(args);
    err->code = code;
    return false;
}

bool error_errno(struct error *err, int errno_value, const char *format, ...)
{
    if (!is_settable(err)) {
        return false;
    }
    char reason[96];
    if (strerror_r(errno_value, reason, sizeof(reason)) != 0) {
        snprintf(reason, sizeof(reason), "error %d", errno_value);
    }
    char text[sizeof(err->text)];
    va_list args;
    va_start(args, format);
    format_line(text, sizeof(text) - strlen(reason) - strlen(": "), format, args);
    va_end(args);
    return error_set(err, ERROR_ENVIRONMENT, "%s: %s", text, reason);
}

void fault_add(struct fault_list *list, const char *file, int line, const char *format, ...)
{
    if (fault_full(list)) {
        list->dropped++;
        return;
    }
    if (list->count == list->cap) {
        list->cap = list->cap == 0 ? 8 : list->cap * 2;
        list->items = mem_grow(list->items, list->cap, sizeof(*list->items));
    }
    char text[FAULT_TEXT_MAX + 1];
    va_list args;
    va_start(args, format);
    format_line(text, sizeof(text), format, args);
    va_end(args);
    struct fault fault = {.file = mem_strdup(file), .line = line, .text = mem_strdup(text)};
    make_printable(fault.file, false);
    list->items[list->count++] = fault;
}

bool fault_full(const struct fault_list *list)
{
    return list->count >= FAULTS_MAX;
}

void fault_finish(struct fault_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        mem_free(list->items[i].file);
        mem_free(list->items[i].text);
    }
    mem_free(list->items);
    *list = (struct fault_list){0};
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, replacements, swaps; both texts at most NEAREST_LEN_MAX long. */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][NEAREST_LEN_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++) {
        above[j] = j;
        before[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t differs = a[i - 1] != b[j - 1];
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + differs);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
        size_t *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[b_len];
}

void nearest_init(struct nearest *nearest, const char *wanted)
{
    *nearest = (struct nearest){.wanted = wanted, .distance = 4};
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
    if (candidate == NULL) {
        return;
    }
    size_t wanted_len = strnlen(nearest->wanted, NEAREST_LEN_MAX + 1);
    size_t len = strnlen(candidate, NEAREST_LEN_MAX + 1);
    if (wanted_len > NEAREST_LEN_MAX || len > NEAREST_LEN_MAX) {
        return;
    }
    size_t distance = edit_distance(nearest->wanted, wanted_len, candidate, len);
    size_t shorter = least(wanted_len, len);
    /* About a quarter may be wrong: "sumary" is near "summary", "cat" is not near "url". */
    if (distance < nearest->distance && distance < shorter && distance <= 1 + shorter / 4) {
        nearest->distance = distance;
        nearest->best = candidate;
    }
}

const char *nearest_hint(struct nearest *nearest)
{
    nearest->hint[0] = '\0';
    if (nearest->best != NULL) {
        snprintf(nearest->hint, sizeof(nearest->hint), "; did you mean \"%s\"?", nearest->best);
    }
    return nearest->hint;
}
