#include "adapters/irc_line.h"

#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/mem.h"

bool irc_span_is(struct irc_span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.at, text, span.len) == 0;
}

bool irc_span_copy(struct irc_span span, char *ret, size_t cap)
{
    size_t len = span.len < cap ? span.len : cap - 1;
    if (len > 0) {
        memcpy(ret, span.at, len);
    }
    ret[len] = '\0';
    return len == span.len;
}

/* Parsing */

struct cursor {
    const char *at, *end;
};

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end && *cursor->at == ' ') {
        cursor->at++;
    }
}

static struct irc_span take_word(struct cursor *cursor)
{
    struct irc_span word = {cursor->at, 0};
    while (cursor->at < cursor->end && *cursor->at != ' ') {
        cursor->at++;
    }
    word.len = (size_t)(cursor->at - word.at);
    skip_blanks(cursor);
    return word;
}

/* "@tags" or ":prefix": the word without its sign, or an empty one. */
static struct irc_span take_marked(struct cursor *cursor, char sign)
{
    if (cursor->at == cursor->end || *cursor->at != sign) {
        return (struct irc_span){cursor->at, 0};
    }
    cursor->at++;
    return take_word(cursor);
}

static struct irc_span take_rest(struct cursor *cursor)
{
    struct irc_span rest = {cursor->at, (size_t)(cursor->end - cursor->at)};
    cursor->at = cursor->end;
    return rest;
}

static void take_params(struct cursor *cursor, struct irc_line *ret)
{
    while (cursor->at < cursor->end && ret->count < IRC_PARAMS_MAX) {
        struct irc_span *param = &ret->params[ret->count++];
        if (*cursor->at == ':') {
            cursor->at++;
            *param = take_rest(cursor);
        } else {
            *param = ret->count == IRC_PARAMS_MAX ? take_rest(cursor) : take_word(cursor);
        }
    }
}

static bool is_one_line(const char *bytes, size_t len)
{
    return !memchr(bytes, '\0', len) && !memchr(bytes, '\r', len) && !memchr(bytes, '\n', len);
}

bool irc_line_parse(const char *bytes, size_t len, struct irc_line *ret)
{
    if (len == 0 || !is_one_line(bytes, len)) {
        return false;
    }
    struct cursor cursor = {bytes, bytes + len};
    struct irc_line line = {0};
    line.tags = take_marked(&cursor, '@');
    line.prefix = take_marked(&cursor, ':');
    line.command = take_word(&cursor);
    take_params(&cursor, &line);
    if (line.command.len == 0 || line.tags.len + 2 > IRC_TAGS_MAX) {
        return false;
    }
    *ret = line;
    return true;
}

struct irc_span irc_line_param(const struct irc_line *line, size_t index)
{
    return index < line->count ? line->params[index] : (struct irc_span){"", 0};
}

struct irc_prefix irc_prefix_parse(struct irc_span prefix)
{
    struct irc_prefix ret = {.nick = prefix, .user = {"", 0}, .host = {"", 0}};
    const char *end = prefix.at + prefix.len;
    const char *at = prefix.len > 0 ? memchr(prefix.at, '@', prefix.len) : NULL;
    if (at) {
        ret.host = (struct irc_span){at + 1, (size_t)(end - at - 1)};
        ret.nick.len = (size_t)(at - prefix.at);
    }
    const char *bang = ret.nick.len > 0 ? memchr(prefix.at, '!', ret.nick.len) : NULL;
    if (bang) {
        ret.user = (struct irc_span){bang + 1, (size_t)(prefix.at + ret.nick.len - bang - 1)};
        ret.nick.len = (size_t)(bang - prefix.at);
    }
    return ret;
}

/* Tags */

static char unescaped(char c)
{
    switch (c) {
    case ':':
        return ';';
    case 's':
        return ' ';
    case 'r':
    case 'n':
        return ' '; /* a line end stands for nothing that we would want */
    default:
        return c;
    }
}

static bool unescape(struct irc_span value, char *ret, size_t cap)
{
    size_t len = 0;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.at[i];
        if (c == '\\') {
            if (++i == value.len) {
                break; /* a lone backslash at the end is dropped (message-tags) */
            }
            c = unescaped(value.at[i]);
        }
        if (len + 1 >= cap) {
            return false;
        }
        ret[len++] = c;
    }
    ret[len] = '\0';
    return true;
}

