#include "adapters/irc_text.h"

#include <stdio.h>
#include <string.h>

#include "bot/base/utf8.h"

enum {
    CODE_COLOUR = 0x03,
    CODE_HEX_COLOUR = 0x04,
    USER_MOST = 10,
    HOST_MOST = 63,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* How many of at most `most` bytes are of this kind. */
static size_t run(const char *text, size_t len, size_t most, bool (*kind)(char))
{
    size_t n = 0;
    while (n < most && n < len && kind(text[n])) {
        n++;
    }
    return n;
}

/* The length of what follows a colour code: nn or nn,nn; rrggbb or rrggbb,rrggbb. */
static size_t colour_len(const char *text, size_t len, size_t most, bool (*kind)(char))
{
    size_t first = run(text, len, most, kind);
    if (first == 0 || first == len || text[first] != ',' || (most == 6 && first < 6)) {
        return first;
    }
    size_t second = run(text + first + 1, len - first - 1, most, kind);
    return second > 0 ? first + 1 + second : first;
}

static size_t code_len(const char *text, size_t len)
{
    if (*text == CODE_COLOUR) {
        return 1 + colour_len(text + 1, len - 1, 2, is_digit);
    }
    if (*text == CODE_HEX_COLOUR) {
        return 1 + colour_len(text + 1, len - 1, 6, is_hex);
    }
    return 1;
}

size_t irc_text_strip(char *text, size_t len)
{
    size_t kept = 0;
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != 0x7F) {
            text[kept++] = text[i++];
        } else if (c == '\t') {
            text[kept++] = ' ';
            i++;
        } else {
            i += code_len(text + i, len - i);
        }
    }
    return kept;
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " ");
}

static bool begins_with_nick(const char *text, const char *nick, enum irc_casemap casemap)
{
    char head[IRC_NICK_MAX];
    size_t len = strlen(nick);
    if (len == 0 || len >= sizeof(head) || strnlen(text, len) < len) {
        return false;
    }
    irc_span_copy((struct irc_span){text, len}, head, sizeof(head));
    return irc_same(casemap, head, nick);
}

const char *irc_text_addressed(const char *text, const char *nick, enum irc_casemap casemap)
{
    text = skip_blanks(text);
    bool at = *text == '@';
    text += at;
    if (!begins_with_nick(text, nick, casemap)) {
        return NULL;
    }
    text += strlen(nick);
    if (*text == ':' || *text == ',') {
        return skip_blanks(text + 1);
    }
    return at && (*text == ' ' || *text == '\0') ? skip_blanks(text) : NULL;
}

/* The end of the last whole character within `max` bytes; broken UTF-8 is cut anywhere. */
static size_t whole_characters(const char *text, size_t len, size_t max)
{
    size_t end = 0;
    while (end < len) {
        size_t step = utf8_length(text + end, len - end);
        step = step == 0 ? 1 : step;
        if (end + step > max) {
            break;
        }
        end += step;
    }
    return end;
}

/* The end of the last word within `max` bytes; 0 when the first word is longer. */
static size_t whole_words(const char *text, size_t max)
{
    size_t end = max;
    while (end > 0 && text[end] != ' ') {
        end--;
    }
    while (end > 0 && text[end - 1] == ' ') {
        end--;
    }
    return end;
}

static size_t piece_len(const char *text, size_t len, size_t max)
{
    if (len <= max) {
        return len;
    }
    size_t words = whole_words(text, max);
    return words > 0 ? words : whole_characters(text, len, max);
}

static size_t line_len(const char *text, size_t len)
{
    const char *feed = memchr(text, '\n', len);
    return feed ? (size_t)(feed - text) : len;
}

bool irc_text_split(const char *text, size_t len, size_t max, size_t *at, struct irc_span *ret)
{
    while (*at < len && (text[*at] == '\n' || text[*at] == ' ')) {
        (*at)++;
    }
    if (*at == len) {
        return false;
    }
    size_t line = line_len(text + *at, len - *at);
    *ret = (struct irc_span){text + *at, piece_len(text + *at, line, max)};
    *at += ret->len;
    return true;
}

size_t irc_text_room(size_t prefix_len, const char *nick, const char *command, const char *target)
{
    if (prefix_len == 0) {
        prefix_len = strlen(":!@ ") + strlen(nick) + USER_MOST + HOST_MOST;
    }
    size_t used = prefix_len + strlen(command) + strlen(target) + strlen("  :\r\n");
    return used + 4 < IRC_LINE_MAX ? IRC_LINE_MAX - used : 4;
}
