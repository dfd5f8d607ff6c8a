#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/null.h"
#include "bot/advisor/advisor.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/dispatch.h"
#include "bot/host/guard.h"
#include "bot/host/log.h"
#include "bot/host/metrics.h"
#include "bot/host/outbox.h"
#include "bot/host/program.h"
#include "bot/host/store.h"
#include "knowledge/load.h"
#include "tests/unit/memstore.h"

enum { HOUR = 3600 * 1000 };

static struct program program;
static struct store *store;
static struct metrics *metrics;
static struct dispatch *dispatch;
static struct null_adapter *slack, *irc;
static int64_t now_ms;

/* What became of a message, as its adapter learns it. */
struct fate {
    int calls;
    enum settled how;
    bool answered; /* an answer was given along */
    char payload[2400];
};

static void start(void)
{
    const struct dispatch_setup setup = {&program, store, metrics};
    dispatch = dispatch_create(&setup);
    slack = null_create("slack");
    irc = null_create("irc a");
    slack->dispatch = irc->dispatch = dispatch;
    dispatch_attach(dispatch, &slack->adapter);
    dispatch_attach(dispatch, &irc->adapter);
}

static void stop(void)
{
    dispatch_destroy(dispatch);
    null_destroy(slack);
    null_destroy(irc);
}

static int set_up(void **state)
{
    (void)state;
    now_ms = 1700000000000;
    metrics = metrics_create();
    store_open("", &store, NULL);
    start();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stop();
    store_close(store);
    metrics_destroy(metrics);
    return 0;
}

/* kill -9: what was in memory is gone. */
static void restart(void)
{
    stop();
    memstore_kill(store, now_ms);
    start();
}

static int open_program(void **state)
{
    static const char *const packs[] = {WHETHER_SOURCE "/knowledge"};
    const struct program_options options = {.packs = packs, .pack_count = 1};
    struct fault_list faults = {0};
    (void)state;
    log_set_up(LOG_LEVEL_ERROR + 1, LOG_FORMAT_LOGFMT, false); /* nothing: faults are meant here */
    return program_open(&program, &options, &faults) ? 0 : -1;
}

static int close_program(void **state)
{
    (void)state;
    program_close(&program);
    return 0;
}

static void on_settled(void *context, enum settled how, const struct answer *answer)
{
    struct fate *fate = context;
    fate->calls++;
    fate->how = how;
    fate->answered = answer != NULL;
    if (answer != NULL) {
        snprintf(fate->payload, sizeof(fate->payload), "%.*s", (int)answer->payload_len,
                 answer->payload);
    }
}

static struct message message(const char *conversation, const char *text)
{
    return (struct message){.adapter = "slack",
                            .surface = SURFACE_MENTION,
                            .conversation = conversation,
                            .person = "ada",
                            .address = "C1",
                            .text = text,
                            .len = strlen(text)};
}

static void take(const struct message *message, struct fate *fate)
{
    *fate = (struct fate){0};
    assert_true(dispatch_take(dispatch, message, now_ms, on_settled, fate));
}

static int64_t turn(void)
{
    slack->now_ms = irc->now_ms = now_ms;
    dispatch_commit(dispatch, now_ms);
    return dispatch_send(dispatch, now_ms);
}

/* One message, one turn. */
static enum settled say(const struct message *message)
{
    struct fate fate;
    take(message, &fate);
    turn();
    assert_int_equal(fate.calls, 1);
    return fate.how;
}

static const char choice[] = "Node or Django? The frontend is React.";
static const char unclear[] = "node or django?";

/* ---- the way in ---- */

