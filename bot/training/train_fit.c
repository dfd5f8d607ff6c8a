#include "bot/training/train_fit.h"

#include <assert.h>
#include <linear.h>
#include <math.h>
#include <string.h>

#include "bot/base/mem.h"
#include "bot/training/examples.h"

/* LIBLINEAR also calls its result struct model: knowledge/model.h is not included here. */

/* Set by trying on the labelled conversations that were read while tuning (docs/reading.md). */
static const double positive_weight = 2.0;

/* What is to be fitted to. */
struct task {
    struct problem problem; /* y and x are owned */
    size_t positives;
};

static void task_begin(struct task *task, const struct examples *examples,
                       const signed char *labels)
{
    double *y = mem_alloc((examples->count + 1) * sizeof(*y));
    struct feature_node **x = mem_alloc((examples->count + 1) * sizeof(*x));
    *task = (struct task){
        .problem = {.n = (int)examples->feature_count + 1, .y = y, .x = x, .bias = 1}};
    for (size_t i = 0; i < examples->count; i++) {
        if (labels[i] >= 0) {
            y[task->problem.l] = labels[i] ? 1 : -1;
            x[task->problem.l++] = examples->items[i].nodes;
            task->positives += labels[i] > 0;
        }
    }
}

static void task_end(struct task *task)
{
    mem_free(task->problem.x);
    mem_free(task->problem.y);
}

static bool task_possible(const struct task *task)
{
    return task->positives > 0 && task->positives < (size_t)task->problem.l;
}

/* From the weights w on. The positive label is LIBLINEAR's first, whatever comes first in y. */
static void task_solve(const struct task *task, const struct fit_terms *terms, double *w)
{
    int labels[] = {1, -1};
    double weights[] = {positive_weight, terms->other_weight};
    struct parameter parameter = {.solver_type = L2R_LR,
                                  .eps = terms->tolerance,
                                  .C = terms->cost,
                                  .nr_weight = 2,
                                  .weight_label = labels,
                                  .weight = weights,
                                  .init_sol = w};
    struct model *model = train(&task->problem, &parameter);
    assert(model->label[0] == 1);
    memcpy(w, model->w, (size_t)task->problem.n * sizeof(*w));
    free_and_destroy_model(&model);
}

/* Begins with how common the class is, which LIBLINEAR need not find then. */
bool fit_anew(const struct examples *examples, const signed char *labels,
              const struct fit_terms *terms, double *ret_w)
{
    struct task task;
    task_begin(&task, examples, labels);
    bool fine = task_possible(&task);
    if (fine) {
        double others = terms->other_weight * ((double)task.problem.l - (double)task.positives);
        memset(ret_w, 0, examples->feature_count * sizeof(*ret_w));
        ret_w[examples->feature_count] = log(positive_weight * (double)task.positives / others);
        task_solve(&task, terms, ret_w);
    }
    task_end(&task);
    return fine;
}

/* Goes on from w, which was fitted to other labels. */
void fit_on(const struct examples *examples, const signed char *labels,
            const struct fit_terms *terms, double *w)
{
    struct task task;
    task_begin(&task, examples, labels);
    if (task_possible(&task)) {
        task_solve(&task, terms, w);
    }
    task_end(&task);
}

double fit_score(const double *w, const struct feature_node *nodes)
{
    double sum = 0;
    for (; nodes->index != -1; nodes++) {
        sum += w[nodes->index - 1] * nodes->value;
    }
    return sum;
}

static void be_quiet(const char *text)
{
    (void)text;
}

void fit_quietly(void)
{
    set_print_string_function(be_quiet);
}
