#pragma once

#include <stddef.h>

/*
 * Measured values of one kind, all kept: mean and any percentile, exactly. Zeroed = empty;
 * sample_finish() frees.
 */
struct sample {
    double *values;
    size_t count, cap;
    double sum;
};

void sample_add(struct sample *sample, double value);
double sample_mean(const struct sample *sample); /* 0 where there are none */

/* The value that `share` (0 to 1) of them do not exceed; 0 where there are none. Sorts them. */
double sample_percentile(struct sample *sample, double share);
void sample_finish(struct sample *sample);
