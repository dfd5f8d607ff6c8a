/*
 * What must not change an answer, over real sentences: variations FLOORS.
 *
 * Takes every so many messages and clauses of the training corpus of the main pack, changes each in
 * a way that says nothing new, and counts how often the answer (kind and verdict) and the facts
 * stay as they were. FLOORS is a table "variation TAB answers TAB facts" of what must be reached,
 * in thousandths; "-" for what is not asked. Output is TAP; with --changes as a second argument
 * comments show what changed.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/advisor/advisor.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/corpus.h"
#include "bot/host/lines.h"
#include "knowledge/learned.h"
#include "knowledge/load.h"

enum { MESSAGES = 500, PAIRS = 400, TEXT_LONG = 3000, BUF_MAX = 1 << 16, FLOOR_LINE = 200 };

static struct {
    struct knowledge *knowledge;
    const struct pack *pack;
    struct advisor *advisor;
    struct workspace *workspace;
    struct corpus corpus;
    bool tell;
} bench;

static _Noreturn void die(const char *what, const char *which)
{
    fprintf(stderr, "variations: %s: %s\n", what, which);
    exit(1);
}

/* ---- asking ---- */

static struct outcome turn(struct conversation *talk, enum surface surface, const char *text)
{
    struct outcome outcome;
    advisor_turn(bench.advisor, bench.workspace, talk, surface, text, strlen(text), &outcome);
    return outcome;
}

static struct outcome ask(enum surface surface, const char *text)
{
    struct conversation talk;
    conversation_init(&talk);
    return turn(&talk, surface, text);
}

static bool same_answer(const struct outcome *a, const struct outcome *b)
{
    return a->kind == b->kind && a->verdict.kind == b->verdict.kind &&
           a->verdict.option == b->verdict.option;
}

static bool same_facts(const struct outcome *a, const struct outcome *b)
{
    return a->facts.stated == b->facts.stated && a->facts.denied == b->facts.denied;
}

struct tally {
    long asked, answers, facts;
};

static void count(struct tally *tally, const char *what, const char *text, const struct outcome *a,
                  const struct outcome *b)
{
    bool answer = same_answer(a, b), facts = same_facts(a, b);
    tally->asked++;
    tally->answers += answer;
    tally->facts += facts;
    if (bench.tell && !(answer && facts)) {
        printf("# %s: %s changed: %.300s\n", what, answer ? "facts" : "the answer", text);
    }
}

/* ---- one message, written otherwise ---- */

static void upper(struct buf *out, const char *text, size_t n)
{
    (void)n;
    for (; *text; text++) {
        buf_putc(out, (char)toupper((unsigned char)*text));
    }
}

static void lower(struct buf *out, const char *text, size_t n)
{
    (void)n;
    for (; *text; text++) {
        buf_putc(out, (char)tolower((unsigned char)*text));
    }
}

/* What it ends with, more of it; a full stop where it ends with nothing. */
static void punctuate(struct buf *out, const char *text, size_t n)
{
    size_t len = strlen(text);
    char last = len ? text[len - 1] : ' ';
    (void)n;
    buf_puts(out, text);
    buf_puts(out, last == '?' ? "??" : last == '!' ? "!!" : last == '.' ? ".." : ".");
}

static void spread(struct buf *out, const char *text, size_t n)
{
    (void)n;
    buf_puts(out, "  ");
    for (; *text; text++) {
        buf_puts(out, *text == ' ' ? "   " : (const char[]){*text, '\0'});
    }
    buf_puts(out, " \t ");
}

static void curl(struct buf *out, const char *text, size_t n)
{
    bool open = false;
    (void)n;
    for (; *text; text++) {
        if (*text == '"') {
            open = !open;
        }
        buf_puts(out, *text == '\''  ? "\xe2\x80\x99"
                      : *text == '"' ? (open ? "\xe2\x80\x9c" : "\xe2\x80\x9d")
                                     : (const char[]){*text, '\0'});
    }
}

static void smile(struct buf *out, const char *text, size_t n)
{
    static const char *const signs[] = {"\xf0\x9f\x99\x82", "\xf0\x9f\x99\x8f", "\xe2\x9c\x85",
                                        "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb"};
    buf_printf(out, "%s %s", text, signs[n % ARRAY_LEN(signs)]);
}

