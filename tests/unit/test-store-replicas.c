/*
 * host/store on Redis, where two replicas are at the same thing: the slower one learns it at its
 * commit, thinks again, and nothing is taken or said twice.
 */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "bot/host/log.h"
#include "tests/unit/redisbench.h"
#include "tests/unit/replicabench.h"

/* The connection breaks, and there is another one. */
static void cut_off(struct store *store)
{
    redisbench_ask("client kill type normal skipme yes");
    begin(store);
    assert_int_equal(claim(store, "d1"), CLAIM_ERROR); /* now it knows that it was cut off */
    store_rollback(store);
    for (int i = 0; i < 500 && !store_begin(store, &err); i++) {
        poll(NULL, 0, 10);
        store_tidy(store);
    }
    store_rollback(store);
}

static void put(struct store *store, const char *key, const char *text)
{
    assert_true(store_conversation_put(store, "slack", key, text, strlen(text), LATER, &err));
}

/* Borrowed until the next call. */
static const char *get(struct store *store, const char *key)
{
    static char text[100];
    size_t len = 0;
    assert_true(
        store_conversation_get(store, "slack", key, NOW, text, sizeof(text) - 1, &len, &err));
    text[len] = '\0';
    return text;
}

static enum expected expect(struct store *store, const char *delivery, const char *conversation)
{
    const struct expectation expectation = {"slack", delivery, NULL, conversation};
    enum expected ret;
    assert_true(store_expect(store, &expectation, 1, &ret, &err));
    return ret;
}

static void test_the_same_message(void **state)
{
    (void)state;
    begin(one);
    begin(two);
    assert_int_equal(claim(one, "d1"), CLAIM_NEW);
    assert_int_equal(claim(two, "d1"), CLAIM_NEW);
    must_commit(one);
    assert_false(commit(two));
    assert_true(store_again(two));
    assert_int_equal(claim(two, "d1"), CLAIM_KNOWN);
    must_commit(two);
    begin(one);
    assert_int_equal(claim(one, "d1"), CLAIM_KNOWN);
    store_rollback(one);
}

/* The other name of the same message is enough. */
static void test_copies(void **state)
{
    (void)state;
    begin(one);
    begin(two);
    assert_int_equal(store_claim(one, "slack", "d1", "m1", NOW, &err), CLAIM_NEW);
    assert_int_equal(store_claim(two, "slack", "d2", "m1", NOW, &err), CLAIM_NEW);
    must_commit(two);
    assert_false(commit(one));
    assert_true(store_again(one));
    assert_int_equal(store_claim(one, "slack", "d1", "m1", NOW, &err), CLAIM_KNOWN);
    store_rollback(one);
}

static void test_the_same_conversation(void **state)
{
    (void)state;
    begin(one);
    begin(two);
    assert_int_equal(expect(one, "d1", "C1"), EXPECTED_FINE);
    assert_int_equal(expect(two, "d2", "C1"), EXPECTED_FINE);
    assert_string_equal(get(one, "C1"), "");
    assert_string_equal(get(two, "C1"), "");
    assert_int_equal(claim(two, "d2"), CLAIM_NEW);
    put(one, "C1", "a");
    put(two, "C1", "b");
    put(two, "C1", "bb"); /* two of one turn rest on one look */
    assert_string_equal(get(two, "C1"), "bb");
    must_commit(one);
    assert_false(commit(two));
    assert_true(store_again(two));
    assert_int_equal(expect(two, "d2", "C1"), EXPECTED_FINE);
    assert_int_equal(claim(two, "d2"), CLAIM_NEW); /* nothing of it was done */
    assert_string_equal(get(two, "C1"), "a");
    put(two, "C1", "ab");
    must_commit(two);
    begin(one);
    assert_string_equal(get(one, "C1"), "ab");
    store_rollback(one);
}

