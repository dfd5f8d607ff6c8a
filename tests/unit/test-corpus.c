/* host/corpus: labelled text from files, and every fault with its file and line. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/corpus.h"
#include "bot/reader/kind.h"
#include "knowledge/learned.h"
#include "knowledge/pack.h"
#include "tests/unit/tiny.h"

/* One file in a folder of its own; false as corpus_load() says it. */
static bool load(const char *name, const char *bytes, struct corpus *ret, struct fault_list *faults)
{
    struct tiny_file file = {0};
    tiny_write(&file, name, bytes, strlen(bytes));
    bool fine = corpus_load(ret, tiny_knowledge.packs[TINY_COAST], file.folder, faults);
    tiny_unlink(&file);
    return fine;
}

static void test_clauses(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *situations, *text;
        enum clause_polarity polarity;
    } rows[] = {
        {"granary\tstated\tb1\tWe store barley.\n", "granary", "We store barley.", CLAUSE_STATED},
        {"granary\tdenied\tb1\tNo barley.", "granary", "No barley.", CLAUSE_DENIED},
        {"granary,orchard\taside\tb1\tOthers do.", "granary orchard", "Others do.", CLAUSE_ASIDE},
        {"none\tnone\tb1\tHello.", "", "Hello.", CLAUSE_NONE},
        {"\n\ngranary\tstated\tb1\tWe store.\n\n", "granary", "We store.", CLAUSE_STATED},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct corpus corpus = {0};
        struct fault_list faults = {0};
        if (!load("a.clauses.tsv", rows[i].bytes, &corpus, &faults)) {
            fail_msg("%s: %s", rows[i].bytes, faults.items[0].text);
        }
        assert_int_equal(corpus.clause_count, 1);
        assert_int_equal(corpus.talk_count, 0);
        assert_int_equal(corpus.clauses[0].situations, tiny_set(rows[i].situations));
        assert_int_equal(corpus.clauses[0].polarity, rows[i].polarity);
        assert_string_equal(corpus.clauses[0].text, rows[i].text);
        corpus_finish(&corpus);
        assert_null(corpus.clauses);
        fault_finish(&faults);
    }
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *text;
        int kind, surface; /* surface -1: any */
        bool follows;
    } rows[] = {
        {"meta\tb1\tHello.\n", "Hello.", KIND_META, -1, false},
        {"facts\tb1\tWhy?\n", "Why?", KIND_FACTS, -1, false},
        {"ask\tb1\tWhich?\n", "Which?", KIND_VERDICT, SURFACE_DM, false},
        {"ambient-ask\tb1\tWhich?\n", "Which?", KIND_VERDICT, SURFACE_AMBIENT, false},
        {"silent\tb1\tLunch?\n", "Lunch?", KIND_SILENT, SURFACE_AMBIENT, false},
        {"unknown-long\tb1\tSo.\n", "So.", KIND_UNKNOWN, SURFACE_TRACKER, false},
        {"facts-give\tb1\tAlso a barn.\n", "Also a barn.", KIND_VERDICT, SURFACE_DM, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct corpus corpus = {0};
        struct fault_list faults = {0};
        assert_true(load("a.kinds.tsv", rows[i].bytes, &corpus, &faults));
        assert_int_equal(corpus.talk_count, 1);
        const struct corpus_talk *talk = &corpus.talks[0];
        bool fits = talk->kind == rows[i].kind && talk->follows == rows[i].follows &&
                    (rows[i].surface < 0 || talk->surface == rows[i].surface);
        if (!fits || talk->turn_count != 1 || strcmp(talk->turns[0], rows[i].text) != 0) {
            fail_msg("%s", rows[i].bytes);
        }
        corpus_finish(&corpus);
        fault_finish(&faults);
    }
}

static void test_conversations(void **state)
{
    (void)state;
    struct corpus corpus = {0};
    struct fault_list faults = {0};
    assert_true(load("a.conversations.jsonl",
                     "{\"id\":\"1\",\"surface\":\"dm\",\"kind\":\"verdict\",\"say\":[\"a\",\"b\"],"
                     "\"situations\":[\"granary\"],\"denied\":[\"orchard\"],\"optional\":"
                     "[\"windmill\"],\"verdict\":\"lyra\"}\n\n"
                     "{\"surface\":\"ambient\",\"kind\":\"silent\",\"say\":[\"c\"]}\n",
                     &corpus, &faults));
    assert_int_equal(corpus.talk_count, 2);
    const struct corpus_talk *talk = &corpus.talks[0];
    assert_int_equal(talk->kind, KIND_VERDICT);
    assert_int_equal(talk->surface, SURFACE_DM);
    assert_int_equal(talk->stated, tiny_set("granary"));
    assert_int_equal(talk->denied, tiny_set("orchard"));
    assert_int_equal(talk->optional, tiny_set("windmill"));
    assert_int_equal(talk->turn_count, 2);
    assert_string_equal(talk->turns[1], "b");
    assert_int_equal(corpus.talks[1].surface, SURFACE_AMBIENT);
    corpus_finish(&corpus);
    fault_finish(&faults);
}

