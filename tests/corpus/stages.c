/*
 * Each stage of the reading by itself, over the real packs: stages DIR.
 *
 * DIR holds a table for each stage, NAME.tsv, of lines "what the stage must say TAB text"; empty
 * lines and lines with # are skipped. In a text "\n" is a line's end and " || " parts the turns of
 * a conversation. What is expected is written
 *   words      as words with a blank between ("-" for none); " / " parts clauses, " // " sentences
 *   scopes     as flags ("-" for none) of the word in braces; only the table's own flags count
 *   sets       as ids of situations ("-" for none); a hyphen before an id: denied, or light
 *   kinds      as "surface kind asked", the last one optional
 *   verdicts   as an option's id, with ~ where it only leans; "depends"; "ask". There the text is
 *              a set of ids: - before what is denied, ! after what is heavy, ? after what is light
 * DIR/floors.tsv says how many rows of each table hold at least. Output is TAP; every row that does
 * not hold is told in a comment.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/conversation.h"
#include "bot/advisor/workspace.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/reader/read.h"
#include "knowledge/learned.h"
#include "knowledge/load.h"

enum { FILE_MAX = 1 << 20, PATH_LEN = 1000, SAID_MAX = 4096 };

static const char turn_mark[] = " || ";

/* One row, and what there is to read it with. */
struct bench {
    struct knowledge *knowledge;
    const struct pack *pack;
    struct advisor *advisor;
    struct workspace *workspace;
    struct conversation talk;
    struct outcome outcome;
    const struct reading *reading; /* of the last turn */
    uint32_t marked;               /* the byte where the word in braces begins */
    struct buf said;               /* what the stage says */
};

static _Noreturn void die(const char *what, const char *which)
{
    fprintf(stderr, "stages: %s: %s\n", what, which);
    exit(1);
}

/* ---- a row's text ---- */

/* Takes out braces and escapes; returns where the marked word begins, 0 when none is. */
static uint32_t unescape(char *text)
{
    uint32_t marked = 0;
    char *out = text;
    for (const char *in = text; *in; in++) {
        if (in[0] == '\\' && in[1] == 'n') {
            *out++ = '\n';
            in++;
        } else if (*in == '{') {
            marked = (uint32_t)(out - text);
        } else if (*in != '}') {
            *out++ = *in;
        }
    }
    *out = '\0';
    return marked;
}

static void play(struct bench *b, enum surface surface, char *text)
{
    conversation_init(&b->talk);
    for (char *turn = text, *next; turn; turn = next) {
        next = strstr(turn, turn_mark);
        if (next) {
            *next = '\0';
            next += sizeof(turn_mark) - 1;
        }
        b->marked = unescape(turn);
        advisor_turn(b->advisor, b->workspace, &b->talk, surface, turn, strlen(turn), &b->outcome);
    }
    b->reading = &b->workspace->reading;
}

/* ---- what stages say ---- */

static void put(struct bench *b, const char *parting, const char *text)
{
    buf_printf(&b->said, "%s%s", b->said.len ? parting : "", text);
}

static void say_spelling(struct bench *b)
{
    for (uint32_t i = 0; i < b->reading->tokens.count; i++) {
        const struct token *token = &b->reading->tokens.items[i];
        if (token->flags & TOKEN_FIXED) {
            put(b, " ", token->letters);
        }
    }
}

static void say_clauses(struct bench *b)
{
    const struct scopes *scopes = &b->reading->scopes;
    for (uint32_t i = 0; i < b->reading->tokens.count; i++) {
        const char *parting = scopes->sentence_first[i] == i ? " // "
                              : scopes->clause_first[i] == i ? " / "
                                                             : " ";
        put(b, parting, b->reading->tokens.items[i].letters);
    }
}

static const struct scope_flag {
    unsigned flags;
    const char *name;
} scope_flags[] = {
    {SCOPE_NEGATED | SCOPE_OUT, "denied"},
    {SCOPE_PAST, "past"},
    {SCOPE_LATER, "later"},
    {SCOPE_HEARSAY, "hearsay"},
    {SCOPE_OTHERS, "others"},
    {SCOPE_QUOTE, "quoted"},
    {SCOPE_SUPPOSED, "supposed"},
    {SCOPE_ASKED, "asked"},
    {SCOPE_HEAVY, "heavy"},
    {SCOPE_LIGHT, "light"},
};

static void say_scope(struct bench *b, unsigned mask)
{
    const struct tokens *tokens = &b->reading->tokens;
    uint32_t i = 0;
    while (i < tokens->count && tokens->items[i].end <= b->marked) {
        i++;
    }
    if (i == tokens->count) {
        put(b, " ", "no word there");
        return;
    }
    for (size_t k = 0; k < ARRAY_LEN(scope_flags); k++) {
        if (b->reading->scopes.flags[i] & scope_flags[k].flags & mask) {
            put(b, " ", scope_flags[k].name);
        }
    }
}

