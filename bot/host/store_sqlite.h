#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/host/store_engine.h"

/*
 * The inside of the SQLite engine, for store_sqlite*.c alone: the prepared statements and how to
 * run them. SQL stands in one table (STORE_STATEMENTS), so that all of it is prepared, and thereby
 * checked, when the store is opened.
 */
struct error;

/* X(NAME, sql): parameters are numbered, every value is bound. */
#define STORE_STATEMENTS(X)                                                                        \
    X(SQL_BEGIN, "BEGIN IMMEDIATE")                                                                \
    X(SQL_COMMIT, "COMMIT")                                                                        \
    X(SQL_ROLLBACK, "ROLLBACK")                                                                    \
    X(SQL_CLAIM, "INSERT INTO claim(name, at) VALUES(?1, ?2) ON CONFLICT DO UPDATE SET at = "      \
                 "excluded.at WHERE at <= ?3")                                                     \
    X(SQL_TALK_GET, "SELECT bytes FROM conversation WHERE name = ?1 AND expires > ?2")             \
    X(SQL_TALK_PUT, "INSERT INTO conversation(name, bytes, expires) VALUES(?1, ?2, ?3) ON "        \
                    "CONFLICT DO UPDATE SET bytes = excluded.bytes, expires = excluded.expires")   \
    X(SQL_RECENT_GET, "SELECT bytes, expires > ?2 FROM recent WHERE id = ?3 AND name = ?1")        \
    X(SQL_RECENT_PUT, "INSERT INTO recent(name, bytes, expires) VALUES(?1, ?2, ?3)")               \
    X(SQL_RECENT_ALL, "SELECT id, name FROM recent ORDER BY id")                                   \
    X(SQL_RECENT_FOLD, "INSERT INTO conversation(name, bytes, expires) SELECT name, bytes, "       \
                       "expires FROM recent WHERE true ORDER BY id ON CONFLICT DO UPDATE "         \
                       "SET bytes = excluded.bytes, expires = excluded.expires")                   \
    X(SQL_RECENT_EMPTY, "DELETE FROM recent")                                                      \
    X(SQL_NOTE_GET, "SELECT bytes FROM note WHERE name = ?1 AND expires > ?2")                     \
    X(SQL_NOTE_PUT, "INSERT INTO note(name, bytes, expires) VALUES(?1, ?2, ?3) ON CONFLICT DO "    \
                    "UPDATE SET bytes = excluded.bytes, expires = excluded.expires")               \
    X(SQL_OUT_ADD, "INSERT INTO outbox(adapter, conversation, address, payload, created, next, "   \
                   "talk, head) VALUES(?1, ?2, ?3, ?4, ?5, ?5, ?6, NOT EXISTS(SELECT 1 FROM "      \
                   "outbox WHERE talk = ?6))")                                                     \
    X(SQL_OUT_DUE,                                                                                 \
      "SELECT id, adapter, conversation, address, payload, attempts, unsure, created "             \
      "FROM outbox WHERE head AND NOT under_way AND adapter = ?1 AND next <= ?2 "                  \
      "ORDER BY next, id LIMIT ?3")                                                                \
    X(SQL_OUT_ADAPTER, "SELECT min(adapter) FROM outbox WHERE head AND NOT under_way AND adapter " \
                       "> ?1")                                                                     \
    X(SQL_OUT_NEXT, "SELECT next FROM outbox WHERE head AND NOT under_way AND adapter = ?1 ORDER " \
                    "BY next LIMIT 1")                                                             \
    X(SQL_OUT_BEGIN, "UPDATE outbox SET under_way = 1, attempts = attempts + 1, was_unsure = "     \
                     "unsure, unsure = 1 WHERE id = ?1 AND NOT under_way")                         \
    X(SQL_OUT_AGAIN, "UPDATE outbox SET under_way = 0, next = ?2, unsure = ?3 WHERE id = ?1")      \
    X(SQL_OUT_PUT_OFF, "UPDATE outbox SET attempts = attempts - under_way, unsure = CASE WHEN "    \
                       "under_way THEN was_unsure ELSE unsure END, under_way = 0, next = ?2 "      \
                       "WHERE id = ?1")                                                            \
    X(SQL_OUT_DONE, "DELETE FROM outbox WHERE id = ?1")                                            \
    X(SQL_OUT_HURRY, "UPDATE outbox SET next = ?3 WHERE head AND NOT under_way AND adapter = ?1 "  \
                     "AND next > ?2")                                                              \
    X(SQL_OUT_RECOVER, "UPDATE outbox SET under_way = 0, unsure = 1, next = ?1 WHERE under_way")   \
    X(SQL_GAP_ADD, "INSERT INTO gap(kind, norm, text, count, first, last) VALUES(?1, ?2, ?3, 1, "  \
                   "?4, ?4)")                                                                      \
    X(SQL_GAP_AGAIN, "UPDATE gap SET count = count + 1, last = ?3 WHERE kind = ?1 AND norm = ?2")  \
    X(SQL_GAP_EVICT, "DELETE FROM gap WHERE rowid IN (SELECT rowid FROM gap ORDER BY count, last " \
                     "LIMIT ?1)")                                                                  \
    X(SQL_GAPS, "SELECT text, kind, count, first, last FROM gap ORDER BY count DESC, last DESC, "  \
                "rowid LIMIT ?1")                                                                  \
    X(SQL_WALK_CLAIM, "SELECT name FROM claim WHERE name > ?1 ORDER BY name LIMIT 1 OFFSET ?2")    \
    X(SQL_WALK_TALK, "SELECT name FROM conversation WHERE name > ?1 ORDER BY name LIMIT 1 OFFSET " \
                     "?2")                                                                         \
    X(SQL_WALK_NOTE, "SELECT name FROM note WHERE name > ?1 ORDER BY name LIMIT 1 OFFSET ?2")      \
    X(SQL_DROP_CLAIM, "DELETE FROM claim WHERE name > ?1 AND name <= ?2 AND at <= ?3")             \
    X(SQL_DROP_TALK, "DELETE FROM conversation WHERE name > ?1 AND name <= ?2 AND expires <= ?3")  \
    X(SQL_DROP_NOTE, "DELETE FROM note WHERE name > ?1 AND name <= ?2 AND expires <= ?3")

