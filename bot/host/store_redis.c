#include "bot/host/store_redis.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <string.h>
#include <time.h>

#include "bot/base/error.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/host/store_redis_inside.h"

/* Transactions: what a turn reads, and the list of what it changes. */

enum { WORDS_MAX = 64 * 1024 * 1024, POLL_MS = 2, KEEP_BYTES = 256 * 1024 };

static bool say(const struct store_engine *engine, const char *what, struct error *err)
{
    return error_set(err, ERROR_ENVIRONMENT, "%s: %s", engine->where, what);
}

/* ---- beginning and end ---- */

static void forget_looked(struct store_engine *engine)
{
    engine->looked.len = 0;
    engine->looked_message = 0;
}

static void forget_turn(struct store_engine *engine)
{
    forget_looked(engine);
    redis_forget_words(engine, 0);
    engine->hold_count = engine->put_count = engine->touched_count = engine->ops = 0;
    engine->added = engine->done = 0;
    engine->open = false;
    if (engine->bytes.cap > KEEP_BYTES) {
        buf_finish(&engine->bytes);
    }
    buf_clear(&engine->bytes);
    engine->bytes.max = WORDS_MAX;
}

static bool redis_begin(struct store_engine *engine, struct error *err)
{
    assert(!engine->open);
    if (!redis_ensure(engine, 0, err)) {
        return false;
    }
    engine->open = true;
    engine->turn++;
    redis_word(engine, "ii", (int64_t)engine->turn, (int64_t)GAPS_KEPT_MAX);
    return true;
}

static void learn_commit(struct store_engine *engine, const redisReply *reply, uint64_t sent_ms)
{
    for (size_t i = 0; i < engine->touched_count; i++) {
        redis_index_remove(&engine->index, engine->touched[i].id);
    }
    redis_learn(engine, redis_at(reply, 2));
    engine->waiting = (uint64_t)redis_number(redis_at(reply, 1));
    engine->act_until_ms = sent_ms + REDIS_IDLE_MS - REDIS_IDLE_SPARE_MS;
}

static bool lost(struct store_engine *engine, const redisReply *reply, struct error *err)
{
    redis_index_remove(&engine->index, redis_number(redis_at(reply, 2)));
    return error_set(err, ERROR_ENVIRONMENT,
                     "%s: this replica was away for too long: another has taken over a %s of this "
                     "turn",
                     engine->where, redis_text(redis_at(reply, 1), NULL));
}

static bool redis_commit(struct store_engine *engine, struct error *err)
{
    uint64_t sent_ms = redis_clock_ms();
    assert(engine->open);
    if (engine->ops == 0) {
        forget_turn(engine);
        return true;
    }
    if (engine->bytes.failed) {
        return say(engine, "this turn has more to say than fits", err);
    }
    if (!redis_ensure(engine, 0, err)) {
        return false;
    }
    /* All the words are the turn's, and are needed until it is known to be there. */
    redisReply *reply = NULL;
    redis_call(engine, "commit", 0);
    if (!redis_run(engine, &reply, 1, err)) {
        return false;
    }
    bool fine =
        !redis_refused(engine, reply, err) &&
        (strcmp(redis_text(redis_at(reply, 0), NULL), "ok") == 0 || lost(engine, reply, err));
    if (fine) {
        learn_commit(engine, reply, sent_ms);
        forget_turn(engine);
    }
    redis_link_free(&reply, 1);
    return fine;
}

/* What it held is given back at once; where that fails, it ends by itself (REDIS_TURN_MS). */
static void free_holds(struct store_engine *engine)
{
    size_t first = engine->word_count;
    redis_word(engine, "i", (int64_t)engine->turn);
    for (size_t i = 0; i < engine->hold_count; i++) {
        char name[STORE_NAME_MAX];
        const struct redis_hold *hold = &engine->holds[i];
        memcpy(name, engine->bytes.data + hold->name.at, hold->name.len);
        redis_word(engine, "tb", hold->claim ? "claim" : "hold", name, hold->name.len);
    }
    redisReply *reply = redis_ask(engine, "free", first, NULL);
    redis_link_free(&reply, reply != NULL);
}

