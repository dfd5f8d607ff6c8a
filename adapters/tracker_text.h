#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * What of a ticket's text its author says: without quotations, code, HTML comments, what issue
 * templates and mail programs put there, and the bot's own comments. Pure; any bytes, linear time.
 * Knows nothing of trackers but their two markups.
 */
struct buf;

enum tracker_markup { TRACKER_MARKDOWN, TRACKER_WIKI /* Jira's */ };

/* Begins the hidden marker of the bot's own comments; the delivery's key follows. */
#define TRACKER_MARK "whether:"

struct tracker_names {
    const char *names[3]; /* the bot is mentioned by "@NAME"; NULL or "": none */
    const char *id;       /* Jira: by "[~accountid:ID]"; NULL or "": none */
};

/*
 * Appends what is said, the bot's own name taken out. *ret_mentioned: it was addressed by name,
 * outside of quotations and code.
 */
void tracker_text_read(enum tracker_markup markup, const char *text, size_t len,
                       const struct tracker_names *names, struct buf *ret, bool *ret_mentioned);

/* Whether the text is one of the bot's own comments, by its marker. */
bool tracker_text_is_own(const char *text, size_t len);
