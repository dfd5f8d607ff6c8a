#include "bot/advisor/record.h"

#include <string.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/document.h"
#include "bot/advisor/line.h"
#include "bot/advisor/reply.h"
#include "bot/advisor/reply_parts.h"
#include "bot/advisor/say.h"

enum { WORDS_MAX = 4, WORD_MAX = 16 };

/* An outcome as the draft of a reply that is never written: the pieces of replies want one. */
struct sheet {
    struct request request;
    struct draft draft;
    struct document *document;
};

static void init(struct sheet *sheet, struct document *document, const struct outcome *outcome)
{
    sheet->document = document;
    outcome_request_alone(outcome, &sheet->request);
    draft_init(&sheet->draft, &sheet->request, LENGTH_FULL, NULL);
}

static const struct pack_rule *fired(const struct sheet *sheet, size_t at)
{
    uint16_t rule = sheet->draft.verdict.fired[at];
    return rule < sheet->draft.pack->rule_count ? &sheet->draft.pack->rules[rule] : NULL;
}

static void say_clause(struct document *document, enum part part, const char *before,
                       const char *clause)
{
    struct line line;
    line_init(&line);
    line_add(&line, "%s", before);
    line_add_clause(&line, clause, *before == '\0');
    document_say(document, part, line.text);
}

/* ---- the answer in a ticket ---- */

static void put_head(struct document *document)
{
    static const char *const names[] = {SAY_TABLE_FOR, SAY_TABLE_FACT, SAY_TABLE_BECAUSE,
                                        SAY_TABLE_SECTION};
    document_open(document, PART_ROW);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        document_say(document, PART_CELL, names[i]);
    }
    document_close(document);
}

static void put_reason(struct sheet *sheet, const struct pack_rule *rule)
{
    const struct pack *pack = sheet->draft.pack;
    document_open(sheet->document, PART_ROW);
    document_say(sheet->document, PART_CELL, option_name(pack, rule->option));
    say_clause(sheet->document, PART_CELL, "", situation_name(pack, rule->situation));
    say_clause(sheet->document, PART_CELL, "", rule->because);
    document_say(sheet->document, PART_CELL, pack->sections[rule->section].title);
    document_close(sheet->document);
}

static void put_reasons(struct sheet *sheet)
{
    if (sheet->draft.verdict.fired_count == 0) {
        return;
    }
    document_open(sheet->document, PART_TABLE);
    put_head(sheet->document);
    for (size_t i = 0; i < sheet->draft.verdict.fired_count && i < REASONS_FULL_MAX; i++) {
        if (fired(sheet, i)) {
            put_reason(sheet, fired(sheet, i));
        }
    }
    document_close(sheet->document);
}

static void put_flips(struct sheet *sheet, const char *title)
{
    const struct verdict *verdict = &sheet->draft.verdict;
    struct line line;
    if (verdict->flip_count == 0) {
        return;
    }
    document_say(sheet->document, PART_PARAGRAPH, title);
    document_open(sheet->document, PART_LIST);
    for (size_t i = 0; i < verdict->flip_count && i < VERDICT_FLIPS_MAX; i++) {
        if (flip_sentence(&sheet->draft, &verdict->flips[i], &line)) {
            document_say(sheet->document, PART_ITEM, line.text);
        }
    }
    document_close(sheet->document);
}

static void put_question(struct sheet *sheet)
{
    struct reply question = {0};
    sheet->draft.reply = &question;
    if (sheet->draft.verdict.kind == VERDICT_DEPENDS) {
        add_weigh_question(&sheet->draft);
    } else {
        add_question(&sheet->draft);
    }
    sheet->draft.reply = NULL;
    document_reply(sheet->document, &question);
}

/* A list of situations under a title; nothing for an empty set. */
static void put_facts(struct sheet *sheet, const char *title, uint64_t set)
{
    const struct pack *pack = sheet->draft.pack;
    if (set == 0) {
        return;
    }
    document_say(sheet->document, PART_PARAGRAPH, title);
    document_open(sheet->document, PART_LIST);
    for (int i = 0; (size_t)i < pack->situation_count; i++) {
        if (set >> i & 1) {
            say_clause(sheet->document, PART_ITEM, "", situation_name(pack, i));
        }
    }
    document_close(sheet->document);
}

static void put_reading(struct sheet *sheet)
{
    const struct facts *facts = &sheet->draft.facts;
    document_fold(sheet->document, SAY_HOW_READ);
    put_facts(sheet, SAY_READ_STATED, facts->stated);
    put_facts(sheet, SAY_READ_DENIED, facts->denied);
    if ((facts->stated | facts->denied) == 0) {
        document_say(sheet->document, PART_PARAGRAPH, SAY_READ_NOTHING);
    }
    document_say(sheet->document, PART_PARAGRAPH, SAY_READ_WRONG);
    document_close(sheet->document);
}

static void put_source(struct sheet *sheet)
{
    const struct pack *pack = sheet->draft.pack;
    struct line line;
    line_init(&line);
    line_add(&line, SAY_BY, pack->source.title, pack->source.author);
    line_add(&line, pack->source.date ? ", %s" : "%s", pack->source.date);
    document_open(sheet->document, PART_PARAGRAPH);
    document_text(sheet->document, "Source: ");
    document_link(sheet->document, line.text, pack->source.url);
    document_close(sheet->document);
}

