#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/store_redis_inside.h"

/*
 * What a turn reads: who has taken its messages, its conversations, its notes. All that is known
 * beforehand comes by one MGET; nothing of it is held, the commit looks whether it still holds.
 */

enum { KEY_MAX = STORE_NAME_MAX + 300 };

/* ---- keys ---- */

struct redis_read *redis_add_read(struct store_engine *engine, const char *kind,
                                  const struct store_name *name)
{
    char key[KEY_MAX];
    size_t base = strlen(engine->base), len = strlen(kind);
    memcpy(key, engine->base, base);
    memcpy(key + base, kind, len);
    key[base + len] = ':';
    memcpy(key + base + len + 1, name->text, name->len);
    return redis_reads_add(&engine->reads, key, base + len + 1 + name->len);
}

void redis_forget_reads(struct store_engine *engine)
{
    redis_reads_clear(&engine->reads);
    redis_link_free(engine->replies, engine->reply_count);
    engine->reply_count = 0;
    engine->turn.read_ms = 0;
}

/* Borrowed by the reads until they are forgotten. */
static void own(struct store_engine *engine, redisReply *reply)
{
    engine->replies = mem_grow(engine->replies, engine->reply_count + 1, sizeof(*engine->replies));
    engine->replies[engine->reply_count++] = reply;
}

/* ---- reading ---- */

static void add_mget(struct store_engine *engine, size_t count)
{
    const char **words = mem_alloc((count + 1) * sizeof(*words));
    size_t *lens = mem_alloc((count + 1) * sizeof(*lens));
    size_t used = 0;
    words[used] = "MGET";
    lens[used++] = strlen("MGET");
    for (size_t i = 0; i < engine->reads.count; i++) {
        const struct redis_read *item = &engine->reads.items[i];
        if (!item->read) {
            words[used] = engine->reads.keys.data + item->key.at;
            lens[used++] = item->key.len;
        }
    }
    redis_link_add(engine->link, used, words, lens);
    mem_free(words);
    mem_free(lens);
}

static void note_values(struct store_engine *engine, const redisReply *reply)
{
    size_t next = 0;
    for (size_t i = 0; i < engine->reads.count; i++) {
        struct redis_read *item = &engine->reads.items[i];
        if (!item->read) {
            const redisReply *value = redis_at(reply, next++);
            bool there = value != NULL && value->type == REDIS_REPLY_STRING;
            item->read = true;
            item->value = there ? redis_text(value, &item->value_len) : NULL;
        }
    }
}

/* All that is not known yet. */
static bool read_all(struct store_engine *engine, struct error *err)
{
    redisReply *reply = NULL;
    size_t missing = 0;
    for (size_t i = 0; i < engine->reads.count; i++) {
        missing += !engine->reads.items[i].read;
    }
    if (missing == 0) {
        return true;
    }
    if (!redis_ensure(engine, 0, err)) {
        return false;
    }
    uint64_t now = redis_clock_ms();
    add_mget(engine, missing);
    if (!redis_run(engine, &reply, 1, err)) {
        return false;
    }
    own(engine, reply);
    if (redis_refused(engine, reply, err)) {
        return false;
    }
    engine->turn.read_ms = engine->turn.read_ms == 0 ? now : engine->turn.read_ms;
    note_values(engine, reply);
    return true;
}

/* Between transactions nothing is kept from one to the next. */
static const struct redis_read *read_one(struct store_engine *engine, const char *kind,
                                         const struct store_name *name, struct error *err)
{
    if (!engine->turn.open) {
        redis_forget_reads(engine);
    }
    const struct redis_read *read = redis_add_read(engine, kind, name);
    return read->put || read->read || read_all(engine, err) ? read : NULL;
}

/* ---- messages ---- */

static bool fits(const struct store_engine *engine, const struct expectation *expectation,
                 struct error *err)
{
    const struct {
        const char *what, *text;
    } names[] = {{"delivery", expectation->delivery},
                 {"identity", expectation->identity},
                 {"conversation", expectation->conversation}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (names[i].text != NULL && !store_fits_name(engine->where, names[i].what,
                                                      expectation->adapter, names[i].text, err)) {
            return false;
        }
    }
    return true;
}

/* NULL: there is no such name. */
static struct redis_read *add_named(struct store_engine *engine, const char *adapter,
                                    const char *kind, char sort, const char *text)
{
    struct store_name name;
    if (text == NULL) {
        return NULL;
    }
    store_name(&name, adapter, sort, text);
    return redis_add_read(engine, kind, &name);
}

