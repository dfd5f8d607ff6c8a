/*
 * host/store: claims, conversations, sizes and gaps keep what they promise, on both engines. What
 * looks into SQLite's file is for SQLite alone.
 */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "bot/base/mem.h"
#include "tests/unit/storebench.h"

/* ---- claims ---- */

static void test_claims(void **state)
{
    (void)state;
    static const struct {
        const char *adapter, *delivery, *identity;
        int64_t now_ms;
        enum claim claim;
    } rows[] = {
        {"slack", "d1", "m1", 1000, CLAIM_NEW},
        {"slack", "d1", "m1", 2000, CLAIM_KNOWN},
        {"slack", "d2", "m1", 2000, CLAIM_KNOWN}, /* the same message, another delivery: S10 */
        {"slack", "d1", "m2", 2000, CLAIM_KNOWN},
        {"irc a", "d1", "m1", 2000, CLAIM_NEW},
        {"slack", NULL, NULL, 2000, CLAIM_NEW},
        {"slack", NULL, NULL, 2000, CLAIM_NEW},
        {"slack", NULL, "m3", 2000, CLAIM_NEW},
        {"slack", NULL, "m3", 2000, CLAIM_KNOWN},
        {"slack", "m3", NULL, 2000, CLAIM_NEW}, /* a delivery's name is no message's */
        {"slack", "d1", NULL, 1000 + (int64_t)STORE_CLAIM_MS - 1, CLAIM_KNOWN},
        {"slack", "d1", NULL, 1000 + (int64_t)STORE_CLAIM_MS, CLAIM_NEW},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        begin();
        enum claim claim = store_claim(store, rows[i].adapter, rows[i].delivery, rows[i].identity,
                                       rows[i].now_ms, &err);
        if (claim != rows[i].claim) {
            fail_msg("row %zu: %d", i, claim);
        }
        commit();
    }
}

static void test_claim_of_a_rolled_back_turn(void **state)
{
    (void)state;
    begin();
    assert_int_equal(store_claim(store, "slack", "d", "m", 1, &err), CLAIM_NEW);
    store_rollback(store);
    begin();
    assert_int_equal(store_claim(store, "slack", "d", "m", 1, &err), CLAIM_NEW);
    commit();
    reopen();
    begin();
    assert_int_equal(store_claim(store, "slack", "d", NULL, 1, &err), CLAIM_KNOWN);
    store_rollback(store);
}

static void test_claim_of_a_long_name(void **state)
{
    (void)state;
    char name[MESSAGE_KEY_MAX + 2];
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    begin();
    assert_int_equal(store_claim(store, "slack", name, NULL, 1, &err), CLAIM_ERROR);
    assert_non_null(strstr(err.text, "longer"));
    err = (struct error){0};
    name[MESSAGE_KEY_MAX] = '\0';
    assert_int_equal(store_claim(store, "slack", name, NULL, 1, &err), CLAIM_NEW);
    commit();
}

/* ---- conversations and notes ---- */

typedef bool get_function(struct store *, const char *, const char *, int64_t, void *, size_t,
                          size_t *, struct error *);
typedef bool put_function(struct store *, const char *, const char *, const void *, size_t, int64_t,
                          struct error *);

static void check_kept(get_function *get, put_function *put)
{
    char bytes[8] = "";
    size_t len = 99;
    assert_true(get(store, "slack", "k", 1, bytes, sizeof(bytes), &len, &err));
    assert_int_equal(len, 0);
    begin();
    assert_true(put(store, "slack", "k", "one", 3, 100, &err));
    assert_true(put(store, "irc a", "k", "", 0, 100, &err));
    assert_true(put(store, "slack", "k", "a\0bc", 4, 200, &err));
    commit();
    reopen();
    assert_true(get(store, "slack", "k", 199, bytes, sizeof(bytes), &len, &err));
    assert_int_equal(len, 4);
    assert_memory_equal(bytes, "a\0bc", 4);
    assert_true(get(store, "slack", "k", 199, bytes, 2, &len, &err));
    assert_int_equal(len, 2);
    assert_true(get(store, "slack", "k", 200, bytes, sizeof(bytes), &len, &err));
    assert_int_equal(len, 0);
    assert_true(get(store, "irc a", "k", 1, bytes, sizeof(bytes), &len, &err));
    assert_int_equal(len, 0);
}

static void test_conversations(void **state)
{
    (void)state;
    check_kept(store_conversation_get, store_conversation_put);
}

static void put_talk(int number, const char *bytes, int64_t expires_ms)
{
    char key[32];
    snprintf(key, sizeof(key), "talk %d", number);
    assert_true(
        store_conversation_put(store, "slack", key, bytes, strlen(bytes), expires_ms, &err));
}

static void check_talk(int number, const char *wanted)
{
    char key[32], bytes[16] = "";
    size_t len;
    snprintf(key, sizeof(key), "talk %d", number);
    assert_true(
        store_conversation_get(store, "slack", key, 100, bytes, sizeof(bytes) - 1, &len, &err));
    bytes[len] = '\0';
    assert_string_equal(bytes, wanted);
}

