#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bot/advisor/facts.h"
#include "bot/advisor/line.h"
#include "bot/advisor/reply.h"
#include "bot/base/utf8.h"
#include "tests/golden/sample.h"

/*
 * Lines and blocks, and properties of all replies. What replies say word for word is in
 * tests/golden.
 */

enum { ROUNDS = 4000, LINE_REPLY_BOUND = 420 };

static const char *block(const struct reply *reply, size_t i)
{
    assert_true(i < reply->block_count);
    return reply->text + reply->blocks[i].text;
}

static struct reply empty(void)
{
    struct reply reply;
    memset(&reply, 0, sizeof(reply));
    return reply;
}

/* Lines */

static void test_line_formats(void **state)
{
    (void)state;
    struct line line;
    line_init(&line);
    assert_true(line_add(&line, "%s|%.*s|%d|%d|%zu|%%|", "a", 2, "bcd", -12, 0, (size_t)345));
    assert_string_equal(line.text, "a|bc|-12|0|345|%|");
    assert_true(line_add(&line, "%.*s", 9, "short"));
    assert_string_equal(line.text, "a|bc|-12|0|345|%|short");
    line_init(&line);
    assert_true(line_add(&line, "%d", INT32_MIN));
    assert_string_equal(line.text, "-2147483648");
}

static void test_line_is_whole_or_nothing(void **state)
{
    (void)state;
    struct line line;
    char big[LINE_CAP + 10];
    memset(big, 'x', sizeof(big));
    big[sizeof(big) - 1] = '\0';
    line_init(&line);
    assert_true(line_add(&line, "begin"));
    assert_false(line_add(&line, " %s", big));
    assert_string_equal(line.text, "begin");
    assert_true(line_add_within(&line, 8, "%s", "123"));
    assert_false(line_add_within(&line, 8, "%s", "4"));
    assert_string_equal(line.text, "begin123");
    assert_false(line_add_within(&line, 2, "%s", "4"));
    big[LINE_CAP - 9] = '\0'; /* the last that fits */
    assert_true(line_add(&line, "%s", big));
    assert_int_equal(line.len, LINE_CAP - 1);
    assert_false(line_add(&line, "!"));
}

static void test_clauses(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"a React frontend.", "A React frontend"},
        {"npm packages", "npm packages"},
        {"iPad users", "iPad users"},
        {"React", "React"},
        {"login, ORM", "Login, ORM"},
        {"", ""},
        {"...", ""},
        {"auth", "Auth"},
        {"e-mail", "E-mail"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct line line;
        line_init(&line);
        assert_true(line_add_clause(&line, rows[i].in, true));
        assert_string_equal(line.text, rows[i].out);
    }
}

/* Blocks */

