#include "bot/base/utf8.h"

#include <stdbool.h>

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

size_t utf8_length(const char *text, size_t len)
{
    const unsigned char *byte = (const unsigned char *)text;
    if (len == 0 || byte[0] < 0x80) {
        return len == 0 ? 0 : 1;
    }
    size_t size = byte[0] >= 0xF0 ? 4 : byte[0] >= 0xE0 ? 3 : 2;
    if (byte[0] < 0xC2 || byte[0] > 0xF4 || size > len) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if (!is_continuation(byte[i])) {
            return 0;
        }
    }
    /* Overlong forms, surrogates, and what lies beyond U+10FFFF show in the second byte. */
    bool bad = (byte[0] == 0xE0 && byte[1] < 0xA0) || (byte[0] == 0xED && byte[1] > 0x9F) ||
               (byte[0] == 0xF0 && byte[1] < 0x90) || (byte[0] == 0xF4 && byte[1] > 0x8F);
    return bad ? 0 : size;
}
