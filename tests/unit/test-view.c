/* host/view: a conversation told whole, with marks, facts set by hand, and both sides. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "bot/advisor/advisor.h"
#include "bot/base/mem.h"
#include "bot/host/view.h"
#include "tests/unit/tiny.h"

static struct view view;
static struct outcome outcome;

static void look(struct tiny *tiny, const struct view_said *said, size_t count)
{
    const struct viewer viewer = {tiny->advisor, tiny->workspace, LENGTH_SHORT};
    view_make(&viewer, said, count, &view, &outcome);
    assert_int_equal(view.stated & view.denied, 0);
    assert_int_equal((view.heavy | view.light) & ~view.stated, 0);
}

/* One message, with facts set by hand after it. */
static void look_at(struct tiny *tiny, const char *text, const char *facts)
{
    const struct view_said said = {text, strlen(text), facts};
    look(tiny, &said, 1);
}

/* "telegraph:'the telegraph' !granary:'granary'": what is marked, in its order. */
static void marked(const char *text, char ret[500])
{
    const struct view_turn *turn = &view.turns[view.turn_count - 1];
    size_t len = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < turn->mark_count; i++) {
        const struct mark *mark = &turn->marks[i];
        assert_true(mark->start < mark->end && mark->end <= strlen(text));
        assert_true(i == 0 || turn->marks[i - 1].end <= mark->start);
        len += (size_t)snprintf(ret + len, 500 - len, "%s%s%s:'%.*s'", i ? " " : "",
                                mark->denied ? "!" : "", view.pack->situations[mark->situation].id,
                                (int)(mark->end - mark->start), text + mark->start);
    }
}

