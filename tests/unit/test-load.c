/*
 * knowledge/load, parse, format, jsonpos, text: from files to structs. packs/good loads; each
 * packs/broken-NAME holds files that must give exactly the faults of its `expected`.
 */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "knowledge/format.h"
#include "knowledge/jsonpos.h"
#include "knowledge/load.h"
#include "knowledge/pack.h"
#include "knowledge/parse.h"
#include "knowledge/text.h"

enum { PATH_SIZE = 1024 };

/* Meson says where the sources are; by hand, run it from the repository's root. */
#ifndef WHETHER_SOURCE
#define WHETHER_SOURCE "."
#endif

static const char *packs_path(const char *name)
{
    static char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/tests/unit/packs/%s", WHETHER_SOURCE, name);
    return path;
}

static void read_whole(struct buf *buf, const char *path)
{
    struct error err = {0};
    buf_init(buf, 8 * 1024 * 1024);
    if (!buf_read_file(buf, path, &err)) {
        fail_msg("%s", err.text);
    }
}

/* The faults as `whether check` prints them, with the files' base names. */
static void print_faults(const struct fault_list *faults, const char *folder, struct buf *ret)
{
    size_t skip = strlen(folder) + 1;
    buf_init(ret, 1024 * 1024);
    buf_puts(ret, "");
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->items[i];
        const char *file = fault->file, *text = fault->text, *found;
        buf_puts(ret, strncmp(file, folder, skip - 1) == 0 ? file + skip : file);
        if (fault->line > 0) {
            buf_printf(ret, ":%d", fault->line);
        }
        buf_puts(ret, ": ");
        while ((found = strstr(text, folder)) != NULL) {
            buf_append(ret, text, (size_t)(found - text));
            text = found + skip;
        }
        buf_printf(ret, "%s\n", text);
    }
}

static void expect_faults(const char *folder, const char *wanted)
{
    struct fault_list faults = {0};
    struct knowledge *knowledge = NULL;
    struct buf found;
    assert_false(knowledge_load(&folder, 1, &knowledge, &faults));
    assert_null(knowledge);
    print_faults(&faults, folder, &found);
    if (strcmp(found.data, wanted) != 0) {
        fail_msg("%s:\n%s\nwanted:\n%s", folder, found.data, wanted);
    }
    fault_finish(&faults);
    buf_finish(&found);
}

static struct knowledge *load_good(const char *path)
{
    struct fault_list faults = {0};
    struct knowledge *knowledge = NULL;
    if (!knowledge_load(&path, 1, &knowledge, &faults)) {
        fail_msg("%s:%d: %s", faults.items[0].file, faults.items[0].line, faults.items[0].text);
    }
    assert_int_equal(faults.count, 0);
    return knowledge;
}

static void test_broken_packs(void **state)
{
    (void)state;
    size_t count = 0;
    char root[PATH_SIZE * 2];
    snprintf(root, sizeof(root), "%s", packs_path("."));
    DIR *directory = opendir(root);
    assert_non_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (strncmp(entry->d_name, "broken-", 7) != 0) {
            continue;
        }
        char folder[PATH_SIZE * 2 + 300], path[PATH_SIZE * 2 + 320];
        struct buf wanted;
        snprintf(folder, sizeof(folder), "%s", packs_path(entry->d_name));
        snprintf(path, sizeof(path), "%s/expected", folder);
        read_whole(&wanted, path);
        expect_faults(folder, wanted.data);
        buf_finish(&wanted);
        count++;
    }
    closedir(directory);
    assert_true(count > 60);
}

