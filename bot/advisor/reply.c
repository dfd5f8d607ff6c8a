#include "bot/advisor/reply.h"

#include <string.h>

#include "bot/advisor/reply_parts.h"
#include "bot/advisor/say.h"
#include "bot/base/utf8.h"

/*
 * Texts are made fit to print once, here: well-formed UTF-8, one line (code apart), no control
 * bytes, no blanks at the ends.
 */

static bool is_control(const char *text, size_t len)
{
    unsigned char first = (unsigned char)text[0];
    if (len == 1) {
        return first < 0x20 || first == 0x7F;
    }
    return len == 2 && first == 0xC2 && (unsigned char)text[1] < 0xA0;
}

/*
 * Marks that turn the direction of text, or hide it: they serve deception only. U+200B..200F,
 * 202A..202E, 2060..2069, FEFF.
 */
static bool is_invisible(const char *text, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)text;
    if (len != 3) {
        return false;
    }
    unsigned code = (bytes[0] & 0x0Fu) << 12 | (bytes[1] & 0x3Fu) << 6 | (bytes[2] & 0x3Fu);
    return (code >= 0x200B && code <= 0x200F) || (code >= 0x202A && code <= 0x202E) ||
           (code >= 0x2060 && code <= 0x2069) || code == 0xFEFF;
}

/*
 * Writes what becomes of the sequence at `at` (step bytes, 0 = malformed) to text[out]; returns
 * the new end.
 */
static size_t put_clean(char *text, size_t out, const char *at, size_t step, bool keep_lines)
{
    bool blank = step == 1 && (*at == ' ' || *at == '\t' || (!keep_lines && is_control(at, step)));
    if (step == 0) {
        text[out++] = '?';
    } else if (blank) {
        if (keep_lines || (out > 0 && text[out - 1] != ' ')) {
            text[out++] = ' ';
        }
    } else if ((keep_lines && *at == '\n') || (!is_control(at, step) && !is_invisible(at, step))) {
        memmove(text + out, at, step);
        out += step;
    }
    return out;
}

size_t reply_clean(char *text, size_t len, bool keep_lines)
{
    size_t out = 0;
    for (size_t i = 0; i < len;) {
        if (text[i] > ' ' && text[i] < 0x7F) {
            text[out++] = text[i++];
            continue;
        }
        size_t step = utf8_length(text + i, len - i);
        out = put_clean(text, out, text + i, step, keep_lines);
        i += step ? step : 1;
    }
    while (out > 0 && (text[out - 1] == ' ' || text[out - 1] == '\n')) {
        out--;
    }
    return out;
}

/* Takes the text of len bytes that has been written behind the others. */
static void take_block(struct reply *reply, enum block_type type, size_t len)
{
    char *text = reply->text + reply->text_len;
    len = reply_clean(text, len, type == BLOCK_CODE);
    text[len] = '\0';
    if (len == 0) {
        return;
    }
    reply->blocks[reply->block_count++] = (struct block){
        .type = type,
        .text = (uint16_t)reply->text_len,
        .len = (uint16_t)len,
    };
    reply->text_len += len + 1;
}

static size_t room(const struct reply *reply)
{
    return reply->block_count < REPLY_BLOCKS_MAX && reply->text_len < REPLY_TEXT_MAX
               ? REPLY_TEXT_MAX - reply->text_len
               : 0;
}

/* Offset 0 means "none", so the first byte is never used. */
static void begin(struct reply *reply)
{
    if (reply->text_len == 0) {
        reply->text[0] = '\0';
        reply->text_len = 1;
    }
}

void reply_add(struct reply *reply, enum block_type type, const char *format, ...)
{
    va_list args;
    begin(reply);
    size_t cap = room(reply);
    va_start(args, format);
    size_t len = text_format(reply->text + reply->text_len, cap, format, args);
    va_end(args);
    if (len < cap) {
        take_block(reply, type, len);
    } else if (cap > 0) {
        reply->text[reply->text_len] = '\0';
    }
}

void reply_add_linked(struct reply *reply, enum block_type type, const char *link, const char *text)
{
    size_t blocks = reply->block_count;
    reply_add(reply, type, "%s", text);
    size_t len = link ? strlen(link) : 0;
    if (reply->block_count == blocks || len == 0 || len >= REPLY_TEXT_MAX - reply->text_len) {
        return;
    }
    memcpy(reply->text + reply->text_len, link, len + 1);
    reply->blocks[blocks].link = (uint16_t)reply->text_len;
    reply->text_len += len + 1;
}

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

static void reset(struct reply *reply)
{
    reply->block_count = 0;
    reply->text_len = 0;
    begin(reply);
}

void reply_build(const struct request *request, enum reply_length length, struct reply *ret)
{
    struct draft draft;
    reset(ret);
    if (length != LENGTH_LINE) {
        build(request, length, ret);
    } else if (has_own_line(request) && draft_init(&draft, request, length, ret)) {
        line_verdict(&draft);
    } else {
        struct reply whole;
        reset(&whole);
        build(request, length, &whole);
        flatten(&whole, ret);
    }
}