/* More than the newest table holds, so that they move on; always the newest state is told. */
static void test_many_conversations(void **state)
{
    enum { TALKS = 1000 };
    (void)state;
    begin();
    for (int i = 0; i < TALKS; i++) {
        put_talk(i, "old", 200);
        put_talk(i / 2, "new", 200);
    }
    check_talk(TALKS - 1, "old");
    commit();
    if (!on_redis) {
        assert_in_range(count_rows("conversation"), TALKS / 2, TALKS);
    }
    for (int i = 0; i < TALKS; i++) {
        check_talk(i, i < TALKS / 2 ? "new" : "old");
    }
    reopen();
    begin();
    put_talk(3, "newest", 200);
    put_talk(TALKS - 1, "over", 50); /* expired: what it was before does not come back */
    commit();
    for (int i = 0; i < TALKS - 1; i++) {
        check_talk(i, i == 3 ? "newest" : i < TALKS / 2 ? "new" : "old");
    }
    check_talk(TALKS - 1, "");
    begin();
    assert_true(store_expire(store, 60, &err));
    commit();
    if (!on_redis) {
        assert_int_equal(count_rows("recent"), 0);
    }
    check_talk(3, "newest");
    check_talk(TALKS - 1, "");
}

/* What a transaction that was taken back had said is forgotten, where it was moved on as well. */
static void test_conversations_taken_back(void **state)
{
    enum { TALKS = 600 };
    (void)state;
    begin();
    put_talk(0, "old", 200);
    put_talk(1, "old", 200);
    commit();
    begin();
    for (int i = 1; i < TALKS; i++) {
        put_talk(i, "new", 200);
    }
    store_rollback(store);
    check_talk(0, "old");
    check_talk(1, "old");
    check_talk(2, "");
    begin();
    put_talk(2, "newest", 200);
    commit();
    check_talk(1, "old");
    check_talk(2, "newest");
    check_talk(TALKS - 1, "");
}

static void test_notes(void **state)
{
    (void)state;
    check_kept(store_note_get, store_note_put);
}

static void test_expire(void **state)
{
    (void)state;
    begin();
    store_claim(store, "slack", "d", "m", 0, &err);
    assert_true(store_conversation_put(store, "slack", "k", "x", 1, 50, &err));
    assert_true(store_conversation_put(store, "slack", "l", "x", 1, 5000, &err));
    assert_true(store_note_put(store, "slack", "k", "x", 1, 50, &err));
    assert_true(store_expire(store, 50, &err));
    commit();
    assert_int_equal(count_rows("conversation"), 1);
    assert_int_equal(count_rows("note"), 0);
    assert_int_equal(count_rows("claim"), 2); /* by both its names */
    begin();
    assert_true(store_expire(store, (int64_t)STORE_CLAIM_MS, &err));
    commit();
    assert_int_equal(count_rows("claim"), 0);
}

/* Without store_expire(): a busy store drops more than it takes, however busy it is. */
static void test_expire_keeps_up(void **state)
{
    enum { FIRST = 3000, TURNS = 20, BATCH = 100 };
    (void)state;
    char name[32];
    begin();
    for (int i = 0; i < FIRST; i++) {
        snprintf(name, sizeof(name), "first %d", i);
        assert_int_equal(store_claim(store, "slack", name, NULL, 0, &err), CLAIM_NEW);
        assert_true(store_conversation_put(store, "slack", name, "x", 1, 50, &err));
    }
    commit();
    assert_int_equal(count_rows("claim"), FIRST);
    for (int i = 0; i < TURNS * BATCH; i++) {
        if (i % BATCH == 0) {
            begin();
        }
        snprintf(name, sizeof(name), "then %d", i);
        assert_int_equal(store_claim(store, "slack", name, NULL, (int64_t)STORE_CLAIM_MS + i, &err),
                         CLAIM_NEW);
        assert_true(store_conversation_put(store, "slack", name, "x", 1, INT64_MAX, &err));
        if (i % BATCH == BATCH - 1) {
            commit();
        }
        /* Never more than there were. */
        assert_true(i % BATCH != BATCH - 1 || count_rows("claim") <= FIRST);
    }
    assert_int_equal(count_rows("claim"), TURNS * BATCH);
    assert_int_equal(count_rows("conversation") + count_rows("recent"), TURNS * BATCH);
}

/* ---- sizes ---- */

static void refused(bool fine, const char *sentence)
{
    assert_false(fine);
    if (!strstr(err.text, sentence)) {
        fail_msg("%s", err.text);
    }
    err = (struct error){0};
}

