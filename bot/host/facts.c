#include "bot/host/facts.h"

#include <stdint.h>
#include <string.h>

#include "bot/advisor/advisor.h"
#include "knowledge/pack.h"

/* 0: the pack has no such situation. */
static uint64_t situation_bit(const struct pack *pack, const char *id, size_t len)
{
    for (size_t i = 0; i < pack->situation_count; i++) {
        const char *known = pack->situations[i].id;
        if (strlen(known) == len && memcmp(known, id, len) == 0) {
            return 1ull << i;
        }
    }
    return 0;
}

static uint64_t *set_of(struct assumed *assumed, char sign)
{
    return sign == '+'   ? &assumed->stated
           : sign == '!' ? &assumed->heavy
           : sign == '-' ? &assumed->denied
           : sign == '~' ? &assumed->unsaid
                         : NULL;
}

bool facts_parse(const struct pack *pack, const char *facts, struct assumed *ret)
{
    *ret = (struct assumed){0};
    for (const char *at = facts; pack != NULL && *at != '\0';) {
        size_t len = strcspn(at, " ");
        uint64_t *set = set_of(ret, *at);
        uint64_t bit = set == NULL ? 0 : situation_bit(pack, at + 1, len - 1);
        if (bit != 0) {
            ret->stated &= ~bit;
            ret->heavy &= ~bit;
            ret->denied &= ~bit;
            ret->unsaid &= ~bit;
            *set |= bit;
        }
        at += len + strspn(at + len, " ");
    }
    return (ret->stated | ret->heavy | ret->denied | ret->unsaid) != 0;
}
