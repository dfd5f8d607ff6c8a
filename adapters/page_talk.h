#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "adapters/http_body.h"
#include "bot/host/view.h"

/*
 * What the page's form says: the conversation so far, what is being typed, which button was
 * pressed. The form holds all of it, so that the server keeps nothing. Pure; any bytes.
 *
 *   s0 f0 s1 f1 ...   turns: a message, and the facts set by hand after it
 *   text facts        the message being typed, and the facts set since
 *   press             facts of the button that was pressed, to be added
 *   try, ask          the message was asked: an example, or by its button
 *   live              by the script, while somebody types: only a look
 */
enum {
    TALK_TEXT_MAX = 8000,   /* bytes of one message */
    TALK_TEXTS_MAX = 24000, /* of all */
    TALK_FACTS_MAX = 6000,
};

struct error;

struct talk_turn {
    const char *text; /* borrowed from the form; "" none */
    char *facts;      /* owned; "" none: each situation once, see view.h */
};

struct talk {
    struct http_form form; /* owned */
    struct talk_turn turns[VIEW_TURNS_MAX];
    size_t count;   /* with the draft */
    bool has_draft; /* the last turn is still being typed */
    bool asked;     /* somebody wants to know; else it is a look */
    bool full;      /* no more turns fit */
};

/* On failure *ret is untouched and err says what is wrong. */
bool talk_parse(const char *body, size_t len, struct talk *ret, struct error *err);
void talk_finish(struct talk *talk); /* a zeroed one is fine: nothing was said */

/* As view_make() takes it; borrowed from the talk. */
void talk_said(const struct talk *talk, struct view_said ret[VIEW_TURNS_MAX]);
