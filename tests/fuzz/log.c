#include <string.h>

#include "bot/base/buf.h"
#include "bot/host/log.h"
#include "tests/fuzz/fuzz.h"

enum { FIELD_MAX = 2000 };

/*
 * Any text as a field of the log: one line of valid UTF-8, with its end at its end, and no control
 * character that a terminal would obey.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[FIELD_MAX + 1];
    size = size < FIELD_MAX ? size : FIELD_MAX;
    memcpy(text, data, size);
    text[size] = '\0';
    for (int format = LOG_FORMAT_LOGFMT; format <= LOG_FORMAT_JSON; format++) {
        struct buf line;
        buf_init(&line, 64 * 1024);
        log_format_line((enum log_format)format, 0, LOG_LEVEL_INFO, "a.b",
                        LOG_FIELDS(LOG_TEXT("x", text), LOG_NUMBER("n", 1)), false, &line);
        REQUIRE(!line.failed && line.len > 0 && line.data[line.len - 1] == '\n');
        REQUIRE(strlen(line.data) == line.len);
        REQUIRE(fuzz_utf8_valid(line.data, line.len));
        for (size_t i = 0; i + 1 < line.len; i++) {
            REQUIRE((unsigned char)line.data[i] >= 0x20 && line.data[i] != 0x7f);
        }
        buf_finish(&line);
    }
    return 0;
}
