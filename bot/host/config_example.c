#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "bot/host/config_inside.h"

static void put_help(struct buf *ret, const char *help)
{
    while (*help != '\0') {
        size_t len = strcspn(help, "\n");
        buf_printf(ret, "# %.*s\n", (int)len, help);
        help += len;
        help += *help == '\n';
    }
}

static void put_key(struct buf *ret, const struct config_row *row)
{
    const char *value = row->default_text != NULL ? row->default_text : row->sample;
    const char *const suffixes[] = {row->type == CONFIG_SECRET ? "_file" : "",
                                    row->type == CONFIG_SECRET ? "_env" : NULL};
    buf_putc(ret, '\n');
    put_help(ret, row->help);
    for (size_t i = 0; i < ARRAY_LEN(suffixes) && suffixes[i] != NULL; i++) {
        buf_printf(ret, "#%s%s =%s%s\n", row->key, suffixes[i], value[0] == '\0' ? "" : " ", value);
    }
}

static const char *shown_label(const struct config_section *section)
{
    return section->labels == LABELS_MUST ? " NAME" : "";
}

void config_example(struct buf *ret)
{
    size_t section_count, row_count;
    const struct config_section *sections = config_sections(&section_count);
    const struct config_row *rows = config_rows(&row_count);
    buf_puts(
        ret,
        "# Configuration of whether: use it with -c FILE. Every key is shown with its default.\n"
        "# This file is what `whether check --example` prints. Relative files are relative to "
        "it.\n"
        "# Secrets are never in here: KEY_file names a file that holds one (and that others may\n"
        "# not read), KEY_env an environment variable.\n");
    for (size_t s = 0; s < section_count; s++) {
        buf_putc(ret, '\n');
        put_help(ret, sections[s].help);
        buf_printf(ret, "%s[%s%s]\n", sections[s].needed ? "" : "#", sections[s].name,
                   shown_label(&sections[s]));
        for (size_t r = 0; r < row_count; r++) {
            if (strcmp(rows[r].section, sections[s].name) == 0) {
                put_key(ret, &rows[r]);
            }
        }
    }
}

/* One line of a table's cell: a line end is a blank there, a bar would end it. */
static void put_cell(struct buf *ret, const char *help)
{
    for (; *help != '\0'; help++) {
        if (*help == '|') {
            buf_putc(ret, '\\');
        }
        buf_putc(ret, *help == '\n' ? ' ' : *help);
    }
}

static void put_row(struct buf *ret, const struct config_section *section,
                    const struct config_row *row)
{
    buf_printf(ret, "| `[%s%s]` | ", section->name, shown_label(section));
    if (row->type == CONFIG_SECRET) {
        buf_printf(ret, "`%s_file`, `%s_env` | ", row->key, row->key);
    } else {
        buf_printf(ret, "`%s` | ", row->key);
    }
    if (row->default_text == NULL) {
        buf_puts(ret, "needed");
    } else if (row->default_text[0] != '\0') {
        buf_printf(ret, "`%s`", row->default_text);
    }
    buf_puts(ret, " | ");
    put_cell(ret, row->help);
    buf_puts(ret, " |\n");
}

void config_documentation(struct buf *ret)
{
    size_t section_count, row_count;
    const struct config_section *sections = config_sections(&section_count);
    const struct config_row *rows = config_rows(&row_count);
    buf_puts(ret, "| section | key | default | meaning |\n|---|---|---|---|\n");
    for (size_t s = 0; s < section_count; s++) {
        for (size_t r = 0; r < row_count; r++) {
            if (strcmp(rows[r].section, sections[s].name) == 0) {
                put_row(ret, &sections[s], &rows[r]);
            }
        }
    }
}
