#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/advisor/conversation.h"
#include "bot/advisor/reply.h"
#include "bot/advisor/workspace.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/command/command.h"
#include "bot/host/report.h"
#include "bot/reader/english.h"
#include "bot/reader/trust.h"
#include "knowledge/model.h"

enum { OPTION_PACK, OPTION_SURFACE, OPTION_AFTER };
enum { OUT_MAX = 4 * 1024 * 1024, UNITS_SHOWN = 200 };

static const char *const surfaces[] = {"dm", "mention", "slash", "tracker", "ambient", NULL};

static const struct command_option options[] = {
    [OPTION_PACK] = {"pack", "DIR|FILE", NULL, "knowledge instead of the usual; may be repeated"},
    [OPTION_SURFACE] = {"surface", "WHERE", surfaces,
                        "said in a dm (default), mention, slash, tracker, ambient"},
    [OPTION_AFTER] = {"after", "TEXT", NULL,
                      "an earlier message of the conversation; may be repeated"},
    {0},
};

/* What is being explained, and where to. */
struct show {
    struct buf *out;
    const struct reading *reading;
    const struct pack *pack;
    const struct knowledge *knowledge;
};

static bool put_comma(struct buf *out, bool some)
{
    buf_puts(out, some ? ", " : "");
    return true;
}

/* What the structure of the text says of each line that has any. */
static void show_lines(const struct show *show)
{
    static const struct {
        uint8_t flag;
        const char *name;
    } names[] = {{LINE_ITEM, "item"},    {LINE_HEADING, "heading"}, {LINE_COLON, "colon"},
                 {LINE_SOFT, "goes on"}, {LINE_DONE, "done"},       {LINE_PARAGRAPH, "paragraph"}};
    static const struct {
        uint8_t flag;
        const char *name;
    } attributes[] = {{TEXT_QUOTE, "quoted"}, {TEXT_CODE, "code"}, {TEXT_STRUCK, "struck out"}};
    const struct text *text = &show->reading->text;
    buf_puts(show->out, "lines\n");
    for (uint32_t i = 0; i < text->line_count && i < UNITS_SHOWN; i++) {
        uint32_t start = text->lines[i].start;
        uint32_t end = i + 1 < text->line_count ? text->lines[i + 1].start : text->len;
        uint8_t attr = 0;
        bool some = false;
        for (uint32_t k = start; k < end; k++) {
            attr |= text->attr[k];
        }
        end -= end > start && text->normal[end - 1] == '\n';
        buf_puts(show->out, "  \"");
        buf_append(show->out, text->normal + start, end - start);
        buf_puts(show->out, "\" ");
        for (size_t k = 0; k < ARRAY_LEN(names); k++) {
            if (text->lines[i].flags & names[k].flag) {
                some = put_comma(show->out, some);
                buf_puts(show->out, names[k].name);
            }
        }
        for (size_t k = 0; k < ARRAY_LEN(attributes); k++) {
            if (attr & attributes[k].flag) {
                some = put_comma(show->out, some);
                buf_puts(show->out, attributes[k].name);
            }
        }
        buf_puts(show->out, "\n");
    }
}

static void put_words(const struct show *show, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++) {
        const struct token *token = &show->reading->tokens.items[i];
        buf_printf(show->out, "%s%s%s", i > first ? " " : "", token->letters,
                   token->flags & TOKEN_FIXED ? "~" : "");
    }
}

static const struct {
    uint16_t flag;
    const char *name;
} scope_names[] = {
    {SCOPE_NEGATED, "denied"},  {SCOPE_OUT, "out of scope"},  {SCOPE_PAST, "past"},
    {SCOPE_HEARSAY, "hearsay"}, {SCOPE_SUPPOSED, "supposed"}, {SCOPE_LATER, "later"},
    {SCOPE_OTHERS, "others'"},  {SCOPE_QUOTE, "quoted"},      {SCOPE_HEAVY, "heavy"},
    {SCOPE_LIGHT, "light"},     {SCOPE_ASKED, "asked"},
};

