#include "bot/training/train.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/corpus.h"
#include "bot/reader/reader.h"
#include "bot/training/material.h"
#include "bot/training/net_file.h"
#include "bot/training/put.h"
#include "bot/training/train_fit.h"
#include "bot/training/train_net.h"
#include "bot/training/train_write.h"
#include "knowledge/pack.h"
#include "knowledge/vectors.h"

enum {
    MODEL_BYTES_MAX = 32 * 1024 * 1024,
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

/* ---- fitting ---- */

/* For each conversation that states the situation: its best unit states it. */
static void label_best(const struct material *t, size_t situation, bool stated, const double *w,
                       signed char *labels)
{
    size_t best = 0;
    int talk = -1;
    double most = 0;
    for (size_t i = 0; i <= t->examples.count; i++) {
        bool ends = i == t->examples.count || t->examples.items[i].talk != talk;
        if (ends && talk >= 0) {
            const struct corpus_talk *from = &t->task->corpus->talks[talk];
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

static void label_topics(const struct material *t, size_t situation, bool stated, bool talks,
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

static void thin_out(const struct material *t, signed char *labels)
{
    for (size_t i = 0; i < t->examples.count; i++) {
        labels[i] = labels[i] == 0 && i % ROUGH_EVERY != 0 ? -1 : labels[i];
    }
}

static bool fit_topic(const struct material *t, size_t number, struct fitted *ret)
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
static bool fit_denies(const struct material *t, struct fitted *ret)
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
static bool fit_topic_class(const struct material *t, size_t number, struct fitted *ret)
{
    bool general = number == t->task->knowledge->packs[t->task->pack]->situation_count * 2;
    return general ? fit_denies(t, ret) : fit_topic(t, number, ret);
}

static bool fit_kind(const struct material *t, size_t number, struct fitted *ret)
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

typedef bool fit_function(const struct material *t, size_t number, struct fitted *ret);

/* Classes are fitted apart from one another: any thread may take the next. */
struct fitting {
    const struct material *material;
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
            material_report(f->material, f->what, done, f->count);
        }
        f->classes[i].number = i;
        f->fine[i] = f->function(f->material, i, &f->classes[i]);
    }
}

static void *fit_in_thread(void *context)
{
    fit_some(context, false);
    return NULL;
}

/* Fills w of each class, on all processors; those that cannot be fitted are dropped. */
static size_t fit_all(const struct material *t, const char *what, fit_function *function,
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
static void try_half(const struct material *t, size_t situation, size_t half, signed char *labels,
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

static double find_shift(const struct material *t, size_t situations)
{
    struct hits hits = {0};
    signed char *labels = mem_alloc(t->examples.count + 1);
    double *w = mem_alloc((t->examples.feature_count + 1) * sizeof(*w));
    for (size_t i = 0; i < situations * 2; i++) {
        material_report(t, "setting scores", i, situations * 2);
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

static void shift_scores(const struct material *t, struct fitted *classes, size_t count)
{
    if (t->task->corpus->clause_count >= SMALL_CORPUS) {
        return;
    }
    double shift = find_shift(t, t->task->knowledge->packs[t->task->pack]->situation_count);
    for (size_t i = 0; i < count; i++) {
        classes[i].w[t->examples.feature_count] += shift;
    }
}

/* ---- the two models ---- */

static bool write_model(struct material *t, const struct fitted *classes, size_t count,
                        const struct buf *net, const char *path, struct train_result *ret,
                        struct error *err)
{
    struct buf trust;
    buf_init(&trust, MODEL_BYTES_MAX);
    trust_count_put(&t->trust, &trust);
    const struct draft draft = {.corpus = t->task->corpus->hash,
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

static void finish(struct material *t, struct fitted *classes, size_t count)
{
    for (size_t c = 0; c < count; c++) {
        mem_free(classes[c].w);
    }
    mem_free(classes);
    material_finish(t);
}

static void name_class(struct fitted *class, const char *id, const char *polarity)
{
    snprintf(class->name, sizeof(class->name), "%s%s", id, polarity);
}

static void report_epoch(void *context, size_t done, size_t all)
{
    material_report(context, "teaching the net, round", done, all);
}

/* The net's section for the classes that were fitted: none where words have no vectors. */
static void make_net(struct material *t, const struct fitted *classes, size_t count,
                     struct buf *ret)
{
    const struct vectors *vectors = t->task->knowledge->vectors;
    if (!vectors || vectors->dims > NET_DIMS_MAX) {
        net_file_put_none(ret);
        return;
    }
    struct net_class *what = mem_alloc(count * sizeof(*what));
    for (size_t c = 0; c < count; c++) {
        size_t number = classes[c].number;
        bool any = number == t->task->knowledge->packs[t->task->pack]->situation_count * 2;
        what[c] = (struct net_class){(uint8_t)(any ? 0 : number / 2), any || number % 2 == 1, any};
    }
    train_net(&t->lessons, vectors, what, count, report_epoch, t, ret);
    mem_free(what);
}

static bool write_topics(struct material *t, const struct fitted *classes, size_t count,
                         const char *path, struct train_result *ret, struct error *err)
{
    struct buf net;
    buf_init(&net, MODEL_BYTES_MAX);
    make_net(t, classes, count, &net);
    bool fine = write_model(t, classes, count, &net, path, ret, err);
    buf_finish(&net);
    return fine;
}

bool train_topics(const struct train_task *task, const char *path, struct train_result *ret,
                  struct error *err)
{
    struct material t;
    const struct pack *what = task->knowledge->packs[task->pack];
    struct fitted *classes = mem_alloc((what->situation_count * 2 + 1) * sizeof(*classes));
    size_t count = 0;
    *ret = (struct train_result){0};
    material_begin(&t, task);
    material_read_topics(&t);
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

bool train_kinds(const struct train_task *task, const char *path, struct train_result *ret,
                 struct error *err)
{
    struct material t;
    struct fitted *classes = mem_alloc(KIND_COUNT * sizeof(*classes));
    size_t count = 0;
    *ret = (struct train_result){0};
    material_begin(&t, task);
    material_read_kinds(&t);
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
