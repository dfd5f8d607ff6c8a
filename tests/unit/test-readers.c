/* host/readers: what other threads read is what one alone would have read. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/program.h"
#include "bot/host/readers.h"

static struct program program;

static const char *const texts[] = {
    "Node or Django for a chat with live presence?",
    "A CRUD app with an admin panel, the team knows Python. Which one?",
    "no chat, nothing live: forms and reports for the office",
    "why?",
    "What is the weather like?",
    "",
};

static int open_program(void **state)
{
    static const char *const packs[] = {WHETHER_SOURCE "/knowledge"};
    const struct program_options options = {.packs = packs, .pack_count = 1};
    struct fault_list faults = {0};
    (void)state;
    return program_open(&program, &options, &faults) ? 0 : -1;
}

static int close_program(void **state)
{
    (void)state;
    program_close(&program);
    return 0;
}

static struct unread text_of(size_t number, const struct conversation *conversation)
{
    const char *text = texts[number % ARRAY_LEN(texts)];
    return (struct unread){.number = number,
                           .conversation = conversation,
                           .surface = SURFACE_MENTION,
                           .length = LENGTH_SHORT,
                           .text = text,
                           .len = strlen(text)};
}

static bool add(struct readers *readers, size_t number, const struct conversation *conversation)
{
    const struct unread unread = text_of(number, conversation);
    return readers_add(readers, &unread);
}

static void is_what_one_reads(const struct thought *thought, size_t number,
                              struct conversation conversation)
{
    struct outcome outcome;
    struct reply reply;
    const struct unread unread = text_of(number, NULL);
    assert_non_null(thought);
    program_turn(&program, &conversation, unread.surface, unread.text, unread.len, unread.length,
                 &outcome, &reply);
    assert_int_equal(thought->outcome.kind, outcome.kind);
    assert_ptr_equal(thought->outcome.pack, outcome.pack);
    assert_int_equal(thought->outcome.verdict.kind, outcome.verdict.kind);
    assert_int_equal(thought->outcome.verdict.option, outcome.verdict.option);
    assert_int_equal(thought->reply.text_len, reply.text_len);
    assert_memory_equal(thought->reply.text, reply.text, reply.text_len);
    assert_int_equal(thought->conversation.turns, conversation.turns);
    assert_int_equal(thought->conversation.told, conversation.told);
    assert_true(thought->conversation.projects[0].facts.stated ==
                conversation.projects[0].facts.stated);
}

/* Each begins where another conversation has come to. */
static void test_same_as_alone(void **state)
{
    (void)state;
    enum { ROUNDS = 40 };
    for (size_t threads = 1; threads <= 3; threads++) {
        struct readers *readers = readers_create(threads);
        struct conversation conversations[READERS_AHEAD];
        assert_int_equal(readers_count(readers), threads);
        readers_use(readers, &program);
        for (size_t i = 0; i < READERS_AHEAD; i++) {
            conversation_init(&conversations[i]);
        }
        size_t number = 0;
        for (int round = 0; round < ROUNDS; round++) {
            size_t first = number, count = 1 + (size_t)round % READERS_AHEAD;
            for (; number < first + count; number++) {
                struct conversation *conversation = &conversations[number - first];
                if (round % 2 == 0) {
                    conversation_init(conversation);
                }
                assert_true(add(readers, number, conversation));
            }
            for (size_t i = first; i < number; i++) {
                const struct thought *thought = readers_fetch(readers, i);
                is_what_one_reads(thought, i, conversations[i - first]);
                conversations[i - first] = thought->conversation;
            }
            readers_forget(readers);
        }
        readers_destroy(readers);
    }
}

static void test_forgets(void **state)
{
    (void)state;
    struct readers *readers = readers_create(2);
    struct conversation fresh;
    conversation_init(&fresh);
    readers_use(readers, &program);
    for (size_t i = 0; i < 10; i++) {
        assert_true(add(readers, i, &fresh));
    }
    assert_null(readers_fetch(readers, 10)); /* and with it all before */
    assert_null(readers_fetch(readers, 3));
    for (size_t i = 20; i < 30; i++) {
        assert_true(add(readers, i, &fresh));
    }
    is_what_one_reads(readers_fetch(readers, 27), 27, fresh);
    assert_null(readers_fetch(readers, 26));
    readers_forget(readers);
    assert_null(readers_fetch(readers, 28));
    readers_destroy(readers); /* also while somebody reads */
    readers_destroy(NULL);
}

/* What does not fit is for the loop to read; what was there before is not touched by it. */
static void test_bounds(void **state)
{
    (void)state;
    static char long_text[READERS_TEXT_MAX + 1];
    struct readers *readers = readers_create(1), *none = readers_create(0);
    struct conversation fresh;
    conversation_init(&fresh);
    readers_use(readers, &program);
    readers_use(none, &program);
    assert_false(add(none, 0, &fresh));
    memset(long_text, 'a', sizeof(long_text));
    struct unread unread = text_of(0, &fresh);
    unread.text = long_text;
    unread.len = sizeof(long_text);
    assert_false(readers_add(readers, &unread));
    unread.len--;
    assert_true(readers_add(readers, &unread));
    for (size_t i = 1; i < READERS_AHEAD; i++) {
        assert_true(add(readers, i, &fresh));
    }
    assert_false(add(readers, READERS_AHEAD, &fresh));
    readers_forget_before(readers, 0);
    assert_false(add(readers, READERS_AHEAD, &fresh));
    for (size_t i = 1; i < READERS_AHEAD; i++) {
        is_what_one_reads(readers_fetch(readers, i), i, fresh);
    }
    readers_forget_before(readers, READERS_AHEAD);
    assert_null(readers_fetch(readers, READERS_AHEAD - 1));
    readers_destroy(readers);
    readers_destroy(none);
}

/* Whoever is still at something forgotten, as many as ever find their place. */
static void test_forgotten_while_read(void **state)
{
    (void)state;
    struct readers *readers = readers_create(READERS_MAX);
    struct conversation fresh;
    conversation_init(&fresh);
    readers_use(readers, &program);
    size_t number = 0;
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < READERS_AHEAD; i++) {
            assert_true(add(readers, number++, &fresh));
        }
        if (round % 10 == 0) {
            is_what_one_reads(readers_fetch(readers, number - 3), number - 3, fresh);
        }
        readers_forget_before(readers, number);
    }
    readers_destroy(readers);
}

/* Once all is forgotten the knowledge may go: nobody is still at it. */
static void test_other_knowledge(void **state)
{
    (void)state;
    struct readers *readers = readers_create(2);
    struct conversation fresh;
    conversation_init(&fresh);
    for (int round = 0; round < 5; round++) {
        readers_use(readers, &program);
        for (size_t i = 0; i < 8; i++) {
            assert_true(add(readers, i, &fresh));
        }
        is_what_one_reads(readers_fetch(readers, 1), 1, fresh);
        readers_forget(readers);
        close_program(NULL);
        assert_int_equal(open_program(NULL), 0);
    }
    readers_use(readers, &program);
    assert_null(readers_fetch(readers, 7));
    readers_destroy(readers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_alone),   cmocka_unit_test(test_forgets),
        cmocka_unit_test(test_bounds),          cmocka_unit_test(test_forgotten_while_read),
        cmocka_unit_test(test_other_knowledge),
    };
    return cmocka_run_group_tests(tests, open_program, close_program);
}
