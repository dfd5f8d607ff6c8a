#pragma once

#include <stdbool.h>

/*
 * Fits one class to examples: L2-regularised logistic regression by LIBLINEAR, which nothing else
 * includes. Examples are read only, so that many threads may fit at once.
 *
 * labels, one an example: 1, 0, or -1 for one that says nothing. Weights are by feature,
 * number - 1, and the bias is the last: feature_count + 1 of them.
 */
struct examples;
struct feature_node;

struct fit_terms {
    double cost;      /* how much the examples are trusted */
    double tolerance; /* where to stop, as a part of the slope at no weights at all */
    double
        other_weight; /* of an example with label 0: how many like it were left out, and itself */
};

/* Once, before the first fit: LIBLINEAR writes to standard output otherwise. */
void fit_quietly(void);

/* False, and *ret_w untouched, when the examples that say something all say the same. */
bool fit_anew(const struct examples *examples, const signed char *labels,
              const struct fit_terms *terms, double *ret_w);

/* Goes on from weights that were fitted to like labels, which is much faster. */
void fit_on(const struct examples *examples, const signed char *labels,
            const struct fit_terms *terms, double *w);

/* The log odds that the weights give an example. */
double fit_score(const double *w, const struct feature_node *nodes);
