#include "bot/advisor/line.h"

#include <string.h>

struct out {
    char *text;
    size_t len, cap;
    bool full;
};

static void put(struct out *out, const char *text, size_t len)
{
    if (out->full || len >= out->cap - out->len) {
        out->full = true;
        return;
    }
    memcpy(out->text + out->len, text, len);
    out->len += len;
}

static void put_number(struct out *out, size_t value, bool negative)
{
    char digits[24];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    if (negative) {
        digits[--at] = '-';
    }
    put(out, digits + at, sizeof(digits) - at);
}

static size_t bounded_length(const char *text, size_t max)
{
    const char *end = text ? memchr(text, '\0', max) : NULL;
    return !text ? 0 : end ? (size_t)(end - text) : max;
}

static void put_text(struct out *out, const char *text)
{
    put(out, text ? text : "", text ? strlen(text) : 0);
}

static void put_int(struct out *out, int value)
{
    put_number(out, value < 0 ? (size_t)0 - (size_t)value : (size_t)value, value < 0);
}

size_t text_format(char *text, size_t cap, const char *format, va_list args)
{
    struct out out = {.text = text, .cap = cap, .full = cap == 0};
    while (*format && !out.full) {
        size_t plain = strcspn(format, "%");
        put(&out, format, plain);
        format += plain;
        if (strncmp(format, "%s", 2) == 0) {
            put_text(&out, va_arg(args, const char *));
            format += 2;
        } else if (strncmp(format, "%.*s", 4) == 0) {
            int max = va_arg(args, int);
            const char *piece = va_arg(args, const char *);
            put(&out, piece ? piece : "", bounded_length(piece, max > 0 ? (size_t)max : 0));
            format += 4;
        } else if (strncmp(format, "%d", 2) == 0) {
            put_int(&out, va_arg(args, int));
            format += 2;
        } else if (strncmp(format, "%zu", 3) == 0) {
            put_number(&out, va_arg(args, size_t), false);
            format += 3;
        } else if (strncmp(format, "%%", 2) == 0) {
            put(&out, "%", 1);
            format += 2;
        } else {
            break;
        }
    }
    if (out.full) {
        return cap;
    }
    text[out.len] = '\0';
    return out.len;
}

void line_init(struct line *line)
{
    line->text[0] = '\0';
    line->len = 0;
}

__attribute__((format(printf, 3, 0))) static bool line_vadd(struct line *line, size_t limit,
                                                            const char *format, va_list args)
{
    size_t room = limit > line->len ? limit - line->len : 0;
    size_t len = text_format(line->text + line->len, room, format, args);
    if (len == room) {
        line->text[line->len] = '\0';
        return false;
    }
    line->len += len;
    return true;
}

bool line_add(struct line *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool ok = line_vadd(line, LINE_CAP, format, args);
    va_end(args);
    return ok;
}

bool line_add_within(struct line *line, size_t max, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool ok = line_vadd(line, max < LINE_CAP ? max + 1 : LINE_CAP, format, args);
    va_end(args);
    return ok;
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* A plain word is lower case throughout and has a vowel. */
static bool begins_with_plain_word(const char *text)
{
    bool vowel = false;
    size_t i = 0;
    for (; is_lower(text[i]); i++) {
        vowel |= strchr("aeiouy", text[i]) != NULL;
    }
    return vowel && (text[i] == '\0' || strchr(" ,;:.-'", text[i]) != NULL);
}

bool line_add_clause(struct line *line, const char *text, bool capital)
{
    size_t len = text ? strlen(text) : 0;
    while (len > 0 && (text[len - 1] == '.' || text[len - 1] == ' ')) {
        len--;
    }
    size_t start = line->len;
    if (len >= LINE_CAP || !line_add(line, "%.*s", (int)len, text)) {
        return false;
    }
    if (capital && len > 0 && begins_with_plain_word(text)) {
        line->text[start] = (char)(line->text[start] - 'a' + 'A');
    }
    return true;
}
