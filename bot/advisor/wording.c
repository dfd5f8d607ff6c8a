#include "bot/advisor/wording_inside.h"

#include <stddef.h>
#include <string.h>

#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/utf8.h"

/* U+200B: nothing to see, but no mention, reference or URL reaches across it. */
#define ZERO_WIDTH_SPACE "\xE2\x80\x8B"
#define BULLET "\xE2\x80\xA2 "

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *block_text(const struct reply *reply, const struct block *block)
{
    return reply->text + block->text;
}

/* Links */

static bool is_web_url(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

static const char *block_link(const struct reply *reply, const struct block *block)
{
    const char *url = reply->text + block->link;
    return block->link > 0 && is_web_url(url) ? url : NULL;
}

/* `ampersand` is how the target writes one inside a link. */
static void put_url(struct buf *ret, const char *url, const char *ampersand)
{
    static const char hex[] = "0123456789ABCDEF";
    for (; *url; url++) {
        unsigned char byte = (unsigned char)*url;
        if (*url == '&') {
            buf_puts(ret, ampersand);
        } else if (is_alnum(*url) || strchr("-._~:/?#@!$+,;=%", *url)) {
            buf_putc(ret, *url);
        } else {
            buf_putc(ret, '%');
            buf_putc(ret, hex[byte >> 4]);
            buf_putc(ret, hex[byte & 15]);
        }
    }
}

/*
 * Escapes. Each takes text of one block, which reply_add() has made well-formed and free of
 * control bytes.
 */

/*
 * Belt and braces for replies that were not made by reply_add(): a stray control byte is left out.
 */
static void put_plain(struct buf *ret, const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text >= 0x20 && *text != 0x7F) {
            buf_putc(ret, *text);
        }
    }
}

static void put_slack_char(struct buf *ret, char c)
{
    if (c == '&') {
        buf_puts(ret, "&amp;");
    } else if (c == '<') {
        buf_puts(ret, "&lt;");
    } else if (c == '>') {
        buf_puts(ret, "&gt;");
    } else if (((unsigned char)c >= 0x20 && c != 0x7F) || c == '\n') {
        buf_putc(ret, c);
    }
}

static void put_slack(struct buf *ret, const char *text)
{
    size_t len = strlen(text);
    for (size_t at = 0; at < len;) {
        size_t run = buf_plain(text + at, len - at, "&<>");
        buf_fill(ret, text + at, run);
        at += run;
        if (at < len) {
            put_slack_char(ret, text[at++]);
        }
    }
}

/* Three backticks would end the code block. */
static void put_slack_code(struct buf *ret, const char *text)
{
    for (; *text; text++) {
        put_slack_char(ret, *text);
        if (strncmp(text, "``", 2) == 0) {
            buf_puts(ret, ZERO_WIDTH_SPACE);
        }
    }
}

/* Would this character begin a mention or a reference to an issue? */
static bool begins_reference(const char *at)
{
    /* GitLab's milestones, snippets and epics. */
    bool gitlab = strchr("%$&", *at) != NULL && is_digit(at[1]);
    return gitlab ||
           ((*at == '@' || *at == '#' || *at == '!') && (is_alnum(at[1]) || at[1] == '_'));
}

static bool begins_bare_link(const char *at)
{
    bool www = (at[0] | 32) == 'w' && (at[1] | 32) == 'w' && (at[2] | 32) == 'w' &&
               at[3] == '.'; /* either case */
    return www || strncmp(at, "://", 3) == 0;
}

static void put_markdown_char(struct buf *ret, const char *at)
{
    if (*at == '&') {
        buf_puts(ret, "&amp;");
    } else if (*at == '<') {
        buf_puts(ret, "&lt;");
    } else if (*at == '>') {
        buf_puts(ret, "&gt;");
    } else if (strchr("\\`*_[]|~", *at)) {
        buf_putc(ret, '\\');
        buf_putc(ret, *at);
    } else if ((unsigned char)*at >= 0x20 && *at != 0x7F) {
        buf_putc(ret, *at);
    }
    if (begins_reference(at) || begins_bare_link(at)) {
        buf_puts(ret, ZERO_WIDTH_SPACE);
    }
}

