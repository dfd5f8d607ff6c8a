#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/simulate/agenda.h"
#include "tests/simulate/traffic.h"

/* The simulator against what theory says of queues, and outages that one can work out by hand. */

static void assert_near(double got, double want, double share, const char *what)
{
    if (fabs(got - want) > share * want) {
        fail_msg("%s: got %g, want %g within %g %%", what, got, want, share * 100);
    }
}

static void test_the_earliest_first(void **state)
{
    (void)state;
    struct agenda agenda = {0};
    struct happening happening;
    assert_false(agenda_next(&agenda, &happening));
    for (uint32_t i = 0; i < 1000; i++) {
        agenda_add(&agenda, (struct happening){.at_s = (i * 7919) % 100, .attempt = i});
    }
    struct happening last = {.at_s = -1};
    for (size_t i = 0; i < 1000; i++) {
        assert_true(agenda_next(&agenda, &happening));
        /* In the order of time; of one time in the order in which they were added. */
        assert_true(happening.at_s > last.at_s ||
                    (happening.at_s >= last.at_s && happening.attempt > last.attempt));
        last = happening;
    }
    assert_false(agenda_next(&agenda, &happening));
    agenda_finish(&agenda);
}

static void test_percentiles(void **state)
{
    (void)state;
    struct sample sample = {0};
    assert_true(sample_mean(&sample) <= 0 && sample_percentile(&sample, 0.5) <= 0);
    for (int i = 100; i > 0; i--) {
        sample_add(&sample, i);
    }
    assert_near(sample_mean(&sample), 50.5, 1e-9, "mean");
    assert_near(sample_percentile(&sample, 0.5), 51, 1e-9, "median");
    assert_near(sample_percentile(&sample, 0.99), 100, 1e-9, "p99");
    assert_near(sample_percentile(&sample, 1), 100, 1e-9, "maximum");
    sample_finish(&sample);
}

/* ---- queues: 1,000 us a message ---- */

static const struct load {
    double rate, seconds;
} loads[] = {{300, 300}, {600, 300}, {800, 400}};

static struct traffic_result run(const struct traffic_setup *setup)
{
    struct traffic_result result;
    traffic_run(setup, &result);
    return result;
}

/* M/M/1: the time in the system is exponential with mean 1 / (mu - lambda). */
static void test_mm1(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++) {
        struct traffic_result result = run(&(struct traffic_setup){
            .seed = 1,
            .rate = loads[i].rate,
            .seconds = loads[i].seconds,
            .law = TRAFFIC_EXPONENTIAL,
            .message_us = 1000,
        });
        double mean_s = 1 / (1000 - loads[i].rate);
        assert_near(sample_mean(&result.taken_s), mean_s, 0.04, "mean of M/M/1");
        assert_near(sample_percentile(&result.taken_s, 0.5), mean_s * log(2), 0.04,
                    "median of M/M/1");
        assert_near(sample_percentile(&result.taken_s, 0.99), mean_s * log(100), 0.05,
                    "p99 of M/M/1");
        assert_near(result.busy, loads[i].rate / 1000, 0.02, "load of M/M/1");
        traffic_finish(&result);
    }
}

/* M/D/1: Pollaczek and Khinchine's mean wait, rho / (2 mu (1 - rho)), and the service itself. */
static void test_md1(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++) {
        struct traffic_result result = run(&(struct traffic_setup){
            .seed = 2,
            .rate = loads[i].rate,
            .seconds = loads[i].seconds,
            .message_us = 1000,
        });
        double rho = loads[i].rate / 1000;
        assert_near(sample_mean(&result.taken_s), 1e-3 + 1e-3 * rho / (2 * (1 - rho)), 0.03,
                    "mean of M/D/1");
        traffic_finish(&result);
    }
}

/* M/G/1, 500 or 1,500 us: E[S^2] = 1.25e-6 s^2, the wait is lambda E[S^2] / (2 (1 - rho)). */
static void test_measured_times(void **state)
{
    (void)state;
    static const double times[] = {500, 1500};
    struct traffic_result result = run(&(struct traffic_setup){
        .seed = 3,
        .rate = 600,
        .seconds = 300,
        .law = TRAFFIC_MEASURED,
        .measured = times,
        .measured_count = 2,
    });
    assert_near(sample_mean(&result.taken_s), 1e-3 + 600 * 1.25e-6 / (2 * 0.4), 0.03,
                "mean of M/G/1");
    traffic_finish(&result);
}