static void test_marks(void **state)
{
    static const struct {
        const char *text, *marks;
    } rows[] = {
        {"Orion or Lyra? There is a telegraph.", "telegraph:'telegraph'"},
        {"Orion or Lyra, with a Telegraph and a barn full of barley?",
         "telegraph:'Telegraph' granary:'barn full of barley'"},
        {"Orion or Lyra? There is an orchard, but no telegraph.",
         "orchard:'orchard' !telegraph:'telegraph'"},
        /* What is read and does not count is not marked. */
        {"Orion or Lyra? The old one had a telegraph. This one has a granary.",
         "granary:'granary'"},
        {"Orion or Lyra?\n> There is a telegraph.\nWe have a \xc3\x89norm orchard \xf0\x9f\x8d\x8e",
         "orchard:'orchard'"},
        {"Orion or Lyra?", ""},
        {"Hello!", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[500];
        look_at(*state, rows[i].text, NULL);
        marked(rows[i].text, text);
        assert_string_equal(text, rows[i].marks);
    }
}

static void test_verdict(void **state)
{
    const struct view_said said[] = {{"Orion or Lyra? There is a telegraph.", 36, NULL},
                                     {"There is a granary, too.", 24, NULL}};
    look(*state, said, 1);
    assert_int_equal(view.end, VIEW_PICK);
    assert_int_equal(view.option, 0);
    assert_true(view.clear && view.weight[0] > view.weight[1]);
    assert_int_equal(view.reason_count, 1);
    assert_int_equal(view.pack->rules[view.reasons[0]].situation, 0);
    assert_true(view.flip_count > 0 && view.answer.block_count == 1);
    look(*state, said, 2);
    assert_int_equal(view.end, VIEW_DEPENDS);
    assert_int_equal(view.option, -1);
    assert_int_equal(view.turn_count, 2);
    assert_int_equal(view.reason_count, 2);
    assert_int_equal(view.stated, tiny_set("telegraph granary"));
    assert_int_equal(view.turns[0].kind, KIND_VERDICT);
    assert_int_equal(outcome.kind, KIND_VERDICT);
}

static void test_nothing(void **state)
{
    look(*state, NULL, 0);
    assert_non_null(view.pack);
    assert_int_equal(view.end, VIEW_ASK);
    assert_true(view.asks >= 0);
    assert_int_equal(view.answer.block_count, 0);
    assert_int_equal(outcome.kind, KIND_SILENT);
    look_at(*state, "", "");
    assert_int_equal(view.stated | view.denied, 0);
    assert_int_equal(view.answer.block_count, 0);
}

static void test_facts_by_hand(void **state)
{
    static const struct {
        const char *text, *facts, *stated, *denied;
    } rows[] = {
        {"", "+telegraph", "telegraph", ""},
        {"", "-telegraph", "", "telegraph"},
        {"", "+telegraph -granary ~orchard", "telegraph", "granary"},
        {"", "+telegraph -telegraph", "", "telegraph"},
        {"", "-telegraph +telegraph", "telegraph", ""},
        {"Orion or Lyra? There is a telegraph.", "-telegraph", "", "telegraph"},
        {"Orion or Lyra? There is a telegraph.", "~telegraph", "", ""},
        {"Orion or Lyra? There is no telegraph.", "~telegraph", "", ""},
        {"Orion or Lyra? There is no telegraph.", "+telegraph  +granary", "telegraph granary", ""},
        {"", "!telegraph", "telegraph", ""},
        {"", "!telegraph -telegraph", "", "telegraph"},
        /* A slot holds one. */
        {"Orion or Lyra? There is a harbour.", "+lighthouse", "lighthouse", "harbour"},
        /* No facts of this decision, or none at all. */
        {"", "+nothing +mast +telegraphs +telegrap telegraph =telegraph + -  ~", "", ""},
        {"", "+ telegraph", "", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        look_at(*state, rows[i].text, rows[i].facts);
        if (view.stated != tiny_set(rows[i].stated) || view.denied != tiny_set(rows[i].denied)) {
            fail_msg("%s, %s: stated %#llx, denied %#llx", rows[i].text, rows[i].facts,
                     (unsigned long long)view.stated, (unsigned long long)view.denied);
        }
    }
    look_at(*state, "", "+granary");
    assert_int_equal(view.end, VIEW_PICK);
    assert_int_equal(view.option, 1);
    assert_int_equal(view.answer.block_count, 1);
}

static void test_emphasis_by_hand(void **state)
{
    static const struct {
        const char *facts, *heavy;
        enum view_end end;
        int option;
    } rows[] = {
        {"", "", VIEW_DEPENDS, -1},
        {"!telegraph", "telegraph", VIEW_PICK, 0},
        {"!granary", "granary", VIEW_PICK, 1},
        {"!granary !telegraph", "granary telegraph", VIEW_DEPENDS, -1},
        {"!granary +granary", "", VIEW_DEPENDS, -1},
        {"!granary ~granary", "", VIEW_PICK, 0},
        {"!granary -granary", "", VIEW_PICK, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        look_at(*state, "Orion or Lyra? There is a telegraph and a granary.", rows[i].facts);
        assert_int_equal(view.heavy, tiny_set(rows[i].heavy));
        assert_int_equal(view.end, rows[i].end);
        assert_int_equal(view.option, rows[i].option);
    }
    /* What matters most now takes the place of what mattered most. */
    const struct view_said said[] = {{"Orion or Lyra? A telegraph, a granary.", 38, "!granary"},
                                     {"", 0, "!telegraph"}};
    look(*state, said, 2);
    assert_int_equal(view.heavy, tiny_set("telegraph"));
}

/* What is said later holds, by hand or in words. */
static void test_order(void **state)
{
    const struct view_said said[] = {{"Orion or Lyra? There is a telegraph.", 36, "-telegraph"},
                                     {"Orion or Lyra? There is a telegraph.", 36, NULL}};
    look(*state, said, 1);
    assert_int_equal(view.denied, tiny_set("telegraph"));
    look(*state, said, 2);
    assert_int_equal(view.stated, tiny_set("telegraph"));
}

/* A question about something else leaves the decision where it was. */
static void test_beside(void **state)
{
    const struct view_said said[] = {{"Orion or Lyra? There is a telegraph.", 36, NULL},
                                     {"Assam or mocha?", 15, NULL}};
    look(*state, said, 2);
    assert_non_null(view.pack);
    look_at(*state, "Sloop or brig? It has a mizzenmast.", "+telegraph +mast");
    assert_int_equal(view.option, 1);
    assert_string_equal(view.pack->options[1].name, "Brig");
    assert_int_equal(view.stated, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks),   cmocka_unit_test(test_verdict),
        cmocka_unit_test(test_nothing), cmocka_unit_test(test_facts_by_hand),
        cmocka_unit_test(test_order),   cmocka_unit_test(test_emphasis_by_hand),
        cmocka_unit_test(test_beside),
    };
    return cmocka_run_group_tests(tests, tiny_setup, tiny_teardown);
}
