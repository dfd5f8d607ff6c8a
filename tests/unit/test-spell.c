/* reader/spell: typing errors mended, everything else left alone. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/reader/lexicon.h"
#include "bot/reader/spell.h"
#include "bot/reader/text.h"
#include "bot/reader/token.h"
#include "knowledge/vectors.h"
#include "tests/unit/tiny.h"

static struct text text;
static struct tokens tokens;

/* A table of common words, as words.vec would give: "barrow" common, "bureau" rare. */
static struct tiny_vectors common;

struct bench {
    struct stemmer *stemmer;
    struct lexicon *lexicon;
};

static int begin(void **state)
{
    static struct bench bench;
    bench.stemmer = stemmer_create();
    bench.lexicon = lexicon_create(&tiny_knowledge);
    tiny_vector(&common, "barrow", 3, 1, 1);
    tiny_vector(&common, "bureau", 60000, 1, 1);
    tiny_vector(&common, "talegraph", 60000, 1, 1);
    *state = &bench;
    return 0;
}

static int end(void **state)
{
    struct bench *bench = *state;
    lexicon_destroy(bench->lexicon);
    stemmer_destroy(bench->stemmer);
    return 0;
}

static const char *mended(void **state, const char *bytes, const struct vectors *vectors)
{
    static struct buf buf;
    struct bench *bench = *state;
    text_read(&text, bytes, strlen(bytes));
    tokens_read(&tokens, &text, bench->stemmer);
    spell_mend(&tokens, bench->lexicon, vectors, bench->stemmer);
    buf_finish(&buf);
    buf_init(&buf, 1 << 20);
    for (uint32_t i = 0; i < tokens.count; i++) {
        bool fixed = tokens.items[i].flags & TOKEN_FIXED;
        buf_printf(&buf, "%s%s%s", i ? " " : "", fixed ? "~" : "", tokens.items[i].letters);
    }
    return buf.data ? buf.data : "";
}

static void test_mends(void **state)
{
    static const struct {
        const char *what, *bytes, *expected;
    } rows[] = {
        {"right already", "telegraph", "telegraph"},
        {"inflected", "telegraphs", "telegraphs"},
        {"a letter missing", "telegaph", "~telegraph"},
        {"a letter too many", "tellegraph", "~telegraph"},
        {"a wrong letter", "telegrapf", "~telegraph"},
        {"two letters swapped", "telegrpah", "~telegraph"},
        {"the first letter", "delegraph", "~telegraph"},
        {"capitals", "Telegaph", "~telegraph"},
        {"an option", "we use orionn", "we use ~orion"},
        {"two slips are no slip", "telgaph", "telgaph"},
        {"short words are left alone", "hte fo", "hte fo"},
        {"code is left alone", "`run telegaph`", "run telegaph"},
        {"numbers are left alone", "telegr4ph", "telegr4ph"},
        {"a common word", "a barow", "a ~barrow"},
        {"no word is made to be a rare one", "the bureu", "the bureu"},
        {"a rare word is a word", "the talegraph", "the talegraph"},
        {"nothing near", "xyzzy plugh", "xyzzy plugh"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *got = mended(state, rows[i].bytes, &common.table);
        if (strcmp(got, rows[i].expected) != 0) {
            fail_msg("%s: got \"%s\"", rows[i].what, got);
        }
    }
}

static void test_without_vectors(void **state)
{
    assert_string_equal(mended(state, "a telegaph", NULL), "a ~telegraph");
    assert_string_equal(mended(state, "a barow", NULL), "a barow");
}

/* What was mended counts as what it should have been, and stays where it was. */
static void test_token_after(void **state)
{
    mended(state, "The telegaph", &common.table);
    const struct token *token = &tokens.items[1];
    assert_int_equal(token->word, word_hash("telegraph", 9));
    assert_int_equal(token->start, 4);
    assert_int_equal(token->end, 12);
    assert_int_equal(token->len, 9);
}

/* Each slip at each place of a word of each length: nothing is written past the letters. */
static void test_every_length(void **state)
{
    char bytes[2 * WORD_MAX];
    for (size_t len = 1; len < sizeof(bytes) - 1; len++) {
        memset(bytes, 'q', len);
        bytes[len] = '\0';
        mended(state, bytes, NULL);
        assert_int_equal(tokens.count, 1);
        assert_true(tokens.items[0].len < WORD_MAX);
    }
}

static void test_many_errors(void **state)
{
    enum { COUNT = SPELL_MAX + 20 };
    struct buf buf;
    buf_init(&buf, 1 << 20);
    for (int i = 0; i < COUNT; i++) {
        buf_puts(&buf, "telegaph ");
    }
    mended(state, buf.data, NULL);
    uint32_t fixed = 0;
    for (uint32_t i = 0; i < tokens.count; i++) {
        fixed += (tokens.items[i].flags & TOKEN_FIXED) != 0;
    }
    assert_int_equal(tokens.count, COUNT);
    assert_int_equal(fixed, SPELL_MAX);
    buf_finish(&buf);
}

static void test_near(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool near;
    } rows[] = {
        {"node", "node", true},    {"nod", "node", true},   {"nodde", "node", true},
        {"mode", "node", true},    {"ndoe", "node", true},  {"noed", "node", true},
        {"onde", "node", true},    {"n", "node", false},    {"need", "node", false},
        {"django", "node", false}, {"", "node", false},     {"", "", true},
        {"a", "", true},           {"ab", "ba", true},      {"abc", "cba", false},
        {"abcd", "badc", false},   {"nodes", "node", true}, {"nodess", "node", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool forth = spell_near(rows[i].a, rows[i].b), back = spell_near(rows[i].b, rows[i].a);
        if (forth != rows[i].near || back != rows[i].near) {
            fail_msg("%s and %s: got %d and %d", rows[i].a, rows[i].b, forth, back);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mends),       cmocka_unit_test(test_without_vectors),
        cmocka_unit_test(test_token_after), cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_many_errors), cmocka_unit_test(test_near),
    };
    return cmocka_run_group_tests_name("spell", tests, begin, end);
}
