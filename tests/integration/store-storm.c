/*
 * usage: store-storm [SEED]
 *
 * A daemon in small upon a real store, killed (SIGKILL) at random moments, again and again: it
 * takes messages with copies in batches, keeps a count in each conversation, sends answers and
 * hears later what became of them. What it acknowledged and what arrived stands in memory that
 * outlives it. After each kill everything acknowledged must be in the store, and the file whole; in
 * the end every message must have been counted once and answered once, in order. Prints TAP, and
 * the seed.
 */
#undef NDEBUG
#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/store.h"

enum {
    MESSAGES = 100000,
    TALKS = 12,
    KILLS = 60,
    KILL_AFTER_TURNS_MAX = 24,
    KILL_AFTER_US_MAX = 20000
};
enum { BATCH_MAX = 8, UNDER_WAY_MAX = 8, PATIENCE_S = 200, DAY_MS = 24 * 3600 * 1000 };

/* What the world outside knows. Only ever written by one process at a time. */
struct world {
    int64_t now_ms;
    uint64_t chance;
    uint64_t taken, copies, unsure; /* for the summary */
    _Atomic uint64_t turns;
    int next; /* the first message that was never sent to us */
    unsigned char acknowledged[MESSAGES], arrived[MESSAGES];
    int64_t last_arrived[TALKS]; /* the delivery's id, of each conversation */
    char fault[200];
};

/* One that left: what became of it is heard in a later turn. */
struct flight {
    int64_t id;
    bool arrived, unsure;
};

struct daemon {
    struct store *store;
    struct flight flights[UNDER_WAY_MAX], marked[UNDER_WAY_MAX];
    size_t flight_count, marked_count;
    int marked_message[UNDER_WAY_MAX];
    int batch[BATCH_MAX];
    size_t batch_count;
};

static struct world *world;
static char path[96];

__attribute__((format(printf, 1, 2), noreturn)) static void fault(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(world->fault, sizeof(world->fault), format, args);
    va_end(args);
    _exit(1);
}

static void need(bool fine, const struct error *err)
{
    if (!fine) {
        fault("%s", err->text);
    }
}

/* SplitMix64 (Steele, Lea, Flood); goes on where a killed process left it. */
static uint64_t chance(uint64_t below)
{
    uint64_t z = world->chance += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (z ^ (z >> 31)) % below;
}

/* ---- the daemon ---- */

static void count_in_talk(struct store *store, const char *talk)
{
    struct error err = {0};
    uint32_t count = 0;
    size_t len = 0;
    need(store_conversation_get(store, "slack", talk, world->now_ms, &count, sizeof(count), &len,
                                &err),
         &err);
    count++;
    need(store_conversation_put(store, "slack", talk, &count, sizeof(count),
                                world->now_ms + (int64_t)DAY_MS, &err),
         &err);
}

static void take(struct daemon *daemon, int message)
{
    struct error err = {0};
    char delivery[32], identity[32], talk[32];
    int64_t id;
    snprintf(delivery, sizeof(delivery), "%d.%d", message, (int)chance(3));
    snprintf(identity, sizeof(identity), "%d", message);
    snprintf(talk, sizeof(talk), "%d", message % TALKS);
    enum claim claim = store_claim(daemon->store, "slack", delivery, identity, world->now_ms, &err);
    need(claim != CLAIM_ERROR, &err);
    world->taken += claim == CLAIM_NEW;
    world->copies += claim == CLAIM_KNOWN;
    if (claim == CLAIM_NEW) {
        count_in_talk(daemon->store, talk);
        const struct delivery answer = {.adapter = "slack",
                                        .conversation = talk,
                                        .address = "there",
                                        .payload = identity,
                                        .payload_len = strlen(identity)};
        need(store_outbox_add(daemon->store, &answer, world->now_ms, &id, &err), &err);
    }
    daemon->batch[daemon->batch_count++] = message;
}

/* New ones in their order, and now and then a copy of an old one, acknowledged or not. */
static void take_some(struct daemon *daemon, bool draining)
{
    daemon->batch_count = 0;
    for (uint64_t i = 1 + chance(BATCH_MAX); i > 0; i--) {
        bool old = world->next > 0 && (draining || world->next == MESSAGES || chance(4) == 0);
        if (old) {
            take(daemon, (int)chance((uint64_t)world->next));
        } else if (!draining) {
            take(daemon, world->next);
            world->next++;
        }
    }
}

static void write_results(struct daemon *daemon)
{
    struct error err = {0};
    for (size_t i = 0; i < daemon->flight_count; i++) {
        const struct flight *flight = &daemon->flights[i];
        if (flight->arrived && !flight->unsure) {
            need(store_outbox_done(daemon->store, flight->id, &err), &err);
        } else if (!flight->arrived && chance(4) == 0) {
            need(store_outbox_put_off(daemon->store, flight->id, world->now_ms + 1, &err), &err);
        } else {
            need(store_outbox_again(daemon->store, flight->id, world->now_ms + (int64_t)chance(3),
                                    flight->unsure, &err),
                 &err);
        }
    }
    daemon->flight_count = 0;
}

