#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/base/buf.h"
#include "bot/host/redis_address.h"
#include "bot/host/redis_link.h"
#include "bot/host/secret.h"
#include "bot/host/store_engine.h"
#include "bot/host/store_redis_index.h"
#include "bot/host/store_redis_reads.h"

/*
 * What the files of the Redis engine share: store_redis.c (transactions), store_redis_look.c (what
 * a turn reads), store_redis_call.c (connecting, and calls of the script store_redis.lua),
 * store_redis_outbox.c (answers that wait), store_redis_lease.c (leases, other replicas). For
 * nobody else.
 *
 * What a turn reads comes in one go (store_expect()). A transaction is a list of words, gathered
 * here and handed to the script at its end: one round trip, done whole or not at all, and not at
 * all where what was read has changed since. Time for leases is CLOCK_BOOTTIME, which goes on
 * while we sleep.
 */
struct config;
struct error;
struct redisReply;

enum {
    REDIS_TURN_MS = 10 * 1000,       /* what a turn has read is good for so long */
    REDIS_LEASE_MS = 7000,           /* of an IRC network, in Redis ... */
    REDIS_LEASE_SPARE_MS = 2000,     /* ... and so much less for us: nobody else has it before */
    REDIS_BEAT_MS = 1000,            /* leases are kept each so often */
    REDIS_KEEP_MS = 5000,            /* what is in our charge; what others left is looked for */
    REDIS_IDLE_MS = 15 * 1000,       /* what nobody kept for so long is taken over */
    REDIS_IDLE_SPARE_MS = 5000,      /* and is not ours to send so much before */
    REDIS_UNSURE_MS = 5000,          /* what was under way then may still be arriving */
    REDIS_SLACK_MS = 3600 * 1000,    /* clocks differ: what expires is kept so much longer */
    REDIS_ABANDONED_MS = 600 * 1000, /* what is for an adapter that we do not run */
    REDIS_LEASES_MAX = 64,
    REDIS_NAME_MAX = 64,
    REDIS_DUE_MAX = 256, /* asked for at once */
    REDIS_TAKE_MAX = 32, /* adapters looked at in one round trip */
};

struct redis_touched {
    int64_t id;
    bool begun; /* it leaves it under way, or at its end: not to be begun again */
};

/* A conversation or a note. compares: what is put there rests on what was read. */
struct redis_kept {
    const char *kind, *adapter, *key;
    bool compares;
};

/* How far a transaction had come when store_mark() was called. */
struct redis_mark {
    size_t words, touched, ops;
    int64_t added, done;
};

struct redis_turn {
    bool open;
    size_t ops;          /* 0: nothing is to be done */
    size_t touched;      /* of store_engine.touched */
    int64_t added, done; /* deliveries */
    uint64_t read_ms;    /* when it began to read; 0: it did not */
    struct redis_mark mark;
    bool outrun; /* its commit was refused since another replica was faster */
    unsigned attempts;
};

struct redis_lease {
    char *name;         /* owned */
    uint64_t until_ms;  /* ours so long; 0: not */
    uint64_t fenced_in; /* the turn that depends on it */
};

struct store_engine {
    char *where, *base; /* owned: for messages; what all keys begin with */
    struct redis_address address;
    struct secret password;
    char *ca_file, *cert_file, *key_file; /* owned */
    struct redis_link *link;
    char name[REDIS_NAME_MAX]; /* this replica's */
    uint64_t chance;           /* no other process has the same */
    char sha[48];              /* the script's */
    bool ready;                /* connected, greeted, and knows what is in its charge */
    bool reader;               /* only to look */
    bool told;                 /* that Redis is away */
    bool silent;               /* whoever called tells by itself */
    uint64_t retry_at_ms;
    unsigned failures;
    char trouble[160];
    int64_t next_id, last_id; /* ids that are ours to give out */
    int64_t now_ms;           /* the last wall clock that we were told */

    /* the open transaction */
    struct redis_turn turn;
    uint64_t turns; /* how many there were */
    char stamp[REDIS_STAMP_MAX];
    struct buf bytes; /* what its words say */
    struct redis_span *words;
    size_t word_count, word_cap;
    struct redis_touched *touched; /* deliveries that it changes */
    size_t touched_cap;
    struct redis_reads reads;    /* what it knows of keys */
    struct redisReply **replies; /* owned; what those borrow from */
    size_t reply_count;
    struct redis_reads contested; /* what it leaves to others, who were faster too often */

    struct redis_index index;
    uint64_t waiting;
    struct redis_lease leases[REDIS_LEASES_MAX];
    size_t lease_count;
    uint64_t beat_at_ms, keep_at_ms;
    uint64_t act_until_ms; /* what is under way is ours so long, by its last sign of life */
};

/* The script, made a string by script/embed.py. */
extern const char store_redis_script[];

extern const struct store_ops store_redis;

uint64_t redis_clock_ms(void); /* CLOCK_BOOTTIME */

/* ---- store_redis_call.c ---- */

/*
 * Words of a call: t a text, n a struct store_name *, b bytes (pointer, size_t), c two of those
 * that make one word, i an int64_t.
 */
void redis_word(struct store_engine *engine, const char *types, ...);