static void escape(struct buf *out, const char *text, size_t n)
{
    (void)n;
    for (; *text; text++) {
        buf_puts(out, *text == '&'    ? "&amp;"
                      : *text == '<'  ? "&lt;"
                      : *text == '>'  ? "&gt;"
                      : *text == '\'' ? "&#39;"
                      : *text == '"'  ? "&quot;"
                                      : (const char[]){*text, '\0'});
    }
}

static void break_lines(struct buf *out, const char *text, size_t n)
{
    (void)n;
    for (; *text; text++) {
        buf_puts(out, *text == '\n' ? "\r\n" : (const char[]){*text, '\0'});
    }
}

/* The letters of the next word of at least `least` of them and with blanks around; 0 when none. */
static size_t next_word(const char **at, size_t least)
{
    for (const char *p = *at; *p; p++) {
        size_t len = 0;
        while (isalpha((unsigned char)p[len])) {
            len++;
        }
        if (len >= least && (p == *at || p[-1] == ' ') && p[len] == ' ') {
            *at = p;
            return len;
        }
        p += len > 0 ? len - 1 : 0;
    }
    return 0;
}

/* Slack's bold and italics around a word. */
static void embolden(struct buf *out, const char *text, size_t n)
{
    const char *word = strchr(text, ' '), *sign = n % 2 ? "*" : "_";
    size_t len = 0;
    if (word) {
        word++;
        len = next_word(&word, 2);
    }
    if (len == 0) {
        buf_puts(out, text);
        return;
    }
    buf_append(out, text, (size_t)(word - text));
    buf_puts(out, sign);
    buf_append(out, word, len);
    buf_puts(out, sign);
    buf_puts(out, word + len);
}

enum { LONG_WORD = 8 };

/* A wrong, missing, doubled or swapped letter inside of a long word. */
static void slip(struct buf *out, const char *text, size_t n)
{
    const char *word = text, *next = text;
    size_t len = next_word(&word, LONG_WORD), more;
    /* Sometimes the second or the third one. */
    for (size_t i = 0; len && i < n % 3; i++) {
        next = word + len;
        more = next_word(&next, LONG_WORD);
        word = more ? next : word;
        len = more ? more : len;
    }
    if (len == 0) {
        return;
    }
    size_t at = 2 + n % (len - 4);
    buf_append(out, text, (size_t)(word - text) + at);
    switch (n % 4) {
    case 0:
        buf_putc(out, word[at] == 'e' ? 'r' : 'e');
        break;
    case 1:
        break;
    case 2:
        buf_putc(out, word[at]);
        buf_putc(out, word[at]);
        break;
    default:
        buf_putc(out, word[at + 1]);
        buf_putc(out, word[at]);
        at++;
        break;
    }
    buf_puts(out, word + at + 1);
}

static void chat(struct buf *out, const char *text, size_t n)
{
    static const char *const talk[] = {"Thanks in advance!", "Thanks, have a nice day.", "Cheers!",
                                       "Thank you very much and all the best!"};
    size_t len = strlen(text);
    bool stopped = len && strchr(".!?", text[len - 1]);
    buf_printf(out, "%s%s %s", text, stopped ? "" : ".", talk[n % ARRAY_LEN(talk)]);
}

/* A small word that describes nothing, before the first thing that has an article. */
static void describe(struct buf *out, const char *text, size_t n)
{
    static const char *const before[] = {" a ", " our ", " my ", " the "};
    static const char *const words[] = {"little ", "new ", "tiny ", "humble "};
    for (size_t i = 0; i < ARRAY_LEN(before); i++) {
        const char *at = strstr(text, before[i]);
        if (at) {
            at += strlen(before[i]);
            buf_append(out, text, (size_t)(at - text));
            buf_puts(out, words[n % ARRAY_LEN(words)]);
            buf_puts(out, at);
            return;
        }
    }
}

static void repeat(struct buf *out, const char *text, size_t n)
{
    (void)n;
    buf_printf(out, "%s\n\n%s", text, text);
}

static const struct variation {
    const char *name;
    void (*write)(struct buf *out, const char *text, size_t n);
} variations[] = {
    {"upper case", upper},      {"lower case", lower},      {"punctuation", punctuate},
    {"extra blanks", spread},   {"curly quotes", curl},     {"emoji", smile},
    {"HTML entities", escape},  {"CR LF", break_lines},     {"Slack markup", embolden},
    {"one letter wrong", slip}, {"small talk after", chat}, {"said twice", repeat},
    {"a small word", describe},
};

