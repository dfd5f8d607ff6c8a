#include "knowledge/trust.h"

#include "bot/base/mem.h"
#include "knowledge/bytes.h"

enum { ENTRY_SIZE = 5 };

bool trust_take(struct bytes *bytes, struct trust *ret)
{
    uint32_t count = bytes_u32(bytes);
    if (bytes->bad || count > (bytes->size - bytes->at) / ENTRY_SIZE) {
        return false;
    }
    struct trust trust = {.entries = mem_alloc(((size_t)count + 1) * sizeof(*trust.entries)),
                          .count = count};
    for (uint32_t i = 0; i < count && !bytes->bad; i++) {
        uint32_t hash = bytes_u32(bytes);
        const unsigned char *value = bytes_take(bytes, 1);
        bool ascends = i == 0 || hash > trust.entries[i - 1].hash;
        if (!value || !ascends) {
            bytes->bad = true;
            break;
        }
        trust.entries[i] = (struct trust_entry){hash, *value};
    }
    if (bytes->bad) {
        trust_finish(&trust);
        return false;
    }
    *ret = trust;
    return true;
}

void trust_finish(struct trust *trust)
{
    mem_free(trust->entries);
    *trust = (struct trust){0};
}

int trust_find(const struct trust *trust, uint32_t hash)
{
    uint32_t from = 0, to = trust->count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (trust->entries[middle].hash < hash) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from < trust->count && trust->entries[from].hash == hash ? trust->entries[from].trust
                                                                    : -1;
}