/* Connected and greeted, or err says why not. wait_ms: how long to wait for that. */
bool redis_ensure(struct store_engine *engine, int wait_ms, struct error *err);

/* Adds a call of a procedure of the script, with the words from `first` on, to the next run. */
void redis_call(struct store_engine *engine, const char *procedure, size_t first);

/* Runs what was added; the connection's end is noted. *ret is freed by redis_link_free(). */
bool redis_run(struct store_engine *engine, struct redisReply **ret, size_t cap, struct error *err);

/* One call, sent a second time where Redis had forgotten the script. NULL: err says why not. */
struct redisReply *redis_try(struct store_engine *engine, const char *procedure, size_t first,
                             struct error *err);

/* The same, whose reply must be no error; its words are forgotten. */
struct redisReply *redis_ask(struct store_engine *engine, const char *procedure, size_t first,
                             struct error *err);
/* The server was told to forget it, or is another one; redis_ask() loads it again by itself. */
bool redis_lacks_script(const struct redisReply *reply);
bool redis_refused(struct store_engine *engine, const struct redisReply *reply, struct error *err);
void redis_forget_words(struct store_engine *engine, size_t first);

/*
 * The word that an error begins with. Redis 6.2 puts what a script's command met behind where it
 * did: "ERR Error running script (...): @user_script:9: @user_script: 9: -READONLY ...".
 */
const char *redis_error_kind(const char *text);

/* Of a reply; anything else than what is expected is none of ours. */
struct redisReply *redis_at(const struct redisReply *reply, size_t index); /* NULL: not there */
const char *redis_text(const struct redisReply *reply, size_t *ret_len);   /* "" for none */
int64_t redis_number(const struct redisReply *reply);

/* ---- store_redis_look.c ---- */

bool redis_expect(struct store_engine *engine, const struct expectation *expectations, size_t count,
                  enum expected *ret, struct error *err);
enum claim redis_claim(struct store_engine *engine, const char *adapter, const char *delivery,
                       const char *identity, int64_t now_ms, struct error *err);
bool redis_conversation_get(struct store_engine *engine, const char *adapter, const char *key,
                            int64_t now_ms, void *ret, size_t cap, size_t *ret_len,
                            struct error *err);
bool redis_note_get(struct store_engine *engine, const char *adapter, const char *key,
                    int64_t now_ms, void *ret, size_t cap, size_t *ret_len, struct error *err);

/* What the turn knows of a key ("talk", "note", "claim"). Good until the next one is added. */
struct redis_read *redis_add_read(struct store_engine *engine, const char *kind,
                                  const struct store_name *name);
void redis_forget_reads(struct store_engine *engine);

/* ---- store_redis_outbox.c ---- */

/* Takes what the script tells of deliveries (its function tell()) into the index. */
void redis_learn(struct store_engine *engine, const struct redisReply *news);
bool redis_outbox_add(struct store_engine *engine, const struct delivery *delivery, int64_t now_ms,
                      int64_t *ret_id, struct error *err);
bool redis_outbox_due(struct store_engine *engine, const char *adapter, int64_t now_ms, size_t most,
                      store_visit_delivery *visit, void *context, struct error *err);
int64_t redis_outbox_next(struct store_engine *engine, const char *adapter);
void redis_outbox_changed(struct store_engine *engine, store_visit_adapter *visit, void *context);
uint64_t redis_outbox_count(struct store_engine *engine);
bool redis_outbox_begin(struct store_engine *engine, int64_t id, struct error *err);
bool redis_outbox_again(struct store_engine *engine, int64_t id, int64_t next_ms, bool unsure,
                        struct error *err);
bool redis_outbox_put_off(struct store_engine *engine, int64_t id, int64_t next_ms,
                          struct error *err);
bool redis_outbox_done(struct store_engine *engine, int64_t id, struct error *err);
bool redis_outbox_hurry(struct store_engine *engine, int64_t now_ms, int64_t latest_ms,
                        struct error *err);
bool redis_outbox_recover(struct store_engine *engine, int64_t next_ms, struct error *err);

/* After connecting: what is in our charge, as Redis knows it. */
bool redis_outbox_relearn(struct store_engine *engine, struct error *err);

/* Takes over what was left behind for so long, of one adapter. */
bool redis_take_over(struct store_engine *engine, const char *adapter, int64_t idle_ms,
                     int64_t next_ms, struct error *err);
bool redis_take_over_each(struct store_engine *engine, const char *const *adapters, size_t count,
                          int64_t idle_ms, int64_t next_ms, struct error *err);

/* ---- store_redis_lease.c ---- */

bool redis_lease(struct store_engine *engine, const char *name);
void redis_lease_end(struct store_engine *engine, const char *name);
bool redis_may_act(const struct store_engine *engine);
int64_t redis_tidy(struct store_engine *engine);
bool redis_expire(struct store_engine *engine, int64_t now_ms, struct error *err);
void redis_leave(struct store_engine *engine); /* for good: others may have it all at once */

/* The transaction rests on this adapter's lease, if it has one. */
void redis_fence(struct store_engine *engine, const char *adapter);
void redis_forget_fences(struct store_engine *engine); /* those of this transaction */