static void vary(const struct variation *variation, struct tally *tally)
{
    const struct corpus *corpus = &bench.corpus;
    size_t of_facts = 0, n = 0;
    for (size_t i = 0; i < corpus->talk_count; i++) {
        of_facts += !corpus->talks[i].kind_only;
    }
    size_t step = of_facts / MESSAGES + 1;
    struct buf text;
    buf_init(&text, BUF_MAX);
    for (size_t i = 0; i < corpus->talk_count; i++) {
        const struct corpus_talk *talk = &corpus->talks[i];
        if (talk->kind_only || n++ % step != 0) {
            continue;
        }
        enum surface surface = talk->surface >= 0 ? (enum surface)talk->surface : SURFACE_DM;
        const char *said = talk->turns[0];
        buf_clear(&text);
        if (strlen(said) < TEXT_LONG) {
            variation->write(&text, said, n - 1);
        }
        if (text.len > 0) {
            struct outcome plain = ask(surface, said), varied = ask(surface, text.data);
            count(tally, variation->name, text.data, &plain, &varied);
        }
    }
    buf_finish(&text);
}

/* ---- clauses put together ---- */

static const char question[] = "Node or Django?";

/* The clause after number *at that has this polarity and one situation. */
static const struct corpus_clause *next_clause(size_t *at, enum clause_polarity polarity)
{
    const struct corpus *corpus = &bench.corpus;
    for (size_t i = 1; i <= corpus->clause_count; i++) {
        size_t number = (*at + i) % corpus->clause_count;
        const struct corpus_clause *clause = &corpus->clauses[number];
        bool one = clause->situations && !(clause->situations & (clause->situations - 1));
        if (clause->polarity == polarity && one && strlen(clause->text) < TEXT_LONG / 4) {
            *at = number;
            return clause;
        }
    }
    die("the corpus has no clause", "of that polarity");
}

static void put_sentence(struct buf *out, const char *text)
{
    size_t len = strlen(text);
    bool stopped = len && strchr(".!?", text[len - 1]);
    buf_printf(out, "%s%s ", text, stopped ? "" : ".");
}

static struct outcome ask_of(struct buf *text, const char *a, const char *b)
{
    buf_clear(text);
    put_sentence(text, a);
    if (b) {
        put_sentence(text, b);
    }
    buf_puts(text, question);
    return ask(SURFACE_DM, text->data);
}

static void swap_order(const struct corpus_clause *a, const struct corpus_clause *b,
                       struct buf *text, struct tally *tally)
{
    if (a->situations != b->situations) {
        struct outcome back = ask_of(text, b->text, a->text),
                       forth = ask_of(text, a->text, b->text);
        count(tally, "order of facts", text->data, &forth, &back);
    }
}

/* The second time in a turn of its own. */
static void say_again(const struct corpus_clause *a, const struct corpus_clause *b,
                      struct buf *text, struct tally *tally)
{
    struct conversation talk;
    (void)b;
    conversation_init(&talk);
    ask_of(text, a->text, NULL);
    struct outcome first = turn(&talk, SURFACE_DM, text->data);
    struct outcome again = turn(&talk, SURFACE_DM, text->data);
    count(tally, "said in two turns", text->data, &first, &again);
}

/* An answer holds when no side for which the denied situation would speak weighs more after it. */
static void deny(const struct corpus_clause *a, const struct corpus_clause *denied,
                 struct buf *text, struct tally *tally)
{
    if (a->situations == denied->situations) {
        return;
    }
    struct outcome plain = ask_of(text, a->text, NULL);
    struct outcome after = ask_of(text, a->text, denied->text);
    bool helped = false, counted = after.facts.stated & denied->situations;
    for (size_t i = 0; i < bench.pack->rule_count; i++) {
        const struct pack_rule *rule = &bench.pack->rules[i];
        helped =
            helped || ((denied->situations >> rule->situation & 1) &&
                       after.standing.weight[rule->option] > plain.standing.weight[rule->option]);
    }
    tally->asked++;
    tally->answers += !helped;
    tally->facts += !counted;
    if (bench.tell && (helped || counted)) {
        printf("# denial: %s: %.300s\n", helped ? "helps" : "counts", text->data);
    }
}