static void test_answers_after_the_commit(void **state)
{
    (void)state;
    struct message one = message("C1/t1", choice);
    struct fate fate;
    take(&one, &fate);
    assert_int_equal(fate.calls, 0);
    assert_int_equal(memstore_commits(store), 0);
    dispatch_commit(dispatch, now_ms);
    assert_int_equal(fate.calls, 1);
    assert_int_equal(fate.how, SETTLED_ANSWERED);
    assert_false(fate.answered);
    assert_int_equal(memstore_commits(store), 1);
    /* Marked as under way in the same transaction, and only then handed over. */
    assert_true(memstore_row(store, 0)->under_way);
    assert_int_equal(slack->sent_count, 0);
    dispatch_send(dispatch, now_ms);
    assert_int_equal(slack->sent_count, 1);
    assert_string_equal(slack->sent[0].address, "C1");
    assert_string_equal(slack->sent[0].conversation, "C1/t1");
    assert_non_null(strstr(slack->sent[0].payload, "Node"));
    assert_int_equal(slack->sent[0].attempts, 0);
    assert_false(slack->sent[0].unsure);
    assert_int_equal(irc->sent_count, 0);
    dispatch_delivered(dispatch, slack->sent[0].id, DELIVERED, 0, NULL, now_ms);
    assert_int_equal(dispatch_waiting(dispatch), 1);
    assert_true(turn() == INT64_MAX);
    assert_int_equal(dispatch_waiting(dispatch), 0);
    assert_int_equal(metrics_value(metrics, METRIC_DELIVERIES, "slack"), 1);
    assert_int_equal(metrics_value(metrics, METRIC_MESSAGES, "slack"), 1);
    assert_int_equal(metrics_value(metrics, METRIC_QUESTIONS, "verdict"), 1);
}

static void test_nothing_to_do_is_nothing_written(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_true(turn() == INT64_MAX);
    }
    assert_int_equal(memstore_calls(store), 0);
}

static void test_a_turn_shares_one_transaction(void **state)
{
    (void)state;
    struct fate fates[50];
    char conversation[20], person[20];
    for (int i = 0; i < 50; i++) {
        snprintf(conversation, sizeof(conversation), "C%d", i);
        snprintf(person, sizeof(person), "p%d", i);
        struct message one = message(conversation, choice);
        one.person = person;
        take(&one, &fates[i]);
    }
    turn();
    assert_int_equal(memstore_commits(store), 1);
    assert_int_equal(slack->sent_count, 50);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(fates[i].how, SETTLED_ANSWERED);
    }
}

static void test_answer_now(void **state)
{
    (void)state;
    struct message one = message("C1", choice);
    struct fate fate;
    one.answer_now = true;
    take(&one, &fate);
    turn();
    assert_int_equal(fate.how, SETTLED_ANSWERED);
    assert_non_null(strstr(fate.payload, "Node"));
    assert_int_equal(dispatch_waiting(dispatch), 0);
    assert_int_equal(slack->sent_count, 0);
    /* On its own: nothing is remembered. */
    one.conversation = NULL;
    one.person = NULL;
    take(&one, &fate);
    turn();
    assert_int_equal(fate.how, SETTLED_ANSWERED);
}

static void test_conversations(void **state)
{
    (void)state;
    struct message first = message("C1", "The frontend is React."), why = message("C1", "why?");
    struct message other = message("C2", unclear);
    say(&first);
    struct message second = message("C1", unclear);
    say(&second);
    dispatch_delivered(dispatch, slack->sent[0].id, DELIVERED, 0, NULL, now_ms);
    turn();
    assert_int_equal(slack->sent_count, 2);
    assert_non_null(strstr(slack->sent[1].payload, "React"));
    restart();
    /* The same after a restart: "why?" has something to explain; another place knows nothing. */
    say(&why);
    say(&other);
    turn();
    assert_int_equal(slack->sent_count, 2);
    now_ms += (int64_t)program.config.memory_days * 24 * HOUR + 1;
    struct fate fate;
    struct message later = message("C3", unclear);
    later.answer_now = true;
    take(&later, &fate);
    turn();
    char without[2400];
    snprintf(without, sizeof(without), "%s", fate.payload);
    later.conversation = "C1";
    later.person = "bob";
    take(&later, &fate);
    turn();
    assert_string_equal(fate.payload, without); /* forgotten by now */
}

static void test_a_new_conversation_about_a_pack(void **state)
{
    (void)state;
    struct message one = message("C1", "which one?");
    struct fate main, about;
    one.answer_now = true;
    take(&one, &main);
    one.conversation = "C2";
    one.pack = program.knowledge->packs[program.knowledge->main == 0 ? 1 : 0]->id;
    take(&one, &about);
    one.pack = "no-such-pack";
    struct fate none;
    take(&one, &none);
    turn();
    assert_int_equal(main.how, SETTLED_ANSWERED);
    assert_int_equal(about.how, SETTLED_ANSWERED);
    assert_string_not_equal(main.payload, about.payload);
}

