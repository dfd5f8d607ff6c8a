#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bot/base/buf.h"
#include "bot/host/metrics.h"

static void assert_shows(const struct metrics *metrics, const char *line)
{
    struct buf text;
    buf_init(&text, 100000);
    metrics_format(metrics, &text);
    if (strstr(text.data, line) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", line, text.data);
    }
    buf_finish(&text);
}

static void test_counters(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_create();
    assert_shows(metrics, "# HELP whether_questions_total Messages read, by kind\n"
                          "# TYPE whether_questions_total counter\n");
    metrics_count(metrics, METRIC_QUESTIONS, "verdict");
    metrics_count(metrics, METRIC_QUESTIONS, "verdict");
    metrics_count(metrics, METRIC_QUESTIONS, "silent");
    assert_int_equal(metrics_value(metrics, METRIC_QUESTIONS, "verdict"), 2);
    assert_int_equal(metrics_value(metrics, METRIC_QUESTIONS, "facts"), 0);
    assert_int_equal(metrics_value(metrics, METRIC_MESSAGES, "verdict"), 0);
    assert_shows(metrics, "\nwhether_questions_total{kind=\"verdict\"} 2\n"
                          "whether_questions_total{kind=\"silent\"} 1\n");
    metrics_destroy(metrics);
}

static void test_labels_are_escaped_and_copied(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_create();
    char label[] = "a\"b\\c\nd";
    metrics_count(metrics, METRIC_MESSAGES, label);
    label[0] = 'x';
    assert_shows(metrics, "\nwhether_messages_total{adapter=\"a\\\"b\\\\c\\nd\"} 1\n");
    metrics_destroy(metrics);
}

static void test_labels_are_bounded(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_create();
    char label[20];
    for (int i = 0; i < METRICS_LABELS_MAX + 10; i++) {
        snprintf(label, sizeof(label), "n%d", i);
        metrics_count(metrics, METRIC_MESSAGES, label);
    }
    metrics_count(metrics, METRIC_MESSAGES, "n3");
    assert_int_equal(metrics_value(metrics, METRIC_MESSAGES, "n3"), 2);
    snprintf(label, sizeof(label), "n%d", METRICS_LABELS_MAX - 1);
    assert_int_equal(metrics_value(metrics, METRIC_MESSAGES, label), 1);
    snprintf(label, sizeof(label), "n%d", METRICS_LABELS_MAX);
    assert_int_equal(metrics_value(metrics, METRIC_MESSAGES, label), 0);
    assert_int_equal(metrics_value(metrics, METRIC_MESSAGES, "other"), 10);
    metrics_destroy(metrics);
}

static void test_histogram(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_create();
    metrics_observe_answer(metrics, 0);
    metrics_observe_answer(metrics, 10);
    metrics_observe_answer(metrics, 11);
    metrics_observe_answer(metrics, 700);
    metrics_observe_answer(metrics, 5000000);
    assert_shows(metrics, "_bucket{le=\"0.00001\"} 2\n");
    assert_shows(metrics, "_bucket{le=\"0.00002\"} 3\n");
    assert_shows(metrics, "_bucket{le=\"0.0005\"} 3\n");
    assert_shows(metrics, "_bucket{le=\"0.001\"} 4\n");
    assert_shows(metrics, "_bucket{le=\"1\"} 4\nwhether_answer_seconds_bucket{le=\"+Inf\"} 5\n"
                          "whether_answer_seconds_sum 5.000721\nwhether_answer_seconds_count 5\n");
    metrics_destroy(metrics);
}

static void test_queue(void **state)
{
    (void)state;
    struct metrics *metrics = metrics_create();
    metrics_set_queue(metrics, 7);
    assert_shows(metrics, "\nwhether_outbox_waiting 7\n");
    metrics_destroy(metrics);
    metrics_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_labels_are_escaped_and_copied),
        cmocka_unit_test(test_labels_are_bounded),
        cmocka_unit_test(test_histogram),
        cmocka_unit_test(test_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
