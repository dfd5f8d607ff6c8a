#include "bot/advisor/verdict.h"

#include <stdbool.h>
#include <string.h>

#include "bot/advisor/facts.h"

/*
 * The units of docs/deciding.md. Changing one changes what "depends" means: the tests and the
 * document move with it.
 */
enum {
    WEIGHT_NUDGE = 1, /* what a light fact counts, too, however strong its rule */
    WEIGHT_FAINT = 2, /* what a fact counts that was only read between the lines */
    WEIGHT_STRONG = 6,
    WEIGHT_DECISIVE = 8,
    HEAVY_FACTOR = 16,
    WIN_RATIO = 3,
};

static const int strength_weight[] = {
    [STRENGTH_NUDGE] = WEIGHT_NUDGE,
    [STRENGTH_STRONG] = WEIGHT_STRONG,
    [STRENGTH_DECISIVE] = WEIGHT_DECISIVE,
};

/* The part of a verdict that trials compare: everything but what follows from it. */
struct core {
    enum verdict_kind kind;
    int option;
    enum confidence confidence;
    uint32_t sides;
    int weight[PACK_OPTIONS_MAX];
};

/* What each stated situation weighs for each option. */
struct tally {
    int16_t by[PACK_SITUATIONS_MAX][PACK_OPTIONS_MAX]; /* only the rows of `weighed` are set */
    uint64_t weighed;                                  /* situations that weigh for any option */
    int total[PACK_OPTIONS_MAX];
    bool firm[PACK_OPTIONS_MAX]; /* more than nudges and garnish speaks for it */
};

static uint64_t bit(int situation)
{
    return UINT64_C(1) << situation;
}

static size_t option_count(const struct pack *pack)
{
    return pack->option_count < PACK_OPTIONS_MAX ? pack->option_count : PACK_OPTIONS_MAX;
}

static bool rule_is_sound(const struct pack *pack, const struct pack_rule *rule)
{
    return rule->situation >= 0 && (size_t)rule->situation < pack->situation_count &&
           rule->situation < PACK_SITUATIONS_MAX && rule->option >= 0 &&
           (size_t)rule->option < option_count(pack) && rule->strength >= STRENGTH_NUDGE &&
           rule->strength <= STRENGTH_DECISIVE;
}

/* 0 when the rule does not fire. */
static int rule_weight(const struct pack *pack, const struct pack_rule *rule,
                       const struct facts *facts)
{
    /* Few situations hold at a time, so that is asked first. */
    bool holds = rule->situation >= 0 && rule->situation < PACK_SITUATIONS_MAX &&
                 (facts->stated & ~facts->denied & bit(rule->situation));
    if (!holds || !rule_is_sound(pack, rule)) {
        return 0;
    }
    if (facts->heavy & bit(rule->situation)) {
        return strength_weight[rule->strength] * HEAVY_FACTOR;
    }
    if (facts->light & bit(rule->situation)) {
        return WEIGHT_NUDGE;
    }
    int weight = strength_weight[rule->strength];
    return facts->faint & bit(rule->situation) && weight > WEIGHT_FAINT ? WEIGHT_FAINT : weight;
}

static void take_tally(const struct pack *pack, const struct facts *facts, struct tally *ret)
{
    ret->weighed = 0;
    memset(ret->total, 0, sizeof(ret->total));
    memset(ret->firm, 0, sizeof(ret->firm));
    for (size_t i = 0; i < pack->rule_count; i++) {
        const struct pack_rule *rule = &pack->rules[i];
        int weight = rule_weight(pack, rule, facts);
        if (weight > 0) {
            if (!(ret->weighed & bit(rule->situation))) {
                memset(ret->by[rule->situation], 0, sizeof(ret->by[0]));
                ret->weighed |= bit(rule->situation);
            }
            ret->by[rule->situation][rule->option] += (int16_t)weight;
            ret->total[rule->option] += weight;
            ret->firm[rule->option] |= weight >= WEIGHT_STRONG;
        }
    }
}

