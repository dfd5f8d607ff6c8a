#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "adapters/http_url.h"
#include "adapters/tracker_text.h"
#include "bot/advisor/document.h"
#include "bot/base/buf.h"
#include "bot/host/config.h"

/*
 * What one tracker is to the adapter: a row of data. How its deliveries are signed and named, where
 * in them things stand (JSON pointers), which requests comment and look (templates). The rows are
 * in tracker_kinds.c; tracker_parse.c and tracker_request.c read them. All of it is pure.
 */
struct signature_scheme;

/* ---- what comes in ---- */

enum {
    TICKET_ID_MAX = 220, /* bytes, with the NUL */
    TICKET_KEY_MAX = 480,
    TICKET_TEXT_MAX = 64 * 1024, /* what is beyond is not read */
    TICKET_ADDRESS_MAX = 2 * TICKET_ID_MAX + HTTP_URL_MAX + 40,
};

enum ticket_what {
    TICKET_BAD,     /* not what the sender sends; `why` is a sentence */
    TICKET_IGNORED, /* nothing for us; `why` is a word */
    TICKET_OPENED,  /* a new ticket */
    TICKET_EDITED,  /* another text of one */
    TICKET_ASKED,   /* it got the label that asks */
    TICKET_RECORD,  /* it got the label that asks for a record */
    TICKET_COMMENT,
    TICKET_RECOMMENT, /* a comment's other text */
    TICKET_QUESTION,  /* generic: a question, whatever it is in */
};

/* Where a ticket is, and where its answers go: words without blanks, safe in a URL's path. */
struct ticket_place {
    char project[TICKET_ID_MAX]; /* "-": the number says it all */
    char number[TICKET_ID_MAX];
    char noun[30];            /* "issues", "merge_requests" */
    char reply[HTTP_URL_MAX]; /* generic: the address; "" else */
};

struct ticket_event {
    enum ticket_what what;
    const char *why;
    struct ticket_place place;
    const char *of;              /* what `id` is one of: the event's name; static */
    char id[TICKET_ID_MAX];      /* of what has the text; "" only its delivery has one */
    char version[TICKET_ID_MAX]; /* another one after each edit; "" unknown */
    char author[TICKET_ID_MAX];  /* who wrote the text; "" a deleted user */
    char sender[TICKET_ID_MAX];  /* who caused the delivery; likewise */
    bool from_bot;
    bool labelled;     /* the ticket has the label that asks */
    int64_t signed_ms; /* when it was signed, where the body says so; 0: it does not */
    struct buf text;   /* a ticket's title, a blank line, its text; or a comment's */
};

/* Where things stand in a body; NULL: nowhere. */
struct ticket_pointers {
    const char *project, *number, *noun;        /* noun: itself, no pointer */
    const char *id, *version, *author, *sender; /* id NULL: what is there has none */
    const char *title, *text, *labels;
};

/* Which deliveries are what. The first row that fits holds. */
struct ticket_rule {
    const char *event, *action; /* action NULL: any */
    const char *where, *is;     /* a pointer, and the string that must be there; NULL: no matter */
    enum ticket_what what;
    const struct ticket_pointers *at;
};

/* ---- what goes out ---- */

enum tracker_method { TRACKER_WHOAMI, TRACKER_LOOK, TRACKER_POST, TRACKER_METHODS };

/*
 * A request. In url and body <api>, <project>, <number>, <noun>, <reply>, <page>, <offset>, <since>
 * and <mark> stand for what their names say, <text> for the answer as it stands in a JSON string,
 * <json> for the answer as it is.
 */
struct tracker_template {
    const char *method, *url, *body; /* body NULL: none */
};

struct tracker_kind {
    const char *name;
    enum config_tracker_kind config;

