#include "bot/host/memory.h"

#include <assert.h>
#include <string.h>

#include "bot/advisor/advisor.h"
#include "bot/base/hash.h"

enum { MEMORY_VERSION = 3 };

_Static_assert(28 + CONVERSATION_PROJECTS * (53 + PACK_SITUATIONS_MAX + ANCHORS_MAX * 5) <=
                   MEMORY_BYTES_MAX,
               "MEMORY_BYTES_MAX");

/* ---- fingerprints ---- */

static uint64_t mix(uint64_t hash, const char *id)
{
    const uint64_t both[] = {hash, hash_bytes(id, strlen(id))};
    return hash_bytes((const char *)both, sizeof(both));
}

static uint64_t fingerprint(const struct pack *pack)
{
    uint64_t hash = mix(pack->option_count, pack->id);
    for (size_t i = 0; i < pack->option_count; i++) {
        hash = mix(hash, pack->options[i].id);
    }
    for (size_t i = 0; i < pack->situation_count; i++) {
        hash = mix(hash, pack->situations[i].id);
    }
    return hash;
}

void memory_init(struct memory *ret, const struct knowledge *knowledge)
{
    ret->count = knowledge->count;
    for (size_t i = 0; i < knowledge->count; i++) {
        ret->packs[i] = fingerprint(knowledge->packs[i]);
    }
}

/* ---- one walk over the fields, for both directions ---- */

struct bytes {
    unsigned char *to;         /* when writing */
    const unsigned char *from; /* when reading */
    size_t at, len;
    bool failed;
};

/* Little-endian, `size` bytes. */
static void number(struct bytes *bytes, uint64_t *value, size_t size)
{
    if (size > bytes->len - bytes->at) {
        bytes->failed = true;
        return;
    }
    uint64_t got = 0;
    for (size_t i = 0; i < size; i++) {
        if (bytes->to != NULL) {
            bytes->to[bytes->at + i] = (unsigned char)(*value >> (8 * i));
        } else {
            got |= (uint64_t)bytes->from[bytes->at + i] << (8 * i);
        }
    }
    *value = bytes->to != NULL ? *value : got;
    bytes->at += size;
}

static void byte(struct bytes *bytes, uint8_t *value)
{
    uint64_t wide = *value;
    number(bytes, &wide, 1);
    *value = (uint8_t)wide;
}

static void small(struct bytes *bytes, int16_t *value)
{
    uint64_t wide = (uint16_t)*value;
    number(bytes, &wide, 2);
    *value = (int16_t)(uint16_t)wide;
}

static size_t order_length(const struct project *project)
{
    size_t len = PACK_SITUATIONS_MAX;
    while (len > 0 && project->order[len - 1] == 0) {
        len--;
    }
    return len;
}

static void walk_anchors(struct bytes *bytes, struct project *project)
{
    /* As for all numbers of a conversation, nobody is trusted with them (mend_conversation()). */
    if (bytes->to != NULL) {
        project->anchor_count =
            project->anchor_count < ANCHORS_MAX ? project->anchor_count : ANCHORS_MAX;
        project->anchor_next %= ANCHORS_MAX;
    }
    byte(bytes, &project->anchor_count);
    byte(bytes, &project->anchor_next);
    if (project->anchor_count > ANCHORS_MAX || project->anchor_next >= ANCHORS_MAX) {
        bytes->failed = true;
        return;
    }
    for (size_t i = 0; i < project->anchor_count; i++) {
        uint64_t stem = project->anchors[i].stem, situation = project->anchors[i].situation;
        number(bytes, &stem, 4);
        number(bytes, &situation, 1);
        project->anchors[i] = (struct anchor){(uint32_t)stem, (uint32_t)situation};
    }
}

static void walk_project(struct bytes *bytes, struct project *project)
{
    struct facts *facts = &project->facts;
    uint64_t *const sets[] = {&facts->stated, &facts->denied, &facts->heavy,
                              &facts->light,  &facts->faint,  &project->supposed};
    uint8_t len = (uint8_t)order_length(project);
    byte(bytes, &project->used);
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        number(bytes, sets[i], 8);
    }
    byte(bytes, &len);
    if (len > PACK_SITUATIONS_MAX) {
        bytes->failed = true;
        return;
    }
    for (size_t i = 0; i < len; i++) {
        byte(bytes, &project->order[i]);
    }
    walk_anchors(bytes, project);
}

static bool in_use(const struct project *project)
{
    static const struct project empty;
    return memcmp(project, &empty, sizeof(empty)) != 0;
}

/* Projects that were never begun take one bit. */
static void walk_projects(struct bytes *bytes, struct conversation *conversation)
{
    uint8_t used = 0;
    for (size_t i = 0; i < CONVERSATION_PROJECTS; i++) {
        used |= (uint8_t)(in_use(&conversation->projects[i]) << i);
    }
    byte(bytes, &used);
    if (used >> CONVERSATION_PROJECTS != 0) {
        bytes->failed = true;
        return;
    }
    for (size_t i = 0; i < CONVERSATION_PROJECTS && !bytes->failed; i++) {
        if (used >> i & 1) {
            walk_project(bytes, &conversation->projects[i]);
        }
    }
}

static void walk(struct bytes *bytes, uint64_t *pack, struct conversation *conversation)
{
    uint8_t version = MEMORY_VERSION;
    uint64_t turns = conversation->turns;
    byte(bytes, &version);
    if (version != MEMORY_VERSION) {
        bytes->failed = true;
        return;
    }
    number(bytes, pack, 8);
    number(bytes, &turns, 4);
    conversation->turns = (uint32_t)turns;
    byte(bytes, &conversation->project);
    byte(bytes, &conversation->began);
    byte(bytes, &conversation->asked);
    byte(bytes, &conversation->last_kind);
    small(bytes, &conversation->told);
    byte(bytes, &conversation->told_kind);
    small(bytes, &conversation->asked_situation);
    walk_projects(bytes, conversation);
}

/* ---- the two directions ---- */

size_t memory_format(const struct memory *memory, const struct conversation *conversation,
                     unsigned char *ret)
{
    struct conversation copy = *conversation;
    struct bytes bytes = {.to = ret, .len = MEMORY_BYTES_MAX};
    bool named = copy.pack >= 0 && (size_t)copy.pack < memory->count;
    uint64_t pack = named ? memory->packs[copy.pack] : 0;
    walk(&bytes, &pack, &copy);
    assert(!bytes.failed);
    return bytes.at;
}

/* 0 stands for "none yet": hash_bytes() is never 0. */
static bool find_pack(const struct memory *memory, uint64_t fingerprint, int16_t *ret)
{
    *ret = -1;
    for (size_t i = 0; i < memory->count && fingerprint != 0; i++) {
        if (memory->packs[i] == fingerprint) {
            *ret = (int16_t)i;
        }
    }
    return fingerprint == 0 || *ret >= 0;
}

bool memory_parse(const struct memory *memory, const void *from, size_t len,
                  struct conversation *ret)
{
    struct bytes bytes = {.from = from, .len = len};
    uint64_t pack = 0;
    conversation_init(ret);
    walk(&bytes, &pack, ret);
    if (bytes.failed || bytes.at != len || !find_pack(memory, pack, &ret->pack)) {
        conversation_init(ret);
        return false;
    }
    return true;
}
