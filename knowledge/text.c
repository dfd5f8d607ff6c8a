#include "knowledge/text.h"

#include <string.h>

#include "bot/base/utf8.h"

bool text_is_blank(const char *text)
{
    return text[strspn(text, " \t\n")] == '\0';
}

static bool is_between(const char *at, const char *first, const char *last)
{
    return memcmp(at, first, 3) >= 0 && memcmp(at, last, 3) <= 0;
}

/* U+2028 to U+202E and U+2066 to U+2069: separators, embeddings, overrides, isolates. */
static bool is_layout_mark(const char *at)
{
    return is_between(at, "\xE2\x80\xA8", "\xE2\x80\xAE") ||
           is_between(at, "\xE2\x81\xA6", "\xE2\x81\xA9");
}

static bool is_control(const char *at, size_t step, bool lines)
{
    unsigned char first = (unsigned char)at[0];
    if (step == 1) {
        return (first < 0x20 && !(lines && (first == '\n' || first == '\t'))) || first == 0x7F;
    }
    return (step == 2 && first == 0xC2 && (unsigned char)at[1] < 0xA0) ||
           (step == 3 && is_layout_mark(at));
}

bool text_has_control(const char *text, bool lines)
{
    size_t len = strlen(text), step;
    for (; len > 0; text += step, len -= step) {
        step = utf8_length(text, len);
        if (step == 0 || is_control(text, step, lines)) {
            return true;
        }
    }
    return false;
}

bool text_is_id(const char *text)
{
    const char *letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    for (const char *part = text;;) {
        size_t len = strspn(part, letters);
        if (len == 0) {
            return false;
        }
        if (part[len] == '\0') {
            return true;
        }
        if (part[len] != '-') {
            return false;
        }
        part += len + 1;
    }
}

bool text_is_date(const char *text)
{
    const char *pattern = "dddd-dd-dd";
    if (strlen(text) != strlen(pattern)) {
        return false;
    }
    for (size_t i = 0; pattern[i] != '\0'; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (pattern[i] == 'd' ? !digit : text[i] != '-') {
            return false;
        }
    }
    int month = (text[5] - '0') * 10 + text[6] - '0';
    int day = (text[8] - '0') * 10 + text[9] - '0';
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

bool text_is_url(const char *text)
{
    if (strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0) {
        return false;
    }
    const char *host = strstr(text, "://") + 3;
    return host[0] != '\0' && host[0] != '/' && strpbrk(text, " <>\"|`\\") == NULL;
}
