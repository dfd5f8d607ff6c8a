#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bot/base/error.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/host/log.h"
#include "bot/host/redis_address.h"
#include "bot/host/store_redis_inside.h"

/* Connecting to Redis, again and again, and calling the script that lies there. */

enum { RETRY_MS = 100, RETRY_MAX_MS = 5000, IDS_AT_ONCE = 10000, GREETING_MAX = 4 };

uint64_t redis_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- words ---- */

static void add_word(struct store_engine *engine, const void *bytes, size_t len)
{
    if (engine->word_count == engine->word_cap) {
        engine->word_cap = engine->word_cap == 0 ? 256 : engine->word_cap * 2;
        engine->words = mem_grow(engine->words, engine->word_cap, sizeof(*engine->words));
    }
    engine->words[engine->word_count++] = (struct redis_span){engine->bytes.len, len};
    buf_append(&engine->bytes, bytes, len);
}

void redis_word(struct store_engine *engine, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    for (; *types; types++) {
        if (*types == 't') {
            const char *text = va_arg(args, const char *);
            add_word(engine, text, strlen(text));
        } else if (*types == 'n') {
            const struct store_name *name = va_arg(args, const struct store_name *);
            add_word(engine, name->text, name->len);
        } else if (*types == 'i') {
            char digits[24];
            int len = snprintf(digits, sizeof(digits), "%" PRId64, va_arg(args, int64_t));
            add_word(engine, digits, (size_t)len);
        } else {
            const void *bytes = va_arg(args, const void *);
            size_t len = va_arg(args, size_t);
            add_word(engine, bytes, len);
            if (*types == 'c') {
                bytes = va_arg(args, const void *);
                len = va_arg(args, size_t);
                buf_append(&engine->bytes, bytes, len);
                engine->words[engine->word_count - 1].len += len;
            }
        }
    }
    va_end(args);
}

void redis_forget_words(struct store_engine *engine, size_t first)
{
    if (first < engine->word_count) {
        buf_cut(&engine->bytes, engine->words[first].at);
        engine->word_count = first;
    }
}

/* ---- replies ---- */

redisReply *redis_at(const redisReply *reply, size_t index)
{
    bool there =
        reply != NULL && reply->type == REDIS_REPLY_ARRAY && index < (size_t)reply->elements;
    return there ? reply->element[index] : NULL;
}

const char *redis_text(const redisReply *reply, size_t *ret_len)
{
    bool text =
        reply != NULL && (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS ||
                          reply->type == REDIS_REPLY_ERROR);
    if (ret_len != NULL) {
        *ret_len = text ? (size_t)reply->len : 0;
    }
    return text ? reply->str : "";
}

int64_t redis_number(const redisReply *reply)
{
    int64_t number = 0;
    if (reply != NULL && reply->type == REDIS_REPLY_INTEGER) {
        return reply->integer;
    }
    return sscanf(redis_text(reply, NULL), "%" SCNd64, &number) == 1 ? number : 0;
}

/* ---- calls ---- */

static void add_raw(struct store_engine *engine, size_t count, const char *const *words)
{
    size_t lens[GREETING_MAX];
    for (size_t i = 0; i < count; i++) {
        lens[i] = strlen(words[i]);
    }
    redis_link_add(engine->link, count, words, lens);
}

void redis_call(struct store_engine *engine, const char *procedure, size_t first)
{
    enum { FIXED = 6 };
    const char *const fixed[FIXED] = {"EVALSHA",    engine->sha, "1",
                                      engine->base, procedure,   engine->name};
    size_t count = FIXED + engine->word_count - first;
    const char **words = mem_alloc(count * sizeof(*words));
    size_t *lens = mem_alloc(count * sizeof(*lens));
    for (size_t i = 0; i < count; i++) {
        const struct redis_span *span = i < FIXED ? NULL : &engine->words[first + i - FIXED];
        /* An empty buffer has no bytes at all. */
        words[i] = span == NULL ? fixed[i] : span->len == 0 ? "" : engine->bytes.data + span->at;
        lens[i] = span == NULL ? strlen(fixed[i]) : span->len;
    }
    redis_link_add(engine->link, count, words, lens);
    mem_free(words);
    mem_free(lens);
}

