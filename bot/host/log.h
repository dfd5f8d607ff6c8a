#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One line an event, on standard error, logfmt or JSON: time, level, event, fields. Whatever the
 * fields hold, it is one line of valid UTF-8 and cannot forge another. No secrets and, unless
 * [log] messages = yes, no text of messages (LOG_MESSAGE): who logs decides what goes in; there is
 * no way to log a struct as a whole.
 * The one process-wide state of the program, set once by the daemon; before that, nothing below
 * LOG_WARNING is shown.
 */
enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

struct buf;

struct log_field {
    const char *key;  /* lower case, no blanks */
    const char *text; /* NULL: the number counts */
    int64_t number;
    bool message; /* text of a person: left out unless asked for */
};
#define LOG_TEXT(key, text) (log_field_text((key), (text), false))
#define LOG_NUMBER(key, number) ((struct log_field){(key), NULL, (int64_t)(number), false})
#define LOG_MESSAGE(key, text) (log_field_text((key), (text), true))

static inline struct log_field log_field_text(const char *key, const char *text, bool message)
{
    return (struct log_field){key, text == NULL ? "" : text, 0, message};
}

void log_set_up(enum log_level least, enum log_format format, bool messages);

/* event: "slack.rejected", "irc.connected": ADAPTER.WHAT, a fixed name to search for. */
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count);

/* log_info("irc.connected", LOG_TEXT("network", name), LOG_NUMBER("port", port)); */
#define LOG_FIELDS(...)                      \
    (const struct log_field[]){__VA_ARGS__}, \
        sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field)
#define log_debug(event, ...) log_write(LOG_LEVEL_DEBUG, (event), LOG_FIELDS(__VA_ARGS__))
#define log_info(event, ...) log_write(LOG_LEVEL_INFO, (event), LOG_FIELDS(__VA_ARGS__))
#define log_warning(event, ...) log_write(LOG_LEVEL_WARNING, (event), LOG_FIELDS(__VA_ARGS__))
#define log_error(event, ...) log_write(LOG_LEVEL_ERROR, (event), LOG_FIELDS(__VA_ARGS__))

/* Appends the line with its line feed. Pure: what log_write() writes, for tests and fuzzing. */
void log_format_line(enum log_format format, int64_t wall_ms, enum log_level level,
                     const char *event, const struct log_field *fields, size_t count, bool messages,
                     struct buf *ret);
