#include "bot/daemon/copying.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/program.h"
#include "bot/host/report.h"
#include "bot/host/store_backup.h"
#include "bot/host/store_configured.h"

enum { SHOWN_EVERY_MS = 100 };

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static void catch_signals(void)
{
    static const int numbers[] = {SIGHUP, SIGINT, SIGTERM};
    struct sigaction action = {.sa_handler = on_signal};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        sigaction(numbers[i], &action, NULL);
    }
}

/* Where somebody watches. */
struct shown {
    bool watched, any;
    int64_t at_ms;
};

static bool show_progress(void *context, enum store_copy_step step, int done, int all)
{
    struct shown *shown = context;
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (shown->watched && now_ms - shown->at_ms >= SHOWN_EVERY_MS) {
        shown->at_ms = now_ms;
        shown->any = true;
        if (step == STORE_COPYING) {
            fprintf(stderr, "\rwhether: copying, %d %% ", all > 0 ? (int)(100.0 * done / all) : 0);
        } else {
            fprintf(stderr, "\rwhether: checking the copy ");
        }
    }
    return !stopped;
}

static void clear_progress(const struct shown *shown)
{
    if (shown->any) {
        fprintf(stderr, "\r%40s\r", "");
    }
}

/* "3.1 MiB; 2 answers wait in it" */
static void print_copied(const struct store_copied *copied)
{
    printf("%.1f MiB, checked; %llu answer%s in it", (double)copied->bytes / (1024.0 * 1024.0),
           (unsigned long long)copied->waiting, copied->waiting == 1 ? " waits" : "s wait");
}

static void print_backup(const char *store, const char *file, const struct store_copied *copied)
{
    (void)store;
    printf("%s: ", file);
    print_copied(copied);
    printf("\n");
}

/* Beside what a link leads to, not beside the link. */
static void print_kept(const char *store, const struct store_copied *copied)
{
    char *real = realpath(store, NULL);
    const char *path = real == NULL ? store : real;
    if (copied->kept_old) {
        printf("%s.old: what was there%s\n", path,
               copied->kept_log ? "; its log could not be put into it and is beside it (.old-wal "
                                  "or .old-journal): move or remove both together"
                                : "");
    } else if (copied->kept_log) {
        printf("%s.old-wal or .old-journal: a log without its store that was there\n", path);
    }
    free(real);
}

static void print_restore(const char *store, const char *file, const struct store_copied *copied)
{
    printf("%s: restored from %s, ", store, file);
    print_copied(copied);
    if (copied->waiting > 0) {
        printf(", which the daemon delivers (--forget-waiting leaves them out)");
    }
    printf("\n");
    print_kept(store, copied);
}

struct copying {
    bool (*copy)(const struct store_copy_task *task, struct store_copied *ret, struct error *err);
    void (*print)(const char *store, const char *file, const struct store_copied *copied);
    bool out; /* of the store */
};

static bool copy(const struct copying *copying, const struct config *config, const char *file,
                 struct store_copy_task task)
{
    const char *store = config->store;
    struct shown shown = {.watched = isatty(STDERR_FILENO)};
    struct store_copied copied;
    struct error err = {0};
    task.from = copying->out ? store : file;
    task.to = copying->out ? file : store;
    task.progress = show_progress;
    task.context = &shown;
    catch_signals();
    bool done = (!copying->out || store_configured_is_there(config, &err)) &&
                copying->copy(&task, &copied, &err);
    clear_progress(&shown);
    if (done) {
        copying->print(store, file, &copied);
    } else {
        report_error(&err);
    }
    return done;
}

static bool run(const struct copying *copying, const struct program_options *where,
                const char *file, struct store_copy_task task)
{
    struct config config = {0};
    struct fault_list faults = {0};
    size_t len = strlen(file);
    if (len == 0 || file[len - 1] == '/') {
        report("\"%s\" is no name of a file", file);
        return false;
    }
    bool fine = program_load_config(where, &config, &faults);
    report_faults(&faults, "");
    fault_finish(&faults);
    if (fine && config.redis.url[0] != '\0') {
        report("%s: Redis keeps this store and makes its back-ups: redis-cli BGSAVE, and "
               "docs/replicas.md (Back-up)",
               config.redis.url);
        fine = false;
    }
    fine = fine && copy(copying, &config, file, task);
    config_finish(&config);
    return fine;
}

bool copying_backup(const struct program_options *where, const char *file, bool replace)
{
    static const struct copying backup = {store_backup, print_backup, true};
    return run(&backup, where, file, (struct store_copy_task){.replace = replace});
}

bool copying_restore(const struct program_options *where, const char *file, bool forget_waiting)
{
    static const struct copying restore = {store_restore, print_restore, false};
    return run(&restore, where, file, (struct store_copy_task){.forget_waiting = forget_waiting});
}
