#include "bot/advisor/reply_parts.h"

#include <string.h>

#include "bot/advisor/say.h"

enum { SIDES_BLOCKS_MAX = 16 };

static uint64_t bit(int n)
{
    return UINT64_C(1) << n;
}

static const struct pack *pack_of(const struct request *request)
{
    const struct knowledge *knowledge = request->knowledge;
    if (request->pack || !knowledge || knowledge->main < 0 ||
        (size_t)knowledge->main >= knowledge->count) {
        return request->pack;
    }
    return knowledge->packs[knowledge->main];
}

bool draft_init(struct draft *draft, const struct request *request, enum reply_length length,
                struct reply *reply)
{
    *draft = (struct draft){
        .request = request, .pack = pack_of(request), .length = length, .reply = reply};
    draft->verdict = (struct verdict){.option = -1, .asks = -1};
    if (request->facts) {
        draft->facts = *request->facts;
    }
    if (request->verdict) {
        draft->verdict = *request->verdict;
    }
    return draft->pack != NULL;
}

const char *option_name(const struct pack *pack, int option)
{
    return option >= 0 && (size_t)option < pack->option_count ? pack->options[option].name : "";
}

const char *situation_name(const struct pack *pack, int situation)
{
    return situation >= 0 && (size_t)situation < pack->situation_count
               ? pack->situations[situation].name
               : "";
}

bool is_single(uint64_t set)
{
    return set != 0 && (set & (set - 1)) == 0;
}

/*
 * The glue before item `at` (from 0) of `count`. A comma before the last, too: names are phrases
 * with an "and" of their own.
 */
static const char *glue(size_t at, size_t count)
{
    return at == 0 ? "" : count > 2 ? ", " : " ";
}

static size_t count_bits(uint64_t set)
{
    size_t count = 0;
    for (; set; set &= set - 1) {
        count++;
    }
    return count;
}

static void add_name(struct line *line, const char *name, size_t at, size_t count, const char *last)
{
    bool is_last = at > 0 && at + 1 == count;
    line_add(line, "%s%s%s%s", glue(at, count), is_last ? last : "", is_last ? " " : "", name);
}

void add_names(struct line *line, const struct pack *pack, uint64_t set, size_t max,
               const char *last)
{
    size_t count = count_bits(set);
    count = count < max ? count : max;
    for (size_t i = 0, at = 0; i < pack->situation_count && at < count; i++) {
        if (set & bit((int)i)) {
            add_name(line, pack->situations[i].name, at++, count, last);
        }
    }
}

void add_options(struct line *line, const struct pack *pack, uint32_t set, const char *last)
{
    size_t known = pack->option_count < PACK_OPTIONS_MAX ? pack->option_count : PACK_OPTIONS_MAX;
    size_t count = count_bits(set & (bit((int)known) - 1));
    for (size_t i = 0, at = 0; i < known; i++) {
        if (set & bit((int)i)) {
            add_name(line, pack->options[i].name, at++, count, last);
        }
    }
}

/* The i-th rule that fired, NULL at the end. */
static const struct pack_rule *fired_rule(const struct draft *draft, size_t i)
{
    if (i >= draft->verdict.fired_count || i >= VERDICT_RULES_MAX ||
        draft->verdict.fired[i] >= draft->pack->rule_count) {
        return NULL;
    }
    return &draft->pack->rules[draft->verdict.fired[i]];
}

size_t rules_for(const struct draft *draft, int option, const struct pack_rule **ret, size_t max)
{
    const struct pack_rule *rule;
    size_t count = 0;
    for (size_t i = 0; count < max && (rule = fired_rule(draft, i)) != NULL; i++) {
        if (rule->option == option) {
            ret[count++] = rule;
        }
    }
    return count;
}

size_t rules_against(const struct draft *draft, int option, const struct pack_rule **ret,
                     size_t max)
{
    const struct pack_rule *rule;
    uint64_t own = situations_for(draft, option);
    size_t count = 0;
    for (size_t i = 0; count < max && (rule = fired_rule(draft, i)) != NULL; i++) {
        if (rule->option != option && !(own & bit(rule->situation))) {
            ret[count++] = rule;
        }
    }
    return count;
}

