#include <hiredis/hiredis.h>
#include <string.h>
#include <time.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/log.h"
#include "bot/host/store_redis_inside.h"

/*
 * Other replicas: leases on what only one may have, signs of life for what is in our charge, and
 * taking over from those who give none.
 */

enum { CONNECT_WAIT_MS = 20, AGAIN_MS = 50, KEEP_AT_ONCE = 500 };

/* Of the machine, since nobody tells between turns. */
static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- leases ---- */

static struct redis_lease *find_lease(struct store_engine *engine, const char *name)
{
    for (size_t i = 0; i < engine->lease_count; i++) {
        if (strcmp(engine->leases[i].name, name) == 0) {
            return &engine->leases[i];
        }
    }
    return NULL;
}

bool redis_lease(struct store_engine *engine, const char *name)
{
    struct redis_lease *lease = find_lease(engine, name);
    if (lease != NULL) {
        return redis_clock_ms() < lease->until_ms;
    }
    if (engine->lease_count < REDIS_LEASES_MAX) {
        engine->leases[engine->lease_count++] = (struct redis_lease){.name = mem_strdup(name)};
        engine->beat_at_ms = 0;
    }
    return false;
}

void redis_fence(struct store_engine *engine, const char *adapter)
{
    struct redis_lease *lease = find_lease(engine, adapter);
    if (lease != NULL && lease->fenced_in != engine->turns) {
        lease->fenced_in = engine->turns;
        redis_word(engine, "tt", "fence", adapter);
    }
}

void redis_forget_fences(struct store_engine *engine)
{
    for (size_t i = 0; i < engine->lease_count; i++) {
        engine->leases[i].fenced_in = 0;
    }
}

static void leave(struct store_engine *engine, size_t first)
{
    redisReply *reply = redis_ask(engine, "leave", first, NULL);
    redis_link_free(&reply, reply != NULL);
}

void redis_lease_end(struct store_engine *engine, const char *name)
{
    struct redis_lease *lease = find_lease(engine, name);
    size_t first = engine->word_count;
    if (lease == NULL) {
        return;
    }
    if (engine->ready) {
        redis_word(engine, "itt", (int64_t)REDIS_IDLE_MS, "lease", name);
        leave(engine, first);
    }
    mem_free(lease->name);
    *lease = engine->leases[--engine->lease_count];
}

bool redis_may_act(const struct store_engine *engine)
{
    return redis_clock_ms() < engine->act_until_ms;
}

/* Nobody else sends for this place: what its last holder had is ours now. */
static bool move_in(struct store_engine *engine, const struct redis_lease *lease, struct error *err)
{
    bool fine = redis_take_over(engine, lease->name, 0, wall_ms() + REDIS_UNSURE_MS, err);
    if (fine) {
        log_info("redis.lease", LOG_TEXT("name", lease->name), LOG_TEXT("state", "ours"));
    }
    return fine;
}

static void move_out(struct store_engine *engine, const struct redis_lease *lease)
{
    log_warning("redis.lease", LOG_TEXT("name", lease->name), LOG_TEXT("state", "another's"));
    redis_index_clear(&engine->index, redis_index_place(&engine->index, lease->name));
}

enum { LEASE_IS_OURS_MS = REDIS_LEASE_MS - REDIS_LEASE_SPARE_MS };

/*
 * What Redis said of a lease, at `now`. Ours until: from before the words left, so that for us it
 * ends before it does in Redis.
 */
static bool follow(struct store_engine *engine, struct redis_lease *lease, bool has, uint64_t now,
                   struct error *err)
{
    bool fine = true, had = lease->until_ms != 0;
    bool lasts = now < lease->until_ms; /* else another may have had it meanwhile */
    lease->until_ms = has ? now + LEASE_IS_OURS_MS : 0;
    if (has && !lasts) {
        fine = move_in(engine, lease, err);
        lease->until_ms = fine ? lease->until_ms : 0; /* else with the next beat */
    } else if (has) {
        fine = redis_take_over(engine, lease->name, REDIS_IDLE_MS, wall_ms(), err);
    } else if (had) {
        move_out(engine, lease);
    }
    return fine;
}

/* One lease that Redis refuses keeps no other from being followed. */
static bool beat(struct store_engine *engine, struct error *err)
{
    size_t first = engine->word_count, count = engine->lease_count;
    uint64_t now = redis_clock_ms();
    redis_word(engine, "i", (int64_t)REDIS_LEASE_MS);
    for (size_t i = 0; i < count; i++) {
        redis_word(engine, "t", engine->leases[i].name);
    }
    redisReply *reply = redis_ask(engine, "beat", first, err);
    if (reply == NULL) {
        return false;
    }
    bool fine = true;
    for (size_t i = 0; i < count && engine->ready; i++) {
        fine =
            follow(engine, &engine->leases[i], redis_number(redis_at(reply, i)) != 0, now, err) &&
            fine;
    }
    redis_link_free(&reply, 1);
    return fine;
}

/* ---- signs of life ---- */

