#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/null.h"
#include "bot/base/mem.h"
#include "bot/host/guard.h"
#include "bot/host/metrics.h"
#include "bot/host/program.h"
#include "bot/host/store.h"
#include "bot/host/view.h"
#include "knowledge/pack.h"
#include "tests/unit/memstore.h"
#include "tests/unit/switchboard.h"

static void test_answers_after_the_commit(void **state)
{
    (void)state;
    struct message one = message("C1/t1", choice);
    struct fate fate;
    if (shared) {
        return; /* test-dispatch-shared.c: it leaves in the next turn */
    }
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
    assert_int_equal(memstore_commits(store), shared ? 2 : 1); /* the second to mark them */
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

/* What is only followed gets an answer when the verdict is another, and is heard all the same. */
static void test_heed(void **state)
{
    (void)state;
    struct message talk = message("C1", "The frontend is React, bids come in live.");
    talk.heed = HEED_FOLLOW_UP;
    assert_int_equal(say(&talk), SETTLED_SILENT);
    struct message why = message("C1", "why?");
    why.heed = HEED_FOLLOW_UP;
    assert_int_equal(say(&why), SETTLED_SILENT);
    assert_int_equal(slack->sent_count, 0);
    struct message asks = message("C1", "Node or Django for an auction with live bids?");
    assert_int_equal(say(&asks), SETTLED_ANSWERED);
    dispatch_delivered(dispatch, slack->sent[0].id, DELIVERED, 0, NULL, now_ms);
    /* The same verdict; small talk; then facts that turn it. */
    assert_int_equal(say(&talk), SETTLED_SILENT);
    assert_int_equal(say(&why), SETTLED_SILENT);
    struct message turn_it = message("C1", "No live bids any more, and no React. It is an internal "
                                           "business app of CRUD forms with an admin panel.");
    turn_it.heed = HEED_FOLLOW_UP;
    assert_int_equal(say(&turn_it), SETTLED_ANSWERED);
    assert_int_equal(slack->sent_count, 2);
    assert_non_null(strstr(slack->sent[1].payload, "Django"));
    /* HEED_CHANGE begins a conversation. */
    struct message edit = message("C2", choice);
    edit.heed = HEED_CHANGE;
    assert_int_equal(say(&edit), SETTLED_ANSWERED);
    assert_int_equal(say(&edit), SETTLED_SILENT);
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
        char text[80] = "";
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

/* Whose turn cannot be kept is told to come again, a guard or not: the claim is gone with it. */
static void test_a_guarded_turn_that_fails(void **state)
{
    (void)state;
    struct message one = message("C1", choice);
    size_t failures = 0;
    for (int i = 0; i < GUARD_REPEATS_MAX; i++) {
        assert_int_equal(say(&one), SETTLED_ANSWERED);
    }
    one.identity = "guarded";
    for (size_t n = 1; n < 20; n++) {
        size_t before = memstore_calls(store);
        memstore_fail_at(store, n);
        enum settled how = say(&one);
        bool failed = memstore_calls(store) - before >= n;
        memstore_fail_at(store, 0);
        assert_int_equal(how, failed ? SETTLED_FAILED : SETTLED_GUARDED);
        failures += failed;
        if (!failed) {
            break;
        }
    }
    assert_true(failures > 0);
}

/* However often a turn fails: its guards forget it, and whoever comes again is heard. */
static void test_a_failed_turn_guards_nobody(void **state)
{
    (void)state;
    struct message one = message("C1", choice);
    for (int i = 0; i < 3 * GUARD_BURST; i++) {
        memstore_fail_at(store, 3);
        assert_int_equal(say(&one), SETTLED_FAILED);
    }
    memstore_fail_at(store, 0);
    for (int i = 0; i < GUARD_REPEATS_MAX; i++) {
        assert_int_equal(say(&one), SETTLED_ANSWERED);
    }
    assert_int_equal(metrics_value(metrics, METRIC_GUARDED, "repeat"), 0);
    assert_int_equal(say(&one), SETTLED_GUARDED);
}

/* A person is told once that there will be no more; whoever did not ask, and machines, are not. */
static void test_i_stop_here(void **state)
{
    (void)state;
    struct message one = message("C1", choice);
    slack->reports = true;
    for (int i = 0; i < GUARD_REPEATS_MAX + 6; i++) {
        say(&one);
    }
    turn();
    assert_int_equal(slack->sent_count, GUARD_REPEATS_MAX + 1);
    assert_non_null(strstr(slack->sent[GUARD_REPEATS_MAX].payload, "I stop here"));
    assert_string_equal(slack->sent[GUARD_REPEATS_MAX].address, "C1");
    /* Again for another guard, or in another place, it stays quiet; an hour later it says so. */
    one.conversation = "C2";
    one.address = "C2";
    say(&one);
    now_ms += GUARD_TOLD_MS;
    for (int i = 0; i < GUARD_REPEATS_MAX + 6; i++) {
        say(&one);
    }
    turn();
    assert_int_equal(slack->sent_count, 2 * (GUARD_REPEATS_MAX + 1));
    one = message("C3", choice);
    one.surface = SURFACE_AMBIENT;
    one.person = "bob";
    for (int i = 0; i < 5; i++) {
        say(&one);
    }
    one.surface = SURFACE_MENTION;
    one.person = "a program";
    one.from_bot = true;
    for (int i = 0; i < 2 * GUARD_BURST; i++) {
        say(&one);
    }
    turn();
    assert_int_equal(slack->sent_count, 2 * (GUARD_REPEATS_MAX + 1) + 1);
}

/*
 * A bridge, another bot or a person who quotes: what we have said ourselves is no question, unless
 * it is said to us. The source's title alone would pass for one.
 */
static void test_our_words_come_back(void **state)
{
    (void)state;
    static const char cited[] = "<bot> Source: Node.js or Django: Which Backend Should You Choose?";
    struct message heard = message("C1", choice), back = message("C2", cited), asks;
    heard.surface = back.surface = SURFACE_AMBIENT;
    back.person = "bridge";
    assert_int_equal(say(&back), SETTLED_GUARDED);
    struct fate fate;
    heard.answer_now = true;
    take(&heard, &fate);
    turn();
    assert_int_equal(fate.how, SETTLED_ANSWERED);
    back.text = fate.payload;
    back.len = strlen(fate.payload);
    assert_int_equal(say(&back), SETTLED_GUARDED);
    assert_int_equal(metrics_value(metrics, METRIC_GUARDED, "own_words"), 2);
    /* Its key is not consumed: said to us, it is answered. */
    asks = back;
    asks.surface = SURFACE_MENTION;
    asks.identity = back.identity = "i1";
    assert_int_equal(say(&back), SETTLED_GUARDED);
    assert_int_equal(say(&asks), SETTLED_ANSWERED);
    heard.person = "bob";
    assert_int_equal(say(&heard), SETTLED_ANSWERED);
}

static void test_budget(void **state)
{
    (void)state;
    for (int i = 0; i <= GUARD_BURST; i++) {
        char text[80] = "", conversation[20] = "";
        struct message one = message(conversation, text);
        snprintf(conversation, sizeof(conversation), "C%d", i);
        snprintf(text, sizeof(text), "Node or Django, number %d?", i);
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
    int said = 0, last = 0;
    for (int i = 0; i < 200; i++) {
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
            last = i;
            snprintf(text, sizeof(text), "%s", fate.payload);
            heard = text;
        }
    }
    /* However their answers vary, and then for good. */
    assert_in_range(said, 1, 2 * GUARD_BURST + 6);
    assert_true(last < 60);
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
    assert_false(offer(&one, &fates[DISPATCH_TURN_MAX]));
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
    struct fate fate;
    uint64_t messages = metrics_value(metrics, METRIC_MESSAGES, "slack");
    note_wrong("x", &fate);
    assert_int_equal(fate.calls, 0); /* not before the commit */
    turn();
    assert_int_equal(fate.calls, 1);
    assert_int_equal(fate.how, SETTLED_ANSWERED);
    assert_string_equal(memstore_gaps(store), "unknown:1 ask:2 wrong:1 ");
    assert_int_equal(metrics_value(metrics, METRIC_MESSAGES, "slack"), messages);
    /* Whichever step fails, nobody is told that it was noted. */
    for (size_t n = 1; n <= 3; n++) {
        memstore_fail_at(store, n);
        note_wrong("y", &fate);
        turn();
        assert_int_equal(fate.calls, 1);
        assert_int_equal(fate.how, SETTLED_FAILED);
        assert_string_equal(memstore_gaps(store), "unknown:1 ask:2 wrong:1 ");
    }
}

static struct view looked;

static void look(const char *text, const char *facts, bool asked)
{
    const struct view_said said = {text, strlen(text), facts};
    dispatch_view(dispatch, &said, 1, asked, now_ms, &looked);
}

static void add_gap(void *context, const struct gap *gap)
{
    size_t len = strlen(context);
    snprintf((char *)context + len, 100 - len, "%s:%d ", gap->text, (int)gap->count);
}

/* What is looked at is kept nowhere; what is asked is counted, and noted if it was in vain. */
static void test_looking(void **state)
{
    (void)state;
    char gaps[100] = "";
    look(unclear, NULL, false);
    look("what is the best pizza dough?", NULL, false);
    turn();
    assert_string_equal(memstore_gaps(store), "");
    assert_int_equal(metrics_value(metrics, METRIC_QUESTIONS, "verdict"), 0);
    look(choice, NULL, true);
    assert_int_equal(looked.end, VIEW_PICK);
    assert_int_equal(metrics_value(metrics, METRIC_QUESTIONS, "verdict"), 1);
    look("what is the best pizza dough?", NULL, true);
    turn();
    assert_string_equal(memstore_gaps(store), "unknown:1 ");
    assert_int_equal(dispatch_waiting(dispatch), 0);
    assert_true(dispatch_gaps(dispatch, 10, add_gap, gaps));
    assert_string_equal(gaps, "what is the best pizza dough?:1 ");
    /* Facts by hand are no words that could be noted. */
    look("", "+none", true);
    turn();
    assert_string_equal(memstore_gaps(store), "unknown:1 ");
}

static void test_looking_while_the_store_fails(void **state)
{
    (void)state;
    char gaps[100] = "";
    for (size_t n = 1; n <= 3; n++) {
        memstore_fail_at(store, n);
        look("what is the best pizza dough?", NULL, true);
        assert_true(looked.answer.block_count > 0);
        turn();
        assert_string_equal(memstore_gaps(store), "");
    }
    memstore_fail_at(store, 1);
    assert_false(dispatch_gaps(dispatch, 10, add_gap, gaps));
    turn();
    assert_true(dispatch_gaps(dispatch, 10, add_gap, gaps));
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

/* ---- what is kept ---- */

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

/* usage: test-dispatch [shared] [readers] */
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        shared = shared || strcmp(argv[i], "shared") == 0;
        readers = strcmp(argv[i], "readers") == 0 ? 2 : readers;
    }
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_answers_after_the_commit),
        TEST(test_nothing_to_do_is_nothing_written),
        TEST(test_a_turn_shares_one_transaction),
        TEST(test_answer_now),
        TEST(test_heed),
        TEST(test_conversations),
        TEST(test_a_new_conversation_about_a_pack),
        TEST(test_copies_by_either_name),
        TEST(test_copies_within_one_turn),
        TEST(test_both_copies_of_a_mention),
        TEST(test_other_bots),
        TEST(test_repetition),
        TEST(test_retries_are_no_repetition),
        TEST(test_a_guarded_turn_that_fails),
        TEST(test_a_failed_turn_guards_nobody),
        TEST(test_i_stop_here),
        TEST(test_our_words_come_back),
        TEST(test_budget),
        TEST(test_two_of_us),
        TEST(test_keys_over_their_limits),
        TEST(test_a_full_turn),
        TEST(test_any_bytes),
        TEST(test_gaps),
        TEST(test_looking),
        TEST(test_looking_while_the_store_fails),
        TEST(test_an_answer_that_fits_nowhere),
        TEST(test_notes),
        TEST(test_reload),
    };
    return cmocka_run_group_tests(tests, open_program, close_program);
}