/*
 * What means something only at the beginning of a line: headings, lists, rules, commands. Returns
 * how much of the text it took.
 */
static size_t put_markdown_start(struct buf *ret, const char *text)
{
    size_t digits = 0;
    while (digits < 9 && is_digit(text[digits])) {
        digits++;
    }
    if (digits > 0 && (text[digits] == '.' || text[digits] == ')')) {
        buf_append(ret, text, digits);
        buf_putc(ret, '\\');
        buf_putc(ret, text[digits]);
        return digits + 1;
    }
    if (*text && strchr("#-+=/", *text)) { /* the slash begins GitLab's quick actions */
        buf_putc(ret, '\\');
    }
    return 0;
}

static void put_markdown(struct buf *ret, const char *text)
{
    text += put_markdown_start(ret, text);
    for (; *text; text++) {
        put_markdown_char(ret, text);
    }
}

/* A fence longer than any run of backticks inside. */
static size_t fence_length(const char *text)
{
    size_t longest = 2, run = 0;
    for (; *text; text++) {
        run = *text == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest + 1;
}

static void put_fence(struct buf *ret, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        buf_putc(ret, '`');
    }
}

static void put_lines(struct buf *ret, const char *text, const char *before)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        buf_puts(ret, before);
        for (size_t i = 0; i < len; i++) {
            if ((unsigned char)text[i] >= 0x20 && text[i] != 0x7F) {
                buf_putc(ret, text[i]);
            }
        }
        text += len;
        if (*text == '\n') {
            buf_putc(ret, '\n');
            text++;
        }
    }
}

/* Blocks, one function a target */

static bool is_bold(const struct reply *reply, const struct block *block)
{
    return block->type == BLOCK_LEAD && reply->block_count > 1;
}

static const char *prefix(const struct block *block, const char *bullet)
{
    switch (block->type) {
    case BLOCK_ITEM:
        return bullet;
    case BLOCK_QUOTE:
        return "> ";
    case BLOCK_SOURCE:
        return "Source: ";
    case BLOCK_LEAD:
    case BLOCK_PARAGRAPH:
    case BLOCK_CODE:
        break;
    }
    return "";
}

static void put_block_plain(struct buf *ret, const struct reply *reply, const struct block *block)
{
    const char *text = block_text(reply, block), *link = block_link(reply, block);
    if (block->type == BLOCK_CODE) {
        put_lines(ret, text, "    ");
        return;
    }
    buf_puts(ret, prefix(block, "- "));
    put_plain(ret, text);
    if (link) {
        buf_puts(ret, " <");
        put_url(ret, link, "&");
        buf_putc(ret, '>');
    }
}

static void put_block_irc(struct buf *ret, const struct reply *reply, const struct block *block)
{
    const char *text = block_text(reply, block), *link = block_link(reply, block);
    if (block->type == BLOCK_CODE) {
        put_lines(ret, text, "");
        return;
    }
    buf_puts(ret, prefix(block, "- "));
    buf_puts(ret, is_bold(reply, block) ? "\x02" : "");
    put_plain(ret, text);
    buf_puts(ret, is_bold(reply, block) ? "\x02" : "");
    if (link) {
        buf_putc(ret, ' ');
        put_url(ret, link, "&");
    }
}

static void put_slack_link(struct buf *ret, const char *url, const char *text)
{
    buf_putc(ret, '<');
    put_url(ret, url, "&amp;");
    buf_putc(ret, '|');
    put_slack(ret, text);
    buf_putc(ret, '>');
}

static void put_block_mrkdwn(struct buf *ret, const struct reply *reply, const struct block *block)
{
    const char *text = block_text(reply, block), *link = block_link(reply, block);
    if (block->type == BLOCK_CODE) {
        buf_puts(ret, "```\n");
        put_slack_code(ret, text);
        buf_puts(ret, "\n```");
        return;
    }
    buf_puts(ret, prefix(block, BULLET));
    buf_puts(ret, is_bold(reply, block) ? "*" : "");
    if (link) {
        put_slack_link(ret, link, text);
    } else {
        put_slack(ret, text);
    }
    buf_puts(ret, is_bold(reply, block) ? "*" : "");
}

