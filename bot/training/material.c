#include "bot/training/material.h"

#include <string.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/conversation.h"
#include "bot/advisor/workspace.h"
#include "bot/host/corpus.h"
#include "bot/reader/read.h"
#include "bot/reader/reader.h"
#include "bot/training/train.h"
#include "knowledge/pack.h"

enum { TURN_UNITS_MAX = 64 };

void material_begin(struct material *ret, const struct train_task *task)
{
    *ret = (struct material){.task = task, .advisor = advisor_create(task->knowledge)};
    ret->workspace = workspace_create(ret->advisor);
}

void material_finish(struct material *material)
{
    examples_finish(&material->examples);
    lessons_finish(&material->lessons);
    trust_count_finish(&material->trust);
    workspace_destroy(material->workspace);
    advisor_destroy(material->advisor);
}

void material_report(const struct material *material, const char *what, size_t done, size_t all)
{
    const struct train_task *task = material->task;
    if (task->progress) {
        task->progress(task->context, what, done, all);
    }
}

/* ---- topics ---- */

static void read_text(struct material *t, const char *text)
{
    reader_read(t->advisor->reader, &t->workspace->reading, t->workspace->stemmer, text,
                strlen(text), t->task->pack, NULL);
}

static void add_clause(struct material *t, const char *text, uint64_t situations,
                       enum clause_polarity polarity)
{
    read_text(t, text);
    struct reading *r = &t->workspace->reading;
    if (r->tokens.count == 0 || r->pack != t->task->pack) {
        return;
    }
    struct feature_source source = reader_source(t->advisor->reader, r);
    features_of_unit(&r->features, &source, 0, r->tokens.count - 1);
    struct example *example = examples_add(&t->examples, &r->features);
    example->stated = polarity == CLAUSE_STATED ? situations : 0;
    example->denied = polarity == CLAUSE_DENIED ? situations : 0;
    example->aside = polarity == CLAUSE_ASIDE;
    lessons_begin(&t->lessons);
    uint32_t first = lessons_add_words(&t->lessons, &source, r->tokens.count);
    lessons_add_unit(&t->lessons,
                     (struct lesson_unit){first, first + r->tokens.count - 1, example->stated,
                                          example->denied, example->open, example->aside});
}

static void add_list(struct material *t, const struct text_list *list, uint64_t situations,
                     enum clause_polarity polarity)
{
    for (size_t i = 0; i < list->count; i++) {
        add_clause(t, list->items[i].text, situations, polarity);
    }
}

static void collect_clauses(struct material *t)
{
    const struct pack *pack = t->task->knowledge->packs[t->task->pack];
    for (size_t i = 0; i < t->task->corpus->clause_count; i++) {
        const struct corpus_clause *clause = &t->task->corpus->clauses[i];
        add_clause(t, clause->text, clause->situations, clause->polarity);
        if (i % 256 == 0) {
            material_report(t, "reading clauses", i, t->task->corpus->clause_count);
        }
    }
    for (size_t i = 0; i < pack->situation_count; i++) {
        add_list(t, &pack->situations[i].examples, 1ull << i, CLAUSE_STATED);
        add_list(t, &pack->situations[i].counter_examples, 1ull << i, CLAUSE_NONE);
    }
}

/* How many words of the unit, and of the turn, lie in the bytes from..to of the turn. */
static void count_words(const struct reading *r, const struct unit *unit, size_t from, size_t to,
                        uint32_t *ret_inside, uint32_t *ret_all)
{
    *ret_inside = *ret_all = 0;
    for (uint32_t i = 0; i < r->tokens.count; i++) {
        const struct token *token = &r->tokens.items[i];
        bool marked = token->end > from && token->start < to;
        *ret_all += marked;
        *ret_inside += marked && i >= unit->first && i <= unit->last;
    }
}

/* A unit carries a mark when most of the mark's words are its own, or it is all mark. */
static bool carries(const struct reading *r, const struct unit *unit, const char *turn,
                    const char *words)
{
    const char *at = strstr(turn, words);
    uint32_t inside = 0, all = 0;
    if (at) {
        size_t from = (size_t)(at - turn);
        count_words(r, unit, from, from + strlen(words), &inside, &all);
    }
    return inside > 0 && (inside * 2 > all || inside == unit->last - unit->first + 1);
}

static void label_by_marks(const struct reading *r, const struct unit *unit, const char *turn,
                           const struct corpus_talk *talk, struct example *example)
{
    for (size_t i = 0; i < talk->mark_count; i++) {
        const struct corpus_mark *mark = &talk->marks[i];
        if (carries(r, unit, turn, mark->words)) {
            uint64_t bit = 1ull << mark->situation;
            example->stated |= mark->polarity == CLAUSE_STATED ? bit : 0;
            example->denied |= mark->polarity == CLAUSE_DENIED ? bit : 0;
        }
    }
    example->open = talk->optional & ~(example->stated | example->denied);
}

/* What the net may learn from the whole: the kinds that are no verdicts state nothing for sure. */
static void begin_lesson(struct material *t, const struct corpus_talk *talk)
{
    struct lesson *lesson = lessons_begin(&t->lessons);
    bool sure = talk->kind == KIND_VERDICT;
    lesson->best = !talk->marked;
    lesson->stated = sure ? talk->stated : 0;
    lesson->denied = sure ? talk->denied : 0;
    lesson->open = talk->optional | (sure ? 0 : talk->stated | talk->denied);
}

/* What the conversation's labels speak of. */
static uint64_t labelled(const struct corpus_talk *talk)
{
    return talk->stated | talk->denied | talk->optional;
}

/*
 * What the unit names exactly in a conversation that is no request for a verdict: its labels do not
 * tell whether a fact of the project is said there.
 */
