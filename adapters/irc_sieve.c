#include "adapters/irc_sieve.h"

#include <string.h>
#include <strings.h>

#include "adapters/irc_origin.h"
#include "adapters/irc_support.h"
#include "bot/base/buf.h"

/* A line that libircclient can take */

/* Three digits or letters. It looks at three digits only: "0010" would be a welcome. */
static bool is_command(struct irc_span word)
{
    size_t digits = 0, letters = 0;
    for (size_t i = 0; i < word.len; i++) {
        char c = word.at[i];
        digits += c >= '0' && c <= '9';
        letters += (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    }
    return letters == word.len || (digits == word.len && digits == 3);
}

static void put_word(struct buf *out, struct irc_span word)
{
    for (size_t i = 0; i < word.len; i++) {
        unsigned char c = (unsigned char)word.at[i];
        buf_putc(out, c < 0x20 || c == 0x7F ? '?' : word.at[i]);
    }
}

/* More than libircclient takes are put together into its last one. */
static void put_params(struct buf *out, const struct irc_line *line)
{
    size_t last = line->count < IRC_CLIENT_PARAMS ? line->count : IRC_CLIENT_PARAMS;
    for (size_t i = 0; i + 1 < last; i++) {
        buf_putc(out, ' ');
        put_word(out, line->params[i]);
    }
    buf_puts(out, " :");
    for (size_t i = last ? last - 1 : 0; i < line->count; i++) {
        buf_puts(out, i + 1 > last ? " " : "");
        buf_append(out, line->params[i].at, line->params[i].len);
    }
}

static bool pass_on(const struct irc_line *line, struct buf *to_client)
{
    struct buf out;
    buf_init(&out, IRC_CLIENT_LINE_MAX);
    buf_putc(&out, ':');
    put_word(&out, line->prefix.len > 0 ? line->prefix : (struct irc_span){"server", 6});
    if (line->tags.len > 0) {
        irc_origin_put(line, &out);
    }
    buf_putc(&out, ' ');
    buf_append(&out, line->command.at, line->command.len);
    put_params(&out, line);
    buf_puts(&out, "\r\n");
    bool fits = !out.failed;
    if (fits) {
        buf_append(to_client, out.data, out.len);
    }
    buf_finish(&out);
    return fits;
}

/* What is said */

/*
 * An ACTION is text (I10); libircclient would cut it at 120 bytes (C15): its frame is taken off.
 * What is left must not look framed again: whoever said it chose every byte of it.
 */
static bool unframe_action(struct irc_line *line)
{
    static const char head[] = "\x01"
                               "ACTION ";
    struct irc_span *text = &line->params[1];
    size_t len = sizeof(head) - 1;
    if (text->len <= len || memcmp(text->at, head, len) != 0) {
        return false;
    }
    text->at += len;
    text->len -= len;
    text->len -= text->at[text->len - 1] == '\x01';
    while (text->len > 0 && *text->at == '\x01') {
        text->at++;
        text->len--;
    }
    return true;
}

static bool is_for_channel(const struct irc_support *support, struct irc_span target)
{
    char name[IRC_CHANNEL_MAX];
    irc_span_copy(target, name, sizeof(name));
    return irc_support_channel(support, name) != NULL;
}

/* The final 0x01 may be missing (I10); libircclient would not know it for CTCP then. */
static bool pass_ctcp(const struct irc_support *support, struct irc_line line,
                      struct buf *to_client)
{
    char framed[IRC_BODY_MAX + 2];
    struct irc_span *text = &line.params[1];
    bool dcc = text->len > 4 && strncasecmp(text->at + 1, "DCC", 3) == 0;
    bool lone = text->len < 2 || (text->len == 2 && text->at[1] == '\x01');
    if (dcc || lone || is_for_channel(support, line.params[0]) || text->len >= IRC_BODY_MAX) {
        return false;
    }
    if (text->at[text->len - 1] != '\x01') {
        memcpy(framed, text->at, text->len);
        framed[text->len] = '\x01';
        *text = (struct irc_span){framed, text->len + 1};
    }
    return pass_on(&line, to_client);
}

static bool pass_talk(const struct irc_support *support, struct irc_line line, bool notice,
                      struct buf *to_client)
{
    if (line.count < 2 || line.params[0].len == 0) {
        return false;
    }
    line.count = 2;
    struct irc_span text = line.params[1];
    bool ctcp = text.len > 0 && *text.at == '\x01';
    if (notice && ctcp) {
        return false;
    }
    return ctcp && !unframe_action(&line) ? pass_ctcp(support, line, to_client)
                                          : pass_on(&line, to_client);
}

bool irc_sieve_pass(const struct irc_support *support, const struct irc_line *line,
                    struct buf *to_client)
{
    if (!is_command(line->command)) {
        return false;
    }
    bool notice = irc_span_is(line->command, "NOTICE");
    bool talk = notice || irc_span_is(line->command, "PRIVMSG");
    return talk ? pass_talk(support, *line, notice, to_client) : pass_on(line, to_client);
}
