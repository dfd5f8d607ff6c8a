#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/adapter.h"
#include "adapters/null.h"
#include "bot/base/mem.h"
#include "bot/host/metrics.h"
#include "bot/host/outbox.h"
#include "bot/host/program.h"
#include "bot/host/store.h"
#include "tests/unit/memstore.h"
#include "tests/unit/switchboard.h"

static void ask(const char *adapter, const char *conversation)
{
    static int number;
    char person[20];
    struct message one = message(conversation, choice);
    snprintf(person, sizeof(person), "p%d", number++);
    one.adapter = adapter;
    one.person = person;
    one.address = conversation;
    assert_int_equal(say(&one), SETTLED_ANSWERED);
}

static void report_last(enum delivered how, uint64_t after_ms)
{
    dispatch_delivered(dispatch, slack->sent[slack->sent_count - 1].id, how, after_ms, "cause",
                       now_ms);
    turn();
}

static void test_order_within_a_conversation(void **state)
{
    (void)state;
    ask("slack", "C1");
    ask("slack", "C1");
    ask("slack", "C2");
    assert_int_equal(slack->sent_count, 2);
    assert_string_equal(slack->sent[1].conversation, "C2");
    /* The first fails for a while: the second of its conversation waits with it. */
    dispatch_delivered(dispatch, slack->sent[0].id, DELIVERY_LATER, 60000, NULL, now_ms);
    turn();
    now_ms += 59000;
    turn();
    assert_int_equal(slack->sent_count, 2);
    now_ms += 1000;
    turn();
    assert_int_equal(slack->sent_count, 3);
    assert_int_equal(slack->sent[2].id, slack->sent[0].id);
    assert_int_equal(slack->sent[2].attempts, 0);
    report_last(DELIVERED, 0);
    turn();
    assert_int_equal(slack->sent_count, 4);
    assert_string_equal(slack->sent[3].conversation, "C1");
}

static void test_back_off(void **state)
{
    (void)state;
    int64_t last = 0;
    ask("slack", "C1");
    for (int i = 1; i <= 12; i++) {
        report_last(DELIVERY_LATER, 0);
        int64_t next = store_outbox_next(store, "slack"), wait = next - now_ms;
        int64_t full = i < 11 ? (int64_t)OUTBOX_RETRY_MS << (i - 1) : OUTBOX_RETRY_MAX_MS;
        full = full < OUTBOX_RETRY_MAX_MS ? full : OUTBOX_RETRY_MAX_MS;
        assert_in_range(wait, full * 3 / 4, full * 5 / 4);
        assert_true(wait != last); /* by chance a little more or less */
        last = wait;
        assert_true(turn() == next);
        now_ms = next - 1;
        turn();
        assert_int_equal(slack->sent_count, i);
        now_ms = next;
        turn();
        assert_int_equal(slack->sent_count, i + 1);
    }
    assert_int_equal(metrics_value(metrics, METRIC_RETRIES, "slack"), 12);
}

/* The clock was a day ahead and is set right: nobody waits a day for an answer. */
static void test_clock_set_back(void **state)
{
    (void)state;
    ask("slack", "C1");
    report_last(DELIVERY_LATER, 0);
    ask("slack", "C1"); /* waits behind it */
    now_ms -= 24 * HOUR;
    turn();
    assert_int_equal(slack->sent_count, 1);
    slack->reports = true;
    dispatch_expire(dispatch, now_ms); /* each minute */
    turn();
    turn();
    assert_int_equal(slack->sent_count, 2);
    now_ms += 60 * 1000;
    dispatch_expire(dispatch, now_ms);
    turn();
    turn();
    assert_int_equal(slack->sent_count, 3);
    assert_int_equal(dispatch_waiting(dispatch), 0);
}

/* Rate limits, however many: whoever says when to come back means it. */
static void test_being_told_when_is_no_failure(void **state)
{
    (void)state;
    ask("slack", "C1");
    for (int i = 0; i < 20; i++) {
        report_last(DELIVERY_LATER, 1000);
        now_ms += 1000;
        turn();
        assert_int_equal(slack->sent_count, i + 2);
        assert_int_equal(slack->sent[i + 1].attempts, 0);
        assert_false(slack->sent[i + 1].unsure);
    }
    report_last(DELIVERY_LATER, 0);
    assert_in_range(store_outbox_next(store, "slack") - now_ms, OUTBOX_RETRY_MS / 2,
                    2 * OUTBOX_RETRY_MS);
}

static void test_backoff_is_bounded(void **state)
{
    (void)state;
    for (uint32_t attempts = 0; attempts < 100; attempts++) {
        assert_in_range(outbox_backoff_ms(attempts, attempts * 77777777u), OUTBOX_RETRY_MS * 3 / 4,
                        OUTBOX_RETRY_MAX_MS * 5 / 4);
    }
    assert_in_range(outbox_backoff_ms(UINT32_MAX, UINT64_MAX), OUTBOX_RETRY_MAX_MS * 3 / 4,
                    OUTBOX_RETRY_MAX_MS * 5 / 4);
}

