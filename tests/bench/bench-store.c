#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/store.h"

/*
 * What it costs to take a message durably, all of a batch in one transaction. "Taken": both its
 * names claimed, its conversation read and written, its answer put into the outbox, where it stays.
 * "Answered": the same, and the answer read, marked, and done with a turn later. Beside them, in
 * the same run and turn about, "plain": the same bytes as one row of the only table of a database
 * with the same settings, one transaction a batch. Prints a table; asserts no time, since disk and
 * machine may be busy. Files lie in TMPDIR or /tmp.
 */
enum { ROUNDS = 11, BATCH_MAX = 1000, STATE_BYTES = 180, ANSWER_BYTES = 900, TALKS = 2000 };
enum { DAY_MS = 24 * 3600 * 1000 };

/* Turns of each batch size: enough to checkpoint several times, and over in seconds. */
static const struct size {
    size_t batch, turns;
} sizes[] = {{1, 200}, {10, 100}, {100, 30}, {1000, 6}};

struct side {
    const char *path;
    struct store *store;
    sqlite3 *db;
    sqlite3_stmt *begin, *insert, *commit;
    int64_t ids[BATCH_MAX]; /* on their way since the last turn */
    size_t id_count;
    uint64_t next;
};

static char state[STATE_BYTES], answer[ANSWER_BYTES];

static void check(bool fine, const char *what)
{
    if (!fine) {
        fprintf(stderr, "bench-store: %s\n", what);
        exit(1);
    }
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Names as Slack's are: an event id, and team, channel and time. */
static void name(uint64_t number, char delivery[32], char identity[64], char talk[64])
{
    snprintf(delivery, 32, "Ev%010llu", (unsigned long long)number);
    snprintf(identity, 64, "T012AB3CD C024BE91L 1764086400.%06llu", (unsigned long long)number);
    snprintf(talk, 64, "T012AB3CD C024BE91L U%08llu", (unsigned long long)(number % TALKS));
}

/* ---- the store ---- */

static void store_message(struct side *side, struct error *err)
{
    char delivery[32], identity[64], talk[64], kept[512];
    size_t len;
    int64_t id, now_ms = (int64_t)side->next;
    name(side->next++, delivery, identity, talk);
    const struct delivery made = {.adapter = "slack",
                                  .conversation = talk,
                                  .address = identity,
                                  .payload = answer,
                                  .payload_len = sizeof(answer)};
    check(store_claim(side->store, "slack", delivery, identity, now_ms, err) == CLAIM_NEW &&
              store_conversation_get(side->store, "slack", talk, now_ms, kept, sizeof(kept), &len,
                                     err) &&
              store_conversation_put(side->store, "slack", talk, state, sizeof(state),
                                     now_ms + (int64_t)DAY_MS, err) &&
              store_outbox_add(side->store, &made, now_ms, &id, err),
          err->text);
}

static void note_id(void *context, const struct delivery *delivery)
{
    struct side *side = context;
    side->ids[side->id_count++] = delivery->id;
}

static void take_turn(struct side *side, size_t batch)
{
    struct error err = {0};
    check(store_begin(side->store, &err), err.text);
    for (size_t i = 0; i < batch; i++) {
        store_message(side, &err);
    }
    check(store_commit(side->store, &err), err.text);
    store_tidy(side->store);
}

static void answer_turn(struct side *side, size_t batch)
{
    struct error err = {0};
    check(store_begin(side->store, &err), err.text);
    for (size_t i = 0; i < batch; i++) {
        store_message(side, &err);
    }
    for (size_t i = 0; i < side->id_count; i++) {
        check(store_outbox_done(side->store, side->ids[i], &err), err.text);
    }
    side->id_count = 0;
    check(store_outbox_due(side->store, "slack", INT64_MAX, BATCH_MAX, note_id, side, &err),
          err.text);
    for (size_t i = 0; i < side->id_count; i++) {
        check(store_outbox_begin(side->store, side->ids[i], &err), err.text);
    }
    check(store_commit(side->store, &err), err.text);
    store_tidy(side->store);
}

/* ---- plain inserts of the same bytes ---- */

static void plain_open(struct side *side)
{
    const char *settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                           "CREATE TABLE message(id INTEGER PRIMARY KEY, bytes BLOB)";
    check(sqlite3_open(side->path, &side->db) == SQLITE_OK &&
              sqlite3_exec(side->db, settings, NULL, NULL, NULL) == SQLITE_OK &&
              sqlite3_prepare_v2(side->db, "BEGIN IMMEDIATE", -1, &side->begin, NULL) ==
                  SQLITE_OK &&
              sqlite3_prepare_v2(side->db, "COMMIT", -1, &side->commit, NULL) == SQLITE_OK &&
              sqlite3_prepare_v2(side->db, "INSERT INTO message(bytes) VALUES(?1)", -1,
                                 &side->insert, NULL) == SQLITE_OK,
          "SQLite does not open");
}

static void plain_step(sqlite3_stmt *statement)
{
    check(sqlite3_step(statement) == SQLITE_DONE, "SQLite does not write");
    sqlite3_reset(statement);
}

static void plain_turn(struct side *side, size_t batch)
{
    char delivery[32], identity[64], talk[64];
    char bytes[sizeof(delivery) + 2 * sizeof(identity) + sizeof(talk) + sizeof(state) +
               sizeof(answer)];
    plain_step(side->begin);
    for (size_t i = 0; i < batch; i++) {
        name(side->next++, delivery, identity, talk);
        size_t len =
            (size_t)snprintf(bytes, sizeof(bytes), "%s%s%s%s", delivery, identity, talk, identity);
        memcpy(bytes + len, state, sizeof(state));
        memcpy(bytes + len + sizeof(state), answer, sizeof(answer));
        sqlite3_bind_blob(side->insert, 1, bytes, (int)(len + sizeof(state) + sizeof(answer)),
                          SQLITE_STATIC);
        plain_step(side->insert);
    }
    plain_step(side->commit);
}

static void plain_close(struct side *side)
{
    sqlite3_finalize(side->begin);
    sqlite3_finalize(side->insert);
    sqlite3_finalize(side->commit);
    sqlite3_close(side->db);
}

/* ---- measuring ---- */

typedef void turn_function(struct side *side, size_t batch);

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Messages a second in one round; the longest turn in *ret_worst_ms. */
static double rate(turn_function *turn, struct side *side, const struct size *size,
                   double *ret_worst_ms)
{
    int64_t start = now_ns(), before = start;
    for (size_t i = 0; i < size->turns; i++) {
        turn(side, size->batch);
        int64_t now = now_ns();
        double ms = (double)(now - before) / 1e6;
        *ret_worst_ms = ms > *ret_worst_ms ? ms : *ret_worst_ms;
        before = now;
    }
    return (double)(size->batch * size->turns) * 1e9 / (double)(before - start);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof(*values), compare);
    return values[ROUNDS / 2];
}

