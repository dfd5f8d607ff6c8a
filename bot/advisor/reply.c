#include "bot/advisor/reply.h"

#include <string.h>

#include "bot/advisor/reply_parts.h"
#include "bot/advisor/say.h"

static void add_lead(struct draft *draft)
{
    struct line lead;
    lead_sentence(draft, true, &lead);
    if (!draft->request->both) {
        reply_add(draft->reply, BLOCK_LEAD, "%s", lead.text);
        return;
    }
    reply_add(draft->reply, BLOCK_LEAD, "%s",
              draft->pack->both ? draft->pack->both : SAY_BOTH_UNKNOWN);
    reply_add(draft->reply, BLOCK_PARAGRAPH, "%s", lead.text);
}

/* Where both sides have a point, the speaker's own emphasis is what decided. */
static void add_emphasis(struct draft *draft)
{
    struct line names;
    const struct pack_rule *other;
    line_init(&names);
    uint64_t first = draft->facts.heavy & situations_for(draft, draft->verdict.option);
    add_names(&names, draft->pack, first, REASONS_MAX, "and");
    if (first && rules_against(draft, draft->verdict.option, &other, 1) == 1) {
        reply_add(draft->reply, BLOCK_PARAGRAPH, SAY_EMPHASIS, names.text);
    }
}

/* The strongest fact of another side; failing that the pack's own caveat, once a conversation. */
static void add_caveat(struct draft *draft)
{
    const struct pack_rule *rules[REASONS_FULL_MAX];
    size_t count = rules_against(draft, draft->verdict.option, rules,
                                 draft->length == LENGTH_FULL ? REASONS_MAX : 1);
    for (size_t i = 0; i < count; i++) {
        add_rule(draft, BLOCK_PARAGRAPH, rules[i]);
    }
    bool told = draft->request->before && draft->request->before->kind != VERDICT_NONE;
    if (count == 0 && draft->pack->caveat && (!told || draft->length == LENGTH_FULL)) {
        reply_add(draft->reply, BLOCK_PARAGRAPH, "%s", draft->pack->caveat);
    }
}

static void add_strengths(struct draft *draft)
{
    const struct pack_option *option = &draft->pack->options[draft->verdict.option];
    if (option->strength_count > 0) {
        reply_add(draft->reply, BLOCK_PARAGRAPH, SAY_BRINGS, option->name);
    }
    for (size_t i = 0; i < option->strength_count && i < REASONS_MAX; i++) {
        struct line line;
        line_init(&line);
        line_add_clause(&line, option->strengths[i].text, true);
        reply_add(draft->reply, BLOCK_ITEM, "%s.", line.text);
        cite(draft, option->strengths[i].section);
    }
}

static void add_outlook(struct draft *draft)
{
    if (draft->length == LENGTH_FULL) {
        if (draft->verdict.flip_count > 0) {
            reply_add(draft->reply, BLOCK_PARAGRAPH, "%s", SAY_FLIPS);
        }
        add_flips(draft, BLOCK_ITEM, VERDICT_FLIPS_MAX);
        add_strengths(draft);
        add_question(draft);
    } else if (draft->verdict.asks >= 0) {
        add_question(draft);
    } else {
        add_flips(draft, BLOCK_PARAGRAPH, 1);
    }
}

static void reply_option(struct draft *draft)
{
    add_lead(draft);
    add_reasons(draft, draft->verdict.option,
                draft->length == LENGTH_FULL ? REASONS_FULL_MAX : REASONS_MAX);
    add_emphasis(draft);
    add_caveat(draft);
    if (draft->length == LENGTH_FULL) {
        add_ruled_out(draft, -1);
    }
    add_outlook(draft);
    add_source(draft);
}

static void reply_depends(struct draft *draft)
{
    add_lead(draft);
    add_sides(draft);
    if (draft->length == LENGTH_FULL) {
        add_ruled_out(draft, -1);
        add_rule_of_thumb(draft);
    }
    add_weigh_question(draft);
    add_source(draft);
}

static void add_neutral(struct draft *draft)
{
    struct line line;
    line_init(&line);
    add_names(&line, draft->pack, draft->facts.stated, REASONS_MAX, "and");
    if (line.len > 0) {
        reply_add(draft->reply, BLOCK_PARAGRAPH, SAY_NEUTRAL, line.text);
    }
}

static void reply_ask(struct draft *draft)
{
    bool told = draft->request->before && draft->request->before->kind == VERDICT_ASK;
    add_lead(draft);
    add_neutral(draft);
    add_ruled_out(draft, -1);
    if (!told || draft->length == LENGTH_FULL) {
        add_rule_of_thumb(draft);
    }
    add_question(draft);
    add_source(draft);
}

static void reply_verdict(struct draft *draft)
{
    if (draft->verdict.kind == VERDICT_OPTION) {
        reply_option(draft);
    } else if (draft->verdict.kind == VERDICT_DEPENDS) {
        reply_depends(draft);
    } else if (draft->pack->pointer) {
        reply_neighbour(draft, draft->pack);
    } else {
        reply_ask(draft);
    }
}

/*
 * One line: the pick and its reasons' names always; because, the other side and the source as far
 * as they fit.
 */