static void test_unsure_stays_unsure(void **state)
{
    (void)state;
    ask("slack", "C1");
    report_last(DELIVERY_UNSURE, 10);
    now_ms += OUTBOX_UNSURE_MS - 1; /* it may still be on its way */
    turn();
    assert_int_equal(slack->sent_count, 1);
    now_ms += 1;
    turn();
    assert_int_equal(slack->sent_count, 2);
    assert_true(slack->sent[1].unsure);
    report_last(DELIVERY_LATER, 10); /* a rate limit, say: nobody has looked yet */
    now_ms += OUTBOX_UNSURE_MS;
    turn();
    assert_true(slack->sent[2].unsure);
    assert_int_equal(slack->sent[2].attempts, 1);
}

static void test_killed_while_under_way(void **state)
{
    (void)state;
    ask("slack", "C1");
    assert_int_equal(slack->sent_count, 1);
    restart();
    turn();
    assert_int_equal(slack->sent_count, 1);
    assert_true(slack->sent[0].unsure);
    assert_int_equal(slack->sent[0].attempts, 1);
}

static void test_killed_before_the_commit(void **state)
{
    (void)state;
    struct message one = message("C1", choice);
    struct fate fate;
    one.delivery = "E1";
    take(&one, &fate);
    restart();
    assert_int_equal(fate.calls, 0); /* so nobody was told that it arrived */
    assert_int_equal(say(&one), SETTLED_ANSWERED);
    assert_int_equal(slack->sent_count, 1);
}

static void test_refused(void **state)
{
    (void)state;
    ask("slack", "C1");
    report_last(DELIVERY_REFUSED, 0);
    assert_int_equal(dispatch_waiting(dispatch), 0);
    assert_int_equal(metrics_value(metrics, METRIC_GIVEN_UP, "slack"), 1);
}

/* An adapter may have nobody to send to: what an older one of its name left is refused. */
static void test_refused_by_one_that_sends_nothing(void **state)
{
    (void)state;
    struct adapter_ops mute = *slack->adapter.ops;
    mute.send = NULL;
    slack->adapter.ops = &mute;
    ask("slack", "C1");
    turn();
    assert_int_equal(dispatch_waiting(dispatch), 0);
    assert_int_equal(metrics_value(metrics, METRIC_GIVEN_UP, "slack"), 1);
}

static void test_given_up(void **state)
{
    (void)state;
    int64_t begun = now_ms, most = (int64_t)program.config.deliver_hours * HOUR;
    ask("slack", "C1");
    while (dispatch_waiting(dispatch) > 0) {
        report_last(DELIVERY_LATER, HOUR);
        now_ms += HOUR;
        turn();
        assert_true(now_ms - begun <= most + HOUR);
    }
    assert_true(now_ms - begun >= most);
    assert_int_equal(metrics_value(metrics, METRIC_GIVEN_UP, "slack"), 1);
}

/* An adapter that is not configured any more asks for nothing: its deliveries still end. */
static void test_given_up_without_an_adapter(void **state)
{
    (void)state;
    ask("irc a", "C1");
    dispatch_detach(dispatch, &irc->adapter, now_ms);
    turn();
    now_ms += (int64_t)program.config.deliver_hours * HOUR;
    dispatch_expire(dispatch, now_ms);
    turn();
    assert_int_equal(dispatch_waiting(dispatch), 1);
    now_ms += 1;
    dispatch_expire(dispatch, now_ms);
    turn();
    turn();
    assert_int_equal(dispatch_waiting(dispatch), 0);
    assert_int_equal(metrics_value(metrics, METRIC_GIVEN_UP, "irc a"), 1);
}

static void test_too_old_when_its_turn_comes(void **state)
{
    (void)state;
    slack->unready = true;
    ask("slack", "C1");
    now_ms += (int64_t)program.config.deliver_hours * HOUR + 1;
    slack->unready = false;
    turn();
    turn();
    assert_int_equal(slack->sent_count, 0);
    assert_int_equal(dispatch_waiting(dispatch), 0);
    assert_int_equal(metrics_value(metrics, METRIC_GIVEN_UP, "slack"), 1);
}

static void test_reports_at_once(void **state)
{
    (void)state;
    slack->reports = true;
    slack->how = DELIVERED;
    ask("slack", "C1");
    ask("slack", "C1");
    assert_true(turn() == INT64_MAX);
    assert_int_equal(slack->sent_count, 2);
    assert_int_equal(dispatch_waiting(dispatch), 0);
}

