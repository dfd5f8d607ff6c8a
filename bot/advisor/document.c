#include "bot/advisor/document.h"

#include <assert.h>
#include <string.h>

#include "bot/advisor/line.h"
#include "bot/advisor/reply.h"
#include "bot/advisor/wording.h"
#include "bot/base/buf.h"

static bool is_adf(const struct document *document)
{
    return document->markup == MARKUP_ADF;
}

/* ---- Atlassian Document Format: brackets around brackets ---- */

/* What a part is in ADF; texts need a paragraph, which some parts bring with them. */
static const struct {
    const char *open, *close;
} adf[] = {
    [PART_PARAGRAPH] = {"{\"type\":\"paragraph\",\"content\":[", "]}"},
    [PART_HEADING] = {"{\"type\":\"heading\",\"attrs\":{\"level\":2},\"content\":[", "]}"},
    [PART_SUBHEADING] = {"{\"type\":\"heading\",\"attrs\":{\"level\":3},\"content\":[", "]}"},
    [PART_MINOR] = {"{\"type\":\"heading\",\"attrs\":{\"level\":4},\"content\":[", "]}"},
    [PART_LIST] = {"{\"type\":\"bulletList\",\"content\":[", "]}"},
    [PART_ITEM] = {"{\"type\":\"listItem\",\"content\":[{\"type\":\"paragraph\",\"content\":[",
                   "]}]}"},
    [PART_TABLE] = {"{\"type\":\"table\",\"content\":[", "]}"},
    [PART_ROW] = {"{\"type\":\"tableRow\",\"content\":[", "]}"},
    [PART_CELL] = {"{\"type\":\"tableCell\",\"content\":[{\"type\":\"paragraph\",\"content\":[",
                   "]}]}"},
    [PART_QUOTE] = {"{\"type\":\"blockquote\",\"content\":[{\"type\":\"paragraph\",\"content\":[",
                    "]}]}"},
    [PART_CODE] = {"{\"type\":\"codeBlock\",\"content\":[", "]}"},
    [PART_FOLD] = {"", "]}"}, /* opened with its title */
};
#define ADF_HEAD_CELL "{\"type\":\"tableHeader\",\"content\":[{\"type\":\"paragraph\",\"content\":["

/* A text node without its end: marks may follow. */
static void open_adf_text(struct document *document, const char *text)
{
    struct buf *ret = document->ret;
    buf_puts(ret, document->open[document->depth].count++ > 0 ? "," : "");
    buf_puts(ret, "{\"type\":\"text\",\"text\":\"");
    wording_put_json(ret, text);
    buf_puts(ret, "\"");
}

static void put_adf_text(struct document *document, const char *text, const char *marks)
{
    open_adf_text(document, text);
    buf_puts(document->ret, marks);
    buf_putc(document->ret, '}');
}

static void put_adf_link(struct document *document, const char *text, const char *url)
{
    struct buf *ret = document->ret;
    open_adf_text(document, text);
    buf_puts(ret, ",\"marks\":[{\"type\":\"link\",\"attrs\":{\"href\":\"");
    wording_put_url(ret, url);
    buf_puts(ret, "\"}}]}");
}

/* ---- Markdown ---- */

static bool is_bold_head(const struct document *document, enum part part)
{
    return part == PART_ROW && document->open[document->depth].count == 1;
}

/* What goes between this part and the one before it. */
static void put_gap(struct document *document, enum part part)
{
    if (document->open[document->depth].count == 0) {
        return;
    }
    bool close = part == PART_ITEM || part == PART_ROW;
    buf_puts(document->ret, part == PART_CELL ? " " : close ? "\n" : "\n\n");
}

static void open_markdown(struct document *document, enum part part)
{
    static const char *const before[] = {
        [PART_PARAGRAPH] = "", [PART_HEADING] = "# ", [PART_SUBHEADING] = "## ",
        [PART_MINOR] = "### ", [PART_LIST] = "",      [PART_ITEM] = "- ",
        [PART_TABLE] = "",     [PART_ROW] = "| ",     [PART_CELL] = "",
        [PART_QUOTE] = "> ",   [PART_CODE] = "",      [PART_FOLD] = "",
    };
    put_gap(document, part);
    buf_puts(document->ret, before[part]);
}

static void close_markdown(struct document *document, enum part part, size_t count)
{
    struct buf *ret = document->ret;
    if (part == PART_CELL) {
        buf_puts(ret, " |");
    } else if (is_bold_head(document, part)) {
        buf_puts(ret, "\n|");
        for (size_t i = 0; i < count; i++) {
            buf_puts(ret, " --- |");
        }
    } else if (part == PART_FOLD && document->markup == MARKUP_HTML) {
        buf_puts(ret, "\n\n</details>");
    }
}

static void put_code(struct document *document, const char *text)
{
    if (is_adf(document)) {
        put_adf_text(document, text, "");
    } else {
        wording_put_code(document->ret, text);
    }
}

/* ---- both ---- */

void document_begin(struct document *document, enum markup markup, struct buf *ret)
{
    *document = (struct document){.ret = ret, .markup = markup};
    buf_puts(ret, is_adf(document) ? "{\"version\":1,\"type\":\"doc\",\"content\":[" : "");
}

static void push(struct document *document, enum part part)
{
    document->open[document->depth].count++;
    assert(document->depth < DOCUMENT_DEPTH_MAX);
    document->open[++document->depth].part = part;
    document->open[document->depth].count = 0;
}