static void put_scope(const struct show *show, uint16_t scope)
{
    for (size_t i = 0; i < ARRAY_LEN(scope_names); i++) {
        if (scope & scope_names[i].flag) {
            buf_printf(show->out, ", %s", scope_names[i].name);
        }
    }
}

static void show_clauses(const struct show *show)
{
    const struct scopes *scopes = &show->reading->scopes;
    buf_puts(show->out, "clauses (~ marks a mended typing error)\n");
    for (uint32_t u = 0; u < scopes->unit_count && u < UNITS_SHOWN; u++) {
        const struct unit *unit = &scopes->units[u];
        buf_puts(show->out, unit->sentence ? "  - " : "      ");
        put_words(show, unit->first, unit->last);
        buf_puts(show->out, unit->question && unit->sentence ? " ?\n" : "\n");
    }
    if (scopes->unit_count > UNITS_SHOWN) {
        buf_printf(show->out, "  ... and %u more\n", (unsigned)scopes->unit_count - UNITS_SHOWN);
    }
}

/* Runs of words of which the same holds. */
static void show_scopes(const struct show *show)
{
    const struct scopes *scopes = &show->reading->scopes;
    uint32_t count = show->reading->tokens.count, shown = 0;
    buf_puts(show->out, "scopes\n");
    for (uint32_t i = 0, end; i < count && shown < UNITS_SHOWN; i = end) {
        uint16_t flags = scopes->flags[i] & (uint16_t)~SCOPE_MASKED;
        for (end = i + 1; end < count && (scopes->flags[end] & (uint16_t)~SCOPE_MASKED) == flags &&
                          scopes->sentence_first[end] == scopes->sentence_first[i];) {
            end++;
        }
        if (flags) {
            buf_puts(show->out, "  \"");
            put_words(show, i, end - 1);
            buf_puts(show->out, "\"");
            put_scope(show, flags);
            buf_puts(show->out, "\n");
            shown++;
        }
    }
}

static const char *target_name(const struct show *show, const struct target *target)
{
    if (target->type == TARGET_ENGLISH) {
        return english_name((enum english)target->item);
    }
    const struct pack *pack = show->knowledge->packs[target->pack];
    switch ((enum target_type)target->type) {
    case TARGET_OPTION:
    case TARGET_TOOL:
        return pack->options[target->item].id;
    case TARGET_SITUATION:
    case TARGET_HINT:
    case TARGET_DENIAL:
        return pack->situations[target->item].id;
    case TARGET_FACT:
        return pack->facts[target->item].id;
    case TARGET_SUBJECT:
    case TARGET_ENGLISH:
    default:
        return pack->id;
    }
}

static void show_cues(const struct show *show)
{
    static const char *const types[] = {"word", "option", "tool", "cue",
                                        "hint", "denial", "fact", "subject"};
    buf_puts(show->out, "cues\n");
    for (uint32_t k = 0; k < show->reading->matches.count; k++) {
        const struct match *match = &show->reading->matches.items[k];
        buf_printf(show->out, "  %-8s %-18s \"", types[match->target.type],
                   target_name(show, &match->target));
        put_words(show, match->first, match->last);
        buf_puts(show->out, "\"\n");
    }
}

/* A learned score, and what it was mixed from where the pack has a net. */
static void put_learned(const struct show *show, const struct evidence *e)
{
    buf_printf(show->out, "learned %+.1f ", (double)e->score);
    if (show->pack->model->net) {
        buf_printf(show->out, "(topics %+.1f, net %+.1f) ", (double)e->linear, (double)e->net);
    }
}

/* With how far the phrase can be trusted, where that is not wholly. */
static void put_exact(const struct show *show, const struct evidence *e)
{
    float trust = trust_of(show->pack, e->situation, &show->reading->tokens, e->first, e->last);
    buf_puts(show->out, "by its words ");
    if (trust < 1 && e->polarity == POLARITY_STATED) {
        buf_printf(show->out, "(trusted %.1f) ", (double)trust);
    }
}