static bool keep_some(struct store_engine *engine, const int64_t *ids, size_t count,
                      struct error *err)
{
    size_t first = engine->word_count;
    for (size_t i = 0; i < count; i++) {
        redis_word(engine, "i", ids[i]);
    }
    redisReply *reply = redis_ask(engine, "keep", first, err);
    if (reply == NULL) {
        return false;
    }
    const redisReply *gone = redis_at(reply, 1);
    for (size_t i = 0; redis_at(gone, i) != NULL; i++) {
        redis_index_remove(&engine->index, redis_number(redis_at(gone, i)));
    }
    engine->waiting = (uint64_t)redis_number(redis_at(reply, 0));
    redis_link_free(&reply, 1);
    return true;
}

/* Also with nothing in our charge: how many wait changes all the same. */
static bool keep_all(struct store_engine *engine, struct error *err)
{
    size_t at = 0, kept = 0, count = engine->index.count;
    /* All of them first: those that are gone leave gaps, into which others move. */
    int64_t *ids = mem_alloc(count * sizeof(*ids));
    uint64_t until_ms = redis_clock_ms() + REDIS_IDLE_MS - REDIS_IDLE_SPARE_MS;
    bool fine;
    redis_index_walk(&engine->index, &at, ids, count);
    do {
        size_t some = count - kept < KEEP_AT_ONCE ? count - kept : KEEP_AT_ONCE;
        fine = keep_some(engine, ids + kept, some, err);
        kept += some;
    } while (fine && kept < count);
    mem_free(ids);
    engine->act_until_ms = fine ? until_ms : engine->act_until_ms;
    return fine;
}

/* Few round trips, however many adapters there are: the loop waits for them. */
static bool take_over_all(struct store_engine *engine, struct error *err)
{
    const char *names[REDIS_TAKE_MAX];
    size_t count = 0, places = engine->index.place_count;
    for (size_t i = 0; i < places; i++) {
        const struct redis_place *place = engine->index.places[i];
        if (place->served && find_lease(engine, place->name) == NULL) {
            names[count++] = place->name;
        }
        if (count == REDIS_TAKE_MAX || i + 1 == places) {
            if (!redis_take_over_each(engine, names, count, REDIS_IDLE_MS,
                                      wall_ms() + REDIS_UNSURE_MS, err)) {
                return false;
            }
            count = 0;
        }
    }
    return true;
}

static bool keep_up(struct store_engine *engine, uint64_t now, struct error *err)
{
    bool fine = now < engine->beat_at_ms || engine->lease_count == 0 || beat(engine, err);
    /* One that is refused waits for the next beat, as the others do. */
    if ((fine || engine->ready) && now >= engine->beat_at_ms) {
        engine->beat_at_ms = now + REDIS_BEAT_MS;
    }
    /* A Redis that is full, or a lease that it refuses, takes signs of life all the same. */
    if (engine->ready && now >= engine->keep_at_ms) {
        engine->keep_at_ms = now + REDIS_KEEP_MS;
        return keep_all(engine, err) && take_over_all(engine, err) && fine;
    }
    return fine;
}

/* When a try is worth it again. */
static int64_t wait_for_redis(const struct store_engine *engine, uint64_t now)
{
    bool connecting = redis_link_state(engine->link) == REDIS_CONNECTING;
    return connecting || engine->retry_at_ms <= now ? AGAIN_MS
                                                    : (int64_t)(engine->retry_at_ms - now);
}

int64_t redis_tidy(struct store_engine *engine)
{
    struct error ignored = {0};
    uint64_t now = redis_clock_ms();
    if (!redis_ensure(engine, CONNECT_WAIT_MS, &ignored) || !keep_up(engine, now, &ignored)) {
        return wait_for_redis(engine, now);
    }
    return (int64_t)(engine->beat_at_ms - now);
}

/* ---- once a minute ---- */

static bool is_served(const struct store_engine *engine, const char *adapter)
{
    const struct redis_place *place = redis_index_known(&engine->index, adapter);
    return place != NULL && place->served;
}

/* What is for an adapter that nobody runs any more must still grow old and be given up. */
bool redis_expire(struct store_engine *engine, int64_t now_ms, struct error *err)
{
    size_t first = engine->word_count;
    engine->now_ms = now_ms;
    if (!redis_ensure(engine, 0, err)) {
        return false;
    }
    redis_word(engine, "i", (int64_t)REDIS_ABANDONED_MS);
    redisReply *reply = redis_ask(engine, "sweep", first, err);
    bool fine = reply != NULL;
    for (size_t i = 0; fine && redis_at(reply, i) != NULL; i++) {
        const char *adapter = redis_text(redis_at(reply, i), NULL);
        fine = is_served(engine, adapter) ||
               redis_take_over(engine, adapter, REDIS_ABANDONED_MS, now_ms + REDIS_UNSURE_MS, err);
    }
    redis_link_free(&reply, reply != NULL);
    return fine;
}

/* ---- the end ---- */

void redis_leave(struct store_engine *engine)
{
    int64_t ids[KEEP_AT_ONCE];
    size_t at = 0, count, first = engine->word_count;
    redis_word(engine, "i", (int64_t)REDIS_ABANDONED_MS);
    for (size_t i = 0; i < engine->lease_count; i++) {
        redis_word(engine, "tt", "lease", engine->leases[i].name);
    }
    while ((count = redis_index_walk(&engine->index, &at, ids, KEEP_AT_ONCE)) > 0) {
        for (size_t i = 0; i < count; i++) {
            redis_word(engine, "ti", "delivery", ids[i]);
        }
    }
    leave(engine, first);
}
