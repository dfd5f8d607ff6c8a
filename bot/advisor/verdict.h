#pragma once

#include <stddef.h>
#include <stdint.h>

#include "knowledge/pack.h"

/*
 * The decision: facts of a project in, advice out, by the pack's rules alone. Pure: no I/O, clock,
 * allocation or failure. Knows nothing of chat, text or wording. The rules of force are those of
 * docs/deciding.md.
 */
struct facts;

enum verdict_kind { VERDICT_NONE, VERDICT_OPTION, VERDICT_DEPENDS, VERDICT_ASK };
enum confidence { CONFIDENCE_NONE, CONFIDENCE_LEANING, CONFIDENCE_CLEAR };

enum { VERDICT_FLIPS_MAX = 4, VERDICT_RULES_MAX = 64 };

/* One smallest change of the facts that would change the verdict. */
struct flip {
    uint64_t add;           /* situations that would have to become true */
    uint64_t drop;          /* stated situations that would have to fall away */
    enum verdict_kind kind; /* what the verdict would be then */
    int option;             /* for VERDICT_OPTION, else -1 */
};

struct verdict {
    enum verdict_kind kind;
    int option;                 /* for VERDICT_OPTION, else -1 */
    enum confidence confidence; /* CONFIDENCE_NONE unless VERDICT_OPTION */
    /* each side's weight, in the units of docs/deciding.md */
    int weight[PACK_OPTIONS_MAX];
    /* bit n: option n is still in it (the pick alone, or all that "depends" is between) */
    uint32_t sides;
    /* indexes of the pack's rules that fired, the weightiest first: heavy before light */
    uint16_t fired[VERDICT_RULES_MAX];
    size_t fired_count;
    /* likeliest first; a single added or dropped fact wherever one is enough */
    struct flip flips[VERDICT_FLIPS_MAX];
    size_t flip_count;
    /* unknown situation worth asking about: a yes would decide, change or firm up; -1 none */
    int asks;
};

/*
 * What packs, JSON and tests call a verdict: the option's id, "depends", "ask" or "none". Borrowed
 * from the pack; option counts for VERDICT_OPTION only.
 */
const char *verdict_word(const struct pack *pack, enum verdict_kind kind, int option);

/* Never fails. Same facts, same verdict. A pack that is a pointer gets VERDICT_NONE. */
void verdict_decide(const struct pack *pack, const struct facts *facts, struct verdict *ret);
