#include <string.h>

#include "bot/advisor/reply_parts.h"
#include "bot/base/utf8.h"

/*
 * Texts are made fit to print once, here: well-formed UTF-8, one line (code apart), no control
 * bytes, no blanks at the ends.
 */

static bool is_control(const char *text, size_t len)
{
    unsigned char first = (unsigned char)text[0];
    if (len == 1) {
        return first < 0x20 || first == 0x7F;
    }
    return len == 2 && first == 0xC2 && (unsigned char)text[1] < 0xA0;
}

/*
 * Marks that turn the direction of text, or hide it: they serve deception only. U+200B..200F,
 * 202A..202E, 2060..2069, FEFF.
 */
static bool is_invisible(const char *text, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)text;
    if (len != 3) {
        return false;
    }
    unsigned code = (bytes[0] & 0x0Fu) << 12 | (bytes[1] & 0x3Fu) << 6 | (bytes[2] & 0x3Fu);
    return (code >= 0x200B && code <= 0x200F) || (code >= 0x202A && code <= 0x202E) ||
           (code >= 0x2060 && code <= 0x2069) || code == 0xFEFF;
}

/*
 * Writes what becomes of the sequence at `at` (step bytes, 0 = malformed) to text[out]; returns
 * the new end.
 */
static size_t put_clean(char *text, size_t out, const char *at, size_t step, bool keep_lines)
{
    bool blank = step == 1 && (*at == ' ' || *at == '\t' || (!keep_lines && is_control(at, step)));
    if (step == 0) {
        text[out++] = '?';
    } else if (blank) {
        if (keep_lines || (out > 0 && text[out - 1] != ' ')) {
            text[out++] = ' ';
        }
    } else if ((keep_lines && *at == '\n') || (!is_control(at, step) && !is_invisible(at, step))) {
        memmove(text + out, at, step);
        out += step;
    }
    return out;
}

size_t reply_clean(char *text, size_t len, bool keep_lines)
{
    size_t out = 0;
    for (size_t i = 0; i < len;) {
        if (text[i] > ' ' && text[i] < 0x7F) {
            text[out++] = text[i++];
            continue;
        }
        size_t step = utf8_length(text + i, len - i);
        out = put_clean(text, out, text + i, step, keep_lines);
        i += step ? step : 1;
    }
    while (out > 0 && (text[out - 1] == ' ' || text[out - 1] == '\n')) {
        out--;
    }
    return out;
}

/* Takes the text of len bytes that has been written behind the others. */
static void take_block(struct reply *reply, enum block_type type, size_t len)
{
    char *text = reply->text + reply->text_len;
    len = reply_clean(text, len, type == BLOCK_CODE);
    text[len] = '\0';
    if (len == 0) {
        return;
    }
    reply->blocks[reply->block_count++] = (struct block){
        .type = type,
        .text = (uint16_t)reply->text_len,
        .len = (uint16_t)len,
    };
    reply->text_len += len + 1;
}

static size_t room(const struct reply *reply)
{
    return reply->block_count < REPLY_BLOCKS_MAX && reply->text_len < REPLY_TEXT_MAX
               ? REPLY_TEXT_MAX - reply->text_len
               : 0;
}

/* Offset 0 means "none", so the first byte is never used. */
static void begin(struct reply *reply)
{
    if (reply->text_len == 0) {
        reply->text[0] = '\0';
        reply->text_len = 1;
    }
}

void reply_add(struct reply *reply, enum block_type type, const char *format, ...)
{
    va_list args;
    begin(reply);
    size_t cap = room(reply);
    va_start(args, format);
    size_t len = text_format(reply->text + reply->text_len, cap, format, args);
    va_end(args);
    if (len < cap) {
        take_block(reply, type, len);
    } else if (cap > 0) {
        reply->text[reply->text_len] = '\0';
    }
}

void reply_add_linked(struct reply *reply, enum block_type type, const char *link, const char *text)
{
    size_t blocks = reply->block_count;
    reply_add(reply, type, "%s", text);
    size_t len = link ? strlen(link) : 0;
    if (reply->block_count == blocks || len == 0 || len >= REPLY_TEXT_MAX - reply->text_len) {
        return;
    }
    memcpy(reply->text + reply->text_len, link, len + 1);
    reply->blocks[blocks].link = (uint16_t)reply->text_len;
    reply->text_len += len + 1;
}

void reply_reset(struct reply *reply)
{
    reply->block_count = 0;
    reply->text_len = 0;
    begin(reply);
}
