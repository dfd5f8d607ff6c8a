/* reader/scope: what holds of each word, and where sentences and clauses begin. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "bot/base/mem.h"
#include "bot/reader/read.h"
#include "tests/unit/tiny.h"

enum { DENIED = SCOPE_NEGATED | SCOPE_OUT };

struct row {
    const char *text, *word;
    unsigned any, none; /* at least one of `any`, none of `none` */
};

static void check_rows(struct tiny *tiny, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct reading *reading = tiny_read(tiny, rows[i].text);
        unsigned flags = reading->scopes.flags[tiny_word(reading, rows[i].word)];
        if ((rows[i].any && !(flags & rows[i].any)) || (flags & rows[i].none)) {
            fail_msg("%s: \"%s\" has %#x", rows[i].text, rows[i].word, flags);
        }
    }
}

static void test_denial(void **state)
{
    static const struct row rows[] = {
        {"We have a granary.", "granary", 0, DENIED},
        {"We have no granary.", "granary", DENIED, 0},
        {"There will never be a granary.", "granary", DENIED, 0},
        {"We work without a granary.", "granary", DENIED, 0},
        {"We don't have a granary.", "granary", DENIED, 0},
        {"We dont have a granary.", "granary", DENIED, 0},
        {"It is a harbour, not a granary.", "harbour", 0, DENIED},
        {"It is a harbour, not a granary.", "granary", DENIED, 0},
        {"It is not a granary, it is a harbour.", "granary", DENIED, 0},
        {"It is not a granary, it is a harbour.", "harbour", 0, DENIED},
        {"It is not a granary but a harbour.", "harbour", 0, DENIED},
        {"There is no granary. There is a harbour.", "harbour", 0, DENIED},
        {"There is no granary; there is a harbour.", "harbour", 0, DENIED},
        {"There is no granary\nThere is a harbour", "harbour", 0, DENIED},
        {"A harbour instead of a granary.", "granary", DENIED, 0},
        {"A harbour instead of a granary.", "harbour", 0, DENIED},
        {"Instead of a granary it will be a harbour.", "granary", DENIED, 0},
        {"Instead of a granary it will be a harbour.", "harbour", 0, DENIED},
        {"Not one of the granary and harbour.", "harbour", DENIED, 0},
        {"A harbour rather than a granary.", "granary", DENIED, 0},
        {"We declined the granary.", "granary", DENIED, 0},
        {"The board voted down the granary.", "granary", DENIED, 0},
        {"Neither granary nor orchard.", "granary", DENIED, 0},
        {"Neither granary nor orchard.", "orchard", DENIED, 0},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_lists(void **state)
{
    static const struct row rows[] = {
        {"No granary, orchard or harbour.", "granary", DENIED, 0},
        {"No granary, orchard or harbour.", "orchard", DENIED, 0},
        {"No granary, orchard or harbour.", "harbour", DENIED, 0},
        {"No granary, no orchard, we have a harbour.", "orchard", DENIED, 0},
        {"No granary, no orchard, we have a harbour.", "harbour", 0, DENIED},
        {"No granary and no orchard.", "orchard", DENIED, 0},
        {"Out of scope:\n- a granary\n- an orchard", "granary", DENIED, 0},
        {"Out of scope:\n- a granary\n- an orchard", "orchard", DENIED, 0},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_denied_before(void **state)
{
    static const struct row rows[] = {
        {"The granary is out of scope.", "granary", DENIED, 0},
        {"The granary is not needed.", "granary", DENIED, 0},
        {"The granary was dropped.", "granary", DENIED, 0},
        {"The granary is a non-goal.", "granary", DENIED, 0},
        {"A granary is not a goal of ours.", "granary", DENIED, 0},
        {"The granary is out of scope. The harbour is in.", "harbour", 0, DENIED},
        {"The granary is off the table, but the harbour stays.", "granary", DENIED, 0},
        {"The granary is off the table, but the harbour stays.", "harbour", 0, DENIED},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_no_denial(void **state)
{
    static const struct row rows[] = {
        {"We can't do without a granary.", "granary", 0, DENIED},
        {"We could not live without a granary.", "granary", 0, DENIED},
        {"Not only a granary.", "granary", 0, DENIED},
        {"Not just a granary, a harbour too.", "granary", 0, DENIED},
        {"The granary is not negotiable.", "granary", 0, DENIED},
        {"The granary is not going anywhere.", "granary", 0, DENIED},
        {"No doubt it is a granary.", "granary", 0, DENIED},
        {"Nothing but a granary.", "granary", 0, DENIED},
        {"Why not a granary?", "granary", 0, DENIED},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_answers(void **state)
{
    static const struct row rows[] = {
        {"A granary? No.", "granary", DENIED, 0},
        {"A granary? God, no.", "granary", DENIED, 0},
        {"A granary? Yes.", "granary", 0, DENIED},
        {"We have a granary. No.", "granary", 0, DENIED},
        {"A granary? Anything but.", "granary", DENIED, 0},
        {"A granary? Not really.", "granary", DENIED, 0},
        {"A harbour yes, granary no", "granary", DENIED, 0},
        {"A harbour yes, granary no", "harbour", 0, DENIED},
        {"Harbour, yes. Granary, nope.", "granary", DENIED, 0},
        {"| granary | no |\n| harbour | yes |", "granary", DENIED, 0},
        {"| granary | no |\n| harbour | yes |", "harbour", 0, DENIED},
        {"We want a granary, no?", "granary", 0, DENIED},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_asides(void **state)
{
    static const struct row rows[] = {
        {"We have a granary.", "granary", 0, SCOPE_ASIDE},
        {"I heard that a granary is nice.", "granary", SCOPE_HEARSAY, 0},
        {"My cousin says a granary is nice.", "granary", SCOPE_HEARSAY, 0},
        {"Everyone says you want a granary.", "granary", SCOPE_HEARSAY, 0},
        {"At my last job there was a granary.", "granary", SCOPE_PAST, 0},
        {"We used to have a granary.", "granary", SCOPE_PAST, 0},
        {"At my last job there was a granary. We have a harbour.", "harbour", 0, SCOPE_ASIDE},
        {"Suppose there was a granary.", "granary", SCOPE_SUPPOSED, 0},
        {"What if we had a granary?", "granary", SCOPE_SUPPOSED, 0},
        {"Maybe there will be a granary.", "granary", SCOPE_SUPPOSED, 0},
        {"Maybe there will be a granary. We have a harbour.", "harbour", 0, SCOPE_ASIDE},
        {"The granary comes next year.", "granary", SCOPE_LATER, 0},
        {"Eventually there will be a granary.", "granary", SCOPE_LATER, 0},
        {"Another team has a granary.", "granary", SCOPE_OTHERS, 0},
        {"Another team has a granary. We have a harbour.", "harbour", 0, SCOPE_ASIDE},
        {"> We have a granary.", "granary", SCOPE_QUOTE, 0},
        {"> We have a granary.\n\nWe have a harbour.", "harbour", 0, SCOPE_ASIDE},
        {"> We have a granary.\n\nThese are our requirements.", "granary", 0, SCOPE_QUOTE},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_markup(void **state)
{
    static const struct row rows[] = {
        {"We want a ~~granary~~ harbour.", "granary", SCOPE_OUT, 0},
        {"We want a ~~granary~~ harbour.", "harbour", 0, DENIED},
        {"Run `the granary now` please", "granary", SCOPE_MASKED, 0},
        {"```\nthe granary\n```\nThe harbour", "granary", SCOPE_MASKED, 0},
        {"```\nthe granary\n```\nThe harbour", "harbour", 0, SCOPE_MASKED},
        {"Orion or a granary", "orion", SCOPE_MASKED, 0},
        {"Orion or a granary", "granary", 0, SCOPE_MASKED},
        {"The telegraph road is long.", "telegraph", SCOPE_MASKED, 0},
        {"s/granary/harbour/", "granary", DENIED, 0},
        {"s/granary/harbour/", "harbour", 0, DENIED},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_sections(void **state)
{
    static const struct row rows[] = {
        {"Out of scope: a granary", "granary", DENIED, 0},
        {"## Out of scope\n- a granary", "granary", DENIED, 0},
        {"## Out of scope\n- a granary\n\n## In scope\n- a harbour", "granary", DENIED, 0},
        {"## Out of scope\n- a granary\n\n## In scope\n- a harbour", "harbour", 0, DENIED},
        {"**Out of scope:**\n- a granary\n\n**In scope:**\n- a harbour", "harbour", 0, DENIED},
        {"In scope:\n- a harbour\nOut of scope:\n- a granary", "harbour", 0, DENIED},
        {"In scope:\n- a harbour\nOut of scope:\n- a granary", "granary", DENIED, 0},
        {"## Out of scope\n- a granary\n\n## Anything\n- a harbour", "harbour", 0, DENIED},
        {"Out of scope:\n- a granary\n\nThe harbour is what we build.", "harbour", 0, DENIED},
        {"Nice to have:\n- a granary", "granary", SCOPE_LIGHT, DENIED},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_weight(void **state)
{
    static const struct row rows[] = {
        {"We have a granary.", "granary", 0, SCOPE_HEAVY | SCOPE_LIGHT},
        {"The granary is the heart of it.", "granary", SCOPE_HEAVY, SCOPE_LIGHT},
        {"The granary matters most.", "granary", SCOPE_HEAVY, SCOPE_LIGHT},
        {"The granary is just decoration.", "granary", SCOPE_LIGHT, SCOPE_HEAVY},
        {"The granary matters more than the harbour.", "granary", SCOPE_HEAVY, SCOPE_LIGHT},
        {"The granary matters most. There is a harbour.", "harbour", 0, SCOPE_HEAVY},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_asked(void **state)
{
    static const struct row rows[] = {
        {"Should we drop the granary?", "granary", SCOPE_ASKED, 0},
        {"We should drop by the granary.", "granary", 0, SCOPE_ASKED},
    };
    check_rows(*state, rows, ARRAY_LEN(rows));
}

static void test_clauses(void **state)
{
    static const struct {
        const char *text, *first, *last; /* words at the ends of the clause of "granary" */
    } rows[] = {
        {"a granary", "a", "granary"},
        {"boats sail, the granary burns. people run", "the", "burns"},
        {"boats sail; granary burns: people", "granary", "burns"},
        {"boats sail but the granary burns", "but", "burns"},
        {"boats sail because the granary burns", "because", "burns"},
        {"boats and granary burns", "boats", "burns"},
        {"boats sail\ngranary burns\npeople run", "granary", "burns"},
        {"boats sail (granary burns) people run", "granary", "burns"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct reading *reading = tiny_read(*state, rows[i].text);
        uint32_t word = tiny_word(reading, "granary");
        const struct token *items = reading->tokens.items;
        const char *first = items[reading->scopes.clause_first[word]].letters;
        const char *last = items[reading->scopes.clause_last[word]].letters;
        if (strcmp(first, rows[i].first) != 0 || strcmp(last, rows[i].last) != 0) {
            fail_msg("%s: got %s to %s", rows[i].text, first, last);
        }
    }
}

/* Clauses lie in sentences, both cover all words in order, and no walk over one is long. */
static void check_cover(const struct reading *reading)
{
    const struct scopes *s = &reading->scopes;
    uint32_t count = reading->tokens.count;
    for (uint32_t i = 0; i < count; i++) {
        assert_true(s->sentence_first[i] <= s->clause_first[i] && s->clause_first[i] <= i);
        assert_true(i <= s->clause_last[i] && s->clause_last[i] <= s->sentence_last[i]);
        assert_true(s->sentence_last[i] < count);
        assert_true(s->sentence_last[i] - s->sentence_first[i] < SENTENCE_LIMIT);
        assert_true(s->clause_last[i] - s->clause_first[i] < SENTENCE_LIMIT);
        assert_int_equal(s->clause_first[s->clause_last[i]], s->clause_first[i]);
        assert_int_equal(s->sentence_first[s->sentence_last[i]], s->sentence_first[i]);
    }
    assert_true(s->unit_count <= UNITS_MAX);
    for (uint32_t u = 0; u < s->unit_count; u++) {
        assert_true(s->units[u].first <= s->units[u].last && s->units[u].last < count);
    }
}

static void test_cover(void **state)
{
    static const char *const units[] = {
        "a ",           "no ",
        "a, ",          "and we ",
        "a. ",          "a\n",
        "- a\n",        "out of scope:\n",
        "# out\n",      "not a granary, but we see a harbour; ",
        "my last job ", "(",
        "s/a/b/ ",      "granary? no. ",
    };
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        size_t len = strlen(units[i]), size = 3000;
        char *bytes = malloc(size + 1);
        assert_non_null(bytes);
        for (size_t k = 0; k < size; k++) {
            bytes[k] = units[i][k % len];
        }
        bytes[size] = '\0';
        check_cover(tiny_read(*state, bytes));
        free(bytes);
    }
}

static void test_questions(void **state)
{
    const struct reading *reading = tiny_read(*state, "Is it a granary? It is a harbour.");
    assert_int_equal(reading->scopes.unit_count, 2);
    assert_true(reading->scopes.units[0].question);
    assert_true(reading->scopes.units[0].sentence);
    assert_false(reading->scopes.units[1].question);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_denial),        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_denied_before), cmocka_unit_test(test_no_denial),
        cmocka_unit_test(test_answers),       cmocka_unit_test(test_asides),
        cmocka_unit_test(test_markup),        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_weight),        cmocka_unit_test(test_asked),
        cmocka_unit_test(test_clauses),       cmocka_unit_test(test_cover),
        cmocka_unit_test(test_questions),
    };
    return cmocka_run_group_tests_name("scope", tests, tiny_setup, tiny_teardown);
}