static void test_good_pack(void **state)
{
    (void)state;
    struct knowledge *knowledge = load_good(packs_path("good/pack.json"));
    const struct pack *pack = knowledge->packs[0];
    assert_int_equal(knowledge->count, 1);
    assert_int_equal(knowledge->main, 0);
    assert_int_equal(knowledge_find(knowledge, "tea-or-coffee"), 0);
    assert_int_equal(knowledge_find(knowledge, "nothing"), -1);
    assert_string_equal(pack->source.url, "https://example.org/drinks");
    assert_string_equal(pack->both, "One may drink both, if not from the same cup.");
    assert_int_equal(pack->subject.count, 2);
    assert_int_equal(pack->false_friends.count, 2);
    assert_false(pack->pointer);
    const struct pack_option *coffee = &pack->options[pack_option_find(pack, "coffee")];
    assert_int_equal(pack_option_find(pack, "milk"), -1);
    assert_int_equal(coffee->strength_count, 0);
    assert_int_equal(coffee->tool_count, 2);
    assert_false(coffee->tools[0].stands_for);
    assert_true(coffee->tools[1].stands_for);
    assert_int_equal(coffee->tools[1].section, 1);
    assert_int_equal(pack_situation_find(pack, "late"), 1);
    assert_int_equal(pack_situation_find(pack, "early"), -1);
    assert_string_equal(pack->situations[1].slot, "hour");
    assert_true(pack->situations[2].neutral);
    assert_string_equal(pack->situations[0].examples.items[1].text, "nobody here slept,\nreally");
    assert_int_equal(pack->rules[2].strength, STRENGTH_DECISIVE);
    assert_int_equal(pack->facts[0].option, -1);
    assert_int_equal(pack->facts[1].option, 1);
    assert_string_equal(pack->facts[0].code, "tea:    40 mg\ncoffee: 95 mg");
    knowledge_destroy(knowledge);
    knowledge_destroy(NULL);
}

static void test_good_examples(void **state)
{
    (void)state;
    struct knowledge *knowledge = load_good(packs_path("good"));
    const struct pack_example *examples = knowledge->packs[0]->examples;
    assert_string_equal(examples[0].surface, "dm");
    assert_string_equal(examples[0].kind, "verdict");
    assert_int_equal(examples[0].say.count, 1);
    assert_string_equal(examples[0].verdicts.items[0].text, "coffee");
    assert_true(examples[0].has_situations);
    assert_int_equal(examples[1].say.count, 2);
    assert_int_equal(examples[1].verdicts.count, 2);
    assert_int_equal(examples[1].stated, 2);
    assert_int_equal(examples[1].denied, 1);
    assert_false(examples[2].has_situations);
    assert_int_equal(examples[2].verdicts.count, 0);
    knowledge_destroy(knowledge);
}

/* The line of every item is where its text stands in the file. */
static void check_line(const struct buf *file, const char *text, int line)
{
    const char *at = file->data;
    for (int i = 1; i < line; i++) {
        at = strchr(at, '\n') + 1;
    }
    size_t len = strcspn(at, "\n");
    char *row = mem_strndup(at, len);
    if (strstr(row, text) == NULL) {
        fail_msg("\"%s\" is not on line %d: %s", text, line, row);
    }
    mem_free(row);
}

static void test_lines(void **state)
{
    (void)state;
    struct buf file;
    struct knowledge *knowledge = load_good(packs_path("good/pack.json"));
    const struct pack *pack = knowledge->packs[0];
    read_whole(&file, packs_path("good/pack.json"));
    for (size_t i = 0; i < pack->section_count; i++) {
        check_line(&file, pack->sections[i].title, pack->sections[i].line);
    }
    for (size_t i = 0; i < pack->situation_count; i++) {
        const struct pack_situation *situation = &pack->situations[i];
        check_line(&file, situation->id, situation->line + 1);
        for (size_t j = 0; j < situation->phrases.count; j++) {
            check_line(&file, situation->phrases.items[j].text, situation->phrases.items[j].line);
        }
        check_line(&file, situation->examples.items[0].text, situation->examples.items[0].line);
    }
    for (size_t i = 0; i < pack->rule_count; i++) {
        check_line(&file, pack->situations[pack->rules[i].situation].id, pack->rules[i].line + 1);
        check_line(&file, pack->rules[i].because, pack->rules[i].line + 4);
    }
    check_line(&file, pack->examples[1].say.items[1].text, pack->examples[1].say.items[1].line);
    check_line(&file, pack->examples[2].say.items[0].text, pack->examples[2].line);
    buf_finish(&file);
    knowledge_destroy(knowledge);
}

static char *make_folder(void)
{
    static char folder[64];
    memcpy(folder, "/tmp/test-load-XXXXXX", sizeof("/tmp/test-load-XXXXXX"));
    assert_non_null(mkdtemp(folder));
    return folder;
}

static void write_file(const char *folder, const char *name, const char *text, size_t len)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
}

