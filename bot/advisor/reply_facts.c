#include <string.h>

#include "bot/advisor/reply_parts.h"
#include "bot/advisor/say.h"

/* Answers that do not give a fresh verdict: on the last one, on an option, on neighbours. */

static bool is_full(const struct draft *draft)
{
    return draft->length == LENGTH_FULL;
}

static size_t points_max(const struct draft *draft, size_t few)
{
    return is_full(draft) ? 6 : few;
}

/* An item or sentence of a pack, with a capital and one full stop (its own end mark stays). */
static void add_sentence(struct draft *draft, enum block_type type, const char *text)
{
    struct line line;
    size_t len = text ? strlen(text) : 0;
    line_init(&line);
    line_add_clause(&line, text, true);
    bool ended = len > 0 && strchr("!?", text[len - 1]) != NULL;
    if (line.len > 0) {
        reply_add(draft->reply, type, "%s%s", line.text, ended ? "" : ".");
    }
}

static void add_points(struct draft *draft, const struct pack_point *points, size_t count,
                       size_t max)
{
    for (size_t i = 0; i < count && i < max; i++) {
        add_sentence(draft, BLOCK_ITEM, points[i].text);
        cite(draft, points[i].section);
    }
}

static bool has_option(const struct draft *draft, int option)
{
    return option >= 0 && option < PACK_OPTIONS_MAX && (size_t)option < draft->pack->option_count;
}

/* why? */

static void why_nothing(struct draft *draft)
{
    reply_add(draft->reply, BLOCK_LEAD, "%s", SAY_WHY_NOTHING);
    add_ruled_out(draft, -1);
    add_rule_of_thumb(draft);
    add_question(draft);
}

static void why_pick(struct draft *draft)
{
    const struct pack_rule *rules[REASONS_MAX];
    struct line names;
    int pick = draft->verdict.option;
    line_init(&names);
    add_names(&names, draft->pack, situations_for(draft, pick), REASONS_MAX, "and");
    reply_add(draft->reply, BLOCK_LEAD, SAY_WHY, option_name(draft->pack, pick), names.text);
    add_reasons(draft, pick, points_max(draft, REASONS_MAX));
    size_t count = rules_against(draft, pick, rules, is_full(draft) ? REASONS_MAX : 1);
    for (size_t i = 0; i < count; i++) {
        add_rule(draft, BLOCK_PARAGRAPH, rules[i]);
    }
    add_ruled_out(draft, -1);
}

static void why_open(struct draft *draft)
{
    struct line lead;
    lead_sentence(draft, false, &lead);
    reply_add(draft->reply, BLOCK_LEAD, "%s", lead.text);
    add_sides(draft);
    add_weigh_question(draft);
}

static void answer_why(struct draft *draft)
{
    if (draft->verdict.kind == VERDICT_OPTION) {
        why_pick(draft);
    } else if (draft->verdict.kind == VERDICT_DEPENDS) {
        why_open(draft);
    } else {
        why_nothing(draft);
    }
}

/* why not the other? */

/* The option that lost: the one asked for, or else the weightiest that is not the pick. */
static int loser(const struct draft *draft)
{
    if (has_option(draft, draft->request->ask.option)) {
        return draft->request->ask.option;
    }
    int best = -1;
    for (int i = 0; has_option(draft, i); i++) {
        if (i != draft->verdict.option &&
            (best < 0 || draft->verdict.weight[i] > draft->verdict.weight[best])) {
            best = i;
        }
    }
    return best;
}

static void list_would_speak(struct draft *draft, int option, uint64_t set)
{
    reply_add(draft->reply, BLOCK_PARAGRAPH, SAY_WOULD_SPEAK_LIST,
              option_name(draft->pack, option));
    for (size_t i = 0; i < draft->pack->situation_count && i < PACK_SITUATIONS_MAX; i++) {
        if (set >> i & 1) {
            add_sentence(draft, BLOCK_ITEM, draft->pack->situations[i].name);
        }
    }
}

static void add_would_speak(struct draft *draft, int option)
{
    struct line names;
    line_init(&names);
    uint64_t set = unfired_for(draft, option, points_max(draft, REASONS_MAX));
    add_names(&names, draft->pack, set, REASONS_MAX, "or");
    if (set && is_full(draft)) {
        list_would_speak(draft, option, set);
    } else if (set) {
        reply_add(draft->reply, BLOCK_PARAGRAPH, SAY_WOULD_SPEAK, option_name(draft->pack, option),
                  names.text);
    }
}

