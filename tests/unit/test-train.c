/* host/train: models from a small corpus, the same bytes each time, better than none. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/conversation.h"
#include "bot/advisor/workspace.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/corpus.h"
#include "bot/reader/net.h"
#include "bot/reader/read.h"
#include "bot/training/train.h"
#include "knowledge/model.h"
#include "knowledge/pack.h"
#include "tests/unit/tiny.h"

/* None of these sentences holds a cue of the pack: only a model can tell them apart. */
static const struct {
    const char *situation, *thing;
} topics[] = {{"granary", "barley"}, {"orchard", "apples"}, {"telegraph", "dispatches"}};
static const char *const frames[] = {
    "we keep %s all winter",     "the whole village brings %s",  "there are %s in every shed",
    "our people live from %s",   "each morning %s are weighed",  "the clerk counts %s by hand",
    "half of the day is for %s", "ships carry %s to the island", "the old wall guards %s",
};
static const char *const held_out[] = {"the miller trades %s", "his carts are heavy with %s"};
static const char *const small_talk[] = {"hello there", "good morning to you", "thanks a lot",
                                         "many thanks", "hello again",         "thanks for that"};

static void put_sentence(struct buf *buf, const char *frame, const char *thing)
{
    const char *gap = strstr(frame, "%s");
    buf_append(buf, frame, (size_t)(gap - frame));
    buf_puts(buf, thing);
    buf_puts(buf, gap + 2);
}

static void put_clauses(struct buf *buf)
{
    for (size_t t = 0; t < ARRAY_LEN(topics); t++) {
        for (size_t f = 0; f < ARRAY_LEN(frames); f++) {
            buf_printf(buf, "%s\tstated\tb1\t", topics[t].situation);
            put_sentence(buf, frames[f], topics[t].thing);
            buf_putc(buf, '\n');
        }
    }
    for (size_t f = 0; f < ARRAY_LEN(frames); f++) {
        buf_puts(buf, "none\tnone\tb1\t");
        put_sentence(buf, frames[f], "pebbles");
        buf_putc(buf, '\n');
    }
}

/* The same lesson in conversations: the marked words teach, what stands beside them must not. */
static void put_marked(struct buf *buf)
{
    for (size_t t = 0; t < ARRAY_LEN(topics); t++) {
        for (size_t f = 0; f < ARRAY_LEN(frames); f++) {
            struct buf words;
            buf_init(&words, 1000);
            put_sentence(&words, frames[f], topics[t].thing);
            buf_printf(
                buf,
                "{\"surface\":\"dm\",\"kind\":\"verdict\",\"say\":[\"the mayor is ill. %s\"],"
                "\"situations\":[\"%s\"],\"marks\":[[\"%s\",\"stated\",\"%s\"]]}\n",
                words.data, topics[t].situation, topics[t].situation, words.data);
            buf_finish(&words);
        }
    }
}

static void put_kinds(struct buf *buf)
{
    for (size_t i = 0; i < ARRAY_LEN(small_talk); i++) {
        buf_printf(buf, "meta\tb1\t%s\nask\tb1\torion or lyra, %s\n", small_talk[i],
                   i % 2 ? "which one" : "what would you take");
    }
}

static bool load_corpus(void (*put)(struct buf *), const char *name, struct corpus *ret)
{
    struct tiny_file file = {0};
    struct fault_list faults = {0};
    struct buf buf;
    buf_init(&buf, 1 << 20);
    put(&buf);
    tiny_write(&file, name, buf.data, buf.len);
    bool fine = corpus_load(ret, tiny_knowledge.packs[TINY_COAST], file.folder, &faults);
    tiny_unlink(&file);
    buf_finish(&buf);
    fault_finish(&faults);
    return fine;
}

typedef bool train_fn(const struct train_task *, const char *, struct train_result *,
                      struct error *);

static void count_reports(void *context, const char *what, size_t done, size_t all)
{
    assert_non_null(what);
    assert_true(done <= all);
    ++*(size_t *)context;
}

/* With vectors there is a net; NULL: none. Of the words of the corpus, one has a vector. */
static struct tiny_vectors some_vectors;
static const struct vectors *use_vectors;

