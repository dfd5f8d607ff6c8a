#undef NDEBUG
#include "tests/unit/spoil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "bot/base/buf.h"
#include "bot/base/mem.h"

void spoil_length(struct buf *file, spoil_try *try)
{
    size_t whole = file->len;
    for (size_t len = 0; len < whole; len++) {
        if (try(file, len)) {
            fail_msg("accepted %zu of %zu bytes", len, whole);
        }
    }
    buf_putc(file, 0);
    if (try(file, whole + 1)) {
        fail_msg("accepted a byte behind the end");
    }
    buf_cut(file, whole);
    assert_true(try(file, whole));
}

void spoil_bits(struct buf *file, size_t fixed, spoil_try *try)
{
    static const unsigned char flips[] = {0x01, 0x80, 0xFF, 0x10};
    for (size_t at = 0; at < file->len; at++) {
        for (size_t f = 0; f < sizeof(flips); f++) {
            file->data[at] ^= (char)flips[f];
            if (try(file, file->len) && at < fixed) {
                fail_msg("accepted another byte %zu", at);
            }
            file->data[at] ^= (char)flips[f];
        }
    }
}

void spoil_bytes(struct buf *file, const struct spoil_fault *faults, size_t count, spoil_try *try)
{
    for (size_t i = 0; i < count; i++) {
        char good = file->data[faults[i].at];
        file->data[faults[i].at] = (char)faults[i].byte;
        if (try(file, file->len)) {
            fail_msg("accepted: %s", faults[i].what);
        }
        file->data[faults[i].at] = good;
    }
    assert_true(try(file, file->len));
}

void spoil_put_u32(struct buf *file, uint32_t value)
{
    for (int shift = 0; shift < 32; shift += 8) {
        buf_putc(file, (char)(value >> shift & 0xFF));
    }
}

void spoil_put_f32(struct buf *file, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    spoil_put_u32(file, bits);
}
