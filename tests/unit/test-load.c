/*
 * knowledge/load, parse, format: from files to structs. packs/good loads; each packs/broken-NAME
 * holds files that must give exactly the faults of its `expected`.
 */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "knowledge/format.h"
#include "knowledge/load.h"
#include "knowledge/pack.h"
#include "knowledge/parse.h"
#include "tests/unit/packbench.h"

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
    assert_true(pack->situations[2].product && !pack->situations[1].product);
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
        cmocka_unit_test(test_broken_packs),         cmocka_unit_test(test_good_pack),
        cmocka_unit_test(test_good_examples),        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_special_files),        cmocka_unit_test(test_directory_without_packs),
        cmocka_unit_test(test_directory_named_json), cmocka_unit_test(test_large_file),
        cmocka_unit_test(test_order_and_main),       cmocka_unit_test(test_too_many_packs),
        cmocka_unit_test(test_adds_to_faults),       cmocka_unit_test(test_schema_agrees),
        cmocka_unit_test(test_documented_pack),      cmocka_unit_test(test_shipped_packs),
    };
    return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