/*
 * Only what tells two options apart counts between them: a fact that favours both counts by its
 * difference.
 */
static bool beats(const struct tally *tally, int a, int b)
{
    int for_a = 0, for_b = 0;
    for (int i = 0; i < PACK_SITUATIONS_MAX && tally->weighed >> i; i++) {
        int net = tally->weighed >> i & 1 ? tally->by[i][a] - tally->by[i][b] : 0;
        for_a += net > 0 ? net : 0;
        for_b += net < 0 ? -net : 0;
    }
    return for_a > 0 && for_a >= WIN_RATIO * for_b;
}

/* Whoever beats another option also weighs more than it, so only the weightiest can have won. */
static int weightiest(const struct tally *tally, size_t count)
{
    int best = 0;
    for (size_t i = 1; i < count; i++) {
        if (tally->total[i] > tally->total[best]) {
            best = (int)i;
        }
    }
    return best;
}

static uint32_t sides_of(const struct tally *tally, size_t count, int best)
{
    uint32_t sides = UINT32_C(1) << best;
    for (size_t i = 0; i < count; i++) {
        if (tally->total[i] > 0 && !beats(tally, best, (int)i)) {
            sides |= UINT32_C(1) << i;
        }
    }
    return sides;
}

static bool anyone_else_firm(const struct tally *tally, size_t count, int option)
{
    for (size_t i = 0; i < count; i++) {
        if ((int)i != option && tally->firm[i]) {
            return true;
        }
    }
    return false;
}

static void weigh(const struct pack *pack, const struct facts *facts, struct core *ret)
{
    struct tally tally;
    size_t count = option_count(pack);
    take_tally(pack, facts, &tally);
    *ret = (struct core){.kind = VERDICT_ASK, .option = -1};
    memcpy(ret->weight, tally.total, sizeof(ret->weight));
    int best = weightiest(&tally, count);
    if (tally.total[best] == 0) {
        return;
    }
    ret->sides = sides_of(&tally, count, best);
    if (ret->sides != UINT32_C(1) << best) {
        ret->kind = VERDICT_DEPENDS;
        return;
    }
    ret->kind = VERDICT_OPTION;
    ret->option = best;
    ret->confidence = tally.firm[best] && !anyone_else_firm(&tally, count, best)
                          ? CONFIDENCE_CLEAR
                          : CONFIDENCE_LEANING;
}

static void list_fired(const struct pack *pack, const struct facts *facts, struct verdict *ret)
{
    int weights[VERDICT_RULES_MAX];
    for (size_t i = 0; i < pack->rule_count && i <= UINT16_MAX; i++) {
        int weight = rule_weight(pack, &pack->rules[i], facts);
        size_t at = ret->fired_count;
        while (at > 0 && weights[at - 1] < weight) {
            at--;
        }
        if (weight == 0 || at == VERDICT_RULES_MAX) {
            continue;
        }
        size_t keep =
            ret->fired_count < VERDICT_RULES_MAX ? ret->fired_count : VERDICT_RULES_MAX - 1;
        memmove(&weights[at + 1], &weights[at], (keep - at) * sizeof(weights[0]));
        memmove(&ret->fired[at + 1], &ret->fired[at], (keep - at) * sizeof(ret->fired[0]));
        weights[at] = weight;
        ret->fired[at] = (uint16_t)i;
        ret->fired_count = keep + 1;
    }
}

static uint64_t slot_mates(const struct pack *pack, int situation)
{
    const char *slot = pack->situations[situation].slot;
    uint64_t mates = 0;
    for (size_t i = 0; slot && i < pack->situation_count && i < PACK_SITUATIONS_MAX; i++) {
        const char *other = pack->situations[i].slot;
        if ((int)i != situation && other && strcmp(slot, other) == 0) {
            mates |= bit((int)i);
        }
    }
    return mates;
}

