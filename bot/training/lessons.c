#include "bot/training/lessons.h"

#include "bot/base/mem.h"

static void *room(void *items, size_t count, size_t *cap, size_t size)
{
    if (count <= *cap) {
        return items;
    }
    *cap = count * 2;
    return mem_grow(items, *cap, size);
}

struct lesson *lessons_begin(struct lessons *l)
{
    l->items = room(l->items, l->count + 1, &l->cap, sizeof(*l->items));
    struct lesson *lesson = &l->items[l->count++];
    *lesson = (struct lesson){.first_unit = (uint32_t)l->unit_count,
                              .first_word = (uint32_t)l->word_count};
    return lesson;
}

uint32_t lessons_add_words(struct lessons *l, const struct feature_source *source, uint32_t count)
{
    size_t first = l->word_count;
    l->words = room(l->words, first + count, &l->word_cap, sizeof(*l->words));
    if (count > 0) {
        net_look(l->words + first, source, 0, count - 1);
    }
    l->word_count += count;
    l->items[l->count - 1].word_count += count;
    return (uint32_t)first;
}

void lessons_add_unit(struct lessons *l, struct lesson_unit unit)
{
    l->units = room(l->units, l->unit_count + 1, &l->unit_cap, sizeof(*l->units));
    l->units[l->unit_count++] = unit;
    l->items[l->count - 1].unit_count++;
}

void lessons_finish(struct lessons *l)
{
    mem_free(l->words);
    mem_free(l->units);
    mem_free(l->items);
    *l = (struct lessons){0};
}
