#include "tests/simulate/sample.h"

#include "bot/base/mem.h"

void sample_add(struct sample *sample, double value)
{
    if (sample->count == sample->cap) {
        sample->cap = sample->cap == 0 ? 1024 : sample->cap * 2;
        sample->values = mem_grow(sample->values, sample->cap, sizeof(*sample->values));
    }
    sample->values[sample->count++] = value;
    sample->sum += value;
}

double sample_mean(const struct sample *sample)
{
    return sample->count == 0 ? 0 : sample->sum / (double)sample->count;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double sample_percentile(struct sample *sample, double share)
{
    if (sample->count == 0) {
        return 0;
    }
    qsort(sample->values, sample->count, sizeof(*sample->values), by_value);
    size_t at = (size_t)(share * (double)sample->count);
    return sample->values[at < sample->count ? at : sample->count - 1];
}

void sample_finish(struct sample *sample)
{
    mem_free(sample->values);
    *sample = (struct sample){0};
}
