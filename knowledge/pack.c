#include "knowledge/pack.h"

#include <string.h>

int pack_option_find(const struct pack *pack, const char *id)
{
    for (size_t i = 0; i < pack->option_count; i++) {
        if (pack->options[i].id != NULL && strcmp(pack->options[i].id, id) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int pack_situation_find(const struct pack *pack, const char *id)
{
    for (size_t i = 0; i < pack->situation_count; i++) {
        if (pack->situations[i].id != NULL && strcmp(pack->situations[i].id, id) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int knowledge_find(const struct knowledge *knowledge, const char *pack_id)
{
    for (size_t i = 0; i < knowledge->count; i++) {
        if (knowledge->packs[i]->id != NULL && strcmp(knowledge->packs[i]->id, pack_id) == 0) {
            return (int)i;
        }
    }
    return -1;
}
