#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/folder.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"

/* Many sections, and configurations in several files. */

enum { MANY = 2000, TEXT_CAP = 4 * 1024 * 1024 };

static char folder[] = "/tmp/whether-config-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static bool wants_all(const char *name)
{
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static void empty(const char *path)
{
    struct folder_files files;
    assert_true(folder_list(path, wants_all, &files, NULL));
    for (size_t i = 0; i < files.count; i++) {
        if (folder_is(files.items[i])) {
            empty(files.items[i]);
        } else {
            assert_int_equal(unlink(files.items[i]), 0);
        }
    }
    folder_files_finish(&files);
    assert_int_equal(rmdir(path), 0);
}

static int set_up(void **state)
{
    char path[200];
    (void)state;
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/teams", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    empty(folder);
    return 0;
}

static bool load(bool files, struct config *ret, struct fault_list *faults)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/w.ini", folder);
    return config_load(path, files, ret, faults);
}

static void assert_path(const char *path, const char *name)
{
    char wanted[200];
    snprintf(wanted, sizeof(wanted), "%s/%s", folder, name);
    assert_string_equal(path, wanted);
}

static void assert_fault(const struct fault_list *faults, size_t index, const char *name, int line,
                         const char *text)
{
    assert_true(index < faults->count);
    assert_path(faults->items[index].file, name);
    assert_int_equal(faults->items[index].line, line);
    if (strstr(faults->items[index].text, text) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", text, faults->items[index].text);
    }
}

/* In the order of their names, each with its own secrets beside it. */
static void test_included(void **state)
{
    (void)state;
    struct config config;
    struct fault_list faults = {0};
    put("w.ini", "[bot]\ninclude = teams\nlisten = questions\n[slack]\n"
                 "signing_secret_file = s\n");
    put("s", "main\n");
    put("teams/b.ini", "[slack b]\nsigning_secret_file = s\n[irc b]\nserver = b:1\n");
    put("teams/a.ini",
        "\xef\xbb\xbf[slack a]\r\nsigning_secret_file = s\r\nlisten = addressed\r\n");
    put("teams/s", "of the teams\n");
    put("teams/.hidden.ini", "[nonsense]\n");
    put("teams/a.ini.orig", "[nonsense]\n");
    if (!load(true, &config, &faults)) {
        fail_msg("%s", faults.items[0].text);
    }
    assert_int_equal(config.slack_count, 3);
    assert_string_equal(config.slack[1].label, "a");
    assert_string_equal(config.slack[2].label, "b");
    assert_path(config.slack[0].signing_secret.file, "s");
    assert_path(config.slack[1].signing_secret.file, "teams/s");
    assert_int_equal(config.slack[1].listen, LISTEN_ADDRESSED);
    assert_int_equal(config.slack[2].listen, LISTEN_QUESTIONS);
    assert_string_equal(config.irc[0].server, "b:1");
    assert_string_not_equal(config.http_listen, "");
    config_finish(&config);
    /* Who only asks does not need them. */
    assert_true(load(false, &config, &faults));
    assert_int_equal(config.slack_count, 1);
    config_finish(&config);
}

/* Each fault names the file in which it is. */
static void test_faults_of_included(void **state)
{
    (void)state;
    struct config config = {0};
    struct fault_list faults = {0};
    put("w.ini", "[bot]\ninclude = teams\n[slack a]\nsigning_secret_env = HOME\nteam = T1\n");
    put("teams/1.ini", "name = x\n[bot]\nname = ada\n[slack a]\nteam = T2\n\n[slack b]\n");
    put("teams/2.ini", "[slack c]\nsigning_secret_env = HOME\npath = /slack/a\n"
                       "signing_secret_file = s\nbot_token_file = none\n");
    assert_false(load(true, &config, &faults));
    assert_int_equal(faults.count, 7);
    assert_fault(&faults, 0, "teams/1.ini", 1, "\"name\" stands before the first [section]");
    assert_fault(&faults, 1, "teams/1.ini", 2, "[bot] belongs into the file that includes this");
    assert_fault(&faults, 2, "teams/1.ini", 5, "team is set already in /");
    assert_non_null(strstr(faults.items[2].text, "/w.ini:5"));
    assert_fault(&faults, 3, "teams/2.ini", 4, "signing_secret_file and signing_secret_env");
    assert_fault(&faults, 4, "teams/1.ini", 7, "[slack] needs signing_secret_file");
    assert_fault(&faults, 5, "teams/2.ini", 5, "[slack] bot_token");
    assert_fault(&faults, 6, "teams/2.ini", 3, "path is another [slack] section's already");
    fault_finish(&faults);
}

