#include "bot/training/train.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/conversation.h"
#include "bot/advisor/workspace.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/corpus.h"
#include "bot/reader/read.h"
#include "bot/reader/reader.h"
#include "bot/training/examples.h"
#include "bot/training/lessons.h"
#include "bot/training/net_file.h"
#include "bot/training/put.h"
#include "bot/training/train_fit.h"
#include "bot/training/train_net.h"
#include "bot/training/train_write.h"
#include "bot/training/trust_count.h"
#include "knowledge/pack.h"
#include "knowledge/vectors.h"

enum {
    MODEL_BYTES_MAX = 32 * 1024 * 1024,
    TURN_UNITS_MAX = 64,
    FIT_THREADS_MAX = 7 /* beside the one that was there */
};

/*
 * Set by trying on the labelled conversations that were read while tuning (docs/reading.md). What
 * only chooses the sentences that the last fit learns from may be rough, and learn from every third
 * of the many that are not of its class; the last fit itself loses precision from a tolerance of
 * 0.1 on.
 */
enum { ROUGH_EVERY = 3 };
static const struct fit_terms rough_topic = {12, 0.2, ROUGH_EVERY}, topic = {12, 0.01, 1},
                              kind = {4, 0.01, 1};

struct trainer {
    const struct knowledge *knowledge;
    const struct corpus *corpus;
    struct advisor *advisor;
    struct workspace *workspace;
    int pack;
    struct examples examples;
    struct lessons lessons; /* the same once more, as the net learns it */
    struct trust_count trust;
    train_progress *progress;
    void *context;
};

static void report(const struct trainer *t, const char *what, size_t done, size_t all)
{
    if (t->progress) {
        t->progress(t->context, what, done, all);
    }
}

static void read_text(struct trainer *t, const char *text)
{
    reader_read(t->advisor->reader, &t->workspace->reading, t->workspace->stemmer, text,
                strlen(text), t->pack, NULL);
}