static void choose(void *context, const struct delivery *delivery)
{
    struct daemon *daemon = context;
    int message = (int)strtol(delivery->payload, NULL, 10);
    if (world->arrived[message] && !delivery->unsure) {
        fault("message %d would be answered twice", message);
    }
    world->unsure += delivery->unsure;
    daemon->marked_message[daemon->marked_count] = message;
    daemon->marked[daemon->marked_count++] =
        (struct flight){.id = delivery->id, .unsure = delivery->unsure};
}

static void mark(struct daemon *daemon)
{
    struct error err = {0};
    /* About as many as come in, so that some conversations have several that wait. */
    size_t most = 1 + (size_t)chance(UNDER_WAY_MAX);
    daemon->marked_count = 0;
    need(store_outbox_due(daemon->store, "slack", world->now_ms, most, choose, daemon, &err), &err);
    for (size_t i = 0; i < daemon->marked_count; i++) {
        need(store_outbox_begin(daemon->store, daemon->marked[i].id, &err), &err);
    }
}

/* The other side: an answer that left arrives, gets lost, or arrives without our hearing of it. */
static void send_one(struct flight *flight, int message)
{
    int talk = message % TALKS;
    bool there = flight->unsure && world->arrived[message]; /* it was looked for first */
    flight->unsure = false;
    flight->arrived = there || chance(4) != 0;
    if (!flight->arrived || there) {
        return;
    }
    flight->unsure = chance(8) == 0;
    if (world->last_arrived[talk] >= flight->id) {
        fault("answer %lld came after %lld", (long long)flight->id,
              (long long)world->last_arrived[talk]);
    }
    world->last_arrived[talk] = flight->id;
    world->arrived[message]++;
}

static void turn(struct daemon *daemon, bool draining)
{
    struct error err = {0};
    world->now_ms++;
    need(store_begin(daemon->store, &err), &err);
    take_some(daemon, draining);
    write_results(daemon);
    mark(daemon);
    need(store_commit(daemon->store, &err), &err);
    world->turns++;
    for (size_t i = 0; i < daemon->batch_count; i++) {
        world->acknowledged[daemon->batch[i]] = 1;
    }
    for (size_t i = 0; i < daemon->marked_count; i++) {
        send_one(&daemon->marked[i], daemon->marked_message[i]);
        daemon->flights[i] = daemon->marked[i];
    }
    daemon->flight_count = daemon->marked_count;
}

static void start(struct daemon *daemon)
{
    struct error err = {0};
    *daemon = (struct daemon){0};
    need(store_open(path, &daemon->store, &err), &err);
    need(store_outbox_recover(daemon->store, world->now_ms, &err), &err);
}

static void run_until_killed(void)
{
    struct daemon daemon;
    start(&daemon);
    for (;;) {
        turn(&daemon, false);
    }
}

/* Its senders try again what was not acknowledged; then everything that waits leaves. */
static void run_to_the_end(void)
{
    struct daemon daemon;
    start(&daemon);
    struct error err = {0};
    for (int i = 0; i < world->next; i++) {
        if (!world->acknowledged[i]) {
            daemon.batch_count = 0;
            need(store_begin(daemon.store, &err), &err);
            take(&daemon, i);
            need(store_commit(daemon.store, &err), &err);
        }
    }
    while (store_outbox_count(daemon.store) > 0) {
        turn(&daemon, true);
    }
    store_close(daemon.store);
    _exit(0);
}

/* ---- the judge ---- */

static void check_claims(sqlite3 *db)
{
    static unsigned char claimed[MESSAGES];
    sqlite3_stmt *s;
    memset(claimed, 0, sizeof(claimed));
    assert(sqlite3_prepare_v2(db,
                              "SELECT substr(name, length(?1) + 1) FROM claim"
                              " WHERE substr(name, 1, length(?1)) = ?1",
                              -1, &s, NULL) == SQLITE_OK);
    sqlite3_bind_text(s, 1, "slack\nm\n", -1, SQLITE_STATIC); /* messages, not deliveries */
    while (sqlite3_step(s) == SQLITE_ROW) {
        claimed[sqlite3_column_int(s, 0)]++;
    }
    sqlite3_finalize(s);
    for (int i = 0; i < world->next; i++) {
        if (world->acknowledged[i] && claimed[i] != 1) {
            fault("message %d was acknowledged, and is in the store %d times", i, claimed[i]);
        }
    }
}

static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s;
    assert(sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK);
    assert(sqlite3_step(s) == SQLITE_ROW);
    int64_t number = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return number;
}

