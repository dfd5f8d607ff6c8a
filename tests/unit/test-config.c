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

#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "tests/unit/configbench.h"

/* What a configuration comes to, and what is written about it. */

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
    assert_string_equal(config.store, "whether.db");
    assert_string_equal(config.http_listen, "");
    assert_int_equal(config.memory_days, 14);
    assert_int_equal(config.deliver_hours, 24);
    assert_int_equal(config.irc_count + config.slack_count + config.has_api, 0);
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
    assert_false(config_parse("etc/w.ini", text, sizeof(text) - 1, false, &config, &faults));
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
        assert_false(config_load(paths[i], false, &config, &faults));
        assert_int_equal(faults.count, 1);
        assert_string_equal(faults.items[0].file, paths[i]);
        assert_null(config.name);
        fault_finish(&faults);
    }
}

static const char daemon_text[] =
    "[bot]\nlisten = questions\nmemory_days = 7\n"
    "[irc libera]\nserver = irc.libera.chat:6697\nchannels = #a, #b key\nsasl = plain\n"
    "sasl_user = w\nsasl_password_file = secrets/irc\n"
    "[slack]\nsigning_secret_env = SLACK_SECRET\nlisten = addressed\n"
    "[irc oftc]\nserver = [2001:db8::1]:6667\ntls = no\n"
    "[slack two]\nsigning_secret_file = /s\napi = http://[::1]:4003/api/\n"
    "[irc libera]\nnick = advisor\n"
    "[store]\npath = state/w.db\n";

static void test_labelled_sections(void **state)
{
    (void)state;
    struct config config;
    struct fault_list faults = {0};
    assert_true(parse(daemon_text, &config, &faults));
    assert_int_equal(config.irc_count, 2);
    assert_string_equal(config.irc[0].label, "libera");
    assert_string_equal(config.irc[0].server, "irc.libera.chat:6697");
    assert_string_equal(config.irc[0].channels, "#a, #b key");
    assert_string_equal(config.irc[0].nick, "advisor");
    assert_int_equal(config.irc[0].tls, 1);
    assert_int_equal(config.irc[0].sasl, SASL_PLAIN);
    assert_string_equal(config.irc[0].sasl_password.file, "etc/secrets/irc");
    assert_null(config.irc[0].sasl_password.env);
    assert_string_equal(config.irc[1].server, "[2001:db8::1]:6667");
    assert_string_equal(config.irc[1].nick, "whether");
    assert_int_equal(config.irc[1].tls, 0);
    assert_int_equal(config.slack_count, 2);
    assert_string_equal(config.slack[0].label, "");
    assert_string_equal(config.slack[0].path, "/slack");
    assert_string_equal(config.slack[0].signing_secret.env, "SLACK_SECRET");
    assert_string_equal(config.slack[1].path, "/slack/two");
    assert_string_equal(config.slack[1].api, "http://[::1]:4003/api");
    assert_string_equal(config.store, "etc/state/w.db");
    assert_int_equal(config.memory_days, 7);
    config_finish(&config);
}

static void test_listen_is_inherited(void **state)
{
    (void)state;
    struct config config;
    struct fault_list faults = {0};
    assert_true(parse(daemon_text, &config, &faults));
    assert_int_equal(config.irc[0].listen, LISTEN_QUESTIONS);
    assert_int_equal(config.slack[0].listen, LISTEN_ADDRESSED);
    assert_int_equal(config.slack[1].listen, LISTEN_QUESTIONS);
    config_finish(&config);
}

