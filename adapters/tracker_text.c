#include "adapters/tracker_text.h"

#include <string.h>
#include <strings.h>

#include "bot/base/buf.h"
#include "bot/base/mem.h"

#define COMMENT_OPEN "<!--"
#define COMMENT_CLOSE "-->"

enum { FENCE_MIN = 3, FENCE_INDENT_MAX = 3 };

struct line {
    const char *text;
    size_t len;
};

struct reader {
    enum tracker_markup markup;
    const struct tracker_names *names;
    struct buf *ret;
    bool mentioned;
    bool in_comment;      /* HTML */
    char fence;           /* the mark of an open block of code; 0: none */
    size_t fence_len;     /* how many of them opened it */
    const char *wiki_end; /* "{code}" ...: of an open block; NULL: none */
    bool ended;           /* a signature: nothing after it is the author's */
};

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool begins(struct line line, const char *start)
{
    size_t len = strlen(start);
    return line.len >= len && strncasecmp(line.text, start, len) == 0;
}

static struct line trim(struct line line)
{
    while (line.len > 0 && (line.text[0] == ' ' || line.text[0] == '\t')) {
        line.text++;
        line.len--;
    }
    while (line.len > 0 && strchr(" \t\r", line.text[line.len - 1]) != NULL) {
        line.len--;
    }
    return line;
}

static bool find(struct line line, const char *what, size_t *ret_at)
{
    size_t len = strlen(what);
    for (size_t i = 0; i + len <= line.len; i++) {
        if (memcmp(line.text + i, what, len) == 0) {
            *ret_at = i;
            return true;
        }
    }
    return false;
}

/* ---- mentions ---- */

static bool is_name(struct line rest, const char *name)
{
    size_t len = name ? strlen(name) : 0;
    return len > 0 && rest.len >= len && strncasecmp(rest.text, name, len) == 0 &&
           (rest.len == len ||
            !(is_alnum(rest.text[len]) || strchr("-_", rest.text[len]) ||
              (rest.text[len] == '.' && rest.len > len + 1 && is_alnum(rest.text[len + 1]))));
}

/* How long the mention of the bot is that stands here; 0: none. */
static size_t mention_length(const struct reader *reader, struct line line, size_t at)
{
    static const char account[] = "[~accountid:";
    const struct tracker_names *names = reader->names;
    struct line rest = {line.text + at, line.len - at};
    if (rest.text[0] == '@' && (at == 0 || !is_alnum(line.text[at - 1]))) {
        rest = (struct line){rest.text + 1, rest.len - 1};
        for (size_t i = 0; i < ARRAY_LEN(names->names); i++) {
            if (is_name(rest, names->names[i])) {
                return strlen(names->names[i]) + 1;
            }
        }
        return 0;
    }
    size_t id = names->id ? strlen(names->id) : 0, head = sizeof(account) - 1;
    bool whole = id > 0 && begins(rest, account) && rest.len > head + id &&
                 memcmp(rest.text + head, names->id, id) == 0 && rest.text[head + id] == ']';
    return whole ? head + id + 1 : 0;
}

/* A line that is said: without HTML comments and mentions of the bot; `code` stays as it is. */
static void say(struct reader *reader, struct line line)
{
    bool code = false;
    for (size_t at = 0; at < line.len;) {
        struct line rest = {line.text + at, line.len - at};
        size_t skip, end;
        if (reader->in_comment) {
            reader->in_comment = !find(rest, COMMENT_CLOSE, &end);
            at = reader->in_comment ? line.len : at + end + strlen(COMMENT_CLOSE);
        } else if (!code && begins(rest, COMMENT_OPEN)) {
            reader->in_comment = true;
            at += strlen(COMMENT_OPEN);
        } else if (!code && (skip = mention_length(reader, line, at)) > 0) {
            reader->mentioned = true;
            at += skip;
            /* "@whether: ..." */
            at += at < line.len && strchr(":,", line.text[at]) != NULL ? 1 : 0;
        } else {
            code = code != (line.text[at] == '`');
            buf_putc(reader->ret, line.text[at++]);
        }
    }
    buf_putc(reader->ret, '\n');
}

/* ---- what is not said ---- */

