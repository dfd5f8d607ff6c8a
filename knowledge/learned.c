#include "knowledge/learned.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "knowledge/model.h"
#include "knowledge/pack.h"
#include "knowledge/vectors.h"

enum { PATH_LEN = 4096 };

static bool found(struct buf *path)
{
    if (!path->failed && access(path->data, F_OK) == 0) {
        return true;
    }
    buf_finish(path);
    return false;
}

/* The file `name` in the folder of `file`; false when there is none. */
static bool beside(struct buf *ret, const char *file, const char *name)
{
    const char *slash = strrchr(file, '/');
    buf_init(ret, PATH_LEN);
    buf_append(ret, file, slash ? (size_t)(slash - file) + 1 : 0);
    buf_puts(ret, name);
    return found(ret);
}

/* A file that all packs share: beside the first pack, or in the program's own folder. */
static bool shared(struct buf *ret, const struct knowledge *knowledge, const char *home,
                   const char *name)
{
    if (beside(ret, knowledge->packs[0]->file, name)) {
        return true;
    }
    if (!home) {
        return false;
    }
    buf_init(ret, PATH_LEN);
    buf_printf(ret, "%s/%s", home, name);
    return found(ret);
}

char *learned_beside(const char *pack_file, const char *ending)
{
    size_t len = strlen(pack_file), end_len = strlen(ending);
    const char *slash = strrchr(pack_file, '/');
    size_t name_len = slash ? len - (size_t)(slash + 1 - pack_file) : len;
    if (name_len > 5 && strcmp(pack_file + len - 5, ".json") == 0) {
        len -= 5;
    }
    char *path = mem_alloc(len + end_len + 1);
    memcpy(path, pack_file, len);
    memcpy(path + len, ending, end_len + 1);
    return path;
}

static const struct model *load_model(const char *path, struct fault_list *faults)
{
    struct error err = {0};
    struct model *model = NULL;
    if (!model_load(path, &model, &err)) {
        fault_add(faults, path, 0, "%s", err.text);
    }
    return model;
}

bool learned_load(struct knowledge *knowledge, unsigned parts, const char *home,
                  struct fault_list *faults)
{
    size_t before = faults->count + faults->dropped;
    struct buf path;
    if (knowledge->count == 0) {
        return true;
    }
    if ((parts & LEARNED_VECTORS) && shared(&path, knowledge, home, "words.vec")) {
        struct error err = {0};
        struct vectors *vectors = NULL;
        if (!vectors_load(path.data, &vectors, &err)) {
            fault_add(faults, path.data, 0, "%s", err.text);
        }
        knowledge->vectors = vectors;
        buf_finish(&path);
    }
    if ((parts & LEARNED_KINDS) && shared(&path, knowledge, home, "kinds.model")) {
        knowledge->kinds = load_model(path.data, faults);
        buf_finish(&path);
    }
    for (size_t i = 0; (parts & LEARNED_TOPICS) && i < knowledge->count; i++) {
        char *model = learned_beside(knowledge->packs[i]->file, ".model");
        if (access(model, F_OK) == 0) {
            /* The pack is const to all readers; while loading it is still ours. */
            ((struct pack *)(uintptr_t)knowledge->packs[i])->model = load_model(model, faults);
        }
        mem_free(model);
    }
    return faults->count + faults->dropped == before;
}
