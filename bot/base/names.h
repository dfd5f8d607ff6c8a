#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Things by name: a hash table from texts to pointers, for what there may be thousands of
 * (sections, adapters, routes, counters). Finding, adding and removing take the same time however
 * many there are. Owns neither: a name must live, unchanged, for as long as it is in here, which is
 * easiest where it is part of the thing. A zeroed one is empty.
 */
struct names {
    struct names_slot *slots; /* owned */
    size_t count, cap;        /* cap: a power of two, or 0 */
};

void names_finish(struct names *names);

/* NULL: there is none of that name. */
void *names_get(const struct names *names, const char *name);

/* The name must not be in it yet; item must not be NULL. */
void names_put(struct names *names, const char *name, void *item);

/* One that is not in it is fine. */
void names_remove(struct names *names, const char *name);