static void test_marks(void **state)
{
    (void)state;
    struct corpus corpus = {0};
    struct fault_list faults = {0};
    assert_true(
        load("a.conversations.jsonl",
             "{\"surface\":\"dm\",\"kind\":\"verdict\",\"say\":[\"barley here\",\"no pears\"],"
             "\"situations\":[\"granary\"],\"marks\":[[\"granary\",\"stated\",\"barley\"],"
             "[\"orchard\",\"denied\",\"no pears\"]]}\n"
             "{\"surface\":\"dm\",\"kind\":\"meta\",\"say\":[\"hi\"],\"marks\":[]}\n"
             "{\"surface\":\"dm\",\"kind\":\"meta\",\"say\":[\"hi\"]}\n",
             &corpus, &faults));
    const struct corpus_talk *talk = &corpus.talks[0];
    assert_true(talk->marked);
    assert_int_equal(talk->mark_count, 2);
    assert_string_equal(talk->marks[0].words, "barley");
    assert_int_equal(1ull << talk->marks[0].situation, tiny_set("granary"));
    assert_int_equal(talk->marks[0].polarity, CLAUSE_STATED);
    assert_int_equal(talk->marks[1].polarity, CLAUSE_DENIED);
    assert_true(corpus.talks[1].marked);
    assert_false(corpus.talks[2].marked);
    corpus_finish(&corpus);
    fault_finish(&faults);
}

/* Of a very long conversation its last turns are kept. */
static void test_long_conversation(void **state)
{
    (void)state;
    char bytes[1024] = "{\"surface\":\"dm\",\"kind\":\"meta\",\"say\":[";
    size_t len = strlen(bytes);
    for (int i = 0; i < CORPUS_TURNS_MAX + 5; i++) {
        char turn[] = "\"a\",";
        turn[1] = (char)('a' + i);
        memcpy(bytes + len, turn, 4);
        len += 4;
    }
    memcpy(bytes + len - 1, "]}", 3);
    struct corpus corpus = {0};
    struct fault_list faults = {0};
    assert_true(load("a.conversations.jsonl", bytes, &corpus, &faults));
    const struct corpus_talk *talk = &corpus.talks[0];
    assert_int_equal(talk->turn_count, CORPUS_TURNS_MAX);
    assert_string_equal(talk->turns[0], "f");
    corpus_finish(&corpus);
    fault_finish(&faults);
}

static void test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *what, *name, *bytes;
        int line;
        const char *text;
    } rows[] = {
        {"too few fields", "a.clauses.tsv", "granary\tstated\tonly three\n", 1, "with tabs"},
        {"no tabs at all", "a.clauses.tsv", "none\tnone\tb\tx\nhello\n", 2, "with tabs"},
        {"no text", "a.clauses.tsv", "granary\tstated\tb\t\n", 1, "and text"},
        {"a kind of no text", "a.kinds.tsv", "meta\tb\t\n", 1, "and text"},
        {"unknown polarity", "a.clauses.tsv", "granary\tmaybe\tb\tx\n", 1, "polarity"},
        {"unknown situation", "a.clauses.tsv", "\ngrain\tstated\tb\tx\n", 2, "\"grain\""},
        {"one of two unknown", "a.clauses.tsv", "granary,grain\tstated\tb\tx\n", 1, "\"grain\""},
        {"a kind without text", "a.kinds.tsv", "meta\tb\n", 1, "with tabs"},
        {"a kind with too much", "a.kinds.tsv", "meta\tb\tx\ty\n", 1, "with tabs"},
        {"unknown kind", "a.kinds.tsv", "meta\tb\tx\nmeat\tb\tx\n", 2, "\"meat\""},
        {"no JSON", "a.conversations.jsonl", "\nhello\n", 2, "not a conversation"},
        {"cut JSON", "a.conversations.jsonl", "{\"surface\":\"dm\"", 1, "not a conversation"},
        {"no surface", "a.conversations.jsonl", "{\"kind\":\"meta\",\"say\":[\"a\"]}", 1,
         "surface"},
        {"unknown surface", "a.conversations.jsonl",
         "{\"surface\":\"fax\",\"kind\":\"meta\",\"say\":[\"a\"]}", 1, "surface"},
        {"unknown kind of talk", "a.conversations.jsonl",
         "{\"surface\":\"dm\",\"kind\":\"meat\",\"say\":[\"a\"]}", 1, "kind"},
        {"nothing said", "a.conversations.jsonl",
         "{\"surface\":\"dm\",\"kind\":\"meta\",\"say\":[]}", 1, "say"},
        {"no list said", "a.conversations.jsonl",
         "{\"surface\":\"dm\",\"kind\":\"meta\",\"say\":\"a\"}", 1, "say"},
        {"unknown situation of a talk", "a.conversations.jsonl",
         "{\"surface\":\"dm\",\"kind\":\"meta\",\"say\":[\"a\"],\"denied\":[\"grain\"]}", 1,
         "\"grain\""},
        {"a situation that is no string", "a.conversations.jsonl",
         "{\"surface\":\"dm\",\"kind\":\"meta\",\"say\":[\"a\"],\"situations\":[3]}", 1, "strings"},
        {"a mark of words that nobody says", "a.conversations.jsonl",
         "{\"surface\":\"dm\",\"kind\":\"meta\",\"say\":[\"a\"],"
         "\"marks\":[[\"granary\",\"stated\",\"b\"]]}",
         1, "not said"},
        {"a mark of an unknown situation", "a.conversations.jsonl",
         "{\"surface\":\"dm\",\"kind\":\"meta\",\"say\":[\"a\"],"
         "\"marks\":[[\"grain\",\"stated\",\"a\"]]}",
         1, "a mark is"},
        {"a mark that is no list", "a.conversations.jsonl",
         "{\"surface\":\"dm\",\"kind\":\"meta\",\"say\":[\"a\"],\"marks\":[\"granary\"]}", 1,
         "a mark is"},
        {"a key twice", "a.conversations.jsonl",
         "{\"surface\":\"dm\",\"surface\":\"dm\",\"kind\":\"meta\",\"say\":[\"a\"]}", 1,
         "not a conversation"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct corpus corpus = {0};
        struct fault_list faults = {0};
        if (load(rows[i].name, rows[i].bytes, &corpus, &faults) || faults.count != 1) {
            fail_msg("%s: %zu faults", rows[i].what, faults.count);
        }
        const struct fault *fault = &faults.items[0];
        if (fault->line != rows[i].line || !strstr(fault->text, rows[i].text) ||
            !strstr(fault->file, rows[i].name)) {
            fail_msg("%s: %s:%d: %s", rows[i].what, fault->file, fault->line, fault->text);
        }
        corpus_finish(&corpus);
        fault_finish(&faults);
    }
}