/* Wanted: all faults in order, as "FILE: text" lines. */
static void expect_path_faults(const char *const *paths, size_t count, const char *wanted)
{
    struct fault_list faults = {0};
    struct knowledge *knowledge = NULL;
    struct buf found;
    assert_false(knowledge_load(paths, count, &knowledge, &faults));
    print_faults(&faults, "\1", &found);
    assert_string_equal(found.data, wanted);
    fault_finish(&faults);
    buf_finish(&found);
}

static void test_special_files(void **state)
{
    (void)state;
    static const char *const paths[] = {"/nowhere", "/dev/zero", "/proc/self/mem"};
    expect_path_faults(paths, ARRAY_LEN(paths),
                       "/nowhere: cannot be opened: No such file or directory\n"
                       "/dev/zero: is a device, pipe or socket, not a file\n"
                       "/proc/self/mem: cannot be read: Input/output error\n");
    expect_path_faults(paths, 0, "packs: name at least one pack or directory of packs\n");
}

static void test_directory_without_packs(void **state)
{
    (void)state;
    const char *folder = make_folder();
    char wanted[PATH_SIZE];
    write_file(folder, "pack.schema.json", "{", 1);
    write_file(folder, ".hidden.json", "{", 1);
    write_file(folder, ".json", "{", 1);
    write_file(folder, "notes.txt", "{", 1);
    snprintf(wanted, sizeof(wanted), "%s: holds no packs (files named *.json)\n", folder);
    expect_path_faults(&folder, 1, wanted);
    remove_file(folder, "pack.schema.json");
    remove_file(folder, ".hidden.json");
    remove_file(folder, ".json");
    remove_file(folder, "notes.txt");
    rmdir(folder);
}

static void test_directory_named_json(void **state)
{
    (void)state;
    const char *folder = make_folder();
    char inner[PATH_SIZE];
    snprintf(inner, sizeof(inner), "%s/x.json", folder);
    assert_int_equal(mkdir(inner, 0700), 0);
    write_file(folder, "y.json", "{}", 2);
    struct fault_list faults = {0};
    struct knowledge *knowledge = NULL;
    assert_false(knowledge_load(&folder, 1, &knowledge, &faults));
    assert_string_equal(faults.items[0].text, "is a directory, not a file");
    assert_string_equal(faults.items[0].file, inner);
    assert_int_equal(faults.count, 1 + 7);
    fault_finish(&faults);
    remove_file(folder, "x.json");
    remove_file(folder, "y.json");
    rmdir(folder);
}

static void test_large_file(void **state)
{
    (void)state;
    const char *folder = make_folder();
    char path[PATH_SIZE], wanted[PATH_SIZE * 2];
    write_file(folder, "a.json", "{}", 2);
    snprintf(path, sizeof(path), "%s/a.json", folder);
    assert_int_equal(truncate(path, PACK_FILE_MAX + 1), 0);
    snprintf(wanted, sizeof(wanted), "%s: is too large: it has %d bytes, at most %d are read\n",
             path, PACK_FILE_MAX + 1, PACK_FILE_MAX);
    expect_path_faults(&folder, 1, wanted);
    remove_file(folder, "a.json");
    rmdir(folder);
}

/* A minimal pack of the given id. */
static size_t print_pack(char *ret, size_t size, const char *id, bool pointer)
{
    int len = snprintf(
        ret, size,
        "{\"id\":\"%s\",\"title\":\"T\",\"question\":\"Q?\",\"rule_of_thumb\":\"R.\","
        "\"pointer\":%s,"
        "\"source\":{\"title\":\"T\",\"author\":\"A\",\"date\":\"2026-01-31\"},"
        "\"sections\":[{\"id\":\"all\",\"title\":\"A\"}],\"options\":["
        "{\"id\":\"a\",\"name\":\"A\",\"summary\":\"S.\",\"aliases\":[\"aa\"]},"
        "{\"id\":\"b\",\"name\":\"B\",\"summary\":\"S.\",\"aliases\":[\"bb\"]}],"
        "\"situations\":[{\"id\":\"s\",\"name\":\"s\",\"question\":\"S?\",\"phrases\":[\"ss\"],"
        "\"examples\":[\"ss\"],\"neutral\":true}]}",
        id, pointer ? "true" : "false");
    return (size_t)len;
}

