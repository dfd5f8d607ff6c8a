/* Memory for secrets: texts of all lengths beside each other, nothing left of those given back. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "bot/base/vault.h"

enum { TEXTS = 500 };

static char source[VAULT_LEN_MAX];

static void check(const char *text, size_t i, size_t len)
{
    assert_int_equal(strlen(text), len);
    for (size_t at = 0; at < len; at++) {
        assert_int_equal(text[at], 'a' + i % 26);
    }
}

static char *put(size_t i, size_t len)
{
    memset(source, 'a' + (int)(i % 26), len);
    return vault_strndup(source, len);
}

/* Lengths around what a grain, a page and a region hold, taken and given back in turn. */
static void test_many(void **state)
{
    static const size_t lens[] = {0, 1, 62, 63, 64, 65, 127, 128, 1000, 4096, VAULT_LEN_MAX};
    const size_t kinds = sizeof(lens) / sizeof(lens[0]);
    char *texts[TEXTS];
    (void)state;
    for (size_t i = 0; i < TEXTS; i++) {
        texts[i] = put(i, lens[i % kinds]);
    }
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = round; i < TEXTS; i += 3) {
            vault_free(texts[i]);
            texts[i] = put(i + round, lens[(i + round) % kinds]);
            check(texts[i], i + round, lens[(i + round) % kinds]);
        }
    }
    for (size_t i = 0; i < TEXTS; i++) {
        check(texts[i], i + i % 3, lens[(i + i % 3) % kinds]);
        vault_free(texts[i]);
    }
    vault_free(NULL);
}

static void test_wiped(void **state)
{
    static const char secret[] =
        "a secret of more than one grain, which is why it goes on and on and on";
    static const char nothing[sizeof(secret)];
    (void)state;
    char *text = vault_strndup(secret, sizeof(secret) - 1);
    vault_free(text);
    /* The pages stay, so that one may look. */
    assert_memory_equal(text, nothing, sizeof(nothing));
    /* And its place is used again. */
    char *other = vault_strndup(secret, sizeof(secret) - 1);
    assert_ptr_equal(other, text);
    vault_free(other);
}

/* Before the vault has any: whether the system lets this process lock as much as the vault does. */
static bool may_lock(void)
{
#ifdef __SANITIZE_ADDRESS__
    return false; /* its mlock() locks nothing, and says that it did */
#else
    static char pages[16 * 1024]; /* a region's size */
    bool may = mlock(pages, sizeof(pages)) == 0;
    munlock(pages, sizeof(pages));
    return may;
#endif
}

/* What the kernel says of the pages: not in a core, and locked where they may be. */
static void test_apart(void **state)
{
    char line[400];
    bool within = false, found = false, locked = may_lock();
    (void)state;
    char *text = vault_strndup("x", 1);
    FILE *maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps) != NULL) {
        uintptr_t start, end;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &start, &end) == 2) {
            within = start <= (uintptr_t)text && (uintptr_t)text < end;
        } else if (within && strncmp(line, "VmFlags:", 8) == 0) {
            found = true;
            assert_non_null(strstr(line, " dd "));
            assert_int_equal(strstr(line, " lo ") != NULL, locked);
        }
    }
    fclose(maps);
    assert_true(found);
    vault_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_apart),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_wiped),
    };
    return cmocka_run_group_tests_name("vault", tests, NULL, NULL);
}