static void redis_rollback(struct store_engine *engine)
{
    if (engine->open && engine->ready && engine->hold_count > 0 && !engine->bytes.failed) {
        free_holds(engine);
    }
    forget_turn(engine);
}

/* ---- messages ---- */

static void hold(struct store_engine *engine, bool claim, const char *name, size_t len)
{
    if (engine->hold_count == engine->hold_cap) {
        engine->hold_cap = engine->hold_cap == 0 ? 64 : engine->hold_cap * 2;
        engine->holds = mem_grow(engine->holds, engine->hold_cap, sizeof(*engine->holds));
    }
    redis_word(engine, "tb", claim ? "claim" : "hold", name, len);
    engine->holds[engine->hold_count++] =
        (struct redis_hold){claim, engine->words[engine->word_count - 1]};
    if (claim) {
        redis_word(engine, "ii", engine->now_ms, (int64_t)STORE_CLAIM_MS);
    }
    engine->ops++;
}

static uint64_t names_of(const struct expectation *expectation)
{
    const char *const names[] = {expectation->adapter, expectation->delivery,
                                 expectation->identity};
    uint64_t hash = 1;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *name = names[i] == NULL ? "\x01" : names[i];
        hash = hash * 31 + hash_bytes(name, strlen(name) + 1);
    }
    return hash ? hash : 1;
}

/* Into the turn's memory: what the message at hand found. */
static void note_look(struct store_engine *engine, const struct expectation *expectation,
                      const redisReply *reply)
{
    enum { BYTES = 1, EXPIRES = 2, FREE = 3 };
    size_t len;
    bool known = strcmp(redis_text(redis_at(reply, 0), NULL), "known") == 0;
    for (size_t i = FREE; redis_at(reply, i) != NULL; i++) {
        const char *name = redis_text(redis_at(reply, i), &len);
        hold(engine, true, name, len < STORE_NAME_MAX ? len : STORE_NAME_MAX);
    }
    engine->looked_message = names_of(expectation);
    engine->looked_claim = known ? CLAIM_KNOWN : CLAIM_NEW;
    if (known || expectation->conversation == NULL) {
        return;
    }
    store_name(&engine->looked, expectation->adapter, '\0', expectation->conversation);
    hold(engine, false, engine->looked.text, engine->looked.len);
    const char *bytes = redis_text(redis_at(reply, BYTES), &len);
    buf_clear(&engine->looked_bytes);
    buf_append(&engine->looked_bytes, bytes, len);
    engine->looked_expires_ms = redis_number(redis_at(reply, EXPIRES));
}

static redisReply *look_once(struct store_engine *engine, const struct expectation *expectation,
                             struct error *err)
{
    struct store_name name = {.len = 0};
    const char *const names[] = {expectation->delivery, expectation->identity};
    size_t first = engine->word_count;
    if (expectation->conversation != NULL) {
        store_name(&name, expectation->adapter, '\0', expectation->conversation);
    }
    redis_word(engine, "iinii", (int64_t)engine->turn, engine->now_ms, &name,
               (int64_t)REDIS_TURN_MS, (int64_t)STORE_CLAIM_MS);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (names[i] != NULL) {
            store_name(&name, expectation->adapter, i == 0 ? 'd' : 'm', names[i]);
            redis_word(engine, "n", &name);
        }
    }
    return redis_ask(engine, "look", first, err);
}

static bool is_busy(const redisReply *reply)
{
    return strcmp(redis_text(redis_at(reply, 0), NULL), "busy") == 0;
}

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