static void test_order_and_main(void **state)
{
    (void)state;
    const char *folder = make_folder();
    char text[1000];
    write_file(folder, "c.json", text, print_pack(text, sizeof(text), "third", false));
    write_file(folder, "a.json", text, print_pack(text, sizeof(text), "first", true));
    write_file(folder, "B.json", text, print_pack(text, sizeof(text), "zeroth", true));
    char slashes[PATH_SIZE];
    snprintf(slashes, sizeof(slashes), "%s///", folder);
    struct knowledge *knowledge = load_good(slashes);
    assert_int_equal(knowledge->count, 3);
    assert_string_equal(knowledge->packs[0]->id, "zeroth");
    assert_string_equal(knowledge->packs[1]->id, "first");
    assert_string_equal(knowledge->packs[2]->id, "third");
    assert_int_equal(knowledge->main, 2);
    char wanted[PATH_SIZE];
    snprintf(wanted, sizeof(wanted), "%s/B.json", folder);
    assert_string_equal(knowledge->packs[0]->file, wanted);
    knowledge_destroy(knowledge);
    remove_file(folder, "c.json");
    knowledge = load_good(folder);
    assert_int_equal(knowledge->main, -1);
    knowledge_destroy(knowledge);
    remove_file(folder, "a.json");
    remove_file(folder, "B.json");
    rmdir(folder);
}

static void test_too_many_packs(void **state)
{
    (void)state;
    const char *folder = make_folder();
    char text[1000], name[32], id[32];
    for (int i = 0; i < PACKS_MAX + 3; i++) {
        snprintf(name, sizeof(name), "p%03d.json", i);
        snprintf(id, sizeof(id), "p%d", i);
        write_file(folder, name, text, print_pack(text, sizeof(text), id, false));
    }
    char wanted[PATH_SIZE];
    snprintf(wanted, sizeof(wanted), "%s/p064.json: is one pack too many; at most 64 are loaded\n",
             folder);
    expect_path_faults(&folder, 1, wanted);
    for (int i = 0; i < PACKS_MAX + 3; i++) {
        snprintf(name, sizeof(name), "p%03d.json", i);
        remove_file(folder, name);
    }
    rmdir(folder);
}

/* Earlier faults in the list stay where they are. */
static void test_adds_to_faults(void **state)
{
    (void)state;
    struct fault_list faults = {0};
    struct knowledge *knowledge = NULL;
    const char *path = packs_path("good");
    fault_add(&faults, "zzz", 9, "earlier");
    assert_true(knowledge_load(&path, 1, &knowledge, &faults));
    knowledge_destroy(knowledge);
    knowledge = NULL;
    path = packs_path("broken-bad-date");
    assert_false(knowledge_load(&path, 1, &knowledge, &faults));
    assert_int_equal(faults.count, 2);
    assert_string_equal(faults.items[0].text, "earlier");
    fault_finish(&faults);
}

static const struct pack *parse(const char *text, size_t len, struct arena *arena,
                                struct fault_list *faults)
{
    bool whole;
    return pack_parse("t.json", text, len, arena, faults, &whole);
}

/* Every prefix and every flipped byte of a good pack: a fault or a pack, never a crash. */
static void test_mangled_packs(void **state)
{
    (void)state;
    struct buf file;
    read_whole(&file, packs_path("good/pack.json"));
    for (size_t i = 0; i < file.len; i++) {
        struct fault_list faults = {0};
        struct arena *arena = arena_create();
        char *prefix = mem_alloc(i); /* exact, so that a sanitizer sees a byte too far */
        memcpy(prefix, file.data, i);
        bool complete = i > 0 && file.len - i == 1;
        assert_int_equal(parse(prefix, i, arena, &faults) == NULL, !complete);
        assert_int_equal(faults.count, complete ? 0 : 1);
        mem_free(prefix);
        fault_finish(&faults);
        file.data[i] ^= (char)(1 << i % 8);
        assert_true(parse(file.data, file.len, arena, &faults) != NULL || faults.count > 0);
        file.data[i] ^= (char)(1 << i % 8);
        fault_finish(&faults);
        arena_destroy(arena);
    }
    buf_finish(&file);
}

