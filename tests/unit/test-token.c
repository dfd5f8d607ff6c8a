/* reader/token: normal text to words. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libstemmer.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "bot/reader/text.h"
#include "bot/reader/token.h"

static struct text text;
static struct tokens tokens;

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

static void read_bytes(void **state, const char *bytes, size_t len)
{
    text_read(&text, bytes, len);
    tokens_read(&tokens, &text, *state);
}

static void read_string(void **state, const char *bytes)
{
    read_bytes(state, bytes, strlen(bytes));
}

static const char *joined(void)
{
    static struct buf buf;
    buf_finish(&buf);
    buf_init(&buf, 1 << 20);
    for (uint32_t i = 0; i < tokens.count; i++) {
        buf_printf(&buf, "%s%s", i ? " " : "", tokens.items[i].letters);
    }
    return buf.data ? buf.data : "";
}

static const struct token *word(const char *letters)
{
    for (uint32_t i = 0; i < tokens.count; i++) {
        if (strcmp(tokens.items[i].letters, letters) == 0) {
            return &tokens.items[i];
        }
    }
    fail_msg("no word %s", letters);
    return NULL;
}

static void test_words(void **state)
{
    static const struct {
        const char *what, *bytes, *expected;
    } rows[] = {
        {"nothing", "", ""},
        {"punctuation alone", "?! ... -- ()", ""},
        {"a sentence", "We build it, now.", "we build it now"},
        {"not, contracted", "don't can't won't isn't", "do not can not will not is not"},
        {"not, without the apostrophe", "dont doesnt isnt", "do not does not is not"},
        {"not, with a curly apostrophe", "don\xe2\x80\x99t", "do not"},
        {"is, contracted", "it's that's", "it is that is"},
        {"are, have, will, would, am", "we're we've we'll we'd I'm",
         "we are we have we will we would i am"},
        {"possessive", "the team's work", "the team work"},
        {"possessive plural", "the drivers' work", "the drivers work"},
        {"names with dots", "node.js socket.io asp.net", "node.js socket.io asp.net"},
        {"a name at the end", "We like node.js. You?", "we like node.js you"},
        {"the name that begins with a dot", "we use .NET here", "we use dotnet here"},
        {"c++ and c#", "c++ or c#?", "c++ or c#"},
        {"hyphens", "drag-and-drop e-mail", "drag and drop e mail"},
        {"slashes", "node/django", "node django"},
        {"digits", "20 users, 1,000 rows", "20 users 1,000 rows"},
        {"a dot between sentences without a blank", "one.Two", "one two"},
        {"quotation marks", "he said \"yes\"", "he said yes"},
        {"chat spelling", "u pls thx", "you please thanks"},
        {"versus", "a vs b", "a versus b"},
        {"other scripts", "\xd0\x9f\xd1\x80\xd0\xb8 yes", "\xd0\xbf\xd1\x80\xd0\xb8 yes"},
        {"emoji part words",
         "yes\xf0\x9f\x91\x8d"
         " no",
         NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        read_string(state, rows[i].bytes);
        if (rows[i].expected && strcmp(joined(), rows[i].expected) != 0) {
            fail_msg("%s: got \"%s\"", rows[i].what, joined());
        }
    }
}

static void test_stems(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"record", "records", true}, {"record", "recorded", true}, {"library", "libraries", true},
        {"team", "team's", true},    {"build", "building", true},  {"React", "react", true},
        {"chat", "chart", false},    {"model", "modal", false},    {"node.js", "node", false},
        {"form", "from", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        read_string(state, rows[i].a);
        uint64_t stem = tokens.items[0].stem;
        read_string(state, rows[i].b);
        if ((tokens.items[0].stem == stem) != rows[i].same) {
            fail_msg("%s and %s", rows[i].a, rows[i].b);
        }
    }
}

/* More words than a stemmer remembers: each has the stem that Snowball itself says, both times. */
static void test_stems_of_many_words(void **state)
{
    enum { LETTERS = 26, MANY = LETTERS * LETTERS * LETTERS };
    struct sb_stemmer *snowball = sb_stemmer_new("english", "UTF_8");
    for (int i = 0; i < 2 * MANY; i++) {
        int n = i < MANY ? i : 2 * MANY - 1 - i;
        char word[] = "b...king";
        struct token token = {0};
        word[1] = (char)('a' + n % LETTERS);
        word[2] = (char)('a' + n / LETTERS % LETTERS);
        word[3] = (char)('a' + n / LETTERS / LETTERS);
        token_set(&token, *state, word, strlen(word));
        const char *stem = (const char *)sb_stemmer_stem(snowball, (const sb_symbol *)word, 8);
        assert_true(token.word == word_hash(word, strlen(word)));
        assert_true(token.stem == word_hash(stem, (size_t)sb_stemmer_length(snowball)));
    }
    sb_stemmer_delete(snowball);
}

