#include "tests/unit/tiny.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/advisor/advisor.h"
#include "bot/advisor/conversation.h"
#include "bot/advisor/workspace.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/reader/read.h"
#include "knowledge/pack.h"

#define LIST(...)                                                                      \
    {                                                                                  \
        (const struct line_text[]){__VA_ARGS__},                                       \
            sizeof((const struct line_text[]){__VA_ARGS__}) / sizeof(struct line_text) \
    }

static const struct pack_section sections[] = {{"all", "All of it", 1}};

static const struct pack_option coast_options[] = {
    {.id = "orion", .name = "Orion", .summary = "Orion.", .aliases = LIST({"orion", 1})},
    {.id = "lyra", .name = "Lyra", .summary = "Lyra.", .aliases = LIST({"lyra", 1})},
};

static const struct pack_situation coast_situations[] = {
    {.id = "telegraph",
     .name = "a telegraph",
     .question = "Is there a telegraph?",
     .phrases = LIST({"telegraph", 1}),
     .hints = LIST({"morse", 1}),
     .denials = LIST({"pigeons .. suffice", 1})},
    {.id = "granary",
     .name = "a granary",
     .product = true,
     .question = "Is there a granary?",
     .phrases = LIST({"granary", 1}, {"barn full of barley", 1})},
    {.id = "orchard",
     .name = "an orchard",
     .product = true,
     .question = "Is there an orchard?",
     .phrases = LIST({"orchard", 1})},
    {.id = "windmill",
     .name = "a windmill",
     .question = "Is there a windmill?",
     .phrases = LIST({"windmill", 1})},
    {.id = "harbour",
     .name = "a harbour",
     .question = "Is there a harbour?",
     .slot = "shore",
     .phrases = LIST({"harbour", 1})},
    {.id = "lighthouse",
     .name = "a lighthouse",
     .question = "Is there a lighthouse?",
     .slot = "shore",
     .phrases = LIST({"lighthouse", 1})},
};

static const struct pack_rule coast_rules[] = {
    {0, 0, STRENGTH_STRONG, "a telegraph wants Orion", 0, 1},
    {1, 1, STRENGTH_STRONG, "a granary wants Lyra", 0, 1},
    {2, 1, STRENGTH_STRONG, "an orchard wants Lyra", 0, 1},
    {3, 0, STRENGTH_NUDGE, "a windmill likes Orion", 0, 1},
    {4, 0, STRENGTH_STRONG, "a harbour wants Orion", 0, 1},
    {5, 1, STRENGTH_STRONG, "a lighthouse wants Lyra", 0, 1},
};

static const struct pack_fact coast_facts[] = {
    {.id = "bells",
     .option = 0,
     .about = LIST({"church bells", 1}),
     .text = "Orion rings bells.",
     .section = 0},
};

static const struct pack coast = {
    .file = "coast.json",
    .id = "orion-or-lyra",
    .title = "Orion or Lyra",
    .question = "Orion or Lyra?",
    .rule_of_thumb = "Orion by the sea.",
    .source = {"A book", "An author", "2020-01-01", NULL},
    .false_friends = LIST({"telegraph road", 1}),
    .subject = LIST({"constellation", 1}),
    .sections = sections,
    .section_count = ARRAY_LEN(sections),
    .options = coast_options,
    .option_count = ARRAY_LEN(coast_options),
    .situations = coast_situations,
    .situation_count = ARRAY_LEN(coast_situations),
    .rules = coast_rules,
    .rule_count = ARRAY_LEN(coast_rules),
    .facts = coast_facts,
    .fact_count = ARRAY_LEN(coast_facts),
};

static const struct pack_option drinks_options[] = {
    {.id = "assam", .name = "Assam", .summary = "Assam.", .aliases = LIST({"assam", 1})},
    {.id = "mocha", .name = "Mocha", .summary = "Mocha.", .aliases = LIST({"mocha", 1})},
};

static const struct pack drinks = {
    .file = "drinks.json",
    .id = "assam-or-mocha",
    .title = "Assam or Mocha",
    .question = "Assam or Mocha?",
    .pointer = true,
    .rule_of_thumb = "Either.",
    .source = {"A book", "An author", "2020-01-01", NULL},
    .sections = sections,
    .section_count = ARRAY_LEN(sections),
    .options = drinks_options,
    .option_count = ARRAY_LEN(drinks_options),
};

static const struct pack_option boats_options[] = {
    {.id = "sloop", .name = "Sloop", .summary = "Sloop.", .aliases = LIST({"sloop", 1})},
    {.id = "brig", .name = "Brig", .summary = "Brig.", .aliases = LIST({"brig", 1})},
};

static const struct pack_situation boats_situations[] = {
    {.id = "mast",
     .name = "two masts",
     .question = "Are there two masts?",
     .phrases = LIST({"mizzenmast", 1})},
};

static const struct pack_rule boats_rules[] = {
    {0, 1, STRENGTH_DECISIVE, "two masts want a brig", 0, 1},
};

