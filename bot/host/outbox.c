#include "bot/host/outbox.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "adapters/adapter.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/outbox_inside.h"
#include "bot/host/store.h"

enum { GATE_MS = 1000, EXPIRE_BATCH = 256 };

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
    for (struct place *place = outbox->newest, *older; place != NULL; place = older) {
        older = place->older;
        mem_free(place);
    }
    names_finish(&outbox->places);
    mem_free(outbox);
}

void *outbox_grow(void *items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return items;
    }
    *cap = *cap == 0 ? 16 : *cap * 2;
    return mem_grow(items, *cap, size);
}

/* ---- places ---- */

static void ask_again(struct outbox *outbox, struct place *place)
{
    place->known = false;
    if (!place->busy) {
        place->busy = true;
        place->next = outbox->busy;
        outbox->busy = place;
    }
}

static void leave_busy(struct outbox *outbox, struct place *place)
{
    struct place **at = &outbox->busy;
    while (*at != place) {
        at = &(*at)->next;
    }
    *at = place->next;
    place->busy = false;
}

void outbox_attach(struct outbox *outbox, struct adapter *adapter)
{
    struct place *place = mem_alloc(sizeof(*place));
    *place = (struct place){.adapter = adapter, .older = outbox->newest};
    if (place->older != NULL) {
        place->older->newer = place;
    }
    outbox->newest = place;
    names_put(&outbox->places, adapter->name, place);
    ask_again(outbox, place);
}

void outbox_detach(struct outbox *outbox, struct adapter *adapter, int64_t now_ms)
{
    struct flights *flights = &outbox->flights;
    struct place *place = names_get(&outbox->places, adapter->name);
    assert(outbox->parcels.count == 0);
    for (size_t i = flights->count; i-- > 0;) {
        if (flights->items[i].adapter == adapter) {
            outbox_delivered(outbox, flights->items[i].id, DELIVERY_UNSURE, 1,
                             "the adapter was stopped", now_ms);
        }
    }
    names_remove(&outbox->places, adapter->name);
    if (place->busy) {
        leave_busy(outbox, place);
    }
    *(place->newer ? &place->newer->older : &outbox->newest) = place->older;
    if (place->older != NULL) {
        place->older->newer = place->newer;
    }
    mem_free(place);
}

struct adapter *outbox_adapter(const struct outbox *outbox, const char *name)
{
    const struct place *place = names_get(&outbox->places, name);
    return place == NULL ? NULL : place->adapter;
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
    outbox_forget_time(outbox, adapter->name);
}

void outbox_forget_time(struct outbox *outbox, const char *adapter_name)
{
    struct place *place = adapter_name == NULL ? NULL : names_get(&outbox->places, adapter_name);
    if (place != NULL) {
        ask_again(outbox, place);
    }
    for (place = adapter_name == NULL ? outbox->busy : NULL; place != NULL; place = place->next) {
        place->known = false;
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
    for (struct place *place = outbox->busy; place != NULL; place = place->next) {
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
    struct place *place;
};

static void collect(void *context, const struct delivery *delivery)
{
    struct collecting *collecting = context;
    struct parcels *parcels = &collecting->outbox->parcels;
    parcels->items =
        outbox_grow(parcels->items, parcels->count, &parcels->cap, sizeof(*parcels->items));
    struct parcel *parcel = &parcels->items[parcels->count++];
    *parcel = (struct parcel){.delivery = *delivery, .place = collecting->place};
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
                           .adapter = parcel->place->adapter};
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
        outbox_add_result(outbox, &flight, now_ms, "it is too old")->fate = FATE_GIVEN_UP;
        return true;
    }
    if (!can_leave(parcel->place->adapter, delivery, now_ms, &next_ms)) {
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
    struct collecting collecting = {outbox, place};
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
        place->next_ms = now_ms + GATE_MS;
        place->known = true;
    }
    return mark_from(outbox, first, now_ms, err);
}