static const struct combination {
    const char *name;
    enum clause_polarity second;
    void (*try)(const struct corpus_clause *a, const struct corpus_clause *b, struct buf *text,
                struct tally *tally);
} combinations[] = {
    {"order of facts", CLAUSE_STATED, swap_order},
    {"said in two turns", CLAUSE_STATED, say_again},
    {"denial", CLAUSE_DENIED, deny},
};

static void combine(const struct combination *combination, struct tally *tally)
{
    size_t step = bench.corpus.clause_count / PAIRS + 1, a_at = 0,
           b_at = bench.corpus.clause_count / 2;
    struct buf text;
    buf_init(&text, BUF_MAX);
    for (size_t i = 0; i < PAIRS; i++, a_at += step, b_at += step) {
        const struct corpus_clause *a = next_clause(&a_at, CLAUSE_STATED);
        const struct corpus_clause *b = next_clause(&b_at, combination->second);
        combination->try(a, b, &text, tally);
    }
    buf_finish(&text);
}

/* ---- floors ---- */

/* What a variation must reach, in thousandths of those asked. */
static void read_floor(const char *path, const char *name, long floors[2])
{
    struct lines lines;
    struct error err = {0};
    bool found = false;
    if (!lines_open(&lines, path, FLOOR_LINE, &err)) {
        die("cannot read", err.text);
    }
    while (lines_next(&lines, &err)) {
        char *tab = strchr(lines.text.data, '\t');
        if (tab && strlen(name) == (size_t)(tab - lines.text.data) &&
            !strncmp(lines.text.data, name, strlen(name))) {
            found = sscanf(tab, "%ld %ld", &floors[0], &floors[1]) == 2;
        }
    }
    lines_close(&lines);
    if (!found) {
        die("no floor for", name);
    }
}

static bool judge(const char *floors_path, size_t number, const char *name,
                  const struct tally *tally)
{
    long floors[2], of = tally->asked ? tally->asked : 1;
    long answers = 1000 * tally->answers / of, facts = 1000 * tally->facts / of;
    read_floor(floors_path, name, floors);
    bool fine = tally->asked > 0 && answers >= floors[0] && facts >= floors[1];
    printf("%sok %zu - %s: of %ld the same answer %ld.%ld %%, the same facts %ld.%ld %%%s\n",
           fine ? "" : "not ", number, name, tally->asked, answers / 10, answers % 10, facts / 10,
           facts % 10, fine ? "" : ", under the floor");
    return fine;
}

static void begin(void)
{
    const char *path = WHETHER_SOURCE "/knowledge";
    struct fault_list faults = {0};
    if (!knowledge_load(&path, 1, &bench.knowledge, &faults) ||
        !learned_load(bench.knowledge, LEARNED_ALL, NULL, &faults)) {
        die("cannot load the packs", faults.items[0].text);
    }
    bench.pack = bench.knowledge->packs[bench.knowledge->main];
    if (!corpus_load(&bench.corpus, bench.pack, WHETHER_SOURCE "/knowledge/node-or-django.corpus",
                     &faults)) {
        die("cannot load the corpus", faults.items[0].text);
    }
    bench.advisor = advisor_create(bench.knowledge);
    bench.workspace = workspace_create(bench.advisor);
}

int main(int argc, char **argv)
{
    bool fine = true;
    size_t number = 0;
    if (argc < 2) {
        die("usage", "variations FLOORS [--changes]");
    }
    bench.tell = argc > 2;
    begin();
    printf("1..%zu\n", ARRAY_LEN(variations) + ARRAY_LEN(combinations));
    for (size_t i = 0; i < ARRAY_LEN(variations); i++) {
        struct tally tally = {0};
        vary(&variations[i], &tally);
        fine = judge(argv[1], ++number, variations[i].name, &tally) && fine;
    }
    for (size_t i = 0; i < ARRAY_LEN(combinations); i++) {
        struct tally tally = {0};
        combine(&combinations[i], &tally);
        fine = judge(argv[1], ++number, combinations[i].name, &tally) && fine;
    }
    corpus_finish(&bench.corpus);
    workspace_destroy(bench.workspace);
    advisor_destroy(bench.advisor);
    knowledge_destroy(bench.knowledge);
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
