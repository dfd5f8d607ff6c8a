#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/command/command.h"
#include "bot/host/corpus.h"
#include "bot/host/report.h"
#include "bot/host/train.h"
#include "knowledge/learned.h"
#include "knowledge/load.h"
#include "knowledge/pack.h"

enum { OPTION_ONLY };

static const char *const parts[] = {"topics", "kinds", NULL};

static const struct command_option options[] = {
    [OPTION_ONLY] = {"only", "topics|kinds", parts, "make one of the two models"},
    {0},
};

enum { PART_TOPICS, PART_KINDS, PART_BOTH };

struct training {
    int part;
    struct knowledge *knowledge;
    struct fault_list faults;
    bool watched;
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

static bool is_directory(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* kinds.model lies beside the main pack. */
static char *kinds_path(const char *pack_file)
{
    struct buf path;
    size_t len = 0;
    for (size_t i = 0; pack_file[i]; i++) {
        len = pack_file[i] == '/' ? i + 1 : len;
    }
    buf_init(&path, 4096);
    buf_append(&path, pack_file, len);
    buf_puts(&path, "kinds.model");
    return buf_take(&path, NULL);
}

typedef bool train_function(struct knowledge *knowledge, int pack, const struct corpus *corpus,
                            const char *path, train_progress *progress, void *context,
                            struct train_result *ret, struct error *err);

static bool make(struct training *training, train_function *train, int pack,
                 const struct corpus *corpus, const char *path)
{
    struct train_result result;
    struct error err = {0};
    if (!train(training->knowledge, pack, corpus, path, show_progress, training, &result, &err)) {
        report_error(&err);
        return false;
    }
    print_result(training, path, &result);
    return true;
}

/* Topics first: the kinds are judged with the topics' help. */
static bool train_pack(struct training *training, int number)
{
    const struct pack *pack = training->knowledge->packs[number];
    char *folder = corpus_beside(pack->file, ".corpus"),
         *model = corpus_beside(pack->file, ".model");
    char *kinds = kinds_path(pack->file);
    struct corpus corpus = {0};
    bool fine = true;
    if (is_directory(folder)) {
        bool topics = training->part != PART_KINDS;
        /*
         * The kinds of messages are the same for all packs: only who has such a model remakes it.
         */
        bool kinds_too = training->part == PART_KINDS ||
                         (training->part == PART_BOTH && access(kinds, F_OK) == 0);
        fine = corpus_load(&corpus, pack, folder, &training->faults) &&
               (!topics || make(training, train_topics, number, &corpus, model)) &&
               program_load_learned(training->knowledge, LEARNED_TOPICS, &training->faults) &&
               (!kinds_too || make(training, train_kinds, number, &corpus, kinds));
    }
    corpus_finish(&corpus);
    free(kinds);
    free(model);
    free(folder);
    return fine;
}

static int run(const struct command_call *call)
{
    struct training training = {.part = command_choice(call, OPTION_ONLY, PART_BOTH),
                                .watched = isatty(STDERR_FILENO)};
    struct config config = {0};
    const struct program_options where = {call->config_path, (const char *const *)call->operands,
                                          call->operand_count};
    bool fine = program_load_config(&where, &config, &training.faults) &&
                program_load_knowledge(&where, &config, &training.knowledge, &training.faults) &&
                program_load_learned(training.knowledge, LEARNED_VECTORS, &training.faults);
    for (size_t i = 0; fine && i < training.knowledge->count; i++) {
        fine = train_pack(&training, (int)i);
    }
    report_faults(&training.faults, "");
    fault_finish(&training.faults);
    knowledge_destroy(training.knowledge);
    config_finish(&config);
    return fine ? STATUS_FINE : STATUS_FAILED;
}

const struct command command_train = {
    .name = "train",
    .operands = "[PACK...]",
    .operands_max = COMMAND_REPEATS_MAX,
    .summary = "make the packs' models anew from their corpora",
    .details = "Reads the labelled text in the folder PACK.corpus beside each pack and writes\n"
               "PACK.model, and kinds.model where one lies beside the pack. The same corpus gives "
               "the same\n"
               "bytes. Packs without such a folder are passed over: they work by their cues.\n",
    .examples = "  whether train\n"
                "  whether train knowledge\n",
    .options = options,
    .run = run,
};
