/* host/unit, config_unit: what whether.service keeps the daemon from, and when that is said. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/file.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/unit.h"

/* ---- what a unit says ---- */

static const char confined[] = "[Unit]\nProtectSystem=no\n[Service]\n"
                               "ExecStart=/usr/bin/whether run -c /etc/whether/whether.ini\n"
                               "User=whether\nStateDirectory=whether\n# PrivateTmp=no\n"
                               "PrivateTmp=yes\nProtectHome = yes\nProtectSystem=strict\r\n"
                               "[Install]\nUser=root\nProtectHome=no\n";

/* hinders: NULL: it may. drop_in: read after it. */
static const struct row {
    const char *drop_in, *path;
    bool write;
    const char *hinders;
} rows[] = {
    {"", "/var/lib/whether", true, NULL},
    {"", "/var/lib/whether/records", true, NULL},
    {"", "/var/lib/whether-not", true, "ProtectSystem"},
    {"", "/srv/records", true, "ProtectSystem"},
    {"", "/srv/packs", false, NULL},
    {"", "/etc/whether/token", false, NULL},
    {"", "/home/ada/packs", false, "ProtectHome"},
    {"", "/root", false, "ProtectHome"},
    {"", "/rooted", false, NULL},
    {"", "/home/ada/records", true, "ProtectHome"},
    {"", "/tmp/records", true, "PrivateTmp"},
    {"", "/var/tmp/packs", false, "PrivateTmp"},
    {"[Service]\nReadWritePaths=/srv/records\n", "/srv/records/a", true, NULL},
    {"[Service]\nReadWritePaths=/a -/srv/records/ +/b\n", "/srv/records", true, NULL},
    {"[Service]\nReadWritePaths=/srv\nReadWritePaths=\n", "/srv/records", true, "ProtectSystem"},
    {"[Service]\nReadWritePaths=/\n", "/srv/records", true, NULL},
    /* Not this section, and no line of a unit. */
    {"ReadWritePaths=/srv\n[Unit]\nReadWritePaths=/srv\n=\nfoo\n[Service]", "/srv", true,
     "ProtectSystem"},
    {"[Service]\nReadWritePaths=/home\n", "/home/ada", true, "ProtectHome"},
    {"[Service]\nProtectHome=read-only\n", "/home/ada/packs", false, NULL},
    {"[Service]\nProtectHome=read-only\n", "/home/ada/records", true, "ProtectSystem"},
    {"[Service]\nBindReadOnlyPaths=/home/ada/packs\n", "/home/ada/packs", false, NULL},
    {"[Service]\nBindReadOnlyPaths=/a:/home/ada:rbind\n", "/home/ada/packs", false, NULL},
    {"[Service]\nBindPaths=/a:/tmp/records\n", "/tmp/records", true, NULL},
    {"[Service]\nReadWritePaths=\nReadWritePaths=/srv/x\n", "/var/lib/whether", true, NULL},
    {"[Service]\nProtectSystem=full\n", "/srv/records", true, NULL},
    {"[Service]\nPrivateTmp=no", "/tmp/packs", false, NULL},
};

static void test_what_it_hinders(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct unit unit = {0};
        unit_read(&unit, confined, strlen(confined));
        unit_read(&unit, rows[i].drop_in, strlen(rows[i].drop_in));
        const char *hinders = unit_hinders(&unit, rows[i].path, rows[i].write);
        if ((hinders == NULL) != (rows[i].hinders == NULL) ||
            (hinders != NULL && strcmp(hinders, rows[i].hinders) != 0)) {
            fail_msg("row %zu, %s: %s", i, rows[i].path, hinders == NULL ? "nothing" : hinders);
        }
        assert_string_equal(unit.user, "whether");
        assert_string_equal(unit.config, "/etc/whether/whether.ini");
        unit_finish(&unit);
    }
}

static void test_more_paths_than_it_holds(void **state)
{
    static const char line[] = "[Service]\nReadWritePaths=/a/b /c\n";
    struct unit unit = {0};
    (void)state;
    for (int i = 0; i < UNIT_PATHS_MAX; i++) {
        unit_read(&unit, line, strlen(line));
    }
    assert_int_equal(unit.writable.count, UNIT_PATHS_MAX);
    unit_finish(&unit);
}

/* ---- a machine with one ---- */

static char root[64];

static void put(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(const char *path, const char *format, ...)
{
    char whole[200], folder[200];
    va_list args;
    snprintf(whole, sizeof(whole), "%s%s", root, path);
    for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - whole), whole);
        assert_true(mkdir(folder, 0755) == 0 || errno == EEXIST);
    }
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    va_start(args, format);
    assert_true(vfprintf(file, format, args) >= 0);
    va_end(args);
    assert_int_equal(fclose(file), 0);
}