static void test_sizes(void **state)
{
    (void)state;
    static char key[MESSAGE_KEY_MAX + 2], address[MESSAGE_ADDRESS_MAX + 2],
        bytes[STORE_BYTES_MAX + 1];
    struct delivery d = {.adapter = "a", .conversation = "c", .address = address, .payload = bytes};
    int64_t id;
    memset(key, 'k', sizeof(key) - 1);
    memset(address, 'a', sizeof(address) - 1);
    begin();
    refused(store_note_put(store, "a", key, "x", 1, 9, &err), "the key is missing or longer");
    refused(store_note_put(store, "a", NULL, "x", 1, 9, &err), "the key is missing");
    refused(store_conversation_put(store, key, "k", "x", 1, 9, &err), "the adapter is");
    refused(store_conversation_put(store, "a", "k", bytes, sizeof(bytes), 9, &err),
            "bytes are more than");
    refused(store_outbox_add(store, &d, 1, &id, &err), "the address is");
    d.address = NULL;
    refused(store_outbox_add(store, &d, 1, &id, &err), "the address is");
    d.address = address + 1;
    d.conversation = key;
    refused(store_outbox_add(store, &d, 1, &id, &err), "the conversation is");
    d.conversation = key + 1;
    d.payload_len = sizeof(bytes);
    refused(store_outbox_add(store, &d, 1, &id, &err), "bytes are more than");
    assert_int_equal(store_claim(store, NULL, "d", NULL, 1, &err), CLAIM_ERROR);
    refused(false, "the adapter is missing");
    /* The largest of everything. */
    d.payload_len = STORE_BYTES_MAX;
    assert_true(store_outbox_add(store, &d, 1, &id, &err));
    assert_true(store_conversation_put(store, key + 1, key + 1, bytes, STORE_BYTES_MAX, 9, &err));
    commit();
    assert_int_equal(store_outbox_count(store), 1);
}

/* ---- gaps ---- */

static char gaps[2048];

static void note_gap(void *context, const struct gap *gap)
{
    size_t len = strlen(gaps);
    (void)context;
    snprintf(gaps + len, sizeof(gaps) - len, "%llu %s %.40s|", (unsigned long long)gap->count,
             gap->kind, gap->text);
}

static const char *list_gaps(size_t most)
{
    gaps[0] = '\0';
    assert_true(store_gaps(store, most, note_gap, NULL, &err));
    return gaps;
}

static void add_gap(const char *kind, const char *text, int64_t now_ms)
{
    assert_true(store_gap_add(store, kind, text, strlen(text), now_ms, &err));
}

static void test_gaps(void **state)
{
    (void)state;
    assert_string_equal(list_gaps(10), "");
    begin();
    add_gap("unknown", "Rails or Laravel?", 1);
    add_gap("ask", "Node or Django", 2);
    add_gap("unknown", "  rails,  OR laravel ", 3);
    add_gap("unknown", "?!", 4); /* nothing is left of it */
    add_gap("unknown", "caf\xc3\x89 \xff\x01", 5);
    add_gap("unknown", "CAF\xc3\xa9", 6);
    add_gap("unknown", "caf\xc3\xa9!", 7);
    commit();
    assert_string_equal(list_gaps(10), "3 unknown caf\xc3\x89   |2 unknown Rails or Laravel?|1 ask "
                                       "Node or Django|");
    assert_string_equal(list_gaps(1), "3 unknown caf\xc3\x89   |");
}

static void test_long_gap(void **state)
{
    (void)state;
    char *text = mem_alloc(100001);
    memset(text, 'x', 100000);
    text[GAP_TEXT_MAX - 1] = '\xc3'; /* just over the edge */
    text[GAP_TEXT_MAX] = '\xa9';
    begin();
    add_gap("unknown", text, 1);
    commit();
    mem_free(text);
    list_gaps(1);
    assert_int_equal(count_rows("gap"), 1);
}

static void test_gaps_are_bounded(void **state)
{
    (void)state;
    char text[32];
    begin();
    for (int i = 0; i < GAPS_KEPT_MAX + 10; i++) {
        snprintf(text, sizeof(text), "question %d", i);
        add_gap("unknown", text, i);
        if (i < 3) {
            add_gap("unknown", text, i);
        }
    }
    commit();
    int64_t kept = count_rows("gap");
    assert_true(kept <= GAPS_KEPT_MAX && kept > GAPS_KEPT_MAX - 300);
    /* What was asked twice stays, however old. */
    assert_string_equal(list_gaps(3),
                        "2 unknown question 2|2 unknown question 1|2 unknown question 0|");
    begin();
    add_gap("unknown", "another", 9);
    store_rollback(store);
    assert_int_equal(count_rows("gap"), kept);
}

#define BOTH                                                                                       \
    ROW(test_claims), ROW(test_claim_of_a_rolled_back_turn), ROW(test_claim_of_a_long_name),       \
        ROW(test_conversations), ROW(test_many_conversations), ROW(test_conversations_taken_back), \
        ROW(test_notes), ROW(test_sizes), ROW(test_gaps), ROW(test_long_gap),                      \
        ROW(test_gaps_are_bounded)

/* usage: test-store [redis] */
int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "redis") == 0) {
        const struct CMUnitTest tests[] = {BOTH};
        int failed = storebench_on_redis(true) ? 0 : 1;
        failed += cmocka_run_group_tests_name("store on Redis", tests, NULL, NULL);
        storebench_on_redis(false);
        return failed;
    }
    const struct CMUnitTest tests[] = {BOTH, ROW(test_expire), ROW(test_expire_keeps_up)};
    return cmocka_run_group_tests_name("store on SQLite", tests, NULL, NULL);
}