uint64_t situations_for(const struct draft *draft, int option)
{
    const struct pack_rule *rule;
    uint64_t set = 0;
    for (size_t i = 0; (rule = fired_rule(draft, i)) != NULL; i++) {
        set |= rule->option == option ? bit(rule->situation) : 0;
    }
    return set;
}

/* The most forceful rules first. */
uint64_t unfired_for(const struct draft *draft, int option, size_t max)
{
    uint64_t set = 0, known = draft->facts.stated | draft->facts.denied;
    size_t count = 0;
    for (int strength = STRENGTH_DECISIVE; strength >= STRENGTH_STRONG; strength--) {
        for (size_t i = 0; i < draft->pack->rule_count && count < max; i++) {
            const struct pack_rule *rule = &draft->pack->rules[i];
            if ((int)rule->strength == strength && rule->option == option &&
                !(known & bit(rule->situation))) {
                set |= bit(rule->situation);
                count++;
            }
        }
    }
    return set;
}

uint64_t ruled_out(const struct draft *draft, int option)
{
    uint64_t set = 0;
    for (size_t i = 0; i < draft->pack->rule_count; i++) {
        const struct pack_rule *rule = &draft->pack->rules[i];
        if (option < 0 || rule->option == option) {
            set |= draft->facts.denied & bit(rule->situation);
        }
    }
    return set;
}

void cite(struct draft *draft, int section)
{
    if (section >= 0 && section < 64 && (size_t)section < draft->pack->section_count) {
        draft->cited |= bit(section);
    }
}

static void add_reason(struct draft *draft, const struct pack_rule *rule)
{
    struct line line;
    line_init(&line);
    line_add_clause(&line, situation_name(draft->pack, rule->situation), true);
    line_add(&line, ": ");
    line_add_clause(&line, rule->because, false);
    line_add(&line, ".");
    reply_add(draft->reply, BLOCK_ITEM, "%s", line.text);
    cite(draft, rule->section);
}

void add_reasons(struct draft *draft, int option, size_t max)
{
    const struct pack_rule *rules[REASONS_FULL_MAX];
    size_t count = rules_for(draft, option, rules, max < REASONS_FULL_MAX ? max : REASONS_FULL_MAX);
    for (size_t i = 0; i < count; i++) {
        add_reason(draft, rules[i]);
    }
}

void add_rule(struct draft *draft, enum block_type type, const struct pack_rule *rule)
{
    struct line because;
    line_init(&because);
    line_add_clause(&because, rule->because, false);
    const char *option = option_name(draft->pack, rule->option);
    const char *situation = situation_name(draft->pack, rule->situation);
    if (type == BLOCK_ITEM) {
        reply_add(draft->reply, type, SAY_FOR, option, situation, because.text);
    } else {
        reply_add(draft->reply, type, SAY_IN_FAVOUR, option, situation, because.text);
    }
    cite(draft, rule->section);
}

/* The more sides, the fewer reasons for each: question and source must have room behind them. */
static size_t reasons_a_side(const struct draft *draft)
{
    bool full = draft->length == LENGTH_FULL;
    size_t sides = count_bits(draft->verdict.sides), most = full ? REASONS_FULL_MAX : 2;
    size_t share = sides > 0 ? SIDES_BLOCKS_MAX / sides : 1;
    return share < most ? share : most;
}

void add_sides(struct draft *draft)
{
    const struct pack_rule *rules[REASONS_FULL_MAX];
    size_t max = reasons_a_side(draft);
    for (int option = 0; option < PACK_OPTIONS_MAX; option++) {
        size_t count =
            draft->verdict.sides >> option & 1 ? rules_for(draft, option, rules, max) : 0;
        for (size_t i = 0; i < count; i++) {
            add_rule(draft, BLOCK_ITEM, rules[i]);
        }
    }
}