/*
 * M/G/1 whose first after an idle time takes D more (Welch 1964): the mean of M/G/1 and
 * (2 D + lambda D^2) / (2 (1 + lambda D)).
 */
static void test_being_woken(void **state)
{
    (void)state;
    struct traffic_result result = run(&(struct traffic_setup){
        .seed = 9,
        .rate = 600,
        .seconds = 300,
        .message_us = 1000,
        .wake_us = 2000,
    });
    double wait_s = 600 * 1e-6 / (2 * 0.4);
    double woken_s = (2 * 2e-3 + 600 * 4e-6) / (2 * (1 + 600 * 2e-3));
    assert_near(sample_mean(&result.taken_s), 1e-3 + wait_s + woken_s, 0.03, "mean with waking");
    traffic_finish(&result);
}

/* M/M/4 with four times the load: Erlang's C. */
static void test_four_servers(void **state)
{
    (void)state;
    struct traffic_result result = run(&(struct traffic_setup){
        .seed = 4,
        .rate = 3200,
        .seconds = 100,
        .servers = 4,
        .law = TRAFFIC_EXPONENTIAL,
        .message_us = 1000,
    });
    double offered = 3.2, sum = 0, term = 1;
    for (int k = 0; k < 4; k++) {
        sum += term;
        term *= offered / (k + 1);
    }
    double all_busy = term / (1 - 0.8) / (sum + term / (1 - 0.8));
    assert_near(sample_mean(&result.taken_s), 1e-3 + all_busy / (4000 - 3200), 0.03,
                "mean of M/M/4");
    traffic_finish(&result);
}

/* A turn of 1,000 us for whatever waits, up to eight: four times what one by one could do. */
static void test_turns_share_what_they_cost(void **state)
{
    (void)state;
    struct traffic_setup setup = {
        .seed = 5, .rate = 4000, .seconds = 100, .batch = 8, .turn_us = 1000};
    struct traffic_result result = run(&setup);
    /* Every turn is full time, and who comes waits for the rest of one and for his own. */
    assert_true(sample_mean(&result.taken_s) > 1.5e-3 && sample_mean(&result.taken_s) < 2e-3);
    assert_int_equal(result.lost, 0);
    traffic_finish(&result);

    setup.burst = 20, setup.rate = 0;
    result = run(&setup);
    /* 1 (the turn begins with the first), 8, 8, 3. */
    assert_near(sample_percentile(&result.taken_s, 1), 4e-3, 1e-9, "the last of a burst");
    assert_int_equal(result.waiting_most, 19);
    traffic_finish(&result);
}

/* ---- outages ---- */

static struct traffic_setup slack(double down_s, double up_s)
{
    return (struct traffic_setup){
        .seed = 6,
        .rate = 100,
        .seconds = 900,
        .message_us = 1000,
        .again_us = 100,
        .down_s = down_s,
        .up_s = up_s,
        .patience_s = 3,
        .retry = TRAFFIC_MARKS,
        .marks_s = {0, 60, 300},
        .mark_count = 3,
    };
}

/* Up to five minutes nothing is lost: the last mark lies behind the outage. */
static void test_a_short_outage_loses_nothing(void **state)
{
    (void)state;
    struct traffic_setup setup = slack(300, 330);
    struct traffic_result result = run(&setup);
    assert_int_equal(result.lost, 0);
    /* Each of those 3,000 failed twice in the same moment and came a minute after it was said. */
    assert_near((double)result.failed, 2 * 3000, 0.06, "failed");
    assert_int_equal(result.calls, result.messages + result.failed);
    assert_near(sample_percentile(&result.taken_s, 1), 60, 0.001, "the latest");
    assert_near(result.caught_up_s, 60, 0.01, "caught up");
    /* Two thirds of a second's calls are those that failed a minute ago. */
    assert_true(result.busiest > 200 && result.busiest < 300);
    traffic_finish(&result);
}

