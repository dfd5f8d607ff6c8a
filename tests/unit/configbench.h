#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bot/base/error.h"
#include "bot/host/config.h"

/* Configurations as texts, and what is said of them, for the tests of config.h. */

static inline bool parse(const char *text, struct config *ret, struct fault_list *faults)
{
    return config_parse("etc/w.ini", text, strlen(text), false, ret, faults);
}

static inline void assert_fault(const struct fault_list *faults, size_t index, int line,
                                const char *text)
{
    assert_true(index < faults->count);
    assert_string_equal(faults->items[index].file, "etc/w.ini");
    assert_int_equal(faults->items[index].line, line);
    if (strstr(faults->items[index].text, text) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", text, faults->items[index].text);
    }
}
