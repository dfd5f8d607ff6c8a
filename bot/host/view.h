#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/advisor/marks.h"
#include "bot/advisor/reply.h"
#include "bot/reader/kind.h"
#include "knowledge/pack.h"

/*
 * A conversation looked at as a whole, for those who show how an answer came about (the page): each
 * message with the words that counted, both sides with their reasons, what would change it. Whoever
 * asks for it holds the conversation and tells it anew each time, so nothing is kept here. Plain
 * data; knows no markup, and no rule of how a verdict is found.
 */
struct advisor;
struct outcome;
struct workspace;

enum { VIEW_TURNS_MAX = 12, VIEW_FLIPS_MAX = 4, VIEW_REASONS_MAX = 64 };

/* What somebody did: a message, facts set by hand after it (facts.h), or both. Borrowed. */
struct view_said {
    const char *text; /* any bytes; len 0: none */
    size_t len;
    const char *facts; /* NULL or "": none */
};

struct view_turn {
    enum kind kind;          /* KIND_SILENT where there was no text */
    const struct pack *pack; /* that the marks' situations are of; NULL: there are no marks */
    struct mark marks[MARKS_MAX];
    size_t mark_count;
    struct reply reply; /* to the text; one sentence for a verdict */
};

enum view_end { VIEW_OPEN, VIEW_PICK, VIEW_DEPENDS, VIEW_ASK }; /* OPEN: a pack without verdicts */

struct view_flip {
    uint64_t add, drop; /* situations that would have to become true, and to fall away */
    enum view_end end;  /* what would come of it */
    int option;         /* for VIEW_PICK, else -1 */
};

struct view {
    const struct pack *pack; /* what it is about; NULL: no pack gives verdicts */
    size_t turn_count;
    struct view_turn turns[VIEW_TURNS_MAX];
    /* Facts of the project that it is about now, by bit of the pack's situations. */
    uint64_t stated, denied, heavy, light;
    enum view_end end;
    int option; /* VIEW_PICK's, else -1 */
    bool clear; /* VIEW_PICK without a real reason against it */
    int weight[PACK_OPTIONS_MAX];
    uint16_t reasons[VIEW_REASONS_MAX]; /* of the pack's rules, the weightiest first */
    size_t reason_count;
    struct view_flip flips[VIEW_FLIPS_MAX];
    size_t flip_count;
    int asks; /* situation worth asking about, -1 none */
    struct reply
        answer; /* to all of it: one sentence for a verdict; empty where nothing was said */
};

/* Who reads and decides; all borrowed. */
struct viewer {
    const struct advisor *advisor;
    struct workspace *workspace;
    enum reply_length length; /* of answers that are no verdicts */
};

/*
 * At most VIEW_TURNS_MAX of said. ret_outcome: the last one; its kind is KIND_SILENT where nothing
 * was said.
 */
void view_make(const struct viewer *viewer, const struct view_said *said, size_t count,
               struct view *ret, struct outcome *ret_outcome);
