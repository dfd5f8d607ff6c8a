#include "bot/base/buf.h"
#include "bot/host/store_sqlite.h"

/* What was asked and not understood. */

/* Of GAPS_KEPT_MAX so many go at once: to find them, all are looked through. */
enum { EVICT_MOST = 250 };

static bool evict(struct store_engine *store, struct error *err)
{
    if (store->counts.gaps <= GAPS_KEPT_MAX) {
        return true;
    }
    int64_t most = EVICT_MOST;
    if (!store_run(store, store_bind(store, SQL_GAP_EVICT, "i", most), err)) {
        return false;
    }
    store->counts.gaps -= (uint64_t)sqlite3_changes(store->db);
    return true;
}

static bool add(struct store_engine *store, const char *kind, const char *norm, const char *text,
                int64_t now_ms, struct error *err)
{
    if (!store_run(store, store_bind(store, SQL_GAP_AGAIN, "tti", kind, norm, now_ms), err)) {
        return false;
    }
    if (sqlite3_changes(store->db) > 0) {
        return true;
    }
    store->counts.gaps++;
    return store_run(store, store_bind(store, SQL_GAP_ADD, "ttti", kind, norm, text, now_ms), err);
}

bool sqlite_gap_add(struct store_engine *store, const char *kind, const char *text, size_t len,
                    int64_t now_ms, struct error *err)
{
    struct buf norm, copy;
    buf_init(&norm, GAP_TEXT_MAX);
    buf_init(&copy, GAP_TEXT_MAX);
    store_gap_text(text, len, &norm, &copy);
    bool fine = norm.len == 0 || add(store, kind, norm.data, copy.data, now_ms, err);
    buf_finish(&copy);
    buf_finish(&norm);
    return fine && evict(store, err);
}

bool sqlite_gaps(struct store_engine *store, size_t most, gap_visit *visit, void *context,
                 struct error *err)
{
    sqlite3_stmt *s = store_bind(store, SQL_GAPS, "i", (int64_t)most);
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(s, 0);
        const char *kind = (const char *)sqlite3_column_text(s, 1);
        visit(context, &(struct gap){.text = text ? text : "",
                                     .kind = kind ? kind : "",
                                     .count = (uint64_t)sqlite3_column_int64(s, 2),
                                     .first_ms = sqlite3_column_int64(s, 3),
                                     .last_ms = sqlite3_column_int64(s, 4)});
    }
    bool fine = code == SQLITE_DONE || store_fail(store, err);
    sqlite3_reset(s);
    return fine;
}
