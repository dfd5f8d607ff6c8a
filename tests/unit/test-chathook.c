#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/chathook_parse.h"
#include "bot/base/mem.h"

static void test_posts(void **state)
{
    (void)state;
    static const struct {
        bool form;
        const char *body, *text, *id;
        bool command, from_bot, edited;
    } rows[] = {
        {true, "token=t&text=whether%3A+Node%3F&trigger_word=whether&post_id=p", "Node?", "p",
         false, false, false},
        {true, "text=Whether+Node&trigger_word=whether", "Node", "", false, false, false},
        {true, "text=Node+whether&trigger_word=whether", "Node whether", "", false, false, false},
        {true, "text=&command=%2Fwhether&trigger_id=x", "help", "x", true, false, false},
        {true, "text=+%0A+", "help", "", false, false, false},
        {true, "text=a&bot=false", "a", "", false, false, false},
        {true, "text=a&bot=me", "a", "", false, true, false},
        {false, "{\"text\": \"a\", \"bot\": false, \"message_id\": \"m\"}", "a", "m", false, false,
         false},
        {false, "{\"text\": \"a\", \"bot\": {\"i\": 1}, \"isEdited\": true}", "a", "", false, true,
         true},
        {false, "{\"text\": 5, \"bot\": null}", "help", "", false, false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct chathook_post post;
        assert_true(chathook_parse(rows[i].form, rows[i].body, strlen(rows[i].body), &post, NULL));
        assert_string_equal(post.text.data, rows[i].text);
        assert_string_equal(post.id, rows[i].id);
        assert_int_equal(post.command, rows[i].command);
        assert_int_equal(post.from_bot, rows[i].from_bot);
        assert_int_equal(post.edited, rows[i].edited);
        chathook_finish(&post);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        bool form;
        const char *body;
    } rows[] = {{true, "token=%"},
                {true, "token=a&token=b"},
                {true, "user_id=a%0Ab"},
                {false, ""},
                {false, "{"},
                {false, "[]"},
                {false, "{\"user_name\": \"a\\u0007\"}"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct chathook_post post;
        struct error err = {0};
        assert_false(chathook_parse(rows[i].form, rows[i].body, strlen(rows[i].body), &post, &err));
        assert_true(err.text[0] != '\0');
        chathook_finish(&post);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_posts),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