static int set_up_machine(void **state)
{
    (void)state;
    snprintf(root, sizeof(root), "/tmp/whether-unit-XXXXXX");
    assert_non_null(mkdtemp(root));
    assert_int_equal(chmod(root, 0755), 0);
    put("/run/systemd/system/file", "%s", "");
    put("/lib/systemd/system/whether.service",
        "[Service]\nExecStart=/usr/bin/whether run -c %s/w.ini\nProtectSystem=strict\n"
        "ReadWritePaths=%s/state\nUser=nobody\n",
        root, root);
    put("/state/w.db", "%s", "");
    put("/packs/one.json", "%s", "");
    put("/token", "secret");
    put("/w.ini",
        "[bot]\npacks = packs\nrecords = %s/srv/records\n[store]\npath = state/w.db\n"
        "[api]\ntoken_file = token\n[irc a]\nserver = localhost:6667\nchannels = #a\n"
        "sasl = plain\nsasl_user = a\nsasl_password_file = token\n",
        root);
    put("/srv/file", "%s", "");
    return 0;
}

static int tear_down(void **state)
{
    char command[100];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", root);
    return system(command);
}

/* All that it warns of, in lines. */
static char *warnings(const char *file)
{
    static char text[4000];
    char path[100];
    struct config config;
    struct fault_list faults = {0}, found = {0};
    snprintf(path, sizeof(path), "%s%s", root, file);
    assert_true(config_load(path, false, &config, &faults));
    config_check_unit(&config, path, root, &found);
    text[0] = '\0';
    for (size_t i = 0; i < found.count; i++) {
        assert_string_equal(found.items[i].file, path);
        size_t len = strlen(text);
        snprintf(text + len, sizeof(text) - len, "%s\n", found.items[i].text);
    }
    fault_finish(&found);
    fault_finish(&faults);
    config_finish(&config);
    return text;
}

static void assert_warned(const char *file, const char *wanted)
{
    char *text = warnings(file);
    if (wanted == NULL ? text[0] != '\0' : strstr(text, wanted) == NULL) {
        fail_msg("wanted %s, warned of: %s", wanted == NULL ? "nothing" : wanted, text);
    }
}

static void all_for_everybody(mode_t token)
{
    char path[100];
    snprintf(path, sizeof(path), "%s/token", root);
    assert_int_equal(chmod(path, token), 0);
    snprintf(path, sizeof(path), "%s/state", root);
    assert_int_equal(chmod(path, 0777), 0);
    snprintf(path, sizeof(path), "%s/state/w.db", root);
    assert_int_equal(chmod(path, 0666), 0);
    snprintf(path, sizeof(path), "%s/srv", root);
    assert_int_equal(chmod(path, 0777), 0);
}

static void test_records_need_a_drop_in(void **state)
{
    (void)state;
    all_for_everybody(0644);
    assert_warned("/w.ini", "warning: [bot] records: ");
    assert_warned("/w.ini", "ReadWritePaths=");
    put("/etc/systemd/system/whether.service.d/records.conf", "[Service]\nReadWritePaths=%s/srv\n",
        root);
    assert_warned("/w.ini", NULL);
    /* An administrator's unit stands in for the package's. */
    put("/etc/systemd/system/whether.service",
        "[Service]\nExecStart=/x -c %s/w.ini\n"
        "ProtectSystem=strict\nReadWritePaths=/nowhere\n",
        root);
    assert_warned("/w.ini", "[store] path: ");
}

static void test_only_for_the_units_configuration(void **state)
{
    char path[100];
    (void)state;
    put("/other.ini", "[bot]\nrecords = /srv/records\n");
    assert_warned("/other.ini", NULL);
    assert_warned("/w.ini", "records");
    /* systemd does not run here, though a package has brought the unit. */
    snprintf(path, sizeof(path), "%s/run/systemd/system/file", root);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/run/systemd/system", root);
    assert_int_equal(rmdir(path), 0);
    assert_warned("/w.ini", NULL);
}

static void test_the_user(void **state)
{
    char path[100];
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    put("/etc/systemd/system/whether.service.d/records.conf", "[Service]\nReadWritePaths=%s\n",
        root);
    all_for_everybody(0644);
    assert_warned("/w.ini", NULL);
    all_for_everybody(0600);
    assert_warned("/w.ini", "[api] token_file: the user nobody cannot read");
    assert_warned("/w.ini", "[irc] sasl_password_file: the user nobody cannot read");
    all_for_everybody(0644);
    snprintf(path, sizeof(path), "%s/packs/one.json", root);
    assert_int_equal(chmod(path, 0600), 0);
    assert_warned("/w.ini", "[bot] packs: the user nobody cannot read");
    assert_int_equal(chmod(path, 0644), 0);
    snprintf(path, sizeof(path), "%s/srv", root);
    assert_int_equal(chmod(path, 0755), 0);
    assert_warned("/w.ini", "[bot] records: the user nobody cannot write");
    assert_int_equal(chmod(path, 0777), 0);
    snprintf(path, sizeof(path), "%s/state/w.db", root);
    assert_int_equal(chmod(path, 0600), 0);
    assert_warned("/w.ini", "[store] path: the user nobody cannot write");
}

static void test_a_user_that_is_not_there(void **state)
{
    (void)state;
    assert_int_equal(file_access_as("no such user", "/", R_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_it_hinders),
        cmocka_unit_test(test_more_paths_than_it_holds),
        cmocka_unit_test_setup_teardown(test_records_need_a_drop_in, set_up_machine, tear_down),
        cmocka_unit_test_setup_teardown(test_only_for_the_units_configuration, set_up_machine,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_the_user, set_up_machine, tear_down),
        cmocka_unit_test(test_a_user_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
