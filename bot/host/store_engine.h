#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/host/store.h"

/*
 * What is behind a store: SQLite (store_sqlite.h) or Redis (store_redis.h), chosen when it is
 * opened. Each operation keeps what store.h promises under the same name. struct store_engine is
 * each engine's own; store.c, which hands every call on, knows none of them.
 */
struct error;
struct store_engine;

struct store_ops {
    void (*close)(struct store_engine *engine);
    bool (*begin)(struct store_engine *engine, struct error *err);
    bool (*commit)(struct store_engine *engine, struct error *err);
    bool (*commit_soon)(struct store_engine *engine, struct error *err);
    void (*rollback)(struct store_engine *engine);
    int64_t (*tidy)(struct store_engine *engine);

    /* These seven NULL: the store is ours alone. */
    bool (*expect)(struct store_engine *engine, const struct expectation *expectations,
                   size_t count, enum expected *ret, struct error *err);
    void (*mark)(struct store_engine *engine);
    bool (*again)(struct store_engine *engine);
    bool (*lease)(struct store_engine *engine, const char *name);
    void (*lease_end)(struct store_engine *engine, const char *name);
    bool (*may_act)(const struct store_engine *engine);
    void (*outbox_changed)(struct store_engine *engine, store_visit_adapter *visit, void *context);

    enum claim (*claim)(struct store_engine *engine, const char *adapter, const char *delivery,
                        const char *identity, int64_t now_ms, struct error *err);
    bool (*conversation_get)(struct store_engine *engine, const char *adapter, const char *key,
                             int64_t now_ms, void *ret, size_t cap, size_t *ret_len,
                             struct error *err);
    bool (*conversation_put)(struct store_engine *engine, const char *adapter, const char *key,
                             const void *bytes, size_t len, int64_t expires_ms, struct error *err);

    bool (*outbox_add)(struct store_engine *engine, const struct delivery *delivery, int64_t now_ms,
                       int64_t *ret_id, struct error *err);
    bool (*outbox_due)(struct store_engine *engine, const char *adapter, int64_t now_ms,
                       size_t most, store_visit_delivery *visit, void *context, struct error *err);
    int64_t (*outbox_next)(struct store_engine *engine, const char *adapter);
    uint64_t (*outbox_count)(struct store_engine *engine);
    bool (*outbox_begin)(struct store_engine *engine, int64_t id, struct error *err);
    bool (*outbox_again)(struct store_engine *engine, int64_t id, int64_t next_ms, bool unsure,
                         struct error *err);
    bool (*outbox_put_off)(struct store_engine *engine, int64_t id, int64_t next_ms,
                           struct error *err);
    bool (*outbox_done)(struct store_engine *engine, int64_t id, struct error *err);
    bool (*outbox_hurry)(struct store_engine *engine, int64_t now_ms, int64_t latest_ms,
                         struct error *err);
    bool (*outbox_recover)(struct store_engine *engine, int64_t next_ms, struct error *err);

    bool (*note_get)(struct store_engine *engine, const char *adapter, const char *key,
                     int64_t now_ms, void *ret, size_t cap, size_t *ret_len, struct error *err);
    bool (*note_put)(struct store_engine *engine, const char *adapter, const char *key,
                     const void *bytes, size_t len, int64_t expires_ms, struct error *err);

    bool (*gap_add)(struct store_engine *engine, const char *kind, const char *text, size_t len,
                    int64_t now_ms, struct error *err);
    bool (*gaps)(struct store_engine *engine, size_t most, gap_visit *visit, void *context,
                 struct error *err);
    bool (*expire)(struct store_engine *engine, int64_t now_ms, struct error *err);
};

/* Takes the engine, which ops->close frees. */
struct store *store_create(const struct store_ops *ops, struct store_engine *engine);

/* ---- what engines share ---- */

/* How a thing is called within its kind: the adapter's name, a line end, and its own. */
enum { STORE_NAME_MAX = 2 * MESSAGE_KEY_MAX + 4 };

struct store_name {
    char text[STORE_NAME_MAX + 1];
    size_t len;
};

/* `kind` tells the sorts of a table apart, '\0' where there is but one. */
void store_name(struct store_name *ret, const char *adapter, char kind, const char *name);

/*
 * Every text and size from outside has a maximum; NULL never fits. False: a sentence that begins
 * with where is in err.
 */
bool store_fits(const char *where, const char *what, const char *text, size_t max,
                struct error *err);
bool store_fits_bytes(const char *where, size_t len, struct error *err);
bool store_fits_name(const char *where, const char *what, const char *adapter, const char *name,
                     struct error *err);

/*
 * A question as the log of gaps knows it. norm: lower case, letters and digits, one blank between
 * words; empty when nothing is left. copy: as it was asked, as far as it is UTF-8 without control
 * bytes. Both are empty buffers of GAP_TEXT_MAX bytes (gap.h).
 */
struct buf;
void store_gap_text(const char *text, size_t len, struct buf *norm, struct buf *copy);
