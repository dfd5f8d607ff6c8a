#include "bot/host/store_redis_index.h"

#include <string.h>

#include "bot/base/hash.h"
#include "bot/base/mem.h"

enum { FIRST_PLACES = 64 };

void redis_index_init(struct redis_index *ret)
{
    *ret = (struct redis_index){.mask = FIRST_PLACES - 1};
    ret->items = mem_alloc(FIRST_PLACES * sizeof(*ret->items));
}

void redis_index_finish(struct redis_index *index)
{
    for (size_t i = 0; i < index->place_count; i++) {
        mem_free(index->places[i]->name);
        mem_free(index->places[i]->heap);
        mem_free(index->places[i]);
    }
    mem_free(index->places);
    mem_free(index->items);
    *index = (struct redis_index){0};
}

static void changed(struct redis_index *index, struct redis_place *place)
{
    if (!place->changed) {
        place->changed = true;
        place->next_changed = index->changed;
        index->changed = place;
    }
}

struct redis_place *redis_index_changed(struct redis_index *index)
{
    struct redis_place *place = index->changed;
    if (place != NULL) {
        index->changed = place->next_changed;
        place->changed = false;
    }
    return place;
}

/* ---- by id ---- */

static size_t home(const struct redis_index *index, int64_t id)
{
    return hash_place((uint64_t)id, index->mask);
}

static size_t find(const struct redis_index *index, int64_t id)
{
    size_t i = home(index, id);
    while (index->items[i].id != 0 && index->items[i].id != id) {
        i = (i + 1) & index->mask;
    }
    return i;
}

const struct redis_item *redis_index_find(const struct redis_index *index, int64_t id)
{
    const struct redis_item *item = &index->items[find(index, id)];
    return item->id == 0 ? NULL : item;
}

static void grow(struct redis_index *index)
{
    struct redis_item *old = index->items;
    size_t places = index->mask + 1;
    index->mask = 2 * places - 1;
    index->items = mem_alloc(2 * places * sizeof(*index->items));
    for (size_t i = 0; i < places; i++) {
        if (old[i].id != 0) {
            index->items[find(index, old[i].id)] = old[i];
        }
    }
    mem_free(old);
}

/* Whoever stands behind the gap and could not reach its own place because of it moves up. */
void redis_index_remove(struct redis_index *index, int64_t id)
{
    size_t gap = find(index, id);
    if (index->items[gap].id == 0) {
        return;
    }
    changed(index, index->items[gap].place);
    for (size_t i = (gap + 1) & index->mask; index->items[i].id != 0; i = (i + 1) & index->mask) {
        size_t wanted = home(index, index->items[i].id);
        if (((i - wanted) & index->mask) >= ((i - gap) & index->mask)) {
            index->items[gap] = index->items[i];
            gap = i;
        }
    }
    index->items[gap] = (struct redis_item){0};
    index->count--;
}

void redis_index_clear(struct redis_index *index, const struct redis_place *place)
{
    for (size_t i = 0; i <= index->mask;) {
        const struct redis_item *item = &index->items[i];
        if (item->id != 0 && (place == NULL || item->place == place)) {
            redis_index_remove(index, item->id); /* another may stand here now */
        } else {
            i++;
        }
    }
    for (size_t i = 0; i < index->place_count; i++) {
        if (place == NULL || index->places[i] == place) {
            index->places[i]->count = 0; /* else it would grow with each time it is learned anew */
        }
    }
}

size_t redis_index_walk(const struct redis_index *index, size_t *at, int64_t *ret, size_t most)
{
    size_t count = 0;
    for (; *at <= index->mask && count < most; ++*at) {
        if (index->items[*at].id != 0) {
            ret[count++] = index->items[*at].id;
        }
    }
    return count;
}

/* ---- by time ---- */

static bool before(const struct redis_due *a, const struct redis_due *b)
{
    return a->next_ms < b->next_ms || (a->next_ms == b->next_ms && a->id < b->id);
}

static void swap(struct redis_due *a, struct redis_due *b)
{
    struct redis_due kept = *a;
    *a = *b;
    *b = kept;
}

