#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bot/base/mem.h"
#include "bot/host/echo.h"

static struct echo *echo;

static int set_up(void **state)
{
    (void)state;
    echo = echo_create();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    echo_destroy(echo);
    return 0;
}

static void say(const char *text)
{
    echo_said(echo, text, strlen(text));
}

static bool hear(const char *text)
{
    return echo_heard(echo, text, strlen(text));
}

static const char title[] = "Node.js or Django: Which Backend Should You Choose?";

static void test_our_own_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool own;
    } rows[] = {
        {title, true},
        {"<whether> alice: Source: node.js or django - which backend should you choose, by ...",
         true},
        {"js or Django: Which Backend Should You Choose", true}, /* eight words of it */
        {"or Django: Which Backend Should You Choose", false},   /* seven */
        {"Node.js or Django: which backend should we choose", false},
        {"", false},
        {"...", false},
        {"\xff\xfe \x00", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_false(hear(rows[i].text));
    }
    say(title);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (hear(rows[i].text) != rows[i].own) {
            fail_msg("%s", rows[i].text);
        }
    }
    assert_false(echo_heard(echo, NULL, 0));
}

/* The order of words counts, and where one ends. */
static void test_words(void **state)
{
    (void)state;
    say("one two three four five six seven eight");
    assert_true(hear("zero ONE, two; three four five six seven eight nine"));
    assert_false(hear("eight seven six five four three two one"));
    assert_false(hear("two one three four five six seven eight"));
    assert_false(hear("onetwo three four five six seven eight nine"));
    say("z\xc3\xa9ro un deux trois quatre cinq six sept");
    assert_true(hear("z\xc3\xa9ro un deux trois quatre cinq six sept"));
    assert_false(hear("z\xc3\xa8ro un deux trois quatre cinq six sept"));
}

/* What was said long ago gives way; what was said last is known. */
static void test_much(void **state)
{
    (void)state;
    char text[200];
    for (int i = 0; i < 100000; i++) {
        snprintf(text, sizeof(text), "a %d b c d e f g %d", i, i);
        say(text);
        assert_true(hear(text));
    }
    assert_false(hear("a 1 b c d e f g 1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_our_own_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_much, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