/* Millions of faults, or of references to the wrong, in one file: counted, and quickly. */
static void test_hostile_size(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, PACK_FILE_MAX);
    buf_puts(&text, "{\"options\":[],\"sections\":[],\"situations\":[");
    for (int i = 0; i < 64; i++) {
        buf_printf(&text, "%s{\"id\":\"situation-number-%d-of-very-many-more\"}", i ? "," : "", i);
    }
    buf_puts(&text, "],\"examples\":[{}");
    for (int i = 0; i < 1500; i++) {
        buf_puts(&text, ",{\"denied\":[\"situation-number\"");
        for (int j = 1; j < 64; j++) {
            buf_puts(&text, ",\"situation-number-n-of-very-many-m\"");
        }
        buf_puts(&text, "]}");
    }
    buf_puts(&text, "]");
    for (int i = 0; i < 20000; i++) {
        buf_printf(&text, ",\"unknown-%d\":{}", i);
    }
    assert_true(buf_puts(&text, "}"));
    struct fault_list faults = {0};
    struct arena *arena = arena_create();
    assert_non_null(parse(text.data, text.len, arena, &faults));
    assert_int_equal(faults.count, FAULTS_MAX);
    assert_true(faults.dropped > 100000);
    fault_finish(&faults);
    arena_destroy(arena);
    buf_finish(&text);
}

static void test_nesting(void **state)
{
    (void)state;
    for (size_t depth = 1; depth < 100000; depth = depth < 20 ? depth + 1 : depth * 7) {
        struct fault_list faults = {0};
        struct arena *arena = arena_create();
        char *text = mem_alloc(depth * 2);
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_null(parse(text, depth * 2, arena, &faults));
        assert_string_equal(faults.items[0].text,
                            depth > 16 ? "is nested more than 16 deep"
                                       : "a pack must be an object {...}, not a list [...]");
        mem_free(text);
        fault_finish(&faults);
        arena_destroy(arena);
    }
}

static void test_jsonpos(void **state)
{
    (void)state;
    const char *text = "{\n\"a\":\n1, \"b\": [true,\n{}, \"x\\\"\\\\\"],\n\"c\"\n:\nnull}";
    static const struct {
        int line, key_line;
        size_t next;
    } wanted[] = {
        {1, 1, 7}, /* the object */
        {3, 2, 2}, /* a */
        {3, 3, 6}, /* b */
        {3, 3, 4}, /* true */
        {4, 4, 5}, /* {} */
        {4, 4, 6}, /* "x..." */
        {7, 5, 7}, /* c */
    };
    struct jsonpos pos;
    int line = 0;
    assert_true(jsonpos_scan(&pos, text, strlen(text), &line));
    assert_int_equal(pos.count, ARRAY_LEN(wanted));
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        assert_int_equal(jsonpos_line(&pos, i), wanted[i].line);
        assert_int_equal(jsonpos_key_line(&pos, i), wanted[i].key_line);
        assert_int_equal(jsonpos_next(&pos, i), wanted[i].next);
    }
    assert_int_equal(jsonpos_line(&pos, 7), 0);
    assert_int_equal(jsonpos_key_line(&pos, 7), 0);
    assert_int_equal(jsonpos_next(&pos, 7), 7);
    jsonpos_finish(&pos);
}

static size_t count_values(json_t *value)
{
    size_t count = 1, i;
    const char *key;
    json_t *item;
    if (json_is_object(value)) {
        json_object_foreach(value, key, item)
        {
            count += count_values(item);
        }
    }
    json_array_foreach(value, i, item)
    {
        count += count_values(item);
    }
    return count;
}

static void test_jsonpos_counts_as_jansson(void **state)
{
    (void)state;
    struct buf file;
    struct jsonpos pos;
    int line = 0;
    read_whole(&file, packs_path("good/pack.json"));
    json_t *tree = json_loadb(file.data, file.len, 0, NULL);
    assert_true(jsonpos_scan(&pos, file.data, file.len, &line));
    assert_int_equal(pos.count, count_values(tree));
    assert_int_equal(jsonpos_next(&pos, 0), pos.count);
    jsonpos_finish(&pos);
    json_decref(tree);
    buf_finish(&file);
}

static void test_jsonpos_takes_anything(void **state)
{
    (void)state;
    static const char bytes[] = "{}[]\",:\\a \n\0\xFF";
    uint32_t random = 12345;
    for (int i = 0; i < 20000; i++) {
        size_t len = (size_t)i % 40;
        char *text = mem_alloc(len);
        struct jsonpos pos;
        int line = 0;
        for (size_t j = 0; j < len; j++) {
            random = random * 1664525 + 1013904223;
            text[j] = bytes[(random >> 16) % (sizeof(bytes) - 1)];
        }
        jsonpos_scan(&pos, text, len, &line);
        assert_true(pos.count <= len);
        for (size_t j = 0; j < pos.count; j++) {
            assert_true(jsonpos_next(&pos, j) > j);
        }
        jsonpos_finish(&pos);
        mem_free(text);
    }
}

