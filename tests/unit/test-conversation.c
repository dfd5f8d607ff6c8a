/* advisor/conversation: what turns make of each other. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bot/advisor/conversation.h"
#include "bot/base/mem.h"
#include "bot/reader/read.h"
#include "knowledge/pack.h"
#include "tests/unit/tiny.h"

enum { TURNS = 5 };

struct row {
    const char *what, *say[TURNS], *stated, *denied;
};

static void check_facts(const struct conversation *talk)
{
    assert_true(talk->project < CONVERSATION_PROJECTS);
    for (size_t i = 0; i < CONVERSATION_PROJECTS; i++) {
        const struct facts *facts = &talk->projects[i].facts;
        assert_int_equal(facts->stated & facts->denied, 0);
        assert_int_equal(facts->heavy & facts->light, 0);
        assert_int_equal((facts->heavy | facts->light) & ~facts->stated, 0);
    }
}

static struct facts play(struct tiny *tiny, const char *const *say, struct conversation *talk)
{
    conversation_init(talk);
    for (size_t i = 0; i < TURNS && say[i]; i++) {
        tiny_turn(tiny, talk, say[i]);
        check_facts(talk);
    }
    return conversation_project(talk)->facts;
}

static void check_rows(struct tiny *tiny, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct conversation talk;
        struct facts facts = play(tiny, rows[i].say, &talk);
        if (facts.stated != tiny_set(rows[i].stated) || facts.denied != tiny_set(rows[i].denied)) {
            fail_msg("%s: stated %#llx, denied %#llx", rows[i].what,
                     (unsigned long long)facts.stated, (unsigned long long)facts.denied);
        }
    }
}

static void test_facts_add_up(void **state)
{
    static const struct row rows[] = {
        {"nothing", {"Hello"}, "", ""},
        {"one", {"We have a granary."}, "granary", ""},
        {"two in two turns", {"We have a granary.", "We have an orchard."}, "granary orchard", ""},
        {"said again", {"We have a granary.", "We have a granary."}, "granary", ""},
        {"small talk between", {"We have a granary.", "Hello", "Thanks"}, "granary", ""},
        {"a denial", {"We have a granary.", "We have no orchard."}, "granary", "orchard"},
        {"an aside", {"We have a granary.", "Another team has an orchard."}, "granary", ""},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_changes(void **state)
{
    static const struct row rows[] = {
        {"withdrawal", {"We have a granary.", "We don't have a granary."}, "", "granary"},
        {"withdrawal of what is out",
         {"We have a granary.", "The granary was dropped."},
         "",
         "granary"},
        {"withdrawal of one of two",
         {"A granary and an orchard.", "No granary."},
         "orchard",
         "granary"},
        {"stated after a denial", {"No granary.", "We have a granary."}, "granary", ""},
        {"correction",
         {"We have a granary.", "Sorry, not a granary but a harbour."},
         "harbour",
         "granary"},
        {"another in its place",
         {"We have a granary.", "Sorry, I meant a harbour."},
         "harbour",
         "granary"},
        {"not that", {"We have a granary.", "Wait, not that. A harbour."}, "harbour", "granary"},
        {"not that one",
         {"We have a granary.", "No, not this one! A harbour."},
         "harbour",
         "granary"},
        {"not that I know",
         {"We have a granary.", "Not that I know of a harbour."},
         "granary",
         "harbour"},
        {"other plans", {"A granary.", "Plans changed, we have a harbour."}, "harbour", "granary"},
        {"put back",
         {"A granary and an orchard.", "The granary is out.", "Put the granary back."},
         "granary orchard",
         ""},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_slots(void **state)
{
    static const struct row rows[] = {
        {"the newer one wins",
         {"We have a harbour.", "We have a lighthouse."},
         "lighthouse",
         "harbour"},
        {"and again", {"A harbour.", "A lighthouse.", "A harbour."}, "harbour", "lighthouse"},
        {"both in one turn stay",
         {"We have a harbour and a lighthouse."},
         "harbour lighthouse",
         ""},
        {"others stay",
         {"A granary by the harbour.", "A lighthouse."},
         "granary lighthouse",
         "harbour"},
        {"a denial fills no slot",
         {"We have a harbour.", "We have no lighthouse."},
         "harbour",
         "lighthouse"},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_what_is_built(void **state)
{
    static const struct row rows[] = {
        {"a correction replaces it",
         {"A granary by the harbour.", "No wait, it's an orchard."},
         "orchard harbour",
         "granary"},
        {"the same without a verb", {"A granary.", "Oh wait: an orchard."}, "orchard", "granary"},
        {"and is no answer to a question",
         {"A granary.", "No, it is an orchard."},
         "orchard",
         "granary"},
        {"more of the same stays",
         {"A granary.", "Actually it's an orchard too."},
         "granary orchard",
         ""},
        {"as well", {"A granary.", "Wait, it's an orchard as well."}, "granary orchard", ""},
        {"what is told without a correction stays",
         {"A granary.", "It's an orchard."},
         "granary orchard",
         ""},
        {"what is no product replaces none",
         {"A granary.", "No wait, it's a harbour."},
         "granary harbour",
         ""},
        {"a part of it stays",
         {"A granary.", "Wait, it's a granary and an orchard."},
         "granary orchard",
         ""},
        {"nothing was said before", {"Wait, it's an orchard."}, "orchard", ""},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_doubt(void **state)
{
    struct conversation talk;
    static const char *const say[TURNS] = {"We have a granary.", "Should we drop the granary?"};
    struct facts facts = play(*state, say, &talk);
    assert_int_equal(facts.stated, tiny_set("granary"));
    assert_int_equal(facts.denied, 0);
}

/* What was only supposed, or asked, is settled by the bare word that follows. */
static void test_suppositions(void **state)
{
    static const struct row rows[] = {
        {"refused", {"A granary might come.", "It won't."}, "", "granary"},
        {"refused by a bare no", {"A granary might come.", "no, so which"}, "", "granary"},
        {"or not", {"Granary or not?", "Not. One orchard."}, "orchard", "granary"},
        {"a question of one's own",
         {"Should I worry about a granary?", "They don't."},
         "",
         "granary"},
        {"left alone", {"A granary might come.", "Thanks."}, "granary", ""},
        {"confirmed", {"A granary might come.", "The granary comes."}, "granary", ""},
        {"what was plainly said stays", {"We have a granary.", "It won't."}, "granary", ""},
        {"only the turn after",
         {"A granary might come.", "We have an orchard.", "It won't."},
         "granary orchard",
         ""},
        {"no refusal of that", {"A granary might come.", "It won't rain tomorrow."}, "granary", ""},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_projects(void **state)
{
    static const struct row rows[] = {
        {"a new one", {"We have a granary.", "New project: we have a harbour."}, "harbour", ""},
        {"and back",
         {"We have a granary.", "New project: we have a harbour.", "Back to the first project."},
         "granary",
         ""},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_many_projects(void **state)
{
    struct conversation talk;
    conversation_init(&talk);
    for (int i = 0; i < 50; i++) {
        tiny_turn(*state, &talk,
                  i % 2 ? "New project: we have a granary." : "New project: we have a harbour.");
        check_facts(&talk);
        uint64_t expected = tiny_set(i % 2 ? "granary" : "harbour");
        assert_int_equal(conversation_project(&talk)->facts.stated, expected);
    }
}

static void test_emphasis(void **state)
{
    static const struct {
        const char *what, *say[TURNS], *heavy, *light;
    } rows[] = {
        {"none", {"A granary and a harbour."}, "", ""},
        {"later", {"A granary and a harbour.", "The granary matters most."}, "granary", ""},
        {"light", {"A granary and a harbour.", "The granary is just decoration."}, "", "granary"},
        {"the other way round",
         {"A granary and a harbour.", "The granary matters most.", "The harbour matters most."},
         "harbour",
         ""},
        {"both are the same after all",
         {"A granary and a harbour.", "The granary matters most.", "Both count equally."},
         "",
         ""},
        {"of what is unknown", {"A harbour.", "The granary does not matter."}, "", ""},
        {"withdrawn",
         {"A granary and a harbour.", "The granary matters most.", "No granary."},
         "",
         ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct conversation talk;
        struct facts facts = play(*state, rows[i].say, &talk);
        if (facts.heavy != tiny_set(rows[i].heavy) || facts.light != tiny_set(rows[i].light)) {
            fail_msg("%s: heavy %#llx, light %#llx", rows[i].what, (unsigned long long)facts.heavy,
                     (unsigned long long)facts.light);
        }
    }
}

static void test_answers(void **state)
{
    static const struct {
        const char *say, *stated, *denied;
        bool answers;
    } rows[] = {
        {"yes", "granary", "", true},
        {"Yes!", "granary", "", true},
        {"yep", "granary", "", true},
        {"no", "", "granary", true},
        {"Nope.", "", "granary", true},
        {"Hello", "", "", false},
        {"yes?", "", "", false},
        {"yes and no", "", "", false},
        {"yes, well, as to that I would have to ask the others first", "", "", false},
    };
    const struct pack *pack = tiny_knowledge.packs[TINY_COAST];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct conversation talk;
        conversation_init(&talk);
        talk.asked_situation = 1; /* the granary */
        bool answers = conversation_answer(&talk, pack, tiny_read(*state, rows[i].say));
        struct facts facts = conversation_project(&talk)->facts;
        if (answers != rows[i].answers || facts.stated != tiny_set(rows[i].stated) ||
            facts.denied != tiny_set(rows[i].denied)) {
            fail_msg("%s: %d, stated %#llx, denied %#llx", rows[i].say, answers,
                     (unsigned long long)facts.stated, (unsigned long long)facts.denied);
        }
    }
}

static void test_no_question_no_answer(void **state)
{
    const struct pack *pack = tiny_knowledge.packs[TINY_COAST];
    static const int16_t asked[] = {-1, 6, 63, 1000, -1000};
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        struct conversation talk;
        conversation_init(&talk);
        talk.asked_situation = asked[i];
        assert_false(conversation_answer(&talk, pack, tiny_read(*state, "yes")));
        assert_int_equal(conversation_project(&talk)->facts.stated, 0);
    }
}

static void test_equal_answers_depends(void **state)
{
    const struct pack *pack = tiny_knowledge.packs[TINY_COAST];
    struct conversation talk;
    conversation_init(&talk);
    talk.told_kind = VERDICT_DEPENDS;
    assert_true(conversation_answer(&talk, pack, tiny_read(*state, "Both equally.")));
    talk.told_kind = VERDICT_OPTION;
    assert_false(conversation_answer(&talk, pack, tiny_read(*state, "Both equally.")));
}

static void test_init(void **state)
{
    (void)state;
    struct conversation talk;
    memset(&talk, 0xFF, sizeof(talk));
    conversation_init(&talk);
    assert_int_equal(talk.pack, -1);
    assert_int_equal(talk.told, -1);
    assert_int_equal(talk.asked_situation, -1);
    assert_int_equal(talk.turns, 0);
    assert_int_equal(conversation_project(&talk)->facts.stated, 0);
    /* A damaged memory leads to a project all the same. */
    talk.project = 255;
    const struct project *project = conversation_project(&talk);
    assert_true(project >= talk.projects && project < talk.projects + CONVERSATION_PROJECTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts_add_up),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_what_is_built),
        cmocka_unit_test(test_doubt),
        cmocka_unit_test(test_suppositions),
        cmocka_unit_test(test_projects),
        cmocka_unit_test(test_many_projects),
        cmocka_unit_test(test_emphasis),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_no_question_no_answer),
        cmocka_unit_test(test_equal_answers_depends),
        cmocka_unit_test(test_init),
    };
    return cmocka_run_group_tests_name("conversation", tests, tiny_setup, tiny_teardown);
}
