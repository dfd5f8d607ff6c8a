#include "bot/host/store.h"

#include "bot/base/mem.h"
#include "bot/host/store_engine.h"

/* Nothing but the way to the engine, and what holds where there is only one process. */
struct store {
    const struct store_ops *ops;
    struct store_engine *engine; /* owned */
};

struct store *store_create(const struct store_ops *ops, struct store_engine *engine)
{
    struct store *store = mem_alloc(sizeof(*store));
    *store = (struct store){ops, engine};
    return store;
}

void store_close(struct store *store)
{
    if (store != NULL) {
        store->ops->close(store->engine);
        mem_free(store);
    }
}

bool store_begin(struct store *store, struct error *err)
{
    return store->ops->begin(store->engine, err);
}

bool store_commit(struct store *store, struct error *err)
{
    return store->ops->commit(store->engine, err);
}

bool store_commit_soon(struct store *store, struct error *err)
{
    return store->ops->commit_soon(store->engine, err);
}

void store_rollback(struct store *store)
{
    store->ops->rollback(store->engine);
}

int64_t store_tidy(struct store *store)
{
    return store->ops->tidy(store->engine);
}

bool store_shared(const struct store *store)
{
    return store->ops->expect != NULL;
}

bool store_expect(struct store *store, const struct expectation *expectations, size_t count,
                  enum expected *ret, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        ret[i] = EXPECTED_FINE;
    }
    return store->ops->expect == NULL ||
           store->ops->expect(store->engine, expectations, count, ret, err);
}

void store_mark(struct store *store)
{
    if (store->ops->mark != NULL) {
        store->ops->mark(store->engine);
    }
}

bool store_again(struct store *store)
{
    return store->ops->again != NULL && store->ops->again(store->engine);
}

bool store_lease(struct store *store, const char *name)
{
    return store->ops->lease == NULL || store->ops->lease(store->engine, name);
}

void store_lease_end(struct store *store, const char *name)
{
    if (store->ops->lease_end != NULL) {
        store->ops->lease_end(store->engine, name);
    }
}

bool store_may_act(const struct store *store)
{
    return store->ops->may_act == NULL || store->ops->may_act(store->engine);
}

enum claim store_claim(struct store *store, const char *adapter, const char *delivery,
                       const char *identity, int64_t now_ms, struct error *err)
{
    return store->ops->claim(store->engine, adapter, delivery, identity, now_ms, err);
}

bool store_conversation_get(struct store *store, const char *adapter, const char *key,
                            int64_t now_ms, void *ret, size_t cap, size_t *ret_len,
                            struct error *err)
{
    return store->ops->conversation_get(store->engine, adapter, key, now_ms, ret, cap, ret_len,
                                        err);
}

bool store_conversation_put(struct store *store, const char *adapter, const char *key,
                            const void *bytes, size_t len, int64_t expires_ms, struct error *err)
{
    return store->ops->conversation_put(store->engine, adapter, key, bytes, len, expires_ms, err);
}

bool store_outbox_add(struct store *store, const struct delivery *delivery, int64_t now_ms,
                      int64_t *ret_id, struct error *err)
{
    return store->ops->outbox_add(store->engine, delivery, now_ms, ret_id, err);
}

bool store_outbox_due(struct store *store, const char *adapter, int64_t now_ms, size_t most,
                      store_visit_delivery *visit, void *context, struct error *err)
{
    return store->ops->outbox_due(store->engine, adapter, now_ms, most, visit, context, err);
}

int64_t store_outbox_next(struct store *store, const char *adapter)
{
    return store->ops->outbox_next(store->engine, adapter);
}

void store_outbox_changed(struct store *store, store_visit_adapter *visit, void *context)
{
    if (store->ops->outbox_changed != NULL) {
        store->ops->outbox_changed(store->engine, visit, context);
    }
}

uint64_t store_outbox_count(struct store *store)
{
    return store->ops->outbox_count(store->engine);
}

bool store_outbox_begin(struct store *store, int64_t id, struct error *err)
{
    return store->ops->outbox_begin(store->engine, id, err);
}

bool store_outbox_again(struct store *store, int64_t id, int64_t next_ms, bool unsure,
                        struct error *err)
{
    return store->ops->outbox_again(store->engine, id, next_ms, unsure, err);
}

bool store_outbox_put_off(struct store *store, int64_t id, int64_t next_ms, struct error *err)
{
    return store->ops->outbox_put_off(store->engine, id, next_ms, err);
}

bool store_outbox_done(struct store *store, int64_t id, struct error *err)
{
    return store->ops->outbox_done(store->engine, id, err);
}

bool store_outbox_hurry(struct store *store, int64_t now_ms, int64_t latest_ms, struct error *err)
{
    return store->ops->outbox_hurry(store->engine, now_ms, latest_ms, err);
}

bool store_outbox_recover(struct store *store, int64_t next_ms, struct error *err)
{
    return store->ops->outbox_recover(store->engine, next_ms, err);
}

bool store_note_get(struct store *store, const char *adapter, const char *key, int64_t now_ms,
                    void *ret, size_t cap, size_t *ret_len, struct error *err)
{
    return store->ops->note_get(store->engine, adapter, key, now_ms, ret, cap, ret_len, err);
}

bool store_note_put(struct store *store, const char *adapter, const char *key, const void *bytes,
                    size_t len, int64_t expires_ms, struct error *err)
{
    return store->ops->note_put(store->engine, adapter, key, bytes, len, expires_ms, err);
}

bool store_gap_add(struct store *store, const char *kind, const char *text, size_t len,
                   int64_t now_ms, struct error *err)
{
    return store->ops->gap_add(store->engine, kind, text, len, now_ms, err);
}

bool store_gaps(struct store *store, size_t most, gap_visit *visit, void *context,
                struct error *err)
{
    return store->ops->gaps(store->engine, most, visit, context, err);
}

bool store_expire(struct store *store, int64_t now_ms, struct error *err)
{
    return store->ops->expire(store->engine, now_ms, err);
}