/* The connection is gone: each time a little later the next one. */
static void lose(struct store_engine *engine, const char *why)
{
    uint64_t wait = RETRY_MS;
    for (unsigned i = 0; i < engine->failures && wait < RETRY_MAX_MS; i++) {
        wait *= 2;
    }
    wait = wait < RETRY_MAX_MS ? wait : RETRY_MAX_MS;
    uint64_t now = redis_clock_ms();
    uint64_t chance = hash_bytes(engine->name, strlen(engine->name)) ^ now;
    redis_link_close(engine->link);
    engine->ready = false;
    engine->failures++;
    /* Replicas that lost it together must not come back together. */
    engine->retry_at_ms = now + wait - wait / 4 + chance % (wait / 2 + 1);
    snprintf(engine->trouble, sizeof(engine->trouble), "%s", why);
    if (!engine->told && !engine->silent) {
        engine->told = true;
        log_warning("redis.away", LOG_TEXT("redis", engine->where), LOG_TEXT("why", why));
    }
}

static bool away(const struct store_engine *engine, struct error *err)
{
    return error_set(err, ERROR_ENVIRONMENT, "%s: Redis is away: %s", engine->where,
                     engine->trouble[0] ? engine->trouble : "not connected yet");
}

bool redis_run(struct store_engine *engine, redisReply **ret, size_t cap, struct error *err)
{
    struct error cause = {0};
    if (redis_link_run(engine->link, ret, cap, &cause)) {
        return true;
    }
    lose(engine, cause.text);
    return away(engine, err);
}

const char *redis_error_kind(const char *text)
{
    static const char script[] = "ERR Error running script (", met[] = ": -";
    const char *found = strncmp(text, script, strlen(script)) == 0 ? strstr(text, met) : NULL;
    return found == NULL ? text : found + strlen(met);
}

bool redis_refused(struct store_engine *engine, const redisReply *reply, struct error *err)
{
    /* Another server may be at that address by now, or this one be itself again. */
    static const char *const for_all[] = {"READONLY", "LOADING", "NOSCRIPT", "MASTERDOWN",
                                          "BUSY",     "NOAUTH",  "NOPERM",   "WRONGPASS"};
    char text[200];
    if (reply == NULL || reply->type != REDIS_REPLY_ERROR) {
        return false;
    }
    snprintf(text, sizeof(text), "%s", redis_error_kind(reply->str));
    char *told = strstr(text, ", with args"); /* what it does not know it repeats: a password */
    if (told != NULL) {
        *told = '\0';
    }
    error_set(err, ERROR_ENVIRONMENT, "%s: Redis refuses: %s%s", engine->where, text,
              strncmp(text, "OOM", 3) == 0 ? "; give it more memory (maxmemory)" : "");
    for (size_t i = 0; i < ARRAY_LEN(for_all); i++) {
        if (strncmp(text, for_all[i], strlen(for_all[i])) == 0) {
            lose(engine, text);
        }
    }
    return true;
}

bool redis_lacks_script(const redisReply *reply)
{
    return reply != NULL && reply->type == REDIS_REPLY_ERROR &&
           strncmp(reply->str, "NOSCRIPT", strlen("NOSCRIPT")) == 0;
}

redisReply *redis_try(struct store_engine *engine, const char *procedure, size_t first,
                      struct error *err)
{
    redisReply *replies[2] = {NULL};
    redis_call(engine, procedure, first);
    if (!redis_run(engine, replies, 1, err) || !redis_lacks_script(replies[0])) {
        return replies[0];
    }
    /* SCRIPT FLUSH, or another server behind the same connection: nothing was done. */
    redis_link_free(replies, 1);
    add_raw(engine, 3, (const char *const[]){"SCRIPT", "LOAD", store_redis_script});
    redis_call(engine, procedure, first);
    if (!redis_run(engine, replies, 2, err)) {
        return NULL;
    }
    redis_link_free(replies, 1);
    return replies[1];
}