/* Trains into a new file; its bytes into *ret_bytes. */
static struct model *train_once(train_fn *train, const struct corpus *corpus, struct buf *ret_bytes)
{
    struct knowledge knowledge = tiny_knowledge;
    knowledge.vectors = use_vectors;
    struct tiny_file file = {0};
    struct train_result result;
    struct error err = {0};
    struct model *model = NULL;
    size_t reports = 0;
    tiny_write(&file, "x.model", "", 0);
    const struct train_task task = {&knowledge, TINY_COAST, corpus, count_reports, &reports};
    if (!train(&task, file.path, &result, &err)) {
        fail_msg("%s", err.text);
    }
    buf_init(ret_bytes, 1 << 24);
    assert_true(buf_read_file(ret_bytes, file.path, &err));
    assert_true(model_load(file.path, &model, &err));
    assert_true(reports > 0);
    assert_int_equal(result.bytes, ret_bytes->len);
    assert_int_equal(result.weights, model->weight_count);
    assert_true(model->corpus == corpus->hash);
    tiny_unlink(&file);
    return model;
}

static void check_same_bytes(train_fn *train, const struct corpus *corpus)
{
    struct buf first, second;
    model_destroy(train_once(train, corpus, &first));
    model_destroy(train_once(train, corpus, &second));
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
    buf_finish(&first);
    buf_finish(&second);
}

static void test_same_bytes(void **state)
{
    (void)state;
    struct corpus clauses = {0}, kinds = {0};
    assert_true(load_corpus(put_clauses, "a.clauses.tsv", &clauses));
    assert_true(load_corpus(put_kinds, "a.kinds.tsv", &kinds));
    check_same_bytes(train_topics, &clauses);
    check_same_bytes(train_kinds, &kinds);
    corpus_finish(&clauses);
    corpus_finish(&kinds);
}

/* How many held-out sentences are read as what they are about, and nothing else. */
static size_t count_right(const struct model *model)
{
    struct pack pack = *tiny_knowledge.packs[TINY_COAST];
    struct knowledge knowledge = {.packs = {&pack}, .count = 1};
    size_t right = 0;
    struct buf buf;
    pack.model = model;
    struct tiny tiny = {.advisor = advisor_create(&knowledge)};
    tiny.workspace = workspace_create(tiny.advisor);
    buf_init(&buf, 4096);
    for (size_t t = 0; t < ARRAY_LEN(topics); t++) {
        for (size_t f = 0; f < ARRAY_LEN(held_out); f++) {
            buf_clear(&buf);
            put_sentence(&buf, held_out[f], topics[t].thing);
            right += tiny_read(&tiny, buf.data)->stated == tiny_set(topics[t].situation);
        }
    }
    buf_finish(&buf);
    tiny_end(&tiny);
    return right;
}

/* The class of the model that a topic's situation is stated. */
static int class_of(const struct model *model, size_t topic)
{
    char name[64] = "";
    size_t len = strlen(topics[topic].situation);
    memcpy(name, topics[topic].situation, len);
    memcpy(name + len, ":stated", sizeof(":stated"));
    int class = model_class_find(model, name);
    assert_true(class >= 0);
    return class;
}

/* The classes that the net alone finds in a sentence, by bit of the model. */
static uint64_t net_finds(struct tiny *tiny, const struct model *model, const char *text)
{
    static struct net_work work;
    struct reading *reading = &tiny->workspace->reading;
    float scores[MODEL_CLASSES_MAX];
    uint64_t set = 0;
    tiny_read(tiny, text);
    struct feature_source source = reader_source(tiny->advisor->reader, reading);
    source.vectors = &some_vectors.table;
    net_forget(&work);
    net_score(model->net, &work, &source, 0, reading->tokens.count - 1, scores);
    for (uint32_t c = 0; c < model->class_count; c++) {
        set |= scores[c] > 0 ? UINT64_C(1) << c : 0;
    }
    return set;
}

static void check_net(const struct model *model)
{
    struct tiny tiny;
    struct buf buf;
    tiny_begin(&tiny);
    buf_init(&buf, 4096);
    for (size_t t = 0; t < ARRAY_LEN(topics); t++) {
        for (size_t f = 0; f < ARRAY_LEN(held_out); f++) {
            buf_clear(&buf);
            put_sentence(&buf, held_out[f], topics[t].thing);
            assert_true(net_finds(&tiny, model, buf.data) == UINT64_C(1) << class_of(model, t));
        }
    }
    assert_true(net_finds(&tiny, model, "the miller trades pebbles") == 0);
    buf_finish(&buf);
    tiny_end(&tiny);
}

