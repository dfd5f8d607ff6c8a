/* How far exact phrases are trusted: counted, written, read back, used by the reader. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "bot/reader/read.h"
#include "bot/reader/trust.h"
#include "bot/training/trust_count.h"
#include "knowledge/bytes.h"
#include "knowledge/model.h"
#include "knowledge/trust.h"
#include "tests/unit/tiny.h"

enum { SITUATION = 11, OTHER = 900, GOOD = 50, BAD = 40, ONCE = 30, OTHERS = 20 };

static void see(struct trust_count *counts, uint32_t situation, uint32_t phrase, int right,
                int wrong)
{
    for (int i = 0; i < right + wrong; i++) {
        trust_count_add(counts, situation, phrase, i < right);
    }
}

static bool take(const struct buf *buf, size_t len, struct trust *ret)
{
    struct bytes bytes = {.data = (const unsigned char *)buf->data, .size = len};
    return trust_take(&bytes, ret) && bytes.at == len;
}

static void count_some(struct buf *ret)
{
    struct trust_count counts = {0};
    buf_init(ret, 1 << 16);
    see(&counts, SITUATION, GOOD, 30, 0);
    see(&counts, OTHER, OTHERS, 0, 60);
    see(&counts, SITUATION, BAD, 0, 6);
    see(&counts, SITUATION, ONCE, 0, 1);
    trust_count_put(&counts, ret);
    trust_count_finish(&counts);
}

static void test_counts(void **state)
{
    (void)state;
    struct buf buf;
    struct trust trust = {0};
    count_some(&buf);
    assert_true(take(&buf, buf.len, &trust));
    assert_int_equal(trust.count, 5); /* two situations, three phrases: one was seen once only */
    assert_int_equal(trust_find(&trust, GOOD), TRUST_FULL);
    assert_int_equal(trust_find(&trust, BAD), 0);
    assert_int_equal(trust_find(&trust, ONCE), -1);
    assert_int_equal(trust_find(&trust, OTHERS), 0);
    assert_int_equal(trust_find(&trust, OTHER), 0);
    /* 30 of 37 were right: nearly, but not quite as good as plain words. */
    assert_in_range(trust_find(&trust, SITUATION), TRUST_FULL * 8 / 10, TRUST_FULL - 1);
    assert_int_equal(trust_find(&trust, 0), -1);
    assert_int_equal(trust_find(&trust, UINT32_MAX), -1);
    trust_finish(&trust);
    buf_finish(&buf);
}

static void test_nothing_counted(void **state)
{
    (void)state;
    struct trust_count counts = {0};
    struct trust trust = {0};
    struct buf buf;
    buf_init(&buf, 100);
    trust_count_put(&counts, &buf);
    assert_int_equal(buf.len, 4);
    assert_true(take(&buf, buf.len, &trust));
    assert_int_equal(trust_find(&trust, 1), -1);
    trust_finish(&trust);
    buf_finish(&buf);
}

static void test_damaged(void **state)
{
    (void)state;
    struct buf buf;
    struct trust trust = {0};
    count_some(&buf);
    for (size_t len = 0; len < buf.len; len++) {
        assert_false(take(&buf, len, &trust));
        assert_null(trust.entries);
    }
    /* Hashes that do not ascend would make a search miss them. */
    char first[5];
    memcpy(first, buf.data + 4, sizeof(first));
    memmove(buf.data + 4, buf.data + 9, sizeof(first));
    assert_false(take(&buf, buf.len, &trust));
    memcpy(buf.data + 9, first, sizeof(first));
    assert_false(take(&buf, buf.len, &trust));
    buf.data[3] = 127;
    assert_false(take(&buf, buf.len, &trust));
    assert_null(trust.entries);
    buf_finish(&buf);
}

/* The trust of the first exact phrase of a text, by a pack that has learned these entries. */
static float trust_in_text(struct tiny *tiny, const char *text, struct trust_entry *entries,
                           uint32_t count)
{
    const struct reading *reading = tiny_read(tiny, text);
    struct model model = {.trust = {.entries = entries, .count = count}};
    struct pack pack = *tiny_knowledge.packs[TINY_COAST];
    const struct evidence *e = &reading->evidence[0];
    pack.model = &model;
    assert_true(reading->evidence_count > 0 && e->exact);
    return trust_of(&pack, e->situation, &reading->tokens, e->first, e->last);
}

static void test_of_phrases(void **state)
{
    struct tiny *tiny = *state;
    const struct pack *pack = tiny_knowledge.packs[TINY_COAST];
    const char *text = "we have a granary";
    const struct reading *reading = tiny_read(tiny, text);
    const struct evidence *e = &reading->evidence[0];
    struct trust_entry phrase = {trust_phrase_hash(pack, e->situation, &reading->tokens, e->first,
                                                   e->last),
                                 51},
                       situation = {trust_situation_hash(pack, e->situation), 102};
    struct trust_entry both[2];
    both[phrase.hash > situation.hash] = phrase;
    both[phrase.hash < situation.hash] = situation;
    assert_true(trust_of(pack, e->situation, &reading->tokens, e->first, e->last) == 1);
    assert_true(trust_in_text(tiny, text, both, 0) == 1);
    assert_true(trust_in_text(tiny, text, &situation, 1) == 102.0f / TRUST_FULL);
    assert_true(trust_in_text(tiny, text, both, 2) == 51.0f / TRUST_FULL);
    /* Other forms of the word are the same phrase; another situation's are not. */
    assert_true(trust_in_text(tiny, "granaries everywhere", both, 2) == 51.0f / TRUST_FULL);
    assert_true(trust_in_text(tiny, "we have an orchard", both, 2) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_nothing_counted),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_of_phrases),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
