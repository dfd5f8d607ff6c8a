#pragma once

#include <stdbool.h>

/*
 * Structured replies to each target's text. Pure and total. Every formatter escapes what its
 * target would interpret: packs and people cannot inject a mention, a link, a control byte or a
 * second line. Links are made of http and https URLs only; whatever in them is not plainly a part
 * of a URL is percent-encoded. No text ends in a line feed; an empty reply gives an empty text.
 *   plain     for terminals and JSON: blank line between paragraphs, "- " items, code indented by
 *             four, "Source: ... <url>"
 *   irc       one line a paragraph, mIRC bold (0x02) for the lead, no control bytes from the text;
 *             the adapter splits lines
 *   mrkdwn    Slack: *bold*, "• " items, > quotes, ``` code, <url|text>; & < > escaped, nothing
 *             else (PROTOCOLS.md S18)
 *   markdown  trackers: **bold**, "- " items, > quotes, fenced code, [text](url); Markdown and HTML
 *             in texts escaped; mentions, issue references and bare links broken by a zero-width
 *             space (no tracker honours a backslash there)
 * A reply that is a single lead is set in plain type everywhere: bold distinguishes it from what
 * follows. wording_slack_blocks() gives the Block Kit array as JSON text (section, divider,
 * context; limits of S20: a text longer than 3,000 bytes is cut with an ellipsis, blocks beyond
 * 12,000 bytes of text are left out). An empty reply gives [].
 */
struct buf;
struct reply;

enum wording { WORDING_PLAIN, WORDING_IRC, WORDING_MRKDWN, WORDING_MARKDOWN };

/* Appends to ret; false when it is full. */
bool wording_format(const struct reply *reply, enum wording wording, struct buf *ret);
bool wording_slack_blocks(const struct reply *reply, struct buf *ret);

/*
 * Parts of the above for document.c: one text for Markdown, a fenced block of code, the inside of a
 * JSON string (malformed bytes become U+FFFD), a URL within a link.
 */
void wording_put_markdown(struct buf *ret, const char *text);
void wording_put_code(struct buf *ret, const char *text);
void wording_put_json(struct buf *ret, const char *text);
void wording_put_url(struct buf *ret, const char *url);
bool wording_is_url(const char *url);