/* Alike as far as is remembered of a word: they are told apart all the same. */
static void test_stems_of_long_words(void **state)
{
    static const char *const words[] = {"internationaliz", "internationalize", "internationalizes",
                                        "internationalized", "internationalizing"};
    struct sb_stemmer *snowball = sb_stemmer_new("english", "UTF_8");
    for (size_t i = 0; i < 4 * ARRAY_LEN(words); i++) {
        const char *word = words[i * 3 % ARRAY_LEN(words)];
        struct token token = {0};
        token_set(&token, *state, word, strlen(word));
        const char *stem =
            (const char *)sb_stemmer_stem(snowball, (const sb_symbol *)word, (int)strlen(word));
        assert_true(token.stem == word_hash(stem, (size_t)sb_stemmer_length(snowball)));
    }
    sb_stemmer_delete(snowball);
}

static void test_borders(void **state)
{
    static const struct {
        const char *what, *bytes;
        enum border border; /* before "two" */
    } rows[] = {
        {"a blank", "one two", BORDER_NONE},
        {"a comma", "one, two", BORDER_COMMA},
        {"a semicolon", "one; two", BORDER_CLAUSE},
        {"a colon", "one: two", BORDER_CLAUSE},
        {"a dash", "one - two", BORDER_CLAUSE},
        {"an em dash", "one\xe2\x80\x94two", BORDER_CLAUSE},
        {"a double dash", "one -- two", BORDER_CLAUSE},
        {"a bracket", "one (two", BORDER_CLAUSE},
        {"a full stop", "one. two", BORDER_SENTENCE},
        {"a question mark", "one? two", BORDER_SENTENCE},
        {"an exclamation mark", "one! two", BORDER_SENTENCE},
        {"an ellipsis", "one... two", BORDER_SENTENCE},
        {"a line", "one\ntwo", BORDER_LINE},
        {"a paragraph", "one\n\ntwo", BORDER_PARAGRAPH},
        {"the strongest counts", "one, (two", BORDER_CLAUSE},
        {"a hyphen", "one-two", BORDER_NONE},
        {"a slash", "one/two", BORDER_NONE},
        {"bold", "one **two**", BORDER_NONE},
        {"the beginning", "two", BORDER_PARAGRAPH},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        read_string(state, rows[i].bytes);
        if (word("two")->border != rows[i].border) {
            fail_msg("%s: got %d", rows[i].what, word("two")->border);
        }
    }
}

static void test_flags(void **state)
{
    static const struct {
        const char *what, *bytes, *word;
        uint8_t has, lacks;
    } rows[] = {
        {"a capital", "One two", "one", TOKEN_UPPER, TOKEN_QUESTION},
        {"none", "One two", "two", 0, TOKEN_UPPER | TOKEN_GLUED},
        {"a question", "one two?", "two", TOKEN_QUESTION, 0},
        {"a question, not this word", "one two?", "one", 0, TOKEN_QUESTION},
        {"a question in a bracket", "one (two?)", "two", TOKEN_QUESTION, 0},
        {"digits", "40 users", "40", TOKEN_NUMBER, 0},
        {"a number's name", "forty users", "forty", TOKEN_NUMBER, 0},
        {"a slash", "one/two", "two", TOKEN_SLASH, 0},
        {"a slash, the word before", "one/two", "one", 0, TOKEN_SLASH},
        {"a hyphen", "one-two", "two", TOKEN_GLUED, 0},
        {"a contraction", "don't", "not", TOKEN_GLUED, 0},
        {"between quotation marks", "a \"one\" two", "one", TOKEN_QUOTED, 0},
        {"after quotation marks", "a \"one\" two", "two", 0, TOKEN_QUOTED},
        {"a single quotation mark", "a 5\" one two", "one", 0, TOKEN_QUOTED},
        {"a mark that the next line closes", "a \"one\ntwo\" b", "two", 0, TOKEN_QUOTED},
        {"a colon", "one: two", "one", TOKEN_COLON, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        read_string(state, rows[i].bytes);
        uint8_t flags = word(rows[i].word)->flags;
        if ((flags & rows[i].has) != rows[i].has || (flags & rows[i].lacks)) {
            fail_msg("%s: got %#x", rows[i].what, flags);
        }
    }
}

static void test_attributes(void **state)
{
    read_string(state, "> one\ntwo `three four` ~~five~~");
    assert_int_equal(word("one")->attr, TEXT_QUOTE);
    assert_int_equal(word("two")->attr, 0);
    assert_int_equal(word("three")->attr, TEXT_CODE);
    assert_int_equal(word("five")->attr, TEXT_STRUCK);
    assert_int_equal(word("one")->line, 0);
    assert_int_equal(word("five")->line, 1);
}

/* A word's place in the source is where it was written. */
static void test_sources(void **state)
{
    static const char bytes[] = "**Caf\xc3\xa9** [and](http://x.y) tea, node.js";
    static const char *const words[] = {"cafe", "and", "tea", "node.js"};
    static const char *const written[] = {"Caf\xc3\xa9", "and", "tea", "node.js"};
    read_string(state, bytes);
    assert_int_equal(tokens.count, ARRAY_LEN(words));
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        const struct token *token = &tokens.items[i];
        assert_string_equal(token->letters, words[i]);
        assert_memory_equal(bytes + token->start, written[i], 3);
        assert_true(token->end > token->start && token->end <= sizeof(bytes) - 1);
    }
}