void record_comment(struct document *document, const struct outcome *outcome,
                    const struct reply *reply)
{
    struct sheet sheet;
    struct line lead;
    if (outcome->kind != KIND_VERDICT || outcome->pack == NULL || outcome->pack->pointer) {
        document_reply(document, reply);
        return;
    }
    init(&sheet, document, outcome);
    lead_sentence(&sheet.draft, true, &lead);
    document_open(document, PART_PARAGRAPH);
    document_bold(document, lead.text);
    document_close(document);
    if (sheet.draft.verdict.kind == VERDICT_ASK && sheet.draft.pack->rule_of_thumb) {
        document_say(document, PART_PARAGRAPH, sheet.draft.pack->rule_of_thumb);
    }
    put_reasons(&sheet);
    put_flips(&sheet, SAY_FLIPS);
    put_question(&sheet);
    put_reading(&sheet);
    put_source(&sheet);
}

/* ---- the decision record ---- */

static void put_options(struct sheet *sheet)
{
    const struct pack *pack = sheet->draft.pack;
    document_open(sheet->document, PART_LIST);
    for (size_t i = 0; i < pack->option_count; i++) {
        document_say(sheet->document, PART_ITEM, pack->options[i].name);
    }
    document_close(sheet->document);
}

static void put_chosen(struct sheet *sheet)
{
    const struct draft *draft = &sheet->draft;
    struct line line, names;
    line_init(&names);
    if (draft->verdict.kind != VERDICT_OPTION) {
        lead_sentence(draft, false, &line);
        document_say(sheet->document, PART_PARAGRAPH, line.text);
        return;
    }
    line_init(&line);
    add_names(&names, draft->pack, situations_for(draft, draft->verdict.option), REASONS_FULL_MAX,
              "and");
    line_add(&line, names.len > 0 ? SAY_CHOSEN_BECAUSE : SAY_CHOSEN,
             option_name(draft->pack, draft->verdict.option), names.text);
    document_say(sheet->document, PART_PARAGRAPH, line.text);
}

/* What speaks for the choice is good, what speaks for another is the price. */
static void put_consequences(struct sheet *sheet)
{
    const struct draft *draft = &sheet->draft;
    struct line line;
    document_say(sheet->document, PART_MINOR, SAY_CONSEQUENCES);
    document_open(sheet->document, PART_LIST);
    for (size_t i = 0; i < draft->verdict.fired_count && i < VERDICT_RULES_MAX; i++) {
        const struct pack_rule *rule = fired(sheet, i);
        if (!rule) {
            continue;
        }
        bool open = draft->verdict.kind != VERDICT_OPTION;
        bool good = open || rule->option == draft->verdict.option;
        line_init(&line);
        line_add(&line,
                 open   ? SAY_NEUTRAL_BECAUSE
                 : good ? SAY_GOOD_BECAUSE
                        : SAY_BAD_BECAUSE,
                 option_name(draft->pack, rule->option),
                 situation_name(draft->pack, rule->situation), rule->because);
        document_say(sheet->document, PART_ITEM, line.text);
    }
    if (draft->verdict.fired_count == 0) {
        document_say(sheet->document, PART_ITEM, SAY_NO_CONSEQUENCES);
    }
    document_close(sheet->document);
}

void record_decision(struct document *document, const struct outcome *outcome)
{
    struct sheet sheet;
    init(&sheet, document, outcome);
    const struct facts *facts = &sheet.draft.facts;
    document_say(document, PART_HEADING, sheet.draft.pack->question);
    document_say(document, PART_SUBHEADING, SAY_CONTEXT);
    put_facts(&sheet, SAY_READ_STATED, facts->stated);
    put_facts(&sheet, SAY_READ_DENIED, facts->denied);
    if ((facts->stated | facts->denied) == 0) {
        document_say(document, PART_PARAGRAPH, SAY_READ_NOTHING);
    }
    document_say(document, PART_SUBHEADING, SAY_OPTIONS);
    put_options(&sheet);
    document_say(document, PART_SUBHEADING, SAY_OUTCOME);
    put_chosen(&sheet);
    put_consequences(&sheet);
    document_say(document, PART_SUBHEADING, SAY_MORE);
    put_flips(&sheet, SAY_FLIPS);
    put_source(&sheet);
}

/* ---- who wants one ---- */

static bool is_letter(char c)
{
    return ((unsigned char)c | 32) >= 'a' && ((unsigned char)c | 32) <= 'z';
}

/* The next word in small letters, "" at the end; too long ones are cut, and match nothing. */
static size_t next_word(const char *text, size_t len, size_t at, char ret[WORD_MAX])
{
    size_t size = 0;
    while (at < len && !is_letter(text[at])) {
        at++;
    }
    for (; at < len && is_letter(text[at]); at++) {
        if (size + 1 < WORD_MAX) {
            ret[size++] = (char)(text[at] | 32);
        }
    }
    ret[size] = '\0';
    return at;
}

bool record_wanted(const char *text, size_t len)
{
    static const char *const objects[] = {"it", "that", "this", "the", "our", "decision", "please"};
    char word[WORD_MAX];
    if (len > WORDS_MAX * WORD_MAX || memchr(text, '?', len) != NULL) {
        return false;
    }
    size_t at = next_word(text, len, 0, word);
    if (strcmp(word, "please") == 0) {
        at = next_word(text, len, at, word);
    }
    if (strcmp(word, "record") != 0) {
        return false;
    }
    for (at = next_word(text, len, at, word); word[0]; at = next_word(text, len, at, word)) {
        size_t i = 0;
        while (i < sizeof(objects) / sizeof(objects[0]) && strcmp(objects[i], word) != 0) {
            i++;
        }
        if (i == sizeof(objects) / sizeof(objects[0])) {
            return false;
        }
    }
    return true;
}