static struct facts changed(const struct facts *facts, uint64_t add, uint64_t drop)
{
    return (struct facts){
        .stated = (facts->stated & ~drop) | add,
        .denied = facts->denied & ~add,
        .heavy = facts->heavy & ~drop,
        .light = facts->light & ~drop,
        .faint = facts->faint & ~drop,
    };
}

static bool is_unknown(const struct facts *facts, int situation)
{
    return !((facts->stated | facts->denied) & bit(situation));
}

/*
 * A search for flips: the facts, the verdict to be changed, and the finds with their ranks (lower
 * is likelier).
 */
struct search {
    const struct pack *pack;
    const struct facts *facts;
    const struct core *now;
    struct verdict *ret;
    int ranks[VERDICT_FLIPS_MAX];
};

static bool is_listed(const struct verdict *verdict, const struct flip *flip)
{
    for (size_t i = 0; i < verdict->flip_count; i++) {
        if (verdict->flips[i].add == flip->add && verdict->flips[i].drop == flip->drop) {
            return true;
        }
    }
    return false;
}

static void insert_flip(struct search *search, const struct flip *flip, int rank)
{
    struct verdict *ret = search->ret;
    size_t at = ret->flip_count;
    while (at > 0 && search->ranks[at - 1] > rank) {
        at--;
    }
    if (at == VERDICT_FLIPS_MAX || is_listed(ret, flip)) {
        return;
    }
    size_t keep = ret->flip_count < VERDICT_FLIPS_MAX ? ret->flip_count : VERDICT_FLIPS_MAX - 1;
    memmove(&ret->flips[at + 1], &ret->flips[at], (keep - at) * sizeof(ret->flips[0]));
    memmove(&search->ranks[at + 1], &search->ranks[at], (keep - at) * sizeof(search->ranks[0]));
    ret->flips[at] = *flip;
    search->ranks[at] = rank;
    ret->flip_count = keep + 1;
}

/*
 * What ends in a pick says more than what ends in an open question, and that more than "I would
 * have to ask".
 */
static int kind_rank(enum verdict_kind kind)
{
    return kind == VERDICT_OPTION ? 0 : kind == VERDICT_DEPENDS ? 1 : 2;
}

static void try_change(struct search *search, uint64_t add, uint64_t drop, int rank)
{
    struct facts facts = changed(search->facts, add, drop);
    struct core then;
    weigh(search->pack, &facts, &then);
    if (then.kind != search->now->kind || then.option != search->now->option) {
        struct flip flip = {.add = add, .drop = drop, .kind = then.kind, .option = then.option};
        insert_flip(search, &flip, kind_rank(then.kind) * 8 + rank);
    }
}

static bool could_add(const struct search *search, const struct pack_rule *rule)
{
    return rule_is_sound(search->pack, rule) && rule->strength >= STRENGTH_STRONG &&
           rule->option != search->now->option && is_unknown(search->facts, rule->situation);
}

static void try_additions(struct search *search)
{
    for (size_t i = 0; i < search->pack->rule_count; i++) {
        const struct pack_rule *rule = &search->pack->rules[i];
        if (could_add(search, rule)) {
            uint64_t mates = slot_mates(search->pack, rule->situation) & search->facts->stated;
            try_change(search, bit(rule->situation), mates,
                       rule->strength == STRENGTH_DECISIVE ? 0 : 2);
        }
    }
}

static void try_drops(struct search *search)
{
    for (size_t i = 0; i < search->ret->fired_count; i++) {
        try_change(search, 0, bit(search->pack->rules[search->ret->fired[i]].situation), 1);
    }
}

static uint64_t stated_for(const struct search *search, int option)
{
    uint64_t set = 0;
    for (size_t i = 0; i < search->ret->fired_count; i++) {
        const struct pack_rule *rule = &search->pack->rules[search->ret->fired[i]];
        if (rule->option == option) {
            set |= bit(rule->situation);
        }
    }
    return set;
}