static bool add_flip_to(struct draft *draft, int option)
{
    struct line line;
    for (size_t i = 0; i < draft->verdict.flip_count && i < VERDICT_FLIPS_MAX; i++) {
        const struct flip *flip = &draft->verdict.flips[i];
        if (flip->kind == VERDICT_OPTION && flip->option == option &&
            flip_sentence(draft, flip, &line)) {
            reply_add(draft->reply, BLOCK_PARAGRAPH, "%s", line.text);
            return true;
        }
    }
    return false;
}

static void why_not_loser(struct draft *draft, int option)
{
    const struct pack_rule *rules[REASONS_MAX];
    size_t count = rules_for(draft, option, rules, REASONS_MAX);
    const char *name = option_name(draft->pack, option);
    if (count > 0) {
        reply_add(draft->reply, BLOCK_LEAD, SAY_MORE_FOR,
                  option_name(draft->pack, draft->verdict.option), name);
    } else {
        reply_add(draft->reply, BLOCK_LEAD, SAY_NO_REASONS, name);
    }
    for (size_t i = 0; i < count; i++) {
        add_rule(draft, BLOCK_ITEM, rules[i]);
    }
    count = rules_for(draft, draft->verdict.option, rules, REASONS_MAX);
    for (size_t i = 0; i < count; i++) {
        add_rule(draft, BLOCK_ITEM, rules[i]);
    }
    add_ruled_out(draft, option);
    if (!add_flip_to(draft, option) || is_full(draft)) {
        add_would_speak(draft, option);
    }
}

static void answer_why_not(struct draft *draft)
{
    int option = loser(draft);
    const char *name = option_name(draft->pack, option);
    if (draft->verdict.kind == VERDICT_OPTION && option == draft->verdict.option) {
        reply_add(draft->reply, BLOCK_LEAD, SAY_IS_THE_PICK, name);
        add_reasons(draft, option, points_max(draft, REASONS_MAX));
    } else if (draft->verdict.kind == VERDICT_OPTION) {
        why_not_loser(draft, option);
    } else if (draft->verdict.kind == VERDICT_DEPENDS && draft->verdict.sides >> option & 1) {
        reply_add(draft->reply, BLOCK_LEAD, SAY_NOT_OUT, name);
        add_sides(draft);
        add_weigh_question(draft);
    } else if (draft->verdict.kind == VERDICT_DEPENDS) {
        reply_add(draft->reply, BLOCK_LEAD, SAY_NO_REASONS, name);
        add_sides(draft);
        add_would_speak(draft, option);
    } else {
        reply_add(draft->reply, BLOCK_LEAD, SAY_NOT_OUT_YET, name);
        add_ruled_out(draft, option);
        add_would_speak(draft, option);
        add_question(draft);
    }
}

/* what would change your mind? */

static void answer_flip(struct draft *draft)
{
    bool pick = draft->verdict.kind == VERDICT_OPTION,
         open = draft->verdict.kind == VERDICT_DEPENDS;
    if (draft->verdict.flip_count == 0) {
        reply_add(draft->reply, BLOCK_LEAD, "%s",
                  pick   ? SAY_FLIPS_NONE
                  : open ? SAY_FLIPS_NONE_OPEN
                         : SAY_WHY_NOTHING);
    } else {
        reply_add(draft->reply, BLOCK_LEAD, "%s",
                  pick   ? SAY_FLIPS_MIND
                  : open ? SAY_FLIPS_SETTLE
                         : SAY_FLIPS_DECIDE);
    }
    add_flips(draft, BLOCK_ITEM, points_max(draft, REASONS_MAX));
    if (open) {
        add_weigh_question(draft);
    } else if (!pick) {
        add_rule_of_thumb(draft);
    }
}

/* what is it good at? what is the difference? */

static void add_tools(struct draft *draft, const struct pack_option *option)
{
    struct line line;
    line_init(&line);
    for (size_t i = 0; i < option->tool_count && i < 8; i++) {
        const char *glue = i == 0 ? "" : i + 1 < option->tool_count && i < 7 ? ", " : " and ";
        line_add(&line, "%s%s", glue, option->tools[i].name);
    }
    if (line.len > 0) {
        reply_add(draft->reply, BLOCK_PARAGRAPH, SAY_TOOLS, line.text);
    }
}