static void test_text_rules(void **state)
{
    (void)state;
    static const struct {
        bool (*is)(const char *text);
        const char *text;
        bool wanted;
    } rows[] = {
        {text_is_blank, " \t\n", true},
        {text_is_blank, " .", false},
        {text_is_id, "a-1-b", true},
        {text_is_id, "", false},
        {text_is_id, "-a", false},
        {text_is_id, "a-", false},
        {text_is_id, "a--b", false},
        {text_is_id, "A", false},
        {text_is_id, "a b", false},
        {text_is_date, "2026-12-31", true},
        {text_is_date, "2026-00-01", false},
        {text_is_date, "2026-01-32", false},
        {text_is_date, "2026-1-1", false},
        {text_is_date, "2026/01/01", false},
        {text_is_date, "2026-01-011", false},
        {text_is_date, "", false},
        {text_is_url, "https://example.org/a?b=c", true},
        {text_is_url, "http://x", true},
        {text_is_url, "https://", false},
        {text_is_url, "https:///x", false},
        {text_is_url, "ftp://x", false},
        {text_is_url, "javascript:alert(1)", false},
        {text_is_url, "https://x y", false},
        {text_is_url, "https://x|y", false},
        {text_is_url, "https://x>y", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].is(rows[i].text) != rows[i].wanted) {
            fail_msg("row %zu: %s", i, rows[i].text);
        }
    }
    assert_false(text_has_control("a\n\tb", true));
    assert_true(text_has_control("a\nb", false));
    assert_true(text_has_control("a\rb", true));
    assert_true(text_has_control("a\x1B", true));
    assert_true(text_has_control("a\xC2\x85", true));
    assert_true(text_has_control("a\xE2\x80\xAE"
                                 "b",
                                 true));
    assert_true(text_has_control("a\xE2\x81\xA6"
                                 "b",
                                 true));
    assert_true(text_has_control("\xFF", true));
    assert_false(text_has_control("\xC3\xA9\xE2\x80\x99\xE2\x82\xAC\xF0\x9F\x98\x80", false));
}

/* Fails allocations of jansson's from the n-th on, or (persistent = false) only the n-th. */
static size_t json_countdown;
static bool json_persistent;

static void *json_malloc_failing(size_t size)
{
    if (json_countdown > 0 && --json_countdown == 0) {
        json_countdown = json_persistent;
        return NULL;
    }
    return malloc(size);
}

static void test_json_out_of_memory(void **state)
{
    (void)state;
    char path[PATH_SIZE * 2];
    const char *paths[] = {path};
    snprintf(path, sizeof(path), "%s", packs_path("good"));
    for (int persistent = 0; persistent < 2; persistent++) {
        bool loaded = false;
        for (size_t n = 1; !loaded; n++) {
            struct fault_list faults = {0};
            struct knowledge *knowledge = NULL;
            assert_true(n < 100000);
            json_persistent = persistent;
            json_countdown = n;
            json_set_alloc_funcs(json_malloc_failing, free);
            loaded = knowledge_load(paths, 1, &knowledge, &faults);
            loaded = loaded && json_countdown > 0;
            json_set_alloc_funcs(malloc, free);
            assert_int_equal(faults.count > 0, knowledge == NULL);
            knowledge_destroy(knowledge);
            fault_finish(&faults);
        }
    }
}

/* Valgrind checks for leaks at every exit, but not when a process is killed. */
static void leave(void)
{
    kill(getpid(), SIGKILL);
}

static _Noreturn void load_in_child(const char *path, size_t n)
{
    struct fault_list faults = {0};
    struct knowledge *knowledge = NULL;
    mem_fail_at(n, leave);
    bool loaded = knowledge_load(&path, 1, &knowledge, &faults);
    knowledge_destroy(knowledge);
    fault_finish(&faults);
    _exit(loaded ? 0 : 1);
}

/* In a child, because who runs out of memory does not come back (mem.h). */
static int load_with_failure(const char *path, size_t n)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        load_in_child(path, n);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    int status = -SIGKILL;
    size_t n = 0;
    while (status == -SIGKILL) {
        assert_true(++n < 1000);
        status = load_with_failure(packs_path("good"), n);
    }
    assert_int_equal(status, 0);
    assert_true(n > 10);
}

