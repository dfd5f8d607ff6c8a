/* adapters/table.c and the names in bot/host/config_built.c are the same kinds. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "adapters/adapter.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"

static bool is_in_table(const char *kind)
{
    size_t i = 0;
    while (adapter_table[i] != NULL && strcmp(adapter_table[i]->name, kind) != 0) {
        i++;
    }
    return adapter_table[i] != NULL;
}

static void check(const char *kind)
{
    if (config_is_built(kind) != is_in_table(kind)) {
        fail_msg("[%s] is in one of the two tables alone", kind);
    }
}

static void test_tables_agree(void **state)
{
    static const char *const others[] = {"api", "irc", "page", "slack", "none", ""};
    (void)state;
    for (size_t i = 0; adapter_table[i] != NULL; i++) {
        check(adapter_table[i]->name);
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        check(others[i]);
    }
    for (size_t i = 0; i < CONFIG_TRACKERS; i++) {
        check(config_trackers[i]);
    }
    for (size_t i = 0; i < CONFIG_CHATS; i++) {
        check(config_chats[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tables_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