/* Another's, and then the same words again, is not what was seen. Nor is what is gone. */
static void test_there_and_back(void **state)
{
    (void)state;
    begin(one);
    put(one, "C1", "a");
    must_commit(one);
    begin(two);
    assert_string_equal(get(two, "C1"), "a");
    put(two, "C1", "b");
    begin(one);
    put(one, "C1", "c");
    must_commit(one);
    begin(one);
    put(one, "C1", "a");
    must_commit(one);
    assert_false(commit(two));
    assert_true(store_again(two));
    assert_string_equal(get(two, "C1"), "a");
    put(two, "C1", "b");
    redisbench_ask("del '{test}:talk:slack\nC1'");
    assert_false(commit(two));
    assert_true(store_again(two));
    assert_string_equal(get(two, "C1"), "");
    put(two, "C1", "b");
    must_commit(two);
}

/* Others' conversations, and what is only read, are in nobody's way. */
static void test_no_contest(void **state)
{
    (void)state;
    begin(one);
    begin(two);
    assert_string_equal(get(one, "C1"), "");
    assert_string_equal(get(two, "C1"), "");
    assert_string_equal(get(two, "C2"), "");
    put(one, "C1", "a");
    put(two, "C2", "b");
    must_commit(one);
    must_commit(two);
}

/* What was said before the mark is kept as it was; what came after it is said once more. */
static void test_mark(void **state)
{
    (void)state;
    char note[10] = "";
    size_t len;
    begin(one);
    assert_true(store_note_put(one, "irc a", "rest", "n", 1, LATER, &err));
    store_mark(one);
    assert_int_equal(claim(one, "d1"), CLAIM_NEW);
    add(one, "C1", "first");
    begin(two);
    assert_int_equal(claim(two, "d1"), CLAIM_NEW);
    must_commit(two);
    assert_false(commit(one));
    assert_true(store_again(one));
    assert_int_equal(store_outbox_count(one), 0);
    assert_int_equal(claim(one, "d2"), CLAIM_NEW);
    add(one, "C2", "second");
    must_commit(one);
    assert_int_equal(store_outbox_count(one), 1);
    assert_true(store_note_get(two, "irc a", "rest", NOW, note, sizeof(note), &len, &err));
    assert_int_equal(len, 1);
    assert_string_equal(redisbench_ask("llen '{test}:queue:slack\nC1'"), "0");
    begin(two);
    assert_int_equal(claim(two, "d2"), CLAIM_KNOWN);
    store_rollback(two);
}

/* Who is always slower leaves that one to the others, and does the rest. */
static void test_too_often(void **state)
{
    (void)state;
    int losses = 0;
    enum expected expected = EXPECTED_FINE;
    begin(one);
    store_mark(one);
    while (expected == EXPECTED_FINE && losses < 20) {
        expected = expect(one, "d1", "C1");
        if (expected == EXPECTED_FINE) {
            get(one, "C1");
            put(one, "C1", "a");
        }
        assert_int_equal(expect(one, "d2", "C2"), EXPECTED_FINE);
        put(one, "C2", "b");
        begin(two);
        put(two, "C1", "faster");
        must_commit(two);
        if (expected == EXPECTED_FINE) {
            assert_false(commit(one));
            assert_true(store_again(one));
            losses++;
        }
    }
    assert_int_equal(losses, 3);
    must_commit(one);
    begin(one);
    assert_string_equal(get(one, "C2"), "b");
    assert_string_equal(get(one, "C1"), "faster");
    assert_int_equal(expect(one, "d1", "C1"), EXPECTED_FINE); /* in the next turn all is well */
    store_rollback(one);
}

/* An end to it, also for who never listens. */
static void test_an_end(void **state)
{
    (void)state;
    int losses = 0;
    begin(one);
    for (bool again = true; again && losses < 100; losses++) {
        get(one, "C1");
        put(one, "C1", "a");
        begin(two);
        put(two, "C1", "faster");
        must_commit(two);
        assert_false(commit(one));
        again = store_again(one);
    }
    assert_int_equal(losses, 8);
    assert_non_null(strstr(err.text, "faster"));
    store_rollback(one);
    begin(one);
    assert_string_equal(get(one, "C1"), "faster");
    store_rollback(one);
}

