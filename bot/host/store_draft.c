#include "bot/host/store_draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/file.h"
#include "bot/base/folder.h"
#include "bot/base/mem.h"
#include "bot/host/store_sqlite.h"

static const char middle[] = ".new.", chosen[] = "XXXXXX"; /* of mkstemp(3) */

enum { ENDING_LEN = sizeof(middle) - 1 + sizeof(chosen) - 1, ATTEMPTS = 100 };

bool draft_name(const char *target, char *ret, size_t cap)
{
    int len = snprintf(ret, cap, "%s%s%s", target, middle, chosen);
    return len > 0 && (size_t)len < cap;
}

static bool leads_to(const char *path, int fd)
{
    struct stat named, open;
    return lstat(path, &named) == 0 && fstat(fd, &open) == 0 && named.st_dev == open.st_dev &&
           named.st_ino == open.st_ino;
}

/* Where nothing can be locked, nobody else can, and so nobody clears. */
static void hold(int fd)
{
    while (flock(fd, LOCK_EX) != 0 && errno == EINTR) {
    }
}

int draft_make(char *path, struct error *err)
{
    char *end = path + strlen(path) - (sizeof(chosen) - 1);
    for (int i = 0; i < ATTEMPTS; i++) {
        memcpy(end, chosen, sizeof(chosen) - 1);
        int fd = mkstemp(path);
        if (fd < 0) {
            error_errno(err, errno, "cannot be written");
            return -1;
        }
        hold(fd);
        /* Until then it could be taken for one that was left behind. */
        if (leads_to(path, fd)) {
            return fd;
        }
        close(fd);
    }
    error_set(err, ERROR_ENVIRONMENT, "cannot be written: somebody removes it");
    return -1;
}

void draft_remove(const char *path)
{
    /* Itself last: the others are found by it. */
    static const char *const endings[] = {"-wal", "-shm", "-journal", ""};
    char beside[STORE_PATH_LEN];
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        int len = snprintf(beside, sizeof(beside), "%s%s", path, endings[i]);
        if (len > 0 && (size_t)len < sizeof(beside)) {
            unlink(beside);
        }
    }
}

/* ---- those that were left behind ---- */

static bool is_draft_name(const char *name)
{
    size_t len = strlen(name);
    return len > ENDING_LEN && memcmp(name + len - ENDING_LEN, middle, sizeof(middle) - 1) == 0 &&
           strspn(name + len - (sizeof(chosen) - 1),
                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
               sizeof(chosen) - 1;
}

/* The first page is written last: until then its place is empty. */
static bool is_draft(int fd)
{
    static const unsigned char none[STORE_HEAD_LEN];
    unsigned char head[STORE_HEAD_LEN] = {0};
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 07777) == 0600 &&
           pread(fd, head, sizeof(head), 0) >= 0 &&
           (memcmp(head, none, sizeof(head)) == 0 || store_is_head(head));
}

static void clear(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return;
    }
    if (is_draft(fd) && flock(fd, LOCK_EX | LOCK_NB) == 0 && leads_to(path, fd)) {
        draft_remove(path);
    }
    close(fd);
}

static const char *name_in(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

void draft_clear(const char *target)
{
    char folder[STORE_PATH_LEN];
    struct folder_files drafts = {0};
    const char *name = name_in(target);
    if (file_folder(target, folder, sizeof(folder)) &&
        folder_list(folder, is_draft_name, &drafts, NULL)) {
        for (size_t i = 0; i < drafts.count; i++) {
            const char *draft = name_in(drafts.items[i]);
            if (strlen(draft) == strlen(name) + ENDING_LEN &&
                memcmp(draft, name, strlen(name)) == 0) {
                clear(drafts.items[i]);
            }
        }
    }
    folder_files_finish(&drafts);
}
