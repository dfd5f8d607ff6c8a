#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/reader/kind.h"

/*
 * The one form in which talk reaches the bot and leaves it, whatever chat it came from. Plain
 * borrowed data: a message lives until the call that took it returns; who wants to keep it, copies.
 * Knows nothing of chats, stores or how an answer comes about.
 */
struct outcome;
struct reply;

/* Bytes, without the NUL: longer ones are refused (counted, never cut: two keys must not meet). */
enum { MESSAGE_KEY_MAX = 500, MESSAGE_ADDRESS_MAX = 2000 };

/* What deserves an answer, of what a conversation is told. */
enum heed {
    HEED_ALL,
    HEED_CHANGE,    /* only what gives another verdict than the one told last */
    HEED_FOLLOW_UP, /* the same, and nothing is heard where none was told */
};

struct message {
    const char *adapter;  /* the instance's name, "slack" or "irc libera" */
    enum surface surface; /* ambient: not addressed to the bot, only overheard */
    const char *delivery; /* the sender's delivery id (Slack's event_id, X-GitHub-Delivery), or
                                 NULL */
    const char *identity; /* the same in every copy of one message (team, channel, ts), or NULL */
    const char *conversation; /* place, thread and person, as far as they make one conversation;
                                 NULL: a question on its own (answer_now), nothing is remembered */
    const char *person;       /* who says it, unique within the adapter: for guards, never shown;
                                 NULL: a program with leave to ask as much as it likes */
    const char *address;      /* where an answer goes: the adapter's own words, kept for it */
    const char *pack; /* the decision that a new conversation is about, by its pack's id, or NULL */
    const char *text; /* UTF-8 or not; without the bot's own name where it was addressed by it */
    size_t len;
    const char *facts; /* set after the text by other means than words (facts.h); NULL: none */
    enum heed heed;
    const char *announce; /* "ADAPTER, PLACE": where a verdict is told as well; NULL: nowhere */
    const char *subject;  /* what it is about, there: "acme/shop 12"; NULL without announce */
    bool from_bot;        /* another program said it: never answered (PROTOCOLS.md S14, I7) */
    bool answer_now; /* the caller answers by itself, in `settled`: nothing goes to the outbox */
};

/* What became of a message, told after the store has committed. */
enum settled {
    SETTLED_ANSWERED, /* stored; an answer is in the outbox, or given here for answer_now */
    SETTLED_SILENT,   /* stored or not worth storing (a key over its limit); nothing to say */
    SETTLED_KNOWN,    /* a copy of what was taken before */
    SETTLED_GUARDED,  /* a loop or flood guard keeps quiet */
    SETTLED_FAILED,   /* not stored: the sender should be told to try again */
};

/* Of SETTLED_ANSWERED for a message with answer_now; NULL otherwise. Borrowed for the call. */
struct answer {
    const struct outcome *outcome;
    const struct reply *reply;
    const char *payload; /* what adapter_ops.format made of it */
    size_t payload_len;
};

/*
 * Called exactly once for each message handed in, at the end of the same turn of the loop, never
 * from within dispatch_take(). Acknowledge here, not before: only now is it stored.
 */
typedef void message_settled(void *context, enum settled how, const struct answer *answer);

/* An answer on its way out, as the outbox keeps it. Borrowed for the call. */
struct delivery {
    int64_t id;
    const char *adapter;
    const char *conversation; /* deliveries of one conversation leave one after the other */
    const char *address;      /* from the message */
    const char *payload;      /* from adapter_ops.format */
    size_t payload_len;
    uint32_t attempts;  /* made before this one */
    bool unsure;        /* an attempt before this one may have arrived: look before you send */
    int64_t created_ms; /* wall clock, ms since 1970 */
};

enum delivered {
    DELIVERED,
    DELIVERY_LATER,   /* not accepted; to be tried again: after `after_ms` where the other side said
                         so (that counts as no attempt), else by the usual back-off */
    DELIVERY_UNSURE,  /* may have arrived (time-out, broken connection): `unsure` at the next try */
    DELIVERY_REFUSED, /* never will be accepted; `why` goes to the log */
};
