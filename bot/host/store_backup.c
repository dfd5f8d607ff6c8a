#include "bot/host/store_backup.h"

#include <sys/stat.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/store_copy.h"
#include "bot/host/store_sqlite.h"

static bool is_of_store(const struct copy *copy, const struct stat *file)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-lock"};
    char path[STORE_PATH_LEN];
    struct stat info;
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        if (store_beside(copy->from, endings[i], path, NULL) && stat(path, &info) == 0 &&
            copy_same_file(&info, file)) {
            return true;
        }
    }
    return false;
}

/* Told before anything is copied; that none came meanwhile, copy_publish() sees to. */
static bool check_target(const struct copy *copy, struct error *err)
{
    const struct store_copy_task *task = copy->task;
    struct stat info;
    if (lstat(task->to, &info) != 0) {
        return true;
    }
    /* A link that leads nowhere has the name, too. */
    bool leads = stat(task->to, &info) == 0;
    if (leads && !S_ISREG(info.st_mode)) {
        return error_set(err, ERROR_INPUT, "%s: is %s; a back-up is a file", task->to,
                         S_ISDIR(info.st_mode) ? "a folder" : "no ordinary file");
    }
    if (leads && is_of_store(copy, &info)) {
        return error_set(err, ERROR_INPUT, "%s: is the store itself", task->to);
    }
    return task->replace ||
           error_set(err, ERROR_INPUT, "%s: is there already; --replace replaces it", task->to);
}

bool store_backup(const struct store_copy_task *task, struct store_copied *ret, struct error *err)
{
    struct copy copy;
    struct store_copied copied;
    if (!copy_check_source(task, err) || !copy_begin(&copy, task, err)) {
        return false;
    }
    bool done = check_target(&copy, err) && copy_make(&copy, &copied, err) &&
                copy_publish(&copy, task->replace, err);
    copy_end(&copy);
    if (done) {
        *ret = copied;
    }
    return done;
}
