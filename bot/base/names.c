#include "bot/base/names.h"

#include <assert.h>
#include <string.h>

#include "bot/base/hash.h"
#include "bot/base/mem.h"

enum { CAP_AT_FIRST = 16 };

/* Open addressing, the next place where one is taken. item NULL: a free place. */
struct names_slot {
    const char *name;
    uint64_t hash;
    void *item;
};

void names_finish(struct names *names)
{
    mem_free(names->slots);
    *names = (struct names){0};
}

static uint64_t hash_of(const char *name)
{
    return hash_bytes(name, strlen(name));
}

/* Where the name is, or the free place where it would be. */
static struct names_slot *find(const struct names *names, const char *name, uint64_t hash)
{
    size_t mask = names->cap - 1, at = hash_place(hash, mask);
    while (names->slots[at].item != NULL &&
           (names->slots[at].hash != hash || strcmp(names->slots[at].name, name) != 0)) {
        at = (at + 1) & mask;
    }
    return &names->slots[at];
}

void *names_get(const struct names *names, const char *name)
{
    return names->cap == 0 ? NULL : find(names, name, hash_of(name))->item;
}

static void grow(struct names *names)
{
    struct names old = *names;
    names->cap = old.cap == 0 ? CAP_AT_FIRST : 2 * old.cap;
    names->slots = mem_alloc(names->cap * sizeof(*names->slots));
    for (size_t i = 0; i < old.cap; i++) {
        if (old.slots[i].item != NULL) {
            *find(names, old.slots[i].name, old.slots[i].hash) = old.slots[i];
        }
    }
    mem_free(old.slots);
}

void names_put(struct names *names, const char *name, void *item)
{
    assert(item != NULL);
    if (2 * (names->count + 1) > names->cap) {
        grow(names);
    }
    struct names_slot *slot = find(names, name, hash_of(name));
    assert(slot->item == NULL);
    *slot = (struct names_slot){name, hash_of(name), item};
    names->count++;
}

/*
 * Whoever stands behind the gap moves up, unless that is before his own place (Knuth, TAOCP 6.4).
 */
static void close_gap(struct names *names, size_t gap)
{
    size_t mask = names->cap - 1;
    for (size_t at = (gap + 1) & mask; names->slots[at].item != NULL; at = (at + 1) & mask) {
        size_t home = hash_place(names->slots[at].hash, mask);
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            names->slots[gap] = names->slots[at];
            gap = at;
        }
    }
    names->slots[gap] = (struct names_slot){0};
}

void names_remove(struct names *names, const char *name)
{
    struct names_slot *slot = names->cap == 0 ? NULL : find(names, name, hash_of(name));
    if (slot != NULL && slot->item != NULL) {
        names->count--;
        close_gap(names, (size_t)(slot - names->slots));
    }
}
