#include "bot/reader/trust.h"

#include <string.h>

#include "bot/base/hash.h"
#include "bot/reader/feature.h"
#include "bot/reader/token.h"
#include "knowledge/model.h"
#include "knowledge/pack.h"

static uint64_t id_of(const struct pack *pack, int situation)
{
    const char *id = pack->situations[situation].id;
    return hash_bytes(id, strlen(id));
}

uint32_t trust_situation_hash(const struct pack *pack, int situation)
{
    return feature_hash('T', id_of(pack, situation), 0);
}

uint32_t trust_phrase_hash(const struct pack *pack, int situation, const struct tokens *tokens,
                           uint32_t first, uint32_t last)
{
    uint64_t words = 0;
    for (uint32_t i = first; i <= last; i++) {
        const uint64_t both[] = {words, tokens->items[i].stem};
        words = hash_bytes((const char *)both, sizeof(both));
    }
    return feature_hash('T', id_of(pack, situation), words);
}

float trust_of(const struct pack *pack, int situation, const struct tokens *tokens, uint32_t first,
               uint32_t last)
{
    if (!pack->model || pack->model->trust.count == 0) {
        return 1;
    }
    const struct trust *trust = &pack->model->trust;
    int found = trust_find(trust, trust_phrase_hash(pack, situation, tokens, first, last));
    if (found < 0) {
        found = trust_find(trust, trust_situation_hash(pack, situation));
    }
    return found < 0 ? 1 : (float)found / TRUST_FULL;
}
