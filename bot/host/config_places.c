#include "bot/host/config_places.h"

#include <sys/stat.h>

#include "bot/host/config_inside.h"
#include "bot/host/confine.h"

/* Packs are program_places()'s, which knows the usual ones, too. */
static void add_value(const void *field, const struct config_row *row,
                      struct confine_places *places)
{
    const struct secret_source *secret = field;
    const char *file = NULL;
    if (row->type == CONFIG_SECRET) {
        file = secret->file;
    } else if (row->type == CONFIG_FILE) {
        file = *(char *const *)field;
    }
    if (file != NULL && file[0] != '\0') {
        confine_add_file(places, file, false);
    }
}

static void add_section(const struct config *config, const struct config_section *section,
                        struct confine_places *places)
{
    size_t row_count;
    const struct config_row *rows = config_rows_of(section->name, &row_count);
    for (size_t i = 0; i < config_count(config, section); i++) {
        const char *item = config_item(config, section, i);
        for (size_t r = 0; r < row_count; r++) {
            add_value(item + rows[r].field, &rows[r], places);
        }
    }
}

void config_places(const struct config *config, struct confine_places *places)
{
    size_t count;
    const struct config_section *sections = config_sections(&count);
    for (size_t i = 0; i < count; i++) {
        add_section(config, &sections[i], places);
    }
    if (config->include[0] != '\0') {
        confine_add_folder(places, config->include);
    }
    if (config->redis.url[0] == '\0') {
        confine_add_file(places, config->store, true);
    }
    if (config->records[0] != '\0') {
        (void)mkdir(config->records, 0777); /* whoever writes the first record says why not */
        confine_add(places, config->records, true);
    }
}
