#include "bot/reader/text_inside.h"

/*
 * What stands before the words of a line: quote marks, bullets, numbers, check boxes, heading
 * signs.
 */
static uint8_t read_prefix(struct cursor *cur, size_t end)
{
    uint8_t flags = 0;
    cur->attr &= (uint8_t)~TEXT_QUOTE;
    for (;;) {
        while (cur->at < end && (cur->bytes[cur->at] == ' ' || cur->bytes[cur->at] == '\t')) {
            cur->at++;
        }
        if (cur->at >= end) {
            return flags;
        }
        size_t left = end - cur->at;
        const char *p = cur->bytes + cur->at;
        if (*p == '>' || (left >= 4 && memcmp(p, "&gt;", 4) == 0)) {
            cur->attr |= TEXT_QUOTE;
            cur->at += *p == '>' ? 1 : 4;
        } else if (*p == '#' && (left == 1 || p[1] == '#' || p[1] == ' ')) {
            flags |= LINE_HEADING;
            cur->at++;
        } else if (left >= 2 && strchr("-*+", *p) && *p != '\0' && (p[1] == ' ' || p[1] == '\t')) {
            flags |= LINE_ITEM;
            cur->at += 2;
        } else if (left >= 3 && p[0] == '[' && strchr(" xX", p[1]) && p[1] != '\0' && p[2] == ']') {
            flags |= p[1] == ' ' ? 0 : LINE_DONE;
            cur->at += 3;
        } else if (left >= 4 && memcmp(p, "\xE2\x80\xA2", 3) == 0) {
            flags |= LINE_ITEM;
            cur->at += 3;
        } else if (left >= 3 && ((p[0] >= '0' && p[0] <= '9') || p[0] == '(')) {
            size_t n = p[0] == '(' ? 1 : 0;
            size_t first = n;
            while (n < left && n < first + 2 && is_word(p[n])) {
                n++;
            }
            if (n == first || n + 1 >= left || !(p[n] == '.' || p[n] == ')') || p[n + 1] != ' ') {
                return flags;
            }
            flags |= LINE_ITEM;
            cur->at += n + 1;
        } else {
            return flags;
        }
    }
}

static bool starts_fence(const struct cursor *cur, size_t at)
{
    return starts(cur, at, "```") || starts(cur, at, "~~~");
}

/* Slack closes a block at the end of its last line, too, and writes blocks of one line. */
static bool ends_fence(const struct cursor *cur, size_t at, size_t end)
{
    while (end > at && (cur->bytes[end - 1] == ' ' || cur->bytes[end - 1] == '\r')) {
        end--;
    }
    return end >= at + 3 && starts_fence(cur, end - 3);
}

enum fence_line { FENCE_OUTSIDE, FENCE_MARK, FENCE_INSIDE };

/* What a line is to blocks of code; keeps track of where they begin and end. */
static enum fence_line read_fence(struct cursor *cur, size_t at, size_t end)
{
    while (at < end && cur->bytes[at] == ' ') {
        at++;
    }
    bool mark = starts_fence(cur, at);
    if (cur->fence) {
        cur->fence = !mark && !ends_fence(cur, at, end);
        return mark ? FENCE_MARK : FENCE_INSIDE;
    }
    size_t again = at + 3;
    while (mark && again + 3 <= end && !starts_fence(cur, again)) {
        again++;
    }
    cur->fence = mark && again + 3 > end;
    return cur->fence ? FENCE_MARK : FENCE_OUTSIDE;
}

static struct text_line *begin_line(struct text *text, uint8_t flags)
{
    if (text->line_count >= TEXT_LINES_MAX) {
        text->truncated = 1;
        return NULL;
    }
    struct text_line *line = &text->lines[text->line_count++];
    *line = (struct text_line){.start = text->len, .flags = flags};
    return line;
}

/* "**Goals**": all of a line in bold type is a heading. */
static bool is_bold(const struct cursor *cur, size_t end)
{
    while (end > cur->at && strchr(" \t\r:", cur->bytes[end - 1]) && cur->bytes[end - 1]) {
        end--;
    }
    return cur->bold_line && end >= cur->at + 5 && starts(cur, end - 2, "**");
}

/*
 * A line that only goes on where a long one was wrapped starts small, after a long line without an
 * end mark.
 */
static bool is_soft(const struct text *text, uint8_t flags, bool after_blank)
{
    enum { WRAPPED_LEAST = 56 };
    const struct text_line *before = text->line_count ? &text->lines[text->line_count - 1] : NULL;
    if (flags || !before || after_blank || text->len < before->start + WRAPPED_LEAST) {
        return false;
    }
    char last = text->normal[text->len - 2];
    return last != '.' && last != '!' && last != '?' && last != ':' && last != ';';
}

static void read_line(struct text *text, struct cursor *cur, size_t end, uint8_t flags,
                      bool after_blank)
{
    flags |= read_prefix(cur, end);
    cur->bold_line = starts(cur, cur->at, "**");
    flags |= is_bold(cur, end) ? LINE_HEADING : 0;
    if (is_soft(text, flags, after_blank)) {
        flags |= LINE_SOFT;
    }
    struct text_line *line = begin_line(text, flags);
    if (!line) {
        return;
    }
    while (cur->at < end) {
        cur->at += text_inline_read(text, cur, cur->at);
    }
    cur->attr &= (uint8_t) ~(TEXT_STRUCK | TEXT_CODE);
    while (text->len > line->start && text->normal[text->len - 1] == ' ') {
        text->len--;
    }
    if (text->len > line->start && text->normal[text->len - 1] == ':') {
        line->flags |= LINE_COLON;
        line->flags |= cur->bold_line ? LINE_HEADING : 0;
    }
    text_put(text, '\n', end < cur->len ? end : cur->len, 0);
}

void text_read(struct text *ret, const char *bytes, size_t len)
{
    struct cursor cur = {.bytes = bytes, .len = len};
    ret->len = ret->line_count = 0;
    ret->mentions = 0;
    ret->truncated = 0;
    uint8_t flags = 0;
    bool after_blank = true;
    while (cur.at < len && !ret->truncated) {
        size_t start = cur.at;
        size_t end = line_end(&cur, start);
        enum fence_line fence = read_fence(&cur, start, end);
        cur.attr = fence == FENCE_INSIDE ? cur.attr | TEXT_CODE : cur.attr;
        if (fence == FENCE_MARK) {
            flags |= LINE_PARAGRAPH;
        } else if (end == start || (end == start + 1 && bytes[start] == '\r')) {
            flags |= LINE_PARAGRAPH;
            after_blank = true;
        } else {
            read_line(ret, &cur, end, flags, after_blank);
            flags = 0;
            after_blank = false;
        }
        /* A comment or an entity may have reached past the line's end. */
        cur.at = (cur.at > end ? cur.at : end) + 1;
        if (cur.at > end + 1) {
            cur.at = cur.at - 1;
        }
    }
    ret->normal[ret->len < TEXT_NORMAL_MAX ? ret->len : TEXT_NORMAL_MAX - 1] = '\0';
}