/* The listener is there when something needs it, and only then. */
static void test_who_needs_http(void **state)
{
    (void)state;
    static const struct {
        const char *text, *listen;
    } rows[] = {
        {"", ""},
        {"[irc a]\nserver = a:1\n", ""},
        {"[slack]\nsigning_secret_file = w\n", "127.0.0.1:8080"},
        {"[api]\nopen = yes\n", "127.0.0.1:8080"},
        {"[api]\nopen = yes\norigins = https://a.example, http://b.example:81\n", "127.0.0.1:8080"},
        {"[page]\n", "127.0.0.1:8080"},
        {"[page]\nhosts = *\n[http]\nlisten = *:80\n", "*:80"},
        {"[http]\n", "127.0.0.1:8080"},
        {"[http]\nlisten = *:0\n", "*:0"},
        {"[http]\nlisten = localhost:80\n", "localhost:80"},
        {"[http]\nlisten = 10.1.2.3:80\n", "10.1.2.3:80"},
        {"[http]\nlisten = [::ffff:10.1.2.3]:80\n", "[::ffff:10.1.2.3]:80"},
        {"[api]\ntoken_file = t\n[http]\nlisten = [::1]:80\n", "[::1]:80"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config config;
        struct fault_list faults = {0};
        assert_true(parse(rows[i].text, &config, &faults));
        assert_string_equal(config.http_listen, rows[i].listen);
        assert_int_equal(config.has_api, strstr(rows[i].text, "[api]") != NULL);
        assert_int_equal(config.has_page, strstr(rows[i].text, "[page]") != NULL);
        config_finish(&config);
    }
}

static void test_too_many_instances(void **state)
{
    (void)state;
    struct buf text;
    struct config config = {0};
    struct fault_list faults = {0};
    buf_init(&text, 8000);
    for (int i = 0; i <= CONFIG_NETWORKS_MAX; i++) {
        buf_printf(&text, "[irc n%d]\nserver = a:1\n", i);
    }
    assert_false(parse(text.data, &config, &faults));
    assert_int_equal(faults.count, 1);
    assert_fault(&faults, 0, 2 * CONFIG_NETWORKS_MAX + 1, "more than 64 [irc] sections");
    fault_finish(&faults);
    buf_finish(&text);
}

static void test_files_that_it_names(void **state)
{
    (void)state;
    static const char text[] = "[irc a]\nserver = a:1\nca_file = /nonexistent/ca.pem\n"
                               "[slack]\n\nsigning_secret_file = /nonexistent/secret\n"
                               "bot_token_env = WHETHER_NO_SUCH_VARIABLE\n";
    struct config config = {0};
    struct fault_list faults = {0};
    assert_true(config_parse("etc/w.ini", text, strlen(text), false, &config, &faults));
    config_finish(&config);
    assert_false(config_parse("etc/w.ini", text, strlen(text), true, &config, &faults));
    assert_int_equal(faults.count, 3);
    assert_fault(&faults, 0, 6, "[slack] signing_secret: /nonexistent/secret cannot be read");
    assert_fault(&faults, 1, 7, "[slack] bot_token: there is no $WHETHER_NO_SUCH_VARIABLE");
    assert_fault(&faults, 2, 3, "[irc] ca_file: /nonexistent/ca.pem cannot be opened");
    fault_finish(&faults);
}

static void test_where_the_store_is(void **state)
{
    (void)state;
    char folder[] = "/tmp/whether-store-XXXXXX", loop[100];
    assert_non_null(mkdtemp(folder));
    snprintf(loop, sizeof(loop), "%s/w.db", folder);
    assert_int_equal(symlink(loop, loop), 0);
    const struct {
        const char *path, *fault; /* NULL: fine */
    } rows[] = {{"/tmp/whether-not-yet.db", NULL},
                {"/tmp", "path is no ordinary file"},
                {"/dev/null", "path is no ordinary file"},
                {"/nonexistent/w.db", "path is in a folder that is not there"},
                {"/etc/passwd/w.db", "path is in a folder that is not there"},
                {loop, "path leads nowhere: Too many levels of symbolic links"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config config = {0};
        struct fault_list faults = {0};
        char text[200];
        int len = snprintf(text, sizeof(text), "[store]\npath = %s\n", rows[i].path);
        bool fine = config_parse("etc/w.ini", text, (size_t)len, true, &config, &faults);
        assert_int_equal(fine, rows[i].fault == NULL);
        if (!fine) {
            assert_fault(&faults, 0, 2, rows[i].fault);
        }
        fault_finish(&faults);
        config_finish(&config);
    }
    assert_int_equal(unlink(loop), 0);
    assert_int_equal(rmdir(folder), 0);
}

#define CERTIFICATE "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
#define KEY "-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----\n"

/* Two files of one folder, c and k: certificate and key. */
struct pem_files {
    const char *certificate, *key;
    mode_t mode; /* of k */
};

static void write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
    char path[100];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* What is said of a configuration that names them; relative to its folder. */
static bool load_with(const struct pem_files *files, const char *text, struct fault_list *faults)
{
    char folder[] = "/tmp/whether-pem-XXXXXX", path[100];
    struct config config = {0};
    assert_non_null(mkdtemp(folder));
    write_file(folder, "c", files->certificate, 0644);
    write_file(folder, "k", files->key, files->mode);
    snprintf(path, sizeof(path), "%s/w.ini", folder);
    bool fine = config_parse(path, text, strlen(text), true, &config, faults);
    config_finish(&config);
    static const char *const names[] = {"c", "k"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
    return fine;
}

#define REDIS "[store]\nstore = rediss://a:1\n"
#define NETWORK "[irc a]\nserver = a:1\n"

/* What a file is to hold, it holds; a private key is guarded like a secret, a certificate not. */
static void test_certificates_and_keys(void **state)
{
    (void)state;
    static const struct {
        const char *what, *text;
        struct pem_files files;
        int line; /* 0: fine */
        const char *fault;
    } rows[] = {
        {"all",
         NETWORK "ca_file = c\ncert_file = c\nkey_file = k\n",
         {CERTIFICATE, KEY, 0600},
         0,
         ""},
        {"for a group", NETWORK "cert_file = c\nkey_file = k\n", {CERTIFICATE, KEY, 0640}, 0, ""},
        {"for all",
         NETWORK "cert_file = c\nkey_file = k\n",
         {CERTIFICATE, KEY, 0604},
         4,
         "[irc] key_file: everyone may read"},
        {"both in one", NETWORK "cert_file = k\n", {"", CERTIFICATE KEY, 0600}, 0, ""},
        {"both, for all",
         NETWORK "cert_file = k\n",
         {"", KEY CERTIFICATE, 0644},
         3,
         "[irc] cert_file: everyone may read"},
        {"no key",
         NETWORK "cert_file = c\n",
         {CERTIFICATE, "", 0600},
         3,
         "/c holds no private key, and there is no key_file"},
        {"empty",
         NETWORK "ca_file = c\n",
         {"", "", 0600},
         3,
         "/c holds no certificate in PEM (-----BEGIN CERTIFICATE-----)"},
        {"DER", NETWORK "ca_file = c\n", {"\x30\x82\x01\x0a", "", 0600}, 3, "holds no certificate"},
        {"a key for authorities",
         NETWORK "ca_file = k\n",
         {"", KEY, 0600},
         3,
         "holds no certificate"},
        {"a request",
         NETWORK "ca_file = c\n",
         {"-----BEGIN CERTIFICATE REQUEST-----\n", "", 0600},
         3,
         "holds no certificate"},
        {"cut short",
         NETWORK "ca_file = c\n",
         {"-----BEGIN CERTIFICATE", "", 0600},
         3,
         "holds no certificate"},
        {"an older label",
         NETWORK "ca_file = c\n",
         {"x\n-----BEGIN TRUSTED CERTIFICATE-----\n", "", 0600},
         0,
         ""},
        {"the wrong way round",
         NETWORK "cert_file = c\nkey_file = k\n",
         {CERTIFICATE, CERTIFICATE, 0600},
         4,
         "/k holds no private key in PEM (-----BEGIN PRIVATE KEY-----)"},
        {"Redis",
         REDIS "ca_file = c\ncert_file = c\nkey_file = k\n",
         {CERTIFICATE, KEY, 0600},
         0,
         ""},
        {"Redis's authorities",
         REDIS "ca_file = c\n",
         {"# none\n", "", 0600},
         3,
         "[store] ca_file: "},
        {"Redis's key",
         REDIS "cert_file = c\nkey_file = k\n",
         {CERTIFICATE, KEY, 0644},
         4,
         "[store] key_file: everyone may read"},
        {"no key of Redis's",
         REDIS "cert_file = c\nkey_file = x\n",
         {CERTIFICATE, KEY, 0600},
         4,
         "/x cannot be opened"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fault_list faults = {0};
        bool fine = load_with(&rows[i].files, rows[i].text, &faults);
        if (fine != (rows[i].line == 0) || faults.count > 1) {
            fail_msg("%s: %zu faults", rows[i].what, faults.count);
        }
        if (!fine && (faults.items[0].line != rows[i].line ||
                      strstr(faults.items[0].text, rows[i].fault) == NULL)) {
            fail_msg("%s: %d: %s", rows[i].what, faults.items[0].line, faults.items[0].text);
        }
        fault_finish(&faults);
    }
}

/* The key's file under another key's name, and for all to read: both are told. */
static void test_misnamed_key_for_all(void **state)
{
    (void)state;
    static const struct pem_files files = {"", KEY, 0644};
    struct fault_list faults = {0};
    assert_false(load_with(&files, NETWORK "cert_file = k\nkey_file = k\n", &faults));
    assert_int_equal(faults.count, 3);
    assert_non_null(strstr(faults.items[0].text, "cert_file: "));
    assert_non_null(strstr(faults.items[0].text, "holds no certificate"));
    assert_non_null(strstr(faults.items[1].text, "cert_file: everyone may read"));
    assert_non_null(strstr(faults.items[2].text, "key_file: everyone may read"));
    fault_finish(&faults);
}

static void test_loopback(void **state)
{
    (void)state;
    static const char *const own[] = {"127.0.0.1:80", "127.1.2.3:0", "localhost:1", "[::1]:8080"};
    static const char *const others[] = {"*:80",         "0.0.0.0:80",   "[::]:80", "10.0.0.1:80",
                                         "localhosts:1", "128.0.0.1:80", "127.e:1", "[::11]:80"};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        assert_true(config_loopback(own[i]));
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_false(config_loopback(others[i]));
    }
}

static void test_rows_are_sound(void **state)
{
    (void)state;
    size_t count, section_count;
    const struct config_row *rows = config_rows(&count);
    const struct config_section *sections = config_sections(&section_count);
    for (size_t i = 0; i < count; i++) {
        bool choice = rows[i].type == CONFIG_CHOICE, known = false;
        for (size_t s = 0; s < section_count; s++) {
            known = known || strcmp(sections[s].name, rows[i].section) == 0;
        }
        assert_true(known);
        assert_non_null(rows[i].help);
        assert_true(strlen(rows[i].key) < 40);
        assert_true(!choice || rows[i].choices != NULL);
        assert_true(rows[i].default_text != NULL || rows[i].sample != NULL);
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
    /* With every default uncommented it is the same configuration, but for what has no default. */
    for (char *at = example.data; (at = strstr(at, "\n#")) != NULL; at++) {
        if (at[2] != ' ') {
            at[1] = ' ';
        }
    }
    assert_false(parse(example.data, &config, &faults));
    assert_int_equal(faults.count, 18);
    assert_non_null(strstr(faults.items[0].text, "[api] needs token_file"));
    assert_non_null(strstr(faults.items[1].text, "[slack] needs signing_secret_file"));
    for (size_t i = 0; i < faults.count; i++) {
        assert_non_null(strstr(faults.items[i].text, "] needs "));
    }
    fault_finish(&faults);
    buf_finish(&example);
    buf_finish(&file);
}

/* What every tracker needs, and where it listens. */
static void test_trackers(void **state)
{
    (void)state;
    static const char good[] = "[bot]\nlisten = questions\n"
                               "[github]\nsecret_file = a\ntoken_env = B\n"
                               "[github two]\nsecret_file = a\ntoken_env = B\nlisten = addressed\n"
                               "path = /x\nask_label =\n"
                               "[jira]\nsecret_file = a\ntoken_file = b\nuser = a@b.c\n"
                               "api = https://x.atlassian.net/\n"
                               "[generic]\nsecret_file = a\nreply_hosts = a.example\n"
                               "[mattermost ops]\ntoken_file = a\n[discord]\nwebhook_env = W\n";
    static const struct {
        const char *text, *fault;
    } bad[] = {
        {"[github]\ntoken_file = b\n", "[github] needs secret_file"},
        {"[gitlab]\nsecret_file = b\n", "[gitlab] needs token_file"},
        {"[gitea]\nsecret_file = b\ntoken_file = b\n", "[gitea] needs api"},
        {"[jira]\nsecret_file = b\ntoken_file = b\napi = https://x\n", "[jira] needs user"},
        {"[linear]\nsecret_file = b\ntoken_file = b\nwindow = 5\n", "window is a number"},
        {"[github]\nsecret_file = b\ntoken_file = b\napi = http://x\n", "https://"},
        {"[github]\nsecret_file = b\ntoken_file = b\npath = hooks\n", "begins with a slash"},
        {"[generic]\nsecret_file = b\n", "[generic] needs reply_hosts"},
        {"[generic]\nsecret_file = b\nreply_hosts = a\nscheme = md5\n", "scheme is"},
        {"[mattermost]\nwebhook_file = b\n", "[mattermost] needs token_file"},
        {"[rocketchat]\ntoken_file = b\npath = x/y\n", "begins with a slash"},
        {"[discord]\n", "[discord] needs webhook_file"},
        {"[discord]\ntoken_file = b\nwebhook_file = c\n", "token"},
    };
    struct config config;
    struct fault_list faults = {0};
    assert_true(parse(good, &config, &faults));
    const struct config_tracker *github = config.trackers[CONFIG_GITHUB];
    assert_int_equal(config.tracker_counts[CONFIG_GITHUB], 2);
    assert_string_equal(github[0].path, "/hooks/github");
    assert_string_equal(github[0].api, "https://api.github.com");
    assert_string_equal(github[0].ask_label, "stack-decision");
    assert_int_equal(github[0].listen, LISTEN_QUESTIONS);
    assert_string_equal(github[1].path, "/x");
    assert_string_equal(github[1].ask_label, "");
    assert_int_equal(github[1].listen, LISTEN_ADDRESSED);
    assert_string_equal(config.trackers[CONFIG_JIRA][0].api, "https://x.atlassian.net");
    assert_string_equal(config.chats[CONFIG_MATTERMOST][0].path, "/hooks/mattermost/ops");
    assert_int_equal(config.chat_counts[CONFIG_DISCORD], 1);
    assert_string_equal(config.http_listen, "127.0.0.1:8080");
    config_finish(&config);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(parse(bad[i].text, &config, &faults));
        assert_int_equal(faults.count, 1);
        assert_non_null(strstr(faults.items[0].text, bad[i].fault));
        fault_finish(&faults);
        faults = (struct fault_list){0};
    }
}

static void test_documentation_is_current(void **state)
{
    (void)state;
    struct buf page, table;
    buf_init(&page, 256 * 1024);
    buf_init(&table, 64 * 1024);
    read_source("docs/commands.md", &page);
    config_documentation(&table);
    if (strstr(page.data, table.data) == NULL) {
        fail_msg("docs/commands.md lacks what `whether check --keys` prints");
    }
    buf_finish(&page);
    buf_finish(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_good_files),
        cmocka_unit_test(test_paths_are_relative_to_the_file),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_files_that_cannot_be_read),
        cmocka_unit_test(test_labelled_sections),
        cmocka_unit_test(test_listen_is_inherited),
        cmocka_unit_test(test_who_needs_http),
        cmocka_unit_test(test_too_many_instances),
        cmocka_unit_test(test_files_that_it_names),
        cmocka_unit_test(test_where_the_store_is),
        cmocka_unit_test(test_certificates_and_keys),
        cmocka_unit_test(test_misnamed_key_for_all),
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_rows_are_sound),
        cmocka_unit_test(test_example_is_current_and_valid),
        cmocka_unit_test(test_documentation_is_current),
        cmocka_unit_test(test_trackers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