/* Of ten minutes the first five are: whoever asked then has no mark after the end. */
static void test_a_long_outage_loses_its_beginning(void **state)
{
    (void)state;
    struct traffic_setup setup = slack(100, 700);
    struct traffic_result result = run(&setup);
    assert_near((double)result.lost, 300 * 100, 0.03, "lost");
    traffic_finish(&result);
    setup.retry = TRAFFIC_NEVER;
    result = run(&setup);
    assert_near((double)result.lost, 600 * 100, 0.03, "lost by who does not try again");
    traffic_finish(&result);
}

/* It hangs for a minute: nothing is lost, but calls that senders gave up are still there. */
static void test_a_stall_makes_work(void **state)
{
    (void)state;
    struct traffic_setup setup = slack(300, 360);
    setup.stalls = true;
    struct traffic_result result = run(&setup);
    assert_int_equal(result.lost, 0);
    assert_true(result.again > 2 * 5000);
    assert_int_equal(result.calls, result.messages + result.again);
    assert_true(result.waiting_most > 2 * 5000);
    traffic_finish(&result);
}

/* What waits when a process is killed fails at once and comes again. */
static void test_a_kill_breaks_what_waits(void **state)
{
    (void)state;
    struct traffic_setup setup = slack(0.0045, 1);
    setup.rate = 0, setup.burst = 10;
    struct traffic_result result = run(&setup);
    /* Four were acknowledged; six fail, and once more when they come at once. */
    assert_int_equal(result.failed, 2 * 6);
    assert_int_equal(result.lost, 0);
    assert_near(sample_percentile(&result.taken_s, 1), 60, 0.001, "the latest");
    traffic_finish(&result);
}

/* Many that fail together come back together, unless chance parts them. */
static void test_jitter_parts_the_herd(void **state)
{
    (void)state;
    struct traffic_setup setup = {
        .seed = 7,
        .burst = 10000,
        .burst_s = 0.5,
        .message_us = 100,
        .up_s = 60,
        .retry = TRAFFIC_BACKOFF,
        .first_s = 1,
        .most_s = 600,
    };
    struct traffic_result together = run(&setup);
    assert_int_equal(together.lost, 0);
    /* At 0, 1, 3, 7, 15, 31, 63 s from the burst on. */
    assert_int_equal(together.calls, 7 * 10000);
    assert_int_equal(together.waiting_most, 9999);
    setup.jitter = 0.25;
    struct traffic_result apart = run(&setup);
    assert_int_equal(apart.lost, 0);
    assert_true(apart.waiting_most * 10 < together.waiting_most);
    traffic_finish(&together);
    traffic_finish(&apart);
}

/* A queue with an end: what finds no room fails, and the waiting is bounded. */
static void test_room(void **state)
{
    (void)state;
    struct traffic_setup setup = {.seed = 8, .burst = 100, .message_us = 1000, .room = 9};
    struct traffic_result result = run(&setup);
    assert_int_equal(result.waiting_most, 9);
    assert_int_equal(result.lost, 90);
    assert_near(sample_percentile(&result.taken_s, 1), 0.010, 1e-9,
                "the last of those in the room");
    traffic_finish(&result);
}

static void test_the_same_seed(void **state)
{
    (void)state;
    struct traffic_setup setup = slack(300, 330);
    struct traffic_result one = run(&setup), two = run(&setup);
    assert_int_equal(one.calls, two.calls);
    assert_true(sample_mean(&one.taken_s) <= sample_mean(&two.taken_s));
    setup.seed++;
    struct traffic_result other = run(&setup);
    assert_int_not_equal(one.messages, other.messages);
    traffic_finish(&one);
    traffic_finish(&two);
    traffic_finish(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_earliest_first),
        cmocka_unit_test(test_percentiles),
        cmocka_unit_test(test_mm1),
        cmocka_unit_test(test_md1),
        cmocka_unit_test(test_measured_times),
        cmocka_unit_test(test_being_woken),
        cmocka_unit_test(test_four_servers),
        cmocka_unit_test(test_turns_share_what_they_cost),
        cmocka_unit_test(test_a_short_outage_loses_nothing),
        cmocka_unit_test(test_a_long_outage_loses_its_beginning),
        cmocka_unit_test(test_a_stall_makes_work),
        cmocka_unit_test(test_a_kill_breaks_what_waits),
        cmocka_unit_test(test_jitter_parts_the_herd),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_the_same_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