redisReply *redis_ask(struct store_engine *engine, const char *procedure, size_t first,
                      struct error *err)
{
    redisReply *reply = redis_try(engine, procedure, first, err);
    redis_forget_words(engine, first);
    if (reply != NULL && redis_refused(engine, reply, err)) {
        redis_link_free(&reply, 1);
        return NULL;
    }
    return reply;
}

/* ---- greeting ---- */

static void add_greeting(struct store_engine *engine)
{
    const struct redis_address *to = &engine->address;
    char digits[24], key[300];
    if (engine->password.count > 0) {
        const char *user = to->user[0] ? to->user : "default";
        add_raw(engine, 3, (const char *const[]){"AUTH", user, engine->password.items[0]});
    }
    if (to->db != 0) {
        snprintf(digits, sizeof(digits), "%u", to->db);
        add_raw(engine, 2, (const char *const[]){"SELECT", digits});
    }
    snprintf(digits, sizeof(digits), "%d", IDS_AT_ONCE);
    snprintf(key, sizeof(key), "%slast", engine->base);
    add_raw(engine, engine->reader ? 2 : 3,
            (const char *const[]){engine->reader ? "GET" : "INCRBY", key, digits});
    snprintf(key, sizeof(key), "%swaiting", engine->base);
    add_raw(engine, 2, (const char *const[]){"GET", key});
}

/* The last two: the last of our ids, how many answers wait. */
static bool read_greeting(struct store_engine *engine, redisReply **replies, size_t count,
                          struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (redis_refused(engine, replies[i], err)) {
            return false;
        }
    }
    engine->last_id = redis_number(replies[count - 2]);
    engine->next_id = engine->last_id - IDS_AT_ONCE + 1;
    engine->waiting = (uint64_t)redis_number(replies[count - 1]);
    return true;
}

static bool load_script(struct store_engine *engine, struct error *err)
{
    redisReply *reply = NULL;
    add_raw(engine, 3, (const char *const[]){"SCRIPT", "LOAD", store_redis_script});
    if (!redis_run(engine, &reply, 1, err)) {
        return false;
    }
    bool fine = !redis_refused(engine, reply, err);
    if (fine) {
        snprintf(engine->sha, sizeof(engine->sha), "%s", redis_text(reply, NULL));
    }
    redis_link_free(&reply, 1);
    return fine;
}

/*
 * The script by itself: of those whom it does not know yet Redis takes no word over 16 KiB, and
 * closes without having said that the password is wrong.
 */
static bool greet(struct store_engine *engine, struct error *err)
{
    redisReply *replies[GREETING_MAX] = {0};
    add_greeting(engine);
    size_t count = redis_link_added(engine->link);
    if (!redis_run(engine, replies, GREETING_MAX, err)) {
        return false;
    }
    bool fine = read_greeting(engine, replies, count, err);
    redis_link_free(replies, count);
    return fine && load_script(engine, err) && redis_outbox_relearn(engine, err);
}

static bool try_to_connect(struct store_engine *engine, int wait_ms, struct error *err)
{
    struct error cause = {0};
    if (redis_link_state(engine->link) == REDIS_CLOSED &&
        (redis_clock_ms() < engine->retry_at_ms || !redis_link_open(engine->link, &cause))) {
        return away(engine, err);
    }
    if (!redis_link_drive(engine->link, wait_ms, &cause)) {
        lose(engine, cause.text);
        return away(engine, err);
    }
    return redis_link_state(engine->link) == REDIS_OPEN || away(engine, err);
}

bool redis_ensure(struct store_engine *engine, int wait_ms, struct error *err)
{
    if (engine->ready) {
        return true;
    }
    if (!try_to_connect(engine, wait_ms, err)) {
        return false;
    }
    if (!greet(engine, err)) {
        if (redis_link_state(engine->link) != REDIS_CLOSED) {
            lose(engine, err->text);
        }
        return false;
    }
    engine->ready = true;
    engine->failures = 0;
    engine->beat_at_ms = engine->keep_at_ms = 0;
    if (engine->told) {
        log_info("redis.back", LOG_TEXT("redis", engine->where),
                 LOG_NUMBER("waiting", engine->waiting));
    }
    engine->told = false;
    return true;
}
