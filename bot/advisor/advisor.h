#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/advisor/facts.h"
#include "bot/advisor/verdict.h"
#include "bot/reader/anchor.h"
#include "bot/reader/kind.h"

/*
 * The whole of the understanding behind one door: knowledge in, then turn by turn text in,
 * outcome out. Pure apart from the
 * memory that advisor_create() takes: no I/O, clock, randomness or globals, so one advisor
 * serves any number of threads, each with its
 * own workspace. A turn never fails and never allocates: any bytes get an outcome.
 */
struct advisor;
struct workspace;
struct knowledge;
struct reply;
struct request;

enum {
    TEXT_MAX = 64 * 1024
}; /* bytes of a message that are read; what is beyond is ignored and `truncated` set */

/*
 * What is remembered of a conversation. Plain data: copy it, store it, zero it to start afresh.
 * Holds no text.
 */
struct project {
    struct facts facts;
    uint64_t supposed; /* of what is stated: only as a possibility, in the turn before */
    uint8_t used;      /* this slot has been in use */
    uint8_t order
        /* turn in which a situation was last said, for slots and "scrap the first" */
        [PACK_SITUATIONS_MAX];
    struct anchor anchors[ANCHORS_MAX]; /* words of what was stated; the oldest give way */
    uint8_t anchor_count, anchor_next;
};
enum { CONVERSATION_PROJECTS = 4 };
struct conversation {
    uint32_t turns;
    int16_t pack;      /* index of the decision it is about, -1 before any */
    uint8_t project;   /* the current one of projects */
    uint8_t began;     /* another project than the first was begun */
    uint8_t asked;     /* a verdict was asked for or given */
    uint8_t last_kind; /* enum kind of the last turn + 1; 0 = none */
    int16_t told;      /* option last recommended, -1 none */
    uint8_t told_kind; /* enum verdict_kind last told */
    int16_t
        asked_situation; /* the bot's own last question, -1 none: lets a bare "yes" be its answer */
    struct project projects[CONVERSATION_PROJECTS];
};
void conversation_init(struct conversation *conversation);

struct outcome {
    enum kind kind;
    const struct pack
        *pack; /* the decision, NULL when none is touched (unknown, meta, silent without one) */
    /* the one that is asked about: pack, or the neighbour; NULL for none */
    const struct pack *decision;
    struct ask ask;
    struct facts facts;     /* of the conversation's current project */
    struct verdict verdict; /* kind VERDICT_NONE unless kind is KIND_VERDICT */
    struct verdict
        standing; /* the verdict that the facts give now, whatever the kind: what "why?" explains */
    struct verdict before; /* what was told before this turn; VERDICT_NONE if nothing */
    bool both;
    bool truncated;
};

/*
 * Compiles the packs' cues. `model` paths are none of its business: models come in the knowledge.
 * Ownership to the caller; knowledge must outlive it.
 */
struct advisor *advisor_create(const struct knowledge *knowledge);
void advisor_destroy(struct advisor *advisor);
size_t advisor_memory(const struct advisor *advisor); /* bytes held */

struct workspace *workspace_create(const struct advisor *advisor);
void workspace_destroy(struct workspace *workspace);

/*
 * Reads one turn, moves the conversation on, decides. text need not be NUL-terminated nor valid
 * UTF-8.
 */
void advisor_turn(const struct advisor *advisor, struct workspace *workspace,
                  struct conversation *conversation, enum surface surface, const char *text,
                  size_t len, struct outcome *ret);

/*
 * Facts set by other means than words: situations that hold and weigh what they weigh, that matter
 * most (so they hold), that do not hold, that nobody spoke of.
 */
struct assumed {
    uint64_t stated, heavy, denied, unsaid;
};

/*
 * Sets facts of the conversation's current project and decides anew: an outcome of kind verdict. A
 * conversation that is about no decision yet is about the main one from now on; where there is
 * none, the outcome is unknown and nothing has changed.
 */
void advisor_assume(const struct advisor *advisor, struct conversation *conversation,
                    const struct assumed *assumed, struct outcome *ret);

/* The decision that a conversation is about, or will be when facts are set: NULL, there is none. */
const struct pack *advisor_pack(const struct advisor *advisor,
                                const struct conversation *conversation);

/*
 * The request that words an outcome (reply.h); borrows from it. alone: for what speaks of the
 * outcome's own pack only; it names no other decision, and where the outcome has no pack, none.
 */
void outcome_request_alone(const struct outcome *outcome, struct request *ret);
void outcome_request(const struct advisor *advisor, const struct outcome *outcome,
                     struct request *ret);
