#include <string.h>

#include <utf8proc.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/utf8.h"
#include "bot/host/store_engine.h"

/* What engines share: names, limits, and what makes two questions one. */

/* Texts are within their limits (store_fits()), else cut. */
static size_t put(char *ret, size_t at, const char *text)
{
    size_t len = strnlen(text, MESSAGE_KEY_MAX);
    memcpy(ret + at, text, len);
    return at + len;
}

void store_name(struct store_name *ret, const char *adapter, char kind, const char *name)
{
    size_t len = put(ret->text, 0, adapter);
    ret->text[len++] = '\n';
    if (kind != '\0') {
        ret->text[len++] = kind;
        ret->text[len++] = '\n';
    }
    ret->len = put(ret->text, len, name);
    ret->text[ret->len] = '\0';
}

bool store_fits(const char *where, const char *what, const char *text, size_t max,
                struct error *err)
{
    return (text != NULL && strnlen(text, max + 1) <= max) ||
           error_set(err, ERROR_INPUT, "%s: the %s is missing or longer than %zu bytes", where,
                     what, max);
}

bool store_fits_bytes(const char *where, size_t len, struct error *err)
{
    return len <= STORE_BYTES_MAX ||
           error_set(err, ERROR_INPUT, "%s: %zu bytes are more than the %d that are kept", where,
                     len, STORE_BYTES_MAX);
}

bool store_fits_name(const char *where, const char *what, const char *adapter, const char *name,
                     struct error *err)
{
    return store_fits(where, "adapter", adapter, MESSAGE_KEY_MAX, err) &&
           store_fits(where, what, name, MESSAGE_KEY_MAX, err);
}

/* ---- questions ---- */

static bool is_word(utf8proc_int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

static void put_word(struct buf *ret, const void *bytes, size_t len, bool *gap)
{
    if (*gap && ret->len > 0) {
        buf_putc(ret, ' ');
    }
    *gap = false;
    buf_append(ret, bytes, len);
}

static void put_point(struct buf *ret, utf8proc_int32_t point, bool *gap)
{
    utf8proc_uint8_t bytes[4];
    if (!is_word(point)) {
        *gap = true;
        return;
    }
    utf8proc_ssize_t len = utf8proc_encode_char(utf8proc_tolower(point), bytes);
    put_word(ret, bytes, (size_t)len, gap);
}

static bool is_ascii_word(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters and digits of ASCII, most of all text, at once. Returns how many. */
static size_t put_ascii(struct buf *ret, const char *text, size_t len, bool *gap)
{
    char word[64];
    size_t count = 0;
    while (count < len && count < sizeof(word) && is_ascii_word((unsigned char)text[count])) {
        bool upper = text[count] >= 'A' && text[count] <= 'Z';
        word[count] = (char)(text[count] | (upper ? 0x20 : 0));
        count++;
    }
    if (count > 0) {
        put_word(ret, word, count, gap);
    }
    return count;
}

/* Lower case, letters and digits, one blank between words: the identity of a question. */
static void normalise(const char *text, size_t len, struct buf *ret)
{
    bool gap = false;
    for (size_t at = 0; at < len;) {
        size_t ascii = put_ascii(ret, text + at, len - at, &gap);
        if (ascii > 0) {
            at += ascii;
            continue;
        }
        utf8proc_int32_t point = ' ';
        size_t size = utf8_length(text + at, len - at);
        if (size > 0) {
            utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)size, &point);
        }
        put_point(ret, point, &gap);
        at += size > 0 ? size : 1;
    }
}

/* As it was asked, as far as it is UTF-8 without control bytes; cut between characters. */
static void copy_text(const char *text, size_t len, struct buf *ret)
{
    for (size_t at = 0; at < len;) {
        size_t run = buf_json_plain(text + at, len - at);
        if (ret->len + run <= GAP_TEXT_MAX) {
            buf_append(ret, text + at, run);
            at += run;
        }
        if (at == len) {
            return;
        }
        size_t size = utf8_length(text + at, len - at);
        bool plain = size > 1 || (size == 1 && (unsigned char)text[at] >= 0x20 && text[at] != 0x7f);
        if (plain && ret->len + size > GAP_TEXT_MAX) {
            return;
        }
        buf_append(ret, plain ? text + at : " ", plain ? size : 1);
        at += size > 0 ? size : 1;
    }
}

void store_gap_text(const char *text, size_t len, struct buf *norm, struct buf *copy)
{
    len = len < GAP_TEXT_MAX * 2 ? len : GAP_TEXT_MAX * 2;
    normalise(text, len, norm);
    copy_text(text, len, copy);
}
