#include "bot/host/outbox.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "adapters/adapter.h"
#include "bot/base/error.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/host/log.h"
#include "bot/host/metrics.h"
#include "bot/host/store.h"

enum { GATE_MS = 1000, EXPIRE_BATCH = 256 };

struct place {
    struct adapter *adapter;
    int64_t next_ms; /* when its next delivery is due */
    bool known;      /* next_ms was read since something last changed */
};

/* A delivery that was marked. Its texts are owned until it was handed over. */
struct parcel {
    struct delivery delivery;
    struct adapter *adapter;
};

/* One on its way: what is needed when its result comes. */
struct flight {
    int64_t id, created_ms;
    uint32_t attempts; /* this one included */
    bool unsure;       /* an earlier one may have arrived */
    struct adapter *adapter;
};

/* TOLD_WHEN: the other side said when to come back, which is no failure to back off from. */
enum fate { FATE_DONE, FATE_AGAIN, FATE_TOLD_WHEN, FATE_REFUSED, FATE_GIVEN_UP, FATE_PUT_OFF };

struct result {
    struct flight flight;
    enum fate fate;
    bool unsure;
    int64_t now_ms, next_ms;
    char name[MESSAGE_KEY_MAX + 1]; /* the adapter's, which may be gone by then */
    char why[OUTBOX_REASON_MAX];
};

/* Growing arrays of the above. */
struct parcels {
    struct parcel *items;
    size_t count, cap;
};
struct flights {
    struct flight *items;
    size_t count, cap;
};
struct results {
    struct result *items;
    size_t count, cap;
};

struct outbox {
    struct store *store;
    struct metrics *metrics;
    int64_t max_age_ms;
    struct place *places;
    size_t place_count, place_cap;
    struct parcels parcels;
    struct flights flights;
    struct results results;
    size_t written; /* results that the open transaction holds */
    bool put_off;   /* it holds that, too */
    bool failed;    /* one with marks did not go well: nothing leaves until one has */
};

struct outbox *outbox_create(struct store *store, struct metrics *metrics)
{
    struct outbox *outbox = mem_alloc(sizeof(*outbox));
    outbox->store = store;
    outbox->metrics = metrics;
    outbox->max_age_ms = INT64_MAX;
    return outbox;
}

static void free_parcel(struct parcel *parcel)
{
    /* delivery's texts are const for everybody else. */
    union {
        const char *from;
        char *to;
    } texts[] = {{parcel->delivery.adapter},
                 {parcel->delivery.conversation},
                 {parcel->delivery.address},
                 {parcel->delivery.payload}};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        mem_free(texts[i].to);
    }
}

static void drop_parcels(struct outbox *outbox)
{
    for (size_t i = 0; i < outbox->parcels.count; i++) {
        free_parcel(&outbox->parcels.items[i]);
    }
    outbox->parcels.count = 0;
}

void outbox_destroy(struct outbox *outbox)
{
    if (outbox == NULL) {
        return;
    }
    drop_parcels(outbox);
    mem_free(outbox->parcels.items);
    mem_free(outbox->flights.items);
    mem_free(outbox->results.items);
    mem_free(outbox->places);
    mem_free(outbox);
}

static void *grow(void *items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return items;
    }
    *cap = *cap == 0 ? 16 : *cap * 2;
    return mem_grow(items, *cap, size);
}

void outbox_attach(struct outbox *outbox, struct adapter *adapter)
{
    assert(outbox_adapter(outbox, adapter->name) == NULL);
    outbox->places =
        grow(outbox->places, outbox->place_count, &outbox->place_cap, sizeof(*outbox->places));
    outbox->places[outbox->place_count++] = (struct place){.adapter = adapter};
}

struct adapter *outbox_adapter(const struct outbox *outbox, const char *name)
{
    for (size_t i = 0; i < outbox->place_count; i++) {
        if (strcmp(outbox->places[i].adapter->name, name) == 0) {
            return outbox->places[i].adapter;
        }
    }
    return NULL;
}