static void say_polarity(struct bench *b)
{
    say_scope(b, SCOPE_NEGATED | SCOPE_OUT);
}

static void say_owner(struct bench *b)
{
    say_scope(b, SCOPE_HEARSAY | SCOPE_OTHERS | SCOPE_QUOTE);
}

static void say_time(struct bench *b)
{
    say_scope(b, SCOPE_PAST | SCOPE_LATER);
}

static void say_certainty(struct bench *b)
{
    say_scope(b, SCOPE_SUPPOSED | SCOPE_ASKED);
}

static void put_set(struct bench *b, uint64_t plain, uint64_t marked)
{
    for (size_t i = 0; i < b->pack->situation_count; i++) {
        if ((plain | marked) >> i & 1) {
            put(b, " ", marked >> i & 1 ? "-" : "");
            buf_puts(&b->said, b->pack->situations[i].id);
        }
    }
}

static void say_weight(struct bench *b)
{
    put_set(b, b->outcome.facts.heavy, b->outcome.facts.light);
}

static void say_cues(struct bench *b)
{
    uint64_t found = 0;
    for (uint32_t k = 0; k < b->reading->matches.count; k++) {
        const struct match *match = &b->reading->matches.items[k];
        unsigned scope = match_scope(&b->reading->scopes, match);
        if (match->target.type == TARGET_SITUATION && !(scope & SCOPE_MASKED) &&
            b->knowledge->packs[match->target.pack] == b->pack) {
            found |= UINT64_C(1) << match->target.item;
        }
    }
    put_set(b, found, 0);
}

static void say_topics(struct bench *b)
{
    uint64_t stated = 0, denied = 0;
    for (uint32_t k = 0; k < b->reading->evidence_count; k++) {
        const struct evidence *e = &b->reading->evidence[k];
        if (!e->exact && e->polarity == POLARITY_STATED) {
            stated |= UINT64_C(1) << e->situation;
        } else if (!e->exact && e->polarity == POLARITY_DENIED) {
            denied |= UINT64_C(1) << e->situation;
        }
    }
    put_set(b, stated & ~denied, denied);
}

static void say_facts(struct bench *b)
{
    put_set(b, b->outcome.facts.stated, b->outcome.facts.denied);
}

static void say_kinds(struct bench *b)
{
    put(b, " ", kind_name(b->outcome.kind));
    put(b, " ", ask_name(b->outcome.ask.about));
}

static void say_verdict(struct bench *b)
{
    const struct verdict *v = &b->outcome.standing;
    put(b, " ", verdict_word(b->pack, v->kind, v->option));
    buf_puts(&b->said, v->confidence == CONFIDENCE_LEANING ? "~" : "");
}

/* ---- sets in a table ---- */

struct set {
    uint64_t plain, denied, heavy, light;
};

static uint64_t bit_of(const struct pack *pack, const char *id, size_t len)
{
    for (size_t i = 0; i < pack->situation_count; i++) {
        if (strlen(pack->situations[i].id) == len && !memcmp(pack->situations[i].id, id, len)) {
            return UINT64_C(1) << i;
        }
    }
    die("no such situation", id);
}

static struct set read_set(const struct pack *pack, const char *text)
{
    struct set set = {0};
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, " ");
        bool minus = *at == '-', heavy = len && at[len - 1] == '!',
             light = len && at[len - 1] == '?';
        if (len > minus) {
            uint64_t bit = bit_of(pack, at + minus, len - minus - heavy - light);
            *(minus ? &set.denied : &set.plain) |= bit;
            set.heavy |= heavy ? bit : 0;
            set.light |= light ? bit : 0;
        }
        at += len + (at[len] != '\0');
    }
    return set;
}

/* ---- the stages ---- */

enum form { FORM_WORDS, FORM_SET, FORM_KIND, FORM_VERDICT };

static const struct stage {
    const char *name;
    enum form form;
    void (*say)(struct bench *b);
} stages[] = {
    {"spelling", FORM_WORDS, say_spelling},
    {"clauses", FORM_WORDS, say_clauses},
    {"cues", FORM_SET, say_cues},
    {"polarity", FORM_WORDS, say_polarity},
    {"owner", FORM_WORDS, say_owner},
    {"time", FORM_WORDS, say_time},
    {"certainty", FORM_WORDS, say_certainty},
    {"weight", FORM_SET, say_weight},
    {"topics", FORM_SET, say_topics},
    {"facts", FORM_SET, say_facts},
    {"discourse", FORM_SET, say_facts},
    {"kinds", FORM_KIND, say_kinds},
    {"verdicts", FORM_VERDICT, say_verdict},
};