/* Lines that mail programs and people put under what they say. */
static bool is_signature(struct line line)
{
    static const char *const openings[] = {"sent from my ", "get outlook for ",
                                           "-----original message-----",
                                           "reply to this email directly"};
    /* "-- " is the mail programs' own; without the blank it is nearly as often meant so. */
    if (line.len == 2 && memcmp(line.text, "--", 2) == 0) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(openings); i++) {
        if (begins(line, openings[i])) {
            return true;
        }
    }
    /* "On Mon, 3 Mar 2025 at 10:00, Ann <ann@example.org> wrote:" */
    return begins(line, "on ") && line.len > 10 &&
           strncasecmp(line.text + line.len - 6, "wrote:", 6) == 0;
}

/* What issue templates ask everybody to tick, and what forms put for an empty field. */
static bool is_boilerplate(struct line line)
{
    static const char *const openings[] = {
        "_no response_",
        "i have searched",
        "i've searched",
        "i have read",
        "i've read",
        "i agree to follow",
        "i have checked",
        "i've checked",
        "i am using the latest",
        "i'm using the latest",
        "please fill in",
        "please describe",
        "is your feature request related to a problem",
        "thanks for taking the time to fill out",
    };
    static const char *const boxes[] = {"- [x] ", "- [ ] ", "* [x] ", "* [ ] "};
    for (size_t i = 0; i < ARRAY_LEN(boxes); i++) {
        if (begins(line, boxes[i])) {
            line.text += strlen(boxes[i]);
            line.len -= strlen(boxes[i]);
            break;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(openings); i++) {
        if (begins(line, openings[i])) {
            return true;
        }
    }
    return false;
}

static size_t run(struct line line, char mark)
{
    size_t len = 0;
    while (len < line.len && line.text[len] == mark) {
        len++;
    }
    return len;
}

/* Whether the line is in a fenced block of code, or one of its fences. */
static bool is_fenced(struct reader *reader, struct line line, struct line bare)
{
    size_t indent = (size_t)(bare.text - line.text);
    char mark = bare.len > 0 ? bare.text[0] : '\0';
    size_t len = mark == '`' || mark == '~' ? run(bare, mark) : 0;
    bool fence = len >= FENCE_MIN && indent <= FENCE_INDENT_MAX;
    if (reader->fence != '\0') {
        if (fence && mark == reader->fence && len >= reader->fence_len && len == bare.len) {
            reader->fence = '\0';
        }
        return true;
    }
    /* "```like this```" is a word in code, no block. */
    if (fence && memchr(bare.text + len, mark, bare.len - len) == NULL) {
        reader->fence = mark;
        reader->fence_len = len;
        return true;
    }
    return false;
}

/* The same for Jira's {code}, {noformat} and {quote}. */
static bool is_in_wiki_block(struct reader *reader, struct line bare)
{
    static const struct {
        const char *open, *close;
    } blocks[] = {{"{code", "{code}"}, {"{noformat", "{noformat}"}, {"{quote}", "{quote}"}};
    size_t at;
    if (reader->wiki_end != NULL) {
        if (find(bare, reader->wiki_end, &at)) {
            reader->wiki_end = NULL;
        }
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        if (begins(bare, blocks[i].open)) {
            size_t open = strlen(blocks[i].open);
            struct line rest = {bare.text + open, bare.len - open};
            reader->wiki_end = find(rest, blocks[i].close, &at) ? NULL : blocks[i].close;
            return true;
        }
    }
    return begins(bare, "bq. ");
}

static void read_line(struct reader *reader, struct line line)
{
    struct line bare = trim(line);
    if (reader->in_comment) {
        say(reader, line);
        return;
    }
    bool block = reader->markup == TRACKER_WIKI ? is_in_wiki_block(reader, bare)
                                                : is_fenced(reader, line, bare);
    if (block || begins(bare, ">") || is_boilerplate(bare)) {
        buf_putc(reader->ret, '\n');
    } else if (is_signature(bare)) {
        reader->ended = true;
    } else {
        say(reader, line);
    }
}

void tracker_text_read(enum tracker_markup markup, const char *text, size_t len,
                       const struct tracker_names *names, struct buf *ret, bool *ret_mentioned)
{
    struct reader reader = {.markup = markup, .names = names, .ret = ret};
    for (size_t at = 0; at < len && !reader.ended;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t line = end ? (size_t)(end - (text + at)) : len - at;
        read_line(&reader, (struct line){text + at, line});
        at += line + 1;
    }
    *ret_mentioned = reader.mentioned;
}

bool tracker_text_is_own(const char *text, size_t len)
{
    size_t at;
    return find((struct line){text, len}, COMMENT_OPEN " " TRACKER_MARK, &at);
}
