/* reader/read: from cues to what a message says, and the signals of what it asks. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bot/advisor/advisor.h"
#include "bot/base/mem.h"
#include "bot/reader/english.h"
#include "bot/reader/read.h"
#include "tests/unit/tiny.h"

struct row {
    const char *text, *stated, *denied;
};

static void check_rows(struct tiny *tiny, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct reading *reading = tiny_read(tiny, rows[i].text);
        uint64_t stated = tiny_set(rows[i].stated), denied = tiny_set(rows[i].denied);
        if (reading->stated != stated || reading->denied != denied) {
            fail_msg("%s: stated %#llx, denied %#llx", rows[i].text,
                     (unsigned long long)reading->stated, (unsigned long long)reading->denied);
        }
    }
}

static void test_stated_and_denied(void **state)
{
    static const struct row rows[] = {
        {"", "", ""},
        {"Hello there!", "", ""},
        {"We have a granary.", "granary", ""},
        {"We have GRANARIES", "granary", ""},
        {"We have a barn full of barley.", "granary", ""},
        {"We have a telegaph.", "telegraph", ""},
        {"We have a granary and an orchard.", "granary orchard", ""},
        {"We have a granary. We have an orchard.", "granary orchard", ""},
        {"We have no granary.", "", "granary"},
        {"We don't have a granary.", "", "granary"},
        {"We have a harbour, not a granary.", "harbour", "granary"},
        {"It is not a granary, it is a harbour.", "harbour", "granary"},
        {"No granary, orchard or windmill.", "", "granary orchard windmill"},
        {"The granary is out of scope, the harbour is not negotiable.", "harbour", "granary"},
        {"We can't do without a granary.", "granary", ""},
        {"A granary? No.", "", "granary"},
        {"Some morse.", "", ""},
        {"Pigeons will suffice.", "", "telegraph"},
        {"The telegraph road is long.", "", ""},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_not_this_project(void **state)
{
    static const struct row rows[] = {
        {"At my last job there was a granary.", "", ""},
        {"I heard that a granary is nice.", "", ""},
        {"Everyone says you want a granary.", "", ""},
        {"Suppose there was a granary.", "", ""},
        {"Maybe there will be a granary.", "", ""},
        {"Another team has a granary.", "", ""},
        {"> We have a granary.", "", ""},
        {"> We have a granary.\n\nThese are our requirements.", "granary", ""},
        {"`see the granary`", "", ""},
        {"```\nthe granary\n```", "", ""},
        {"https://example.org/granary", "", ""},
        {"@granary hello", "", ""},
        {"<!-- a granary -->", "", ""},
        {"At my last job there was a granary. Here we have a harbour.", "harbour", ""},
        {"Another team has a granary. We have a harbour.", "harbour", ""},
        {"Our competitor has a granary.", "", ""},
        {"The rivals' granary is nice. We have a harbour.", "harbour", ""},
        {"We want a granary like our competitor has.", "granary", ""},
        {"We want a granary like another team has.", "granary", ""},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

/* Where the choice is asked and nothing else is told, what it is asked of counts. */
static void test_premises(void **state)
{
    static const struct row rows[] = {
        {"If you had to build a granary, Orion or Lyra?", "granary", ""},
        {"Suppose we build a granary. Orion or Lyra?", "granary", ""},
        {"Imagine a granary. Orion or Lyra?", "granary", ""},
        {"Thinking about a granary, can't decide between Orion and Lyra", "granary", ""},
        {"Still undecided between Orion and Lyra for a granary", "granary", ""},
        {"We have a harbour. If we had a granary, Orion or Lyra?", "harbour", ""},
        {"Maybe there will be a granary. Orion or Lyra?", "", ""},
        {"Not sure whether there will be a granary. Orion or Lyra?", "", ""},
        {"If we had no granary, Orion or Lyra?", "", "granary"},
        {"If it were a granary you'd say Orion, I know. It isn't. Orion or Lyra?", "", ""},
        {"I heard of a granary. Suppose that. Orion or Lyra?", "", ""},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_structure(void **state)
{
    static const struct row rows[] = {
        {"- a granary\n- an orchard", "granary orchard", ""},
        {"- ~~a granary~~\n- an orchard", "orchard", "granary"},
        {"We want a ~~granary~~ harbour.", "harbour", "granary"},
        {"Out of scope:\n- a granary\n- an orchard", "", "granary orchard"},
        {"## Out of scope\n- a granary\n\n## In scope\n- a harbour", "harbour", "granary"},
        {"In scope:\n- a harbour\nOut of scope:\n- a granary", "harbour", "granary"},
        {"**a granary**", "granary", ""},
        {"a <https://example.org|granary>", "granary", ""},
        {"a [granary](https://example.org)", "granary", ""},
        {"<@U1> \x02granary\x02", "granary", ""},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_hints(void **state)
{
    const struct reading *reading = tiny_read(*state, "There is some morse.");
    assert_int_equal(reading->hints, tiny_set("telegraph"));
    assert_int_equal(reading->hinted, tiny_set("telegraph"));
    reading = tiny_read(*state, "There is no morse.");
    assert_int_equal(reading->hints, 0);
    assert_int_equal(reading->denied, tiny_set("telegraph"));
}

static void test_weights(void **state)
{
    static const struct {
        const char *text, *heavy, *light; /* NULL: no matter */
    } rows[] = {
        {"We have a granary and a harbour.", "", ""},
        {"There is a harbour. The granary is the heart of it.", "granary", ""},
        {"There is a harbour. The granary matters most.", "granary", ""},
        {"There is a harbour. The granary is just decoration.", "", "granary"},
        {"The granary matters more than the harbour.", "granary", NULL},
        {"We build a harbour.\n\nNice to have:\n- a granary", "", "granary"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct reading *reading = tiny_read(*state, rows[i].text);
        if (reading->heavy != tiny_set(rows[i].heavy) ||
            (rows[i].light && reading->light != tiny_set(rows[i].light))) {
            fail_msg("%s: heavy %#llx, light %#llx", rows[i].text,
                     (unsigned long long)reading->heavy, (unsigned long long)reading->light);
        }
    }
}

static void test_evidence(void **state)
{
    const struct reading *reading = tiny_read(*state, "We have a granary, not an orchard.");
    assert_int_equal(reading->evidence_count, 2);
    for (uint32_t i = 0; i < reading->evidence_count; i++) {
        const struct evidence *e = &reading->evidence[i];
        bool orchard = tiny_set("orchard") >> e->situation & 1;
        assert_int_equal(e->exact, 1);
        assert_int_equal(e->polarity, orchard ? POLARITY_DENIED : POLARITY_STATED);
        assert_int_equal(e->first, tiny_word(reading, orchard ? "orchard" : "granary"));
        assert_int_equal(e->last, e->first);
    }
    reading = tiny_read(*state, "At my last job there was a granary.");
    assert_int_equal(reading->evidence_count, 1);
    assert_int_equal(reading->evidence[0].polarity, POLARITY_ASIDE);
    assert_int_equal(reading->aside, tiny_set("granary"));
}

static void test_options(void **state)
{
    static const struct {
        const char *text;
        uint32_t options, alternatives;
        bool question;
    } rows[] = {
        {"Hello", 0, 0, false},
        {"Orion", 1, 0, false},
        {"Lyra?", 2, 0, true},
        {"Orion or Lyra?", 3, 3, true},
        {"orion/lyra?", 3, 3, true},
        {"Orion vs. Lyra", 3, 3, false},
        {"Lyra and Orion", 3, 0, false},
        {"orin or lyra", 3, 3, false},
        {"orion or mocha", 1, 0, false},
        {"Would Orion do, or is Lyra smarter?", 3, 3, true},
        {"Orion. Or not. Lyra.", 3, 0, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct signals *s = &tiny_read(*state, rows[i].text)->signals;
        if (s->options != rows[i].options || s->alternatives != rows[i].alternatives ||
            s->question != rows[i].question) {
            fail_msg("%s: options %u, alternatives %u, question %d", rows[i].text, s->options,
                     s->alternatives, s->question);
        }
    }
}

static enum kind kind_of(struct tiny *tiny, enum surface surface, const char *text)
{
    struct conversation talk;
    struct outcome outcome;
    conversation_init(&talk);
    advisor_turn(tiny->advisor, tiny->workspace, &talk, surface, text, strlen(text), &outcome);
    return outcome.kind;
}

static void test_surfaces(void **state)
{
    static const struct {
        enum surface surface;
        const char *text;
        enum kind kind;
    } rows[] = {
        {SURFACE_SLASH, "a small chapel by the sea", KIND_VERDICT},
        {SURFACE_SLASH, "how do I install it?", KIND_UNKNOWN},
        {SURFACE_AMBIENT, "Would you lot go to Orion, or rather to Lyra?", KIND_VERDICT},
        {SURFACE_AMBIENT, "do we have it made on orion or on lyra?", KIND_VERDICT},
        {SURFACE_AMBIENT, "did that letter come from Orion or from Lyra?", KIND_SILENT},
        {SURFACE_AMBIENT, "the orion or lyra thread again", KIND_SILENT},
        {SURFACE_AMBIENT, "orion or lyra?", KIND_VERDICT},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum kind kind = kind_of(*state, rows[i].surface, rows[i].text);
        if (kind != rows[i].kind) {
            fail_msg("%s: %s", rows[i].text, kind_name(kind));
        }
    }
}

static void test_signals(void **state)
{
    const struct signals *s = &tiny_read(*state, "Lyra, then Orion: which one?")->signals;
    assert_int_equal(s->first_option, 1);
    assert_int_equal(s->last_option, 0);
    assert_int_equal(s->option_count, 2);
    assert_true(s->choice_word);
    s = &tiny_read(*state, "Which constellation?")->signals;
    assert_true(s->subject);
    assert_int_equal(s->first_option, -1);
    s = &tiny_read(*state, "Assam or mocha?")->signals;
    assert_int_equal(s->pointer, TINY_DRINKS);
    assert_int_equal(s->pointer_options, 2);
    assert_true(s->pointer_or);
    s = &tiny_read(*state, "What about the church bells of Orion?")->signals;
    assert_int_equal(s->fact, 0);
    s = &tiny_read(*state, "> Orion or Lyra?")->signals;
    assert_true(s->quoted_only);
    s = &tiny_read(*state, "@ada Orion or Lyra?")->signals;
    assert_int_equal(s->mentions, 1);
    s = &tiny_read(*state, "Thanks! Is it a granary?")->signals;
    assert_true(s->english >> EN_THANKS & 1);
    assert_false(s->english_late >> EN_THANKS & 1);
}

/* Names at an "or" that nobody asks about, and the like that somebody does. */
static void test_unasked(void **state)
{
    static const struct {
        const char *text;
        bool unasked;
    } rows[] = {
        {"Orion or Lyra?", false},
        {"The Orion or Lyra thread is long.", true},
        {"Send the orion guy or the lyra guy?", true},
        {"Orion or Lyra for a guy with a boat?", false},
        {"Anyone know whether the boat is Orion or Lyra?", true},
        {"Who knows whether Orion or Lyra is a good choice?", false},
        {"Could someone tell me if it should be Orion or Lyra?", false},
        {"Whether it is Orion or Lyra, nobody sees it.", true},
        {"I do not care, Orion or Lyra.", true},
        {"I do not care much. Orion or Lyra?", false},
        {"I'm fine with Orion or Lyra", true},
        {"Would you be fine with Orion or Lyra?", false},
        {"Is the workshop on Orion or on Lyra?", true},
        {"Which did you take, Orion or Lyra?", true},
        {"Remember when we fought over Orion or Lyra", true},
        {"> Orion or Lyra?\nWe went to Lyra.", true},
        {"> Orion or Lyra?\nSo, Lyra or Orion?", false},
        {"Lyra is out.", false},
        {"Should I write to the orion office or to the lyra office?", true},
        {"Who keeps the orion/lyra charts?", true},
        {"Which boat won, orion or lyra?", true},
        {"They asked \"Orion or Lyra?\" and laughed.", true},
        {"It was rejected, the orion or lyra plan", true},
        {"Funny how all of them say Orion or Lyra", true},
        {"Hey all: orion or lyra for a granary", false},
        {"ok last item, orion or lyra for the granary", false},
        {"We cannot agree, should it be orion or lyra", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (tiny_read(*state, rows[i].text)->signals.unasked != rows[i].unasked) {
            fail_msg("%s", rows[i].text);
        }
    }
}

static void test_pack_choice(void **state)
{
    static const struct {
        const char *text;
        int pack;
    } rows[] = {
        {"A granary", TINY_COAST},
        {"Orion or Lyra?", TINY_COAST},
        {"Sloop or brig?", TINY_BOATS},
        {"Assam or mocha?", TINY_COAST},
        {"Sloop or brig? Orion!", TINY_BOATS},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int pack = tiny_read(*state, rows[i].text)->pack;
        if (pack != rows[i].pack) {
            fail_msg("%s: got pack %d", rows[i].text, pack);
        }
    }
}

/* Nothing of one reading shows in the next, and the same text reads the same. */
static void test_reuse(void **state)
{
    tiny_read(*state, "Not a granary! The orchard matters most. Orion or Lyra? > @ada ~~harbour~~");
    const struct reading *reading = tiny_read(*state, "A windmill.");
    assert_int_equal(reading->stated, tiny_set("windmill"));
    assert_int_equal(reading->denied | reading->aside | reading->heavy | reading->light, 0);
    assert_int_equal(reading->signals.options, 0);
    assert_int_equal(reading->evidence_count, 1);
    assert_false(reading->truncated);
}

/* Whatever is repeated, the counts stay in their bounds. */
static void test_bounds(void **state)
{
    static const char *const units[] = {
        "granary ", "no granary, ", "orion or lyra? ", "a\n", "not ", "- granary\n", "(", "\"a "};
    enum { SIZE = 65536 };
    char *bytes = malloc(SIZE + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        size_t len = strlen(units[i]);
        for (size_t k = 0; k < SIZE; k++) {
            bytes[k] = units[i][k % len];
        }
        bytes[SIZE] = '\0';
        const struct reading *reading = tiny_read(*state, bytes);
        assert_true(reading->evidence_count <= EVIDENCE_MAX);
        assert_true(reading->matches.count <= MATCHES_MAX);
        assert_true(reading->tokens.count <= TOKENS_MAX);
        assert_int_equal(reading->stated & reading->denied, 0);
        assert_int_equal(reading->heavy & reading->light, 0);
    }
    free(bytes);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const surfaces[] = {"dm", "mention", "slash", "tracker", "ambient"};
    static const char *const kinds[] = {"verdict", "facts", "neighbour",
                                        "unknown", "meta",  "silent"};
    assert_int_equal(ARRAY_LEN(surfaces), SURFACE_COUNT);
    assert_int_equal(ARRAY_LEN(kinds), KIND_COUNT);
    for (int i = 0; i < SURFACE_COUNT; i++) {
        assert_string_equal(surface_name((enum surface)i), surfaces[i]);
        assert_int_equal(surface_find(surfaces[i]), i);
    }
    for (int i = 0; i < KIND_COUNT; i++) {
        assert_string_equal(kind_name((enum kind)i), kinds[i]);
        assert_int_equal(kind_find(kinds[i]), i);
    }
    assert_null(surface_name(SURFACE_COUNT));
    assert_null(kind_name(KIND_COUNT));
    assert_int_equal(surface_find("DM"), -1);
    assert_int_equal(kind_find(""), -1);
    assert_int_equal(kind_find(NULL), -1);
    for (int i = 0; i < ASK_COUNT; i++) {
        assert_int_equal(ask_find(ask_name((enum ask_about)i)), i);
    }
    assert_null(ask_name(ASK_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stated_and_denied),
        cmocka_unit_test(test_not_this_project),
        cmocka_unit_test(test_premises),
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_hints),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_surfaces),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_unasked),
        cmocka_unit_test(test_pack_choice),
        cmocka_unit_test(test_reuse),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("read", tests, tiny_setup, tiny_teardown);
}
