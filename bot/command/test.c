#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/command/command.h"
#include "bot/host/corpus.h"
#include "bot/host/report.h"
#include "knowledge/learned.h"
#include "knowledge/model.h"
#include "knowledge/pack.h"

enum { SAID_MAX = 200, FAILURE_MAX = 16 * 1024 };

struct tester {
    struct program program;
    size_t passed, failed;
};

static void play(struct tester *tester, const struct pack_example *example, struct outcome *ret)
{
    struct conversation conversation;
    struct reply reply;
    int surface = example->surface == NULL ? SURFACE_DM : surface_find(example->surface);
    conversation_init(&conversation);
    for (size_t i = 0; i < example->say.count; i++) {
        const char *turn = example->say.items[i].text;
        program_turn(&tester->program, &conversation, (enum surface)surface, turn, strlen(turn),
                     LENGTH_SHORT, ret, &reply);
    }
}

static const char *verdict_of(const struct outcome *outcome)
{
    return verdict_word(outcome->pack, outcome->verdict.kind, outcome->verdict.option);
}

/* An example that names a verdict need not name the kind. */
static const char *expected_kind(const struct pack_example *example)
{
    return example->kind != NULL ? example->kind : example->verdicts.count > 0 ? "verdict" : NULL;
}

static bool has_text(const struct text_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].text, text) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * Ids mean something only within their pack; an answer from another one is wrong whatever it says.
 */
static bool passes(const struct pack *pack, const struct pack_example *example,
                   const struct outcome *outcome)
{
    const char *kind = expected_kind(example);
    if (kind != NULL && kind_find(kind) != (int)outcome->kind) {
        return false;
    }
    bool judged = example->verdicts.count > 0 || example->has_situations;
    if (judged && outcome->pack != pack) {
        return false;
    }
    if (example->verdicts.count > 0 && !has_text(&example->verdicts, verdict_of(outcome))) {
        return false;
    }
    /* One that only says what is denied leaves open what is stated. */
    bool stated_known = example->has_situations && (example->stated != 0 || example->denied == 0);
    return (!stated_known || outcome->facts.stated == example->stated) &&
           (example->denied & ~outcome->facts.denied) == 0;
}

static void put_set(struct buf *ret, const char *lead, const struct pack *pack, uint64_t set)
{
    const char *before = lead;
    for (size_t i = 0; pack != NULL && i < pack->situation_count; i++) {
        if (set >> i & 1) {
            buf_printf(ret, "%s%s", before, pack->situations[i].id);
            before = ", ";
        }
    }
}

static void put_said(struct buf *ret, const struct text_list *say)
{
    for (size_t i = 0; i < say->count; i++) {
        const char *text = say->items[i].text;
        size_t len = strlen(text);
        buf_puts(ret, i == 0 ? "\"" : "\" | \"");
        report_neutral(ret, text, len > SAID_MAX ? SAID_MAX : len, false);
        buf_puts(ret, len > SAID_MAX ? "..." : "");
    }
    buf_puts(ret, "\"");
}

static void put_expected(struct buf *ret, const struct pack *pack,
                         const struct pack_example *example)
{
    const char *kind = expected_kind(example);
    buf_puts(ret, kind == NULL ? "any kind" : kind);
    for (size_t i = 0; i < example->verdicts.count; i++) {
        buf_printf(ret, "%s%s", i == 0 ? " " : " or ", example->verdicts.items[i].text);
    }
    if (example->has_situations && (example->stated | example->denied) == 0) {
        buf_puts(ret, ", nothing stated");
    }
    put_set(ret, ", stated ", pack, example->stated);
    put_set(ret, ", denied ", pack, example->denied);
}

static void put_got(struct buf *ret, const struct pack *pack, const struct outcome *outcome)
{
    buf_puts(ret, kind_name(outcome->kind));
    if (outcome->pack != NULL && outcome->kind == KIND_VERDICT) {
        buf_printf(ret, " %s", verdict_of(outcome));
    }
    if (outcome->pack != NULL && outcome->pack != pack) {
        buf_printf(ret, " of %s", outcome->pack->id);
    }
    put_set(ret, ", stated ", outcome->pack, outcome->facts.stated);
    put_set(ret, ", denied ", outcome->pack, outcome->facts.denied);
}

static void print_failure(const struct pack *pack, const struct pack_example *example,
                          const struct outcome *outcome)
{
    struct buf text;
    buf_init(&text, FAILURE_MAX);
    buf_printf(&text, "%s:%d: said ", pack->file, example->line);
    put_said(&text, &example->say);
    buf_puts(&text, "; expected ");
    put_expected(&text, pack, example);
    buf_puts(&text, "; got ");
    put_got(&text, pack, outcome);
    buf_putc(&text, '\n');
    report_write(text.data, text.len);
    buf_finish(&text);
}

static void test_example(struct tester *tester, const struct pack *pack,
                         const struct pack_example *example)
{
    struct outcome outcome = {0};
    play(tester, example, &outcome);
    if (passes(pack, example, &outcome)) {
        tester->passed++;
    } else {
        tester->failed++;
        print_failure(pack, example, &outcome);
    }
}

/*
 * A model that was made of another corpus still works, but does not know what was added since.
 * False when that is not to be known.
 */
static bool note_stale_model(const struct pack *pack)
{
    char *folder = learned_beside(pack->file, ".corpus");
    struct error err = {0};
    uint64_t hash = 0;
    bool fine = corpus_hash(folder, &hash, &err);
    if (!fine) {
        report_error(&err);
    } else if (hash != 0 && (!pack->model || pack->model->corpus != hash)) {
        report("%s: the model beside it was not made of the corpus in %s; run `whether train`",
               pack->file, folder);
    }
    mem_free(folder);
    return fine;
}

static int run(const struct command_call *call)
{
    struct tester tester = {0};
    if (!command_open(call, (const char *const *)call->operands, call->operand_count,
                      &tester.program)) {
        return STATUS_FAILED;
    }
    const struct knowledge *knowledge = tester.program.knowledge;
    bool fine = true;
    for (size_t i = 0; i < knowledge->count; i++) {
        const struct pack *pack = knowledge->packs[i];
        fine = note_stale_model(pack) && fine;
        for (size_t j = 0; j < pack->example_count; j++) {
            test_example(&tester, pack, &pack->examples[j]);
        }
    }
    printf("%zu passed, %zu failed\n", tester.passed, tester.failed);
    program_close(&tester.program);
    return fine && tester.failed == 0 ? STATUS_FINE : STATUS_FAILED;
}

const struct command command_test = {
    .name = "test",
    .operands = "[PACK...]",
    .operands_max = SIZE_MAX,
    .summary = "runs the packs' own examples",
    .details = "Puts the examples of the packs (files or directories; without PACK the usual\n"
               "ones) to the advisor. Each that comes out otherwise is told as\n"
               "FILE:LINE: said ...; expected ...; got ...; the exit status is then 1.\n",
    .examples = "  whether test\n"
                "  whether test our-packs\n",
    .run = run,
};
