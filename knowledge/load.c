#include "knowledge/load.h"

#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/folder.h"
#include "bot/base/mem.h"
#include "knowledge/check.h"
#include "knowledge/format.h"
#include "knowledge/model.h"
#include "knowledge/pack.h"
#include "knowledge/parse.h"
#include "knowledge/vectors.h"

struct load {
    struct folder_files files; /* in the order of loading; also what only a fault is about */
    struct fault_list *faults;
    struct knowledge *knowledge;
    bool all_named; /* every file gave a pack with an id, so links can be checked */
};

static bool is_pack_name(const char *name)
{
    return name[0] != '.' && folder_name_ends(name, ".json") &&
           !folder_name_ends(name, ".schema.json");
}

static bool list_packs(const char *path, struct folder_files *ret, struct error *err)
{
    return folder_list(path, is_pack_name, ret, err) &&
           (ret->count > 0 || error_set(err, ERROR_INPUT, "holds no packs (files named *.json)"));
}

static void fault_path(struct load *load, const char *path, const struct error *err)
{
    folder_files_add(&load->files, mem_strdup(path));
    fault_add(load->faults, path, 0, "%s", err->text);
    load->all_named = false;
}

/* Everyone after the last one that there is room for is left out with one fault. */
static bool has_room(struct load *load, const char *path)
{
    if (load->knowledge->count < PACKS_MAX) {
        return true;
    }
    struct error err = {0};
    error_set(&err, ERROR_INPUT, "is one pack too many; at most %d are loaded", PACKS_MAX);
    fault_path(load, path, &err);
    return false;
}

static void parse_file(struct load *load, const char *path, const struct buf *text)
{
    bool whole;
    struct knowledge *knowledge = load->knowledge;
    const struct pack *pack =
        pack_parse(path, text->data, text->len, knowledge->arena, load->faults, &whole);
    if (pack == NULL) {
        load->all_named = false;
        return;
    }
    load->all_named = load->all_named && pack->id != NULL;
    knowledge->packs[knowledge->count++] = pack;
    if (whole) {
        check_pack(pack, load->faults);
    }
}

static bool load_file(struct load *load, const char *path)
{
    if (!has_room(load, path)) {
        return false;
    }
    struct buf text;
    struct error err = {0};
    buf_init(&text, PACK_FILE_MAX);
    if (buf_read_unnamed(&text, path, &err)) {
        folder_files_add(&load->files, mem_strdup(path));
        parse_file(load, path, &text);
    } else {
        fault_path(load, path, &err);
    }
    buf_finish(&text);
    return true;
}

static bool load_folder(struct load *load, const char *path)
{
    struct folder_files files;
    struct error err = {0};
    bool room = true;
    if (!list_packs(path, &files, &err)) {
        fault_path(load, path, &err);
    } else {
        for (size_t i = 0; i < files.count && room; i++) {
            room = load_file(load, files.items[i]);
        }
    }
    folder_files_finish(&files);
    return room;
}

static bool load_path(struct load *load, const char *path)
{
    return folder_is(path) ? load_folder(load, path) : load_file(load, path);
}

static size_t file_rank(const struct load *load, const struct fault *fault)
{
    size_t i = 0;
    while (i < load->files.count && strcmp(load->files.items[i], fault->file) != 0) {
        i++;
    }
    return i;
}

static bool comes_after(const struct load *load, const struct fault *a, const struct fault *b)
{
    size_t a_rank = file_rank(load, a), b_rank = file_rank(load, b);
    return a_rank != b_rank ? a_rank > b_rank : a->line > b->line;
}

/* By insertion: stable, and there are at most FAULTS_MAX. */
static void sort_faults(const struct load *load, size_t first)
{
    struct fault *items = load->faults->items;
    for (size_t i = first + 1; i < load->faults->count; i++) {
        struct fault moved = items[i];
        size_t j = i;
        for (; j > first && comes_after(load, &items[j - 1], &moved); j--) {
            items[j] = items[j - 1];
        }
        items[j] = moved;
    }
}

static int find_main(const struct knowledge *knowledge)
{
    for (size_t i = 0; i < knowledge->count; i++) {
        if (!knowledge->packs[i]->pointer) {
            return (int)i;
        }
    }
    return -1;
}

static void load_all(struct load *load, const char *const *paths, size_t count)
{
    bool room = true;
    for (size_t i = 0; i < count && room; i++) {
        room = load_path(load, paths[i]);
    }
    if (count == 0) {
        fault_add(load->faults, "packs", 0, "name at least one pack or directory of packs");
    }
    if (load->all_named) {
        check_links(load->knowledge, load->faults);
    }
}

bool knowledge_load(const char *const *paths, size_t count, struct knowledge **ret,
                    struct fault_list *faults)
{
    struct load load = {.faults = faults, .all_named = true};
    size_t before = faults->count, before_dropped = faults->dropped;
    load.knowledge = mem_alloc(sizeof(*load.knowledge));
    load.knowledge->arena = arena_create();
    load_all(&load, paths, count);
    sort_faults(&load, before);
    folder_files_finish(&load.files);
    if (faults->count > before || faults->dropped > before_dropped) {
        knowledge_destroy(load.knowledge);
        return false;
    }
    load.knowledge->main = find_main(load.knowledge);
    *ret = load.knowledge;
    return true;
}

void knowledge_destroy(struct knowledge *knowledge)
{
    if (knowledge == NULL) {
        return;
    }
    for (size_t i = 0; i < knowledge->count; i++) {
        model_destroy((struct model *)knowledge->packs[i]->model);
    }
    model_destroy((struct model *)knowledge->kinds);
    vectors_destroy((struct vectors *)knowledge->vectors);
    arena_destroy(knowledge->arena);
    mem_free(knowledge);
}
