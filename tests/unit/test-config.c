#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/host/config.h"

static bool parse(const char *text, struct config *ret, struct fault_list *faults)
{
    return config_parse("etc/w.ini", text, strlen(text), ret, faults);
}

static void assert_fault(const struct fault_list *faults, size_t index, int line, const char *text)
{
    assert_true(index < faults->count);
    assert_string_equal(faults->items[index].file, "etc/w.ini");
    assert_int_equal(faults->items[index].line, line);
    if (strstr(faults->items[index].text, text) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", text, faults->items[index].text);
    }
}

static void test_defaults(void **state)
{
    (void)state;
    struct config config;
    config_init(&config);
    assert_string_equal(config.name, "whether");
    assert_int_equal(config.packs.count, 0);
    assert_int_equal(config.length, LENGTH_SHORT);
    assert_int_equal(config.colour, COLOUR_AUTO);
    assert_string_equal(config.history, "auto");
    config_finish(&config);
    config_finish(&config);
}

static void test_good_files(void **state)
{
    (void)state;
    static const struct {
        const char *what, *text, *name;
        int length;
    } rows[] = {
        {"empty", "", "whether", LENGTH_SHORT},
        {"a section alone", "[bot]\n", "whether", LENGTH_SHORT},
        {"a key", "[bot]\nname = ada\n", "ada", LENGTH_SHORT},
        {"no final line feed", "[bot]\nname=ada", "ada", LENGTH_SHORT},
        {"CR LF", "[bot]\r\nname = ada\r\nlength = full\r\n", "ada", LENGTH_FULL},
        {"a BOM", "\xef\xbb\xbf[bot]\nname = ada\n", "ada", LENGTH_SHORT},
        {"a BOM, CR LF", "\xef\xbb\xbf[bot]\r\nlength = line\r\n", "whether", LENGTH_LINE},
        {"comments", "# x\n; y\n[bot] ; z\n  # name = no\nname = ada ; no\n", "ada", LENGTH_SHORT},
        {"indented keys", "[bot]\n  name = ada\n\tlength = full\n", "ada", LENGTH_FULL},
        {"a section twice", "[bot]\nname = ada\n[bot]\nlength = full\n", "ada", LENGTH_FULL},
        {"a value with = and #", "[bot]\nname = a=b #c\n", "a=b #c", LENGTH_SHORT},
        {"UTF-8", "[bot]\nname = Zo\xc3\xab\n", "Zo\xc3\xab", LENGTH_SHORT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config config;
        struct fault_list faults = {0};
        bool fine = parse(rows[i].text, &config, &faults);
        if (!fine) {
            fail_msg("%s: %s", rows[i].what, faults.items[0].text);
        }
        assert_string_equal(config.name, rows[i].name);
        assert_int_equal(config.length, rows[i].length);
        config_finish(&config);
    }
}

static void test_bad_files(void **state)
{
    (void)state;
    static const struct {
        const char *what, *text;
        int line;
        const char *fault;
    } rows[] = {
        {"unknown section", "\n[bto]\n", 2, "unknown section \"bto\"; did you mean \"bot\"?"},
        {"unknown section, far off", "[telegram]\n", 1, "unknown section \"telegram\""},
        {"unknown key", "[bot]\npack = x\n", 2, "unknown key \"pack\"; did you mean \"packs\"?"},
        {"no section", "name = x\n", 1, "before the first [section]"},
        {"no equals sign", "[bot]\nname x\n", 2, "neither [section] nor key = value"},
        {"open bracket", "[bot\nname = x\n", 1, "lacks its ]"},
        {"text after a header", "[bot] name = x\n", 1, "follows the section's name"},
        {"a choice that is none", "[bot]\nlength = long\n", 2,
         "length is line, short or full, not \"long\""},
        {"a choice in capitals", "[bot]\ncolour = ALWAYS\n", 2, "colour is auto, always or never"},
        {"an empty name", "[bot]\nname =\n", 2, "name takes 1 to 40 bytes, not 0"},
        {"a long name", "[bot]\nname = aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbc\n", 2, "not 41"},
        {"control characters", "[bot]\nname = a\x1b[31m\n", 2, "without control characters"},
        {"C1 control", "[bot]\nname = a\xc2\x9b\n", 2, "without control characters"},
        {"invalid UTF-8", "[bot]\nname = a\xff\n", 2, "must be UTF-8"},
        {"no packs", "[bot]\npacks =\n", 2, "empty place"},
        {"a gap in a list", "[bot]\npacks = a,,b\n", 2, "empty place"},
        {"an open list", "[bot]\npacks = a,\n", 2, "empty place"},
        {"too many packs", "[bot]\npacks=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\n", 2, "more than 16"},
        {"no path", "[bot]\nhistory =\n", 2, "history has no value"},
        {"twice", "[bot]\nname = a\nname = b\n", 3, "name is set already in line 2"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config config = {0};
        struct fault_list faults = {0};
        if (parse(rows[i].text, &config, &faults)) {
            fail_msg("%s: no fault", rows[i].what);
        }
        assert_fault(&faults, 0, rows[i].line, rows[i].fault);
        if (faults.count != 1) {
            fail_msg("%s: also %s", rows[i].what, faults.items[1].text);
        }
        assert_null(config.name);
        fault_finish(&faults);
    }
}

static void test_all_faults_at_once(void **state)
{
    (void)state;
    struct config config = {0};
    struct fault_list faults = {0};
    assert_false(
        parse("[bot]\r\nnam = x\r\nlength = wide\r\nnonsense\r\n\r\n[slak]\r\ntoken = x\r\n"
              "[bot]\r\ncolour = red\r\n",
              &config, &faults));
    assert_int_equal(faults.count, 5);
    assert_fault(&faults, 0, 2, "did you mean \"name\"");
    assert_fault(&faults, 1, 3, "length is");
    assert_fault(&faults, 2, 4, "neither");
    assert_fault(&faults, 3, 6, "unknown section \"slak\"");
    assert_fault(&faults, 4, 9, "colour is");
    fault_finish(&faults);
}

static void test_paths_are_relative_to_the_file(void **state)
{
    (void)state;
    struct config config;
    struct fault_list faults = {0};
    assert_true(parse("[bot]\npacks = a , /b/c,d e.json\nhistory = h\n", &config, &faults));
    assert_int_equal(config.packs.count, 3);
    assert_string_equal(config.packs.items[0], "etc/a");
    assert_string_equal(config.packs.items[1], "/b/c");
    assert_string_equal(config.packs.items[2], "etc/d e.json");
    assert_string_equal(config.history, "etc/h");
    config_finish(&config);
    assert_true(parse("[bot]\npacks = auto\nhistory = none\n", &config, &faults));
    assert_int_equal(config.packs.count, 0);
    assert_string_equal(config.history, "none");
    config_finish(&config);
}

static void test_long_lines(void **state)
{
    (void)state;
    char *text = malloc(20000);
    struct config config;
    struct fault_list faults = {0};
    assert_non_null(text);
    memset(text, 'x', 20000);
    memcpy(text, "[bot]\nhistory = /", 17);
    text[6 + CONFIG_LINE_MAX] = '\0';
    assert_true(parse(text, &config, &faults));
    assert_int_equal(strlen(config.history), CONFIG_LINE_MAX - 10);
    config_finish(&config);
    text[6 + CONFIG_LINE_MAX] = 'x';
    text[19998] = '\n';
    text[19999] = '\0';
    config = (struct config){0};
    assert_false(parse(text, &config, &faults));
    assert_int_equal(faults.count, 1);
    assert_fault(&faults, 0, 2, "is too long");
    fault_finish(&faults);
    free(text);
}

static void test_nul_bytes(void **state)
{
    (void)state;
    static const char text[] = "[bot]\nname = a\0b\nlength = full\n\0";
    struct config config = {0};
    struct fault_list faults = {0};
    assert_false(config_parse("etc/w.ini", text, sizeof(text) - 1, &config, &faults));
    assert_int_equal(faults.count, 2);
    assert_fault(&faults, 0, 2, "holds a NUL byte");
    assert_fault(&faults, 1, 4, "holds a NUL byte");
    fault_finish(&faults);
}

static void test_files_that_cannot_be_read(void **state)
{
    (void)state;
    static const char *const paths[] = {"/nonexistent/w.ini", "/", "/dev/zero"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct config config = {0};
        struct fault_list faults = {0};
        assert_false(config_load(paths[i], &config, &faults));
        assert_int_equal(faults.count, 1);
        assert_string_equal(faults.items[0].file, paths[i]);
        assert_null(config.name);
        fault_finish(&faults);
    }
}

static void test_rows_are_sound(void **state)
{
    (void)state;
    size_t count;
    const struct config_row *rows = config_rows(&count);
    for (size_t i = 0; i < count; i++) {
        bool choice = rows[i].type == CONFIG_CHOICE;
        assert_non_null(rows[i].help);
        assert_true(strlen(rows[i].key) < 50);
        assert_true(!choice || rows[i].choices != NULL);
        assert_true(rows[i].type != CONFIG_TEXT || rows[i].max >= rows[i].min);
        assert_true(rows[i].type != CONFIG_PATHS || rows[i].max <= CONFIG_PATHS_MAX);
        for (size_t j = 0; j < i; j++) {
            assert_true(strcmp(rows[i].section, rows[j].section) != 0 ||
                        strcmp(rows[i].key, rows[j].key) != 0);
        }
    }
}

static void read_source(const char *name, struct buf *ret)
{
    char path[1024];
    struct error err = {0};
    snprintf(path, sizeof(path), "%s/%s", WHETHER_SOURCE, name);
    if (!buf_read_file(ret, path, &err)) {
        fail_msg("%s", err.text);
    }
}

static void test_example_is_current_and_valid(void **state)
{
    (void)state;
    struct buf example, file;
    struct config config;
    struct fault_list faults = {0};
    buf_init(&example, 64 * 1024);
    buf_init(&file, 64 * 1024);
    config_example(&example);
    read_source("config.example.ini", &file);
    assert_string_equal(file.data, example.data);
    /* With every default uncommented it is the same configuration. */
    for (char *at = example.data; (at = strstr(at, "\n#")) != NULL; at++) {
        if (at[2] != ' ') {
            at[1] = ' ';
        }
    }
    assert_true(parse(example.data, &config, &faults));
    assert_string_equal(config.name, "whether");
    config_finish(&config);
    buf_finish(&example);
    buf_finish(&file);
}

static void test_documentation_names_every_key(void **state)
{
    (void)state;
    struct buf page;
    size_t count;
    const struct config_row *rows = config_rows(&count);
    buf_init(&page, 256 * 1024);
    read_source("docs/commands.md", &page);
    for (size_t i = 0; i < count; i++) {
        char cells[160];
        snprintf(cells, sizeof(cells), "| `[%s]` | `%s` | `%s` |", rows[i].section, rows[i].key,
                 rows[i].default_text);
        if (strstr(page.data, cells) == NULL) {
            fail_msg("docs/commands.md lacks a row \"%s\"", cells);
        }
    }
    buf_finish(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_good_files),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_all_faults_at_once),
        cmocka_unit_test(test_paths_are_relative_to_the_file),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_files_that_cannot_be_read),
        cmocka_unit_test(test_rows_are_sound),
        cmocka_unit_test(test_example_is_current_and_valid),
        cmocka_unit_test(test_documentation_names_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
