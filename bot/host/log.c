#include "bot/host/log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "bot/base/utf8.h"

enum { LOG_FIELD_MAX = 1000, LOG_LINE_MAX = 64 * 1024 };

static struct {
    enum log_level least;
    enum log_format format;
    bool messages;
} settings = {LOG_LEVEL_WARNING, LOG_FORMAT_LOGFMT, false};

static const char *const level_names[] = {"debug", "info", "warning", "error"};

void log_set_up(enum log_level least, enum log_format format, bool messages)
{
    settings.least = least;
    settings.format = format;
    settings.messages = messages;
}

static uint32_t decode(const unsigned char *text, size_t size)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = text[0] & masks[size];
    for (size_t i = 1; i < size; i++) {
        code = code << 6 | (text[i] & 0x3f);
    }
    return code;
}

/* What a terminal or a reader of lines could take for more than a letter. */
static bool dangerous(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c ||
           (code >= 0x200e && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

/* The escapes of JSON strings, which are logfmt's as well. */
static void put_escaped(struct buf *ret, const char *text)
{
    size_t len = strlen(text), shown = len < LOG_FIELD_MAX ? len : LOG_FIELD_MAX;
    for (size_t at = 0; at < shown;) {
        size_t size = utf8_length(text + at, len - at);
        uint32_t code = size == 0 ? 0xfffd : decode((const unsigned char *)text + at, size);
        if (code == '"' || code == '\\') {
            buf_printf(ret, "\\%c", (char)code);
        } else if (size == 0 || dangerous(code)) {
            buf_printf(ret, "\\u%04x", (unsigned)code);
        } else {
            buf_append(ret, text + at, size);
        }
        at += size == 0 ? 1 : size;
    }
    if (shown < len) {
        buf_puts(ret, "...");
    }
}

static bool bare(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789-_.:/#@+,%";
    size_t len = strlen(text);
    return len > 0 && len < LOG_FIELD_MAX && strspn(text, plain) == len;
}

static void put_text(struct buf *ret, enum log_format format, const char *text)
{
    if (format == LOG_FORMAT_LOGFMT && bare(text)) {
        buf_puts(ret, text);
        return;
    }
    buf_putc(ret, '"');
    put_escaped(ret, text);
    buf_putc(ret, '"');
}

static void put_key(struct buf *ret, enum log_format format, const char *key)
{
    const char *before = ret->len == 0 ? "" : format == LOG_FORMAT_JSON ? "," : " ";
    buf_printf(ret, format == LOG_FORMAT_JSON ? "%s\"%s\":" : "%s%s=", before, key);
}

static void put_time(struct buf *ret, enum log_format format, int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    buf_printf(ret, format == LOG_FORMAT_JSON ? "{\"time\":\"" : "time=");
    buf_printf(ret, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
               parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, (int)(wall_ms % 1000));
    buf_puts(ret, format == LOG_FORMAT_JSON ? "\"" : "");
}

void log_format_line(enum log_format format, int64_t wall_ms, enum log_level level,
                     const char *event, const struct log_field *fields, size_t count, bool messages,
                     struct buf *ret)
{
    put_time(ret, format, wall_ms);
    put_key(ret, format, "level");
    put_text(ret, format, level_names[level]);
    put_key(ret, format, "event");
    put_text(ret, format, event);
    for (size_t i = 0; i < count; i++) {
        if (fields[i].message && !messages) {
            continue;
        }
        put_key(ret, format, fields[i].key);
        if (fields[i].text == NULL) {
            buf_printf(ret, "%" PRId64, fields[i].number);
        } else {
            put_text(ret, format, fields[i].text);
        }
    }
    buf_puts(ret, format == LOG_FORMAT_JSON ? "}\n" : "\n");
}

static int64_t wall_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* In one write, so that lines of several programs on one pipe stay whole. Lost is lost. */
static void put_out(const struct buf *line)
{
    for (size_t done = 0; done < line->len;) {
        ssize_t put = write(STDERR_FILENO, line->data + done, line->len - done);
        if (put < 0 && errno != EINTR) {
            return;
        }
        done += put < 0 ? 0 : (size_t)put;
    }
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count)
{
    if (level < settings.least) {
        return;
    }
    struct buf line;
    buf_init(&line, LOG_LINE_MAX);
    log_format_line(settings.format, wall_clock_ms(), level, event, fields, count,
                    settings.messages, &line);
    if (!line.failed) {
        put_out(&line);
    }
    buf_finish(&line);
}