static void test_reports_of_strangers(void **state)
{
    (void)state;
    dispatch_delivered(dispatch, 77, DELIVERED, 0, NULL, now_ms);
    ask("slack", "C1");
    report_last(DELIVERED, 0);
    report_last(DELIVERED, 0); /* twice */
    assert_int_equal(metrics_value(metrics, METRIC_DELIVERIES, "slack"), 1);
}

/* A network that is down: nothing is read or written for it, and the others go on. */
static void test_an_adapter_that_is_not_ready(void **state)
{
    (void)state;
    irc->unready = true;
    irc->after_ms = 7000;
    for (int i = 0; i < 5; i++) {
        char conversation[20];
        snprintf(conversation, sizeof(conversation), "C%d", i);
        ask("irc a", conversation);
    }
    assert_int_equal(irc->sent_count, 0);
    size_t calls = memstore_calls(store);
    assert_true(turn() == now_ms + 7000);
    assert_true(turn() == now_ms + 7000);
    assert_int_equal(memstore_calls(store), calls);
    assert_int_equal(memstore_row(store, 0)->attempts, 0);
    ask("slack", "C1");
    assert_int_equal(slack->sent_count, 1);
    irc->unready = false;
    turn();
    assert_int_equal(irc->sent_count, 5);
    assert_int_equal(irc->sent[0].attempts, 0);
    assert_false(irc->sent[0].unsure);
}

static void test_a_delivery_that_has_to_wait(void **state)
{
    (void)state;
    slack->unready_each = true;
    slack->after_ms = 300;
    ask("slack", "C1");
    assert_int_equal(slack->sent_count, 0);
    assert_true(turn() == now_ms + 300);
    slack->unready_each = false;
    turn();
    assert_int_equal(slack->sent_count, 0);
    now_ms += 300;
    turn();
    assert_int_equal(slack->sent_count, 1);
    assert_int_equal(slack->sent[0].attempts, 0);
    assert_false(slack->sent[0].unsure);
}

static void test_a_send_that_is_put_off(void **state)
{
    (void)state;
    slack->refuses = true;
    slack->after_ms = 300;
    ask("slack", "C1");
    assert_true(turn() == now_ms + 300);
    assert_int_equal(memstore_row(store, 0)->attempts, 0);
    assert_false(memstore_row(store, 0)->under_way);
    slack->refuses = false;
    now_ms += 300;
    turn();
    assert_int_equal(slack->sent_count, 1);
    assert_false(slack->sent[0].unsure);
}

static void test_detached_while_under_way(void **state)
{
    (void)state;
    ask("slack", "C1");
    dispatch_detach(dispatch, &slack->adapter, now_ms);
    turn();
    null_destroy(slack);
    slack = null_create("slack");
    slack->dispatch = dispatch;
    dispatch_attach(dispatch, &slack->adapter);
    now_ms += OUTBOX_UNSURE_MS;
    turn();
    assert_int_equal(slack->sent_count, 1);
    assert_true(slack->sent[0].unsure);
}

static void test_many_leave_in_pieces(void **state)
{
    (void)state;
    slack->unready = true;
    for (int i = 0; i < OUTBOX_BATCH + 20; i++) {
        char conversation[20];
        snprintf(conversation, sizeof(conversation), "C%d", i);
        ask("slack", conversation);
    }
    slack->unready = false;
    assert_true(turn() <= now_ms);
    assert_int_equal(slack->sent_count, OUTBOX_BATCH);
    assert_true(turn() == INT64_MAX);
    assert_int_equal(slack->sent_count, OUTBOX_BATCH + 20);
}

static void test_a_store_that_lies_does_not_make_it_spin(void **state)
{
    (void)state;
    memstore_lie(store, now_ms - 1);
    dispatch_commit(dispatch, now_ms);
    assert_true(dispatch_send(dispatch, now_ms) > now_ms);
    memstore_lie(store, 0);
}

/* ---- a store in trouble ---- */

static void test_no_answer_without_a_commit(void **state)
{
    (void)state;
    struct message one = message("C1", choice);
    struct fate first, copy, later;
    one.delivery = "E1";
    take(&one, &first);
    take(&one, &copy);
    memstore_fail_at(store, 1);
    dispatch_commit(dispatch, now_ms);
    assert_int_equal(first.how, SETTLED_FAILED);
    assert_int_equal(copy.how, SETTLED_FAILED); /* known, but of something that is gone */
    assert_false(dispatch_healthy(dispatch));
    dispatch_send(dispatch, now_ms);
    assert_int_equal(slack->sent_count, 0);
    take(&one, &later);
    turn();
    assert_int_equal(later.how, SETTLED_ANSWERED);
    assert_true(dispatch_healthy(dispatch));
    assert_true(turn() == INT64_MAX); /* the turn before took marks back, no more */
    assert_int_equal(slack->sent_count, 1);
    assert_int_equal(metrics_value(metrics, METRIC_COMMITS, "failed"), 1);
    assert_int_equal(metrics_value(metrics, METRIC_MESSAGES, "slack"), 1);
}