void add_ruled_out(struct draft *draft, int option)
{
    struct line line;
    line_init(&line);
    add_names(&line, draft->pack, ruled_out(draft, option), REASONS_MAX, "and");
    if (line.len > 0) {
        reply_add(draft->reply, BLOCK_PARAGRAPH, SAY_RULED_OUT, line.text);
    }
}

void add_rule_of_thumb(struct draft *draft)
{
    if (draft->pack->rule_of_thumb) {
        reply_add(draft->reply, BLOCK_PARAGRAPH, SAY_RULE_OF_THUMB, draft->pack->rule_of_thumb);
    }
}

static void flip_result(const struct draft *draft, const struct flip *flip, struct line *ret)
{
    line_init(ret);
    if (flip->kind == VERDICT_OPTION) {
        line_add(ret, SAY_IT_WOULD_BE, option_name(draft->pack, flip->option));
    } else {
        line_add(ret, "%s", flip->kind == VERDICT_DEPENDS ? SAY_WOULD_BE_OPEN : SAY_WOULD_ASK);
    }
}

bool flip_sentence(const struct draft *draft, const struct flip *flip, struct line *ret)
{
    struct line add, drop, result;
    line_init(&add);
    line_init(&drop);
    add_names(&add, draft->pack, flip->add, PACK_SITUATIONS_MAX, "and");
    add_names(&drop, draft->pack, flip->drop, PACK_SITUATIONS_MAX, "and");
    flip_result(draft, flip, &result);
    line_init(ret);
    if (flip->add && flip->drop) {
        return line_add(ret, SAY_WITH_INSTEAD, add.text, drop.text, result.text);
    }
    if (flip->drop) {
        return line_add(ret, SAY_WITHOUT, drop.text, result.text);
    }
    return draft->verdict.fired_count > 0 ? line_add(ret, SAY_WITH_AS_WELL, add.text, result.text)
                                          : line_add(ret, SAY_WITH, add.text, result.text);
}

void add_flips(struct draft *draft, enum block_type type, size_t max)
{
    struct line line;
    for (size_t i = 0; i < draft->verdict.flip_count && i < VERDICT_FLIPS_MAX && i < max; i++) {
        if (flip_sentence(draft, &draft->verdict.flips[i], &line)) {
            reply_add(draft->reply, type, "%s", line.text);
        }
    }
}

static void add_sections(const struct draft *draft, struct line *line)
{
    size_t max = draft->length == LENGTH_FULL ? 4 : 2, count = count_bits(draft->cited);
    count = count < max ? count : max;
    line_add(line, "%s", count == 0 ? "" : count == 1 ? ", section " : ", sections ");
    for (size_t i = 0, at = 0; i < draft->pack->section_count && at < count; i++) {
        if (i < 64 && draft->cited & bit((int)i)) {
            const char *before = at == 0 ? "" : at + 1 == count ? " and " : ", ";
            line_add(line, "%s\"%s\"", before, draft->pack->sections[i].title);
            at++;
        }
    }
}

void add_source(struct draft *draft)
{
    struct line line;
    line_init(&line);
    line_add(&line, SAY_BY, draft->pack->source.title, draft->pack->source.author);
    if (draft->pack->source.date) {
        line_add(&line, ", %s", draft->pack->source.date);
    }
    add_sections(draft, &line);
    reply_add_linked(draft->reply, BLOCK_SOURCE, draft->pack->source.url, line.text);
}

enum change change_of(const struct draft *draft)
{
    const struct verdict *before = draft->request->before;
    if (!before || before->kind == VERDICT_NONE) {
        return CHANGE_NONE;
    }
    if (before->kind == draft->verdict.kind) {
        return before->option == draft->verdict.option ? CHANGE_STAYS : CHANGE_OTHER;
    }
    if (before->kind == VERDICT_ASK) {
        return CHANGE_NONE;
    }
    return before->kind == VERDICT_DEPENDS ? CHANGE_SETTLED : CHANGE_OTHER;
}