/* Of a row's cells the first row's are the columns' names. */
static bool in_head(const struct document *document)
{
    return document->depth >= 2 && document->open[document->depth - 1].count == 1;
}

void document_open(struct document *document, enum part part)
{
    if (is_adf(document)) {
        buf_puts(document->ret, document->open[document->depth].count > 0 ? "," : "");
        buf_puts(document->ret,
                 part == PART_CELL && in_head(document) ? ADF_HEAD_CELL : adf[part].open);
    } else {
        open_markdown(document, part);
    }
    push(document, part);
}

void document_fold(struct document *document, const char *title)
{
    struct buf *ret = document->ret;
    document_open(document, PART_FOLD);
    if (is_adf(document)) {
        buf_puts(ret, "{\"type\":\"expand\",\"attrs\":{\"title\":\"");
        wording_put_json(ret, title);
        buf_puts(ret, "\"},\"content\":[");
        return;
    }
    bool html = document->markup == MARKUP_HTML;
    buf_puts(ret, html ? "<details>\n<summary>" : "**");
    wording_put_markdown(ret, title);
    buf_puts(ret, html ? "</summary>" : "**");
    document->open[document->depth].count = 1; /* a blank line before what it holds */
}

void document_close(struct document *document)
{
    assert(document->depth > 0);
    enum part part = document->open[document->depth].part;
    size_t count = document->open[document->depth].count;
    document->depth--;
    if (is_adf(document)) {
        buf_puts(document->ret, adf[part].close);
    } else {
        close_markdown(document, part, count);
    }
}

/* What packs hold, as replies clean it; only replies, which are clean, have longer texts. */
static const char *cleaned(struct line *line, const char *text)
{
    line_init(line);
    if (text == NULL || !line_add(line, "%s", text)) {
        return text == NULL ? "" : text;
    }
    /* A blank at the end is there for what follows. */
    bool blank = line->len > 1 && line->text[line->len - 1] == ' ';
    size_t len = reply_clean(line->text, line->len, false);
    line->text[len] = blank ? ' ' : '\0';
    line->text[len + blank] = '\0';
    return line->text;
}

static void put(struct document *document, const char *text)
{
    if (*text == '\0') {
        return;
    }
    if (document->open[document->depth].part == PART_CODE) {
        put_code(document, text);
    } else if (is_adf(document)) {
        put_adf_text(document, text, "");
    } else {
        wording_put_markdown(document->ret, text);
        document->open[document->depth].count++;
    }
}

void document_text(struct document *document, const char *text)
{
    struct line line;
    bool code = document->open[document->depth].part == PART_CODE;
    put(document, code ? text : cleaned(&line, text));
}

void document_bold(struct document *document, const char *raw)
{
    struct line line;
    const char *text = cleaned(&line, raw);
    if (is_adf(document) && *text) {
        put_adf_text(document, text, ",\"marks\":[{\"type\":\"strong\"}]");
    } else if (*text) {
        buf_puts(document->ret, "**");
        put(document, text);
        buf_puts(document->ret, "**");
    }
}

void document_link(struct document *document, const char *raw, const char *url)
{
    struct line line;
    if (document->open[document->depth].part == PART_CODE) {
        document_text(document, raw);
        return;
    }
    const char *text = cleaned(&line, raw);
    if (url == NULL || !wording_is_url(url) || *text == '\0') {
        put(document, text);
    } else if (is_adf(document)) {
        put_adf_link(document, text, url);
    } else {
        buf_putc(document->ret, '[');
        put(document, text);
        buf_puts(document->ret, "](");
        wording_put_url(document->ret, url);
        buf_putc(document->ret, ')');
    }
}

void document_say(struct document *document, enum part part, const char *text)
{
    document_open(document, part);
    document_text(document, text);
    document_close(document);
}

/* ---- replies ---- */

static enum part part_of(enum block_type type)
{
    static const enum part parts[] = {
        [BLOCK_LEAD] = PART_PARAGRAPH, [BLOCK_PARAGRAPH] = PART_PARAGRAPH,
        [BLOCK_ITEM] = PART_ITEM,      [BLOCK_QUOTE] = PART_QUOTE,
        [BLOCK_CODE] = PART_CODE,      [BLOCK_SOURCE] = PART_PARAGRAPH,
    };
    return parts[type];
}

static void put_block(struct document *document, const struct reply *reply,
                      const struct block *block)
{
    const char *text = reply->text + block->text;
    document_open(document, part_of(block->type));
    if (block->type == BLOCK_SOURCE) {
        document_text(document, "Source: ");
    }
    if (block->type == BLOCK_LEAD && reply->block_count > 1) {
        document_bold(document, text);
    } else {
        document_link(document, text, block->link > 0 ? reply->text + block->link : NULL);
    }
    document_close(document);
}

void document_reply(struct document *document, const struct reply *reply)
{
    bool list = false;
    for (size_t i = 0; i < reply->block_count && i < REPLY_BLOCKS_MAX; i++) {
        bool item = reply->blocks[i].type == BLOCK_ITEM;
        if (item != list) {
            item ? document_open(document, PART_LIST) : document_close(document);
            list = item;
        }
        put_block(document, reply, &reply->blocks[i]);
    }
    if (list) {
        document_close(document);
    }
}

bool document_end(struct document *document)
{
    while (document->depth > 0) {
        document_close(document);
    }
    buf_puts(document->ret, is_adf(document) ? "]}" : "");
    return !document->ret->failed;
}
