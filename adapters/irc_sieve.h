#pragma once

#include <stdbool.h>

#include "adapters/irc_line.h"

/*
 * Which lines of a server libircclient may see, and in what form (PROTOCOLS.md C11 to C15). Pure;
 * knows nothing of bytes that come in pieces, nor of logging in.
 *
 * What passes is canonical: a prefix (with what tags said: irc_origin.h), a command (letters, or
 * three digits), one to IRC_CLIENT_PARAMS parameters, never over IRC_CLIENT_LINE_MAX. A CTCP is
 * whole, and never from a channel or in a NOTICE; an ACTION is the text that it is, also where that
 * is framed like a CTCP. A lone 0x01 and DCC do not pass.
 */
struct buf;
struct irc_support;

enum {
    IRC_CLIENT_PARAMS = 10,     /* C14 */
    IRC_CLIENT_LINE_MAX = 1000, /* its buffer is 1,024 bytes (C12) */
};

/*
 * Appends the line for the client, CR LF included. False: nobody may see it. The text of a CTCP is
 * at most IRC_BODY_MAX bytes.
 */
bool irc_sieve_pass(const struct irc_support *support, const struct irc_line *line,
                    struct buf *to_client);