static void strengths_of(struct draft *draft, int index)
{
    const struct pack_option *option = &draft->pack->options[index];
    add_sentence(draft, BLOCK_LEAD, option->summary);
    add_points(draft, option->strengths, option->strength_count, points_max(draft, 4));
    if (option->best_for_count > 0) {
        reply_add(draft->reply, BLOCK_PARAGRAPH, "%s", SAY_BEST_FOR);
        add_points(draft, option->best_for, option->best_for_count, points_max(draft, 4));
    }
    if (is_full(draft)) {
        add_tools(draft, option);
    }
}

/* Shares the blocks of a reply among the options. */
static void add_columns(struct draft *draft)
{
    size_t count = draft->pack->option_count,
           each = draft->length == LENGTH_LINE ? 0 : points_max(draft, REASONS_MAX);
    size_t most = count > 0 ? (REPLY_BLOCKS_MAX - 4) / count : 0;
    for (size_t i = 0; i < count; i++) {
        const struct pack_option *option = &draft->pack->options[i];
        add_sentence(draft, BLOCK_PARAGRAPH, option->summary);
        if (most > 2) {
            size_t room = most - 1 < each ? most - 1 : each;
            size_t strengths =
                room / 2 < option->strength_count ? room / 2 : option->strength_count;
            add_points(draft, option->strengths, strengths, strengths);
            add_points(draft, option->best_for, option->best_for_count, room - strengths);
        }
    }
}

static void answer_compare(struct draft *draft)
{
    struct line options;
    line_init(&options);
    add_options(&options, draft->pack, UINT32_MAX, "and");
    reply_add(draft->reply, BLOCK_LEAD, SAY_SIDE_BY_SIDE, options.text);
    add_columns(draft);
    add_rule_of_thumb(draft);
}

static void answer_strengths(struct draft *draft)
{
    if (has_option(draft, draft->request->ask.option)) {
        strengths_of(draft, draft->request->ask.option);
    } else {
        answer_compare(draft);
    }
}

static void answer_better(struct draft *draft)
{
    struct line lead;
    reply_add(draft->reply, BLOCK_LEAD, "%s",
              draft->pack->caveat ? draft->pack->caveat : SAY_BETTER);
    add_rule_of_thumb(draft);
    if (draft->verdict.kind == VERDICT_OPTION) {
        lead_sentence(draft, false, &lead);
        reply_add(draft->reply, BLOCK_PARAGRAPH, SAY_FOR_YOURS, lead.text);
    } else if (draft->verdict.kind == VERDICT_ASK) {
        add_question(draft);
    }
}

/* single facts */

static void answer_fact(struct draft *draft)
{
    int item = draft->request->ask.item;
    if (item < 0 || (size_t)item >= draft->pack->fact_count) {
        answer_strengths(draft);
        return;
    }
    const struct pack_fact *fact = &draft->pack->facts[item];
    reply_add(draft->reply, BLOCK_LEAD, "%s", fact->text);
    if (fact->code) {
        reply_add(draft->reply, BLOCK_CODE, "%s", fact->code);
    }
    cite(draft, fact->section);
}

/* "The Django admin is ..." says its own name already; the first letter may differ in case. */
static bool begins_with_name(const char *text, const char *name)
{
    return *name && (text[0] | 32) == (name[0] | 32) &&
           strncmp(text + 1, name + 1, strlen(name + 1)) == 0;
}

static void answer_tool(struct draft *draft)
{
    const struct ask *ask = &draft->request->ask;
    if (!has_option(draft, ask->option) || ask->item < 0 ||
        (size_t)ask->item >= draft->pack->options[ask->option].tool_count) {
        answer_strengths(draft);
        return;
    }
    const struct pack_tool *tool = &draft->pack->options[ask->option].tools[ask->item];
    if (begins_with_name(tool->what, tool->name)) {
        add_sentence(draft, BLOCK_LEAD, tool->what);
    } else {
        reply_add(draft->reply, BLOCK_LEAD, "%s: %s", tool->name, tool->what);
    }
    reply_add(draft->reply, BLOCK_PARAGRAPH, SAY_GOES_WITH, option_name(draft->pack, ask->option));
    cite(draft, tool->section);
}

