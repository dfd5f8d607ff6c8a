#include "bot/reader/text_inside.h"

enum { LINK_TEXT_MAX = 1024 };

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

static bool is_irc_code(char c)
{
    return c != '\0' && strchr("\x02\x03\x04\x0F\x11\x16\x1D\x1E\x1F", c) != NULL;
}

/* A word character other than the underscore, which is emphasis where it is not inside a name. */
static bool is_name(char c)
{
    return is_word(c) && c != '_';
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
    text_put_blank(text, at, cur->attr);
    if (bar < end && first != '@' && first != '!') {
        for (size_t i = bar + 1; i < end;) {
            i += text_put_char(text, cur, i);
        }
    }
    text_put_blank(text, end, cur->attr);
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
            text_put(text, entities[i].c, at, cur->attr);
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
    text_put_blank(text, at, before);
    for (size_t i = at + 1; i < end;) {
        i += text_put_char(text, cur, i);
    }
    cur->attr = before;
    text_put_blank(text, end, before);
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
        i += text_put_char(text, cur, i);
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

size_t text_inline_read(struct text *text, struct cursor *cur, size_t at)
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
        text_put_blank(text, at, cur->attr);
        return 2;
    } else if (c == '*' || (c == '_' && (at == 0 || !is_name(cur->bytes[at - 1]) ||
                                         at + 1 >= cur->len || !is_name(cur->bytes[at + 1])))) {
        return 1;
    } else if (c == 'h' || c == 'w') {
        used = at == 0 || !is_word(cur->bytes[at - 1]) ? skip_url(cur, at) : 0;
        if (used) {
            text_put_blank(text, at, cur->attr);
        }
    }
    return used ? used : text_put_char(text, cur, at);
}
