#include "bot/reader/text_inside.h"

#include <utf8proc.h>

void text_put(struct text *text, char c, size_t source, uint8_t attr)
{
    if (text->len >= TEXT_NORMAL_MAX - 1) {
        text->truncated = 1;
        return;
    }
    text->normal[text->len] = c;
    text->source[text->len] = (uint32_t)source;
    text->attr[text->len] = attr;
    text->len++;
}

void text_put_blank(struct text *text, size_t source, uint8_t attr)
{
    if (text->len > 0 && text->normal[text->len - 1] != ' ' &&
        text->normal[text->len - 1] != '\n') {
        text_put(text, ' ', source, attr);
    }
}

/* Typographic punctuation that Unicode's own folding leaves alone. */
static const char *plain_form(utf8proc_int32_t cp)
{
    switch (cp) {
    case 0x2018:
    case 0x2019:
    case 0x201B:
    case 0x2032:
    case 0x00B4:
    case 0x02BC:
        return "'";
    case 0x201C:
    case 0x201D:
    case 0x201E:
    case 0x00AB:
    case 0x00BB:
    case 0x2033:
        return "\"";
    case 0x2010:
    case 0x2011:
    case 0x2012:
        return "-";
    case 0x2013:
    case 0x2014:
    case 0x2015:
        return " - ";
    case 0x2022:
    case 0x25CF:
    case 0x25E6:
    case 0x00B7:
        return " ; ";
    case 0x2190:
    case 0x2192:
    case 0x21D2:
        return " > ";
    case 0x00BF:
    case 0x00A1:
        return " ";
    case 0x2717: /* crosses: in lists and tables "not this" */
    case 0x2718:
    case 0x274C:
    case 0x274E:
        return " no ";
    default:
        return NULL;
    }
}

static void put_codepoint(struct text *text, utf8proc_int32_t cp, size_t source, uint8_t attr)
{
    utf8proc_int32_t out[8];
    utf8proc_uint8_t bytes[4];
    int boundary = 0;
    const char *plain = plain_form(cp);
    if (plain) {
        for (; *plain; plain++) {
            text_put(text, *plain, source, attr);
        }
        return;
    }
    /* Emoji and other pictures say nothing that anybody could rely on. */
    if (utf8proc_category(cp) == UTF8PROC_CATEGORY_SO) {
        text_put_blank(text, source, attr);
        return;
    }
    utf8proc_option_t fold =
        (utf8proc_option_t)(UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD |
                            UTF8PROC_IGNORE | UTF8PROC_STRIPMARK | UTF8PROC_LUMP);
    utf8proc_ssize_t count = utf8proc_decompose_char(cp, out, 8, fold, &boundary);
    if (utf8proc_category(cp) == UTF8PROC_CATEGORY_LU) {
        attr |= TEXT_UPPER;
    }
    for (utf8proc_ssize_t i = 0; i < count && i < 8; i++) {
        if (out[i] < 0x20) {
            text_put_blank(text, source, attr);
            continue;
        }
        utf8proc_ssize_t size = utf8proc_encode_char(out[i], bytes);
        if (text->len + (size_t)size >= TEXT_NORMAL_MAX) {
            text->truncated = 1;
            return;
        }
        for (utf8proc_ssize_t k = 0; k < size; k++) {
            text_put(text, (char)bytes[k], source, attr);
        }
    }
}

size_t text_put_char(struct text *text, const struct cursor *cur, size_t at)
{
    unsigned char c = (unsigned char)cur->bytes[at];
    if (c < 0x80) {
        if (c <= ' ' || c == 0x7F) {
            text_put_blank(text, at, cur->attr);
        } else if (c >= 'A' && c <= 'Z') {
            text_put(text, (char)(c + 32), at, cur->attr | TEXT_UPPER);
        } else {
            text_put(text, (char)(c == '`' ? '\'' : c), at, cur->attr);
        }
        return 1;
    }
    utf8proc_int32_t cp = 0;
    utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)cur->bytes + at,
                                             (utf8proc_ssize_t)(cur->len - at), &cp);
    if (size <= 0) {
        text_put_blank(text, at, cur->attr);
        return 1;
    }
    put_codepoint(text, cp, at, cur->attr);
    return (size_t)size;
}
