#include <stdio.h>

#include "bot/base/error.h"
#include "bot/base/hash.h"
#include "bot/host/store_sqlite.h"

/*
 * Answers that wait. `talk` is their conversation as a number, and `head` marks the oldest of each,
 * so that what is due is found by an index however many wait behind. It is kept up to date when one
 * is added, here, and when one is deleted, by a trigger: also when somebody does that by hand.
 */

int64_t store_talk(const char *adapter, const char *conversation)
{
    struct store_name name;
    store_name(&name, adapter, '\0', conversation);
    return (int64_t)hash_bytes(name.text, name.len);
}

bool sqlite_outbox_add(struct store_engine *store, const struct delivery *delivery, int64_t now_ms,
                       int64_t *ret_id, struct error *err)
{
    if (!store_fits(store->path, "adapter", delivery->adapter, MESSAGE_KEY_MAX, err) ||
        !store_fits(store->path, "conversation", delivery->conversation, MESSAGE_KEY_MAX, err) ||
        !store_fits(store->path, "address", delivery->address, MESSAGE_ADDRESS_MAX, err) ||
        !store_fits_bytes(store->path, delivery->payload_len, err)) {
        return false;
    }
    if (!store_run(store,
                   store_bind(store, SQL_OUT_ADD, "tttbii", delivery->adapter,
                              delivery->conversation, delivery->address, delivery->payload,
                              delivery->payload_len, now_ms,
                              store_talk(delivery->adapter, delivery->conversation)),
                   err)) {
        return false;
    }
    *ret_id = sqlite3_last_insert_rowid(store->db);
    store->counts.waiting++;
    return true;
}

static const char *text_at(sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text ? (const char *)text : "";
}

static void visit_row(sqlite3_stmt *s, store_visit_delivery *visit, void *context)
{
    visit(context, &(struct delivery){.id = sqlite3_column_int64(s, 0),
                                      .adapter = text_at(s, 1),
                                      .conversation = text_at(s, 2),
                                      .address = text_at(s, 3),
                                      .payload = text_at(s, 4),
                                      .payload_len = (size_t)sqlite3_column_bytes(s, 4),
                                      .attempts = (uint32_t)sqlite3_column_int64(s, 5),
                                      .unsure = sqlite3_column_int(s, 6) != 0,
                                      .created_ms = sqlite3_column_int64(s, 7)});
}

static bool due_to(struct store_engine *store, const char *adapter, int64_t now_ms, size_t most,
                   store_visit_delivery *visit, void *context, struct error *err)
{
    sqlite3_stmt *s = store_bind(store, SQL_OUT_DUE, "tii", adapter, now_ms, (int64_t)most);
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        visit_row(s, visit, context);
    }
    bool fine = code == SQLITE_DONE || store_fail(store, err);
    sqlite3_reset(s);
    return fine;
}

/* The next adapter by name that something could leave for; "": there is none. */
static bool next_adapter(struct store_engine *store, char adapter[MESSAGE_KEY_MAX + 1],
                         struct error *err)
{
    sqlite3_stmt *s = store_bind(store, SQL_OUT_ADAPTER, "t", adapter);
    bool fine = sqlite3_step(s) == SQLITE_ROW || store_fail(store, err);
    if (fine) {
        snprintf(adapter, MESSAGE_KEY_MAX + 1, "%s", text_at(s, 0));
    }
    sqlite3_reset(s);
    return fine;
}

bool sqlite_outbox_due(struct store_engine *store, const char *adapter, int64_t now_ms, size_t most,
                       store_visit_delivery *visit, void *context, struct error *err)
{
    char each[MESSAGE_KEY_MAX + 1] = "";
    if (adapter != NULL) {
        return due_to(store, adapter, now_ms, most, visit, context, err);
    }
    bool fine = next_adapter(store, each, err);
    while (fine && each[0] != '\0') {
        fine = due_to(store, each, now_ms, most, visit, context, err) &&
               next_adapter(store, each, err);
    }
    return fine;
}

/* Where it cannot be read, now: whoever then looks finds out, or fails and tries again. */
int64_t sqlite_outbox_next(struct store_engine *store, const char *adapter)
{
    return store_number(store_bind(store, SQL_OUT_NEXT, "t", adapter), INT64_MAX, 0);
}

uint64_t sqlite_outbox_count(struct store_engine *store)
{
    return store->counts.waiting;
}

/*
 * Somebody may have deleted a delivery by hand, while it was under way: that is no reason to fail,
 * with it, the turn of everybody else. Only what is about to be sent must be there.
 */
bool sqlite_outbox_begin(struct store_engine *store, int64_t id, struct error *err)
{
    return store_run(store, store_bind(store, SQL_OUT_BEGIN, "i", id), err) &&
           (sqlite3_changes(store->db) > 0 ||
            error_set(err, ERROR_INPUT, "%s: delivery %lld is not there to be sent", store->path,
                      (long long)id));
}

bool sqlite_outbox_again(struct store_engine *store, int64_t id, int64_t next_ms, bool unsure,
                         struct error *err)
{
    return store_run(store, store_bind(store, SQL_OUT_AGAIN, "iii", id, next_ms, (int64_t)unsure),
                     err);
}

bool sqlite_outbox_put_off(struct store_engine *store, int64_t id, int64_t next_ms,
                           struct error *err)
{
    return store_run(store, store_bind(store, SQL_OUT_PUT_OFF, "ii", id, next_ms), err);
}

bool sqlite_outbox_done(struct store_engine *store, int64_t id, struct error *err)
{
    if (!store_run(store, store_bind(store, SQL_OUT_DONE, "i", id), err)) {
        return false;
    }
    store->counts.waiting -= (uint64_t)sqlite3_changes(store->db);
    return true;
}

bool sqlite_outbox_hurry(struct store_engine *store, int64_t now_ms, int64_t latest_ms,
                         struct error *err)
{
    char each[MESSAGE_KEY_MAX + 1] = "";
    bool fine = next_adapter(store, each, err);
    while (fine && each[0] != '\0') {
        fine = store_run(store, store_bind(store, SQL_OUT_HURRY, "tii", each, latest_ms, now_ms),
                         err) &&
               next_adapter(store, each, err);
    }
    return fine;
}

bool sqlite_outbox_recover(struct store_engine *store, int64_t next_ms, struct error *err)
{
    return store_run(store, store_bind(store, SQL_OUT_RECOVER, "i", next_ms), err);
}
