#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "tests/fuzz/fuzz.h"

/* Replays seeds and old findings as an ordinary test: usage: fuzz-NAME FILE-OR-FOLDER... */

enum { SEED_MAX = 4 << 20, PATH_MAX_HERE = 4096 };

static bool replay_file(const char *path)
{
    struct error err = {0};
    struct buf seed;
    buf_init(&seed, SEED_MAX);
    bool read = buf_read_file(&seed, path, &err);
    if (read) {
        /* A block of exactly this size, so that reading one byte too far is seen. */
        uint8_t *exact = malloc(seed.len ? seed.len : 1);
        if (exact) {
            memcpy(exact, seed.len ? seed.data : "", seed.len);
            LLVMFuzzerTestOneInput(exact, seed.len);
        }
        free(exact);
    } else {
        fprintf(stderr, "%s\n", err.text);
    }
    buf_finish(&seed);
    return read;
}

/* The number of seeds replayed, -1 when one could not be read. */
static int replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) {
        perror(path);
        return -1;
    }
    int count = 0;
    for (const struct dirent *entry; count >= 0 && (entry = readdir(folder));) {
        char file[PATH_MAX_HERE];
        if (entry->d_name[0] == '.') {
            continue;
        }
        int len = snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        count = len > 0 && (size_t)len < sizeof(file) && replay_file(file) ? count + 1 : -1;
    }
    closedir(folder);
    return count;
}

static int replay(const char *path)
{
    struct stat found;
    if (stat(path, &found) == 0 && S_ISDIR(found.st_mode)) {
        return replay_folder(path);
    }
    return replay_file(path) ? 1 : -1;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int count = replay(argv[i]);
        if (count < 0) {
            return EXIT_FAILURE;
        }
        total += count;
    }
    printf("%d seeds replayed\n", total);
    return total > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
