#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "adapters/irc_line.h"
#include "adapters/irc_support.h"

/*
 * Text in IRC messages: formatting codes taken off, whom it is addressed to, cut into lines that
 * arrive whole. Pure.
 */

/*
 * Takes formatting codes (PROTOCOLS.md I16) and other control bytes out, in place; returns the new
 * length. A tab becomes a blank.
 */
size_t irc_text_strip(char *text, size_t len);

/*
 * "whether: text", "whether, text", "@whether text", "@whether: text": where the text begins; NULL
 * when it is not addressed to this nick. "whether to use Node" is not.
 */
const char *irc_text_addressed(const char *text, const char *nick, enum irc_casemap casemap);

/*
 * The next line of text[*at..]: at most `max` bytes, ending at a line feed, or at a blank, or, in a
 * word that is longer than a line, between two characters of UTF-8. Moves *at behind it. False at
 * the end. Empty lines are passed over. max is at least 4.
 */
bool irc_text_split(const char *text, size_t len, size_t max, size_t *at, struct irc_span *ret);

/*
 * How many bytes of text fit into "PREFIX COMMAND target :text" as others see it (I1). prefix_len:
 * of ":nick!user@host ", both signs and the blank included; 0 when it is not known yet: then the
 * most that RFC 1459 servers allow for this nick is assumed.
 */
size_t irc_text_room(size_t prefix_len, const char *nick, const char *command, const char *target);
