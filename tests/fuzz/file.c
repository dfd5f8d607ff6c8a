#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

enum { FOLDER_MAX = 4000 };

static char folder[FOLDER_MAX];
static char path[FOLDER_MAX + 64];

static void remove_file(void)
{
    unlink(path);
    rmdir(folder);
}

static void make_folder(void)
{
    const char *tmp = getenv("TMPDIR");
    int len = snprintf(folder, sizeof(folder), "%s/whether-fuzz-XXXXXX", tmp ? tmp : "/tmp");
    REQUIRE(len > 0 && (size_t)len < sizeof(folder));
    REQUIRE(mkdtemp(folder) != NULL);
    atexit(remove_file);
}

/* The one file of the folder: that of the call before goes away. */
static void choose_path(const char *name)
{
    unlink(path);
    int len = snprintf(path, sizeof(path), "%s/%s", folder, name);
    REQUIRE(len > 0 && (size_t)len < sizeof(path));
}

const char *fuzz_file(const char *name, const uint8_t *data, size_t size)
{
    if (!folder[0]) {
        make_folder();
    }
    choose_path(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    REQUIRE(fd >= 0);
    for (size_t done = 0; done < size;) {
        ssize_t wrote = write(fd, data + done, size - done);
        REQUIRE(wrote > 0);
        done += (size_t)wrote;
    }
    close(fd);
    return path;
}