/* Another replica's turn takes milliseconds: worth waiting for, but not for long. */
static enum expected redis_expect(struct store_engine *engine,
                                  const struct expectation *expectation, int64_t now_ms,
                                  struct error *err)
{
    uint64_t end_ms = redis_clock_ms() + REDIS_WAIT_MS;
    engine->now_ms = now_ms;
    forget_looked(engine);
    if (!fits(engine, expectation, err)) {
        return EXPECTED_ERROR;
    }
    if (expectation->delivery == NULL && expectation->identity == NULL &&
        expectation->conversation == NULL) {
        engine->looked_message = names_of(expectation);
        engine->looked_claim = CLAIM_NEW;
        return EXPECTED_FINE;
    }
    redis_fence(engine, expectation->adapter);
    for (;;) {
        redisReply *reply = look_once(engine, expectation, err);
        bool busy = reply != NULL && is_busy(reply);
        if (reply != NULL && !busy) {
            note_look(engine, expectation, reply);
        }
        redis_link_free(&reply, reply != NULL);
        if (reply == NULL && !busy && engine->looked_message == 0) {
            return EXPECTED_ERROR;
        }
        if (!busy || redis_clock_ms() >= end_ms) {
            return busy ? EXPECTED_BUSY : EXPECTED_FINE;
        }
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    }
}

static enum claim redis_claim(struct store_engine *engine, const char *adapter,
                              const char *delivery, const char *identity, int64_t now_ms,
                              struct error *err)
{
    const struct expectation wanted = {adapter, delivery, identity, NULL};
    if (engine->looked_message != names_of(&wanted)) {
        enum expected expected = redis_expect(engine, &wanted, now_ms, err);
        if (expected != EXPECTED_FINE) {
            if (expected == EXPECTED_BUSY) {
                say(engine, "another replica is at this message", err);
            }
            return CLAIM_ERROR;
        }
    }
    engine->looked_message = 0;
    return engine->looked_claim;
}

/* ---- conversations and notes ---- */

static void put(struct store_engine *engine, char kind, const struct store_name *name,
                struct redis_span bytes, int64_t expires_ms)
{
    if (engine->put_count == engine->put_cap) {
        engine->put_cap = engine->put_cap == 0 ? 64 : engine->put_cap * 2;
        engine->puts = mem_grow(engine->puts, engine->put_cap, sizeof(*engine->puts));
    }
    /* An operation's first word is followed by the name. */
    engine->puts[engine->put_count++] =
        (struct redis_put){.kind = kind,
                           .hash = hash_bytes(name->text, name->len),
                           .bytes = bytes,
                           .expires_ms = expires_ms};
}

/* The latest of this turn; NULL: it has none. */
static const struct redis_put *find_put(const struct store_engine *engine, char kind,
                                        const struct store_name *name)
{
    uint64_t hash = hash_bytes(name->text, name->len);
    for (size_t i = engine->put_count; i-- > 0;) {
        if (engine->puts[i].hash == hash && engine->puts[i].kind == kind) {
            return &engine->puts[i];
        }
    }
    return NULL;
}

static void give(const char *bytes, size_t len, int64_t expires_ms, int64_t now_ms, void *ret,
                 size_t cap, size_t *ret_len)
{
    *ret_len = expires_ms <= now_ms ? 0 : len < cap ? len : cap;
    if (*ret_len > 0) {
        memcpy(ret, bytes, *ret_len);
    }
}

static bool fetch(struct store_engine *engine, const char *kind, const struct store_name *name,
                  int64_t now_ms, void *ret, size_t cap, size_t *ret_len, struct error *err)
{
    char key[STORE_NAME_MAX + 300];
    redisReply *reply = NULL;
    size_t at = strlen(engine->base), kind_len = strlen(kind), len;
    memcpy(key, engine->base, at);
    memcpy(key + at, kind, kind_len);
    memcpy(key + at + kind_len, name->text, name->len);
    const char *const words[] = {"HMGET", key, "b", "e"};
    const size_t lens[] = {strlen("HMGET"), at + kind_len + name->len, 1, 1};
    if (!redis_ensure(engine, 0, err)) {
        return false;
    }
    redis_link_add(engine->link, ARRAY_LEN(words), words, lens);
    if (!redis_run(engine, &reply, 1, err)) {
        return false;
    }
    bool fine = !redis_refused(engine, reply, err);
    const char *bytes = redis_text(redis_at(reply, 0), &len);
    give(bytes, len, redis_number(redis_at(reply, 1)), now_ms, ret, cap, ret_len);
    redis_link_free(&reply, 1);
    return fine;
}