static void answer_source(struct draft *draft)
{
    struct line line;
    line_init(&line);
    reply_add(draft->reply, BLOCK_LEAD, "%s", SAY_SOURCE);
    for (size_t i = 0; is_full(draft) && i < draft->pack->section_count && i < 12; i++) {
        line_add(&line, "%s\"%s\"", i > 0 ? ", " : "", draft->pack->sections[i].title);
    }
    if (line.len > 0) {
        reply_add(draft->reply, BLOCK_PARAGRAPH, SAY_SECTIONS, line.text);
    }
}

static void answer_rule(struct draft *draft)
{
    if (draft->pack->rule_of_thumb) {
        reply_add(draft->reply, BLOCK_LEAD, "%s", draft->pack->rule_of_thumb);
    } else {
        answer_compare(draft);
    }
}

/* The record itself is a document (record.h): who has room for one adds it. */
static void answer_record(struct draft *draft)
{
    reply_add(draft->reply, BLOCK_LEAD, "%s", SAY_RECORD);
}

void reply_facts(struct draft *draft)
{
    static void (*const answers[ASK_COUNT])(struct draft *) = {
        [ASK_WHY] = answer_why,         [ASK_WHY_NOT] = answer_why_not,
        [ASK_FLIP] = answer_flip,       [ASK_STRENGTHS] = answer_strengths,
        [ASK_COMPARE] = answer_compare, [ASK_RULE] = answer_rule,
        [ASK_SOURCE] = answer_source,   [ASK_FACT] = answer_fact,
        [ASK_TOOL] = answer_tool,       [ASK_BETTER] = answer_better,
        [ASK_RECORD] = answer_record,
    };
    unsigned about = (unsigned)draft->request->ask.about;
    if (about < ASK_COUNT && answers[about]) {
        answers[about](draft);
    } else {
        answer_strengths(draft);
    }
    add_source(draft);
}

/* neighbours */

const struct pack *neighbour_of(const struct draft *draft)
{
    const struct knowledge *knowledge = draft->request->knowledge;
    int item = draft->request->ask.item;
    bool known = knowledge && item >= 0 && (size_t)item < knowledge->count;
    return known ? knowledge->packs[item] : draft->pack;
}

static const struct pack_neighbour *neighbour_in(const struct pack *pack, const char *id)
{
    for (size_t i = 0; pack && i < pack->neighbour_count; i++) {
        if (strcmp(pack->neighbours[i].pack, id) == 0) {
            return &pack->neighbours[i];
        }
    }
    return NULL;
}

/*
 * How the decision at hand touches the other one; where the conversation is about none, any that
 * does.
 */
static const char *touch(const struct draft *draft, const struct pack *other)
{
    const struct knowledge *knowledge = draft->request->knowledge;
    const struct pack_neighbour *found = neighbour_in(draft->pack, other->id);
    for (size_t i = 0; !found && knowledge && i < knowledge->count; i++) {
        found = neighbour_in(knowledge->packs[i], other->id);
    }
    return found ? found->how : NULL;
}

static bool names_option(const struct pack *pack, const char *text)
{
    for (size_t i = 0; text && i < pack->option_count; i++) {
        if (strstr(text, pack->options[i].name)) {
            return true;
        }
    }
    return false;
}

void reply_neighbour(struct draft *draft, const struct pack *other)
{
    /*
     * Where the other pack's rule speaks of our options itself, saying how the two touch would say
     * it twice.
     */
    bool said = draft->pack != other && names_option(draft->pack, other->rule_of_thumb);
    const char *how = said ? NULL : touch(draft, other);
    draft->pack = other;
    reply_add(draft->reply, BLOCK_LEAD, "%s",
              other->rule_of_thumb ? other->rule_of_thumb : other->question);
    if (how) {
        reply_add(draft->reply, BLOCK_PARAGRAPH, "%s", how);
    }
    if (other->pointer) {
        reply_add(draft->reply, BLOCK_PARAGRAPH, "%s", other->caveat ? other->caveat : SAY_POINTER);
    }
    for (size_t i = 0; is_full(draft) && i < other->option_count && i < PACK_OPTIONS_MAX; i++) {
        add_sentence(draft, BLOCK_ITEM, other->options[i].summary);
    }
    add_source(draft);
}