bool outbox_write(struct outbox *outbox, int64_t now_ms, struct error *err)
{
    assert(outbox->written == 0 && outbox->parcels.count == 0);
    if (!outbox_write_results(outbox, err)) {
        return false;
    }
    /* Else each turn of a full disk would mark the same ones, and take each mark back once more. */
    for (struct place *place = outbox->busy; place && !outbox->failed; place = place->next) {
        if (!choose(outbox, place, now_ms, err)) {
            return false;
        }
    }
    return true;
}

void outbox_committed(struct outbox *outbox)
{
    outbox_settle_results(outbox);
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
        struct result *result = outbox_add_result(outbox, &flight, now_ms, NULL);
        result->fate = FATE_PUT_OFF;
        result->next_ms = now_ms;
    }
    drop_parcels(outbox);
    outbox_forget_time(outbox, NULL);
}

static void hand_over(struct outbox *outbox, const struct parcel *parcel, int64_t now_ms)
{
    uint64_t after_ms = 0;
    struct flights *flights = &outbox->flights;
    struct adapter *adapter = parcel->place->adapter;
    flights->items =
        outbox_grow(flights->items, flights->count, &flights->cap, sizeof(*flights->items));
    struct flight flight = flight_of(parcel);
    flight.attempts++;
    flights->items[flights->count++] = flight;
    if (adapter->ops->send == NULL) {
        outbox_delivered(outbox, parcel->delivery.id, DELIVERY_REFUSED, 0,
                         "this adapter has nobody to send to", now_ms);
        return;
    }
    /*
     * It may report at once, so everything is in its place before. A process that slept since the
     * commit must not send what another may have taken over.
     */
    if (store_may_act(outbox->store) && adapter->ops->send(adapter, &parcel->delivery, &after_ms)) {
        return;
    }
    if (outbox_take_flight(outbox, parcel->delivery.id, &flight)) {
        struct result *result = outbox_add_result(outbox, &flight, now_ms, NULL);
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

static int64_t next_wake(struct outbox *outbox, int64_t now_ms)
{
    if (outbox->results.count > 0) {
        return now_ms;
    }
    int64_t wake_ms = INT64_MAX;
    for (struct place **at = &outbox->busy; *at != NULL;) {
        struct place *place = *at;
        int64_t at_ms = wake_of(outbox, place, now_ms);
        wake_ms = at_ms < wake_ms ? at_ms : wake_ms;
        if (at_ms == INT64_MAX) {
            *at = place->next;
            place->busy = false;
        } else {
            at = &place->next;
        }
    }
    return wake_ms;
}

int64_t outbox_send(struct outbox *outbox, int64_t now_ms)
{
    for (size_t i = 0; i < outbox->parcels.count; i++) {
        hand_over(outbox, &outbox->parcels.items[i], now_ms);
    }
    drop_parcels(outbox);
    return next_wake(outbox, now_ms);
}

static void changed(void *context, const char *adapter_name)
{
    outbox_forget_time(context, adapter_name);
}

int64_t outbox_look_again(struct outbox *outbox, int64_t now_ms)
{
    store_outbox_changed(outbox->store, changed, outbox);
    return next_wake(outbox, now_ms);
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
    struct result *result = outbox_add_result(outbox, &flight, expiring->now_ms, "it is too old");
    result->fate = FATE_GIVEN_UP;
    snprintf(result->name, sizeof(result->name), "%s", delivery->adapter);
}

bool outbox_expire(struct outbox *outbox, int64_t now_ms, struct error *err)
{
    struct expiring expiring = {outbox, now_ms};
    if (!store_outbox_hurry(outbox->store, now_ms, now_ms + OUTBOX_WAIT_MAX_MS, err)) {
        return false;
    }
    outbox_forget_time(outbox, NULL);
    /* Results that wait may be of the same ones; there is another minute. */
    return outbox->results.count > 0 ||
           store_outbox_due(outbox->store, NULL, now_ms, EXPIRE_BATCH, collect_old, &expiring, err);
}