static void lead_option(const struct draft *draft, enum change change, struct line *ret)
{
    const char *name = option_name(draft->pack, draft->verdict.option);
    bool clear = draft->verdict.confidence == CONFIDENCE_CLEAR;
    switch (change) {
    case CHANGE_NONE:
        clear ? line_add(ret, SAY_CLEAR, name) : line_add(ret, SAY_LEANING, name);
        break;
    case CHANGE_STAYS:
        clear ? line_add(ret, SAY_STILL_CLEAR, name) : line_add(ret, SAY_STILL_LEANING, name);
        break;
    case CHANGE_OTHER:
        clear ? line_add(ret, SAY_CHANGED_CLEAR, name) : line_add(ret, SAY_CHANGED_LEANING, name);
        break;
    case CHANGE_SETTLED:
        clear ? line_add(ret, SAY_SETTLED_CLEAR, name) : line_add(ret, SAY_SETTLED_LEANING, name);
        break;
    }
}

static void lead_depends(const struct draft *draft, enum change change, struct line *ret)
{
    struct line options;
    line_init(&options);
    add_options(&options, draft->pack, draft->verdict.sides, "and");
    if (draft->request->both) {
        line_add(ret, SAY_IF_ONE_DEPENDS, options.text);
    } else if (change == CHANGE_STAYS) {
        line_add(ret, SAY_STILL_DEPENDS, options.text);
    } else if (change == CHANGE_OTHER) {
        line_add(ret, SAY_NOW_DEPENDS, options.text);
    } else {
        line_add(ret, SAY_DEPENDS, options.text);
    }
}

static void lead_if_one(const struct draft *draft, struct line *ret)
{
    struct line pick;
    line_init(&pick);
    lead_option(draft, CHANGE_NONE, &pick);
    line_add(ret, SAY_IF_ONE, pick.text);
}

void lead_sentence(const struct draft *draft, bool fresh, struct line *ret)
{
    enum change change = fresh ? change_of(draft) : CHANGE_NONE;
    line_init(ret);
    if (draft->verdict.kind == VERDICT_OPTION && draft->request->both) {
        lead_if_one(draft, ret);
    } else if (draft->verdict.kind == VERDICT_OPTION) {
        lead_option(draft, change, ret);
    } else if (draft->verdict.kind == VERDICT_DEPENDS) {
        lead_depends(draft, change, ret);
    } else {
        line_add(ret, "%s",
                 change == CHANGE_STAYS  ? SAY_STILL_ASK
                 : change == CHANGE_NONE ? SAY_ASK
                                         : SAY_NOW_ASK);
    }
}

/* The weightiest situation of every side. */
void add_weigh_question(struct draft *draft)
{
    struct line line;
    uint64_t heads = 0;
    for (int option = 0; option < PACK_OPTIONS_MAX; option++) {
        const struct pack_rule *rule;
        if (draft->verdict.sides >> option & 1 && rules_for(draft, option, &rule, 1) == 1) {
            heads |= bit(rule->situation);
        }
    }
    line_init(&line);
    add_names(&line, draft->pack, heads, PACK_SITUATIONS_MAX, "or");
    if (heads && !is_single(heads)) {
        reply_add(draft->reply, BLOCK_PARAGRAPH, SAY_WEIGHS_MORE, line.text);
    }
}

void add_question(struct draft *draft)
{
    int asks = draft->verdict.asks;
    if (asks >= 0 && (size_t)asks < draft->pack->situation_count) {
        const char *question = draft->pack->situations[asks].question;
        if (draft->verdict.kind == VERDICT_OPTION) {
            reply_add(draft->reply, BLOCK_PARAGRAPH, SAY_ONE_QUESTION, question);
        } else {
            reply_add(draft->reply, BLOCK_PARAGRAPH, SAY_QUESTION, question);
        }
    } else if (draft->verdict.kind != VERDICT_OPTION) {
        reply_add(draft->reply, BLOCK_PARAGRAPH, "%s", SAY_OPEN_QUESTION);
    }
}
