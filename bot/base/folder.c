#include "bot/base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"

bool folder_is(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

void folder_files_add(struct folder_files *files, char *path)
{
    if (files->count == files->cap) {
        files->cap = files->cap == 0 ? 16 : files->cap * 2;
        files->items = mem_grow(files->items, files->cap, sizeof(*files->items));
    }
    files->items[files->count++] = path;
}

void folder_files_finish(struct folder_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        mem_free(files->items[i]);
    }
    mem_free(files->items);
    *files = (struct folder_files){0};
}

bool folder_name_ends(const char *name, const char *ending)
{
    size_t len = strlen(name), ending_len = strlen(ending);
    return len > ending_len && strcmp(name + len - ending_len, ending) == 0;
}

static char *join_path(const char *folder, const char *name)
{
    size_t len = strlen(folder), name_len = strlen(name);
    while (len > 1 && folder[len - 1] == '/') {
        len--;
    }
    bool is_root = len == 1 && folder[0] == '/';
    char *path = mem_alloc(len + 1 + name_len + 1);
    memcpy(path, folder, len);
    path[len] = '/';
    memcpy(path + len + !is_root, name, name_len + 1);
    return path;
}

static int compare_paths(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static bool read_names(DIR *folder, const char *path, folder_wants *wants, struct folder_files *ret,
                       struct error *err)
{
    errno = 0;
    for (size_t seen = 0; seen < FOLDER_MAX; seen++) {
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            return errno == 0 || error_errno(err, errno, "cannot be read");
        }
        if (wants(entry->d_name)) {
            folder_files_add(ret, join_path(path, entry->d_name));
        }
        errno = 0;
    }
    return error_set(err, ERROR_INPUT, "holds more than %d files; is this the right folder?",
                     FOLDER_MAX);
}

bool folder_list(const char *path, folder_wants *wants, struct folder_files *ret, struct error *err)
{
    DIR *folder = opendir(path);
    *ret = (struct folder_files){0};
    if (folder == NULL) {
        return error_errno(err, errno, "cannot be opened");
    }
    bool fine = read_names(folder, path, wants, ret, err);
    closedir(folder);
    if (ret->count > 0) {
        qsort(ret->items, ret->count, sizeof(*ret->items), compare_paths);
    }
    return fine;
}
