#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/host/log.h"
#include "bot/host/redis_address.h"
#include "bot/host/store_redis.h"
#include "bot/host/store_redis_inside.h"

/* Opening: what is configured, and how safe that Redis is. */

enum { OPEN_WAIT_MS = 5000, STEP_MS = 100, WORDS_MAX = 64 * 1024 * 1024 };

/* A name that no other process has or had: Redis keeps what a replica of that name left behind. */
static void name_replica(struct store_engine *engine)
{
    char host[24] = "";
    uint64_t chance = 0;
    gethostname(host, sizeof(host) - 1);
    for (char *c = host; *c; c++) {
        *c = *c == ' ' || *c == '\n' ? '-' : *c;
    }
    if (getrandom(&chance, sizeof(chance), 0) != (ssize_t)sizeof(chance)) {
        chance = redis_clock_ms() << 20 ^ (uint64_t)getpid();
    }
    snprintf(engine->name, sizeof(engine->name), "%s:%ld:%08" PRIx64, host, (long)getpid(),
             chance & 0xffffffff);
    engine->chance = chance;
}

/* Without the user: it is nobody's business in a log. */
static char *format_where(const struct redis_address *address)
{
    char text[REDIS_HOST_MAX + 60];
    if (address->local) {
        snprintf(text, sizeof(text), "unix://%s?db=%u", address->host, address->db);
    } else {
        snprintf(text, sizeof(text), "redis%s://%s:%u/%u", address->tls ? "s" : "", address->host,
                 address->port, address->db);
    }
    return mem_strdup(text);
}

static struct store_engine *create(const struct store_redis_setup *setup,
                                   const struct redis_address *address)
{
    struct store_engine *engine = mem_alloc(sizeof(*engine));
    char base[200];
    engine->address = *address;
    engine->where = format_where(address);
    /* In braces: all keys are one server's where several share them (a cluster's hash tag). */
    snprintf(base, sizeof(base), "{%.100s}:", setup->prefix);
    engine->base = mem_strdup(base);
    engine->ca_file = mem_strdup(setup->ca_file);
    engine->cert_file = mem_strdup(setup->cert_file);
    engine->key_file = mem_strdup(setup->key_file);
    engine->link = redis_link_create(
        address, &(struct redis_tls){engine->ca_file, engine->cert_file, engine->key_file});
    buf_init(&engine->bytes, WORDS_MAX);
    redis_reads_init(&engine->reads);
    redis_reads_init(&engine->contested);
    redis_index_init(&engine->index);
    name_replica(engine);
    engine->act_until_ms = redis_clock_ms() + REDIS_IDLE_MS - REDIS_IDLE_SPARE_MS;
    return engine;
}

/* It may be starting just now, as we are, and read its file. */
static bool wait_for_redis(struct store_engine *engine, struct error *err)
{
    uint64_t end_ms = redis_clock_ms() + OPEN_WAIT_MS;
    struct error cause = {0};
    engine->silent = true; /* the caller tells */
    while (!redis_ensure(engine, STEP_MS, &cause)) {
        uint64_t now = redis_clock_ms();
        if (now >= end_ms) {
            return error_set(err, ERROR_ENVIRONMENT, "%s", cause.text);
        }
        if (redis_link_state(engine->link) == REDIS_CLOSED) {
            nanosleep(&(struct timespec){.tv_nsec = STEP_MS / 2 * 1000000L}, NULL);
        }
        cause = (struct error){0};
    }
    return true;
}

/* ---- how safe it is ---- */

static bool has(const redisReply *info, const char *line)
{
    return strstr(redis_text(info, NULL), line) != NULL;
}

static void warn(const struct store_engine *engine, const char *what, const char *consequence)
{
    log_warning("redis.unsafe", LOG_TEXT("redis", engine->where), LOG_TEXT("setting", what),
                LOG_TEXT("consequence", consequence));
}

static void judge(const struct store_engine *engine, const redisReply *info, const redisReply *sync)
{
    const char *when = redis_text(redis_at(sync, 1), NULL);
    if (has(info, "aof_enabled:0")) {
        warn(engine, "appendonly no", "what was acknowledged is lost when Redis ends");
    } else if (when[0] == '\0') {
        warn(engine, "appendfsync unknown",
             "CONFIG GET is not allowed; see that it is always, or that a second may be lost");
    } else if (strcmp(when, "always") != 0) {
        warn(engine, when[0] == 'e' ? "appendfsync everysec" : "appendfsync no",
             "a power cut at Redis may lose the last of what was acknowledged; always does not");
    }
    if (!has(info, "maxmemory:0\r") && !has(info, "maxmemory_policy:noeviction")) {
        warn(engine, "maxmemory-policy", "a full Redis drops what waits; set noeviction");
    }
    if (has(info, "role:slave")) {
        warn(engine, "role", "this is a read-only copy; give the primary's address");
    }
}

/* Neither question must succeed: an ACL may forbid both. */
static void check_safety(struct store_engine *engine)
{
    const char *const info[] = {"INFO"};
    const char *const sync[] = {"CONFIG", "GET", "appendfsync"};
    const size_t info_lens[] = {4}, sync_lens[] = {6, 3, 11};
    redisReply *replies[2] = {0};
    struct error ignored = {0};
    redis_link_add(engine->link, 1, info, info_lens);
    redis_link_add(engine->link, 3, sync, sync_lens);
    if (redis_run(engine, replies, 2, &ignored)) {
        if (replies[0]->type == REDIS_REPLY_ERROR) {
            warn(engine, "INFO", "it is not allowed, so nothing is known of how safe it is");
        } else {
            judge(engine, replies[0], replies[1]);
        }
        redis_link_free(replies, 2);
    }
}

/* ---- opening ---- */

static bool open_redis(const struct store_redis_setup *setup, bool reader, struct store **ret,
                       struct error *err)
{
    struct redis_address address;
    if (!redis_address_parse(setup->url, "[store] store", &address, err)) {
        return false;
    }
    struct store_engine *engine = create(setup, &address);
    engine->reader = reader;
    bool fine = (!secret_configured(setup->password) ||
                 secret_load(setup->password, "[store] password", &engine->password, err)) &&
                wait_for_redis(engine, err);
    if (!fine) {
        store_redis.close(engine);
        return false;
    }
    engine->silent = reader;
    if (!reader) {
        check_safety(engine);
    }
    *ret = store_create(&store_redis, engine);
    return true;
}

bool store_open_redis(const struct store_redis_setup *setup, struct store **ret, struct error *err)
{
    return open_redis(setup, false, ret, err);
}

bool store_open_redis_reader(const struct store_redis_setup *setup, struct store **ret,
                             struct error *err)
{
    return open_redis(setup, true, ret, err);
}