/* Of some conversations only the kinds are learned; they are read alike. */
static void test_kinds_only(void **state)
{
    static const char line[] = "{\"surface\": \"dm\", \"kind\": \"verdict\", \"say\": [\"x\"]}";
    static const char *const names[] = {"a.conversations.jsonl", "a.kinds.jsonl"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct corpus corpus = {0};
        struct fault_list faults = {0};
        assert_true(load(names[i], line, &corpus, &faults));
        assert_int_equal(corpus.talk_count, 1);
        assert_int_equal(corpus.talks[0].kind_only, i == 1);
        assert_int_equal(corpus.hash != 0, i == 0); /* the topics' model does not depend on it */
        corpus_finish(&corpus);
        assert_false(load(names[i], "{\"say\": []}", &corpus, &faults));
        corpus_finish(&corpus);
        fault_finish(&faults);
    }
}

static void test_all_faults_at_once(void **state)
{
    (void)state;
    struct corpus corpus = {0};
    struct fault_list faults = {0};
    assert_false(
        load("a.clauses.tsv", "x\nnone\tnone\tb\ty\nz\ngrain\tstated\tb\tx\n", &corpus, &faults));
    assert_int_equal(faults.count, 3);
    assert_int_equal(faults.items[0].line, 1);
    assert_int_equal(faults.items[1].line, 3);
    assert_int_equal(faults.items[2].line, 4);
    corpus_finish(&corpus);
    fault_finish(&faults);
}

static void test_no_folder(void **state)
{
    (void)state;
    struct corpus corpus = {0};
    struct fault_list faults = {0};
    assert_false(corpus_load(&corpus, tiny_knowledge.packs[TINY_COAST], "/nowhere", &faults));
    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.items[0].file, "/nowhere");
    assert_false(load("readme.txt", "hello", &corpus, &faults));
    corpus_finish(&corpus);
    fault_finish(&faults);
}

static void test_hash(void **state)
{
    (void)state;
    uint64_t hashes[3];
    static const char *const texts[] = {"none\tnone\tb\tx\n", "none\tnone\tb\tx\n",
                                        "none\tnone\tb\ty\n"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct corpus corpus = {0};
        struct fault_list faults = {0};
        assert_true(load("a.clauses.tsv", texts[i], &corpus, &faults));
        hashes[i] = corpus.hash;
        corpus_finish(&corpus);
    }
    assert_true(hashes[0] == hashes[1]);
    assert_true(hashes[0] != hashes[2]);
}

static void test_beside(void **state)
{
    (void)state;
    static const struct {
        const char *file, *ending, *expected;
    } rows[] = {
        {"knowledge/x.json", ".corpus", "knowledge/x.corpus"},
        {"x.json", ".model", "x.model"},
        {"x", ".model", "x.model"},
        {".json", ".model", ".json.model"},
        {"x/.json", ".model", "x/.json.model"},
        {"", ".model", ".model"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *path = learned_beside(rows[i].file, rows[i].ending);
        assert_string_equal(path, rows[i].expected);
        mem_free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clauses),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_conversations),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_long_conversation),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_kinds_only),
        cmocka_unit_test(test_all_faults_at_once),
        cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_beside),
    };
    return cmocka_run_group_tests_name("corpus", tests, NULL, NULL);
}
