#include "adapters/page_html.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "adapters/http_asset.h"
#include "adapters/page_assets.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "bot/base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* ---- text ---- */

static const char *escape_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* U+0080 to U+009F, and U+202A to U+202E, U+2066 to U+2069: marks that turn text around. */
static bool is_unfit(const char *at, size_t len)
{
    unsigned char a = (unsigned char)at[0], b = len > 1 ? (unsigned char)at[1] : 0;
    unsigned char c = len > 2 ? (unsigned char)at[2] : 0;
    if (len == 1) {
        return (a < 0x20 && a != '\n' && a != '\t') || a == 0x7f;
    }
    return (len == 2 && a == 0xc2 && b < 0xa0) ||
           (len == 3 && a == 0xe2 &&
            ((b == 0x80 && c >= 0xaa && c <= 0xae) || (b == 0x81 && c >= 0xa6 && c <= 0xa9)));
}

void html_put(struct buf *ret, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t step = utf8_length(text + i, len - i);
        const char *escape = step == 1 ? escape_of(text[i]) : NULL;
        if (step == 0 || is_unfit(text + i, step)) {
            buf_puts(ret, REPLACEMENT);
        } else if (escape != NULL) {
            buf_puts(ret, escape);
        } else {
            buf_append(ret, text + i, step);
        }
        i += step > 0 ? step : 1;
    }
}

void html_printf(struct buf *ret, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    for (const char *at = format; *at != '\0';) {
        size_t plain = strcspn(at, "%");
        buf_append(ret, at, plain);
        at += plain;
        if (at[0] == '%' && at[1] == 's') {
            const char *text = va_arg(args, const char *);
            html_put(ret, text ? text : "", text ? strlen(text) : 0);
            at += 2;
        } else if (at[0] == '%' && at[1] == 'd') {
            buf_printf(ret, "%d", va_arg(args, int));
            at += 2;
        } else if (strncmp(at, "%zu", 3) == 0) {
            buf_printf(ret, "%zu", va_arg(args, size_t));
            at += 3;
        } else if (at[0] == '%') {
            buf_putc(ret, '%');
            at += at[1] == '%' ? 2 : 1;
        }
    }
    va_end(args);
}

/* ---- a reply ---- */

static bool is_web(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

static void put_source(struct buf *ret, const char *text, const char *url)
{
    if (is_web(url)) {
        html_printf(ret, "<p class=\"source\"><a href=\"%s\" rel=\"noreferrer\">%s</a></p>", url,
                    text);
    } else {
        html_printf(ret, "<p class=\"source\">%s</p>", text);
    }
}

static void put_block(struct buf *ret, const struct reply *reply, const struct block *block,
                      const char *lead)
{
    const char *text = reply->text + block->text;
    switch (block->type) {
    case BLOCK_LEAD:
        html_printf(ret, "<p class=\"%s\">%s</p>", lead, text);
        return;
    case BLOCK_PARAGRAPH:
        html_printf(ret, "<p>%s</p>", text);
        return;
    case BLOCK_ITEM:
        html_printf(ret, "<li>%s</li>", text);
        return;
    case BLOCK_QUOTE:
        html_printf(ret, "<blockquote>%s</blockquote>", text);
        return;
    case BLOCK_CODE:
        html_printf(ret, "<pre tabindex=\"0\"><code>%s</code></pre>", text);
        return;
    case BLOCK_SOURCE:
        put_source(ret, text, reply->text + block->link);
        return;
    }
}

void html_put_reply(struct buf *ret, const struct reply *reply, const char *lead)
{
    bool list = false;
    for (size_t i = 0; i < reply->block_count; i++) {
        bool item = reply->blocks[i].type == BLOCK_ITEM;
        if (item != list) {
            buf_puts(ret, item ? "<ul>" : "</ul>");
            list = item;
        }
        put_block(ret, reply, &reply->blocks[i], lead);
    }
    buf_puts(ret, list ? "</ul>" : "");
}

/* ---- the page around it ---- */

static void put_link(struct buf *ret, const char *path, const char *name, bool here)
{
    html_printf(ret, "<a href=\"%s\"", path);
    html_printf(ret, here ? " aria-current=\"page\">%s</a>" : ">%s</a>", name);
}

void html_begin(struct buf *ret, const char *title, const char *here)
{
    static const struct {
        const char *id, *path, *name;
    } links[] = {{"ask", "/", "Ask"}, {"rules", "/rules", "Rules"}};
    html_printf(ret,
                "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                "<meta name=\"color-scheme\" content=\"light dark\"><title>%s</title>"
                "<link rel=\"icon\" type=\"image/svg+xml\" href=\"" PAGE_ICON_PATH "?v=%s\">"
                "<link rel=\"stylesheet\" href=\"" PAGE_STYLE_PATH "?v=%s\">"
                "<script src=\"" PAGE_SCRIPT_PATH "?v=%s\" defer></script></head>\n"
                "<body><a class=\"skip\" href=\"#main\">Skip to the content</a>"
                "<header><a class=\"name\" href=\"/\">Whether</a><nav aria-label=\"Pages\">",
                title, page_icon.tag, page_style.tag, page_script.tag);
    for (size_t i = 0; i < ARRAY_LEN(links); i++) {
        put_link(ret, links[i].path, links[i].name, here != NULL && strcmp(here, links[i].id) == 0);
    }
    buf_puts(ret, "</nav></header>\n<main id=\"main\" tabindex=\"-1\">");
}

void html_end(struct buf *ret)
{
    buf_puts(ret, "</main></body></html>\n");
}