/* Only for that. */
static void test_again_is_for_nothing_else(void **state)
{
    (void)state;
    begin(one);
    assert_false(store_again(one));
    assert_int_equal(claim(one, "d1"), CLAIM_NEW);
    redisbench_ask("config set maxmemory 1");
    assert_false(commit(one));
    assert_false(store_again(one));
    redisbench_ask("config set maxmemory 0");
    store_rollback(one);
}

/* Answers of one conversation leave in the order of their turns, whoever thought of them. */
static void test_order_of_answers(void **state)
{
    (void)state;
    begin(one);
    add(one, "C1", "1");
    add(one, "C1", "2");
    must_commit(one);
    begin(two);
    add(two, "C1", "3");
    must_commit(two);
    begin(one);
    add(one, "C1", "4");
    must_commit(one);
    assert_int_equal(due(two).count, 0); /* behind what the other has in its charge */
    deliver(one, "1");
    deliver(one, "2");
    deliver(one, "3");
    assert_int_equal(due(two).count, 0);
    deliver(one, "4");
    assert_int_equal(due(one).count, 0);
    assert_string_equal(redisbench_ask("get '{test}:waiting'"), "0");
    begin(two);
    add(two, "C1", "5");
    must_commit(two);
    deliver(two, "5");
}

/* Done and put in within one turn: the next stands first at once, and once. */
static void test_done_and_added(void **state)
{
    (void)state;
    begin(one);
    add(one, "C1", "1");
    must_commit(one);
    struct seen seen = due(one);
    begin(one);
    assert_true(store_outbox_begin(one, seen.id, &err));
    must_commit(one);
    begin(one);
    add(one, "C1", "2");
    assert_true(store_outbox_done(one, seen.id, &err));
    add(one, "C1", "3");
    must_commit(one);
    deliver(one, "2");
    deliver(one, "3");
    assert_int_equal(due(one).count, 0);
    assert_string_equal(redisbench_ask("get '{test}:waiting'"), "0");
}

/*
 * A turn whose connection was cut may arrive long after, when we have connected anew and have asked
 * what is ours: then an answer is in our charge that we do not know of.
 */
static void test_late_arrival(void **state)
{
    (void)state;
    char owner[100], entry[100];
    begin(one);
    add(one, "C1", "known");
    must_commit(one);
    copy_field(due(one).id, "owner", owner, sizeof(owner));
    begin(two);
    add(two, "C2", "late");
    must_commit(two);
    int64_t late = due(two).id;
    copy_field(late, "entry", entry, sizeof(entry));
    ask("hset '{test}:delivery:%" PRId64 "' owner %s", late, owner);
    ask("xclaim '{test}:out:slack' whether %s 0 %s idle 20000 justid", owner, entry);
    deliver(one, "known");
    assert_int_equal(due(one).count, 0);
    assert_true(store_outbox_recover(one, NOW, &err));
    deliver(one, "late");
    assert_string_equal(redisbench_ask("get '{test}:waiting'"), "0");
}

/* Its end is not written yet, and it is not to be found, told or begun once more until it is. */
static void test_an_end_is_an_end(void **state)
{
    (void)state;
    begin(one);
    add(one, "C1", "old");
    must_commit(one);
    int64_t id = due(one).id;
    begin(one);
    assert_true(store_outbox_done(one, id, &err));
    assert_int_equal(due(one).count, 0);
    must_commit(one);
    assert_int_equal(due(one).count, 0);
}

/* Half of an answer deleted by hand: those behind it go on, and the count is right. */
static void test_half_of_it_deleted(void **state)
{
    (void)state;
    char entry[100];
    begin(one);
    add(one, "C1", "first");
    must_commit(one);
    int64_t first = due(one).id;
    copy_field(first, "entry", entry, sizeof(entry));
    ask("del '{test}:delivery:%" PRId64 "'", first);
    store_close(one);
    one = NULL;
    assert_true(redisbench_open(&one, &err));
    begin(one);
    add(one, "C1", "second");
    must_commit(one);
    /* Nobody has given a sign of life of it for longer than anybody may sleep. */
    ask("xclaim '{test}:out:slack' whether gone 0 %s idle 20000 justid", entry);
    assert_true(store_outbox_recover(one, NOW, &err));
    deliver(one, "second");
    assert_string_equal(redisbench_ask("get '{test}:waiting'"), "0");
}