#define STORE_STATEMENT_ID(name, sql) name,
enum statement { STORE_STATEMENTS(STORE_STATEMENT_ID) STATEMENT_COUNT };
#undef STORE_STATEMENT_ID

/* Kept in memory, since SQLite counts by reading every row. */
struct store_counts {
    uint64_t waiting; /* deliveries in the outbox */
    uint64_t gaps;    /* rows of gap */
};

/* Tables whose rows expire (store_sqlite_expire.c). */
enum store_table { STORE_CLAIMS, STORE_TALKS, STORE_NOTES, STORE_TABLES };

/* How far a table has been looked through; "" is its beginning. */
struct store_walk {
    char at[STORE_NAME_MAX + 1];
    int64_t owed; /* rows that were put in since, each worth a look at two */
};

/*
 * Where the newest state of a conversation stands in the table `recent` (store_sqlite_talk.c), by
 * the hash of its name; at most RECENT_MAX of them, so that places are always left.
 */
enum { RECENT_MAX = 256, RECENT_PLACES = 4 * RECENT_MAX };

struct store_recent {
    struct {
        uint64_t hash; /* 0: free */
        int64_t id;
    } places[RECENT_PLACES];
    size_t rows;  /* of the table */
    bool unknown; /* the table must be read first */
    bool passed;  /* this transaction says so much that the rest goes past it */
};

/* Pages of -wal (store_sqlite_log.c). */
struct store_log {
    int pages; /* as of the last commit */
    int asked; /* so many when they were last given to the keeper, or copied */
    bool full; /* as soon as the keeper is ready, the rest is copied, so that it begins anew */
    struct store_keeper *keeper; /* owned; NULL: not needed yet */
};

struct store_engine {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    char *path;
    int lock;  /* descriptor of PATH-lock, held until the end; -1 for a reader */
    bool open; /* a transaction is */
    struct store_counts counts;
    struct store_counts counts_before; /* the transaction */
    struct store_walk walks[STORE_TABLES];
    int64_t now_ms; /* the last time that we were told */
    struct store_log log;
    struct store_recent recent;
};

enum { STORE_PATH_LEN = 4096, STORE_HEAD_LEN = 100 };

/*
 * A file and a connection to it, for whoever needs less than a store (store_sqlite_open.c):
 * created without either, ended by sqlite_close().
 */
