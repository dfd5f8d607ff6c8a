#include "tests/simulate/agenda.h"

#include "bot/base/mem.h"

static bool before(const struct happening *a, const struct happening *b)
{
    return a->at_s < b->at_s || (a->at_s <= b->at_s && a->number < b->number);
}

void agenda_add(struct agenda *agenda, struct happening happening)
{
    if (agenda->count == agenda->cap) {
        agenda->cap = agenda->cap == 0 ? 64 : agenda->cap * 2;
        agenda->heap = mem_grow(agenda->heap, agenda->cap, sizeof(*agenda->heap));
    }
    happening.number = agenda->added++;
    size_t at = agenda->count++;
    while (at > 0 && before(&happening, &agenda->heap[(at - 1) / 2])) {
        agenda->heap[at] = agenda->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    agenda->heap[at] = happening;
}

bool agenda_next(struct agenda *agenda, struct happening *ret)
{
    if (agenda->count == 0) {
        return false;
    }
    *ret = agenda->heap[0];
    struct happening last = agenda->heap[--agenda->count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < agenda->count; at = child) {
        if (child + 1 < agenda->count && before(&agenda->heap[child + 1], &agenda->heap[child])) {
            child++;
        }
        if (!before(&agenda->heap[child], &last)) {
            break;
        }
        agenda->heap[at] = agenda->heap[child];
    }
    if (agenda->count > 0) {
        agenda->heap[at] = last;
    }
    return true;
}

void agenda_finish(struct agenda *agenda)
{
    mem_free(agenda->heap);
    *agenda = (struct agenda){0};
}
