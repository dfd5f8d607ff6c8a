#include "bot/base/vault.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "bot/base/mem.h"

/* A region fits into what containers let a process lock (64 KiB) with several more beside it. */
enum { REGION = 16 * 1024, GRAIN = 64, GRAINS = REGION / GRAIN };
static_assert((int)VAULT_LEN_MAX < (int)REGION, "the longest text fits into a region");

struct region {
    struct region *next;
    char *pages;
    uint16_t taken[GRAINS]; /* at a text's first grain: how many it has; at all others 0 */
};

static struct region *regions;

static struct region *add_region(void)
{
    struct region *region = mem_alloc(sizeof(*region));
    void *pages = mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    region->pages = mem_need(pages == MAP_FAILED ? NULL : pages);
    madvise(pages, REGION, MADV_DONTDUMP);
    mlock(pages, REGION);
    region->next = regions;
    regions = region;
    return region;
}

/* NULL: there are not as many grains in a row. */
static char *place(struct region *region, size_t grains)
{
    for (size_t first = 0, at = 0; at < GRAINS;) {
        if (region->taken[at] != 0) {
            first = at += region->taken[at];
        } else if (++at - first == grains) {
            region->taken[first] = (uint16_t)grains;
            return region->pages + first * GRAIN;
        }
    }
    return NULL;
}

char *vault_strndup(const char *text, size_t len)
{
    size_t grains = len / GRAIN + 1;
    char *copy = NULL;
    assert(len <= VAULT_LEN_MAX);
    for (struct region *region = regions; copy == NULL && region != NULL; region = region->next) {
        copy = place(region, grains);
    }
    if (copy == NULL) {
        copy = place(add_region(), grains);
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

void vault_free(char *text)
{
    if (text == NULL) {
        return;
    }
    struct region *region = regions;
    while ((uintptr_t)text - (uintptr_t)region->pages >= REGION) {
        region = region->next;
    }
    size_t first = (size_t)(text - region->pages) / GRAIN;
    mem_wipe(text, region->taken[first] * (size_t)GRAIN);
    region->taken[first] = 0;
}