static void test_long_words(void **state)
{
    char bytes[3 * WORD_MAX];
    for (size_t len = WORD_MAX - 3; len < sizeof(bytes); len++) {
        memset(bytes, 'a', len);
        read_bytes(state, bytes, len);
        assert_int_equal(tokens.count, 1);
        assert_true(tokens.items[0].len < WORD_MAX);
        assert_int_equal(tokens.items[0].len, strlen(tokens.items[0].letters));
        assert_int_equal(tokens.items[0].end, len);
    }
    /* Cut at a character's border. */
    for (size_t shift = 0; shift < 3; shift++) {
        memset(bytes, 'a', shift);
        for (size_t i = 0; i < 30; i++) {
            memcpy(bytes + shift + 2 * i, "\xd0\xb1", 2);
        }
        read_bytes(state, bytes, shift + 60);
        const struct token *token = &tokens.items[0];
        assert_int_equal((token->len - shift) % 2, 0);
    }
}

static void test_too_many_words(void **state)
{
    size_t count = TOKENS_MAX + 100;
    char *bytes = malloc(2 * count);
    assert_non_null(bytes);
    for (size_t i = 0; i < count; i++) {
        memcpy(bytes + 2 * i, "a ", 2);
    }
    read_bytes(state, bytes, 2 * count);
    assert_int_equal(tokens.count, TOKENS_MAX);
    assert_true(tokens.truncated);
    read_bytes(state, bytes, 200);
    assert_int_equal(tokens.count, 100);
    assert_false(tokens.truncated);
    free(bytes);
}

/* Any four characters of those that mean something here. */
static void test_all_short_inputs(void **state)
{
    static const char letters[] = "an1'.,-/\"#+? \n";
    const size_t base = sizeof(letters) - 1;
    for (size_t n = 0; n < base * base * base * base; n++) {
        char bytes[4];
        size_t rest = n;
        for (size_t i = 0; i < sizeof(bytes); i++, rest /= base) {
            bytes[i] = letters[rest % base];
        }
        read_bytes(state, bytes, sizeof(bytes));
        assert_true(tokens.count <= sizeof(bytes) + 1);
        for (uint32_t i = 0; i < tokens.count; i++) {
            const struct token *token = &tokens.items[i];
            assert_true(token->word && token->stem && token->len > 0);
            assert_true(token->start < token->end && token->end <= sizeof(bytes));
            assert_true(token->line < text.line_count);
        }
    }
}

static void test_token_set(void **state)
{
    struct token token = {.flags = TOKEN_UPPER, .start = 3};
    token_set(&token, *state, "libraries", 9);
    assert_string_equal(token.letters, "libraries");
    assert_int_equal(token.word, word_hash("libraries", 9));
    assert_true(token.stem != token.word);
    assert_int_equal(token.start, 3);
    assert_true(token.flags & TOKEN_UPPER);
    stemmer_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_stems),
        cmocka_unit_test(test_stems_of_many_words),
        cmocka_unit_test(test_stems_of_long_words),
        cmocka_unit_test(test_borders),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_long_words),
        cmocka_unit_test(test_too_many_words),
        cmocka_unit_test(test_all_short_inputs),
        cmocka_unit_test(test_token_set),
    };
    return cmocka_run_group_tests_name("token", tests, begin, end);
}