static void test_nothing_to_include(void **state)
{
    (void)state;
    struct config config = {0};
    struct fault_list faults = {0};
    put("w.ini", "[bot]\n\ninclude = teams\n[api]\nopen = yes\n");
    assert_true(load(true, &config, &faults)); /* an empty folder: no workspace yet */
    config_finish(&config);
    put("w.ini", "[bot]\n\ninclude = none\n[api]\nopen = yes\n");
    assert_false(load(true, &config, &faults));
    assert_int_equal(faults.count, 1);
    assert_fault(&faults, 0, "w.ini", 3, "none cannot be opened: No such file or directory");
    fault_finish(&faults);
}

/* One app in so many workspaces: each keeps what is its own. */
static void test_many(void **state)
{
    (void)state;
    struct buf text;
    struct config config;
    struct fault_list faults = {0};
    buf_init(&text, TEXT_CAP);
    for (int i = 0; i < MANY; i++) {
        buf_printf(&text,
                   "[slack w%d]\npath = /slack\nteam = T%d\nsigning_secret_file = app\n"
                   "bot_token_file = t%d\n",
                   i, i, i);
    }
    /* A section may go on later. */
    buf_printf(&text, "[slack w7]\nlisten = questions\n");
    if (!config_parse("w.ini", text.data, text.len, false, &config, &faults)) {
        fail_msg("%s", faults.items[0].text);
    }
    assert_int_equal(config.slack_count, MANY);
    for (int i = 0; i < MANY; i++) {
        char wanted[20];
        snprintf(wanted, sizeof(wanted), "t%d", i);
        assert_string_equal(config.slack[i].label + 1, wanted + 1);
        assert_string_equal(config.slack[i].bot_token.file, wanted);
        assert_string_equal(config.slack[i].api, "https://slack.com/api");
        assert_int_equal(config.slack[i].listen, i == 7 ? LISTEN_QUESTIONS : LISTEN_ADDRESSED);
        assert_string_equal(config_label(&config, "slack", (size_t)i), config.slack[i].label);
    }
    config_finish(&config);
    buf_finish(&text);
}

static void assert_path_faults(const char *text, const int *lines, size_t count)
{
    struct config config = {0};
    struct fault_list faults = {0};
    bool fine = config_parse("w.ini", text, strlen(text), false, &config, &faults);
    assert_int_equal(fine, count == 0);
    assert_int_equal(faults.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(faults.items[i].line, lines[i]);
        assert_non_null(strstr(faults.items[i].text, "path is another [slack] section's already"));
    }
    fault_finish(&faults);
    config_finish(&config);
}

/* Who may share a path, whatever the order. */
static void test_shared_paths(void **state)
{
    (void)state;
#define SECTION(name, team) \
    "[slack " name "]\npath = /p\nsigning_secret_file = s\n" team "\n" /* four lines */
    static const struct {
        const char *text;
        int lines[3];
        size_t count;
    } rows[] = {
        {SECTION("a", "team = T1") SECTION("b", "team = T2") SECTION("c", "team = T3"), {0}, 0},
        {SECTION("a", "team = T1") SECTION("b", "team = T2") SECTION("c", "team = T1"), {10}, 1},
        {SECTION("a", "team = T2") SECTION("b", "team = T1") SECTION("c", "team = T2"), {10}, 1},
        {SECTION("a", "") SECTION("b", "team = T2") SECTION("c", "team = T3"), {6, 10}, 2},
        {SECTION("a", "team = T1") SECTION("b", "") SECTION("c", ""), {10, 6}, 2},
        {SECTION("a", "team = T1") SECTION("b", ""), {6}, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_path_faults(rows[i].text, rows[i].lines, rows[i].count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_included, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_faults_of_included, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_to_include, set_up, tear_down),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_shared_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