static void push(struct redis_place *place, struct redis_due due)
{
    if (place->count == place->cap) {
        place->cap = place->cap == 0 ? 16 : place->cap * 2;
        place->heap = mem_grow(place->heap, place->cap, sizeof(*place->heap));
    }
    size_t i = place->count++;
    place->heap[i] = due;
    for (; i > 0 && before(&place->heap[i], &place->heap[(i - 1) / 2]); i = (i - 1) / 2) {
        swap(&place->heap[i], &place->heap[(i - 1) / 2]);
    }
}

static void pop(struct redis_place *place)
{
    struct redis_due *heap = place->heap;
    heap[0] = heap[--place->count];
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < place->count; child++) {
            least = before(&heap[child], &heap[least]) ? child : least;
        }
        if (least == i) {
            return;
        }
        swap(&heap[i], &heap[least]);
        i = least;
    }
}

/* The first that still holds, NULL for none; drops those before it that do not. */
static const struct redis_item *first(struct redis_index *index, struct redis_place *place)
{
    while (place->count > 0) {
        const struct redis_item *item = redis_index_find(index, place->heap[0].id);
        if (item != NULL && !item->under_way && item->next_ms == place->heap[0].next_ms) {
            return item;
        }
        pop(place);
    }
    return NULL;
}

size_t redis_index_due(struct redis_index *index, struct redis_place *place, int64_t now_ms,
                       struct redis_item *ret, size_t most)
{
    size_t count = 0;
    const struct redis_item *item;
    while (count < most && (item = first(index, place)) != NULL && item->next_ms <= now_ms) {
        if (count == 0 || ret[count - 1].id != item->id) { /* else it was put in twice */
            ret[count++] = *item;
        }
        pop(place);
    }
    for (size_t i = 0; i < count; i++) {
        push(place, (struct redis_due){ret[i].next_ms, ret[i].id});
    }
    return count;
}

int64_t redis_index_next(struct redis_index *index, struct redis_place *place)
{
    const struct redis_item *item = first(index, place);
    return item == NULL ? INT64_MAX : item->next_ms;
}

void redis_index_put(struct redis_index *index, const struct redis_item *item)
{
    if (2 * (index->count + 1) > index->mask) {
        grow(index);
    }
    size_t i = find(index, item->id);
    index->count += index->items[i].id == 0;
    index->items[i] = *item;
    changed(index, item->place);
    if (!item->under_way) {
        push(item->place, (struct redis_due){item->next_ms, item->id});
    }
}

void redis_index_hurry(struct redis_index *index, int64_t now_ms, int64_t latest_ms)
{
    for (size_t i = 0; i <= index->mask; i++) {
        struct redis_item *item = &index->items[i];
        if (item->id != 0 && !item->under_way && item->next_ms > latest_ms) {
            item->next_ms = now_ms;
            changed(index, item->place);
            push(item->place, (struct redis_due){now_ms, item->id});
        }
    }
}

/* ---- adapters ---- */

/* The first whose name is not before this one. */
static size_t place_at(const struct redis_index *index, const char *name)
{
    size_t first = 0, end = index->place_count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (strcmp(index->places[middle]->name, name) < 0) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first;
}

static bool is_at(const struct redis_index *index, size_t i, const char *name)
{
    return i < index->place_count && strcmp(index->places[i]->name, name) == 0;
}

struct redis_place *redis_index_known(const struct redis_index *index, const char *name)
{
    size_t i = place_at(index, name);
    return is_at(index, i, name) ? index->places[i] : NULL;
}

struct redis_place *redis_index_place(struct redis_index *index, const char *name)
{
    size_t i = place_at(index, name);
    if (is_at(index, i, name)) {
        return index->places[i];
    }
    struct redis_place *place = mem_alloc(sizeof(*place));
    place->name = mem_strdup(name);
    if (index->place_count == index->place_cap) {
        index->place_cap = index->place_cap == 0 ? 16 : index->place_cap * 2;
        index->places = mem_grow(index->places, index->place_cap, sizeof(struct redis_place *));
    }
    memmove(&index->places[i + 1], &index->places[i],
            (index->place_count - i) * sizeof(struct redis_place *));
    index->places[i] = place;
    index->place_count++;
    return place;
}
