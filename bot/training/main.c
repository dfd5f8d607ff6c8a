#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/folder.h"
#include "bot/base/mem.h"
#include "bot/host/corpus.h"
#include "bot/host/program.h"
#include "bot/host/report.h"
#include "bot/training/train.h"
#include "knowledge/learned.h"
#include "knowledge/load.h"
#include "knowledge/pack.h"

/*
 * The program that `whether train` becomes (bot/command/train.c), so that LIBLINEAR and what it
 * brings along take no room in a daemon that never trains:
 *
 *     whether-train topics|kinds|both CONFIG PACK...      CONFIG "": the defaults
 */
enum part { PART_TOPICS, PART_KINDS, PART_BOTH };

struct training {
    enum part part;
    struct knowledge *knowledge;
    struct fault_list faults;
    bool watched;
    size_t corpora;   /* packs that have one */
    char *last_kinds; /* owned: the kinds.model that was made last, NULL none */
};

static void show_progress(void *context, const char *what, size_t done, size_t all)
{
    const struct training *training = context;
    if (training->watched) {
        fprintf(stderr, "\rwhether: %s %zu of %zu        ", what, done, all);
    }
}

static void print_result(struct training *training, const char *path,
                         const struct train_result *result)
{
    if (training->watched) {
        fprintf(stderr, "\r%60s\r", "");
    }
    printf("%s: %zu examples, %zu features, %zu weights, %zu bytes\n", path, result->examples,
           result->features, result->weights, result->bytes);
}

/* kinds.model lies beside the pack. */
static char *kinds_path(const char *pack_file)
{
    struct buf path;
    size_t len = 0;
    for (size_t i = 0; pack_file[i]; i++) {
        len = pack_file[i] == '/' ? i + 1 : len;
    }
    buf_init(&path, 8192); /* beyond what the system opens */
    buf_append(&path, pack_file, len);
    buf_puts(&path, "kinds.model");
    return buf_take(&path, NULL);
}

typedef bool train_function(const struct train_task *task, const char *path,
                            struct train_result *ret, struct error *err);

static bool make(struct training *training, train_function *train, int pack,
                 const struct corpus *corpus, const char *path)
{
    struct train_result result;
    struct error err = {0};
    const struct train_task task = {training->knowledge, pack, corpus, show_progress, training};
    if (!train(&task, path, &result, &err)) {
        report_error(&err);
        return false;
    }
    print_result(training, path, &result);
    return true;
}

/* Packs without a corpus are passed over. */
static bool make_from_corpus(struct training *training, train_function *train, int number,
                             const char *path)
{
    const struct pack *pack = training->knowledge->packs[number];
    char *folder = learned_beside(pack->file, ".corpus");
    struct corpus corpus = {0};
    bool fine = true;
    if (folder_is(folder)) {
        training->corpora++;
        fine = corpus_load(&corpus, pack, folder, &training->faults) &&
               make(training, train, number, &corpus, path);
        corpus_finish(&corpus);
    }
    mem_free(folder);
    return fine;
}

static bool make_topics(struct training *training, int number)
{
    char *path = learned_beside(training->knowledge->packs[number]->file, ".model");
    bool fine = make_from_corpus(training, train_topics, number, path);
    mem_free(path);
    return fine;
}

/*
 * The kinds of messages are the same for all packs: who makes everything anew remakes such a model
 * where one lies, and of packs in one folder the first with a corpus makes it.
 */
static bool make_kinds(struct training *training, int number)
{
    char *path = kinds_path(training->knowledge->packs[number]->file);
    bool wanted = training->part == PART_KINDS || access(path, F_OK) == 0;
    bool made = training->last_kinds != NULL && strcmp(training->last_kinds, path) == 0;
    size_t before = training->corpora;
    bool fine = !wanted || made || make_from_corpus(training, train_kinds, number, path);
    if (training->corpora > before) {
        free(training->last_kinds);
        training->last_kinds = path;
    } else {
        free(path);
    }
    return fine;
}

/* Topics first: the kinds are judged with the topics' help. */
static bool train_all(struct training *training)
{
    int count = (int)training->knowledge->count;
    bool fine = true;
    for (int i = 0; fine && training->part != PART_KINDS && i < count; i++) {
        fine = make_topics(training, i);
    }
    if (!fine || training->part == PART_TOPICS) {
        return fine;
    }
    fine = program_load_learned(training->knowledge, LEARNED_TOPICS, &training->faults);
    for (int i = 0; fine && i < count; i++) {
        fine = make_kinds(training, i);
    }
    return fine;
}

static bool train(struct training *training, const struct program_options *where)
{
    struct config config = {0};
    bool fine = program_load_config(where, &config, &training->faults) &&
                program_load_knowledge(where, &config, &training->knowledge, &training->faults) &&
                program_load_learned(training->knowledge, LEARNED_VECTORS, &training->faults) &&
                train_all(training);
    if (fine && training->corpora == 0) {
        report("nothing to learn from: no pack has a folder NAME.corpus beside its NAME.json");
        fine = false;
    }
    report_faults(&training->faults, "");
    fault_finish(&training->faults);
    free(training->last_kinds);
    knowledge_destroy(training->knowledge);
    config_finish(&config);
    return fine;
}

static bool part_of(const char *word, enum part *ret)
{
    static const char *const words[] = {
        [PART_TOPICS] = "topics", [PART_KINDS] = "kinds", [PART_BOTH] = "both"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(words[i], word) == 0) {
            *ret = (enum part)i;
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    enum { PART = 1, CONFIG, PACKS, USAGE = 2 };
    struct training training = {.watched = isatty(STDERR_FILENO)};
    if (argc < PACKS || !part_of(argv[PART], &training.part)) {
        report("whether-train is a part of whether: use `whether train`");
        return USAGE;
    }
    const struct program_options where = {.config_path = argv[CONFIG][0] ? argv[CONFIG] : NULL,
                                          .packs = (const char *const *)argv + PACKS,
                                          .pack_count = (size_t)(argc - PACKS)};
    program_set_up_memory();
    bool fine = train(&training, &where);
    return report_output() && fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
