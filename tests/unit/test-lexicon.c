/* reader/lexicon: the notation of phrases, compiled and searched. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/mem.h"
#include "bot/reader/english.h"
#include "bot/reader/lexicon.h"
#include "bot/reader/text.h"
#include "bot/reader/token.h"
#include "knowledge/pack.h"
#include "tests/unit/tiny.h"

static struct text text;
static struct tokens tokens;
static struct matches matches;

static int begin(void **state)
{
    *state = stemmer_create();
    return 0;
}

static int end(void **state)
{
    stemmer_destroy(*state);
    return 0;
}

static void search(void **state, const struct lexicon *lexicon, const char *bytes)
{
    text_read(&text, bytes, strlen(bytes));
    tokens_read(&tokens, &text, *state);
    lexicon_search(lexicon, &tokens, &matches);
}

/* A lexicon of the reader's English and this one phrase. */
static struct lexicon *compile(const char *phrase)
{
    struct line_text item = {phrase, 1};
    struct pack_situation situation = {.id = "it", .phrases = {&item, 1}};
    struct pack pack = {.id = "one", .situations = &situation, .situation_count = 1};
    struct knowledge knowledge = {.packs = {&pack}, .count = 1};
    return lexicon_create(&knowledge);
}

/* The words of the first match of the pack, or "" when there is none. */
static const char *found(void)
{
    static char out[512];
    size_t len = 0;
    for (uint32_t k = 0; k < matches.count; k++) {
        const struct match *match = &matches.items[k];
        if (match->target.type != TARGET_SITUATION) {
            continue;
        }
        for (uint32_t i = match->first; i <= match->last; i++) {
            size_t step = tokens.items[i].len;
            assert_true(len + step + 2 < sizeof(out));
            out[len] = ' ';
            len += i > match->first;
            memcpy(out + len, tokens.items[i].letters, step);
            len += step;
        }
        break;
    }
    out[len] = '\0';
    return out;
}

static void test_notation(void **state)
{
    static const struct {
        const char *phrase, *bytes, *expected; /* the words that match, "" for none */
    } rows[] = {
        {"granary", "a granary here", "granary"},
        {"granary", "two granaries here", "granaries"},
        {"granaries", "a granary here", "granary"},
        {"granary", "the Granary's roof", "granary"},
        {"granary", "a grange here", ""},
        {"=granary", "a granary here", "granary"},
        {"=granary", "two granaries here", ""},
        {"tele*", "by telegraph", "telegraph"},
        {"tele*", "by tele", "tele"},
        {"tele*", "a tel", ""},
        {"barley wine", "some barley wine", "barley wine"},
        {"barley wine", "some barley and wine", ""},
        {"barley wine", "wine barley", ""},
        {"barley wine", "some barley, wine", ""},
        {"barley wine", "some barley. Wine", ""},
        {"barley wine", "some barley\nwine", ""},
        {"barley wine", "some barley-wine", "barley wine"},
        {"barley-wine", "some barley wine", "barley wine"},
        {"don't fish", "they do not fish", "do not fish"},
        {"(barley|hops) wine", "some hops wine", "hops wine"},
        {"(barley|hops) wine", "some grape wine", ""},
        {"(barley|green hops) wine", "some green hops wine", "green hops wine"},
        {"(barley|green hops) wine", "some hops wine", ""},
        {"barley [sweet] wine", "some barley wine", "barley wine"},
        {"barley [sweet] wine", "some barley sweet wine", "barley sweet wine"},
        {"barley [sweet] wine", "some barley sour wine", ""},
        {"barley [sweet|sour] wine", "some barley sour wine", "barley sour wine"},
        {"[old] barley", "some barley", "barley"},
        {"[old] barley", "some old barley", "old barley"},
        {"barley .. wine", "barley wine", "barley wine"},
        {"barley .. wine", "barley is for wine", "barley is for wine"},
        {"barley .. wine", "barley is good for wine", "barley is good for wine"},
        {"barley .. wine", "barley is very good for wine", ""},
        {"barley .. wine", "barley, as wine", "barley as wine"},
        {"barley .. wine", "barley is. Good wine", ""},
        {"barley .. wine", "barley: good wine", ""},
        {"barley ... wine", "barley is very good for wine", "barley is very good for wine"},
        {"barley ... wine", "barley one a b c d e f wine", "barley one a b c d e f wine"},
        {"barley ... wine", "barley one a b c d e f g wine", ""},
        {"barley .. (wine|beer)", "barley makes beer", "barley makes beer"},
        {"# boats", "40 boats", "40 boats"},
        {"# boats", "forty boats", "forty boats"},
        {"# boats", "a dozen boats", "dozen boats"},
        {"# boats", "many boats", ""},
        {"(many|#) boats", "40 boats", "40 boats"},
        {"(many|#) boats", "many boats", "many boats"},
        {"node.js", "we use Node.js.", "node.js"},
        {"c++", "we use C++.", "c++"},
        {"barley", "`barley and wine`", ""},
        {"barley", "```\nbarley\n```", ""},
        {"barley", "> barley", "barley"},
        {"barley", "~~barley~~", "barley"},
        {"barley wine", "**barley** wine", "barley wine"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct lexicon *lexicon = compile(rows[i].phrase);
        search(state, lexicon, rows[i].bytes);
        if (strcmp(found(), rows[i].expected) != 0) {
            fail_msg("%s in %s: got \"%s\"", rows[i].phrase, rows[i].bytes, found());
        }
        lexicon_destroy(lexicon);
    }
}

/* The checker reports these; the lexicon passes them over and keeps what is beside them. */
static void test_faulty_phrases(void **state)
{
    static const char *const phrases[] = {
        "", " ", "(", ")", "[", "(a", "(a|", "(|)", "[]", "a)", "..", "[x]", "(a|)", "((a))", "|",
    };
    for (size_t i = 0; i < ARRAY_LEN(phrases); i++) {
        struct line_text items[] = {{phrases[i], 1}, {"barley", 2}};
        struct pack_situation situation = {.id = "it", .phrases = {items, 2}};
        struct pack pack = {.id = "one", .situations = &situation, .situation_count = 1};
        struct knowledge knowledge = {.packs = {&pack}, .count = 1};
        struct lexicon *lexicon = lexicon_create(&knowledge);
        search(state, lexicon, "the barley");
        assert_string_equal(found(), "barley");
        lexicon_destroy(lexicon);
    }
}

static bool has_target(struct target target)
{
    for (uint32_t k = 0; k < matches.count; k++) {
        const struct target *other = &matches.items[k].target;
        if (other->type == target.type && other->pack == target.pack &&
            other->item == target.item) {
            return true;
        }
    }
    return false;
}

static void test_targets(void **state)
{
    static const struct {
        const char *bytes;
        struct target target;
    } rows[] = {
        {"a telegraph", {TARGET_SITUATION, 0, TINY_COAST, 0}},
        {"a barn full of barley", {TARGET_SITUATION, 0, TINY_COAST, 1}},
        {"some morse", {TARGET_HINT, 0, TINY_COAST, 0}},
        {"pigeons will suffice", {TARGET_DENIAL, 0, TINY_COAST, 0}},
        {"orion", {TARGET_OPTION, 0, TINY_COAST, 0}},
        {"lyra", {TARGET_OPTION, 0, TINY_COAST, 1}},
        {"mocha", {TARGET_OPTION, 0, TINY_DRINKS, 1}},
        {"the church bells", {TARGET_FACT, 0, TINY_COAST, 0}},
        {"which constellation", {TARGET_SUBJECT, 0, TINY_COAST, 0}},
        {"telegraph road", {TARGET_ENGLISH, 0, -1, EN_FALSE_FRIEND}},
        {"without", {TARGET_ENGLISH, 0, -1, EN_NEGATION}},
    };
    struct lexicon *lexicon = lexicon_create(&tiny_knowledge);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        search(state, lexicon, rows[i].bytes);
        if (!has_target(rows[i].target)) {
            fail_msg("%s", rows[i].bytes);
        }
    }
    assert_true(lexicon_memory(lexicon) > 1000);
    lexicon_destroy(lexicon);
}

