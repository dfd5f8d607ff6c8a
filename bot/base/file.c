#include "bot/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/base/error.h"

static bool check_file(const struct stat *info, size_t max, struct error *err)
{
    if (S_ISDIR(info->st_mode)) {
        return error_set(err, ERROR_ENVIRONMENT, "is a directory, not a file");
    }
    if (!S_ISREG(info->st_mode)) {
        return error_set(err, ERROR_ENVIRONMENT, "is a device, pipe or socket, not a file");
    }
    if ((uintmax_t)info->st_size > max) {
        return error_set(err, ERROR_INPUT, "is too large: it has %jd bytes, at most %zu are read",
                         (intmax_t)info->st_size, max);
    }
    return true;
}

int file_open(const char *path, size_t max, size_t *ret_size, struct error *err)
{
    /* O_NONBLOCK: a FIFO without a writer must not hold us up before it is refused. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat info;
    if (fd < 0) {
        error_errno(err, errno, "cannot be opened");
        return -1;
    }
    bool known = fstat(fd, &info) == 0;
    if (!known) {
        error_errno(err, errno, "cannot be examined");
    }
    if (!known || !check_file(&info, max, err)) {
        close(fd);
        return -1;
    }
    *ret_size = (size_t)info.st_size;
    return fd;
}

bool file_map(const char *path, size_t max, struct file_map *ret, struct error *err)
{
    size_t size;
    int fd = file_open(path, max, &size, err);
    if (fd < 0) {
        return false;
    }
    /* Nothing can be mapped of an empty file. */
    void *bytes = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    int cause = errno;
    close(fd);
    if (bytes == MAP_FAILED) {
        return error_errno(err, cause, "cannot be mapped");
    }
    *ret = (struct file_map){bytes, size};
    return true;
}

void file_map_release(const struct file_map *map, size_t end)
{
    /* Whole pages only; a kernel that does not makes no other difference. */
    size_t page = (size_t)sysconf(_SC_PAGESIZE), len = end / page * page;
    if (len > 0) {
        madvise((void *)(uintptr_t)map->bytes, len, MADV_DONTNEED);
    }
}

void file_unmap(struct file_map *map)
{
    if (map->bytes) {
        munmap((void *)(uintptr_t)map->bytes, map->size);
        *map = (struct file_map){0};
    }
}

static bool sync_path(const char *path, int flags, struct error *err)
{
    int fd = open(path, flags | O_RDONLY | O_CLOEXEC);
    bool fine = fd >= 0 && fsync(fd) == 0;
    if (!fine) {
        error_errno(err, errno, "cannot be put on the disk");
    }
    if (fd >= 0) {
        close(fd);
    }
    return fine;
}

static int access_by(const struct passwd *user, const char *path, int mode)
{
    if (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0) {
        return 0;
    }
    return access(path, mode) == 0 ? 0 : errno;
}

int file_access_as(const char *user, const char *path, int mode)
{
    const struct passwd *found = getpwnam(user);
    int status = 0;
    /* A process of its own, which may become that user and cannot come back. */
    pid_t child = found == NULL ? -1 : fork();
    if (child == 0) {
        _exit(access_by(found, path, mode));
    }
    bool known = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status);
    return known ? WEXITSTATUS(status) : 0;
}

bool file_folder(const char *path, char *ret, size_t cap)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL || slash == path ? 1 : (size_t)(slash - path);
    if (len >= cap) {
        return false;
    }
    memcpy(ret, slash == NULL ? "." : path, len);
    ret[len] = '\0';
    return true;
}

bool file_sync_folder_of(const char *path, struct error *err)
{
    char folder[PATH_MAX];
    return file_folder(path, folder, sizeof(folder))
               ? sync_path(folder, O_DIRECTORY, err)
               : error_set(err, ERROR_INPUT, "is a path that is too long");
}

/* A link is there only where nothing was. Some file systems have none: there it is looked first. */
static bool take_free_name(const char *temporary, const char *path)
{
    struct stat info;
    if (link(temporary, path) == 0) {
        return unlink(temporary) == 0;
    }
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) {
        return false;
    }
    if (lstat(path, &info) == 0) {
        errno = EEXIST;
    }
    return errno != EEXIST && rename(temporary, path) == 0;
}

bool file_publish(const char *temporary, const char *path, bool replace, struct error *err)
{
    if (!sync_path(temporary, 0, err)) {
        return false;
    }
    bool done = replace ? rename(temporary, path) == 0 : take_free_name(temporary, path);
    return done ? file_sync_folder_of(path, err)
                : error_errno(err, errno, "cannot be put in its place");
}
