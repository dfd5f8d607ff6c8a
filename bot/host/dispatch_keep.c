#include "bot/host/dispatch_inside.h"

#include "adapters/adapter.h"
#include "bot/advisor/advisor.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/metrics.h"
#include "bot/host/outbox.h"
#include "bot/host/program.h"
#include "knowledge/pack.h"

/* ---- of one message ---- */

enum claim dispatch_claim(struct dispatch *dispatch, const struct message *message, int64_t now_ms)
{
    struct error err = {0};
    enum claim claim = store_claim(dispatch->turn.store, message->adapter, message->delivery,
                                   message->identity, now_ms, &err);
    if (claim == CLAIM_ERROR) {
        turn_give_up(&dispatch->turn, &err);
    }
    dispatch->turn.owing = dispatch->turn.owing || !message->answer_now;
    return claim;
}

bool dispatch_load(struct dispatch *dispatch, const struct message *message, int64_t now_ms,
                   struct conversation *ret)
{
    unsigned char bytes[MEMORY_BYTES_MAX];
    struct error err = {0};
    size_t len = 0;
    conversation_init(ret);
    if (message->conversation != NULL &&
        !store_conversation_get(dispatch->turn.store, message->adapter, message->conversation,
                                now_ms, bytes, sizeof(bytes), &len, &err)) {
        return turn_give_up(&dispatch->turn, &err);
    }
    if (len > 0 && !memory_parse(&dispatch->memory, bytes, len, ret)) {
        log_info("dispatch.conversation_began_anew", LOG_TEXT("adapter", message->adapter));
    }
    if (ret->pack < 0 && message->pack != NULL) {
        ret->pack = (int16_t)knowledge_find(dispatch->program->knowledge, message->pack);
    }
    return true;
}

bool dispatch_save(struct dispatch *dispatch, const struct message *message,
                   const struct conversation *conversation, int64_t now_ms)
{
    unsigned char bytes[MEMORY_BYTES_MAX];
    struct error err = {0};
    if (message->conversation == NULL) {
        return true;
    }
    size_t len = memory_format(&dispatch->memory, conversation, bytes);
    int64_t expires_ms = now_ms + (int64_t)dispatch->program->config.memory_days * DAY_MS;
    return store_conversation_put(dispatch->turn.store, message->adapter, message->conversation,
                                  bytes, len, expires_ms, &err) ||
           turn_give_up(&dispatch->turn, &err);
}

bool dispatch_note_gap(struct dispatch *dispatch, const char *kind, const char *text, size_t len,
                       int64_t now_ms)
{
    struct error err = {0};
    len = len < GAP_TEXT_MAX ? len : GAP_TEXT_MAX;
    return turn_begin(&dispatch->turn, now_ms) &&
           (store_gap_add(dispatch->turn.store, kind, text, len, now_ms, &err) ||
            turn_give_up(&dispatch->turn, &err));
}

/* What people asked in vain is what the packs' authors want to know. */
bool dispatch_note_if_gap(struct dispatch *dispatch, const struct message *message,
                          const struct outcome *outcome, int64_t now_ms)
{
    bool asks = outcome->kind == KIND_VERDICT && outcome->verdict.kind == VERDICT_ASK;
    if (message->len == 0 || (outcome->kind != KIND_UNKNOWN && !asks)) {
        return true;
    }
    return dispatch_note_gap(dispatch, asks ? "ask" : "unknown", message->text, message->len,
                             now_ms);
}

bool dispatch_post(struct dispatch *dispatch, const struct adapter *adapter,
                   const char *conversation, const char *address, const struct buf *payload,
                   int64_t now_ms)
{
    struct error err = {0};
    int64_t id;
    const struct delivery delivery = {.adapter = adapter->name,
                                      .conversation = conversation,
                                      .address = address,
                                      .payload = payload->data,
                                      .payload_len = payload->len,
                                      .created_ms = now_ms};
    outbox_added(dispatch->outbox, adapter);
    return store_outbox_add(dispatch->turn.store, &delivery, now_ms, &id, &err) ||
           turn_give_up(&dispatch->turn, &err);
}

/* ---- what adapters keep and ask ---- */

bool dispatch_note_get(struct dispatch *dispatch, const char *adapter, const char *key,
                       int64_t now_ms, void *ret, size_t cap, size_t *ret_len)
{
    struct error err = {0};
    *ret_len = 0;
    if (dispatch->turn.store == NULL ||
        store_note_get(dispatch->turn.store, adapter, key, now_ms, ret, cap, ret_len, &err)) {
        return true;
    }
    return turn_give_up(&dispatch->turn, &err);
}

bool dispatch_note_put(struct dispatch *dispatch, const char *adapter, const char *key,
                       const void *bytes, size_t len, int64_t expires_ms)
{
    struct error err = {0};
    dispatch->turn.owing = true;
    return turn_begin(&dispatch->turn, dispatch->turn.now_ms) &&
           (store_note_put(dispatch->turn.store, adapter, key, bytes, len, expires_ms, &err) ||
            turn_give_up(&dispatch->turn, &err));
}

bool dispatch_gaps(struct dispatch *dispatch, size_t most, gap_visit *visit, void *context)
{
    struct error err = {0};
    return dispatch->turn.store != NULL &&
           (store_gaps(dispatch->turn.store, most, visit, context, &err) ||
            turn_give_up(&dispatch->turn, &err));
}

uint64_t dispatch_waiting(const struct dispatch *dispatch)
{
    return dispatch->turn.store == NULL ? 0 : store_outbox_count(dispatch->turn.store);
}

void dispatch_expire(struct dispatch *dispatch, int64_t now_ms)
{
    struct error err = {0};
    if (!turn_begin(&dispatch->turn, now_ms)) {
        return;
    }
    if (!store_expire(dispatch->turn.store, now_ms, &err) ||
        !outbox_expire(dispatch->outbox, now_ms, &err)) {
        turn_give_up(&dispatch->turn, &err);
    }
}

/* ---- where others share the store ---- */

bool dispatch_lease(struct dispatch *dispatch, const char *name)
{
    return dispatch->turn.store == NULL || store_lease(dispatch->turn.store, name);
}

void dispatch_lease_end(struct dispatch *dispatch, const char *name)
{
    if (dispatch->turn.store != NULL) {
        store_lease_end(dispatch->turn.store, name);
    }
}

bool dispatch_may_act(const struct dispatch *dispatch)
{
    return dispatch->turn.store == NULL || store_may_act(dispatch->turn.store);
}