static void test_order(void **state)
{
    struct lexicon *lexicon = lexicon_create(&tiny_knowledge);
    search(state, lexicon, "Not a granary, not a barn full of barley: orion or lyra, which one?");
    assert_true(matches.count > 5);
    for (uint32_t k = 0; k < matches.count; k++) {
        const struct match *a = &matches.items[k ? k - 1 : 0], *b = &matches.items[k];
        assert_true(b->first <= b->last && b->last < tokens.count);
        assert_true(a->first < b->first || (a->first == b->first && a->last >= b->last));
    }
    for (uint32_t i = 0; i <= tokens.count; i++) {
        uint32_t from = matches_from(&matches, i);
        assert_true(from == 0 || matches.items[from - 1].first < i);
        assert_true(from == matches.count || matches.items[from].first >= i);
    }
    lexicon_destroy(lexicon);
}

static void test_vocabulary(void **state)
{
    (void)state;
    struct lexicon *lexicon = lexicon_create(&tiny_knowledge);
    assert_true(lexicon_has(lexicon, word_hash("orion", 5), 1));
    assert_true(lexicon_has(lexicon, 1, word_hash("orion", 5)));
    assert_true(lexicon_has_word(lexicon, word_hash("without", 7)));
    assert_false(lexicon_has_word(lexicon, word_hash("xyzzy", 5)));
    lexicon_destroy(lexicon);
    lexicon_destroy(NULL);
}

static void test_too_many_matches(void **state)
{
    size_t count = MATCHES_MAX + 100, len = sizeof("orion ") - 1;
    char *bytes = malloc(count * len + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < count; i++) {
        memcpy(bytes + i * len, "orion ", len + 1);
    }
    struct lexicon *lexicon = lexicon_create(&tiny_knowledge);
    search(state, lexicon, bytes);
    assert_int_equal(matches.count, MATCHES_MAX);
    assert_true(matches.truncated);
    search(state, lexicon, "orion");
    assert_int_equal(matches.count, 1);
    assert_false(matches.truncated);
    lexicon_destroy(lexicon);
    free(bytes);
}

static void test_nothing(void **state)
{
    struct knowledge none = {.main = -1};
    struct lexicon *lexicon = lexicon_create(&none);
    search(state, lexicon, "");
    assert_int_equal(matches.count, 0);
    search(state, lexicon, "xyzzy");
    assert_int_equal(matches.count, 0);
    lexicon_destroy(lexicon);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notation),   cmocka_unit_test(test_faulty_phrases),
        cmocka_unit_test(test_targets),    cmocka_unit_test(test_order),
        cmocka_unit_test(test_vocabulary), cmocka_unit_test(test_too_many_matches),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests_name("lexicon", tests, begin, end);
}