static void test_results_survive_a_failed_commit(void **state)
{
    (void)state;
    ask("slack", "C1");
    dispatch_delivered(dispatch, slack->sent[0].id, DELIVERED, 0, NULL, now_ms);
    for (size_t n = 1; n <= 3; n++) {
        memstore_fail_at(store, n);
        assert_true(turn() == now_ms + OUTBOX_RETRY_MS); /* not at full speed */
        assert_int_equal(dispatch_waiting(dispatch), 1);
    }
    memstore_fail_at(store, 0);
    turn();
    assert_int_equal(dispatch_waiting(dispatch), 0);
    assert_int_equal(slack->sent_count, 1);
    assert_int_equal(metrics_value(metrics, METRIC_DELIVERIES, "slack"), 1);
}

/* What waits is marked and taken back in each turn of a full disk: it grows by nothing for that. */
static void test_a_disk_that_stays_full(void **state)
{
    enum { WAITING = 8, TURNS = 50 };
    (void)state;
    slack->reports = slack->unready = true;
    for (int i = 0; i < WAITING; i++) {
        char conversation[8];
        snprintf(conversation, sizeof(conversation), "C%d", i);
        ask("slack", conversation);
    }
    slack->unready = false;
    memstore_fill(store, true);
    for (int i = 0; i < TURNS; i++) {
        now_ms += OUTBOX_RETRY_MS;
        turn();
        assert_in_range(dispatch_under_way(dispatch), 0, WAITING);
    }
    memstore_fill(store, false);
    for (int i = 0; i < 3; i++) {
        turn();
    }
    assert_int_equal(slack->sent_count, WAITING); /* each once */
    assert_int_equal(slack->sent[0].attempts, 0);
    assert_false(slack->sent[0].unsure);
    assert_int_equal(dispatch_waiting(dispatch), 0);
}

/* As a sender does that was told to try again. */
static enum settled say_until_heard(const struct message *message)
{
    enum settled how = say(message);
    return how == SETTLED_FAILED ? say(message) : how;
}

/*
 * The n-th call of the store fails, for every n until none does: the sender tries again until it is
 * told that it arrived, and whoever asked gets exactly one answer.
 */
static void test_every_call_fails_once(void **state)
{
    (void)state;
    size_t made = 1;
    for (size_t n = 1; n <= made; n++) {
        tear_down(NULL);
        set_up(NULL);
        slack->reports = true;
        slack->how = DELIVERED;
        memstore_fail_at(store, n);
        struct message messages[] = {message("C1", choice), message("C1", unclear),
                                     message("C2", "what is the best pizza dough?")};
        for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
            char delivery[10];
            snprintf(delivery, sizeof(delivery), "E%zu", i);
            messages[i].delivery = delivery;
            assert_int_equal(say_until_heard(&messages[i]), SETTLED_ANSWERED);
            assert_int_equal(say_until_heard(&messages[i]), SETTLED_KNOWN);
            now_ms += OUTBOX_RETRY_MS;
            turn();
        }
        for (int i = 0; i < 5; i++) {
            turn();
        }
        assert_int_equal(dispatch_waiting(dispatch), 0);
        assert_int_equal(slack->sent_count, 3);
        assert_string_equal(memstore_gaps(store), "unknown:1 ");
        made = n == 1 ? memstore_calls(store) : made;
    }
    assert_true(made > 30);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_order_within_a_conversation),
        TEST(test_back_off),
        TEST(test_clock_set_back),
        TEST(test_being_told_when_is_no_failure),
        TEST(test_backoff_is_bounded),
        TEST(test_unsure_stays_unsure),
        TEST(test_killed_while_under_way),
        TEST(test_killed_before_the_commit),
        TEST(test_refused),
        TEST(test_refused_by_one_that_sends_nothing),
        TEST(test_given_up),
        TEST(test_given_up_without_an_adapter),
        TEST(test_too_old_when_its_turn_comes),
        TEST(test_reports_at_once),
        TEST(test_reports_of_strangers),
        TEST(test_an_adapter_that_is_not_ready),
        TEST(test_a_delivery_that_has_to_wait),
        TEST(test_a_send_that_is_put_off),
        TEST(test_detached_while_under_way),
        TEST(test_many_leave_in_pieces),
        TEST(test_a_store_that_lies_does_not_make_it_spin),
        TEST(test_no_answer_without_a_commit),
        TEST(test_results_survive_a_failed_commit),
        TEST(test_a_disk_that_stays_full),
        TEST(test_every_call_fails_once),
    };
    return cmocka_run_group_tests(tests, open_program, close_program);
}