static void test_blocks_are_cleaned(void **state)
{
    (void)state;
    static const struct {
        enum block_type type;
        const char *in, *out;
    } rows[] = {
        {BLOCK_LEAD, "plain", "plain"},
        {BLOCK_LEAD, "  two\r\nlines \t", "two lines"},
        {BLOCK_CODE, "  a\r\n\tb\n\n", "  a\n b"},
        {BLOCK_ITEM, "bell\x07 and \x1b[31mred", "bell and [31mred"},
        {BLOCK_ITEM, "bad \xff\xc3 bytes", "bad ?? bytes"},
        {BLOCK_ITEM, "c1 \xc2\x85 controls", "c1 controls"},
        {BLOCK_ITEM, "turn\xe2\x80\xae round", "turn round"},
        {BLOCK_QUOTE, "caf\xc3\xa9", "caf\xc3\xa9"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reply reply = empty();
        reply_add(&reply, rows[i].type, "%s", rows[i].in);
        assert_string_equal(block(&reply, 0), rows[i].out);
        assert_int_equal(reply.blocks[0].len, strlen(rows[i].out));
    }
}

static void test_empty_blocks_are_dropped(void **state)
{
    (void)state;
    struct reply reply = empty();
    reply_add(&reply, BLOCK_PARAGRAPH, "%s", "");
    reply_add(&reply, BLOCK_PARAGRAPH, "%s", " \r\n ");
    assert_int_equal(reply.block_count, 0);
    reply_add(&reply, BLOCK_PARAGRAPH, "%s", "x");
    assert_int_equal(reply.block_count, 1);
    assert_true(reply.blocks[0].text > 0);
    assert_int_equal(reply.text[0], 0);
}

static void test_full_reply_drops_whole_blocks(void **state)
{
    (void)state;
    struct reply reply = empty();
    char half[REPLY_TEXT_MAX / 2];
    memset(half, 'h', sizeof(half));
    half[sizeof(half) - 1] = '\0';
    reply_add(&reply, BLOCK_PARAGRAPH, "%s", half);
    reply_add(&reply, BLOCK_PARAGRAPH, "%s", half); /* one byte too long, with the NUL in front */
    reply_add(&reply, BLOCK_PARAGRAPH, "%s", "small");
    assert_int_equal(reply.block_count, 2);
    assert_string_equal(block(&reply, 1), "small");
    reply = empty();
    for (int i = 0; i < REPLY_BLOCKS_MAX + 5; i++) {
        reply_add(&reply, BLOCK_ITEM, "%d", i);
    }
    assert_int_equal(reply.block_count, REPLY_BLOCKS_MAX);
}

/* All replies */

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void check_text(const struct reply *reply, const struct block *b)
{
    const char *text = reply->text + b->text;
    assert_int_equal(strlen(text), b->len);
    assert_true(b->len > 0 && text[b->len - 1] != ' ');
    for (size_t i = 0; i < b->len;) {
        size_t step = utf8_length(text + i, b->len - i);
        assert_true(step > 0);
        assert_true((unsigned char)text[i] >= 0x20 || (text[i] == '\n' && b->type == BLOCK_CODE));
        assert_true(text[i] != 0x7F);
        i += step;
    }
    if (b->type != BLOCK_CODE) {
        assert_null(strstr(text, "(null)"));
        assert_null(strchr(text, '%'));
    }
}

static void check_reply(const struct request *request, enum reply_length length,
                        const struct reply *reply)
{
    assert_true(reply->block_count <= REPLY_BLOCKS_MAX && reply->text_len <= REPLY_TEXT_MAX);
    assert_int_equal(reply->text[0], 0);
    if (request->kind == KIND_SILENT) {
        assert_int_equal(reply->block_count, 0);
        return;
    }
    assert_true(reply->block_count > 0);
    assert_int_equal(reply->blocks[0].type, BLOCK_LEAD);
    for (size_t i = 0; i < reply->block_count; i++) {
        check_text(reply, &reply->blocks[i]);
    }
    enum block_type last = reply->blocks[reply->block_count - 1].type;
    if (length != LENGTH_LINE && request->kind < KIND_UNKNOWN) {
        assert_int_equal(last, BLOCK_SOURCE);
    }
    if (length == LENGTH_LINE) {
        assert_int_equal(reply->block_count, 1);
        assert_true(request->pack == &sample_hostile || reply->blocks[0].len <= LINE_REPLY_BOUND);
    }
}

static struct facts random_facts(uint64_t *seed, const struct pack *pack)
{
    uint64_t mask = (UINT64_C(1) << pack->situation_count) - 1;
    struct facts facts = {.stated =
                              random_next(seed) & random_next(seed) & random_next(seed) & mask};
    facts.denied = random_next(seed) & random_next(seed) & mask & ~facts.stated;
    facts.heavy = random_next(seed) & random_next(seed) & facts.stated;
    return facts;
}

static void test_all_replies_are_sound(void **state)
{
    (void)state;
    static const struct pack *const packs[] = {&sample_backend, &sample_pointer, &sample_queue,
                                               &sample_hostile, NULL};
    uint64_t seed = 5;
    for (size_t round = 0; round < ROUNDS; round++) {
        const struct pack *pack = packs[random_next(&seed) % 5],
                          *decided = pack ? pack : &sample_backend;
        struct facts facts = random_facts(&seed, decided), earlier = random_facts(&seed, decided);
        struct verdict verdict, before;
        verdict_decide(decided, &facts, &verdict);
        verdict_decide(decided, &earlier, &before);
        struct request request = {
            .knowledge = &sample_knowledge,
            .pack = pack,
            .kind = (enum kind)(random_next(&seed) % KIND_COUNT),
            .ask = {(enum ask_about)(random_next(&seed) % (ASK_COUNT + 2)),
                    (int16_t)(random_next(&seed) % 6 - 2), (int16_t)(random_next(&seed) % 8 - 2)},
            .facts = &facts,
            .verdict = round % 7 ? &verdict : NULL,
            .before = round % 3 ? &before : NULL,
            .both = round % 5 == 0,
        };
        enum reply_length length = (enum reply_length)(round % 3);
        struct reply reply;
        reply_build(&request, length, &reply);
        check_reply(&request, length, &reply);
    }
}

static void test_reply_without_anything(void **state)
{
    (void)state;
    struct knowledge nothing = {.main = -1};
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        for (int length = LENGTH_LINE; length <= LENGTH_FULL; length++) {
            struct request request = {.kind = (enum kind)kind, .ask = {ASK_NOTHING, -1, -1}};
            struct reply reply;
            reply_build(&request, (enum reply_length)length, &reply);
            assert_int_equal(reply.block_count > 0, kind != KIND_SILENT);
            request.knowledge = &nothing;
            reply_build(&request, (enum reply_length)length, &reply);
            assert_int_equal(reply.block_count > 0, kind != KIND_SILENT);
        }
    }
}

