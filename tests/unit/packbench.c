#include "tests/unit/packbench.h"

#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "knowledge/load.h"

/* Meson says where the sources are; by hand, run it from the repository's root. */
#ifndef WHETHER_SOURCE
#define WHETHER_SOURCE "."
#endif

const char *packs_path(const char *name)
{
    static char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/tests/unit/packs/%s", WHETHER_SOURCE, name);
    return path;
}

void read_whole(struct buf *buf, const char *path)
{
    struct error err = {0};
    buf_init(buf, 8 * 1024 * 1024);
    if (!buf_read_file(buf, path, &err)) {
        fail_msg("%s", err.text);
    }
}

struct knowledge *load_good(const char *path)
{
    struct fault_list faults = {0};
    struct knowledge *knowledge = NULL;
    if (!knowledge_load(&path, 1, &knowledge, &faults)) {
        fail_msg("%s:%d: %s", faults.items[0].file, faults.items[0].line, faults.items[0].text);
    }
    assert_int_equal(faults.count, 0);
    return knowledge;
}

char *make_folder(void)
{
    static char folder[64];
    memcpy(folder, "/tmp/test-load-XXXXXX", sizeof("/tmp/test-load-XXXXXX"));
    assert_non_null(mkdtemp(folder));
    return folder;
}

void write_file(const char *folder, const char *name, const char *text, size_t len)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

void remove_file(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
}