static void line_option(const struct draft *draft, struct line *line)
{
    const struct pack_rule *rule;
    struct line names, because;
    uint64_t set = situations_for(draft, draft->verdict.option);
    line_init(&names);
    line_init(&because);
    add_names(&names, draft->pack, set, REASONS_MAX, "and");
    if (rules_for(draft, draft->verdict.option, &rule, 1) == 1) {
        line_add_clause(&because, rule->because, false);
    }
    line->len -= line->len > 0 && line->text[line->len - 1] == '.';
    if (!is_single(set) ||
        !line_add_within(line, LINE_REPLY_MAX, SAY_LINE_REASON, names.text, because.text)) {
        line_add(line, SAY_LINE_REASONS, names.text);
    }
    if (rules_against(draft, draft->verdict.option, &rule, 1) == 1) {
        line_add_within(line, LINE_REPLY_MAX, SAY_LINE_CAVEAT,
                        option_name(draft->pack, rule->option),
                        situation_name(draft->pack, rule->situation));
    }
}

static void line_depends(const struct draft *draft, struct line *line)
{
    struct line sides, names;
    line_init(&sides);
    for (int option = 0; option < PACK_OPTIONS_MAX; option++) {
        uint64_t set = draft->verdict.sides >> option & 1 ? situations_for(draft, option) : 0;
        if (set) {
            line_init(&names);
            add_names(&names, draft->pack, set, 2, "and");
            line_add(&sides, "%s", sides.len > 0 ? SAY_LINE_AGAINST : "");
            line_add(&sides, SAY_LINE_SIDE, names.text, option_name(draft->pack, option));
        }
    }
    line_init(line);
    if (draft->request->both) {
        line_add(line, SAY_LINE_IF_ONE_DEPENDS, sides.text);
    } else if (change_of(draft) == CHANGE_STAYS) {
        line_add(line, SAY_LINE_STILL_DEPENDS, sides.text);
    } else {
        line_add(line, SAY_LINE_DEPENDS, sides.text);
    }
}

static void line_ask(const struct draft *draft, struct line *line)
{
    int asks = draft->verdict.asks;
    bool told = draft->request->before && draft->request->before->kind == VERDICT_ASK;
    bool known = asks >= 0 && (size_t)asks < draft->pack->situation_count;
    if (!told && draft->pack->rule_of_thumb) {
        line_init(line);
        line_add(line, SAY_RULE_OF_THUMB, draft->pack->rule_of_thumb);
    }
    line_add(line, " %s", known ? draft->pack->situations[asks].question : SAY_OPEN_QUESTION);
}

static void line_verdict(struct draft *draft)
{
    struct line line, whole;
    lead_sentence(draft, true, &line);
    if (draft->verdict.kind == VERDICT_OPTION) {
        line_option(draft, &line);
    } else if (draft->verdict.kind == VERDICT_DEPENDS) {
        line_depends(draft, &line);
    } else {
        line_ask(draft, &line);
    }
    line_init(&whole);
    if (draft->request->both) {
        line_add(&whole, "%s ", draft->pack->both ? draft->pack->both : SAY_BOTH_UNKNOWN);
    }
    line_add(&whole, "%s", line.text);
    if (draft->pack->source.author) {
        line_add_within(&whole, LINE_REPLY_MAX, SAY_LINE_SOURCE, draft->pack->source.author,
                        draft->pack->source.title);
    }
    reply_add(draft->reply, BLOCK_LEAD, "%s", whole.text);
}

static bool ends_with_colon(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && text[len - 1] == ':';
}

/* A heading waits for its first item: alone it would promise what does not follow. */
static bool flatten_block(struct line *line, const char *text, const char **heading)
{
    if (ends_with_colon(text)) {
        *heading = text;
        return true;
    }
    const char *before = *heading ? *heading : "", *blank = *heading ? " " : "";
    *heading = NULL;
    if (line->len == 0) {
        return line_add(line, "%s%s%s", before, blank, text);
    }
    return line_add_within(line, LINE_REPLY_MAX, " %s%s%s", before, blank, text);
}

/* Any other answer on one line: its first block, and of the following ones what still fits. */
static void flatten(const struct reply *from, struct reply *to)
{
    struct line line;
    const char *heading = NULL;
    bool fits = true;
    line_init(&line);
    for (size_t i = 0; i < from->block_count; i++) {
        const char *text = from->text + from->blocks[i].text;
        if (from->blocks[i].type == BLOCK_SOURCE) {
            line_add_within(&line, LINE_REPLY_MAX, " (%s)", text);
        } else if (from->blocks[i].type != BLOCK_CODE && fits) {
            fits = flatten_block(&line, text, &heading);
        }
    }
    if (line.len == 0 && heading) {
        line_add(&line, "%s", heading);
    }
    reply_add(to, BLOCK_LEAD, "%s", line.text);
}

static void build(const struct request *request, enum reply_length length, struct reply *ret)
{
    struct draft draft;
    bool has_pack = draft_init(&draft, request, length, ret);
    if (request->kind == KIND_SILENT) {
        return;
    }
    if (request->kind == KIND_META) {
        reply_meta(request, ret);
    } else if (request->kind == KIND_UNKNOWN || !has_pack) {
        reply_unknown(request, ret);
    } else if (request->kind == KIND_NEIGHBOUR) {
        reply_neighbour(&draft, neighbour_of(&draft));
    } else if (request->kind == KIND_FACTS) {
        reply_facts(&draft);
    } else {
        reply_verdict(&draft);
    }
}

static bool has_own_line(const struct request *request)
{
    return request->kind == KIND_VERDICT && request->verdict &&
           request->verdict->kind != VERDICT_NONE;
}

void reply_build(const struct request *request, enum reply_length length, struct reply *ret)
{
    struct draft draft;
    reply_reset(ret);
    if (length != LENGTH_LINE) {
        build(request, length, ret);
    } else if (has_own_line(request) && draft_init(&draft, request, length, ret)) {
        line_verdict(&draft);
    } else {
        struct reply whole;
        reply_reset(&whole);
        build(request, length, &whole);
        flatten(&whole, ret);
    }
}
