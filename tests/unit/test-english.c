/* reader/english: the table is sound, and every phrase in it is found where it is written. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/reader/english.h"
#include "bot/reader/kind.h"
#include "bot/reader/lexicon.h"
#include "bot/reader/text.h"
#include "bot/reader/token.h"
#include "knowledge/check.h"
#include "knowledge/pack.h"
#include "knowledge/phrase.h"

static struct text text;
static struct tokens tokens;
static struct matches matches;

static void test_rows(void **state)
{
    (void)state;
    bool seen[EN_COUNT] = {false};
    size_t count = 0;
    for (; english_rows[count].phrase; count++) {
        const struct english_row *row = &english_rows[count];
        struct error err = {0};
        if (row->id >= EN_COUNT) {
            fail_msg("row %zu: no such id", count);
        }
        if (!phrase_check(row->phrase, &err)) {
            fail_msg("%s: %s: %s", english_name(row->id), row->phrase, err.text);
        }
        seen[row->id] = true;
    }
    assert_true(count > 100);
    for (int id = 0; id < EN_COUNT; id++) {
        if (!seen[id]) {
            fail_msg("no row for %s", english_name((enum english)id));
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_true(EN_COUNT <= 64);
    for (int id = 0; id < EN_COUNT; id++) {
        const char *name = english_name((enum english)id);
        assert_non_null(name);
        for (int other = 0; other < id; other++) {
            assert_string_not_equal(name, english_name((enum english)other));
        }
    }
    assert_null(english_name(EN_COUNT));
}

static void test_no_row_twice(void **state)
{
    (void)state;
    for (size_t i = 0; english_rows[i].phrase; i++) {
        for (size_t k = 0; k < i; k++) {
            if (english_rows[i].id == english_rows[k].id &&
                strcmp(english_rows[i].phrase, english_rows[k].phrase) == 0) {
                fail_msg("twice: %s", english_rows[i].phrase);
            }
        }
    }
}

/*
 * Writes what a phrase asks for, taking the n-th alternative of each group and leaving out what is
 * optional. Returns the largest number of alternatives of a group.
 */
static size_t write_sample(const char *phrase, size_t n, struct buf *out)
{
    size_t most = 1;
    buf_clear(out);
    for (const char *p = phrase; *p;) {
        size_t len = strcspn(p, " ([");
        if (*p == '[') {
            p = strchr(p, ']') + 1;
        } else if (*p == '(') {
            const char *close = strchr(p, ')');
            size_t count = 1, at = 0;
            for (const char *c = p; c < close; c++) {
                count += *c == '|';
            }
            const char *from = p + 1;
            for (; at < n % count; at++) {
                from = strchr(from, '|') + 1;
            }
            buf_append(out, from, strcspn(from, "|)"));
            most = count > most ? count : most;
            p = close + 1;
        } else if (len > 0) {
            bool gap = strspn(p, ".") >= len;
            buf_append(out, p, gap ? 0 : len);
            p += len;
        } else {
            buf_putc(out, ' ');
            p++;
        }
    }
    /* Signs of the notation are no letters: "=go", "recommend*". */
    for (size_t i = 0; i < out->len; i++) {
        if (out->data[i] == '=' || out->data[i] == '*') {
            out->data[i] = ' ';
        } else if (out->data[i] == '#') {
            out->data[i] = i > 0 && out->data[i - 1] >= 'a' ? '#' : '3';
        }
    }
    return most;
}

static bool finds(enum english id)
{
    for (uint32_t k = 0; k < matches.count; k++) {
        if (matches.items[k].target.type == TARGET_ENGLISH &&
            matches.items[k].target.item == (int16_t)id) {
            return true;
        }
    }
    return false;
}

/* An alternative that can never match is dead weight, or means that nobody reads what is meant. */
static void test_every_alternative_matches(void **state)
{
    (void)state;
    struct knowledge none = {.main = -1};
    struct lexicon *lexicon = lexicon_create(&none);
    struct stemmer *stemmer = stemmer_create();
    struct buf sample;
    buf_init(&sample, 4096);
    for (size_t i = 0; english_rows[i].phrase; i++) {
        size_t most = 1;
        for (size_t n = 0; n < most; n++) {
            most = write_sample(english_rows[i].phrase, n, &sample);
            text_read(&text, sample.data, sample.len);
            tokens_read(&tokens, &text, stemmer);
            lexicon_search(lexicon, &tokens, &matches);
            if (!finds(english_rows[i].id)) {
                fail_msg("%s: %s is not found in \"%s\"", english_name(english_rows[i].id),
                         english_rows[i].phrase, sample.data);
            }
        }
    }
    buf_finish(&sample);
    stemmer_destroy(stemmer);
    lexicon_destroy(lexicon);
}

/* The checker of packs keeps its own names: knowledge lies below the reader. */
static bool accepted(const char *surface, const char *kind)
{
    struct line_text say = {"hello", 1};
    struct pack_example example = {.surface = surface, .say = {&say, 1}, .kind = kind, .line = 1};
    struct pack pack = {
        .file = "x.json", .id = "x", .pointer = true, .examples = &example, .example_count = 1};
    struct fault_list faults = {0};
    check_pack(&pack, &faults);
    bool fine = true;
    for (size_t i = 0; i < faults.count; i++) {
        fine = fine && !strstr(faults.items[i].text, "surface") &&
               !strstr(faults.items[i].text, "kind");
    }
    fault_finish(&faults);
    return fine;
}

static void test_names_of_the_checker(void **state)
{
    (void)state;
    for (int i = 0; i < SURFACE_COUNT; i++) {
        assert_true(accepted(surface_name((enum surface)i), "meta"));
    }
    for (int i = 0; i < KIND_COUNT; i++) {
        bool silent = i == KIND_SILENT;
        assert_true(accepted(silent ? "ambient" : "dm", kind_name((enum kind)i)));
    }
    assert_false(accepted("nowhere", "meta"));
    assert_false(accepted("dm", "nothing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_no_row_twice),
        cmocka_unit_test(test_every_alternative_matches),
        cmocka_unit_test(test_names_of_the_checker),
    };
    return cmocka_run_group_tests_name("english", tests, NULL, NULL);
}
