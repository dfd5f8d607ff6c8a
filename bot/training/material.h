#pragma once

#include <stddef.h>

#include "bot/training/examples.h"
#include "bot/training/lessons.h"
#include "bot/training/trust_count.h"

/*
 * What is learned from, as it is read off a corpus by the reader itself: labelled examples for the
 * linear models, the same as lessons for the net, and how often exact phrases were right. Knows
 * nothing of how weights are found (train_fit.h, train_net.h) or written.
 */
struct advisor;
struct train_task;
struct workspace;

struct material {
    const struct train_task *task; /* borrowed */
    struct advisor *advisor;       /* owned, as all that follows */
    struct workspace *workspace;
    struct examples examples;
    struct lessons lessons;
    struct trust_count trust;
};

/* The task must stay. material_finish() frees what was read. */
void material_begin(struct material *ret, const struct train_task *task);
void material_finish(struct material *material);

/* Tells the task's `progress`, where there is one. */
void material_report(const struct material *material, const char *what, size_t done, size_t all);

/* One of the two, once: the examples are numbered afterwards. */
void material_read_topics(struct material *material);
void material_read_kinds(struct material *material);
