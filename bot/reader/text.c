#include "bot/reader/text.h"

#include <stdbool.h>
#include <string.h>
#include <utf8proc.h>

enum { LINK_TEXT_MAX = 1024 };

/* The walk over the source. */
struct cursor {
    const char *bytes;
    size_t len, at;
    uint8_t attr;   /* of what is being copied */
    bool fence;     /* inside a fenced code block */
    bool bold_line; /* the line began with ** or __ */
};

static void put(struct text *text, char c, size_t source, uint8_t attr)
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

static void put_blank(struct text *text, size_t source, uint8_t attr)
{
    if (text->len > 0 && text->normal[text->len - 1] != ' ' &&
        text->normal[text->len - 1] != '\n') {
        put(text, ' ', source, attr);
    }
}

static bool starts(const struct cursor *cur, size_t at, const char *what)
{
    size_t len = strlen(what);
    return at + len <= cur->len && memcmp(cur->bytes + at, what, len) == 0;
}

static size_t find(const struct cursor *cur, size_t at, size_t end, char c)
{
    const char *hit = at < end ? memchr(cur->bytes + at, c, end - at) : NULL;
    return hit ? (size_t)(hit - cur->bytes) : end;
}

static size_t line_end(const struct cursor *cur, size_t at)
{
    return find(cur, at, cur->len, '\n');
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
            put(text, *plain, source, attr);
        }
        return;
    }
    /* Emoji and other pictures say nothing that anybody could rely on. */
    if (utf8proc_category(cp) == UTF8PROC_CATEGORY_SO) {
        put_blank(text, source, attr);
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
            put_blank(text, source, attr);
            continue;
        }
        utf8proc_ssize_t size = utf8proc_encode_char(out[i], bytes);
        if (text->len + (size_t)size >= TEXT_NORMAL_MAX) {
            text->truncated = 1;
            return;
        }
        for (utf8proc_ssize_t k = 0; k < size; k++) {
            put(text, (char)bytes[k], source, attr);
        }
    }
}

/* Copies one character; returns how many bytes it took. */
static size_t put_char(struct text *text, const struct cursor *cur, size_t at)
{
    unsigned char c = (unsigned char)cur->bytes[at];
    if (c < 0x80) {
        if (c <= ' ' || c == 0x7F) {
            put_blank(text, at, cur->attr);
        } else if (c >= 'A' && c <= 'Z') {
            put(text, (char)(c + 32), at, cur->attr | TEXT_UPPER);
        } else {
            put(text, (char)(c == '`' ? '\'' : c), at, cur->attr);
        }
        return 1;
    }
    utf8proc_int32_t cp = 0;
    utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)cur->bytes + at,
                                             (utf8proc_ssize_t)(cur->len - at), &cp);
    if (size <= 0) {
        put_blank(text, at, cur->attr);
        return 1;
    }
    put_codepoint(text, cp, at, cur->attr);
    return (size_t)size;
}

/*
 * IRC: colours (\x03 with up to two numbers), hex colours, and single toggles (PROTOCOLS.md I16).
 */
static size_t skip_irc_code(const struct cursor *cur, size_t at)
{
    size_t start = at;
    char c = cur->bytes[at++];
    if (c == 0x03) {
        for (int part = 0; part < 2; part++) {
            for (int i = 0;
                 i < 2 && at < cur->len && cur->bytes[at] >= '0' && cur->bytes[at] <= '9'; i++) {
                at++;
            }
            bool more = part == 0 && at + 1 < cur->len && cur->bytes[at] == ',' &&
                        cur->bytes[at + 1] >= '0' && cur->bytes[at + 1] <= '9';
            if (!more) {
                break;
            }
            at++;
        }
    } else if (c == 0x04) {
        for (int i = 0; i < 6 && at < cur->len &&
                        strchr("0123456789abcdefABCDEF", cur->bytes[at]) && cur->bytes[at] != '\0';
             i++) {
            at++;
        }
    }
    return at - start;
}

static bool is_word(char c);

/* A word character other than the underscore, which is emphasis where it is not inside a name. */
static bool is_name(char c)
{
    return is_word(c) && c != '_';
}

static bool is_irc_code(char c)
{
    return c != '\0' && strchr("\x02\x03\x04\x0F\x11\x16\x1D\x1E\x1F", c) != NULL;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (c & 0x80);
}

/*
 * <@U1>, <#C1|name>, <url|text>, <!here>: keeps the visible text (PROTOCOLS.md S19). Returns 0 if
 * it is none.
 */
static size_t slack_entity(struct text *text, const struct cursor *cur, size_t at)
{
    size_t end = find(cur, at, at + 600 < cur->len ? at + 600 : cur->len, '>');
    if (end >= cur->len || cur->bytes[end] != '>' || at + 1 >= end) {
        return 0;
    }
    char first = cur->bytes[at + 1];
    bool link = starts(cur, at + 1, "http") || starts(cur, at + 1, "mailto:");
    if (first != '@' && first != '#' && first != '!' && !link) {
        return 0;
    }
    size_t bar = find(cur, at, end, '|');
    text->mentions += !link;
    put_blank(text, at, cur->attr);
    if (bar < end && first != '@' && first != '!') {
        for (size_t i = bar + 1; i < end;) {
            i += put_char(text, cur, i);
        }
    }
    put_blank(text, end, cur->attr);
    return end + 1 - at;
}

static size_t html_entity(struct text *text, const struct cursor *cur, size_t at)
{
    static const struct {
        const char *name;
        char c;
    } entities[] = {
        {"&amp;", '&'},  {"&lt;", '<'},   {"&gt;", '>'},
        {"&quot;", '"'}, {"&#39;", '\''}, {"&nbsp;", ' '},
    };
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        if (starts(cur, at, entities[i].name)) {
            put(text, entities[i].c, at, cur->attr);
            return strlen(entities[i].name);
        }
    }
    return 0;
}

