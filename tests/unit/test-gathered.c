/* host/gathered: copies that are what was handed in, within its bounds. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "bot/base/mem.h"
#include "bot/host/gathered.h"

static void on_settled(void *context, enum settled how, const struct answer *answer)
{
    (void)context;
    (void)how;
    (void)answer;
    fail_msg("it calls nobody");
}

static void same(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        assert_ptr_equal(a, b);
    } else {
        assert_string_equal(a, b);
    }
}

static void test_copies(void **state)
{
    (void)state;
    enum { COUNT = 300 };
    static char texts[COUNT][40];
    struct gathered *gathered = gathered_create();
    for (int i = 0; i < COUNT; i++) {
        snprintf(texts[i], sizeof(texts[i]), "text %d", i);
        const struct message message = {.adapter = "slack",
                                        .surface = SURFACE_AMBIENT,
                                        .delivery = i % 2 ? texts[i] + 1 : NULL,
                                        .identity = i % 3 ? texts[i] + 2 : NULL,
                                        .conversation = i % 5 ? texts[i] + 3 : NULL,
                                        .person = i % 7 ? "" : NULL,
                                        .address = "a",
                                        .pack = "p",
                                        .facts = i % 4 ? "f" : NULL,
                                        .announce = i % 2 ? "x, y" : NULL,
                                        .subject = "s",
                                        .text = i % 6 ? "a\0b" : NULL,
                                        .len = i % 6 ? 3 : 0,
                                        .heed = HEED_CHANGE,
                                        .answer_now = true};
        const struct gathered_message one = {message, i, on_settled, texts[i]};
        assert_true(gathered_add(gathered, &one));
    }
    assert_int_equal(gathered_count(gathered), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        struct gathered_message one;
        gathered_at(gathered, i, &one);
        assert_string_equal(one.message.adapter, "slack");
        same(one.message.delivery, i % 2 ? texts[i] + 1 : NULL);
        same(one.message.identity, i % 3 ? texts[i] + 2 : NULL);
        same(one.message.conversation, i % 5 ? texts[i] + 3 : NULL);
        same(one.message.person, i % 7 ? "" : NULL);
        same(one.message.address, "a");
        same(one.message.pack, "p");
        same(one.message.facts, i % 4 ? "f" : NULL);
        same(one.message.announce, i % 2 ? "x, y" : NULL);
        same(one.message.subject, "s");
        assert_int_equal(one.message.len, i % 6 ? 3 : 0);
        assert_memory_equal(one.message.text, "a\0b", one.message.len);
        assert_int_equal(one.message.surface, SURFACE_AMBIENT);
        assert_int_equal(one.message.heed, HEED_CHANGE);
        assert_true(one.message.answer_now);
        assert_int_equal(one.now_ms, i);
        assert_ptr_equal(one.context, texts[i]);
    }
    gathered_clear(gathered);
    assert_int_equal(gathered_count(gathered), 0);
    gathered_destroy(gathered);
}

/* Full: that one is refused, those before it are what they were, and a new turn takes as many. */
static void test_bounds(void **state)
{
    (void)state;
    enum { LEN = 1024 * 1024, FIT = GATHERED_BYTES_MAX / LEN - 1 };
    struct gathered *gathered = gathered_create();
    char *text = mem_alloc(LEN);
    memset(text, 'x', LEN);
    const struct message long_one = {.adapter = "slack", .text = text, .len = LEN};
    const struct message short_one = {.adapter = "slack", .text = "short", .len = 5};
    for (int turn = 0; turn < 2; turn++) {
        size_t count = 0;
        while (gathered_add(gathered, &(struct gathered_message){.message = long_one})) {
            count++;
        }
        assert_int_equal(count, FIT);
        assert_true(gathered_add(gathered, &(struct gathered_message){.message = short_one}));
        struct gathered_message one;
        gathered_at(gathered, count - 1, &one);
        assert_memory_equal(one.message.text, text, LEN);
        gathered_at(gathered, count, &one);
        assert_string_equal(one.message.text, "short");
        gathered_clear(gathered);
    }
    mem_free(text);
    gathered_destroy(gathered);
    gathered_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_copies),
                                       cmocka_unit_test(test_bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