struct store_engine *store_engine_create(const char *path);
bool store_open_database(struct store_engine *store, int flags, struct error *err);
/* The name of what lies beside it, PATH and this ending. */
bool store_beside(const struct store_engine *store, const char *ending, char ret[STORE_PATH_LEN],
                  struct error *err);
/* PATH-lock, kept until sqlite_close(): no daemon works on the file meanwhile. */
bool store_take_lock(struct store_engine *store, struct error *err);
/* The first column of a one-row answer. */
bool store_ask(struct store_engine *store, const char *sql, int64_t *ret, struct error *err);
/* Whether a file that begins so is a store of ours. */
bool store_is_head(const unsigned char head[STORE_HEAD_LEN]);
/* Refuses other programs' databases and what a newer whether has written. 0: empty, or none. */
bool store_read_version(struct store_engine *store, int64_t *ret, struct error *err);

/* ---- running statements (store_sqlite_call.c) ---- */

/* What failed, in a full sentence with the store's path; returns false. */
bool store_fail(const struct store_engine *store, struct error *err);

/*
 * Resets a statement and binds values to ?1, ?2 ... types: t a text (NULL allowed), n a struct
 * store_name *, b bytes (pointer, size_t), i an int64_t. Values must live until it is reset.
 */
sqlite3_stmt *store_bind(struct store_engine *store, enum statement id, const char *types, ...);

/* Runs one whose rows, if any, do not matter. */
bool store_run(struct store_engine *store, sqlite3_stmt *statement, struct error *err);

/* The integer of a one-row answer, `none` when there is no row. */
int64_t store_number(sqlite3_stmt *statement, int64_t none, int64_t failed);

/* The bytes of a statement's first column, cut at cap; *ret_len 0: none. For one row at most. */
void store_copy(sqlite3_stmt *statement, void *ret, size_t cap, size_t *ret_len);

/* ---- for the engine's parts ---- */

/* Drops some of what has expired, in step with what is put in. */
bool store_keep_up(struct store_engine *store, struct error *err);

/* Moves what is in `recent` to where it stays. */
bool store_fold(struct store_engine *store, struct error *err);

/* The log (store_sqlite_log.c): watched from the first commit on, finished before all else. */
void store_log_watch(struct store_engine *store);
void store_log_finish(struct store_engine *store);

/* What the outbox calls a conversation. Where two share it, they wait for each other. */
int64_t store_talk(const char *adapter, const char *conversation);

extern const struct store_ops store_sqlite;

/* ---- the engine's operations that do not lie in store_sqlite.c (store_engine.h) ---- */

void sqlite_close(struct store_engine *store);
int64_t sqlite_tidy(struct store_engine *store);
bool sqlite_conversation_get(struct store_engine *store, const char *adapter, const char *key,
                             int64_t now_ms, void *ret, size_t cap, size_t *ret_len,
                             struct error *err);
bool sqlite_conversation_put(struct store_engine *store, const char *adapter, const char *key,
                             const void *bytes, size_t len, int64_t expires_ms, struct error *err);
bool sqlite_outbox_add(struct store_engine *store, const struct delivery *delivery, int64_t now_ms,
                       int64_t *ret_id, struct error *err);
bool sqlite_outbox_due(struct store_engine *store, const char *adapter, int64_t now_ms, size_t most,
                       store_visit_delivery *visit, void *context, struct error *err);
int64_t sqlite_outbox_next(struct store_engine *store, const char *adapter);
uint64_t sqlite_outbox_count(struct store_engine *store);
bool sqlite_outbox_begin(struct store_engine *store, int64_t id, struct error *err);
bool sqlite_outbox_again(struct store_engine *store, int64_t id, int64_t next_ms, bool unsure,
                         struct error *err);
bool sqlite_outbox_put_off(struct store_engine *store, int64_t id, int64_t next_ms,
                           struct error *err);
bool sqlite_outbox_done(struct store_engine *store, int64_t id, struct error *err);
bool sqlite_outbox_hurry(struct store_engine *store, int64_t now_ms, int64_t latest_ms,
                         struct error *err);
bool sqlite_outbox_recover(struct store_engine *store, int64_t next_ms, struct error *err);
bool sqlite_gap_add(struct store_engine *store, const char *kind, const char *text, size_t len,
                    int64_t now_ms, struct error *err);
bool sqlite_gaps(struct store_engine *store, size_t most, gap_visit *visit, void *context,
                 struct error *err);
bool sqlite_expire(struct store_engine *store, int64_t now_ms, struct error *err);
