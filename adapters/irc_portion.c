#include "adapters/irc_portion.h"

#include <stdio.h>
#include <string.h>

#include "adapters/irc_text.h"

#define MORE_HINT " (say \"more\" for the rest)"

enum { LEAST_ROOM = 4 }; /* irc_text_split() wants so many */

void irc_portion_init(struct irc_portion *ret, const char *text, size_t len)
{
    *ret = (struct irc_portion){.at = 0};
    buf_init(&ret->text, IRC_PORTION_BYTES);
    buf_append(&ret->text, text, len);
}

void irc_portion_finish(struct irc_portion *portion)
{
    buf_finish(&portion->text);
    *portion = (struct irc_portion){.at = 0};
}

/* 0, 1, or 2 for more than one. */
static unsigned lines_left(const struct irc_portion *portion, size_t room)
{
    unsigned left = 0;
    struct irc_span ignored;
    for (size_t at = portion->at;
         left < 2 && irc_text_split(portion->text.data, portion->text.len, room, &at, &ignored);) {
        left++;
    }
    return left;
}

bool irc_portion_next(struct irc_portion *portion, const struct irc_voice *voice,
                      char ret[IRC_LINE_MAX + 1])
{
    char text[IRC_LINE_MAX], greeting[IRC_NICK_MAX + 2] = "";
    if (portion->lines == 0 && portion->nick[0]) {
        snprintf(greeting, sizeof(greeting), "%s: ", portion->nick);
    }
    bool last = portion->lines + 1 == IRC_PORTION_LINES;
    size_t room = irc_text_room(voice->prefix_len, voice->nick, voice->command, portion->target);
    size_t reserved = strlen(greeting) + (last ? strlen(MORE_HINT) : 0);
    room = room > reserved + LEAST_ROOM ? room - reserved : LEAST_ROOM;
    struct irc_span piece;
    if (!irc_text_split(portion->text.data, portion->text.len, room, &portion->at, &piece)) {
        return false;
    }
    unsigned left = last ? lines_left(portion, room) : 0;
    portion->one_more |= left == 1;
    portion->lines++;
    snprintf(text, sizeof(text), "%s%.*s%s", greeting, (int)piece.len, piece.at,
             left > 1 ? MORE_HINT : "");
    const char *const words[] = {voice->command, portion->target, NULL};
    return irc_line_format(ret, words, text);
}

bool irc_portion_done(const struct irc_portion *portion)
{
    return portion->at >= portion->text.len ||
           portion->lines >= IRC_PORTION_LINES + (portion->one_more ? 1u : 0u);
}