static void show_evidence(const struct show *show)
{
    static const char *const polarities[] = {"states", "denies", "mentions"};
    buf_puts(show->out, "evidence\n");
    for (uint32_t k = 0; k < show->reading->evidence_count; k++) {
        const struct evidence *e = &show->reading->evidence[k];
        buf_printf(show->out, "  %-9s %-18s ", polarities[e->polarity],
                   show->pack->situations[e->situation].id);
        if (e->exact) {
            put_exact(show, e);
        } else {
            put_learned(show, e);
        }
        buf_puts(show->out, "\"");
        put_words(show, e->first, e->last);
        buf_puts(show->out, "\"");
        put_scope(show, e->scope);
        buf_puts(show->out, "\n");
    }
    for (size_t i = 0; i < show->pack->situation_count; i++) {
        if (show->reading->doubted >> i & 1) {
            buf_printf(show->out,
                       "  doubts    %-18s said less surely than the rest of so long a message\n",
                       show->pack->situations[i].id);
        }
    }
}

static void put_set(const struct show *show, const char *name, uint64_t set)
{
    buf_printf(show->out, "  %-8s", name);
    for (size_t i = 0; i < show->pack->situation_count; i++) {
        if (set >> i & 1) {
            buf_printf(show->out, " %s", show->pack->situations[i].id);
        }
    }
    buf_puts(show->out, set ? "\n" : " -\n");
}

/* What is said of the choice itself, whatever the situations. */
static void show_choice(const struct show *show)
{
    const struct signals *s = &show->reading->signals;
    const struct {
        bool holds;
        const char *what;
    } rows[] = {
        {s->alternatives != 0, "an \"or\" between them"},
        {s->question, "a question"},
        {s->choice_word, "words of choosing"},
        {s->subject, "the decision itself"},
        {s->quoted_only, "named in quotations only"},
        {s->unasked, "spoken of, not asked"},
        {s->other_tech, "a product of no pack"},
        {s->pointer >= 0, "a neighbour"},
        {s->mentions > 0, "people are addressed"},
    };
    buf_puts(show->out, "choice\n  names ");
    for (size_t i = 0; i < show->pack->option_count; i++) {
        if (s->options >> i & 1) {
            buf_printf(show->out, " %s", show->pack->options[i].id);
        }
    }
    buf_puts(show->out, s->options ? "\n" : " -\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].holds) {
            buf_printf(show->out, "  %s\n", rows[i].what);
        }
    }
}

/* What the message makes of what earlier ones said. */
static void show_discourse(const struct show *show, const struct conversation *talk,
                           uint64_t known_before)
{
    buf_puts(show->out, "conversation\n");
    put_set(show, "before", known_before);
    put_set(show, "takes back", show->reading->withdrawn | (show->reading->unsaid & known_before));
    buf_printf(show->out, "  project  %u\n", (unsigned)talk->project + 1);
}

static void show_facts(const struct show *show, const struct outcome *outcome)
{
    buf_puts(show->out, "facts\n");
    put_set(show, "stated", outcome->facts.stated);
    put_set(show, "denied", outcome->facts.denied);
    put_set(show, "heavy", outcome->facts.heavy);
    put_set(show, "light", outcome->facts.light);
}

static void show_kinds(const struct show *show, const float scores[KIND_COUNT], enum kind kind)
{
    buf_printf(show->out, "kind: %s (", kind_name(kind));
    for (int k = 0; k < KIND_COUNT; k++) {
        buf_printf(show->out, "%s%s %+.1f", k ? ", " : "", kind_name((enum kind)k),
                   (double)scores[k]);
    }
    buf_puts(show->out, ")\n");
}

static void show_flip(const struct show *show, const struct flip *flip)
{
    buf_printf(show->out, "  %s if", verdict_word(show->pack, flip->kind, flip->option));
    for (size_t i = 0; i < show->pack->situation_count; i++) {
        if (flip->add >> i & 1) {
            buf_printf(show->out, " +%s", show->pack->situations[i].id);
        }
        if (flip->drop >> i & 1) {
            buf_printf(show->out, " -%s", show->pack->situations[i].id);
        }
    }
    buf_puts(show->out, "\n");
}

