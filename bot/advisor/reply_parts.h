#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/advisor/facts.h"
#include "bot/advisor/line.h"
#include "bot/advisor/reply.h"

/*
 * What reply.c (verdicts), reply_facts.c and reply_meta.c (all other answers) share: the draft of a
 * reply and the pieces that more than one answer is made of (reply_parts.c). record.c says some of
 * them in another form; not for anybody else. Every piece adds nothing where the pack or the
 * verdict has nothing to say.
 */
enum { LINE_REPLY_MAX = 300, REASONS_MAX = 3, REASONS_FULL_MAX = 6 };

/*
 * A request with its gaps filled: pack is never NULL, facts and verdict are copies, empty where
 * there was none.
 */
struct draft {
    const struct request *request;
    const struct pack *pack;
    struct facts facts;
    struct verdict verdict;
    enum reply_length length;
    struct reply *reply;
    uint64_t cited; /* sections used so far, for the source: bit n = section n */
};

/* Makes it empty, whatever it held (reply_block.c, as all that fills one). */
void reply_reset(struct reply *reply);

/* False when there is no pack to speak of at all. */
bool draft_init(struct draft *draft, const struct request *request, enum reply_length length,
                struct reply *reply);

const char *option_name(const struct pack *pack, int option);       /* "" out of range */
const char *situation_name(const struct pack *pack, int situation); /* likewise */
bool is_single(uint64_t set);                                       /* exactly one bit */

/* "a", "a and b", "a, b, and c"; at most max of them. */
void add_names(struct line *line, const struct pack *pack, uint64_t set, size_t max,
               const char *last);
void add_options(struct line *line, const struct pack *pack, uint32_t set, const char *last);

/* The fired rules for an option, the weightiest first; returns how many, at most max. */
size_t rules_for(const struct draft *draft, int option, const struct pack_rule **ret, size_t max);
/* Those for any other option, facts that speak for this one as well left out. */
size_t rules_against(const struct draft *draft, int option, const struct pack_rule **ret,
                     size_t max);

/* The situations of the fired rules for an option. */
uint64_t situations_for(const struct draft *draft, int option);
/* Unknown situations that would speak for it, from the most forceful rules. */
uint64_t unfired_for(const struct draft *draft, int option, size_t max);
/* Denied situations with a rule for the option; -1: for any. */
uint64_t ruled_out(const struct draft *draft, int option);

/* Items "A React frontend: one language ...". */
void add_reasons(struct draft *draft, int option, size_t max);
/* One block "For X: situation, because ..." of the given type; cites the section. */
void add_rule(struct draft *draft, enum block_type type, const struct pack_rule *rule);
/* Items of that kind for every side of an open verdict: two a side, when full all. */
void add_sides(struct draft *draft);
/* A paragraph "You ruled out ...". */
void add_ruled_out(struct draft *draft, int option);
void add_rule_of_thumb(struct draft *draft);

/* "Without X, it would be Y."; false when it is too long to be said. */
bool flip_sentence(const struct draft *draft, const struct flip *flip, struct line *ret);
void add_flips(struct draft *draft, enum block_type type, size_t max);

/* Marks a section as used; add_source() names the first few of those, in the pack's order. */
void cite(struct draft *draft, int section);
void add_source(struct draft *draft);

/* How this verdict relates to what was told before in this conversation. */
enum change { CHANGE_NONE, CHANGE_STAYS, CHANGE_OTHER, CHANGE_SETTLED };
enum change change_of(const struct draft *draft);

/*
 * The verdict in one sentence; a fresh one with a word on how it relates to what was told before.
 */
void lead_sentence(const struct draft *draft, bool fresh, struct line *ret);

/* The answers that do not rest on a fresh verdict: kinds facts, neighbour, unknown, meta. */
void reply_facts(struct draft *draft);
void reply_neighbour(struct draft *draft, const struct pack *other);
const struct pack *neighbour_of(const struct draft *draft); /* the pack that is asked about */
/* These two need no draft: they may be all there is to say where there is no pack. */
void reply_unknown(const struct request *request, struct reply *reply);
void reply_meta(const struct request *request, struct reply *reply);

/* The open question (which weighs more?) and the asked one, as paragraphs. */
void add_weigh_question(struct draft *draft);
void add_question(struct draft *draft);
