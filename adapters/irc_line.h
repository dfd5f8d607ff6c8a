#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * IRC lines: bytes to struct and back. Pure: no I/O, no clock, no memory of its own. Knows nothing
 * of sessions or of what a line is for. Nothing here can emit CR, LF or NUL inside a line, whatever
 * it is given (PROTOCOLS.md I16).
 */

struct buf;

enum {
    IRC_LINE_MAX = 512,  /* with CR LF, without tags (I1) */
    IRC_TAGS_MAX = 8191, /* of a line from a server, '@' and blank included (I2) */
    IRC_BODY_MAX = 700,  /* of a server's line without tags: more than the 512 of I1 */
    IRC_PARAMS_MAX = 15,
    IRC_NICK_MAX = 64,     /* with the NUL; longer ones are cut */
    IRC_CHANNEL_MAX = 128, /* likewise, but longer ones are refused */
};

/* Bytes of somebody else's; not NUL-terminated. */
struct irc_span {
    const char *at;
    size_t len;
};

bool irc_span_is(struct irc_span span, const char *text);

/* Copies at most cap - 1 bytes and a NUL. False when it had to cut. */
bool irc_span_copy(struct irc_span span, char *ret, size_t cap);

/* One line, without its line end. Borrows from the bytes it was parsed from. */
struct irc_line {
    struct irc_span tags;    /* without '@'; len 0: none */
    struct irc_span prefix;  /* without ':'; len 0: none */
    struct irc_span command; /* never empty */
    struct irc_span params[IRC_PARAMS_MAX];
    size_t count;
};

/*
 * False for what is no line: empty, without a command, with a NUL, CR or LF in it, or with tags
 * over IRC_TAGS_MAX. The length of the rest is the caller's to judge. A parameter beyond the last
 * is part of the last.
 */
bool irc_line_parse(const char *bytes, size_t len, struct irc_line *ret);

/* The line as C strings can have it: an absent parameter is an empty one. */
struct irc_span irc_line_param(const struct irc_line *line, size_t index);

/*
 * A tag's value, unescaped and NUL-terminated. False when the tag is not there or does not fit; a
 * tag without value gives "".
 */
bool irc_line_tag(const struct irc_line *line, const char *key, char *ret, size_t cap);

/* "2026-11-25T15:51:01.123Z" in ms since 1970. False for anything else. */
bool irc_time_parse(const char *text, int64_t *ret_ms);

/* The parts of "nick!user@host"; user and host are empty where the prefix has none. */
struct irc_prefix {
    struct irc_span nick, user, host;
};
struct irc_prefix irc_prefix_parse(struct irc_span prefix);

/*
 * One line to send: words (NULL-terminated), then, unless NULL, a last parameter that may hold
 * blanks; CR LF at the end. Every CR, LF and NUL in them becomes a blank. False, with an empty
 * *ret, when a word is empty or would be read as something else (a blank inside, a ':' in front),
 * or when the line would be longer than IRC_LINE_MAX.
 */
bool irc_line_format(char ret[IRC_LINE_MAX + 1], const char *const *words, const char *last);

/* The same onto the end of out; nothing when it is no line. No copy stays: it may be secret. */
void irc_line_append(struct buf *out, const char *const *words, const char *last);