static bool get(struct store_engine *engine, char kind, const char *prefix, const char *adapter,
                const char *key, int64_t now_ms, void *ret, size_t cap, size_t *ret_len,
                struct error *err)
{
    struct store_name name;
    *ret_len = 0;
    engine->now_ms = now_ms;
    if (!store_fits_name(engine->where, "key", adapter, key, NULL)) {
        return true; /* nothing can have been kept under it */
    }
    store_name(&name, adapter, '\0', key);
    const struct redis_put *mine = find_put(engine, kind, &name);
    if (mine != NULL) {
        give(engine->bytes.data + mine->bytes.at, mine->bytes.len, mine->expires_ms, now_ms, ret,
             cap, ret_len);
        return true;
    }
    if (kind == 't' && engine->looked.len == name.len &&
        memcmp(engine->looked.text, name.text, name.len) == 0) {
        give(engine->looked_bytes.data, engine->looked_bytes.len, engine->looked_expires_ms, now_ms,
             ret, cap, ret_len);
        return true;
    }
    return fetch(engine, prefix, &name, now_ms, ret, cap, ret_len, err);
}

static bool redis_conversation_get(struct store_engine *engine, const char *adapter,
                                   const char *key, int64_t now_ms, void *ret, size_t cap,
                                   size_t *ret_len, struct error *err)
{
    return get(engine, 't', "talk:", adapter, key, now_ms, ret, cap, ret_len, err);
}

static bool redis_note_get(struct store_engine *engine, const char *adapter, const char *key,
                           int64_t now_ms, void *ret, size_t cap, size_t *ret_len,
                           struct error *err)
{
    return get(engine, 'n', "note:", adapter, key, now_ms, ret, cap, ret_len, err);
}

static bool keep(struct store_engine *engine, char kind, const char *operation, const char *adapter,
                 const char *key, const void *bytes, size_t len, int64_t expires_ms,
                 struct error *err)
{
    struct store_name name;
    if (!store_fits_name(engine->where, "key", adapter, key, err) ||
        !store_fits_bytes(engine->where, len, err)) {
        return false;
    }
    int64_t for_ms = expires_ms - engine->now_ms + REDIS_SLACK_MS;
    store_name(&name, adapter, '\0', key);
    redis_word(engine, "tnb", operation, &name, len > 0 ? bytes : "", len);
    put(engine, kind, &name, engine->words[engine->word_count - 1], expires_ms);
    redis_word(engine, "ii", expires_ms, for_ms > 1 ? for_ms : (int64_t)1);
    engine->ops++;
    return true;
}

static bool redis_conversation_put(struct store_engine *engine, const char *adapter,
                                   const char *key, const void *bytes, size_t len,
                                   int64_t expires_ms, struct error *err)
{
    return keep(engine, 't', "talk", adapter, key, bytes, len, expires_ms, err);
}

static bool redis_note_put(struct store_engine *engine, const char *adapter, const char *key,
                           const void *bytes, size_t len, int64_t expires_ms, struct error *err)
{
    return keep(engine, 'n', "note", adapter, key, bytes, len, expires_ms, err);
}

static bool redis_conversation_delete(struct store_engine *engine, const char *adapter,
                                      const char *key, struct error *err)
{
    struct store_name name;
    if (!store_fits_name(engine->where, "key", adapter, key, err)) {
        return false;
    }
    store_name(&name, adapter, '\0', key);
    redis_word(engine, "tn", "drop", &name);
    put(engine, 't', &name, (struct redis_span){0}, INT64_MIN);
    engine->ops++;
    return true;
}

