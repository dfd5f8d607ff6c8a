#include "bot/host/readers.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "bot/base/clock.h"
#include "bot/base/mem.h"
#include "bot/host/program.h"

enum state {
    STATE_FREE,
    STATE_WAITING,   /* to be read */
    STATE_READING,   /* its reader alone touches it */
    STATE_FORGOTTEN, /* the same, and free when that reader is done */
    STATE_READ
};

struct job {
    enum state state; /* under the lock, as number */
    size_t number;
    enum surface surface;
    int length;
    size_t len;
    char text[READERS_TEXT_MAX];
    struct thought thought;
};

struct reader_thread {
    struct readers *readers;
    struct workspace *workspace; /* owned */
    pthread_t id;
};

struct readers {
    struct program program; /* a shallow copy: nothing of it is owned */
    struct reader_thread threads[READERS_MAX];
    size_t thread_count;
    struct job jobs[READERS_AHEAD + READERS_MAX]; /* also what each still reads though forgotten */

    pthread_mutex_t lock;
    pthread_cond_t wake, ready;
    /* The rest under the lock. */
    struct job *ring[READERS_AHEAD]; /* those that may be fetched */
    size_t first, count;
    size_t waiting, idle; /* of jobs, and of threads */
    bool awaited, ending;
};

/* ---- reading, in any thread ---- */

/* The first that waits: it is wanted first. Under the lock; there is one. */
static struct job *next_job(struct readers *readers)
{
    for (size_t i = 0; i < readers->count; i++) {
        struct job *job = readers->ring[(readers->first + i) % READERS_AHEAD];
        if (job->state == STATE_WAITING) {
            return job;
        }
    }
    assert(false);
    return NULL;
}

/* Takes the lock's owner through one job, without it meanwhile. */
static void read_job(struct readers *readers, struct job *job, struct workspace *workspace)
{
    struct program program = readers->program;
    job->state = STATE_READING;
    readers->waiting--;
    pthread_mutex_unlock(&readers->lock);
    uint64_t before = clock_us();
    struct thought *thought = &job->thought;
    program.workspace = workspace;
    program_turn(&program, &thought->conversation, job->surface, job->text, job->len, job->length,
                 &thought->outcome, &thought->reply);
    thought->took_us = clock_us() - before;
    pthread_mutex_lock(&readers->lock);
    job->state = job->state == STATE_FORGOTTEN ? STATE_FREE : STATE_READ;
}

static void *read_along(void *context)
{
    struct reader_thread *thread = context;
    struct readers *readers = thread->readers;
    pthread_mutex_lock(&readers->lock);
    while (!readers->ending) {
        if (readers->waiting == 0) {
            readers->idle++;
            pthread_cond_wait(&readers->wake, &readers->lock);
            readers->idle--;
            continue;
        }
        read_job(readers, next_job(readers), thread->workspace);
        if (readers->awaited) {
            pthread_cond_signal(&readers->ready);
        }
    }
    pthread_mutex_unlock(&readers->lock);
    return NULL;
}

/* ---- threads ---- */

size_t readers_usual(void)
{
    return sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : 0;
}

/* Signals are the loop's; but of a refused system call (confine.h) the thread itself is told. */
static bool start_thread(struct reader_thread *thread)
{
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGSYS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool fine = pthread_create(&thread->id, NULL, read_along, thread) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return fine;
}

struct readers *readers_create(size_t threads)
{
    struct readers *readers = mem_alloc(sizeof(*readers));
    pthread_mutex_init(&readers->lock, NULL);
    pthread_cond_init(&readers->wake, NULL);
    pthread_cond_init(&readers->ready, NULL);
    threads = threads < READERS_MAX ? threads : READERS_MAX;
    while (readers->thread_count < threads) {
        struct reader_thread *thread = &readers->threads[readers->thread_count];
        thread->readers = readers;
        if (!start_thread(thread)) {
            break;
        }
        readers->thread_count++;
    }
    return readers;
}

void readers_destroy(struct readers *readers)
{
    if (readers == NULL) {
        return;
    }
    pthread_mutex_lock(&readers->lock);
    readers->ending = true;
    pthread_cond_broadcast(&readers->wake);
    pthread_mutex_unlock(&readers->lock);
    for (size_t i = 0; i < readers->thread_count; i++) {
        pthread_join(readers->threads[i].id, NULL);
        workspace_destroy(readers->threads[i].workspace);
    }
    pthread_cond_destroy(&readers->ready);
    pthread_cond_destroy(&readers->wake);
    pthread_mutex_destroy(&readers->lock);
    mem_free(readers);
}

