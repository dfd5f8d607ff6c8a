/* host/dispatch: however many threads read along, the same messages come to the same end. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "adapters/null.h"
#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "bot/host/metrics.h"
#include "bot/host/program.h"
#include "bot/host/readers.h"
#include "bot/host/store.h"
#include "tests/unit/memstore.h"
#include "tests/unit/switchboard.h"

enum { PLACES = 3, MESSAGES = 3 * READERS_AHEAD, LONG = READERS_TEXT_MAX + 200 };

static const char *const texts[] = {
    "Node or Django?",
    "We want a live chat.",
    "Forget the chat, it is a CRUD app with an admin panel.",
    "why?",
    "And if the team knew Python?",
    "What is the weather like?",
    "a dashboard with live prices",
};

/* How many were indeed read ahead. */
static size_t fetched;
const struct thought *__real_readers_fetch(struct readers *pool, size_t number);
const struct thought *__wrap_readers_fetch(struct readers *pool, size_t number);
const struct thought *__wrap_readers_fetch(struct readers *pool, size_t number)
{
    const struct thought *thought = __real_readers_fetch(pool, number);
    fetched += thought != NULL;
    return thought;
}

static char long_text[LONG + 1];

/* A few conversations in turns, so that each has several messages in one turn of the loop. */
static struct message nth(size_t n, char *conversation, size_t cap)
{
    bool is_long = n % 11 == 10;
    snprintf(conversation, cap, "C%zu", n % PLACES);
    struct message one =
        message(conversation, is_long ? long_text : texts[(n * 5 + n / 7) % ARRAY_LEN(texts)]);
    one.person = NULL; /* a guard is another matter */
    one.facts = n % 13 == 12 ? "+real-time" : NULL;
    one.answer_now = n % 4 == 3;
    one.surface = n % 9 == 8 ? SURFACE_AMBIENT : SURFACE_MENTION;
    return one;
}

/* All that can be seen of it, the turns of a loop being of `size` messages. */
static void record(int threads, size_t size, bool is_shared, struct buf *ret)
{
    static struct fate fates[MESSAGES];
    char conversations[MESSAGES][8];
    tear_down(NULL);
    readers = threads;
    shared = is_shared;
    set_up(NULL);
    slack->unready = true; /* so that all answers stay where they can be seen */
    for (size_t i = 0; i < MESSAGES; i++) {
        struct message one = nth(i, conversations[i], sizeof(conversations[i]));
        take(&one, &fates[i]);
        if (i % size == size - 1) {
            turn();
        }
    }
    turn();
    for (size_t i = 0; i < MESSAGES; i++) {
        assert_int_equal(fates[i].calls, 1);
        buf_printf(ret, "%zu %d %s\n", i, (int)fates[i].how, fates[i].payload);
    }
    for (size_t i = 0; i < dispatch_waiting(dispatch); i++) {
        const struct memstore_delivery *row = memstore_row(store, i);
        buf_printf(ret, "%s %.*s\n", row->conversation, (int)row->payload_len, row->payload);
    }
    buf_printf(ret, "%s\n", memstore_gaps(store));
    assert_int_equal(metrics_value(metrics, METRIC_MESSAGES, "slack"), MESSAGES);
}

static void test_same_as_alone(void **state)
{
    (void)state;
    struct buf alone, along;
    buf_init(&alone, 8 * 1024 * 1024);
    buf_init(&along, 8 * 1024 * 1024);
    memset(long_text, ' ', LONG);
    memcpy(long_text + LONG - 40, "Node or Django for a wiki of recipes?   ", 40);
    record(0, 1, false, &alone);
    assert_non_null(strstr(alone.data, "Django"));
    assert_non_null(strstr(alone.data, "Node"));
    static const size_t sizes[] = {1, 2, 7, READERS_AHEAD, MESSAGES};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        for (int threads = 0; threads <= 2; threads++) {
            for (int is_shared = 0; is_shared < 2; is_shared++) {
                buf_clear(&along);
                fetched = 0;
                record(threads, sizes[i], is_shared, &along);
                assert_true(threads == 0 ? fetched == 0 : fetched >= MESSAGES / (2 * sizes[i]));
                assert_string_equal(along.data, alone.data);
            }
        }
    }
    readers = 0;
    shared = false;
    buf_finish(&alone);
    buf_finish(&along);
}

/* Copies are never fetched; they do not keep those after them from being read ahead, nor right. */
static void test_many_copies(void **state)
{
    (void)state;
    enum { COUNT = 4 * READERS_AHEAD };
    static struct fate fates[COUNT];
    tear_down(NULL);
    readers = 1;
    set_up(NULL);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            char delivery[20];
            size_t n = i < COUNT / 2 ? i : i + (size_t)round * COUNT;
            struct message one = message("C1", i % 2 ? choice : unclear);
            snprintf(delivery, sizeof(delivery), "E%zu", n);
            one.conversation = NULL;
            one.delivery = delivery;
            one.person = NULL;
            one.answer_now = true;
            take(&one, &fates[i]);
        }
        fetched = 0;
        turn();
        assert_int_equal(fetched, round == 0 ? COUNT : COUNT / 2);
        for (size_t i = 0; i < COUNT; i++) {
            bool is_copy = round == 1 && i < COUNT / 2;
            assert_int_equal(fates[i].calls, 1);
            assert_int_equal(fates[i].how, is_copy ? SETTLED_KNOWN : SETTLED_ANSWERED);
        }
    }
    readers = 0;
}

/* A reload may want more or fewer of them. */
static void test_as_many_as_wanted(void **state)
{
    (void)state;
    for (int threads = 2; threads >= 0; threads--) {
        struct message one = message("C1", choice), two = message("C2", choice);
        struct fate fates[2];
        one.person = two.person = NULL;
        program.config.readers = threads + 1;
        dispatch_reload(dispatch);
        take(&one, &fates[0]);
        take(&two, &fates[1]);
        turn();
        assert_int_equal(fates[0].how, SETTLED_ANSWERED);
        assert_int_equal(fates[1].how, SETTLED_ANSWERED);
    }
    assert_true(readers_usual() <= 1);
}

/* More text than a turn can keep: what was kept is heard first, and nobody is turned away. */
static void test_more_than_is_kept(void **state)
{
    (void)state;
    enum { COUNT = 300, SIZE = 63 * 1024 };
    static char text[SIZE + 1];
    static struct fate fates[COUNT];
    tear_down(NULL);
    readers = 1;
    set_up(NULL);
    memset(text, ' ', SIZE);
    memcpy(text, "Node or Django for a chat?", 26);
    for (size_t i = 0; i < COUNT; i++) {
        struct message one = message("C1", text);
        one.person = NULL;
        one.answer_now = true;
        take(&one, &fates[i]);
    }
    turn();
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(fates[i].calls, 1);
        assert_int_equal(fates[i].how, SETTLED_ANSWERED);
    }
    readers = 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_same_as_alone),
        TEST(test_many_copies),
        TEST(test_as_many_as_wanted),
        TEST(test_more_than_is_kept),
    };
    return cmocka_run_group_tests(tests, open_program, close_program);
}
