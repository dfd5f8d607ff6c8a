#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Makes a pack's models from its corpus: the topics (PACK.model: for each situation, whether words
 * state or deny it) and the kinds of messages (kinds.model), by L2-regularised logistic regression
 * (LIBLINEAR). Same corpus, same packs, same bytes.
 * In two rounds: first on clauses, then also on conversations, whose best sentence for a stated
 * situation is taken as the one that states it.
 */
struct corpus;
struct error;
struct knowledge;

typedef void train_progress(void *context, const char *what, size_t done, size_t all);

struct train_result {
    size_t examples, features, weights, bytes;
};

/* All borrowed. The knowledge must be loaded without the models that are made anew. */
struct train_task {
    const struct knowledge *knowledge;
    int pack; /* its number, the corpus is this pack's */
    const struct corpus *corpus;
    train_progress *progress; /* may be NULL */
    void *context;            /* its first argument */
};

/* `path` gets the whole model or stays as it was. */
bool train_topics(const struct train_task *task, const char *path, struct train_result *ret,
                  struct error *err);
bool train_kinds(const struct train_task *task, const char *path, struct train_result *ret,
                 struct error *err);