/* ---- copies ---- */

static void test_copies_by_either_name(void **state)
{
    (void)state;
    static const struct {
        const char *delivery, *identity;
        enum settled how;
    } rows[] = {
        {"E1", "T1/C1/1", SETTLED_ANSWERED}, {"E1", "T1/C1/1", SETTLED_KNOWN},
        {"E2", "T1/C1/1", SETTLED_KNOWN},    {"E1", "T1/C1/9", SETTLED_KNOWN},
        {"E3", "T1/C1/2", SETTLED_ANSWERED}, {NULL, "T1/C1/2", SETTLED_KNOWN},
        {NULL, NULL, SETTLED_ANSWERED},      {NULL, NULL, SETTLED_ANSWERED},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[80];
        struct message one = message("C1", text);
        snprintf(text, sizeof(text), "Node or Django? %zu users, React.", i + 2);
        one.len = strlen(text);
        one.delivery = rows[i].delivery;
        one.identity = rows[i].identity;
        assert_int_equal(say(&one), rows[i].how);
    }
    assert_int_equal(metrics_value(metrics, METRIC_DUPLICATES, "slack"), 4);
}

static void test_copies_within_one_turn(void **state)
{
    (void)state;
    struct message one = message("C1", choice);
    struct fate first, second;
    one.identity = "T1/C1/1";
    take(&one, &first);
    take(&one, &second);
    turn();
    assert_int_equal(first.how, SETTLED_ANSWERED);
    assert_int_equal(second.how, SETTLED_KNOWN);
    assert_int_equal(slack->sent_count, 1);
}

/* One mention comes as `message` and as `app_mention`, in any order (PROTOCOLS.md S11). */
static void test_both_copies_of_a_mention(void **state)
{
    (void)state;
    static const char *const texts[] = {"so, the parser is done", choice};
    for (int order = 0; order < 2; order++) {
        for (size_t t = 0; t < ARRAY_LEN(texts); t++) {
            char identity[20];
            struct message copies[2] = {message("C1", texts[t]), message("C1", texts[t])};
            snprintf(identity, sizeof(identity), "%d/%zu", order, t);
            copies[0].surface = SURFACE_AMBIENT;
            copies[0].identity = copies[1].identity = identity;
            size_t before = dispatch_waiting(dispatch);
            enum settled one = say(&copies[order]), two = say(&copies[1 - order]);
            assert_int_equal(dispatch_waiting(dispatch) - before, 1);
            assert_int_equal((one == SETTLED_ANSWERED) + (two == SETTLED_ANSWERED), 1);
        }
    }
}

/* ---- guards ---- */

static void test_other_bots(void **state)
{
    (void)state;
    struct message one = message("C1", choice);
    one.identity = "1";
    one.from_bot = true;
    assert_int_equal(say(&one), SETTLED_GUARDED);
    assert_int_equal(memstore_calls(store), 0);
    assert_int_equal(metrics_value(metrics, METRIC_GUARDED, "bot"), 1);
    /* The key is not consumed. */
    one.from_bot = false;
    assert_int_equal(say(&one), SETTLED_ANSWERED);
}

static void test_repetition(void **state)
{
    (void)state;
    struct message one = message("C1", choice);
    for (int i = 0; i < GUARD_REPEATS_MAX; i++) {
        assert_int_equal(say(&one), SETTLED_ANSWERED);
    }
    assert_int_equal(say(&one), SETTLED_GUARDED);
    assert_int_equal(metrics_value(metrics, METRIC_GUARDED, "repeat"), 1);
    one.person = "bob";
    assert_int_equal(say(&one), SETTLED_ANSWERED);
    one.person = "ada";
    one.adapter = "irc a";
    assert_int_equal(say(&one), SETTLED_ANSWERED);
    one.adapter = "slack";
    one.person = NULL;
    for (int i = 0; i < 3 * GUARD_BURST; i++) {
        assert_int_equal(say(&one), SETTLED_ANSWERED);
    }
}