size_t outbox_under_way(const struct outbox *outbox)
{
    return outbox->flights.count + outbox->results.count;
}

void outbox_set_limit(struct outbox *outbox, int64_t max_age_ms)
{
    outbox->max_age_ms = max_age_ms;
}

void outbox_added(struct outbox *outbox, const struct adapter *adapter)
{
    for (size_t i = 0; i < outbox->place_count; i++) {
        outbox->places[i].known = outbox->places[i].known && outbox->places[i].adapter != adapter;
    }
}

static void forget_times(struct outbox *outbox)
{
    for (size_t i = 0; i < outbox->place_count; i++) {
        outbox->places[i].known = false;
    }
}

/* ---- what became of it ---- */

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

static struct result *add_result(struct outbox *outbox, const struct flight *flight, int64_t now_ms,
                                 const char *why)
{
    outbox->results.items = grow(outbox->results.items, outbox->results.count, &outbox->results.cap,
                                 sizeof(*outbox->results.items));
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

static bool take_flight(struct outbox *outbox, int64_t id, struct flight *ret)
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
    if (!take_flight(outbox, id, &flight)) {
        log_warning("outbox.unknown", LOG_NUMBER("id", id));
        return;
    }
    struct result *result = add_result(outbox, &flight, now_ms, why);
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

void outbox_detach(struct outbox *outbox, struct adapter *adapter, int64_t now_ms)
{
    struct flights *flights = &outbox->flights;
    assert(outbox->parcels.count == 0);
    for (size_t i = flights->count; i-- > 0;) {
        if (flights->items[i].adapter == adapter) {
            outbox_delivered(outbox, flights->items[i].id, DELIVERY_UNSURE, 1,
                             "the adapter was stopped", now_ms);
        }
    }
    for (size_t i = 0; i < outbox->place_count; i++) {
        if (outbox->places[i].adapter == adapter) {
            outbox->places[i] = outbox->places[--outbox->place_count];
            return;
        }
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

/* ---- what leaves next ---- */

static bool can_leave(const struct adapter *adapter, const struct delivery *delivery,
                      int64_t now_ms, int64_t *ret_next_ms)
{
    uint64_t after_ms = 0;
    if (adapter->ops->ready == NULL ||
        adapter->ops->ready((struct adapter *)adapter, delivery, &after_ms)) {
        return true;
    }
    after_ms = after_ms == 0 || after_ms > INT32_MAX ? GATE_MS : after_ms;
    *ret_next_ms = now_ms + (int64_t)after_ms;
    return false;
}

static int64_t next_of(struct outbox *outbox, struct place *place)
{
    if (!place->known) {
        place->next_ms = store_outbox_next(outbox->store, place->adapter->name);
        place->known = true;
    }
    return place->next_ms;
}

bool outbox_wants(struct outbox *outbox, int64_t now_ms)
{
    int64_t unused;
    if (outbox->results.count > 0) {
        return true;
    }
    for (size_t i = 0; i < outbox->place_count; i++) {
        struct place *place = &outbox->places[i];
        if (next_of(outbox, place) <= now_ms && can_leave(place->adapter, NULL, now_ms, &unused)) {
            return true;
        }
    }
    return false;
}

static char *copy(const char *text, size_t len)
{
    char *made = mem_alloc(len + 1);
    memcpy(made, text, len);
    return made;
}

struct collecting {
    struct outbox *outbox;
    struct adapter *adapter;
};

static void collect(void *context, const struct delivery *delivery)
{
    struct collecting *collecting = context;
    struct parcels *parcels = &collecting->outbox->parcels;
    parcels->items = grow(parcels->items, parcels->count, &parcels->cap, sizeof(*parcels->items));
    struct parcel *parcel = &parcels->items[parcels->count++];
    *parcel = (struct parcel){.delivery = *delivery, .adapter = collecting->adapter};
    parcel->delivery.adapter = mem_strdup(delivery->adapter);
    parcel->delivery.conversation = mem_strdup(delivery->conversation);
    parcel->delivery.address = mem_strdup(delivery->address);
    parcel->delivery.payload = copy(delivery->payload, delivery->payload_len);
}

static struct flight flight_of(const struct parcel *parcel)
{
    const struct delivery *delivery = &parcel->delivery;
    return (struct flight){.id = delivery->id,
                           .created_ms = delivery->created_ms,
                           .attempts = delivery->attempts,
                           .unsure = delivery->unsure,
                           .adapter = parcel->adapter};
}

/*
 * Marks the parcel as under way, unless it is too old or has to wait. *ret_stays: it will leave.
 * What is given up here is written with the next turn's results: one way for all that end.
 */
static bool mark(struct outbox *outbox, const struct parcel *parcel, int64_t now_ms,
                 bool *ret_stays, struct error *err)
{
    const struct delivery *delivery = &parcel->delivery;
    int64_t next_ms;
    *ret_stays = false;
    if (now_ms - delivery->created_ms > outbox->max_age_ms) {
        struct flight flight = flight_of(parcel);
        add_result(outbox, &flight, now_ms, "it is too old")->fate = FATE_GIVEN_UP;
        return true;
    }
    if (!can_leave(parcel->adapter, delivery, now_ms, &next_ms)) {
        outbox->put_off = true;
        return store_outbox_put_off(outbox->store, delivery->id, next_ms, err);
    }
    *ret_stays = true;
    return store_outbox_begin(outbox->store, delivery->id, err);
}

static bool mark_from(struct outbox *outbox, size_t first, int64_t now_ms, struct error *err)
{
    size_t kept = first, count = outbox->parcels.count;
    bool fine = true;
    for (size_t i = first; i < count; i++) {
        struct parcel *parcel = &outbox->parcels.items[i];
        bool stays = false;
        fine = fine && mark(outbox, parcel, now_ms, &stays, err);
        if (stays) {
            outbox->parcels.items[kept++] = *parcel;
        } else {
            free_parcel(parcel);
        }
    }
    outbox->parcels.count = kept;
    return fine;
}

static bool choose(struct outbox *outbox, struct place *place, int64_t now_ms, struct error *err)
{
    struct collecting collecting = {outbox, place->adapter};
    size_t first = outbox->parcels.count;
    int64_t unused;
    if (next_of(outbox, place) > now_ms || !can_leave(place->adapter, NULL, now_ms, &unused)) {
        return true;
    }
    place->known = false;
    if (!store_outbox_due(outbox->store, place->adapter->name, now_ms, OUTBOX_BATCH, collect,
                          &collecting, err)) {
        return false;
    }
    if (outbox->parcels.count == first) {
        /* A store that says "now" but has nothing must not make the loop spin. */
        *place = (struct place){place->adapter, now_ms + GATE_MS, true};
    }
    return mark_from(outbox, first, now_ms, err);
}

bool outbox_write(struct outbox *outbox, int64_t now_ms, struct error *err)
{
    assert(outbox->written == 0 && outbox->parcels.count == 0);
    size_t count = outbox->results.count;
    for (size_t i = 0; i < count; i++) {
        if (!write_result(outbox, &outbox->results.items[i], err)) {
            return false;
        }
    }
    outbox->written = count;
    if (count > 0) {
        forget_times(outbox); /* who waited behind one that is done is due now */
    }
    /* Else each turn of a full disk would mark the same ones, and take each mark back once more. */
    for (size_t i = 0; i < outbox->place_count && !outbox->failed; i++) {
        if (!choose(outbox, &outbox->places[i], now_ms, err)) {
            return false;
        }
    }
    return true;
}

void outbox_committed(struct outbox *outbox)
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
    outbox->put_off = outbox->failed = false;
}

bool outbox_wrote(const struct outbox *outbox)
{
    return outbox->written > 0 || outbox->parcels.count > 0 || outbox->put_off;
}

/*
 * What was marked will not leave now. A disk that fails at the very end may have kept the marks all
 * the same, so they are taken back, which is harmless where there are none.
 */
void outbox_rolled_back(struct outbox *outbox, int64_t now_ms)
{
    outbox->written = 0;
    outbox->put_off = false;
    outbox->failed = outbox->failed || outbox->parcels.count > 0;
    for (size_t i = 0; i < outbox->parcels.count; i++) {
        struct flight flight = flight_of(&outbox->parcels.items[i]);
        struct result *result = add_result(outbox, &flight, now_ms, NULL);
        result->fate = FATE_PUT_OFF;
        result->next_ms = now_ms;
    }
    drop_parcels(outbox);
    forget_times(outbox);
}

static void hand_over(struct outbox *outbox, const struct parcel *parcel, int64_t now_ms)
{
    uint64_t after_ms = 0;
    struct flights *flights = &outbox->flights;
    flights->items = grow(flights->items, flights->count, &flights->cap, sizeof(*flights->items));
    struct flight flight = flight_of(parcel);
    flight.attempts++;
    flights->items[flights->count++] = flight;
    if (parcel->adapter->ops->send == NULL) {
        outbox_delivered(outbox, parcel->delivery.id, DELIVERY_REFUSED, 0,
                         "this adapter has nobody to send to", now_ms);
        return;
    }
    /*
     * It may report at once, so everything is in its place before. A process that slept since the
     * commit must not send what another may have taken over.
     */
    if (store_may_act(outbox->store) &&
        parcel->adapter->ops->send(parcel->adapter, &parcel->delivery, &after_ms)) {
        return;
    }
    if (take_flight(outbox, parcel->delivery.id, &flight)) {
        struct result *result = add_result(outbox, &flight, now_ms, NULL);
        result->fate = FATE_PUT_OFF;
        result->next_ms =
            now_ms + (int64_t)(after_ms == 0 || after_ms > INT32_MAX ? GATE_MS : after_ms);
    }
}

/* When an adapter that cannot take anything now is asked again, or when its next one is due. */
static int64_t wake_of(struct outbox *outbox, struct place *place, int64_t now_ms)
{
    int64_t next_ms = next_of(outbox, place), again_ms;
    if (next_ms <= now_ms && !can_leave(place->adapter, NULL, now_ms, &again_ms)) {
        return again_ms;
    }
    return next_ms;
}

int64_t outbox_send(struct outbox *outbox, int64_t now_ms)
{
    for (size_t i = 0; i < outbox->parcels.count; i++) {
        hand_over(outbox, &outbox->parcels.items[i], now_ms);
    }
    drop_parcels(outbox);
    if (outbox->results.count > 0) {
        return now_ms;
    }
    int64_t wake_ms = INT64_MAX;
    for (size_t i = 0; i < outbox->place_count; i++) {
        int64_t at_ms = wake_of(outbox, &outbox->places[i], now_ms);
        wake_ms = at_ms < wake_ms ? at_ms : wake_ms;
    }
    return wake_ms;
}

/* ---- what nobody will deliver ---- */

struct expiring {
    struct outbox *outbox;
    int64_t now_ms;
};

static void collect_old(void *context, const struct delivery *delivery)
{
    struct expiring *expiring = context;
    struct outbox *outbox = expiring->outbox;
    if (expiring->now_ms - delivery->created_ms <= outbox->max_age_ms) {
        return;
    }
    const struct flight flight = {
        .id = delivery->id, .created_ms = delivery->created_ms, .attempts = delivery->attempts};
    struct result *result = add_result(outbox, &flight, expiring->now_ms, "it is too old");
    result->fate = FATE_GIVEN_UP;
    snprintf(result->name, sizeof(result->name), "%s", delivery->adapter);
}

bool outbox_expire(struct outbox *outbox, int64_t now_ms, struct error *err)
{
    struct expiring expiring = {outbox, now_ms};
    if (!store_outbox_hurry(outbox->store, now_ms, now_ms + OUTBOX_WAIT_MAX_MS, err)) {
        return false;
    }
    forget_times(outbox);
    /* Results that wait may be of the same ones; there is another minute. */
    return outbox->results.count > 0 ||
           store_outbox_due(outbox->store, NULL, now_ms, EXPIRE_BATCH, collect_old, &expiring, err);
}