static void show_verdict(const struct show *show, const struct verdict *verdict)
{
    buf_puts(show->out, "rules fired\n");
    for (size_t i = 0; i < verdict->fired_count; i++) {
        const struct pack_rule *rule = &show->pack->rules[verdict->fired[i]];
        buf_printf(show->out, "  %s -> %s (%d): because %s\n",
                   show->pack->situations[rule->situation].id, show->pack->options[rule->option].id,
                   (int)rule->strength, rule->because);
    }
    buf_puts(show->out, "weights\n");
    for (size_t i = 0; i < show->pack->option_count; i++) {
        buf_printf(show->out, "  %-10s %d\n", show->pack->options[i].id, verdict->weight[i]);
    }
    buf_printf(show->out, "verdict: %s%s\n",
               verdict_word(show->pack, verdict->kind, verdict->option),
               verdict->confidence == CONFIDENCE_LEANING ? " (leaning)" : "");
    buf_puts(show->out, "would change it\n");
    for (size_t i = 0; i < verdict->flip_count; i++) {
        show_flip(show, &verdict->flips[i]);
    }
}

static void explain(struct program *program, const struct command_call *call, const char *text,
                    struct buf *out)
{
    enum surface surface = (enum surface)command_choice(call, OPTION_SURFACE, SURFACE_DM);
    const struct command_values *before = &call->values[OPTION_AFTER];
    struct conversation conversation;
    struct outcome outcome;
    struct reply reply;
    conversation_init(&conversation);
    for (size_t i = 0; i < before->count; i++) {
        program_turn(program, &conversation, surface, before->items[i], strlen(before->items[i]),
                     program->config.length, &outcome, &reply);
    }
    uint64_t known = conversation_project(&conversation)->facts.stated;
    program_turn(program, &conversation, surface, text, strlen(text), program->config.length,
                 &outcome, &reply);
    const struct reading *reading = &program->workspace->reading;
    struct show show = {out, reading, program->knowledge->packs[reading->pack], program->knowledge};
    if (outcome.truncated) {
        report("the message is too long: not all of it was read");
    }
    show_lines(&show);
    show_clauses(&show);
    show_cues(&show);
    show_scopes(&show);
    show_evidence(&show);
    show_choice(&show);
    show_kinds(&show, program->workspace->kind_scores, outcome.kind);
    buf_printf(show.out, "asks: %s\n", ask_name(outcome.ask.about));
    show_discourse(&show, &conversation, known);
    show_facts(&show, &outcome);
    show_verdict(&show, &outcome.standing);
}

static int run(const struct command_call *call)
{
    struct program program;
    struct buf out, safe;
    if (!command_open(call, call->values[OPTION_PACK].items, call->values[OPTION_PACK].count,
                      &program)) {
        return STATUS_FAILED;
    }
    char *text = command_join_operands(call);
    buf_init(&out, OUT_MAX);
    buf_init(&safe, OUT_MAX);
    explain(&program, call, text, &out);
    report_neutral(&safe, out.data ? out.data : "", out.len, true);
    report_write(safe.data, safe.len);
    buf_finish(&safe);
    buf_finish(&out);
    free(text);
    program_close(&program);
    return STATUS_FINE;
}

const struct command command_explain = {
    .name = "explain",
    .operands = "QUESTION...",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .summary = "how a question was read, and why the answer is what it is",
    .details = "Prints each stage of the reading: lines, clauses, cues, what holds of which words\n"
               "(denied, past, another's ...), evidence for each situation, what is said of the\n"
               "choice, the kind of message and what it asks, what it makes of earlier ones, the\n"
               "facts, the rules that fired, both sides' weights, and what would change the\n"
               "verdict.\n",
    .examples =
        "  whether explain --after \"We are Python people.\" \"But the chat is the product.\"\n"
        "  whether explain \"Node or Django? The chat is out, the forms stay.\"\n"
        "  whether explain --surface ambient node or django for the quiz app, anyone\n",
    .options = options,
    .run = run,
};
