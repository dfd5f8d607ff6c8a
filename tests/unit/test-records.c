#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/message.h"
#include "bot/host/records.h"
#include "tests/golden/sample.h"

enum { NOON = 1764072000 }; /* 2025-11-25 12:00 UTC */

static char folder[] = "/tmp/whether-records-XXXXXX", inside[60];

static struct outcome wish(uint64_t stated)
{
    struct outcome outcome = {.kind = KIND_FACTS,
                              .pack = &sample_backend,
                              .ask = {ASK_RECORD, -1, -1},
                              .facts = {.stated = stated}};
    verdict_decide(outcome.pack, &outcome.facts, &outcome.standing);
    return outcome;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/whether-records-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(inside, sizeof(inside), "%s/new", folder);
    return 0;
}

static char drawn[RECORDS_DRAWN_MAX];

static int tear_down(void **state)
{
    char name[RECORDS_NAME_MAX], path[300];
    (void)state;
    struct outcome outcome = wish(0);
    records_name(&outcome, drawn, name);
    snprintf(path, sizeof(path), "%s/%s.md", inside, name);
    unlink(path);
    rmdir(inside);
    return rmdir(folder);
}

static void test_names(void **state)
{
    (void)state;
    char other[RECORDS_DRAWN_MAX], name[RECORDS_NAME_MAX];
    struct outcome outcome = wish(0);
    assert_true(records_draw(drawn) && records_draw(other));
    assert_string_not_equal(drawn, other);
    records_name(&outcome, drawn, name);
    assert_ptr_equal(strstr(name, outcome.pack->id), name);
    assert_true(records_is_name(name));
#define DRAWN "0123456789abcdef0123456789abcdef"
    static const struct {
        const char *name;
        bool fine;
    } rows[] = {
        {"a-" DRAWN, true},
        {"a-b-" DRAWN, true},
        {"", false},
        {DRAWN, false},
        {"-" DRAWN, false},
        {"0001-use-node", false},
        {"a" DRAWN, false},
        {"a-0123456789abcdef0123456789abcdeF", false},
        {"a-0123456789abcdef0123456789abcde", false},
        {"../a-" DRAWN, false},
        {"b/a-" DRAWN, false},
        {".a-" DRAWN, false},
        {"a-" DRAWN ".md", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(records_is_name(rows[i].name), rows[i].fine);
    }
    char longest[400];
    memset(longest, 'a', sizeof(longest));
    snprintf(longest + 300, sizeof(longest) - 300, "-" DRAWN);
    assert_false(records_is_name(longest));
}

static void test_wanted(void **state)
{
    (void)state;
    const struct message message = {.adapter = "slack", .conversation = "C1"};
    const struct message alone = {.adapter = "slack"};
    struct outcome outcome = wish(0), why = outcome;
    why.ask.about = ASK_WHY;
    assert_true(records_wanted("x", &message, &outcome));
    assert_false(records_wanted("", &message, &outcome));
    assert_false(records_wanted("x", &alone, &outcome));
    assert_false(records_wanted("x", &message, &why));
}

static void test_kept(void **state)
{
    (void)state;
    char name[RECORDS_NAME_MAX], wanted[300];
    struct reply reply = {0};
    struct buf text;
    struct outcome outcome = wish(sample_set(&sample_backend, "real-time"));
    assert_true(records_draw(drawn));
    records_name(&outcome, drawn, name);
    reply_add(&reply, BLOCK_LEAD, "This is the decision.");
    reply_add(&reply, BLOCK_CODE, "# Node");
    reply_add(&reply, BLOCK_SOURCE, "A book");
    records_keep(inside, drawn, "", &outcome, INT64_C(1000) * NOON, &reply);
    assert_int_equal(reply.block_count, 3);
    buf_init(&text, RECORDS_MAX);
    assert_true(records_read(inside, name, &text));
    static const char head[] =
        "---\nstatus: proposed\ndate: 2025-11-25\n---\n\n# Node.js or Django";
    assert_memory_equal(text.data, head, sizeof(head) - 1);
    assert_non_null(strstr(text.data, "Chosen option: Node.js"));
    /* Written anew: open now; and told where. */
    outcome = wish(0);
    records_keep(inside, drawn, "https://w.example", &outcome, INT64_C(1000) * NOON, &reply);
    buf_clear(&text);
    assert_true(records_read(inside, name, &text));
    assert_non_null(strstr(text.data, "status: open\n"));
    assert_null(strstr(text.data, "Chosen option"));
    assert_int_equal(reply.block_count, 4);
    static const enum block_type order[] = {BLOCK_LEAD, BLOCK_PARAGRAPH, BLOCK_CODE, BLOCK_SOURCE};
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        assert_int_equal(reply.blocks[i].type, order[i]);
    }
    snprintf(wanted, sizeof(wanted), "https://w.example/record?of=%s", name);
    assert_string_equal(reply.text + reply.blocks[1].link, wanted);
    /* Nothing else in the folder is one. */
    assert_false(records_read(inside, "../new/0001-use-node", &text));
    name[strlen(name) - 1] ^= 1;
    assert_false(records_read(inside, name, &text));
    buf_finish(&text);
}

static void test_cannot(void **state)
{
    (void)state;
    struct outcome outcome = wish(0);
    struct reply reply = {0};
    struct error err = {0};
    char deep[80];
    snprintf(deep, sizeof(deep), "%s/none/deeper", folder);
    assert_false(records_write(deep, "x", &outcome, 0, &err));
    assert_non_null(strstr(err.text, "none/deeper"));
    assert_true(records_draw(drawn));
    records_keep(deep, drawn, "https://w.example", &outcome, 0, &reply);
    assert_int_equal(reply.block_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_wanted),
        cmocka_unit_test_setup_teardown(test_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cannot, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
