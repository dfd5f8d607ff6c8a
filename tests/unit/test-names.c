#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "bot/base/names.h"

enum { MANY = 3000 };

static void test_empty(void **state)
{
    struct names names = {0};
    (void)state;
    assert_null(names_get(&names, ""));
    names_remove(&names, "nobody");
    names_finish(&names);
}

/* Texts, not addresses; "" is a name like others. */
static void test_by_text(void **state)
{
    struct names names = {0};
    int one, none;
    char same[] = "slack one";
    (void)state;
    names_put(&names, "slack one", &one);
    names_put(&names, "", &none);
    assert_ptr_equal(names_get(&names, same), &one);
    assert_ptr_equal(names_get(&names, ""), &none);
    assert_null(names_get(&names, "slack on"));
    names_remove(&names, "");
    assert_null(names_get(&names, ""));
    assert_int_equal(names.count, 1);
    names_finish(&names);
}

static char texts[MANY][16];

/* In every order of coming and going, each is found that is in it, and none that is not. */
static void test_many(void **state)
{
    struct names names = {0};
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(texts[i], sizeof(texts[i]), "slack t%zu", i);
        names_put(&names, texts[i], texts[i]);
    }
    for (size_t step = 7, at = 0, gone = 0; gone < MANY; gone++) {
        at = (at + step) % MANY; /* 7 does not divide MANY, so each comes once */
        assert_ptr_equal(names_get(&names, texts[at]), texts[at]);
        names_remove(&names, texts[at]);
        assert_null(names_get(&names, texts[at]));
        assert_int_equal(names.count, MANY - gone - 1);
        size_t later = (at + step * ((MANY - gone) / 2)) % MANY;
        if (MANY - gone > 3) {
            assert_ptr_equal(names_get(&names, texts[later]), texts[later]);
        }
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_null(names_get(&names, texts[i]));
        names_put(&names, texts[i], texts[MANY - 1 - i]);
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_ptr_equal(names_get(&names, texts[i]), texts[MANY - 1 - i]);
    }
    names_finish(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_by_text),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
