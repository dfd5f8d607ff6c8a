#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Counters for /metrics in Prometheus' text format (exposition format 0.0.4). A counter has one
 * label at most, whose values come from the program, never from outside: their number is bounded
 * (METRICS_LABELS_MAX a counter; beyond that they are summed as "other"). One thread.
 */
struct buf;
struct metrics;

/* X(NAME, prometheus name, label, help) */
#define METRIC_COUNTERS(X)                                                                         \
    X(METRIC_QUESTIONS, "whether_questions_total", "kind", "Messages read, by kind")               \
    X(METRIC_VERDICTS, "whether_verdicts_total", "verdict", "Verdicts given")                      \
    X(METRIC_MESSAGES, "whether_messages_total", "adapter", "Messages taken")                      \
    X(METRIC_DUPLICATES, "whether_duplicates_total", "adapter", "Copies of messages taken before") \
    X(METRIC_GUARDED, "whether_guarded_total", "reason", "Messages not answered by a guard")       \
    X(METRIC_REJECTED, "whether_rejected_total", "reason", "Requests refused, by reason")          \
    X(METRIC_DELIVERIES, "whether_deliveries_total", "adapter", "Answers delivered")               \
    X(METRIC_RETRIES, "whether_delivery_retries_total", "adapter", "Deliveries to be tried again") \
    X(METRIC_GIVEN_UP, "whether_deliveries_given_up_total", "adapter", "Answers given up")         \
    X(METRIC_RECONNECTS, "whether_reconnects_total", "adapter", "Connections made anew")           \
    X(METRIC_HTTP, "whether_http_requests_total", "status", "HTTP answers given")                  \
    X(METRIC_PIPELINED, "whether_http_pipelined_total", "handled",                                 \
      "Requests sent before the answer to the one before")                                         \
    X(METRIC_COMMITS, "whether_commits_total", "result", "Transactions of the store")

#define METRIC_ID(id, name, label, help) id,
enum metric { METRIC_COUNTERS(METRIC_ID) METRIC_COUNT };
#undef METRIC_ID

enum { METRICS_LABELS_MAX = 16384 }; /* more than the adapters that one process is fit for */

struct metrics *metrics_create(void);
void metrics_destroy(struct metrics *metrics); /* NULL is fine */

/* label: a static string or one that lives as long as the process's adapters; copied. */
void metrics_count(struct metrics *metrics, enum metric metric, const char *label);
uint64_t metrics_value(const struct metrics *metrics, enum metric metric, const char *label);

/* From a message in to its answer decided, in microseconds: histogram whether_answer_seconds. */
void metrics_observe_answer(struct metrics *metrics, uint64_t microseconds);

/* Gauges: waiting answers, live connections; set when asked for. */
void metrics_set_queue(struct metrics *metrics, uint64_t waiting);

/* A label's value as it stands between quotes. */
void metrics_put_label(const char *label, struct buf *ret);

void metrics_format(const struct metrics *metrics, struct buf *ret);