    /* The first scheme whose header is there is the one (T1, T3); none: the last. NULL-ended. */
    const struct signature_scheme *schemes[3];
    bool signs_payload; /* of a form: the field "payload" instead of the body (T2) */
    bool never_4xx;     /* but for a bad signature (L4) */
    const char *event_headers[3], *delivery_headers[4]; /* the first that is there; NULL-ended */
    const char *event_at, *action_at;                   /* pointers; event_at NULL: by header */
    const char *other_headers[4];    /* those that only another sender has; NULL-ended */
    const char *other_sentence;      /* where its deliveries belong */
    const struct ticket_rule *rules; /* until one without `at` */
    const char *bot_at, *bot_is;     /* a pointer, and a list of what it holds for bots */
    const char *bot_name;            /* a part of bots' names; NULL: nothing tells */
    const char *signed_at;           /* ms since 1970 */
    bool (*put)(const json_t *body, const char *label); /* this delivery tells of its being put */
    bool (*reworded)(const json_t *body);               /* NULL: edits are of texts */

    enum tracker_markup text;
    enum markup markup;
    bool mark_in_text;         /* the hidden marker is appended to the answer (Markdown) */
    bool keyed;                /* answers carry an Idempotency-Key: the other side knows a copy */
    bool basic;                /* Authorization: Basic user:token */
    const char *authorization; /* before the token; with basic: before its base64 */
    struct tracker_template requests[TRACKER_METHODS];
    const char *self_names[3]; /* in the answer to WHOAMI: pointers to what people call us ... */
    const char *self_id;       /* ... and to what deliveries call us */
    const char *lists[3];      /* in the answer to LOOK: pointers to arrays of comments */
    const char *list_author, *list_mark; /* in each: who wrote it, and what holds the marker */
    bool pages;                          /* a full answer to LOOK has another page after it */
    const char *errors;        /* a pointer to what is there in a 2xx answer that is a failure */
    const char *error_limited; /* a word in such an answer: the rate limit (N3) */
};

extern const struct tracker_kind tracker_kinds[CONFIG_TRACKERS];

/* What a parser goes by; borrowed. */
struct ticket_view {
    const struct tracker_kind *kind;
    const struct config_tracker *config;
    const char *event; /* the header's; NULL: none */
};

/* Fills ret, whatever it held; ticket_finish() frees. Borrows nothing from body. */
void ticket_parse(const struct ticket_view *view, const json_t *body, struct ticket_event *ret);
void ticket_finish(struct ticket_event *event);

/* What the outbox keeps of a place. False: not one of ours. */
void ticket_place_format(const struct ticket_place *place, char ret[TICKET_ADDRESS_MAX]);
bool ticket_place_parse(const char *text, struct ticket_place *ret);

/* Whether a value of labels (names, objects with a name or title, words) has this one. */
bool ticket_has_label(const json_t *labels, const char *label);

/* What a request is made of; borrowed. */
struct tracker_parcel {
    const struct tracker_kind *kind;
    const char *api;
    const struct ticket_place *place;
    const char *payload; /* the answer, as the outbox has it */
    size_t payload_len;
    const char *mark; /* the delivery's key */
    int64_t since_ms;
    unsigned page; /* from 1 */
};

enum { TRACKER_PAGE = 100, TRACKER_MARK_MAX = 60, TRACKER_NAME_MAX = 100 };

/* "whether:ID.CREATED": unique also when the store began anew. */
void tracker_mark_format(int64_t id, int64_t created_ms, char ret[TRACKER_MARK_MAX]);

/* False: does not fit. */
bool tracker_request_format(const struct tracker_parcel *parcel, enum tracker_method method,
                            struct buf *ret_url, struct buf *ret_body);

/* Who we are, as an answer to WHOAMI tells. False: it does not. */
struct tracker_self {
    char names[2][TRACKER_NAME_MAX], id[TRACKER_NAME_MAX];
};
bool tracker_self_read(const struct tracker_kind *kind, const json_t *answer,
                       struct tracker_self *ret);

/* Looks for our comment in an answer to LOOK. *ret_count: the comments in it. */
bool tracker_look_read(const struct tracker_kind *kind, const json_t *answer, const char *self_id,
                       const char *mark, size_t *ret_count);
