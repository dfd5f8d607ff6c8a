#include <string.h>

#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/host/store_sqlite.h"

/*
 * Conversations. Each turn of each changes a row somewhere in a large table: a page of the log for
 * every message. So what is new is first written one after the other into a small table, `recent`,
 * many to a page; when that is full, all of it moves to `conversation` at once, where some share a
 * page. Nothing is only in memory but where in `recent` a conversation stands.
 */

/* The place of a name's hash: its own, or the free one where it would be. */
static size_t find(const struct store_recent *recent, uint64_t hash)
{
    size_t i = hash_place(hash, RECENT_PLACES - 1);
    while (recent->places[i].hash != 0 && recent->places[i].hash != hash) {
        i = (i + 1) & (RECENT_PLACES - 1);
    }
    return i;
}

static void note(struct store_recent *recent, uint64_t hash, int64_t id)
{
    size_t i = find(recent, hash);
    recent->places[i].hash = hash;
    recent->places[i].id = id;
    recent->rows++;
}

static void forget(struct store_recent *recent)
{
    memset(recent->places, 0, sizeof(recent->places));
    recent->rows = 0;
}

/* Reads where they stand: at the beginning, and when a transaction was taken back. */
static bool know(struct store_engine *store, struct error *err)
{
    struct store_recent *recent = &store->recent;
    int code;
    if (!recent->unknown) {
        return true;
    }
    forget(recent);
    sqlite3_stmt *s = store_bind(store, SQL_RECENT_ALL, "");
    while ((code = sqlite3_step(s)) == SQLITE_ROW && recent->rows < RECENT_MAX) {
        const char *name = (const char *)sqlite3_column_text(s, 1);
        note(recent, hash_bytes(name ? name : "", (size_t)sqlite3_column_bytes(s, 1)),
             sqlite3_column_int64(s, 0));
    }
    bool fine = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(store, err);
    sqlite3_reset(s);
    recent->unknown = !fine;
    return fine;
}

bool store_fold(struct store_engine *store, struct error *err)
{
    if (!know(store, err)) {
        return false;
    }
    if (store->recent.rows == 0) {
        return true;
    }
    if (!store_run(store, store_bind(store, SQL_RECENT_FOLD, ""), err) ||
        !store_run(store, store_bind(store, SQL_RECENT_EMPTY, ""), err)) {
        return false;
    }
    forget(&store->recent);
    return true;
}

/* *ret_there: it stands in `recent`, whether or not it has expired. */
static bool get_recent(struct store_engine *store, const struct store_name *name, int64_t now_ms,
                       void *ret, size_t cap, size_t *ret_len, bool *ret_there, struct error *err)
{
    uint64_t hash = hash_bytes(name->text, name->len);
    size_t i = find(&store->recent, hash);
    *ret_there = false;
    if (store->recent.places[i].hash == 0) {
        return true;
    }
    sqlite3_stmt *s =
        store_bind(store, SQL_RECENT_GET, "nii", name, now_ms, store->recent.places[i].id);
    int code = sqlite3_step(s);
    /* Else another name with the same hash took its place: an older state is found below. */
    *ret_there = code == SQLITE_ROW;
    if (*ret_there && sqlite3_column_int(s, 1) != 0) {
        store_copy(s, ret, cap, ret_len);
    }
    bool fine = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(store, err);
    sqlite3_reset(s);
    return fine;
}

bool sqlite_conversation_get(struct store_engine *store, const char *adapter, const char *key,
                             int64_t now_ms, void *ret, size_t cap, size_t *ret_len,
                             struct error *err)
{
    struct store_name name;
    bool there;
    *ret_len = 0;
    store->now_ms = now_ms;
    if (!store_fits_name(store->path, "key", adapter, key, NULL)) {
        return true; /* nothing can have been kept under it */
    }
    store_name(&name, adapter, '\0', key);
    if (!know(store, err) || !get_recent(store, &name, now_ms, ret, cap, ret_len, &there, err)) {
        return false;
    }
    if (there) {
        return true;
    }
    sqlite3_stmt *s = store_bind(store, SQL_TALK_GET, "ni", &name, now_ms);
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW) {
        store_copy(s, ret, cap, ret_len);
    }
    bool fine = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(store, err);
    sqlite3_reset(s);
    return fine;
}

/* A transaction that fills the table by itself fills the others' pages as well: no way round. */
static bool make_room(struct store_engine *store, struct error *err)
{
    if (!know(store, err)) {
        return false;
    }
    if (store->recent.rows >= RECENT_MAX) {
        store->recent.passed = store_fold(store, err);
        return store->recent.passed;
    }
    return true;
}

bool sqlite_conversation_put(struct store_engine *store, const char *adapter, const char *key,
                             const void *bytes, size_t len, int64_t expires_ms, struct error *err)
{
    struct store_name name;
    if (!store_fits_name(store->path, "key", adapter, key, err) ||
        !store_fits_bytes(store->path, len, err) || !make_room(store, err)) {
        return false;
    }
    enum statement id = store->recent.passed ? SQL_TALK_PUT : SQL_RECENT_PUT;
    store_name(&name, adapter, '\0', key);
    if (!store_run(store, store_bind(store, id, "nbi", &name, bytes, len, expires_ms), err)) {
        return false;
    }
    store->walks[STORE_TALKS].owed++;
    if (!store->recent.passed) {
        note(&store->recent, hash_bytes(name.text, name.len), sqlite3_last_insert_rowid(store->db));
    }
    return true;
}
