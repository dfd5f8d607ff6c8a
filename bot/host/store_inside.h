#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/host/store.h"

/*
 * The inside of the SQLite store, for store*.c alone: the prepared statements and how to run them.
 * SQL stands in one table (STORE_STATEMENTS), so that all of it is prepared, and thereby checked,
 * when the store is opened.
 */
struct error;

/* X(NAME, sql): parameters are numbered, every value is bound. */
#define STORE_STATEMENTS(X)                                                                        \
    X(SQL_BEGIN, "BEGIN IMMEDIATE")                                                                \
    X(SQL_COMMIT, "COMMIT")                                                                        \
    X(SQL_ROLLBACK, "ROLLBACK")                                                                    \
    X(SQL_CLAIM, "INSERT INTO claim(adapter, delivery, identity, at) VALUES(?1, ?2, ?3, ?4) ON "   \
                 "CONFLICT DO NOTHING")                                                            \
    X(SQL_CLAIM_FREE, "DELETE FROM claim WHERE at <= ?4 AND id IN (SELECT id FROM claim WHERE "    \
                      "adapter = ?1 AND delivery = ?2 UNION SELECT id FROM claim WHERE adapter = " \
                      "?1 AND identity = ?3)")                                                     \
    X(SQL_TALK_GET, "SELECT bytes FROM conversation WHERE adapter = ?1 AND key = ?2 AND expires "  \
                    "> ?3")                                                                        \
    X(SQL_TALK_PUT, "INSERT INTO conversation(adapter, key, bytes, expires) VALUES(?1, ?2, ?3, "   \
                    "?4) ON CONFLICT DO UPDATE SET bytes = excluded.bytes, expires = "             \
                    "excluded.expires")                                                            \
    X(SQL_TALK_DELETE, "DELETE FROM conversation WHERE adapter = ?1 AND key = ?2")                 \
    X(SQL_NOTE_GET, "SELECT bytes FROM note WHERE adapter = ?1 AND key = ?2 AND expires > ?3")     \
    X(SQL_NOTE_PUT, "INSERT INTO note(adapter, key, bytes, expires) VALUES(?1, ?2, ?3, ?4) ON "    \
                    "CONFLICT DO UPDATE SET bytes = excluded.bytes, expires = excluded.expires")   \
    X(SQL_OUT_ADD, "INSERT INTO outbox(adapter, conversation, address, payload, created, next, "   \
                   "head) VALUES(?1, ?2, ?3, ?4, ?5, ?5, NOT EXISTS(SELECT 1 FROM outbox WHERE "   \
                   "adapter = ?1 AND conversation = ?2))")                                         \
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
    X(SQL_OUT_RECOVER, "UPDATE outbox SET under_way = 0, unsure = 1, next = ?1 WHERE under_way")   \
    X(SQL_GAP_ADD, "INSERT INTO gap(kind, norm, text, count, first, last) VALUES(?1, ?2, ?3, 1, "  \
                   "?4, ?4) ON CONFLICT DO UPDATE SET count = count + 1, last = excluded.last "    \
                   "RETURNING count")                                                              \
    X(SQL_GAP_EVICT, "DELETE FROM gap WHERE rowid IN (SELECT rowid FROM gap ORDER BY count, last " \
                     "LIMIT ?1)")                                                                  \
    X(SQL_GAPS, "SELECT text, kind, count, first, last FROM gap ORDER BY count DESC, last DESC, "  \
                "rowid LIMIT ?1")                                                                  \
    X(SQL_EXPIRE_CLAIM, "DELETE FROM claim WHERE id IN (SELECT id FROM (SELECT id, at FROM claim " \
                        "ORDER BY id LIMIT ?2) WHERE at <= ?1)")                                   \
    X(SQL_EXPIRE_TALK, "DELETE FROM conversation WHERE rowid IN (SELECT rowid FROM conversation "  \
                       "WHERE expires <= ?1 LIMIT ?2)")                                            \
    X(SQL_EXPIRE_NOTE, "DELETE FROM note WHERE rowid IN (SELECT rowid FROM note WHERE expires <= " \
                       "?1 LIMIT ?2)")

#define STORE_STATEMENT_ID(name, sql) name,
enum statement { STORE_STATEMENTS(STORE_STATEMENT_ID) STATEMENT_COUNT };
#undef STORE_STATEMENT_ID

/* Kept in memory, since SQLite counts by reading every row. */
struct store_counts {
    uint64_t waiting; /* deliveries in the outbox */
    uint64_t gaps;    /* rows of gap */
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    char *path;
    int lock;  /* descriptor of PATH-lock, held until the end; -1 for a reader */
    bool open; /* a transaction is */
    struct store_counts counts;
    struct store_counts counts_before; /* the transaction */
    int64_t added;                     /* rows that expire one day, in this transaction */
    int64_t now_ms;                    /* the last time that we were told */
};

/* What failed, in a full sentence with the store's path; returns false. */
bool store_fail(const struct store *store, struct error *err);

/*
 * Resets a statement and binds values to ?1, ?2 ... types: t a text (NULL allowed), b bytes
 * (pointer, size_t), i an int64_t. Values must live until the statement is reset.
 */
sqlite3_stmt *store_bind(struct store *store, enum statement id, const char *types, ...);

/* Runs one whose rows, if any, do not matter. */
bool store_run(struct store *store, sqlite3_stmt *statement, struct error *err);

/* The integer of a one-row answer, `none` when there is no row or it failed. */
int64_t store_number(sqlite3_stmt *statement, int64_t none);

/* Every text and size from outside has a maximum; NULL never fits. False: a sentence is in err. */
bool store_fits(const struct store *store, const char *what, const char *text, size_t max,
                struct error *err);
bool store_fits_bytes(const struct store *store, size_t len, struct error *err);