/* ---- gaps ---- */

static bool redis_gap_add(struct store_engine *engine, const char *kind, const char *text,
                          size_t len, int64_t now_ms, struct error *err)
{
    struct buf norm, copy, name;
    (void)err;
    buf_init(&norm, GAP_TEXT_MAX);
    buf_init(&copy, GAP_TEXT_MAX);
    buf_init(&name, 2 * GAP_TEXT_MAX);
    store_gap_text(text, len, &norm, &copy);
    if (norm.len > 0) {
        buf_printf(&name, "%s\n%s", kind, norm.data);
        redis_word(engine, "tbtbi", "gap", name.data, name.len, kind,
                   copy.data != NULL ? copy.data : "", copy.len, now_ms);
        engine->ops++;
    }
    buf_finish(&name);
    buf_finish(&copy);
    buf_finish(&norm);
    return true;
}

static bool redis_gaps(struct store_engine *engine, size_t most, gap_visit *visit, void *context,
                       struct error *err)
{
    enum { FIELDS = 5 };
    size_t first = engine->word_count;
    if (!redis_ensure(engine, 0, err)) {
        return false;
    }
    redis_word(engine, "i", (int64_t)most);
    redisReply *reply = redis_ask(engine, "gaps", first, err);
    if (reply == NULL) {
        return false;
    }
    for (size_t i = 0; redis_at(reply, i + FIELDS - 1) != NULL; i += FIELDS) {
        visit(context, &(struct gap){.text = redis_text(redis_at(reply, i), NULL),
                                     .kind = redis_text(redis_at(reply, i + 1), NULL),
                                     .count = (uint64_t)redis_number(redis_at(reply, i + 2)),
                                     .first_ms = redis_number(redis_at(reply, i + 3)),
                                     .last_ms = redis_number(redis_at(reply, i + 4))});
    }
    redis_link_free(&reply, 1);
    return true;
}

/* ---- the engine ---- */

static void redis_close(struct store_engine *engine)
{
    if (engine->open) {
        redis_rollback(engine);
    }
    if (engine->ready && !engine->reader) {
        redis_leave(engine);
    }
    redis_link_destroy(engine->link);
    redis_index_finish(&engine->index);
    for (size_t i = 0; i < engine->lease_count; i++) {
        mem_free(engine->leases[i].name);
    }
    secret_finish(&engine->password);
    buf_finish(&engine->bytes);
    buf_finish(&engine->looked_bytes);
    mem_free(engine->words);
    mem_free(engine->holds);
    mem_free(engine->puts);
    mem_free(engine->touched);
    mem_free(engine->where);
    mem_free(engine->base);
    mem_free(engine->ca_file);
    mem_free(engine->cert_file);
    mem_free(engine->key_file);
    mem_free(engine);
}

const struct store_ops store_redis = {
    .close = redis_close,
    .begin = redis_begin,
    .commit = redis_commit,
    .commit_soon = redis_commit,
    .rollback = redis_rollback,
    .tidy = redis_tidy,
    .expect = redis_expect,
    .lease = redis_lease,
    .lease_end = redis_lease_end,
    .may_act = redis_may_act,
    .claim = redis_claim,
    .conversation_get = redis_conversation_get,
    .conversation_put = redis_conversation_put,
    .conversation_delete = redis_conversation_delete,
    .outbox_add = redis_outbox_add,
    .outbox_due = redis_outbox_due,
    .outbox_next = redis_outbox_next,
    .outbox_count = redis_outbox_count,
    .outbox_begin = redis_outbox_begin,
    .outbox_again = redis_outbox_again,
    .outbox_put_off = redis_outbox_put_off,
    .outbox_done = redis_outbox_done,
    .outbox_hurry = redis_outbox_hurry,
    .outbox_recover = redis_outbox_recover,
    .note_get = redis_note_get,
    .note_put = redis_note_put,
    .gap_add = redis_gap_add,
    .gaps = redis_gaps,
    .expire = redis_expire,
};
