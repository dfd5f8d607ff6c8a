#include <stdio.h>
#include <string.h>

#include "adapters/adapter.h"
#include "bot/base/error.h"
#include "bot/base/hash.h"
#include "bot/host/log.h"
#include "bot/host/metrics.h"
#include "bot/host/outbox_inside.h"
#include "bot/host/store.h"

/* What became of a delivery: heard from its adapter, kept until a transaction holds it, told. */

int64_t outbox_backoff_ms(uint32_t attempts, uint64_t chance)
{
    int64_t wait = OUTBOX_RETRY_MS;
    for (uint32_t i = 1; i < attempts && wait < OUTBOX_RETRY_MAX_MS; i++) {
        wait *= 2;
    }
    wait = wait < OUTBOX_RETRY_MAX_MS ? wait : OUTBOX_RETRY_MAX_MS;
    /* Many that failed together must not come back together. */
    return wait - wait / 4 + (int64_t)(chance % (uint64_t)(wait / 2 + 1));
}

struct result *outbox_add_result(struct outbox *outbox, const struct flight *flight, int64_t now_ms,
                                 const char *why)
{
    outbox->results.items = outbox_grow(outbox->results.items, outbox->results.count,
                                        &outbox->results.cap, sizeof(*outbox->results.items));
    struct result *result = &outbox->results.items[outbox->results.count++];
    *result = (struct result){.flight = *flight, .now_ms = now_ms};
    snprintf(result->name, sizeof(result->name), "%s",
             flight->adapter == NULL ? "" : flight->adapter->name);
    snprintf(result->why, sizeof(result->why), "%s", why == NULL ? "" : why);
    return result;
}

static void try_again(const struct outbox *outbox, struct result *result, enum fate fate,
                      uint64_t after_ms)
{
    const struct flight *flight = &result->flight;
    const int64_t seed[] = {flight->id, result->now_ms};
    int64_t wait =
        outbox_backoff_ms(flight->attempts, hash_bytes((const char *)seed, sizeof(seed)) >> 16);
    if (after_ms != 0) {
        wait = after_ms < INT32_MAX ? (int64_t)after_ms : INT32_MAX;
    }
    wait = result->unsure && wait < OUTBOX_UNSURE_MS ? OUTBOX_UNSURE_MS : wait;
    result->next_ms = result->now_ms + wait;
    bool late = result->next_ms - flight->created_ms > outbox->max_age_ms;
    result->fate = late ? FATE_GIVEN_UP : fate;
}

bool outbox_take_flight(struct outbox *outbox, int64_t id, struct flight *ret)
{
    struct flights *flights = &outbox->flights;
    for (size_t i = 0; i < flights->count; i++) {
        if (flights->items[i].id == id) {
            *ret = flights->items[i];
            flights->items[i] = flights->items[--flights->count];
            return true;
        }
    }
    return false;
}

void outbox_delivered(struct outbox *outbox, int64_t id, enum delivered how, uint64_t after_ms,
                      const char *why, int64_t now_ms)
{
    struct flight flight;
    if (!outbox_take_flight(outbox, id, &flight)) {
        log_warning("outbox.unknown", LOG_NUMBER("id", id));
        return;
    }
    struct result *result = outbox_add_result(outbox, &flight, now_ms, why);
    result->unsure = flight.unsure;
    switch (how) {
    case DELIVERED:
        result->fate = FATE_DONE;
        break;
    case DELIVERY_UNSURE:
        result->unsure = true;
        try_again(outbox, result, FATE_AGAIN, after_ms);
        break;
    case DELIVERY_LATER:
        try_again(outbox, result, after_ms == 0 ? FATE_AGAIN : FATE_TOLD_WHEN, after_ms);
        break;
    case DELIVERY_REFUSED:
        result->fate = FATE_REFUSED;
        break;
    }
}

static bool write_result(struct outbox *outbox, const struct result *result, struct error *err)
{
    int64_t id = result->flight.id;
    switch (result->fate) {
    case FATE_AGAIN:
        return store_outbox_again(outbox->store, id, result->next_ms, result->unsure, err);
    case FATE_TOLD_WHEN:
    case FATE_PUT_OFF:
        return store_outbox_put_off(outbox->store, id, result->next_ms, err);
    case FATE_DONE:
    case FATE_REFUSED:
    case FATE_GIVEN_UP:
        break;
    }
    return store_outbox_done(outbox->store, id, err);
}

static void tell_lost(const struct outbox *outbox, const struct result *result, const char *event)
{
    metrics_count(outbox->metrics, METRIC_GIVEN_UP, result->name);
    log_error(event, LOG_TEXT("adapter", result->name), LOG_NUMBER("id", result->flight.id),
              LOG_NUMBER("attempts", result->flight.attempts),
              LOG_NUMBER("age_s", (result->now_ms - result->flight.created_ms) / 1000),
              LOG_TEXT("cause", result->why));
}

/* Only what is in the store for good is told. */
static void tell(const struct outbox *outbox, const struct result *result)
{
    const struct flight *flight = &result->flight;
    switch (result->fate) {
    case FATE_DONE:
        metrics_count(outbox->metrics, METRIC_DELIVERIES, result->name);
        log_debug("outbox.delivered", LOG_TEXT("adapter", result->name),
                  LOG_NUMBER("id", flight->id), LOG_NUMBER("attempts", flight->attempts),
                  LOG_NUMBER("age_ms", result->now_ms - flight->created_ms));
        break;
    case FATE_AGAIN:
    case FATE_TOLD_WHEN:
        metrics_count(outbox->metrics, METRIC_RETRIES, result->name);
        log_info("outbox.again", LOG_TEXT("adapter", result->name), LOG_NUMBER("id", flight->id),
                 LOG_NUMBER("attempts", flight->attempts),
                 LOG_NUMBER("after_ms", result->next_ms - result->now_ms),
                 LOG_NUMBER("unsure", result->unsure), LOG_TEXT("cause", result->why));
        break;
    case FATE_REFUSED:
        tell_lost(outbox, result, "outbox.refused");
        break;
    case FATE_GIVEN_UP:
        tell_lost(outbox, result, "outbox.given_up");
        break;
    case FATE_PUT_OFF:
        break;
    }
}

bool outbox_write_results(struct outbox *outbox, struct error *err)
{
    size_t count = outbox->results.count;
    for (size_t i = 0; i < count; i++) {
        const struct result *result = &outbox->results.items[i];
        if (!write_result(outbox, result, err)) {
            return false;
        }
        /* Who waited behind one that is done is due now. */
        outbox_forget_time(outbox, result->name);
    }
    outbox->written = count;
    return true;
}

void outbox_settle_results(struct outbox *outbox)
{
    struct results *results = &outbox->results;
    for (size_t i = 0; i < outbox->written; i++) {
        tell(outbox, &results->items[i]);
    }
    results->count -= outbox->written;
    if (results->count > 0) {
        memmove(results->items, results->items + outbox->written,
                results->count * sizeof(*results->items));
    }
    outbox->written = 0;
}