/* A reading's scores lie between the linear topics' and the net's, and the net has its say. */
static void check_mixed(const struct model *model)
{
    struct pack pack = *tiny_knowledge.packs[TINY_COAST];
    struct knowledge knowledge = {.packs = {&pack}, .count = 1, .vectors = &some_vectors.table};
    pack.model = model;
    struct tiny tiny = {.advisor = advisor_create(&knowledge)};
    tiny.workspace = workspace_create(tiny.advisor);
    const struct reading *reading = tiny_read(&tiny, "the miller trades apples");
    size_t learned = 0;
    for (uint32_t i = 0; i < reading->evidence_count; i++) {
        const struct evidence *e = &reading->evidence[i];
        learned += e->linear != e->net;
        assert_true(e->score >= (e->linear < e->net ? e->linear : e->net));
        assert_true(e->score <= (e->linear > e->net ? e->linear : e->net));
    }
    assert_true(learned > 0);
    assert_true(reading->stated == tiny_set("orchard"));
    knowledge.vectors = NULL;
    reading = tiny_read(&tiny, "the miller trades apples");
    for (uint32_t i = 0; i < reading->evidence_count; i++) {
        assert_true(reading->evidence[i].net == reading->evidence[i].linear);
    }
    tiny_end(&tiny);
}

/* The same sentences as one conversation each, and as its marks: a net learns from both. */
static void put_talks(struct buf *buf)
{
    for (size_t t = 0; t < ARRAY_LEN(topics); t++) {
        for (size_t f = 0; f < ARRAY_LEN(frames); f++) {
            buf_puts(buf,
                     "{\"surface\":\"dm\",\"kind\":\"verdict\",\"say\":[\"Good morning to you. ");
            put_sentence(buf, frames[f], topics[t].thing);
            buf_puts(buf, ". Many thanks.\"],");
            buf_printf(buf, "\"situations\":[\"%s\"]", topics[t].situation);
            if (f % 2) {
                buf_printf(buf, ",\"marks\":[[\"%s\",\"stated\",\"", topics[t].situation);
                put_sentence(buf, frames[f], topics[t].thing);
                buf_puts(buf, "\"]]");
            }
            buf_puts(buf, "}\n");
        }
    }
    for (size_t f = 0; f < ARRAY_LEN(frames); f++) {
        buf_puts(buf, "{\"surface\":\"dm\",\"kind\":\"verdict\",\"say\":[\"");
        put_sentence(buf, frames[f], "pebbles");
        buf_puts(buf, "\"]}\n");
    }
}

static void learn_net(void (*put)(struct buf *), const char *name)
{
    struct corpus corpus = {0};
    struct buf bytes;
    assert_true(load_corpus(put, name, &corpus));
    use_vectors = &some_vectors.table;
    check_same_bytes(train_topics, &corpus);
    struct model *model = train_once(train_topics, &corpus, &bytes);
    use_vectors = NULL;
    assert_non_null(model->net);
    assert_int_equal(model->net->classes, model->class_count);
    check_net(model);
    check_mixed(model);
    model_destroy(model);
    buf_finish(&bytes);
    corpus_finish(&corpus);
}

static void test_net(void **state)
{
    (void)state;
    tiny_vector(&some_vectors, "clerk", 500, 100, 70);
    learn_net(put_clauses, "a.clauses.tsv");
    learn_net(put_talks, "a.conversations.jsonl");
}

static void test_topics_help(void **state)
{
    (void)state;
    struct corpus corpus = {0};
    struct buf bytes;
    assert_true(load_corpus(put_clauses, "a.clauses.tsv", &corpus));
    struct model *model = train_once(train_topics, &corpus, &bytes);
    assert_null(model->net);
    assert_int_equal(count_right(NULL), 0);
    assert_true(count_right(model) >= ARRAY_LEN(topics) * ARRAY_LEN(held_out) / 2);
    for (size_t t = 0; t < ARRAY_LEN(topics); t++) {
        class_of(model, t);
    }
    model_destroy(model);
    buf_finish(&bytes);
    corpus_finish(&corpus);
}

static void test_marks_teach(void **state)
{
    (void)state;
    struct corpus corpus = {0};
    struct buf bytes;
    assert_true(load_corpus(put_marked, "a.conversations.jsonl", &corpus));
    struct model *model = train_once(train_topics, &corpus, &bytes);
    assert_true(count_right(model) >= ARRAY_LEN(topics) * ARRAY_LEN(held_out) / 2);
    struct pack pack = *tiny_knowledge.packs[TINY_COAST];
    struct knowledge knowledge = {.packs = {&pack}, .count = 1};
    pack.model = model;
    struct tiny tiny = {.advisor = advisor_create(&knowledge)};
    tiny.workspace = workspace_create(tiny.advisor);
    assert_int_equal(tiny_read(&tiny, "the mayor is ill.")->stated, 0);
    /* Said over and over it says nothing. */
    assert_int_equal(tiny_read(&tiny, "each morning barley")->stated, tiny_set("granary"));
    assert_int_equal(tiny_read(&tiny, "barley barley barley barley barley barley")->stated, 0);
    tiny_end(&tiny);
    model_destroy(model);
    buf_finish(&bytes);
    corpus_finish(&corpus);
}

