#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is said to Slack: replies as Block Kit with a plain-text fallback and buttons, and the
 * requests that carry them. Pure. Escapes what people and packs wrote, so that no answer pings a
 * channel (PROTOCOLS.md S18); keeps Slack's limits (S20). Knows nothing of verdicts or HTTP.
 */
struct buf;
struct reply;
struct slack_address;

enum {
    SLACK_FALLBACK_MAX = 3900, /* bytes of `text`, of 4,000 characters that Slack recommends */
    SLACK_PAYLOAD_MAX = 40 * 1024,
};

/* What comes with a reply; borrowed. */
struct slack_extras {
    bool ephemeral;       /* the answer to a slash command: for the asker's eyes */
    bool buttons;         /* Why?, What would change it?, Wrong */
    const char *question; /* what was asked, for the button Wrong to remember */
    size_t question_len;
};

/*
 * Appends an object: text, blocks, unfurling off. It is what the outbox keeps, and the answer to a
 * slash command as it stands. False when ret is full.
 */
bool slack_format_reply(const struct reply *reply, const struct slack_extras *extras,
                        struct buf *ret);

/* The same for a fixed sentence. */
bool slack_format_sentence(const char *sentence, bool ephemeral, struct buf *ret);

/*
 * The body of chat.postMessage for what slack_format_reply() made. The metadata carries `key`, by
 * which the message is recognised when it is not certain that it arrived.
 */
bool slack_format_post(const struct slack_address *address, const char *key, const char *payload,
                       size_t len, struct buf *ret);

/* The same for a response_url. */
bool slack_format_response(bool private, const char *payload, size_t len, struct buf *ret);

/* "ID.CREATED": unique also when the store began anew. */
enum { SLACK_DELIVERY_KEY_MAX = 48 };
void slack_delivery_key(int64_t id, int64_t created_ms, char ret[SLACK_DELIVERY_KEY_MAX]);

/* The form body of conversations.replies (with a thread) or conversations.history. */
bool slack_format_lookup(const struct slack_address *address, int64_t since_ms, const char *cursor,
                         struct buf *ret);
#define SLACK_EVENT_TYPE "whether_answer"
