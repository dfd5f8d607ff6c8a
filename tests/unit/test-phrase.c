/* knowledge/phrase: the notation's parser. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "knowledge/phrase.h"

static void test_accepts(void **state)
{
    (void)state;
    static const char *const phrases[] = {
        "record",
        "  real   time ",
        "=go",
        "django*",
        "node.js",
        "c++",
        "c#",
        "drivers'",
        "don't",
        "ci/cd",
        "e-mail",
        "(a|b c)",
        "( a | b c )",
        "[x] y",
        "[a|b] y",
        "[(a|b)] y",
        "a .. b",
        "a ... b",
        "# user",
        "(#|many) user",
        "[#] user",
        "a .. [very] .. b",
        "(=go|golang*) .. backend",
        "24/7",
        "a b c d e f g h i j k l m n o p q r s t u v w x",
    };
    for (size_t i = 0; i < ARRAY_LEN(phrases); i++) {
        struct error err = {0};
        if (!phrase_check(phrases[i], &err)) {
            fail_msg("%s: %s", phrases[i], err.text);
        }
        assert_int_equal(err.code, ERROR_NONE);
        assert_true(phrase_check(phrases[i], NULL));
    }
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *phrase, *wanted; /* wanted: part of the sentence */
    } rows[] = {
        {"", "there is nothing in it"},
        {"   ", "there is nothing in it"},
        {"React", "\"r\" instead of \"R\""},
        {"caf\xC3\xA9", "\"\xC3\xA9\" is not ASCII"},
        {"don\xE2\x80\x99t", "is not ASCII"},
        {"\xFF", "is not ASCII"},
        {"a\tb", "\"?\" has no place here"},
        {"a,", "\",\" has no place here"},
        {"what?", "\"?\" has no place here"},
        {"a_b", "\"_\" has no place here"},
        {"(a", "\"(\" is never closed"},
        {"(", "\"(\" is never closed"},
        {"[a|", "\"[\" is never closed"},
        {"[(a] b", "\"]\" where \")\" should close"},
        {"(a] b", "\"]\" where \")\" should close"},
        {"a)", "\")\" without an opening bracket"},
        {"a ) b", "\")\" without an opening bracket"},
        {"a | b", "\"|\" without an opening bracket"},
        {"]", "\"]\" without an opening bracket"},
        {"()", "an alternative in ( ) is empty"},
        {"(|a)", "an alternative in ( ) is empty"},
        {"(a| )", "an alternative in ( ) is empty"},
        {"a []", "an alternative in [ ] is empty"},
        {"(a (b))", "\"(\" inside of \"(\""},
        {"(a [b])", "\"[\" inside of \"(\""},
        {"[a [b]] c", "\"[\" inside of \"[\""},
        {"[(a (b))] c", "\"(\" inside of \"(\""},
        {"a(b)", "put a blank before \"(\""},
        {"[re]load", "put a blank after \"]\""},
        {"(a)(b)", "put a blank before \"(\""},
        {".. a", "may not come first"},
        {"a ..", "may not come last"},
        {"a .. ... b", "two gaps in a row"},
        {"(a .. b)", "a gap may not stand inside"},
        {"a . b", "is no gap"},
        {"a ..... b", "is no gap"},
        {"#", "at least one word"},
        {"[a] [b]", "at least one word"},
        {"[a] ... #", "at least one word"},
        {"=", "needs a word"},
        {"*", "needs a word"},
        {"a*", "means almost any word"},
        {"ab*", "means almost any word"},
        {"real-ti*", "goes with a single word"},
        {"[(a|b) c] y", "alone: write [(a|b)]"},
        {"=abc*", "exclude each other"},
        {"ab*c", "\"*\" has no place here"},
        {"a=b", "\"=\" has no place here"},
        {".net", "begins with a letter or a digit"},
        {"#1", "begins with a letter or a digit"},
        {"-a", "begins with a letter or a digit"},
        {"end.", "may not end with \".\""},
        {"a-", "may not end with \"-\""},
        {"a b c d e f g h i j k l m n o p q r s t u v w x y", "more than 24 elements"},
        {"a123456789012345678901234567890123456789012345678901234567890123456789",
         "longer than 64 letters"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        if (phrase_check(rows[i].phrase, &err)) {
            fail_msg("accepted: %s", rows[i].phrase);
        }
        assert_int_equal(err.code, ERROR_INPUT);
        if (strstr(err.text, rows[i].wanted) == NULL) {
            fail_msg("%s: %s", rows[i].phrase, err.text);
        }
    }
}

/* Every text of up to five of these characters: no crash, and a sentence for each refusal. */
static void test_all_short_phrases(void **state)
{
    (void)state;
    static const char letters[] = "a#.([|)] *=";
    const size_t base = sizeof(letters);
    size_t accepted = 0;
    for (size_t n = 0; n < base * base * base * base * base; n++) {
        char phrase[6] = "";
        size_t rest = n, len = 0;
        for (; rest % base != 0; rest /= base) {
            phrase[len++] = letters[rest % base - 1];
        }
        struct error err = {0};
        bool good = phrase_check(phrase, &err);
        accepted += good;
        assert_int_equal(good, err.text[0] == '\0');
        assert_true(!good || strchr(phrase, 'a') != NULL || strchr(phrase, '(') != NULL);
    }
    assert_true(accepted > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_all_short_phrases),
    };
    return cmocka_run_group_tests_name("phrase", tests, NULL, NULL);
}