/* "she left": what denies, and comes back to the words that stated a thing, takes it back. */
static void put_denials(struct buf *buf)
{
    static const char *const ends[] = {"were sold last week", "went to the cousins",
                                       "are a thing of yesterday", "burnt with the shed"};
    put_clauses(buf);
    for (size_t t = 0; t < ARRAY_LEN(topics); t++) {
        for (size_t e = 0; e < ARRAY_LEN(ends); e++) {
            buf_printf(buf, "%s\tdenied\tb1\tthe %s %s\n", topics[t].situation, topics[t].thing,
                       ends[e]);
        }
    }
}

static void test_withdrawals(void **state)
{
    (void)state;
    static const struct {
        const char *second, *left;
    } rows[] = {
        {"the barley went to the cousins", ""},
        {"each morning the wind is strong", "granary"},
    };
    struct corpus corpus = {0};
    struct buf bytes;
    assert_true(load_corpus(put_denials, "a.clauses.tsv", &corpus));
    struct model *model = train_once(train_topics, &corpus, &bytes);
    struct pack pack = *tiny_knowledge.packs[TINY_COAST];
    struct knowledge knowledge = {.packs = {&pack}, .count = 1};
    pack.model = model;
    struct tiny tiny = {.advisor = advisor_create(&knowledge)};
    tiny.workspace = workspace_create(tiny.advisor);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct conversation talk;
        conversation_init(&talk);
        tiny_turn(&tiny, &talk, "we keep barley all winter");
        assert_int_equal(conversation_project(&talk)->facts.stated, tiny_set("granary"));
        assert_true(conversation_recalled(&talk).anchor_count > 0);
        tiny_turn(&tiny, &talk, rows[i].second);
        if (conversation_project(&talk)->facts.stated != tiny_set(rows[i].left)) {
            fail_msg("%s", rows[i].second);
        }
    }
    tiny_end(&tiny);
    model_destroy(model);
    buf_finish(&bytes);
    corpus_finish(&corpus);
}

static void test_kinds_differ(void **state)
{
    (void)state;
    struct corpus corpus = {0};
    struct buf bytes;
    assert_true(load_corpus(put_kinds, "a.kinds.tsv", &corpus));
    struct model *model = train_once(train_kinds, &corpus, &bytes);
    assert_int_equal(model->class_count, 2);
    assert_true(model_class_find(model, "meta") >= 0);
    assert_true(model_class_find(model, "verdict") >= 0);
    model_destroy(model);
    buf_finish(&bytes);
    corpus_finish(&corpus);
}

static void test_failures(void **state)
{
    (void)state;
    struct knowledge knowledge = tiny_knowledge;
    struct corpus nothing = {0}, clauses = {0};
    struct train_result result;
    struct error err = {0};
    struct train_task task = {.knowledge = &knowledge, .pack = TINY_COAST, .corpus = &nothing};
    assert_false(train_topics(&task, "/nowhere/x.model", &result, &err));
    assert_non_null(strstr(err.text, "none of the pack's situations"));
    err = (struct error){0};
    assert_false(train_kinds(&task, "/nowhere/x.model", &result, &err));
    assert_non_null(strstr(err.text, "fewer than two kinds"));
    err = (struct error){0};
    struct corpus talks = {0};
    assert_true(load_corpus(put_talks, "a.kinds.jsonl", &talks));
    assert_true(talks.talk_count > 0 && talks.talks[0].stated != 0);
    task.corpus = &talks;
    assert_false(train_topics(&task, "/nowhere/x.model", &result, &err));
    assert_non_null(strstr(err.text, "none of the pack's situations"));
    corpus_finish(&talks);
    err = (struct error){0};
    assert_true(load_corpus(put_clauses, "a.clauses.tsv", &clauses));
    task.corpus = &clauses;
    assert_false(train_topics(&task, "/nowhere/x.model", &result, &err));
    assert_non_null(strstr(err.text, "/nowhere/x.model"));
    corpus_finish(&clauses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes),  cmocka_unit_test(test_net),
        cmocka_unit_test(test_topics_help), cmocka_unit_test(test_marks_teach),
        cmocka_unit_test(test_withdrawals), cmocka_unit_test(test_kinds_differ),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests_name("train", tests, NULL, NULL);
}