size_t readers_count(const struct readers *readers)
{
    return readers->thread_count;
}

/* ---- the loop's side ---- */

/* Until the first that may be fetched has that number or a larger one. */
static void forget_before(struct readers *readers, size_t number)
{
    while (readers->count > 0 && readers->ring[readers->first]->number < number) {
        struct job *job = readers->ring[readers->first];
        readers->waiting -= job->state == STATE_WAITING;
        job->state = job->state == STATE_READING ? STATE_FORGOTTEN : STATE_FREE;
        readers->first = (readers->first + 1) % READERS_AHEAD;
        readers->count--;
    }
}

static void await(struct readers *readers)
{
    readers->awaited = true;
    pthread_cond_wait(&readers->ready, &readers->lock);
    readers->awaited = false;
}

static bool reads_still(const struct readers *readers)
{
    for (size_t i = 0; i < ARRAY_LEN(readers->jobs); i++) {
        if (readers->jobs[i].state == STATE_FORGOTTEN) {
            return true;
        }
    }
    return false;
}

void readers_use(struct readers *readers, const struct program *program)
{
    readers_forget(readers);
    pthread_mutex_lock(&readers->lock);
    readers->program = *program;
    for (size_t i = 0; i < readers->thread_count; i++) {
        workspace_destroy(readers->threads[i].workspace);
        readers->threads[i].workspace = workspace_create(program->advisor);
    }
    pthread_mutex_unlock(&readers->lock);
}

/* Under the lock. NULL: the ring is full. */
static struct job *next_place(struct readers *readers)
{
    if (readers->count == READERS_AHEAD) {
        return NULL;
    }
    struct job *job = readers->jobs;
    while (job->state != STATE_FREE) {
        job++; /* of those forgotten a thread reads one at most */
        assert(job < readers->jobs + ARRAY_LEN(readers->jobs));
    }
    readers->ring[(readers->first + readers->count++) % READERS_AHEAD] = job;
    return job;
}

void readers_forget_before(struct readers *readers, size_t number)
{
    pthread_mutex_lock(&readers->lock);
    forget_before(readers, number);
    pthread_mutex_unlock(&readers->lock);
}

bool readers_add(struct readers *readers, const struct unread *unread)
{
    if (readers->thread_count == 0 || unread->len > READERS_TEXT_MAX) {
        return false;
    }
    pthread_mutex_lock(&readers->lock);
    struct job *job = next_place(readers);
    if (job != NULL) {
        job->number = unread->number;
        job->surface = unread->surface;
        job->length = unread->length;
        job->len = unread->len;
        memcpy(job->text, unread->len > 0 ? unread->text : "", unread->len);
        job->thought.conversation = *unread->conversation;
        job->state = STATE_WAITING;
        readers->waiting++;
        /* A text alone is read by the loop itself sooner than anybody is awake. */
        if (readers->waiting > 1 && readers->idle > 0) {
            pthread_cond_signal(&readers->wake);
        }
    }
    pthread_mutex_unlock(&readers->lock);
    return job != NULL;
}

const struct thought *readers_fetch(struct readers *readers, size_t number)
{
    pthread_mutex_lock(&readers->lock);
    forget_before(readers, number);
    struct job *job = readers->count > 0 ? readers->ring[readers->first] : NULL;
    bool known = job != NULL && job->number == number;
    while (known && job->state != STATE_READ) {
        if (job->state == STATE_WAITING) {
            read_job(readers, job, readers->program.workspace);
        } else if (readers->waiting > 0) {
            read_job(readers, next_job(readers), readers->program.workspace);
        } else {
            await(readers);
        }
    }
    pthread_mutex_unlock(&readers->lock);
    return known ? &job->thought : NULL;
}

void readers_forget(struct readers *readers)
{
    pthread_mutex_lock(&readers->lock);
    forget_before(readers, SIZE_MAX);
    while (reads_still(readers)) {
        await(readers);
    }
    pthread_mutex_unlock(&readers->lock);
}
