#include "adapters/null.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "bot/advisor/wording.h"
#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "bot/host/dispatch.h"

static struct null_adapter *null_of(struct adapter *adapter)
{
    return (struct null_adapter *)adapter;
}

static bool format(struct adapter *adapter, const struct message *message,
                   const struct outcome *outcome, const struct reply *reply, struct buf *payload)
{
    (void)message;
    (void)outcome;
    return !null_of(adapter)->formats_not && wording_format(reply, WORDING_PLAIN, payload);
}

static bool address(const char *place, struct buf *ret)
{
    return place[0] != '\0' && buf_puts(ret, place);
}

static bool ready(struct adapter *adapter, const struct delivery *delivery, uint64_t *ret_after_ms)
{
    struct null_adapter *null = null_of(adapter);
    *ret_after_ms = null->after_ms;
    null->asked += delivery == NULL;
    return delivery == NULL ? !null->unready : !null->unready_each;
}

static bool send(struct adapter *adapter, const struct delivery *delivery, uint64_t *ret_after_ms)
{
    struct null_adapter *null = null_of(adapter);
    if (null->refuses) {
        *ret_after_ms = null->after_ms;
        return false;
    }
    assert(null->sent_count < NULL_SENT_MAX);
    struct null_sent *sent = &null->sent[null->sent_count++];
    *sent = (struct null_sent){
        .id = delivery->id, .attempts = delivery->attempts, .unsure = delivery->unsure};
    snprintf(sent->conversation, sizeof(sent->conversation), "%s", delivery->conversation);
    snprintf(sent->address, sizeof(sent->address), "%s", delivery->address);
    snprintf(sent->payload, sizeof(sent->payload), "%.*s", (int)delivery->payload_len,
             delivery->payload);
    if (null->reports) {
        dispatch_delivered(null->dispatch, delivery->id, null->how, null->after_ms, "told to",
                           null->now_ms);
    }
    return true;
}

static const struct adapter_ops ops = {
    .name = "null", .format = format, .address = address, .ready = ready, .send = send};

struct null_adapter *null_create(const char *name)
{
    struct null_adapter *null = mem_alloc(sizeof(*null));
    null->adapter = (struct adapter){.ops = &ops, .name = mem_strdup(name)};
    return null;
}

void null_destroy(struct null_adapter *null)
{
    if (null != NULL) {
        mem_free(null->adapter.name);
        mem_free(null);
    }
}
