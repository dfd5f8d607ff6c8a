#include <string.h>

#include "bot/base/mem.h"
#include "bot/host/store_sqlite.h"

/*
 * What has expired. No index knows it: that would cost as much with every message as the row
 * itself. Instead each table is walked through in the order of its names, round and round, two rows
 * for each that is put in. So a table holds at most half as many again as are live, however busy it
 * is, and no turn has to wait for all of yesterday to be dropped.
 */
enum {
    LOOKS = 2,          /* for each row that is put in */
    STEP_MIN = 64,      /* a walk has its price, too: no shorter ones */
    EXPIRE_LOOKS = 2000 /* of each table, in sqlite_expire() */
};

static const struct {
    enum statement walk, drop;
} tables[STORE_TABLES] = {
    [STORE_CLAIMS] = {SQL_WALK_CLAIM, SQL_DROP_CLAIM},
    [STORE_TALKS] = {SQL_WALK_TALK, SQL_DROP_TALK},
    [STORE_NOTES] = {SQL_WALK_NOTE, SQL_DROP_NOTE},
};

/* The name so many rows after where the walk stands; past all names when the table ends before. */
static bool find_end(struct store_engine *store, enum store_table table, int64_t rows,
                     struct store_name *ret, struct error *err)
{
    static const char past_all[] = "\xff";
    sqlite3_stmt *s = store_bind(store, tables[table].walk, "ti", store->walks[table].at, rows - 1);
    int code = sqlite3_step(s);
    const void *name = code == SQLITE_ROW ? sqlite3_column_text(s, 0) : NULL;
    size_t len = name ? (size_t)sqlite3_column_bytes(s, 0) : 0;
    /* A name that is not ours, put there by hand: the walk ends as at the table's end. */
    bool ours = name != NULL && len <= STORE_NAME_MAX && memchr(name, '\0', len) == NULL;
    ret->len = ours ? len : sizeof(past_all) - 1;
    memcpy(ret->text, ours ? name : past_all, ret->len);
    ret->text[ret->len] = '\0';
    bool fine = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(store, err);
    sqlite3_reset(s);
    return fine;
}

static bool walk(struct store_engine *store, enum store_table table, int64_t rows,
                 struct error *err)
{
    struct store_walk *walk = &store->walks[table];
    int64_t limit_ms = store->now_ms - (table == STORE_CLAIMS ? (int64_t)STORE_CLAIM_MS : 0);
    struct store_name end;
    if (!find_end(store, table, rows, &end, err) ||
        !store_run(store, store_bind(store, tables[table].drop, "tni", walk->at, &end, limit_ms),
                   err)) {
        return false;
    }
    bool over = end.text[0] == '\xff';
    memcpy(walk->at, over ? "" : end.text, over ? 1 : end.len + 1);
    walk->owed = 0;
    return true;
}

bool store_keep_up(struct store_engine *store, struct error *err)
{
    for (enum store_table table = 0; table < STORE_TABLES; table++) {
        int64_t rows = LOOKS * store->walks[table].owed;
        if (rows >= STEP_MIN && !walk(store, table, rows, err)) {
            return false;
        }
    }
    return true;
}

bool sqlite_expire(struct store_engine *store, int64_t now_ms, struct error *err)
{
    store->now_ms = now_ms;
    if (!store_fold(store, err)) {
        return false;
    }
    for (enum store_table table = 0; table < STORE_TABLES; table++) {
        if (!walk(store, table, EXPIRE_LOOKS, err)) {
            return false;
        }
    }
    return true;
}