static void check_file(void)
{
    sqlite3 *db;
    assert(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    if (ask(db, "SELECT integrity_check = 'ok' FROM pragma_integrity_check") != 1) {
        fault("the file is not whole");
    }
    if (ask(db, "SELECT count(*) FROM sqlite_schema") > 0) {
        check_claims(db);
        int64_t heads = ask(db, "SELECT count(*) FROM outbox WHERE head");
        if (heads != ask(db, "SELECT count(DISTINCT conversation) FROM outbox")) {
            fault("%lld conversations have a head", (long long)heads);
        }
    }
    sqlite3_close(db);
}

static void check_end(void)
{
    struct store *store;
    struct error err = {0};
    need(store_open(path, &store, &err), &err);
    for (int talk = 0; talk < TALKS; talk++) {
        char key[32];
        uint32_t count = 0;
        size_t len;
        int expected = (world->next - talk + TALKS - 1) / TALKS;
        snprintf(key, sizeof(key), "%d", talk);
        need(store_conversation_get(store, "slack", key, world->now_ms, &count, sizeof(count), &len,
                                    &err),
             &err);
        if ((int)count != expected) {
            fault("conversation %d counted %u messages of %d", talk, count, expected);
        }
    }
    store_close(store);
    for (int i = 0; i < world->next; i++) {
        if (world->arrived[i] != 1) {
            fault("message %d was answered %d times", i, world->arrived[i]);
        }
    }
}

static pid_t start_process(void (*what)(void))
{
    fflush(stdout);
    pid_t child = fork();
    assert(child >= 0);
    if (child == 0) {
        alarm(PATIENCE_S);
        what();
        _exit(0);
    }
    return child;
}

static bool ended_well(bool fine, int status)
{
    if (!fine && world->fault[0] == '\0') {
        snprintf(world->fault, sizeof(world->fault), "a process ended with status %d", status);
    }
    return fine;
}

static bool run(void (*what)(void))
{
    int status = 0;
    pid_t child = start_process(what);
    assert(waitpid(child, &status, 0) == child);
    return ended_well(WIFEXITED(status) && WEXITSTATUS(status) == 0, status);
}

static void pause_us(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

/*
 * Kills it some turns and some microseconds after its birth; after no turn at all it is opening,
 * creating or recovering. Counted in turns, so that a slow machine sees as much of it.
 */
static bool run_and_kill(void (*what)(void))
{
    int status = 0;
    uint64_t turns = world->turns + chance(KILL_AFTER_TURNS_MAX);
    long us = (long)chance(KILL_AFTER_US_MAX);
    pid_t child = start_process(what);
    pid_t ended = 0;
    while (world->turns < turns && (ended = waitpid(child, &status, WNOHANG)) == 0) {
        pause_us(200);
    }
    if (ended == 0) {
        pause_us(us);
        kill(child, SIGKILL);
        ended = waitpid(child, &status, 0);
    }
    assert(ended == child);
    return ended_well(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, status);
}

static bool storm(void)
{
    for (int round = 0; round < KILLS; round++) {
        if (!run_and_kill(run_until_killed) || !run(check_file)) {
            return false;
        }
    }
    return run(run_to_the_end) && run(check_file) && run(check_end);
}

static int make_file(const char *name)
{
    int fd = open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
    assert(fd >= 0);
    return fd;
}

static void remove_files(const char *folder)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-lock"};
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        char file[128];
        snprintf(file, sizeof(file), "%s%s", path, endings[i]);
        unlink(file);
    }
    rmdir(folder);
}

static void make_world(const char *folder)
{
    char name[96];
    snprintf(name, sizeof(name), "%s/world", folder);
    int fd = make_file(name);
    assert(ftruncate(fd, sizeof(*world)) == 0);
    world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert(world != MAP_FAILED);
    unlink(name);
    close(fd);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/whether-storm-XXXXXX";
    assert(mkdtemp(folder) != NULL);
    make_world(folder);
    snprintf(path, sizeof(path), "%s/w.db", folder);
    close(make_file(path)); /* so that the judge finds one from the first kill on */
    world->chance = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)time(NULL);
    world->now_ms = 1;
    printf("1..1\n# seed %llu\n", (unsigned long long)world->chance);
    bool fine = storm();
    bool stormy = world->turns > KILLS && world->copies > 0 && world->unsure > 0;
    printf("# %d kills, %llu turns, %d messages, %llu copies known, %llu sent when unsure\n", KILLS,
           (unsigned long long)world->turns, world->next, (unsigned long long)world->copies,
           (unsigned long long)world->unsure);
    printf("%s 1 - %s\n", fine && stormy ? "ok" : "not ok",
           !fine    ? world->fault
           : stormy ? "every message counted once and answered once, in order"
                    : "next to nothing happened");
    remove_files(folder);
    return fine && stormy ? 0 : 1;
}