/* "dm facts why": the surface is no part of what is said, and "asked" may be left out. */
static bool holds_kind(struct bench *b, const struct stage *stage, const char *expected, char *text)
{
    size_t len = strcspn(expected, " ");
    char surface[16];
    snprintf(surface, sizeof(surface), "%.*s", (int)len, expected);
    int number = surface_find(surface);
    if (number < 0) {
        die("no such surface", expected);
    }
    play(b, (enum surface)number, text);
    stage->say(b);
    const char *kind = expected + len + (expected[len] != '\0');
    size_t most = strlen(kind);
    const char *said = b->said.data;
    return !strncmp(said, kind, most) && (said[most] == '\0' || said[most] == ' ');
}

static bool holds_set(struct bench *b, const char *expected)
{
    struct set want = read_set(b->pack, expected), got = read_set(b->pack, b->said.data);
    return want.plain == got.plain && want.denied == got.denied;
}

static bool holds(struct bench *b, const struct stage *stage, const char *expected, char *text)
{
    buf_clear(&b->said);
    if (stage->form == FORM_KIND) {
        return holds_kind(b, stage, expected, text);
    }
    if (stage->form == FORM_VERDICT) {
        struct set set = read_set(b->pack, text);
        struct facts facts = {set.plain, set.denied, set.heavy, set.light, 0};
        verdict_decide(b->pack, &facts, &b->outcome.standing);
    } else {
        play(b, SURFACE_DM, text);
    }
    stage->say(b);
    put(b, "", b->said.len ? "" : "-");
    return stage->form == FORM_SET ? holds_set(b, expected) : !strcmp(b->said.data, expected);
}

/* ---- tables ---- */

static void read_table(struct buf *ret, const char *folder, const char *name)
{
    struct error err = {0};
    char path[PATH_LEN];
    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path)) {
        die("is too long a path", folder);
    }
    buf_init(ret, FILE_MAX);
    if (!buf_read_file(ret, path, &err) || !buf_putc(ret, '\0')) {
        die("cannot read", path);
    }
}

/* The next row of a table, its two columns; false at the end. */
static bool next_row(char **at, char **ret_first, char **ret_second)
{
    while (**at) {
        char *line = *at, *end = line + strcspn(line, "\n");
        *at = end + (*end != '\0');
        *end = '\0';
        if (*line && *line != '#') {
            char *tab = strchr(line, '\t');
            if (!tab) {
                die("a row without a tab", line);
            }
            *tab = '\0';
            *ret_first = line;
            *ret_second = tab + 1;
            return true;
        }
    }
    return false;
}

static long floor_of(const char *folder, const char *stage)
{
    struct buf table;
    long floor = -1;
    read_table(&table, folder, "floors.tsv");
    char *at = table.data, *name, *number;
    while (next_row(&at, &name, &number)) {
        floor = strcmp(name, stage) == 0 ? strtol(number, NULL, 10) : floor;
    }
    buf_finish(&table);
    if (floor < 0) {
        die("floors.tsv lacks the stage", stage);
    }
    return floor;
}

static bool run_stage(struct bench *b, const char *folder, const struct stage *stage, size_t number)
{
    char name[PATH_LEN];
    struct buf table;
    long rows = 0, held = 0, least = floor_of(folder, stage->name);
    snprintf(name, sizeof(name), "%s.tsv", stage->name);
    read_table(&table, folder, name);
    char *at = table.data, *expected, *text;
    while (next_row(&at, &expected, &text)) {
        char shown[SAID_MAX];
        snprintf(shown, sizeof(shown), "%s", text);
        rows++;
        if (holds(b, stage, expected, text)) {
            held++;
        } else {
            printf("# %s: %s\n#     want %s\n#     got  %s\n", stage->name, shown, expected,
                   b->said.data);
        }
    }
    buf_finish(&table);
    bool fine = rows > 0 && held >= least;
    printf("%sok %zu - %s: %ld of %ld rows hold, the floor is %ld\n", fine ? "" : "not ", number,
           stage->name, held, rows, least);
    return fine;
}

static void begin(struct bench *b)
{
    const char *path = WHETHER_SOURCE "/knowledge";
    struct fault_list faults = {0};
    if (!knowledge_load(&path, 1, &b->knowledge, &faults) ||
        !learned_load(b->knowledge, LEARNED_ALL, NULL, &faults)) {
        die("cannot load the packs", faults.items[0].text);
    }
    b->pack = b->knowledge->packs[b->knowledge->main];
    b->advisor = advisor_create(b->knowledge);
    b->workspace = workspace_create(b->advisor);
    buf_init(&b->said, FILE_MAX);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    bool fine = true;
    if (argc != 2) {
        die("usage", "stages DIR");
    }
    begin(&bench);
    printf("1..%zu\n", ARRAY_LEN(stages));
    for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
        fine = run_stage(&bench, argv[1], &stages[i], i + 1) && fine;
    }
    buf_finish(&bench.said);
    workspace_destroy(bench.workspace);
    advisor_destroy(bench.advisor);
    knowledge_destroy(bench.knowledge);
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