static void test_retries_are_no_repetition(void **state)
{
    (void)state;
    struct message one = message("C1", choice);
    one.delivery = "E1";
    assert_int_equal(say(&one), SETTLED_ANSWERED);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(say(&one), SETTLED_KNOWN);
    }
    one.delivery = "E2";
    assert_int_equal(say(&one), SETTLED_ANSWERED);
}

static void test_budget(void **state)
{
    (void)state;
    for (int i = 0; i <= GUARD_BURST; i++) {
        char text[80], conversation[20];
        struct message one = message(conversation, text);
        snprintf(conversation, sizeof(conversation), "C%d", i);
        snprintf(text, sizeof(text), "Node or Django for %d shops?", i);
        one.len = strlen(text);
        /* Our own answers, the same each time, stop it before. */
        assert_int_equal(say(&one), i < GUARD_ECHOES_MAX ? SETTLED_ANSWERED : SETTLED_GUARDED);
    }
    assert_int_equal(metrics_value(metrics, METRIC_GUARDED, "echo"),
                     GUARD_BURST - GUARD_ECHOES_MAX);
    assert_int_equal(metrics_value(metrics, METRIC_GUARDED, "budget"), 1);
}

/*
 * Two of us in one channel, each hearing what the other says as talk of a person: both fall silent.
 */
static void test_two_of_us(void **state)
{
    (void)state;
    const char *heard = choice;
    char text[2400];
    int said = 0;
    for (int i = 0; i < 40; i++) {
        struct message one = message("C1", heard);
        one.adapter = i % 2 == 0 ? "slack" : "irc a";
        one.person = i % 2 == 0 ? "bot one" : "bot two";
        one.surface = SURFACE_MENTION;
        one.answer_now = true;
        struct fate fate;
        take(&one, &fate);
        turn();
        now_ms += 500;
        if (fate.how == SETTLED_ANSWERED) {
            said++;
            snprintf(text, sizeof(text), "%s", fate.payload);
            heard = text;
        }
    }
    assert_in_range(said, 1, 4 * GUARD_ECHOES_MAX);
}

static void test_keys_over_their_limits(void **state)
{
    (void)state;
    static char longest[MESSAGE_ADDRESS_MAX + 2];
    memset(longest, 'x', sizeof(longest) - 1);
    for (int i = 0; i < 5; i++) {
        struct message one = message("C1", choice);
        const char **const fields[] = {&one.delivery, &one.identity, &one.conversation, &one.person,
                                       &one.address};
        *fields[i] = longest;
        assert_int_equal(say(&one), SETTLED_SILENT);
    }
    assert_int_equal(dispatch_waiting(dispatch), 0);
    assert_int_equal(metrics_value(metrics, METRIC_REJECTED, "key_too_long"), 5);
}

static void test_a_full_turn(void **state)
{
    (void)state;
    static struct fate fates[DISPATCH_TURN_MAX + 1];
    struct message one = message("C1", "so, the parser is done");
    one.surface = SURFACE_AMBIENT;
    for (size_t i = 0; i < DISPATCH_TURN_MAX; i++) {
        take(&one, &fates[i]);
    }
    assert_false(dispatch_take(dispatch, &one, now_ms, on_settled, &fates[DISPATCH_TURN_MAX]));
    turn();
    assert_int_equal(fates[0].how, SETTLED_SILENT);
    assert_int_equal(fates[DISPATCH_TURN_MAX - 1].calls, 1);
    assert_int_equal(fates[DISPATCH_TURN_MAX].calls, 0);
    take(&one, &fates[0]);
    turn();
    assert_int_equal(fates[0].calls, 1);
}

static void test_any_bytes(void **state)
{
    (void)state;
    struct message one = message("C1", "\xff\0\xc3 Node or Django\r\n\x01");
    one.len = 22;
    say(&one);
    one.text = "";
    one.len = 0;
    say(&one);
    one.text = NULL;
    say(&one);
}