/* The text of one deleted by hand, and who had it in charge is gone: those behind it go on. */
static void test_text_deleted(void **state)
{
    (void)state;
    char entry[100];
    begin(one);
    add(one, "C1", "first");
    must_commit(one);
    copy_field(due(one).id, "entry", entry, sizeof(entry));
    ask("xdel '{test}:out:slack' %s", entry);
    store_close(one);
    one = NULL;
    assert_true(redisbench_open(&one, &err));
    begin(two);
    add(two, "C1", "second");
    add(two, "C1", "third");
    must_commit(two);
    assert_int_equal(due(two).count, 0);
    snprintf(entry, sizeof(entry), "%s", ask("xrange '{test}:out:slack' - + count 1"));
    *strchr(entry, '\n') = '\0';
    ask("xclaim '{test}:out:slack' whether gone 0 %s idle 20000 justid", entry);
    assert_true(store_outbox_recover(two, NOW, &err));
    deliver(two, "second");
    deliver(two, "third");
    assert_string_equal(redisbench_ask("get '{test}:waiting'"), "0");
    assert_string_equal(redisbench_ask("exists '{test}:queue:slack\nC1'"), "0");
}

/* The text of one of ours deleted by hand, and then a turn that fails, or a new connection. */
static void test_own_text_deleted(void **state)
{
    (void)state;
    char entry[100], owner[100];
    begin(one);
    add(one, "C1", "first");
    add(one, "C1", "second");
    must_commit(one);
    int64_t first = due(one).id;
    copy_field(first, "entry", entry, sizeof(entry));
    copy_field(first, "owner", owner, sizeof(owner));
    ask("xdel '{test}:out:slack' %s", entry);
    begin(one);
    assert_int_equal(due(one).count, 0);
    store_rollback(one);
    assert_int_equal(store_outbox_next(one, "slack"), NOW);
    cut_off(one);
    copy_field(first + 1, "entry", entry, sizeof(entry));
    ask("xclaim '{test}:out:slack' whether %s 0 %s idle 20000 justid", owner, entry);
    assert_true(store_outbox_recover(one, NOW, &err));
    deliver(one, "second");
    assert_string_equal(redisbench_ask("get '{test}:waiting'"), "0");
    assert_string_equal(redisbench_ask("exists '{test}:queue:slack\nC1'"), "0");
}

/* Half of one in the middle: the one before it stays with whoever is at it. */
static void test_half_of_the_next_deleted(void **state)
{
    (void)state;
    char entry[100];
    begin(one);
    add(one, "C1", "first");
    must_commit(one);
    int64_t first = due(one).id, second = first + 1;
    begin(one);
    add(one, "C1", "second");
    add(one, "C1", "third");
    assert_true(store_outbox_begin(one, first, &err));
    must_commit(one);
    copy_field(second, "entry", entry, sizeof(entry));
    ask("del '{test}:delivery:%" PRId64 "'", second);
    ask("xclaim '{test}:out:slack' whether gone 0 %s idle 20000 justid", entry);
    assert_true(store_outbox_recover(two, NOW, &err));
    begin(one);
    assert_true(store_outbox_again(one, first, NOW, false, &err));
    must_commit(one);
    deliver(one, "first");
    deliver(one, "third");
    assert_int_equal(due(two).count, 0);
    assert_string_equal(redisbench_ask("get '{test}:waiting'"), "0");
}

static void note_change(void *context, const char *adapter)
{
    struct buf *told = context;
    buf_puts(told, adapter);
    buf_putc(told, ' ');
}

static void check_changed(struct store *store, const char *wanted)
{
    struct buf told;
    buf_init(&told, 1000);
    store_outbox_changed(store, note_change, &told);
    buf_putc(&told, '\0');
    assert_string_equal(told.data, wanted);
    buf_finish(&told);
}