/* As many options as there may be, all of them in it: every answer still ends in its source. */
static void test_sixteen_sides(void **state)
{
    (void)state;
    struct pack_option options[PACK_OPTIONS_MAX];
    struct pack_situation situations[PACK_OPTIONS_MAX];
    struct pack_rule rules[PACK_OPTIONS_MAX];
    for (int i = 0; i < PACK_OPTIONS_MAX; i++) {
        options[i] = (struct pack_option){.id = "o", .name = "Option", .summary = "One of many."};
        situations[i] = (struct pack_situation){.id = "s", .name = "a fact", .question = "Is it?"};
        rules[i] = (struct pack_rule){i, i, STRENGTH_STRONG, "it suits", 0, 1};
    }
    struct pack pack = sample_queue;
    pack.options = options;
    pack.situations = situations;
    pack.rules = rules;
    pack.option_count = pack.situation_count = pack.rule_count = PACK_OPTIONS_MAX;
    struct facts facts = {.stated = UINT16_MAX};
    struct verdict verdict;
    verdict_decide(&pack, &facts, &verdict);
    assert_int_equal(verdict.kind, VERDICT_DEPENDS);
    for (int about = 0; about < ASK_COUNT; about++) {
        for (int length = LENGTH_SHORT; length <= LENGTH_FULL; length++) {
            struct request request = {
                .knowledge = &sample_knowledge,
                .pack = &pack,
                .kind = about % 2 ? KIND_FACTS : KIND_VERDICT,
                .ask = {(enum ask_about)about, -1, -1},
                .facts = &facts,
                .verdict = &verdict,
            };
            struct reply reply;
            reply_build(&request, (enum reply_length)length, &reply);
            check_reply(&request, (enum reply_length)length, &reply);
        }
    }
}

/* Every verdict names facts that are in the input, and no others, as its reasons. */
static void test_reasons_are_the_askers(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (size_t round = 0; round < ROUNDS / 4; round++) {
        struct facts facts = random_facts(&seed, &sample_backend);
        struct verdict verdict;
        struct reply reply;
        verdict_decide(&sample_backend, &facts, &verdict);
        struct request request = {.knowledge = &sample_knowledge,
                                  .pack = &sample_backend,
                                  .kind = KIND_VERDICT,
                                  .facts = &facts,
                                  .verdict = &verdict};
        reply_build(&request, LENGTH_SHORT, &reply);
        for (size_t i = 0; i < sample_backend.rule_count; i++) {
            const struct pack_rule *rule = &sample_backend.rules[i];
            bool said = false;
            for (size_t k = 0; k < reply.block_count; k++) {
                said |= reply.blocks[k].type == BLOCK_ITEM &&
                        strstr(block(&reply, k), rule->because) != NULL;
            }
            assert_true(!said || facts.stated >> rule->situation & 1);
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < SURFACE_COUNT; i++) {
        assert_int_equal(surface_find(surface_name((enum surface)i)), i);
    }
    for (int i = 0; i < KIND_COUNT; i++) {
        assert_int_equal(kind_find(kind_name((enum kind)i)), i);
    }
    assert_string_equal(surface_name(SURFACE_TRACKER), "tracker");
    assert_string_equal(kind_name(KIND_NEIGHBOUR), "neighbour");
    assert_null(kind_name(KIND_COUNT));
    assert_null(surface_name(SURFACE_COUNT));
    assert_int_equal(kind_find("x"), -1);
    assert_int_equal(surface_find(NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_formats),
        cmocka_unit_test(test_line_is_whole_or_nothing),
        cmocka_unit_test(test_clauses),
        cmocka_unit_test(test_blocks_are_cleaned),
        cmocka_unit_test(test_empty_blocks_are_dropped),
        cmocka_unit_test(test_full_reply_drops_whole_blocks),
        cmocka_unit_test(test_all_replies_are_sound),
        cmocka_unit_test(test_reply_without_anything),
        cmocka_unit_test(test_sixteen_sides),
        cmocka_unit_test(test_reasons_are_the_askers),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
