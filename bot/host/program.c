#include "bot/host/program.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/document.h"
#include "bot/advisor/record.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/folder.h"
#include "bot/base/mem.h"
#include "bot/host/facts.h"
#include "bot/host/lines.h"
#include "bot/host/report.h"
#include "knowledge/learned.h"
#include "knowledge/load.h"

/* `environment` is changed: the colons become ends of strings. */
static size_t split_colons(char *environment, const char **paths, size_t cap)
{
    size_t count = 0;
    for (char *at = environment; at != NULL && count < cap;) {
        char *colon = strchr(at, ':');
        if (colon != NULL) {
            *colon = '\0';
        }
        if (*at != '\0') {
            paths[count++] = at;
        }
        at = colon == NULL ? NULL : colon + 1;
    }
    return count;
}

bool program_beside(const char *suffix, char *path, size_t cap)
{
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (len <= 0) {
        return false;
    }
    program[len] = '\0';
    char *slash = strrchr(program, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    int written = snprintf(path, cap, "%s/%s", program, suffix);
    return written > 0 && (size_t)written < cap;
}

/* A folder that has a file `name` in it, or any folder where that is NULL. */
static bool is_place(const char *path, const char *name)
{
    char file[PATH_MAX];
    int written = snprintf(file, sizeof(file), "%s/%s", path, name == NULL ? "" : name);
    return written > 0 && (size_t)written < sizeof(file) && folder_is(path) &&
           access(file, F_OK) == 0;
}

static bool usual_place(const char *name, char *path, size_t cap)
{
    static const char *const fixed[] = {"knowledge", WHETHER_DATADIR "/knowledge"};
    static const char *const beside[] = {"knowledge", "../knowledge", "../../knowledge"};
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
        if (is_place(fixed[i], name)) {
            snprintf(path, cap, "%s", fixed[i]);
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(beside); i++) {
        if (program_beside(beside[i], path, cap) && is_place(path, name)) {
            return true;
        }
    }
    return false;
}

static bool load_usual(struct knowledge **ret, struct fault_list *faults)
{
    char path[PATH_MAX];
    const char *paths[] = {path};
    if (!usual_place(NULL, path, sizeof(path))) {
        fault_add(faults, "knowledge", 0,
                  "found no packs: not here, not in %s/knowledge; "
                  "name them with [bot] packs in a -c FILE or with $WHETHER_PACKS",
                  WHETHER_DATADIR);
        return false;
    }
    return knowledge_load(paths, 1, ret, faults);
}

static bool load_environment(const char *value, struct knowledge **ret, struct fault_list *faults)
{
    const char *paths[CONFIG_PATHS_MAX + 1];
    char *copy = mem_strdup(value);
    size_t count = split_colons(copy, paths, ARRAY_LEN(paths));
    bool fine = false;
    if (count > CONFIG_PATHS_MAX) {
        fault_add(faults, "$WHETHER_PACKS", 0, "names more than %d paths", CONFIG_PATHS_MAX);
    } else {
        fine = count > 0 ? knowledge_load(paths, count, ret, faults) : load_usual(ret, faults);
    }
    mem_free(copy);
    return fine;
}

bool program_load_knowledge(const struct program_options *options, const struct config *config,
                            struct knowledge **ret, struct fault_list *faults)
{
    if (options->pack_count > 0) {
        return knowledge_load(options->packs, options->pack_count, ret, faults);
    }
    if (config->packs.count > 0) {
        return knowledge_load((const char *const *)config->packs.items, config->packs.count, ret,
                              faults);
    }
    const char *environment = getenv("WHETHER_PACKS");
    return environment == NULL ? load_usual(ret, faults)
                               : load_environment(environment, ret, faults);
}

bool program_load_learned(struct knowledge *knowledge, unsigned parts, struct fault_list *faults)
{
    char home[PATH_MAX];
    bool has_home = usual_place("words.vec", home, sizeof(home));
    return learned_load(knowledge, parts, has_home ? home : NULL, faults);
}

void program_places(const struct program_options *options, const struct config *config,
                    void (*found)(void *context, const char *path), void *context)
{
    char usual[PATH_MAX];
    const char *environment = getenv("WHETHER_PACKS");
    if (usual_place("words.vec", usual, sizeof(usual))) {
        found(context, usual);
    }
    for (size_t i = 0; i < options->pack_count; i++) {
        found(context, options->packs[i]);
    }
    for (size_t i = 0; i < config->packs.count; i++) {
        found(context, config->packs.items[i]);
    }
    if (environment != NULL) {
        const char *paths[CONFIG_PATHS_MAX + 1];
        char *copy = mem_strdup(environment);
        size_t count = split_colons(copy, paths, ARRAY_LEN(paths));
        for (size_t i = 0; i < count; i++) {
            found(context, paths[i]);
        }
        mem_free(copy);
    }
    if (usual_place(NULL, usual, sizeof(usual))) {
        found(context, usual);
    }
}

static void *allocate(size_t size)
{
    return mem_grow(NULL, size, 1);
}

void program_set_up_memory(void)
{
    json_set_alloc_funcs(allocate, mem_free);
}

bool program_load_config(const struct program_options *options, struct config *ret,
                         struct fault_list *faults)
{
    if (options->config_path != NULL) {
        return config_load(options->config_path, options->files, ret, faults);
    }
    config_init(ret);
    return true;
}

bool program_open(struct program *ret, const struct program_options *options,
                  struct fault_list *faults)
{
    *ret = (struct program){0};
    if (!program_load_config(options, &ret->config, faults) ||
        !program_load_knowledge(options, &ret->config, &ret->knowledge, faults) ||
        !program_load_learned(ret->knowledge, LEARNED_ALL, faults)) {
        program_close(ret);
        return false;
    }
    ret->advisor = advisor_create(ret->knowledge);
    ret->workspace = workspace_create(ret->advisor);
    return true;
}

void program_close(struct program *program)
{
    workspace_destroy(program->workspace);
    advisor_destroy(program->advisor);
    knowledge_destroy(program->knowledge);
    config_finish(&program->config);
    *program = (struct program){0};
}

/* The record as a snippet, before the source: in Markdown, as its file would have it. */
static void add_record(const struct outcome *outcome, struct reply *reply)
{
    struct document document;
    struct buf text;
    size_t count = reply->block_count;
    buf_init(&text, REPLY_TEXT_MAX);
    document_begin(&document, MARKUP_MARKDOWN, &text);
    record_decision(&document, outcome);
    if (document_end(&document)) {
        reply_add(reply, BLOCK_CODE, "%s", text.data);
    }
    if (count > 0 && reply->block_count > count && reply->blocks[count - 1].type == BLOCK_SOURCE) {
        struct block record = reply->blocks[count];
        reply->blocks[count] = reply->blocks[count - 1];
        reply->blocks[count - 1] = record;
    }
    buf_finish(&text);
}

static void word(const struct program *program, const struct outcome *outcome, int length,
                 struct reply *ret)
{
    struct request request;
    *ret = (struct reply){0};
    if (outcome->kind != KIND_SILENT) {
        outcome_request(program->advisor, outcome, &request);
        reply_build(&request, (enum reply_length)length, ret);
    }
}

void program_turn(struct program *program, struct conversation *conversation, enum surface surface,
                  const char *text, size_t len, int length, struct outcome *ret_outcome,
                  struct reply *ret_reply)
{
    advisor_turn(program->advisor, program->workspace, conversation, surface,
                 text == NULL ? "" : text, len, ret_outcome);
    word(program, ret_outcome, length, ret_reply);
    if (ret_outcome->ask.about == ASK_RECORD) {
        add_record(ret_outcome, ret_reply);
    }
}

bool program_assume(struct program *program, struct conversation *conversation, const char *facts,
                    int length, struct outcome *ret_outcome, struct reply *ret_reply)
{
    struct assumed assumed;
    if (!facts_parse(advisor_pack(program->advisor, conversation), facts, &assumed)) {
        return false;
    }
    advisor_assume(program->advisor, conversation, &assumed, ret_outcome);
    word(program, ret_outcome, length, ret_reply);
    return true;
}

void program_note_truncated(const struct lines *lines)
{
    if (lines->truncated) {
        report("%s:%lu: this line is longer than %d bytes; what follows was not read", lines->name,
               lines->number, TEXT_MAX);
    }
}