/*
 * Where no single fact turns the pick into another one: all that carries it would have to be
 * something else.
 */
static void try_exchange(struct search *search)
{
    uint64_t drop = stated_for(search, search->now->option);
    for (int strength = STRENGTH_DECISIVE; strength >= STRENGTH_STRONG; strength--) {
        for (size_t i = 0; i < search->pack->rule_count; i++) {
            const struct pack_rule *rule = &search->pack->rules[i];
            if (could_add(search, rule) && (int)rule->strength == strength) {
                try_change(
                    search, bit(rule->situation),
                    drop | (slot_mates(search->pack, rule->situation) & search->facts->stated), 7);
                return;
            }
        }
    }
}

static void find_flips(const struct pack *pack, const struct facts *facts, const struct core *now,
                       struct verdict *ret)
{
    struct search search = {.pack = pack, .facts = facts, .now = now, .ret = ret};
    try_additions(&search);
    try_drops(&search);
    if (now->kind != VERDICT_OPTION ||
        (ret->flip_count > 0 && ret->flips[0].kind == VERDICT_OPTION)) {
        return;
    }
    /*
     * The exchange is the bigger change, so it comes last; but it is the only way to another pick,
     * so it has a place.
     */
    bool full = ret->flip_count == VERDICT_FLIPS_MAX;
    ret->flip_count -= full;
    memset(search.ranks, 0, sizeof(search.ranks));
    try_exchange(&search);
    if (full) {
        ret->flip_count = VERDICT_FLIPS_MAX; /* the exchange, or what made room for it */
    }
}

/* Would a yes decide, change or firm up the verdict? */
static bool is_telling(const struct pack *pack, const struct facts *facts, const struct core *now,
                       int situation)
{
    struct facts facts_then = changed(facts, bit(situation), 0);
    struct core then;
    weigh(pack, &facts_then, &then);
    return then.kind != now->kind || then.option != now->option ||
           then.confidence > now->confidence;
}

static bool is_open(const struct pack *pack, const struct facts *facts, int situation)
{
    return is_unknown(facts, situation) && !(slot_mates(pack, situation) & facts->stated);
}

/*
 * The most forceful rules first, in the pack's order: with nothing known that is the first of the
 * rule of thumb.
 */
static int find_question(const struct pack *pack, const struct facts *facts, const struct core *now)
{
    if (now->kind == VERDICT_DEPENDS || now->confidence == CONFIDENCE_CLEAR) {
        return -1;
    }
    for (int strength = STRENGTH_DECISIVE; strength >= STRENGTH_NUDGE; strength--) {
        for (size_t i = 0; i < pack->rule_count; i++) {
            const struct pack_rule *rule = &pack->rules[i];
            if (rule_is_sound(pack, rule) && (int)rule->strength == strength &&
                is_open(pack, facts, rule->situation) &&
                is_telling(pack, facts, now, rule->situation)) {
                return rule->situation;
            }
        }
    }
    return -1;
}

const char *verdict_word(const struct pack *pack, enum verdict_kind kind, int option)
{
    switch (kind) {
    case VERDICT_OPTION:
        return pack->options[option].id;
    case VERDICT_DEPENDS:
        return "depends";
    case VERDICT_ASK:
        return "ask";
    case VERDICT_NONE:
        break;
    }
    return "none";
}

void verdict_decide(const struct pack *pack, const struct facts *facts, struct verdict *ret)
{
    *ret = (struct verdict){.kind = VERDICT_NONE, .option = -1, .asks = -1};
    if (pack->pointer || pack->option_count == 0) {
        return;
    }
    struct core core;
    weigh(pack, facts, &core);
    ret->kind = core.kind;
    ret->option = core.option;
    ret->confidence = core.confidence;
    ret->sides = core.sides;
    memcpy(ret->weight, core.weight, sizeof(ret->weight));
    list_fired(pack, facts, ret);
    find_flips(pack, facts, &core, ret);
    ret->asks = find_question(pack, facts, &core);
}