static void add_clause(struct trainer *t, const char *text, uint64_t situations,
                       enum clause_polarity polarity)
{
    read_text(t, text);
    struct reading *r = &t->workspace->reading;
    if (r->tokens.count == 0 || r->pack != t->pack) {
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

static void add_list(struct trainer *t, const struct text_list *list, uint64_t situations,
                     enum clause_polarity polarity)
{
    for (size_t i = 0; i < list->count; i++) {
        add_clause(t, list->items[i].text, situations, polarity);
    }
}

static void collect_clauses(struct trainer *t)
{
    const struct pack *pack = t->knowledge->packs[t->pack];
    for (size_t i = 0; i < t->corpus->clause_count; i++) {
        const struct corpus_clause *clause = &t->corpus->clauses[i];
        add_clause(t, clause->text, clause->situations, clause->polarity);
        if (i % 256 == 0) {
            report(t, "reading clauses", i, t->corpus->clause_count);
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
static void begin_lesson(struct trainer *t, const struct corpus_talk *talk)
{
    struct lesson *lesson = lessons_begin(&t->lessons);
    bool sure = talk->kind == KIND_VERDICT;
    lesson->best = !talk->marked;
    lesson->stated = sure ? talk->stated : 0;
    lesson->denied = sure ? talk->denied : 0;
    lesson->open = talk->optional | (sure ? 0 : talk->stated | talk->denied);
}

/*
 * What the unit names exactly in a conversation that is no request for a verdict: its labels do not
 * tell whether a fact of the project is said there.
 */
static uint64_t left_open(const struct reading *r, const struct unit *unit,
                          const struct corpus_talk *talk)
{
    uint64_t set = talk->stated | talk->denied | talk->optional;
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

static void collect_unit(struct trainer *t, int number, size_t turn, uint32_t first_word,
                         const struct feature_source *source, const struct unit *unit)
{
    const struct corpus_talk *talk = &t->corpus->talks[number];
    struct reading *r = &t->workspace->reading;
    bool earlier = turn + 1 < talk->turn_count;
    features_of_unit(&r->features, source, unit->first, unit->last);
    struct example *example = examples_add(&t->examples, &r->features);
    if (talk->marked) {
        label_by_marks(r, unit, talk->turns[turn], talk, example);
    } else {
        example->talk = number;
        example->open = earlier ? ~0ull : left_open(r, unit, talk);
    }
    lessons_add_unit(
        &t->lessons,
        (struct lesson_unit){first_word + unit->first, first_word + unit->last, example->stated,
                             example->denied,
                             talk->marked || earlier
                                 ? example->open
                                 : example->open & ~(talk->stated | talk->denied | talk->optional),
                             false});
}

/*
 * Every unit of every turn. By the marks, where there are any; else negative for what the
 * conversation does not state, open for what it does until round two.
 */
static void collect_talk(struct trainer *t, int number)
{
    const struct corpus_talk *talk = &t->corpus->talks[number];
    begin_lesson(t, talk);
    for (size_t turn = 0; turn < talk->turn_count; turn++) {
        read_text(t, talk->turns[turn]);
        struct reading *r = &t->workspace->reading;
        struct feature_source source = reader_source(t->advisor->reader, r);
        uint32_t units =
            r->scopes.unit_count < TURN_UNITS_MAX ? r->scopes.unit_count : TURN_UNITS_MAX;
        /* The last one may be a clause in the middle of a sentence that is a unit too. */
        uint32_t words = units ? r->scopes.sentence_last[r->scopes.units[units - 1].last] + 1u : 0;
        if (r->pack == t->pack) {
            trust_count_turn(&t->trust, t->knowledge->packs[t->pack], talk, turn, r);
        }
        uint32_t first_word = lessons_add_words(&t->lessons, &source, words);
        for (uint32_t u = 0; u < units; u++) {
            collect_unit(t, number, turn, first_word, &source, &r->scopes.units[u]);
        }
    }
}

static void collect_talks(struct trainer *t)
{
    for (size_t i = 0; i < t->corpus->talk_count; i++) {
        collect_talk(t, (int)i);
        if (i % 64 == 0) {
            report(t, "reading conversations", i, t->corpus->talk_count);
        }
    }
}

/* ---- fitting ---- */

/* For each conversation that states the situation: its best unit states it. */
static void label_best(const struct trainer *t, size_t situation, bool stated, const double *w,
                       signed char *labels)
{
    size_t best = 0;
    int talk = -1;
    double most = 0;
    for (size_t i = 0; i <= t->examples.count; i++) {
        bool ends = i == t->examples.count || t->examples.items[i].talk != talk;
        if (ends && talk >= 0) {
            const struct corpus_talk *from = &t->corpus->talks[talk];
            uint64_t set = stated ? from->stated : from->denied;
            if ((set >> situation & 1) && from->kind == KIND_VERDICT && most > -3) {
                labels[best] = 1;
            }
        }
        if (i == t->examples.count) {
            return;
        }
        if (ends) {
            talk = t->examples.items[i].talk;
            most = -1e9;
        }
        double score = talk >= 0 ? fit_score(w, t->examples.items[i].nodes) : 0;
        if (score > most) {
            most = score;
            best = i;
        }
    }
}

static void label_topics(const struct trainer *t, size_t situation, bool stated, bool talks,
                         signed char *labels)
{
    for (size_t i = 0; i < t->examples.count; i++) {
        const struct example *example = &t->examples.items[i];
        uint64_t set = stated ? example->stated : example->denied;
        bool open = example->open >> situation & 1;
        labels[i] = set >> situation & 1;
        if (example->talk >= 0 ? !talks || open : open) {
            labels[i] = -1;
        }
    }
}

static void thin_out(const struct trainer *t, signed char *labels)
{
    for (size_t i = 0; i < t->examples.count; i++) {
        labels[i] = labels[i] == 0 && i % ROUGH_EVERY != 0 ? -1 : labels[i];
    }
}

static bool fit_topic(const struct trainer *t, size_t number, struct fitted *ret)
{
    signed char *labels = mem_alloc(t->examples.count + 1);
    size_t situation = number / 2;
    bool stated = number % 2 == 0;
    ret->w = mem_alloc((t->examples.feature_count + 1) * sizeof(*ret->w));
    label_topics(t, situation, stated, false, labels);
    thin_out(t, labels);
    bool fine = fit_anew(&t->examples, labels, &rough_topic, ret->w);
    if (fine) {
        label_topics(t, situation, stated, true, labels);
        label_best(t, situation, stated, ret->w, labels);
        fit_on(&t->examples, labels, &topic, ret->w);
    }
    mem_free(labels);
    return fine;
}

/* Whether words deny anything at all; asides and unmarked conversations say nothing of that. */
static bool fit_denies(const struct trainer *t, struct fitted *ret)
{
    signed char *labels = mem_alloc(t->examples.count + 1);
    ret->w = mem_alloc((t->examples.feature_count + 1) * sizeof(*ret->w));
    for (size_t i = 0; i < t->examples.count; i++) {
        const struct example *example = &t->examples.items[i];
        bool silent = example->talk >= 0 || example->aside;
        labels[i] = silent ? -1 : example->denied != 0;
    }
    bool fine = fit_anew(&t->examples, labels, &topic, ret->w);
    mem_free(labels);
    return fine;
}

/* Two classes a situation, and the one that is about all of them. */
static bool fit_topic_class(const struct trainer *t, size_t number, struct fitted *ret)
{
    bool general = number == t->knowledge->packs[t->pack]->situation_count * 2;
    return general ? fit_denies(t, ret) : fit_topic(t, number, ret);
}

static bool fit_kind(const struct trainer *t, size_t number, struct fitted *ret)
{
    signed char *labels = mem_alloc(t->examples.count + 1);
    ret->w = mem_alloc((t->examples.feature_count + 1) * sizeof(*ret->w));
    for (size_t i = 0; i < t->examples.count; i++) {
        labels[i] = t->examples.items[i].kind == (int)number;
    }
    bool fine = fit_anew(&t->examples, labels, &kind, ret->w);
    mem_free(labels);
    return fine;
}

typedef bool fit_function(const struct trainer *t, size_t number, struct fitted *ret);

/* Classes are fitted apart from one another: any thread may take the next. */
struct fitting {
    const struct trainer *trainer;
    fit_function *function;
    const char *what;
    struct fitted *classes;
    bool *fine;
    size_t count;
    atomic_size_t next;
};

/* The last class first: it has the most positives, and nobody waits for it in the end. */
static void fit_some(struct fitting *f, bool reports)
{
    for (size_t done; (done = atomic_fetch_add(&f->next, 1)) < f->count;) {
        size_t i = f->count - 1 - done;
        if (reports) {
            report(f->trainer, f->what, done, f->count);
        }
        f->classes[i].number = i;
        f->fine[i] = f->function(f->trainer, i, &f->classes[i]);
    }
}

static void *fit_in_thread(void *context)
{
    fit_some(context, false);
    return NULL;
}

/* Fills w of each class, on all processors; those that cannot be fitted are dropped. */
static size_t fit_all(const struct trainer *t, const char *what, fit_function *function,
                      struct fitted *classes, size_t count)
{
    struct fitting f = {t, function, what, classes, mem_alloc(count + 1), count, 0};
    pthread_t threads[FIT_THREADS_MAX];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t started = 0, kept = 0;
    fit_quietly();
    while (started < FIT_THREADS_MAX && (long)started + 1 < processors &&
           pthread_create(&threads[started], NULL, fit_in_thread, &f) == 0) {
        started++;
    }
    fit_some(&f, true);
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    for (size_t i = 0; i < count; i++) {
        if (f.fine[i]) {
            classes[kept++] = classes[i];
        } else {
            mem_free(classes[i].w);
        }
    }
    mem_free(f.fine);
    return kept;
}

/* ---- setting the scores of small corpora ---- */

/*
 * Few examples leave every score low: the regulariser holds the weights back. How much lower is
 * found by cross-validation: one half of the clauses judged by what was learned from the other. The
 * shift is the one at which most of what is stated is found with least beside it (F1, all
 * situations together), and goes to all classes. Corpora of SMALL_CORPUS or more need none.
 */
enum { SHIFTS = 8, SMALL_CORPUS = 4000 };
static const double shift_step = 0.25;

struct hits {
    size_t found[SHIFTS], wrong[SHIFTS], all;
};

static void count_hits(struct hits *hits, double score, bool is)
{
    hits->all += is;
    for (int i = 0; i < SHIFTS; i++) {
        bool said = score + shift_step * i > (double)STATED_THRESHOLD;
        hits->found[i] += said && is;
        hits->wrong[i] += said && !is;
    }
}

/* Learns from the clauses of one half and judges the others. */
static void try_half(const struct trainer *t, size_t situation, size_t half, signed char *labels,
                     double *w, struct hits *hits)
{
    label_topics(t, situation, true, false, labels);
    for (size_t i = 0; i < t->examples.count; i++) {
        labels[i] = i % 2 == half ? labels[i] : -1;
    }
    if (!fit_anew(&t->examples, labels, &topic, w)) {
        return;
    }
    for (size_t i = 0; i < t->examples.count; i++) {
        const struct example *example = &t->examples.items[i];
        if (i % 2 != half && example->talk < 0 && !(example->open >> situation & 1)) {
            count_hits(hits, fit_score(w, example->nodes), example->stated >> situation & 1);
        }
    }
}

static double find_shift(const struct trainer *t, size_t situations)
{
    struct hits hits = {0};
    signed char *labels = mem_alloc(t->examples.count + 1);
    double *w = mem_alloc((t->examples.feature_count + 1) * sizeof(*w));
    for (size_t i = 0; i < situations * 2; i++) {
        report(t, "setting scores", i, situations * 2);
        try_half(t, i / 2, i % 2, labels, w, &hits);
    }
    mem_free(w);
    mem_free(labels);
    int best = 0;
    double most = 0;
    for (int i = 0; i < SHIFTS; i++) {
        double f1 =
            2.0 * (double)hits.found[i] / (double)(hits.found[i] + hits.wrong[i] + hits.all + 1);
        if (f1 > most) {
            most = f1;
            best = i;
        }
    }
    return shift_step * best;
}

static void shift_scores(const struct trainer *t, struct fitted *classes, size_t count)
{
    if (t->corpus->clause_count >= SMALL_CORPUS) {
        return;
    }
    double shift = find_shift(t, t->knowledge->packs[t->pack]->situation_count);
    for (size_t i = 0; i < count; i++) {
        classes[i].w[t->examples.feature_count] += shift;
    }
}

/* ---- the two models ---- */

static bool write_model(struct trainer *t, const struct fitted *classes, size_t count,
                        const struct buf *net, const char *path, struct train_result *ret,
                        struct error *err)
{
    struct buf trust;
    buf_init(&trust, MODEL_BYTES_MAX);
    trust_count_put(&t->trust, &trust);
    const struct draft draft = {.corpus = t->corpus->hash,
                                .dims = t->examples.dims,
                                .feature_count = t->examples.feature_count,
                                .hash_of = t->examples.hash_of,
                                .dense_factor = examples_dense_factor,
                                .classes = classes,
                                .class_count = count,
                                .net = net,
                                .trust = &trust};
    ret->examples = t->examples.count;
    bool fine = draft_write(&draft, path, ret, err);
    buf_finish(&trust);
    return fine;
}

static void start(struct trainer *t)
{
    t->advisor = advisor_create(t->knowledge);
    t->workspace = workspace_create(t->advisor);
}

static void finish(struct trainer *t, struct fitted *classes, size_t count)
{
    for (size_t c = 0; c < count; c++) {
        mem_free(classes[c].w);
    }
    mem_free(classes);
    examples_finish(&t->examples);
    lessons_finish(&t->lessons);
    trust_count_finish(&t->trust);
    workspace_destroy(t->workspace);
    advisor_destroy(t->advisor);
}

static void name_class(struct fitted *class, const char *id, const char *polarity)
{
    snprintf(class->name, sizeof(class->name), "%s%s", id, polarity);
}

static void report_epoch(void *context, size_t done, size_t all)
{
    report(context, "teaching the net, round", done, all);
}

/* The net's section for the classes that were fitted: none where words have no vectors. */
static void make_net(struct trainer *t, const struct fitted *classes, size_t count, struct buf *ret)
{
    const struct vectors *vectors = t->knowledge->vectors;
    if (!vectors || vectors->dims > NET_DIMS_MAX) {
        net_file_put_none(ret);
        return;
    }
    struct net_class *what = mem_alloc(count * sizeof(*what));
    for (size_t c = 0; c < count; c++) {
        size_t number = classes[c].number;
        bool any = number == t->knowledge->packs[t->pack]->situation_count * 2;
        what[c] = (struct net_class){(uint8_t)(any ? 0 : number / 2), any || number % 2 == 1, any};
    }
    train_net(&t->lessons, vectors, what, count, report_epoch, t, ret);
    mem_free(what);
}

static bool write_topics(struct trainer *t, const struct fitted *classes, size_t count,
                         const char *path, struct train_result *ret, struct error *err)
{
    struct buf net;
    buf_init(&net, MODEL_BYTES_MAX);
    make_net(t, classes, count, &net);
    bool fine = write_model(t, classes, count, &net, path, ret, err);
    buf_finish(&net);
    return fine;
}

bool train_topics(struct knowledge *knowledge, int pack, const struct corpus *corpus,
                  const char *path, train_progress *progress, void *context,
                  struct train_result *ret, struct error *err)
{
    struct trainer t = {.knowledge = knowledge,
                        .corpus = corpus,
                        .pack = pack,
                        .progress = progress,
                        .context = context};
    const struct pack *what = knowledge->packs[pack];
    struct fitted *classes = mem_alloc((what->situation_count * 2 + 1) * sizeof(*classes));
    size_t count = 0;
    *ret = (struct train_result){0};
    start(&t);
    collect_clauses(&t);
    collect_talks(&t);
    examples_number(&t.examples);
    for (size_t i = 0; i < what->situation_count * 2; i++) {
        name_class(&classes[i], what->situations[i / 2].id, i % 2 ? ":denied" : ":stated");
    }
    name_class(&classes[what->situation_count * 2], CLASS_DENIES, "");
    count = fit_all(&t, "fitting topics", fit_topic_class, classes, what->situation_count * 2 + 1);
    shift_scores(&t, classes, count);
    bool fine = count > 0 ? write_topics(&t, classes, count, path, ret, err)
                          : error_set(err, ERROR_INPUT,
                                      "%s: the corpus states none of the pack's situations", path);
    finish(&t, classes, count);
    return fine;
}

/*
 * A clause by itself asks for a verdict where the choice is the question: as a command, or in the
 * middle of advice.
 */
static void collect_clause_kinds(struct trainer *t)
{
    for (size_t i = 0; i < t->corpus->clause_count; i++) {
        const struct corpus_clause *clause = &t->corpus->clauses[i];
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
static void collect_kind(struct trainer *t, const struct corpus_talk *talk)
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

bool train_kinds(struct knowledge *knowledge, int pack, const struct corpus *corpus,
                 const char *path, train_progress *progress, void *context,
                 struct train_result *ret, struct error *err)
{
    struct trainer t = {.knowledge = knowledge,
                        .corpus = corpus,
                        .pack = pack,
                        .progress = progress,
                        .context = context};
    struct fitted *classes = mem_alloc(KIND_COUNT * sizeof(*classes));
    size_t count = 0;
    *ret = (struct train_result){0};
    start(&t);
    for (size_t i = 0; i < corpus->talk_count; i++) {
        collect_kind(&t, &corpus->talks[i]);
        if (i % 64 == 0) {
            report(&t, "reading kinds", i, corpus->talk_count);
        }
    }
    collect_clause_kinds(&t);
    examples_number(&t.examples);
    for (int k = 0; k < KIND_COUNT; k++) {
        name_class(&classes[k], kind_name((enum kind)k), "");
    }
    count = fit_all(&t, "fitting kinds", fit_kind, classes, KIND_COUNT);
    struct buf net;
    buf_init(&net, MODEL_BYTES_MAX);
    net_file_put_none(&net);
    bool fine = count > 1 ? write_model(&t, classes, count, &net, path, ret, err)
                          : error_set(err, ERROR_INPUT,
                                      "%s: the corpus has fewer than two kinds of messages", path);
    buf_finish(&net);
    finish(&t, classes, count);
    return fine;
}
