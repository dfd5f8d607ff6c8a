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
#include "bot/base/buf.h"
#include "bot/base/error.h"
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

static int tear_down(void **state)
{
    char name[RECORDS_NAME_MAX], path[300];
    (void)state;
    struct outcome outcome = wish(0);
    records_name(&outcome, "slack", "C1", name);
    snprintf(path, sizeof(path), "%s/%s", inside, name);
    unlink(path);
    rmdir(inside);
    return rmdir(folder);
}

static void test_names(void **state)
{
    (void)state;
    char one[RECORDS_NAME_MAX], same[RECORDS_NAME_MAX], other[RECORDS_NAME_MAX];
    struct outcome outcome = wish(0);
    records_name(&outcome, "slack", "T1 ../../etc", one);
    records_name(&outcome, "slack", "T1 ../../etc", same);
    records_name(&outcome, "slack", "T1 ../../etd", other);
    assert_string_equal(one, same);
    assert_string_not_equal(one, other);
    assert_null(strchr(one, '/'));
    assert_ptr_equal(strstr(one, outcome.pack->id), one);
}

static void test_kept(void **state)
{
    (void)state;
    char name[RECORDS_NAME_MAX], path[300];
    struct buf text;
    const struct message message = {.adapter = "slack", .conversation = "C1"};
    struct outcome outcome = wish(sample_set(&sample_backend, "real-time"));
    records_name(&outcome, message.adapter, message.conversation, name);
    snprintf(path, sizeof(path), "%s/%s", inside, name);
    /* Nowhere, or nobody asked: nothing is made. */
    records_keep("", &message, &outcome, INT64_C(1000) * NOON);
    struct outcome why = outcome;
    why.ask.about = ASK_WHY;
    records_keep(inside, &message, &why, INT64_C(1000) * NOON);
    assert_int_not_equal(access(inside, F_OK), 0);
    records_keep(inside, &message, &outcome, INT64_C(1000) * NOON);
    buf_init(&text, RECORDS_MAX);
    assert_true(buf_read_file(&text, path, NULL));
    static const char head[] =
        "---\nstatus: proposed\ndate: 2025-11-25\n---\n\n# Node.js or Django";
    assert_memory_equal(text.data, head, sizeof(head) - 1);
    assert_non_null(strstr(text.data, "Chosen option: Node.js"));
    /* Written anew: open now. */
    outcome = wish(0);
    records_keep(inside, &message, &outcome, INT64_C(1000) * NOON);
    buf_clear(&text);
    assert_true(buf_read_file(&text, path, NULL));
    assert_non_null(strstr(text.data, "status: open\n"));
    assert_null(strstr(text.data, "Chosen option"));
    buf_finish(&text);
}

static void test_cannot(void **state)
{
    (void)state;
    struct outcome outcome = wish(0);
    struct error err = {0};
    char deep[80];
    snprintf(deep, sizeof(deep), "%s/none/deeper", folder);
    assert_false(records_write(deep, "x.md", &outcome, 0, &err));
    assert_non_null(strstr(err.text, "none/deeper"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup_teardown(test_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cannot, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
