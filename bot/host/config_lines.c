#include "bot/base/mem.h"
#include "bot/host/config_inside.h"

void config_lines_finish(struct config_lines *lines)
{
    for (size_t s = 0; s < CONFIG_SECTION_COUNT; s++) {
        struct config_instances *instances = &lines->sections[s];
        for (size_t i = 0; i < instances->count; i++) {
            mem_free(instances->items[i]);
        }
        mem_free(instances->items);
        names_finish(&instances->by_label);
    }
}

struct config_place *config_lines_find(const struct config_lines *lines, size_t section,
                                       const char *label)
{
    return names_get(&lines->sections[section].by_label, label);
}

struct config_place *config_lines_add(struct config_lines *lines, size_t section, const char *label)
{
    struct config_instances *instances = &lines->sections[section];
    size_t section_count, row_count;
    config_rows_of(config_sections(&section_count)[section].name, &row_count);
    struct config_place *place = mem_alloc(sizeof(*place) + row_count * sizeof(place->rows[0]));
    place->instance = instances->count;
    if (instances->count == instances->cap) {
        instances->cap = instances->cap == 0 ? 1 : 2 * instances->cap;
        instances->items = mem_grow(instances->items, instances->cap, sizeof(*instances->items));
    }
    instances->items[instances->count++] = place;
    names_put(&instances->by_label, label, place);
    return place;
}

struct config_mark *config_lines_row(struct config_place *place, const struct config_row *row)
{
    size_t count;
    return &place->rows[row - config_rows_of(row->section, &count)];
}