enum { TAKEN, ANSWERED, PLAIN, SIDES };

static void measure(struct side sides[SIDES], const struct size *size)
{
    static turn_function *const turns[] = {take_turn, answer_turn, plain_turn};
    double rates[SIDES][ROUNDS], ratios[SIDES][ROUNDS], worst[SIDES] = {0};
    for (size_t i = 0; i < ROUNDS; i++) {
        for (size_t side = 0; side < SIDES; side++) {
            rates[side][i] = rate(turns[side], &sides[side], size, &worst[side]);
        }
        for (size_t side = 0; side < SIDES; side++) {
            ratios[side][i] = rates[side][i] / rates[PLAIN][i];
        }
    }
    printf("%5zu  %8.0f %5.2f %7.1f  %8.0f %5.2f %7.1f  %8.0f %7.1f\n", size->batch,
           median(rates[TAKEN]), median(ratios[TAKEN]), worst[TAKEN], median(rates[ANSWERED]),
           median(ratios[ANSWERED]), worst[ANSWERED], median(rates[PLAIN]), worst[PLAIN]);
}

static void remove_all(const char path[300])
{
    static const char *const endings[] = {"", "-wal", "-shm", "-lock"};
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        char file[320];
        snprintf(file, sizeof(file), "%.300s%s", path, endings[i]);
        unlink(file);
    }
}

int main(void)
{
    char folder[256], paths[SIDES][300];
    static struct side sides[SIDES];
    struct error err = {0};
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof(folder), "%.200s/whether-bench-XXXXXX", base ? base : "/tmp");
    check(mkdtemp(folder) != NULL, "no folder to write to");
    for (size_t i = 0; i < SIDES; i++) {
        snprintf(paths[i], sizeof(paths[i]), "%s/%zu.db", folder, i);
        sides[i].path = paths[i];
    }
    memset(state, 's', sizeof(state));
    memset(answer, 'a', sizeof(answer));
    check(store_open(paths[TAKEN], &sides[TAKEN].store, &err), err.text);
    check(store_open(paths[ANSWERED], &sides[ANSWERED].store, &err), err.text);
    plain_open(&sides[PLAIN]);
    printf("messages a second, their ratio to plain inserts, the longest turn in ms;\n"
           "medians of %d rounds\n"
           "batch   taken/s ratio     max  answrd/s ratio     max   plain/s     max\n",
           ROUNDS);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        measure(sides, &sizes[i]);
    }
    store_close(sides[TAKEN].store);
    store_close(sides[ANSWERED].store);
    plain_close(&sides[PLAIN]);
    for (size_t i = 0; i < SIDES; i++) {
        remove_all(paths[i]);
    }
    rmdir(folder);
    return 0;
}