static void test_gaps(void **state)
{
    (void)state;
    struct message unknown = message("C1", "what is the best pizza dough?");
    struct message bare = message("C2", unclear), clear = message("C3", choice);
    say(&unknown);
    say(&bare);
    say(&bare);
    say(&clear);
    assert_string_equal(memstore_gaps(store), "unknown:1 ask:2 ");
    dispatch_gap(dispatch, "wrong", "x", 1, now_ms);
    turn();
    assert_string_equal(memstore_gaps(store), "unknown:1 ask:2 wrong:1 ");
}

static void test_an_answer_that_fits_nowhere(void **state)
{
    (void)state;
    struct message one = message("C1", choice);
    slack->formats_not = true;
    assert_int_equal(say(&one), SETTLED_SILENT);
    assert_int_equal(dispatch_waiting(dispatch), 0);
    assert_int_equal(metrics_value(metrics, METRIC_GIVEN_UP, "slack"), 1);
}

/* ---- the way out ---- */

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
    assert_int_equal(slack->sent[2].attempts, 1);
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
    now_ms += 10;
    turn();
    assert_int_equal(slack->sent_count, 2);
    assert_true(slack->sent[1].unsure);
    report_last(DELIVERY_LATER, 10); /* a rate limit, say: nobody has looked yet */
    now_ms += 10;
    turn();
    assert_true(slack->sent[2].unsure);
    assert_int_equal(slack->sent[2].attempts, 2);
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
    now_ms += 1;
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

static void test_notes(void **state)
{
    (void)state;
    char bytes[20];
    size_t len = 9;
    assert_true(dispatch_note_get(dispatch, "irc a", "ada", now_ms, bytes, sizeof(bytes), &len));
    assert_int_equal(len, 0);
    assert_true(dispatch_note_put(dispatch, "irc a", "ada", "rest", 4, now_ms + 1000));
    turn();
    restart();
    assert_true(dispatch_note_get(dispatch, "irc a", "ada", now_ms, bytes, sizeof(bytes), &len));
    assert_int_equal(len, 4);
    assert_memory_equal(bytes, "rest", 4);
    memstore_fail_at(store, 1);
    assert_false(dispatch_note_get(dispatch, "irc a", "ada", now_ms, bytes, sizeof(bytes), &len));
    assert_false(dispatch_healthy(dispatch));
}

static void test_reload(void **state)
{
    (void)state;
    struct message first = message("C1", choice), second = message("C1", "why?");
    struct fate fate;
    say(&first);
    /* The same pack in another place, among other numbers: the conversation goes on. */
    const struct pack *packs[2] = {program.knowledge->packs[0], program.knowledge->packs[1]};
    program.knowledge->packs[0] = packs[1];
    program.knowledge->packs[1] = packs[0];
    dispatch_reload(dispatch);
    program.knowledge->packs[0] = packs[0];
    program.knowledge->packs[1] = packs[1];
    dispatch_reload(dispatch);
    second.answer_now = true;
    take(&second, &fate);
    turn();
    assert_non_null(strstr(fate.payload, "React"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_answers_after_the_commit),
        TEST(test_nothing_to_do_is_nothing_written),
        TEST(test_a_turn_shares_one_transaction),
        TEST(test_answer_now),
        TEST(test_conversations),
        TEST(test_a_new_conversation_about_a_pack),
        TEST(test_copies_by_either_name),
        TEST(test_copies_within_one_turn),
        TEST(test_both_copies_of_a_mention),
        TEST(test_other_bots),
        TEST(test_repetition),
        TEST(test_retries_are_no_repetition),
        TEST(test_budget),
        TEST(test_two_of_us),
        TEST(test_keys_over_their_limits),
        TEST(test_a_full_turn),
        TEST(test_any_bytes),
        TEST(test_gaps),
        TEST(test_an_answer_that_fits_nowhere),
        TEST(test_order_within_a_conversation),
        TEST(test_back_off),
        TEST(test_backoff_is_bounded),
        TEST(test_unsure_stays_unsure),
        TEST(test_killed_while_under_way),
        TEST(test_killed_before_the_commit),
        TEST(test_refused),
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
        TEST(test_every_call_fails_once),
        TEST(test_notes),
        TEST(test_reload),
    };
    return cmocka_run_group_tests(tests, open_program, close_program);
}