static const struct pack boats = {
    .file = "boats.json",
    .id = "sloop-or-brig",
    .title = "Sloop or Brig",
    .question = "Sloop or Brig?",
    .rule_of_thumb = "Sloop for one.",
    .source = {"A book", "An author", "2020-01-01", NULL},
    .sections = sections,
    .section_count = ARRAY_LEN(sections),
    .options = boats_options,
    .option_count = ARRAY_LEN(boats_options),
    .situations = boats_situations,
    .situation_count = ARRAY_LEN(boats_situations),
    .rules = boats_rules,
    .rule_count = ARRAY_LEN(boats_rules),
};

const struct knowledge tiny_knowledge = {
    .packs = {&coast, &drinks, &boats}, .count = 3, .main = TINY_COAST};

void tiny_begin(struct tiny *ret)
{
    ret->advisor = advisor_create(&tiny_knowledge);
    ret->workspace = workspace_create(ret->advisor);
}

void tiny_end(struct tiny *tiny)
{
    workspace_destroy(tiny->workspace);
    advisor_destroy(tiny->advisor);
}

int tiny_setup(void **state)
{
    static struct tiny tiny;
    tiny_begin(&tiny);
    *state = &tiny;
    return 0;
}

int tiny_teardown(void **state)
{
    tiny_end(*state);
    return 0;
}

static const struct reading *read_known(struct tiny *tiny, const char *text,
                                        const struct recalled *recalled)
{
    struct reading *reading = &tiny->workspace->reading;
    reader_read(tiny->advisor->reader, reading, tiny->workspace->stemmer, text, strlen(text),
                TINY_COAST, recalled);
    return reading;
}

const struct reading *tiny_read(struct tiny *tiny, const char *text)
{
    return read_known(tiny, text, NULL);
}

const struct reading *tiny_turn(struct tiny *tiny, struct conversation *talk, const char *text)
{
    struct recalled recalled = conversation_recalled(talk);
    const struct reading *reading = read_known(tiny, text, &recalled);
    conversation_apply(talk, tiny_knowledge.packs[TINY_COAST], reading);
    talk->pack = TINY_COAST;
    talk->turns++;
    return reading;
}

static _Noreturn void stop(const char *what, const char *which)
{
    fprintf(stderr, "tiny: %s \"%s\"\n", what, which);
    abort();
}

static uint64_t bit_of(const char *id, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(coast_situations); i++) {
        const char *known = coast_situations[i].id;
        if (strlen(known) == len && memcmp(known, id, len) == 0) {
            return UINT64_C(1) << i;
        }
    }
    stop("no such situation in", id);
}

uint64_t tiny_set(const char *ids)
{
    uint64_t set = 0;
    while (ids && *ids) {
        size_t len = strcspn(ids, " ");
        set |= len > 0 ? bit_of(ids, len) : 0;
        ids += len + (ids[len] != '\0');
    }
    return set;
}

uint32_t tiny_word(const struct reading *reading, const char *letters)
{
    for (uint32_t i = 0; i < reading->tokens.count; i++) {
        if (strcmp(reading->tokens.items[i].letters, letters) == 0) {
            return i;
        }
    }
    stop("the text has no word", letters);
}

void tiny_write(struct tiny_file *file, const char *name, const void *bytes, size_t len)
{
    if (file->folder[0] == '\0') {
        memcpy(file->folder, "/tmp/whether-test-XXXXXX", sizeof("/tmp/whether-test-XXXXXX"));
        if (!mkdtemp(file->folder)) {
            stop("cannot make", file->folder);
        }
    }
    snprintf(file->path, sizeof(file->path), "%s/%s", file->folder, name);
    FILE *out = fopen(file->path, "wb");
    if (!out || fwrite(bytes, 1, len, out) != len || fclose(out) != 0) {
        stop("cannot write", file->path);
    }
}

void tiny_unlink(const struct tiny_file *file)
{
    if (unlink(file->path) != 0 || rmdir(file->folder) != 0) {
        stop("cannot remove", file->path);
    }
}

void tiny_vector(struct tiny_vectors *ret, const char *word, uint16_t rank, int8_t x, int8_t y)
{
    uint32_t at = 16 + ret->table.count++ * TINY_VECTOR_SIZE;
    uint64_t hash = hash_bytes(word, strlen(word));
    float scale = 1 / 127.0f;
    ret->table.dims = TINY_DIMS;
    ret->table.mask = ARRAY_LEN(ret->index) - 1;
    ret->table.index = ret->index;
    ret->table.file.bytes = ret->bytes;
    memcpy(ret->bytes + at, &hash, sizeof(hash));
    memcpy(ret->bytes + at + 8, &rank, sizeof(rank));
    memcpy(ret->bytes + at + 12, &scale, sizeof(scale));
    ret->bytes[at + 16] = (char)x;
    ret->bytes[at + 17] = (char)y;
    size_t place = hash_place(hash, ret->table.mask);
    while (ret->index[place]) {
        place = (place + 1) & ret->table.mask;
    }
    ret->index[place] = vectors_mark(ret->table.count, hash);
}