static uint64_t named(const struct reading *r, const struct unit *unit,
                      const struct corpus_talk *talk)
{
    uint64_t set = 0;
    for (uint32_t k = matches_from(&r->matches, unit->first);
         talk->kind != KIND_VERDICT && k < r->matches.count &&
         r->matches.items[k].first <= unit->last;
         k++) {
        const struct target *target = &r->matches.items[k].target;
        bool names = target->type == TARGET_SITUATION || target->type == TARGET_DENIAL;
        set |= names && target->pack == r->pack ? 1ull << target->item : 0;
    }
    return set;
}

static void collect_unit(struct material *t, int number, size_t turn, uint32_t first_word,
                         const struct feature_source *source, const struct unit *unit)
{
    const struct corpus_talk *talk = &t->task->corpus->talks[number];
    struct reading *r = &t->workspace->reading;
    bool earlier = turn + 1 < talk->turn_count;
    features_of_unit(&r->features, source, unit->first, unit->last);
    struct example *example = examples_add(&t->examples, &r->features);
    uint64_t open;
    if (talk->marked) {
        label_by_marks(r, unit, talk->turns[turn], talk, example);
        open = example->open;
    } else {
        open = earlier ? ~0ull : named(r, unit, talk);
        example->talk = number;
        example->open = open | labelled(talk);
    }
    /* What the whole states or denies is the lesson's own to say of its best unit. */
    if (!talk->marked && !earlier) {
        open &= ~labelled(talk);
    }
    lessons_add_unit(&t->lessons,
                     (struct lesson_unit){first_word + unit->first, first_word + unit->last,
                                          example->stated, example->denied, open, false});
}

/*
 * Every unit of every turn. By the marks, where there are any; else negative for what the
 * conversation does not state, open for what it does until round two.
 */
static void collect_talk(struct material *t, int number)
{
    const struct corpus_talk *talk = &t->task->corpus->talks[number];
    begin_lesson(t, talk);
    for (size_t turn = 0; turn < talk->turn_count; turn++) {
        read_text(t, talk->turns[turn]);
        struct reading *r = &t->workspace->reading;
        struct feature_source source = reader_source(t->advisor->reader, r);
        uint32_t units =
            r->scopes.unit_count < TURN_UNITS_MAX ? r->scopes.unit_count : TURN_UNITS_MAX;
        /* The last one may be a clause in the middle of a sentence that is a unit too. */
        uint32_t words = units ? r->scopes.sentence_last[r->scopes.units[units - 1].last] + 1u : 0;
        if (r->pack == t->task->pack) {
            trust_count_turn(&t->trust, t->task->knowledge->packs[t->task->pack], talk, turn, r);
        }
        uint32_t first_word = lessons_add_words(&t->lessons, &source, words);
        for (uint32_t u = 0; u < units; u++) {
            collect_unit(t, number, turn, first_word, &source, &r->scopes.units[u]);
        }
    }
}

static void collect_talks(struct material *t)
{
    for (size_t i = 0; i < t->task->corpus->talk_count; i++) {
        if (!t->task->corpus->talks[i].kind_only) {
            collect_talk(t, (int)i);
        }
        if (i % 64 == 0) {
            material_report(t, "reading conversations", i, t->task->corpus->talk_count);
        }
    }
}

void material_read_topics(struct material *t)
{
    collect_clauses(t);
    collect_talks(t);
    examples_number(&t->examples);
}

/* ---- kinds of messages ---- */

/*
 * A clause by itself asks for a verdict where the choice is the question: as a command, or in the
 * middle of advice.
 */
static void collect_clause_kinds(struct material *t)
{
    for (size_t i = 0; i < t->task->corpus->clause_count; i++) {
        const struct corpus_clause *clause = &t->task->corpus->clauses[i];
        if (clause->polarity != CLAUSE_STATED || i % 8 >= 2) {
            continue;
        }
        struct context context = {.surface = i % 8 ? SURFACE_SLASH : SURFACE_DM,
                                  .asked = i % 8 == 0,
                                  .last_kind = i % 8 == 0 ? KIND_VERDICT + 1 : 0};
        read_text(t, clause->text);
        kind_features(t->advisor->reader, &t->workspace->reading, &context);
        examples_add(&t->examples, &t->workspace->reading.features)->kind = KIND_VERDICT;
    }
}

/* Plays a conversation up to its last turn and takes what the kind of that turn is judged by. */
static void collect_kind(struct material *t, const struct corpus_talk *talk)
{
    struct conversation conversation;
    struct outcome outcome;
    conversation_init(&conversation);
    for (size_t turn = 0; turn + 1 < talk->turn_count; turn++) {
        advisor_turn(t->advisor, t->workspace, &conversation, (enum surface)talk->surface,
                     talk->turns[turn], strlen(talk->turns[turn]), &outcome);
    }
    if (talk->follows) {
        conversation.asked = 1;
        conversation.last_kind = KIND_VERDICT + 1;
    }
    struct context context = conversation_context(&conversation, (enum surface)talk->surface);
    read_text(t, talk->turns[talk->turn_count - 1]);
    kind_features(t->advisor->reader, &t->workspace->reading, &context);
    examples_add(&t->examples, &t->workspace->reading.features)->kind = talk->kind;
}

void material_read_kinds(struct material *t)
{
    for (size_t i = 0; i < t->task->corpus->talk_count; i++) {
        collect_kind(t, &t->task->corpus->talks[i]);
        if (i % 64 == 0) {
            material_report(t, "reading kinds", i, t->task->corpus->talk_count);
        }
    }
    collect_clause_kinds(t);
    examples_number(&t->examples);
}
