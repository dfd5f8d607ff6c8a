#include <assert.h>

#include "bot/base/error.h"
#include "bot/host/store_sqlite.h"

/* ---- transactions ---- */

static bool sqlite_begin(struct store_engine *store, struct error *err)
{
    assert(!store->open);
    store->open = store_run(store, store_bind(store, SQL_BEGIN, ""), err);
    store->counts_before = store->counts;
    store->recent.passed = false;
    return store->open;
}

/* As synchronous=FULL does after each commit: what was written to the log reaches the disk. */
static bool sync_log(struct store_engine *store, struct error *err)
{
    sqlite3_file *log = NULL;
    int code = sqlite3_file_control(store->db, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (code == SQLITE_OK && log != NULL && log->pMethods != NULL) {
        code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    }
    return code == SQLITE_OK ||
           error_set(err, ERROR_ENVIRONMENT, "the disk did not take it: %s", sqlite3_errstr(code));
}

static bool sqlite_commit_soon(struct store_engine *store, struct error *err)
{
    if (!store_keep_up(store, err) || !store_run(store, store_bind(store, SQL_COMMIT, ""), err)) {
        return false;
    }
    store->open = false;
    return true;
}

static bool sqlite_commit(struct store_engine *store, struct error *err)
{
    return sqlite_commit_soon(store, err) && sync_log(store, err);
}

static void sqlite_rollback(struct store_engine *store)
{
    /* Some failures have rolled back already: then SQLite has nothing left to do. */
    if (!sqlite3_get_autocommit(store->db)) {
        store_run(store, store_bind(store, SQL_ROLLBACK, ""), NULL);
    }
    if (store->open) {
        store->counts = store->counts_before;
    }
    store->open = false;
    store->recent.unknown = true;
    /* Perhaps the disk is full: a log that begins anew needs no more of it. */
    store->log.full = store->log.pages > 0;
}

/* ---- taken messages ---- */

/* *ret_new stays as it was when the name is new, and becomes false when it is known. */
static bool claim(struct store_engine *store, const char *adapter, char kind, const char *what,
                  const char *name, bool *ret_new, struct error *err)
{
    struct store_name full;
    if (name == NULL) {
        return true;
    }
    if (!store_fits_name(store->path, what, adapter, name, err)) {
        return false;
    }
    store_name(&full, adapter, kind, name);
    store->walks[STORE_CLAIMS].owed++;
    /* Known, unless it was only not yet dropped. */
    if (!store_run(store,
                   store_bind(store, SQL_CLAIM, "nii", &full, store->now_ms,
                              store->now_ms - (int64_t)STORE_CLAIM_MS),
                   err)) {
        return false;
    }
    *ret_new = *ret_new && sqlite3_changes(store->db) > 0;
    return true;
}

/* Both names are noted whatever becomes of the other: a copy brings its other name with it. */
static enum claim sqlite_claim(struct store_engine *store, const char *adapter,
                               const char *delivery, const char *identity, int64_t now_ms,
                               struct error *err)
{
    bool new = true;
    store->now_ms = now_ms;
    if (!claim(store, adapter, 'd', "delivery", delivery, &new, err) ||
        !claim(store, adapter, 'm', "identity", identity, &new, err)) {
        return CLAIM_ERROR;
    }
    return new ? CLAIM_NEW : CLAIM_KNOWN;
}

/* ---- notes ---- */

static bool sqlite_note_get(struct store_engine *store, const char *adapter, const char *key,
                            int64_t now_ms, void *ret, size_t cap, size_t *ret_len,
                            struct error *err)
{
    struct store_name name;
    *ret_len = 0;
    if (!store_fits_name(store->path, "key", adapter, key, NULL)) {
        return true; /* nothing can have been kept under it */
    }
    store_name(&name, adapter, '\0', key);
    sqlite3_stmt *statement = store_bind(store, SQL_NOTE_GET, "ni", &name, now_ms);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        store_copy(statement, ret, cap, ret_len);
    }
    bool fine = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(store, err);
    sqlite3_reset(statement);
    return fine;
}

static bool sqlite_note_put(struct store_engine *store, const char *adapter, const char *key,
                            const void *bytes, size_t len, int64_t expires_ms, struct error *err)
{
    struct store_name name;
    if (!store_fits_name(store->path, "key", adapter, key, err) ||
        !store_fits_bytes(store->path, len, err)) {
        return false;
    }
    store_name(&name, adapter, '\0', key);
    store->walks[STORE_NOTES].owed++;
    return store_run(store, store_bind(store, SQL_NOTE_PUT, "nbi", &name, bytes, len, expires_ms),
                     err);
}

/* ---- the engine ---- */

const struct store_ops store_sqlite = {
    .close = sqlite_close,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .commit_soon = sqlite_commit_soon,
    .rollback = sqlite_rollback,
    .tidy = sqlite_tidy,
    .claim = sqlite_claim,
    .conversation_get = sqlite_conversation_get,
    .conversation_put = sqlite_conversation_put,
    .outbox_add = sqlite_outbox_add,
    .outbox_due = sqlite_outbox_due,
    .outbox_next = sqlite_outbox_next,
    .outbox_count = sqlite_outbox_count,
    .outbox_begin = sqlite_outbox_begin,
    .outbox_again = sqlite_outbox_again,
    .outbox_put_off = sqlite_outbox_put_off,
    .outbox_done = sqlite_outbox_done,
    .outbox_hurry = sqlite_outbox_hurry,
    .outbox_recover = sqlite_outbox_recover,
    .note_get = sqlite_note_get,
    .note_put = sqlite_note_put,
    .gap_add = sqlite_gap_add,
    .gaps = sqlite_gaps,
    .expire = sqlite_expire,
};