/* The last of equal keys counts (message-tags). */
static bool find_tag(struct irc_span tags, const char *key, struct irc_span *ret)
{
    bool found = false;
    size_t key_len = strlen(key);
    for (const char *at = tags.at, *end = tags.at + tags.len; at < end;) {
        const char *stop = memchr(at, ';', (size_t)(end - at));
        stop = stop ? stop : end;
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        const char *name_end = equals ? equals : stop;
        if ((size_t)(name_end - at) == key_len && memcmp(at, key, key_len) == 0) {
            const char *value = equals ? equals + 1 : stop;
            *ret = (struct irc_span){value, (size_t)(stop - value)};
            found = true;
        }
        at = stop < end ? stop + 1 : end;
    }
    return found;
}

bool irc_line_tag(const struct irc_line *line, const char *key, char *ret, size_t cap)
{
    struct irc_span value;
    return line->tags.len > 0 && find_tag(line->tags, key, &value) && unescape(value, ret, cap);
}

/* Time */

/* Reads exactly `digits` digits and, unless it is NUL, the sign after them. */
static bool take_number(const char **at, size_t digits, char sign, int64_t *ret)
{
    int64_t value = 0;
    for (size_t i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9') {
            return false;
        }
        value = value * 10 + (**at - '0');
    }
    if (sign != '\0' && *(*at)++ != sign) {
        return false;
    }
    *ret = value;
    return true;
}

/* Days since 1970 of a Gregorian date: years begin in March, so that leap days end them. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month > 2 ? year : year - 1, m = (month + 9) % 12;
    return 365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 1 - 719468;
}

bool irc_time_parse(const char *text, int64_t *ret_ms)
{
    int64_t year, month, day, hour, minute, second, ms;
    const char *at = text;
    if (!take_number(&at, 4, '-', &year) || !take_number(&at, 2, '-', &month) ||
        !take_number(&at, 2, 'T', &day) || !take_number(&at, 2, ':', &hour) ||
        !take_number(&at, 2, ':', &minute) || !take_number(&at, 2, '.', &second) ||
        !take_number(&at, 3, 'Z', &ms) || *at != '\0') {
        return false;
    }
    /* 60: a leap second. */
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 ||
        second > 60) {
        return false;
    }
    int64_t seconds = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    *ret_ms = seconds * 1000 + ms;
    return true;
}

/* Formatting */

struct line_out {
    char *bytes;
    size_t len;
    bool fits;
};

static void put(struct line_out *out, char c)
{
    if (out->len + 2 >= IRC_LINE_MAX) {
        out->fits = false;
        return;
    }
    out->bytes[out->len++] = c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
}

static bool put_word(struct line_out *out, const char *word)
{
    if (*word == '\0' || (*word == ':' && out->len > 0) || strpbrk(word, " \r\n")) {
        return false;
    }
    if (out->len > 0) {
        put(out, ' ');
    }
    for (; *word; word++) {
        put(out, *word);
    }
    return true;
}

static void put_last(struct line_out *out, const char *last)
{
    put(out, ' ');
    put(out, ':');
    for (; *last; last++) {
        put(out, *last);
    }
}

bool irc_line_format(char ret[IRC_LINE_MAX + 1], const char *const *words, const char *last)
{
    struct line_out out = {.bytes = ret, .fits = true};
    bool good = *words != NULL;
    for (; good && *words; words++) {
        good = put_word(&out, *words);
    }
    if (good && last) {
        put_last(&out, last);
    }
    if (!good || !out.fits) {
        ret[0] = '\0';
        return false;
    }
    ret[out.len++] = '\r';
    ret[out.len++] = '\n';
    ret[out.len] = '\0';
    return true;
}

void irc_line_append(struct buf *out, const char *const *words, const char *last)
{
    char line[IRC_LINE_MAX + 1];
    if (irc_line_format(line, words, last)) {
        buf_puts(out, line);
    }
    mem_wipe(line, sizeof(line));
}
