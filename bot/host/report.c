#include "bot/host/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/utf8.h"

enum { REPORT_MAX = 4096 };

static int output_cause; /* errno of the first failed write */

/*
 * One well-formed character: C0 and DEL, C1 (U+0080 to U+009F), or a mark, embedding or isolate of
 * direction.
 */
static bool harmful(const char *text, size_t len)
{
    const unsigned char *byte = (const unsigned char *)text;
    if (len == 1) {
        return byte[0] < 0x20 || byte[0] == 0x7f;
    }
    if (len == 2) {
        return byte[0] == 0xc2 && byte[1] < 0xa0;
    }
    if (len != 3 || byte[0] != 0xe2) {
        return false;
    }
    return (byte[1] == 0x80 && (byte[2] == 0x8e || byte[2] == 0x8f)) ||
           (byte[1] == 0x80 && byte[2] >= 0xaa && byte[2] <= 0xae) ||
           (byte[1] == 0x81 && byte[2] >= 0xa6 && byte[2] <= 0xa9);
}

void report_neutral(struct buf *ret, const char *text, size_t len, bool lines)
{
    for (size_t at = 0; at < len;) {
        size_t size = utf8_length(text + at, len - at);
        if (text[at] == '\t' || text[at] == '\n') {
            buf_putc(ret, text[at] == '\n' && lines ? '\n' : ' ');
        } else if (size == 0 || harmful(text + at, size)) {
            buf_putc(ret, '?');
        } else {
            buf_append(ret, text + at, size);
        }
        at += size == 0 ? 1 : size;
    }
}

/* One write per line, so that lines of several processes do not mix. */
static void put_line(const char *prefix, const char *text)
{
    struct buf line;
    buf_init(&line, 2 * REPORT_MAX);
    buf_puts(&line, prefix);
    report_neutral(&line, text, strlen(text), false);
    buf_putc(&line, '\n');
    if (line.data != NULL) {
        fwrite(line.data, 1, line.len, stderr);
    }
    buf_finish(&line);
}

void report(const char *format, ...)
{
    char text[REPORT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    put_line("whether: ", text);
}

void report_error(const struct error *err)
{
    report("%s", err->text);
}

void report_faults(const struct fault_list *faults, const char *prefix)
{
    char text[REPORT_MAX];
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->items[i];
        if (fault->line > 0) {
            snprintf(text, sizeof(text), "%s:%d: %s", fault->file, fault->line, fault->text);
        } else {
            snprintf(text, sizeof(text), "%s: %s", fault->file, fault->text);
        }
        put_line(prefix, text);
    }
    if (faults->dropped > 0) {
        report("%zu more faults are not shown", faults->dropped);
    }
}

void report_write(const char *data, size_t len)
{
    errno = 0;
    if (fwrite(data, 1, len, stdout) < len && output_cause == 0) {
        output_cause = errno;
    }
}

bool report_output(void)
{
    static bool told;
    errno = 0;
    bool fine = fflush(stdout) == 0 && !ferror(stdout);
    if (fine || told) {
        return fine;
    }
    told = true;
    if (output_cause == 0) {
        output_cause = errno;
    }
    report("cannot write the output%s%s", output_cause == 0 ? "" : ": ",
           output_cause == 0 ? "" : strerror(output_cause));
    return false;
}