static bool ends_url(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '>' || c == '|' || c == ')' ||
           c == '"';
}

static size_t skip_url(const struct cursor *cur, size_t at)
{
    if (!starts(cur, at, "http://") && !starts(cur, at, "https://") && !starts(cur, at, "www.")) {
        return 0;
    }
    size_t end = at;
    while (end < cur->len && !ends_url(cur->bytes[end])) {
        end++;
    }
    return end - at;
}

static size_t skip_mention(const struct cursor *cur, size_t at)
{
    if (cur->bytes[at] != '@' || (at > 0 && is_word(cur->bytes[at - 1]))) {
        return 0;
    }
    size_t end = at + 1;
    while (end < cur->len &&
           (is_word(cur->bytes[end]) || cur->bytes[end] == '-' || cur->bytes[end] == '.')) {
        end++;
    }
    while (end > at + 1 && cur->bytes[end - 1] == '.') {
        end--;
    }
    return end - at > 1 ? end - at : 0;
}

/* `one plain word` is only emphasis; anything else between backticks is code. */
static size_t inline_code(struct text *text, struct cursor *cur, size_t at)
{
    size_t stop = line_end(cur, at), start = at;
    while (at + 1 < stop && cur->bytes[at + 1] == '`') {
        at++;
    }
    size_t end = find(cur, at + 1, stop, '`');
    if (end >= stop) {
        return at + 1 - start;
    }
    bool word = true;
    for (size_t i = at + 1; i < end; i++) {
        char c = cur->bytes[i];
        word = word && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.');
    }
    uint8_t before = cur->attr;
    cur->attr |= word ? 0 : TEXT_CODE;
    put_blank(text, at, before);
    for (size_t i = at + 1; i < end;) {
        i += put_char(text, cur, i);
    }
    cur->attr = before;
    put_blank(text, end, before);
    while (end + 1 < stop && cur->bytes[end + 1] == '`') {
        end++;
    }
    return end + 1 - start;
}

/* [text](url) keeps the text. */
static size_t markdown_link(struct text *text, const struct cursor *cur, size_t at)
{
    size_t reach = at + LINK_TEXT_MAX < cur->len ? at + LINK_TEXT_MAX : cur->len;
    size_t stop = find(cur, at, reach, '\n');
    size_t close = find(cur, at, stop, ']');
    if (close + 1 >= stop || cur->bytes[close + 1] != '(') {
        return 0;
    }
    size_t target = close + LINK_TEXT_MAX < cur->len ? close + LINK_TEXT_MAX : cur->len;
    size_t end = find(cur, close, find(cur, close, target, '\n'), ')');
    if (end >= target || cur->bytes[end] != ')') {
        return 0;
    }
    for (size_t i = at + 1; i < close;) {
        i += put_char(text, cur, i);
    }
    return end + 1 - at;
}

static size_t skip_comment(const struct cursor *cur, size_t at)
{
    if (!starts(cur, at, "<!--")) {
        return 0;
    }
    for (size_t i = at + 4; i + 3 <= cur->len; i++) {
        if (starts(cur, i, "-->")) {
            return i + 3 - at;
        }
    }
    return cur->len - at;
}

static bool strike_toggle(const struct cursor *cur, size_t at)
{
    if (!starts(cur, at, "~~")) {
        return false;
    }
    if (cur->attr & TEXT_STRUCK) {
        return true;
    }
    for (size_t i = at + 2; i + 1 < cur->len && cur->bytes[i] != '\n'; i++) {
        if (cur->bytes[i] == '~' && cur->bytes[i + 1] == '~') {
            return true;
        }
    }
    return false;
}

/* Everything inside a line. Returns how many source bytes were used. */
static size_t read_inline(struct text *text, struct cursor *cur, size_t at)
{
    char c = cur->bytes[at];
    size_t used = 0;
    if (is_irc_code(c)) {
        return skip_irc_code(cur, at);
    }
    if (c == '<') {
        used = skip_comment(cur, at);
        used = used ? used : slack_entity(text, cur, at);
    } else if (c == '&') {
        used = html_entity(text, cur, at);
    } else if (c == '`') {
        used = inline_code(text, cur, at);
    } else if (c == '[') {
        used = markdown_link(text, cur, at);
    } else if (c == '@') {
        used = skip_mention(cur, at);
        text->mentions += used > 0;
    } else if (c == '~' && strike_toggle(cur, at)) {
        cur->attr ^= TEXT_STRUCK;
        put_blank(text, at, cur->attr);
        return 2;
    } else if (c == '*' || (c == '_' && (at == 0 || !is_name(cur->bytes[at - 1]) ||
                                         at + 1 >= cur->len || !is_name(cur->bytes[at + 1])))) {
        return 1;
    } else if (c == 'h' || c == 'w') {
        used = at == 0 || !is_word(cur->bytes[at - 1]) ? skip_url(cur, at) : 0;
        if (used) {
            put_blank(text, at, cur->attr);
        }
    }
    return used ? used : put_char(text, cur, at);
}

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
        cur->at += read_inline(text, cur, cur->at);
    }
    cur->attr &= (uint8_t) ~(TEXT_STRUCK | TEXT_CODE);
    while (text->len > line->start && text->normal[text->len - 1] == ' ') {
        text->len--;
    }
    if (text->len > line->start && text->normal[text->len - 1] == ':') {
        line->flags |= LINE_COLON;
        line->flags |= cur->bold_line ? LINE_HEADING : 0;
    }
    put(text, '\n', end < cur->len ? end : cur->len, 0);
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
