#pragma once

#include <stdint.h>

/*
 * The words that readers and advisors share about a message: where it was said, what kind it is,
 * what it asks for. The names are those of the evaluation's labels, command line and JSON. Pure
 * tables.
 */

enum surface {
    SURFACE_DM,
    SURFACE_MENTION,
    SURFACE_SLASH,
    SURFACE_TRACKER,
    SURFACE_AMBIENT,
    SURFACE_COUNT
};

enum kind {
    KIND_VERDICT,
    KIND_FACTS,
    KIND_NEIGHBOUR,
    KIND_UNKNOWN,
    KIND_META,
    KIND_SILENT,
    KIND_COUNT
};

/* What precisely is asked, within a kind. */
enum ask_about {
    ASK_NOTHING,
    ASK_CHOICE,    /* verdict: which one? */
    ASK_WHY,       /* facts: why that? (the last answer) */
    ASK_WHY_NOT,   /* facts: why not `option`? */
    ASK_FLIP,      /* facts: what would change your mind? */
    ASK_STRENGTHS, /* facts: what is `option` good at, what comes with it? */
    ASK_COMPARE,   /* facts: the difference, both columns */
    ASK_RULE,      /* facts: the rule in one sentence */
    ASK_SOURCE,    /* facts: who says so, where is it from? */
    ASK_FACT,      /* facts: the pack's fact number `item` */
    ASK_TOOL,      /* facts: `option`'s tool number `item` */
    ASK_BETTER,    /* facts: is one simply better? */
    ASK_NEIGHBOUR, /* neighbour: the pack number `item` of the knowledge */
    ASK_HELLO,     /* meta ... */
    ASK_THANKS,
    ASK_HELP,
    ASK_WHO,
    ASK_RESET,     /* forget that, start over */
    ASK_NEVERMIND, /* sorry, wrong window; never mind */
    ASK_RECORD,    /* facts: write the decision down */
    ASK_COUNT
};

struct ask {
    enum ask_about about;
    int16_t option; /* index or -1 */
    int16_t item;   /* index or -1: meaning depends on `about` */
};

/* "dm", "verdict" ...: the names that users and files see; NULL for a value out of range. */
const char *surface_name(enum surface surface);
const char *kind_name(enum kind kind);
const char *ask_name(enum ask_about about);
/* -1 for an unknown name. */
int surface_find(const char *name);
int kind_find(const char *name);
int ask_find(const char *name);