/* Each replica is told of its own answers and of those that it takes over, once. */
static void test_changes_are_told(void **state)
{
    char entry[100];
    (void)state;
    check_changed(one, "");
    begin(one);
    add(one, "C1", "first");
    check_changed(one, "");
    must_commit(one);
    check_changed(one, "slack ");
    check_changed(one, "");
    check_changed(two, "");
    copy_field(due(one).id, "entry", entry, sizeof(entry));
    ask("xclaim '{test}:out:slack' whether gone 0 %s idle 20000 justid", entry);
    assert_true(store_outbox_recover(two, NOW, &err));
    check_changed(two, "slack ");
    begin(two);
    assert_true(store_outbox_done(two, due(two).id, &err));
    must_commit(two);
    check_changed(two, "slack ");
    check_changed(two, "");
}

enum { ADAPTERS = 100 };

static const char *adapter_name(int number)
{
    static char name[30];
    snprintf(name, sizeof(name), "slack %d", number);
    return name;
}

static void add_to_each(struct store *store)
{
    begin(store);
    for (int i = 0; i < ADAPTERS; i++) {
        const struct delivery delivery = {.adapter = adapter_name(i),
                                          .conversation = "C1",
                                          .address = "a",
                                          .payload = "text",
                                          .payload_len = 4};
        int64_t id;
        assert_true(store_outbox_add(store, &delivery, NOW, &id, &err));
    }
    must_commit(store);
}

static int count_due(struct store *store)
{
    int count = 0;
    for (int i = 0; i < ADAPTERS; i++) {
        count += store_outbox_next(store, adapter_name(i)) != INT64_MAX;
    }
    return count;
}

/* How often Redis has read from a connection: once a round trip, or more for a long one. */
static long reads(void)
{
    const char *found = strstr(redisbench_ask("info stats"), "total_reads_processed:");
    assert_non_null(found);
    return strtol(strchr(found, ':') + 1, NULL, 10);
}

/* Connected anew, it knows again what is in its charge, without a round trip for each adapter. */
static void test_relearnt_in_few_trips(void **state)
{
    (void)state;
    add_to_each(one);
    assert_int_equal(count_due(one), ADAPTERS);
    long before = reads();
    cut_off(one);
    assert_int_equal(count_due(one), ADAPTERS);
    assert_in_range(reads() - before, 2, ADAPTERS / 2);
}

/* The first of its round trips meets a Redis that has forgotten the script. */
static void test_taken_over_in_few_trips(void **state)
{
    (void)state;
    add_to_each(one);
    store_close(one); /* it says that whoever comes next may have them */
    one = NULL;
    assert_int_equal(count_due(two), 0);
    redisbench_ask("script flush");
    long before = reads();
    assert_true(store_outbox_recover(two, NOW, &err));
    assert_int_equal(count_due(two), ADAPTERS);
    assert_in_range(reads() - before, 1, ADAPTERS / 2 + 32);
}

/* SCRIPT FLUSH between two calls: loaded anew, and the turn is none the worse for it. */
static void test_script_flushed(void **state)
{
    (void)state;
    begin(one);
    assert_int_equal(claim(one, "d1"), CLAIM_NEW);
    redisbench_ask("script flush");
    must_commit(one);
    redisbench_ask("script flush");
    store_tidy(one);
    begin(one);
    assert_int_equal(claim(one, "d1"), CLAIM_KNOWN);
    store_rollback(one);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_the_same_message),
        TEST(test_copies),
        TEST(test_the_same_conversation),
        TEST(test_there_and_back),
        TEST(test_no_contest),
        TEST(test_mark),
        TEST(test_too_often),
        TEST(test_an_end),
        TEST(test_again_is_for_nothing_else),
        TEST(test_order_of_answers),
        TEST(test_done_and_added),
        TEST(test_late_arrival),
        TEST(test_an_end_is_an_end),
        TEST(test_half_of_it_deleted),
        TEST(test_text_deleted),
        TEST(test_own_text_deleted),
        TEST(test_half_of_the_next_deleted),
        TEST(test_changes_are_told),
        TEST(test_relearnt_in_few_trips),
        TEST(test_taken_over_in_few_trips),
        TEST(test_script_flushed),
    };
    log_set_up(LOG_LEVEL_ERROR + 1, LOG_FORMAT_LOGFMT, false);
    redisbench_start();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redisbench_stop();
    return failed;
}
