#include <pthread.h>
#include <signal.h>

#include "bot/base/mem.h"
#include "bot/host/store_sqlite.h"

/*
 * The log (-wal) is copied into the file by a thread beside the loop, the keeper, with a connection
 * of its own: copying waits for the disk twice, ten milliseconds and more, and nobody's answer is
 * to wait for that. No message passes through it; it shares nothing with the loop but three flags.
 *
 * The log begins anew, instead of growing, when all of it is copied at a moment at which nothing is
 * added: the loop copies the little that came while the keeper was at work.
 */
enum {
    PAGES_ASKED = 1000, /* since the last time: give them to the keeper */
    PAGES_FULL = 4000,  /* time to begin anew */
    PAGES_MOST = 8000,  /* more than the disk can take: now the loop waits for the keeper */
};

struct store_keeper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake, ready;
    sqlite3 *db;
    bool wanted, busy, ending; /* under the lock */
};

static void copy_log(sqlite3 *db)
{
    sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static void *keep(void *context)
{
    struct store_keeper *keeper = context;
    pthread_mutex_lock(&keeper->lock);
    while (!keeper->ending) {
        if (!keeper->wanted) {
            pthread_cond_wait(&keeper->wake, &keeper->lock);
            continue;
        }
        keeper->wanted = false;
        keeper->busy = true;
        pthread_mutex_unlock(&keeper->lock);
        copy_log(keeper->db);
        pthread_mutex_lock(&keeper->lock);
        keeper->busy = false;
        pthread_cond_signal(&keeper->ready);
    }
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

/* A connection looks at the log only when it has read something. */
static bool open_second(const char *path, sqlite3 **ret)
{
    return sqlite3_open_v2(path, ret, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
               SQLITE_OK &&
           sqlite3_exec(*ret, "PRAGMA synchronous = NORMAL; PRAGMA schema_version", NULL, NULL,
                        NULL) == SQLITE_OK;
}

/* Signals are the loop's; but of a refused system call (confine.h) the thread itself is told. */
static bool start_thread(struct store_keeper *keeper)
{
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGSYS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool fine = pthread_create(&keeper->thread, NULL, keep, keeper) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return fine;
}

static void free_keeper(struct store_keeper *keeper)
{
    sqlite3_close(keeper->db);
    pthread_cond_destroy(&keeper->ready);
    pthread_cond_destroy(&keeper->wake);
    pthread_mutex_destroy(&keeper->lock);
    mem_free(keeper);
}

/* NULL: the machine has no thread or no descriptor to spare now. */
static struct store_keeper *keeper_create(const char *path)
{
    struct store_keeper *keeper = mem_alloc(sizeof(*keeper));
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_cond_init(&keeper->wake, NULL);
    pthread_cond_init(&keeper->ready, NULL);
    if (!open_second(path, &keeper->db) || !start_thread(keeper)) {
        free_keeper(keeper);
        return NULL;
    }
    return keeper;
}

static bool is_busy(struct store_keeper *keeper, bool wait)
{
    pthread_mutex_lock(&keeper->lock);
    while (wait && (keeper->wanted || keeper->busy)) {
        pthread_cond_wait(&keeper->ready, &keeper->lock);
    }
    bool busy = keeper->wanted || keeper->busy;
    pthread_mutex_unlock(&keeper->lock);
    return busy;
}

static void tell(struct store_keeper *keeper, bool ending)
{
    pthread_mutex_lock(&keeper->lock);
    keeper->wanted = true;
    keeper->ending = ending;
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
}

static int on_commit(void *context, sqlite3 *db, const char *name, int pages)
{
    struct store_log *log = context;
    (void)db;
    (void)name;
    if (pages < log->pages) {
        log->asked = 0; /* it has begun anew */
        log->full = false;
    }
    log->pages = pages;
    return SQLITE_OK;
}

void store_log_watch(struct store_engine *store)
{
    sqlite3_wal_hook(store->db, on_commit, &store->log);
}

void store_log_finish(struct store_engine *store)
{
    struct store_keeper *keeper = store->log.keeper;
    if (keeper == NULL) {
        return;
    }
    tell(keeper, true);
    pthread_join(keeper->thread, NULL);
    free_keeper(keeper);
    store->log.keeper = NULL;
}

static void tidy_log(struct store_engine *store)
{
    struct store_log *log = &store->log;
    bool due = log->pages - log->asked >= PAGES_ASKED, most = log->pages >= PAGES_MOST;
    if ((!due && !log->full) || (log->keeper != NULL && is_busy(log->keeper, most))) {
        return;
    }
    if (log->keeper == NULL) {
        log->keeper = keeper_create(store->path);
    }
    if (log->full || log->keeper == NULL) {
        copy_log(store->db);
        log->full = false;
    } else {
        log->full = log->pages >= PAGES_FULL;
        tell(log->keeper, false);
    }
    log->asked = log->pages;
}

int64_t sqlite_tidy(struct store_engine *store)
{
    tidy_log(store);
    return INT64_MAX;
}
