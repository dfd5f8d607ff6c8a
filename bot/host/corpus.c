#include "bot/host/corpus.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/reader/kind.h"
#include "knowledge/pack.h"

/* PATH_LEN is beyond what the system opens, so that a path that is too long fails there. */
enum { FILE_MAX = 16 * 1024 * 1024, PATH_LEN = 8192, FIELDS_MAX = 4 };

struct loader {
    struct corpus *corpus;
    const struct pack *pack;
    struct fault_list *faults;
    const char *path;
    int line;
};

static int situation_find(const struct pack *pack, const char *id, size_t len)
{
    for (size_t i = 0; i < pack->situation_count; i++) {
        if (strlen(pack->situations[i].id) == len && memcmp(pack->situations[i].id, id, len) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static uint64_t read_situations(struct loader *loader, const char *list)
{
    uint64_t set = 0;
    while (*list) {
        size_t len = strcspn(list, ",");
        int i = situation_find(loader->pack, list, len);
        if (i >= 0) {
            set |= 1ull << i;
        } else if (!(len == 4 && memcmp(list, "none", 4) == 0)) {
            fault_add(loader->faults, loader->path, loader->line, "unknown situation \"%.*s\"",
                      (int)len, list);
        }
        list += len + (list[len] == ',');
    }
    return set;
}

static int polarity_find(const char *name)
{
    static const char *const names[] = {"stated", "denied", "aside", "none"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

/* Cuts a line at its tabs, in place; returns how many fields it has. */
static size_t split(char *line, char *fields[FIELDS_MAX])
{
    size_t count = 0;
    while (count < FIELDS_MAX) {
        fields[count++] = line;
        char *tab = strchr(line, '\t');
        if (!tab) {
            break;
        }
        *tab = '\0';
        line = tab + 1;
    }
    return count;
}

static void read_clause(struct loader *loader, char *line)
{
    struct corpus *corpus = loader->corpus;
    char *fields[FIELDS_MAX];
    if (split(line, fields) != 4 || polarity_find(fields[1]) < 0 || fields[3][0] == '\0') {
        fault_add(loader->faults, loader->path, loader->line,
                  "want situations, polarity (stated denied aside none), batch and text, with tabs "
                  "between");
        return;
    }
    if (corpus->clause_count == corpus->clause_cap) {
        corpus->clause_cap = corpus->clause_cap ? corpus->clause_cap * 2 : 1024;
        corpus->clauses = mem_grow(corpus->clauses, corpus->clause_cap, sizeof(*corpus->clauses));
    }
    corpus->clauses[corpus->clause_count++] =
        (struct corpus_clause){.situations = read_situations(loader, fields[0]),
                               .polarity = (enum clause_polarity)polarity_find(fields[1]),
                               .text = mem_strdup(fields[3])};
}

static struct corpus_talk *add_talk(struct corpus *corpus)
{
    if (corpus->talk_count == corpus->talk_cap) {
        corpus->talk_cap = corpus->talk_cap ? corpus->talk_cap * 2 : 1024;
        corpus->talks = mem_grow(corpus->talks, corpus->talk_cap, sizeof(*corpus->talks));
    }
    struct corpus_talk *talk = &corpus->talks[corpus->talk_count++];
    memset(talk, 0, sizeof(*talk));
    return talk;
}

/* The finer kinds of a kinds file. */
static const struct {
    const char *name;
    int kind, surface;
    bool follows;
} fine_kinds[] = {
    {"ask", KIND_VERDICT, SURFACE_DM, false},
    {"ambient-ask", KIND_VERDICT, SURFACE_AMBIENT, false},
    {"verdict-long", KIND_VERDICT, SURFACE_TRACKER, false},
    {"unknown-long", KIND_UNKNOWN, SURFACE_TRACKER, false},
    {"facts-give", KIND_VERDICT, SURFACE_DM, true},
    {"silent-long", KIND_SILENT, SURFACE_AMBIENT, false},
    {"silent", KIND_SILENT, SURFACE_AMBIENT, false},
};

static void read_kind(struct loader *loader, char *line)
{
    char *fields[FIELDS_MAX];
    if (split(line, fields) != 3 || fields[2][0] == '\0') {
        fault_add(loader->faults, loader->path, loader->line,
                  "want kind, batch and text, with tabs between");
        return;
    }
    /* Direct messages, mentions and commands read alike: a plain kind stands for all three. */
    int kind = kind_find(fields[0]), surface = loader->line % 3 == 0 ? SURFACE_SLASH : SURFACE_DM;
    bool follows = false;
    for (size_t i = 0; i < ARRAY_LEN(fine_kinds); i++) {
        if (strcmp(fine_kinds[i].name, fields[0]) == 0) {
            kind = fine_kinds[i].kind;
            surface = fine_kinds[i].surface;
            follows = fine_kinds[i].follows;
        }
    }
    if (kind < 0) {
        fault_add(loader->faults, loader->path, loader->line, "unknown kind \"%s\"", fields[0]);
        return;
    }
    struct corpus_talk *talk = add_talk(loader->corpus);
    talk->kind = kind;
    talk->surface = surface;
    talk->follows = follows;
    talk->turns[talk->turn_count++] = mem_strdup(fields[2]);
}

static uint64_t json_situations(struct loader *loader, const json_t *list)
{
    uint64_t set = 0;
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (json_is_string(item)) {
            set |= read_situations(loader, json_string_value(item));
        } else {
            fault_add(loader->faults, loader->path, loader->line,
                      "situations are strings, all of them");
        }
    }
    return set;
}

/* Whether the words stand in one of the turns that are kept, to the letter. */
static bool is_said(const struct corpus_talk *talk, const char *words)
{
    for (size_t i = 0; i < talk->turn_count; i++) {
        if (strstr(talk->turns[i], words)) {
            return true;
        }
    }
    return false;
}

/* Words of turns that are too long ago to be kept are passed over. */
static void read_mark(struct loader *loader, struct corpus_talk *talk, const json_t *item,
                      bool whole)
{
    const char *id = json_string_value(json_array_get(item, 0));
    const char *polarity = json_string_value(json_array_get(item, 1));
    const char *words = json_string_value(json_array_get(item, 2));
    int situation = id ? situation_find(loader->pack, id, strlen(id)) : -1;
    if (!words || !*words || !polarity || polarity_find(polarity) < 0 || situation < 0) {
        fault_add(loader->faults, loader->path, loader->line,
                  "a mark is [situation, polarity (stated denied aside), words]");
    } else if (is_said(talk, words)) {
        talk->marks[talk->mark_count++] = (struct corpus_mark){
            situation, (enum clause_polarity)polarity_find(polarity), mem_strdup(words)};
    } else if (whole) {
        fault_add(loader->faults, loader->path, loader->line,
                  "the marked words \"%.60s\" are not said", words);
    }
}

static void read_marks(struct loader *loader, struct corpus_talk *talk, const json_t *marks,
                       bool whole)
{
    size_t i;
    json_t *item;
    talk->marked = json_is_array(marks);
    talk->marks = mem_alloc((json_array_size(marks) + 1) * sizeof(*talk->marks));
    json_array_foreach(marks, i, item)
    {
        read_mark(loader, talk, item, whole);
    }
}

static void read_labelled(struct loader *loader, const char *line, bool kind_only)
{
    json_error_t why;
    json_t *root = json_loads(line, JSON_REJECT_DUPLICATES, &why);
    const char *surface = json_string_value(json_object_get(root, "surface"));
    const char *kind = json_string_value(json_object_get(root, "kind"));
    const json_t *say = json_object_get(root, "say");
    bool texts = true;
    for (size_t i = 0; i < json_array_size(say); i++) {
        texts = texts && json_is_string(json_array_get(say, i));
    }
    if (!texts || !surface || !kind || surface_find(surface) < 0 || kind_find(kind) < 0 ||
        json_array_size(say) == 0) {
        fault_add(loader->faults, loader->path, loader->line, "not a conversation: %s",
                  root ? "surface, kind and say are needed" : why.text);
        json_decref(root);
        return;
    }
    struct corpus_talk *talk = add_talk(loader->corpus);
    talk->surface = surface_find(surface);
    talk->kind = kind_find(kind);
    talk->kind_only = kind_only;
    talk->stated = json_situations(loader, json_object_get(root, "situations"));
    talk->denied = json_situations(loader, json_object_get(root, "denied"));
    talk->optional = json_situations(loader, json_object_get(root, "optional"));
    size_t turns = json_array_size(say);
    for (size_t i = turns > CORPUS_TURNS_MAX ? turns - CORPUS_TURNS_MAX : 0; i < turns; i++) {
        const char *text = json_string_value(json_array_get(say, i));
        talk->turns[talk->turn_count++] = mem_strdup(text ? text : "");
    }
    read_marks(loader, talk, json_object_get(root, "marks"), turns <= CORPUS_TURNS_MAX);
    json_decref(root);
}

static void read_talk(struct loader *loader, char *line)
{
    read_labelled(loader, line, false);
}

static void read_talk_kind(struct loader *loader, char *line)
{
    read_labelled(loader, line, true);
}

static bool ends_with(const char *name, const char *ending)
{
    size_t a = strlen(name), b = strlen(ending);
    return a >= b && strcmp(name + a - b, ending) == 0;
}

typedef void read_line(struct loader *loader, char *line);

static read_line *reader_of(const char *name)
{
    return ends_with(name, ".clauses.tsv")           ? read_clause
           : ends_with(name, ".kinds.tsv")           ? read_kind
           : ends_with(name, ".conversations.jsonl") ? read_talk
           : ends_with(name, ".kinds.jsonl")         ? read_talk_kind
                                                     : NULL;
}

static uint64_t add_hash(uint64_t hash, read_line *read, const struct buf *bytes)
{
    return read == read_talk_kind
               ? hash
               : hash * 31 + hash_bytes(bytes->data ? bytes->data : "", bytes->len);
}

static void read_file(struct loader *loader, read_line *read)
{
    struct error err = {0};
    struct buf buf;
    buf_init(&buf, FILE_MAX);
    if (!buf_read_unnamed(&buf, loader->path, &err)) {
        fault_add(loader->faults, loader->path, 0, "%s", err.text);
    }
    if (buf.len && memchr(buf.data, '\0', buf.len)) {
        fault_add(loader->faults, loader->path, 0, "a NUL byte: this is no text");
        buf_clear(&buf);
    }
    loader->corpus->hash = add_hash(loader->corpus->hash, read, &buf);
    loader->line = 0;
    for (char *line = buf.data; line && *line;) {
        char *end = strchr(line, '\n');
        if (end) {
            *end = '\0';
        }
        if (end && end > line && end[-1] == '\r') {
            end[-1] = '\0';
        }
        loader->line++;
        if (*line) {
            read(loader, line);
        }
        line = end ? end + 1 : NULL;
    }
    buf_finish(&buf);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int wanted(const struct dirent *entry)
{
    return reader_of(entry->d_name) != NULL;
}

/*
 * Calls visit for each file's path and reader, in the order of the names. Returns how many there
 * are; -1 where the folder cannot be read (errno).
 */
typedef void visit_file(void *context, const char *path, read_line *read);

static int each_file(const char *folder, visit_file *visit, void *context)
{
    struct dirent **names = NULL;
    int count = scandir(folder, &names, wanted, by_name);
    for (int i = 0; i < count; i++) {
        struct buf path;
        buf_init(&path, PATH_LEN);
        buf_printf(&path, "%s/%s", folder, names[i]->d_name);
        if (!path.failed) {
            visit(context, path.data, reader_of(names[i]->d_name));
        }
        buf_finish(&path);
        free(names[i]);
    }
    free(names);
    return count;
}

static void load_one(void *context, const char *path, read_line *read)
{
    struct loader *loader = context;
    loader->path = path;
    read_file(loader, read);
}

bool corpus_load(struct corpus *ret, const struct pack *pack, const char *folder,
                 struct fault_list *faults)
{
    struct loader loader = {.corpus = ret, .pack = pack, .faults = faults};
    size_t before = faults->count + faults->dropped;
    int count = each_file(folder, load_one, &loader);
    if (count < 0 && errno != ENOENT) {
        fault_add(faults, folder, 0, "cannot be read: %s", strerror(errno));
    } else if (count <= 0) {
        fault_add(
            faults, folder, 0,
            "no corpus files (*.clauses.tsv, *.conversations.jsonl, *.kinds.tsv, *.kinds.jsonl) in "
            "this folder");
    }
    return faults->count + faults->dropped == before;
}

struct hashing {
    uint64_t hash;
    struct error *err;
    bool failed;
};

static void hash_one(void *context, const char *path, read_line *read)
{
    struct hashing *hashing = context;
    struct buf buf;
    buf_init(&buf, FILE_MAX);
    hashing->failed = hashing->failed || !buf_read_file(&buf, path, hashing->err);
    hashing->hash = add_hash(hashing->hash, read, &buf);
    buf_finish(&buf);
}

bool corpus_hash(const char *folder, uint64_t *ret, struct error *err)
{
    struct hashing hashing = {.err = err};
    if (each_file(folder, hash_one, &hashing) < 0 && errno != ENOENT) {
        return error_errno(err, errno, "%s: cannot be read", folder);
    }
    *ret = hashing.hash;
    return !hashing.failed;
}

void corpus_finish(struct corpus *corpus)
{
    for (size_t i = 0; i < corpus->clause_count; i++) {
        mem_free(corpus->clauses[i].text);
    }
    for (size_t i = 0; i < corpus->talk_count; i++) {
        for (size_t k = 0; k < corpus->talks[i].turn_count; k++) {
            mem_free(corpus->talks[i].turns[k]);
        }
        for (size_t k = 0; k < corpus->talks[i].mark_count; k++) {
            mem_free(corpus->talks[i].marks[k].words);
        }
        mem_free(corpus->talks[i].marks);
    }
    mem_free(corpus->clauses);
    mem_free(corpus->talks);
    *corpus = (struct corpus){0};
}