/* The keys that the schema lists for an object must be those that the loader knows. */
static void compare_keys(json_t *schema, const struct shape *shape)
{
    json_t *properties = json_object_get(schema, "properties");
    if (properties == NULL) {
        fail_msg("no properties for %s", shape->name);
    }
    for (size_t i = 0; i < shape->key_count; i++) {
        if (json_object_get(properties, shape->keys[i].name) == NULL) {
            fail_msg("%s: \"%s\" is not in the schema", shape->name, shape->keys[i].name);
        }
    }
    assert_int_equal(json_object_size(properties), shape->key_count);
}

static bool is_required(json_t *schema, const char *key)
{
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(schema, "required"), i, name)
    {
        if (strcmp(json_string_value(name), key) == 0) {
            return true;
        }
    }
    return false;
}

static json_t *find_definition(json_t *root, json_t *property)
{
    json_t *items = json_object_get(property, "items");
    const char *ref = json_string_value(json_object_get(items ? items : property, "$ref"));
    assert_non_null(ref);
    return json_object_get(json_object_get(root, "$defs"), strrchr(ref, '/') + 1);
}

static void compare_shape(json_t *root, json_t *schema, const struct shape *shape)
{
    compare_keys(schema, shape);
    json_t *properties = json_object_get(schema, "properties");
    for (size_t i = 0; i < shape->key_count; i++) {
        const struct key *key = &shape->keys[i];
        json_t *property = json_object_get(properties, key->name);
        json_t *max = json_object_get(property, "maxItems");
        if (is_required(schema, key->name) != (key->need != OPTIONAL)) {
            fail_msg("%s: \"%s\" is required only by one of the two", shape->name, key->name);
        }
        if (max != NULL) {
            assert_int_equal(json_integer_value(max), key->max);
        }
        if (key->shape != NULL) {
            compare_shape(root, find_definition(root, property), key->shape);
        }
    }
}

static void test_schema_agrees(void **state)
{
    (void)state;
    const char *path = WHETHER_SOURCE "/knowledge/pack.schema.json";
    json_error_t error;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        fail_msg("%s:%d: %s", path, error.line, error.text);
    }
    compare_shape(root, root, &format_pack);
    json_decref(root);
}

/* The example in docs/packs.md is a pack that loads. */
static void test_documented_pack(void **state)
{
    (void)state;
    struct buf page;
    read_whole(&page, WHETHER_SOURCE "/docs/packs.md");
    const char *fence = "```json\n{\n    \"$schema\"";
    const char *start = strstr(page.data, fence);
    assert_non_null(start);
    start += strlen("```json\n");
    const char *end = strstr(start, "\n```");
    assert_non_null(end);
    const char *folder = make_folder();
    write_file(folder, "kafka-or-rabbitmq.json", start, (size_t)(end - start));
    struct knowledge *knowledge = load_good(folder);
    assert_string_equal(knowledge->packs[0]->id, "kafka-or-rabbitmq");
    knowledge_destroy(knowledge);
    remove_file(folder, "kafka-or-rabbitmq.json");
    rmdir(folder);
    buf_finish(&page);
}

static void test_shipped_packs(void **state)
{
    (void)state;
    struct knowledge *knowledge = load_good(WHETHER_SOURCE "/knowledge");
    assert_true(knowledge->main >= 0);
    knowledge_destroy(knowledge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken_packs),
        cmocka_unit_test(test_good_pack),
        cmocka_unit_test(test_good_examples),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_special_files),
        cmocka_unit_test(test_directory_without_packs),
        cmocka_unit_test(test_directory_named_json),
        cmocka_unit_test(test_large_file),
        cmocka_unit_test(test_order_and_main),
        cmocka_unit_test(test_too_many_packs),
        cmocka_unit_test(test_adds_to_faults),
        cmocka_unit_test(test_mangled_packs),
        cmocka_unit_test(test_hostile_size),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_jsonpos),
        cmocka_unit_test(test_jsonpos_counts_as_jansson),
        cmocka_unit_test(test_jsonpos_takes_anything),
        cmocka_unit_test(test_text_rules),
        cmocka_unit_test(test_json_out_of_memory),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_schema_agrees),
        cmocka_unit_test(test_documented_pack),
        cmocka_unit_test(test_shipped_packs),
    };
    return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
