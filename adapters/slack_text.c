#include <string.h>

#include "adapters/slack_parse.h"

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- what people wrote ---- */

struct decoding {
    const char *text;
    size_t len;
    const char *self_user;
    struct buf *ret;
    bool mentioned;
};

static bool put_entity(struct decoding *decoding, size_t *at)
{
    static const struct {
        const char *name;
        char is;
    } entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}};
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        size_t len = strlen(entities[i].name);
        if (len <= decoding->len - *at &&
            memcmp(decoding->text + *at, entities[i].name, len) == 0) {
            buf_putc(decoding->ret, entities[i].is);
            *at += len;
            return true;
        }
    }
    return false;
}

/* Visible text, in which entities may stand. */
static void put_label(struct decoding *decoding, const char *label, size_t len)
{
    struct decoding inner = {.text = label, .len = len, .ret = decoding->ret};
    for (size_t at = 0; at < len;) {
        if (label[at] != '&' || !put_entity(&inner, &at)) {
            buf_putc(inner.ret, label[at++]);
        }
    }
}

static bool is_self(const struct decoding *decoding, const char *id, size_t len)
{
    size_t self = strlen(decoding->self_user);
    return self > 0 && self == len && memcmp(id, decoding->self_user, len) == 0;
}

/* What stands between < and >: a mention, a channel, a command of Slack's, a link. */
static void put_reference(struct decoding *decoding, const char *inside, size_t len)
{
    const char *bar = memchr(inside, '|', len);
    size_t target = bar ? (size_t)(bar - inside) : len;
    const char *label = bar ? bar + 1 : inside;
    size_t label_len = bar ? len - target - 1 : len;
    char sign = inside[0];
    if (sign == '@' && is_self(decoding, inside + 1, target - 1)) {
        decoding->mentioned = true;
        return;
    }
    bool named = bar != NULL && label_len > 0;
    if (!named && strchr("@#!", sign)) {
        label = inside + 1;
        label_len = target - 1;
    }
    /* Labels of users and channels come without their sign, those of "!" as they are to be seen. */
    char shown = sign == '#' ? '#' : '@';
    if ((sign == '@' || sign == '#' || (sign == '!' && !named)) &&
        (label_len == 0 || label[0] != shown)) {
        buf_putc(decoding->ret, shown);
    }
    put_label(decoding, label, label_len);
}

/* The first characters that Slack puts between < and >; anything else is somebody's "a < b". */
static bool is_reference(const char *inside, size_t len)
{
    return len > 1 && (strchr("@#!", inside[0]) || memchr(inside, ':', len) != NULL) &&
           memchr(inside, '<', len) == NULL && memchr(inside, '\n', len) == NULL;
}

static bool take_reference(struct decoding *decoding, size_t *at)
{
    const char *inside = decoding->text + *at + 1;
    const char *end = memchr(inside, '>', decoding->len - *at - 1);
    if (end == NULL || !is_reference(inside, (size_t)(end - inside))) {
        return false;
    }
    put_reference(decoding, inside, (size_t)(end - inside));
    *at += (size_t)(end - inside) + 2;
    return true;
}

/* ~x~ at the borders of words, within a line: Slack's strike-through. */
static bool opens_strike(const struct decoding *decoding, size_t at)
{
    const char *text = decoding->text;
    if ((at > 0 && (is_alnum(text[at - 1]) || text[at - 1] == '~')) || at + 2 >= decoding->len ||
        strchr(" \t\n~", text[at + 1])) {
        return false;
    }
    for (size_t i = at + 2; i < decoding->len && text[i] != '\n'; i++) {
        if (text[i] == '~') {
            bool closes = text[i - 1] != ' ' && (i + 1 == decoding->len ||
                                                 !(is_alnum(text[i + 1]) || text[i + 1] == '~'));
            return closes;
        }
    }
    return false;
}

void slack_decode(const char *text, size_t len, const char *self_user, struct buf *ret,
                  bool *ret_mentioned)
{
    struct decoding decoding = {text, len, self_user, ret, false};
    bool struck = false;
    for (size_t at = 0; at < len;) {
        size_t run = buf_plain(text + at, len - at, "<&~");
        buf_fill(ret, text + at, run);
        at += run;
        if (at == len) {
            break;
        }
        if ((text[at] == '<' && take_reference(&decoding, &at)) ||
            (text[at] == '&' && put_entity(&decoding, &at))) {
            continue;
        }
        if (text[at] == '~' && (struck || opens_strike(&decoding, at))) {
            struck = !struck;
            buf_putc(ret, '~');
        }
        buf_putc(ret, text[at++]);
    }
    *ret_mentioned = decoding.mentioned;
}

/* ---- where answers go ---- */

void slack_address_format(const struct slack_address *address, char *ret, size_t cap)
{
    snprintf(ret, cap, "%s %s %s %s", address->private ? "private" : "post",
             address->channel[0] ? address->channel : "-",
             address->thread[0] ? address->thread : "-",
             address->response_url[0] ? address->response_url : "-");
}

/* The next word, "" for "-"; false when it is missing or too long. */
static bool take_word(const char **text, char *ret, size_t cap)
{
    size_t len = strcspn(*text, " ");
    if (len == 0 || len >= cap) {
        return false;
    }
    bool none = len == 1 && **text == '-';
    memcpy(ret, *text, none ? 0 : len);
    ret[none ? 0 : len] = '\0';
    *text += len;
    *text += **text == ' ';
    return true;
}

bool slack_address_parse(const char *text, struct slack_address *ret)
{
    struct slack_address address = {0};
    char mode[8];
    if (!take_word(&text, mode, sizeof(mode)) ||
        !take_word(&text, address.channel, sizeof(address.channel)) ||
        !take_word(&text, address.thread, sizeof(address.thread)) ||
        !take_word(&text, address.response_url, sizeof(address.response_url)) || *text) {
        return false;
    }
    address.private = strcmp(mode, "private") == 0;
    if (!address.private && strcmp(mode, "post") != 0) {
        return false;
    }
    *ret = address;
    return true;
}
