#include "bot/host/metrics.h"

#include <inttypes.h>

#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "bot/base/names.h"

struct sample {
    char *label; /* owned */
    uint64_t value;
};

/* One sample more than there are labels: "other". */
struct counter {
    struct sample **samples; /* owned, as each of them; in the order of their first time */
    size_t count, cap;
    struct names by_label;
};

/* Upper bounds of the answer histogram, in microseconds and as seconds. */
static const struct {
    uint64_t microseconds;
    const char *seconds;
} bounds[] = {
    {10, "0.00001"}, {20, "0.00002"}, {50, "0.00005"}, {100, "0.0001"}, {200, "0.0002"},
    {500, "0.0005"}, {1000, "0.001"}, {2000, "0.002"}, {5000, "0.005"}, {10000, "0.01"},
    {50000, "0.05"}, {100000, "0.1"}, {1000000, "1"},
};

struct metrics {
    struct counter counters[METRIC_COUNT];
    uint64_t buckets[ARRAY_LEN(bounds) + 1]; /* not yet cumulative; the last one is above all */
    uint64_t answer_microseconds;
    uint64_t waiting;
};

static const struct {
    const char *name, *label, *help;
} infos[METRIC_COUNT] = {
#define METRIC_INFO(id, name, label, help) [id] = {name, label, help},
    METRIC_COUNTERS(METRIC_INFO)
#undef METRIC_INFO
};

static const char other[] = "other";

struct metrics *metrics_create(void)
{
    return mem_alloc(sizeof(struct metrics));
}

void metrics_destroy(struct metrics *metrics)
{
    for (size_t i = 0; metrics != NULL && i < METRIC_COUNT; i++) {
        struct counter *counter = &metrics->counters[i];
        for (size_t j = 0; j < counter->count; j++) {
            mem_free(counter->samples[j]->label);
            mem_free(counter->samples[j]);
        }
        mem_free(counter->samples);
        names_finish(&counter->by_label);
    }
    mem_free(metrics);
}

static struct sample *add(struct counter *counter, const char *label)
{
    struct sample *sample = mem_alloc(sizeof(*sample));
    sample->label = mem_strdup(label);
    if (counter->count == counter->cap) {
        counter->cap = counter->cap == 0 ? 8 : 2 * counter->cap;
        counter->samples = mem_grow(counter->samples, counter->cap, sizeof(*counter->samples));
    }
    counter->samples[counter->count++] = sample;
    names_put(&counter->by_label, sample->label, sample);
    return sample;
}

void metrics_count(struct metrics *metrics, enum metric metric, const char *label)
{
    struct counter *counter = &metrics->counters[metric];
    struct sample *sample = names_get(&counter->by_label, label);
    if (sample == NULL && counter->count >= METRICS_LABELS_MAX) {
        label = other;
        sample = names_get(&counter->by_label, other);
    }
    sample = sample == NULL ? add(counter, label) : sample;
    sample->value++;
}

uint64_t metrics_value(const struct metrics *metrics, enum metric metric, const char *label)
{
    const struct sample *sample = names_get(&metrics->counters[metric].by_label, label);
    return sample == NULL ? 0 : sample->value;
}

void metrics_observe_answer(struct metrics *metrics, uint64_t microseconds)
{
    size_t i = 0;
    while (i < ARRAY_LEN(bounds) && microseconds > bounds[i].microseconds) {
        i++;
    }
    metrics->buckets[i]++;
    metrics->answer_microseconds += microseconds;
}

void metrics_set_queue(struct metrics *metrics, uint64_t waiting)
{
    metrics->waiting = waiting;
}

/* Escapes of the exposition format: a label's value may hold anything but these three bare. */
void metrics_put_label(const char *label, struct buf *ret)
{
    for (; *label != '\0'; label++) {
        if (*label == '\\' || *label == '"') {
            buf_putc(ret, '\\');
        }
        buf_puts(ret, *label == '\n' ? "\\n" : (char[]){*label, '\0'});
    }
}

static void put_head(struct buf *ret, const char *name, const char *type, const char *help)
{
    buf_printf(ret, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_counter(struct buf *ret, const struct counter *counter, enum metric metric)
{
    put_head(ret, infos[metric].name, "counter", infos[metric].help);
    for (size_t i = 0; i < counter->count; i++) {
        buf_printf(ret, "%s{%s=\"", infos[metric].name, infos[metric].label);
        metrics_put_label(counter->samples[i]->label, ret);
        buf_printf(ret, "\"} %" PRIu64 "\n", counter->samples[i]->value);
    }
}

static void put_histogram(struct buf *ret, const struct metrics *metrics)
{
    static const char name[] = "whether_answer_seconds";
    uint64_t sum = 0;
    put_head(ret, name, "histogram", "From a message in to its answer decided");
    for (size_t i = 0; i < ARRAY_LEN(bounds); i++) {
        sum += metrics->buckets[i];
        buf_printf(ret, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, bounds[i].seconds, sum);
    }
    sum += metrics->buckets[ARRAY_LEN(bounds)];
    buf_printf(ret, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, sum);
    buf_printf(ret, "%s_sum %" PRIu64 ".%06u\n", name, metrics->answer_microseconds / 1000000,
               (unsigned)(metrics->answer_microseconds % 1000000));
    buf_printf(ret, "%s_count %" PRIu64 "\n", name, sum);
}

void metrics_format(const struct metrics *metrics, struct buf *ret)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        put_counter(ret, &metrics->counters[i], (enum metric)i);
    }
    put_histogram(ret, metrics);
    put_head(ret, "whether_outbox_waiting", "gauge", "Answers that wait to be delivered");
    buf_printf(ret, "whether_outbox_waiting %" PRIu64 "\n", metrics->waiting);
}