static void put_block_markdown(struct buf *ret, const struct reply *reply,
                               const struct block *block)
{
    const char *text = block_text(reply, block), *link = block_link(reply, block);
    if (block->type == BLOCK_CODE) {
        wording_put_code(ret, text);
        return;
    }
    buf_puts(ret, prefix(block, "- "));
    buf_puts(ret, is_bold(reply, block) ? "**" : link ? "[" : "");
    put_markdown(ret, text);
    buf_puts(ret, is_bold(reply, block) ? "**" : link ? "](" : "");
    if (link) {
        put_url(ret, link, "&");
        buf_putc(ret, ')');
    }
}

void wording_put_block(struct buf *ret, const struct reply *reply, const struct block *block,
                       enum wording wording)
{
    switch (wording) {
    case WORDING_PLAIN:
        put_block_plain(ret, reply, block);
        break;
    case WORDING_IRC:
        put_block_irc(ret, reply, block);
        break;
    case WORDING_MRKDWN:
        put_block_mrkdwn(ret, reply, block);
        break;
    case WORDING_MARKDOWN:
        put_block_markdown(ret, reply, block);
        break;
    }
}

/*
 * Lists stand close to what introduces them; Markdown wants a blank line before, and none between,
 * items.
 */
static const char *gap(const struct block *before, const struct block *block, enum wording wording)
{
    bool item = block->type == BLOCK_ITEM,
         close = item && (before->type == BLOCK_ITEM || wording != WORDING_MARKDOWN);
    bool quote =
        block->type == BLOCK_QUOTE && before->type == BLOCK_QUOTE && wording != WORDING_MARKDOWN;
    return wording == WORDING_IRC || close || quote ? "\n" : "\n\n";
}

bool wording_format(const struct reply *reply, enum wording wording, struct buf *ret)
{
    for (size_t i = 0; i < reply->block_count && i < REPLY_BLOCKS_MAX; i++) {
        if (i > 0) {
            buf_puts(ret, gap(&reply->blocks[i - 1], &reply->blocks[i], wording));
        }
        wording_put_block(ret, reply, &reply->blocks[i], wording);
    }
    return !ret->failed;
}

/* ---- parts, for documents ---- */

void wording_put_markdown(struct buf *ret, const char *text)
{
    put_markdown(ret, text);
}

void wording_put_code(struct buf *ret, const char *text)
{
    size_t fence = fence_length(text);
    put_fence(ret, fence);
    buf_putc(ret, '\n');
    put_lines(ret, text, "");
    buf_putc(ret, '\n');
    put_fence(ret, fence);
}

static void put_json_char(struct buf *ret, const char *at, size_t step)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)*at;
    if (step == 0) {
        buf_puts(ret, "\xEF\xBF\xBD");
    } else if (byte == '\n') {
        buf_puts(ret, "\\n");
    } else if (byte == '"' || byte == '\\') {
        buf_putc(ret, '\\');
        buf_putc(ret, *at);
    } else if (byte < 0x20 || byte == 0x7F) {
        buf_puts(ret, "\\u00");
        buf_putc(ret, hex[byte >> 4]);
        buf_putc(ret, hex[byte & 15]);
    } else {
        buf_append(ret, at, step);
    }
}

void wording_put_json_bytes(struct buf *ret, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t run = buf_json_plain(text + i, len - i);
        buf_append(ret, text + i, run);
        i += run;
        if (i < len) {
            size_t step = utf8_length(text + i, len - i);
            put_json_char(ret, text + i, step);
            i += step ? step : 1;
        }
    }
}

void wording_put_json(struct buf *ret, const char *text)
{
    wording_put_json_bytes(ret, text, strlen(text));
}

void wording_put_url(struct buf *ret, const char *url)
{
    put_url(ret, url, "&");
}

bool wording_is_url(const char *url)
{
    return is_web_url(url);
}