static bool is_contested(const struct store_engine *engine, const struct redis_read *read)
{
    return read != NULL && redis_reads_find(&engine->contested,
                                            engine->reads.keys.data + read->key.at, read->key.len);
}

/* BUSY: with any of its names others were faster too often. */
static enum expected add_expectation(struct store_engine *engine,
                                     const struct expectation *expectation)
{
    const char *adapter = expectation->adapter;
    bool contested =
        is_contested(engine, add_named(engine, adapter, "claim", 'd', expectation->delivery));
    contested |=
        is_contested(engine, add_named(engine, adapter, "claim", 'm', expectation->identity));
    contested |=
        is_contested(engine, add_named(engine, adapter, "talk", '\0', expectation->conversation));
    redis_fence(engine, adapter);
    return contested ? EXPECTED_BUSY : EXPECTED_FINE;
}

bool redis_expect(struct store_engine *engine, const struct expectation *expectations, size_t count,
                  enum expected *ret, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!fits(engine, &expectations[i], err)) {
            return false;
        }
        ret[i] = add_expectation(engine, &expectations[i]);
    }
    return read_all(engine, err);
}

static bool is_taken(const struct redis_read *read, int64_t now_ms)
{
    char digits[24] = "";
    if (read->claimed || read->value == NULL) {
        return read->claimed;
    }
    memcpy(digits, read->value,
           read->value_len < sizeof(digits) ? read->value_len : sizeof(digits) - 1);
    return strtoll(digits, NULL, 10) > now_ms - STORE_CLAIM_MS;
}

enum claim redis_claim(struct store_engine *engine, const char *adapter, const char *delivery,
                       const char *identity, int64_t now_ms, struct error *err)
{
    const struct expectation wanted = {adapter, delivery, identity, NULL};
    const char *const names[] = {delivery, identity};
    enum expected unused;
    engine->now_ms = now_ms;
    if (!redis_expect(engine, &wanted, 1, &unused, err)) {
        return CLAIM_ERROR;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct redis_read *read =
            add_named(engine, adapter, "claim", i == 0 ? 'd' : 'm', names[i]);
        if (read != NULL && is_taken(read, now_ms)) {
            return CLAIM_KNOWN;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct store_name name;
        if (names[i] != NULL) {
            store_name(&name, adapter, i == 0 ? 'd' : 'm', names[i]);
            redis_add_read(engine, "claim", &name)->claimed = true;
            redis_word(engine, "tnii", "claim", &name, now_ms, (int64_t)STORE_CLAIM_MS);
            engine->turn.ops++;
        }
    }
    return CLAIM_NEW;
}

/* ---- conversations and notes ---- */

static void give(const char *bytes, size_t len, int64_t expires_ms, int64_t now_ms, void *ret,
                 size_t cap, size_t *ret_len)
{
    *ret_len = expires_ms <= now_ms ? 0 : len < cap ? len : cap;
    if (*ret_len > 0) {
        memcpy(ret, bytes, *ret_len);
    }
}

static bool get(struct store_engine *engine, const char *kind, const char *adapter, const char *key,
                int64_t now_ms, void *ret, size_t cap, size_t *ret_len, struct error *err)
{
    struct store_name name;
    struct redis_value value;
    *ret_len = 0;
    engine->now_ms = now_ms;
    if (!store_fits_name(engine->where, "key", adapter, key, NULL)) {
        return true; /* nothing can have been kept under it */
    }
    store_name(&name, adapter, '\0', key);
    const struct redis_read *read = read_one(engine, kind, &name, err);
    if (read == NULL) {
        return false;
    }
    if (read->put) {
        give(engine->bytes.data + read->bytes.at, read->bytes.len, read->expires_ms, now_ms, ret,
             cap, ret_len);
        return true;
    }
    redis_value_parse(read->value, read->value_len, &value);
    give(value.bytes, value.bytes_len, value.expires_ms, now_ms, ret, cap, ret_len);
    return true;
}

bool redis_conversation_get(struct store_engine *engine, const char *adapter, const char *key,
                            int64_t now_ms, void *ret, size_t cap, size_t *ret_len,
                            struct error *err)
{
    return get(engine, "talk", adapter, key, now_ms, ret, cap, ret_len, err);
}

bool redis_note_get(struct store_engine *engine, const char *adapter, const char *key,
                    int64_t now_ms, void *ret, size_t cap, size_t *ret_len, struct error *err)
{
    return get(engine, "note", adapter, key, now_ms, ret, cap, ret_len, err);
}
