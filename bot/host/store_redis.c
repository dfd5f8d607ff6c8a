#include "bot/host/store_redis.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/store_redis_inside.h"

/*
 * Transactions: the list of what a turn changes, and their end. Nobody is kept from anything while
 * a turn thinks; the script looks whether what it has read still holds.
 */

enum {
    WORDS_MAX = 64 * 1024 * 1024,
    KEEP_BYTES = 256 * 1024,
    ATTEMPTS_MAX = 8, /* of a turn, where others are faster each time */
    PATIENT_MAX = 2,  /* after so many, whatever they were faster at is left to them */
};

static bool say(const struct store_engine *engine, const char *what, struct error *err)
{
    return error_set(err, ERROR_ENVIRONMENT, "%s: %s", engine->where, what);
}

/* ---- beginning and end ---- */

static void forget_turn(struct store_engine *engine)
{
    redis_forget_reads(engine);
    redis_reads_clear(&engine->contested);
    redis_forget_words(engine, 0);
    engine->turn = (struct redis_turn){0};
    if (engine->bytes.cap > KEEP_BYTES) {
        buf_finish(&engine->bytes);
    }
    buf_clear(&engine->bytes);
    engine->bytes.max = WORDS_MAX;
}

static void redis_mark(struct store_engine *engine)
{
    engine->turn.mark = (struct redis_mark){.words = engine->word_count,
                                            .touched = engine->turn.touched,
                                            .ops = engine->turn.ops,
                                            .added = engine->turn.added,
                                            .done = engine->turn.done};
}

static bool redis_begin(struct store_engine *engine, struct error *err)
{
    assert(!engine->turn.open);
    if (!redis_ensure(engine, 0, err)) {
        return false;
    }
    redis_forget_reads(engine);
    engine->turn.open = true;
    engine->turns++;
    snprintf(engine->stamp, sizeof(engine->stamp), "%" PRIx64 ".%" PRIx64, engine->chance,
             engine->turns);
    redis_word(engine, "i", (int64_t)GAPS_KEPT_MAX);
    redis_mark(engine);
    return true;
}

static void learn_commit(struct store_engine *engine, const redisReply *reply)
{
    for (size_t i = 0; i < engine->turn.touched; i++) {
        redis_index_remove(&engine->index, engine->touched[i].id);
    }
    redis_learn(engine, redis_at(reply, 2));
    engine->waiting = (uint64_t)redis_number(redis_at(reply, 1));
}

static bool lost(struct store_engine *engine, const redisReply *reply, struct error *err)
{
    redis_index_remove(&engine->index, redis_number(redis_at(reply, 2)));
    return error_set(err, ERROR_ENVIRONMENT,
                     "%s: this replica was away for too long: another has taken over a %s of this "
                     "turn",
                     engine->where, redis_text(redis_at(reply, 1), NULL));
}

/* What others were faster at: they may be so again, and once it has been too often, win. */
static bool outrun(struct store_engine *engine, const redisReply *reply, struct error *err)
{
    engine->turn.outrun = true;
    engine->turn.attempts++;
    size_t len;
    for (size_t i = 1; engine->turn.attempts > PATIENT_MAX && redis_at(reply, i) != NULL; i++) {
        const char *key = redis_text(redis_at(reply, i), &len);
        redis_reads_add(&engine->contested, key, len);
    }
    return say(engine, "another replica was faster at what this turn was about", err);
}

static bool read_commit(struct store_engine *engine, const redisReply *reply, struct error *err)
{
    const char *how = redis_text(redis_at(reply, 0), NULL);
    if (redis_refused(engine, reply, err)) {
        return false;
    }
    if (strcmp(how, "ok") != 0) {
        return strcmp(how, "again") == 0 ? outrun(engine, reply, err) : lost(engine, reply, err);
    }
    learn_commit(engine, reply);
    forget_turn(engine);
    return true;
}

static bool redis_commit(struct store_engine *engine, struct error *err)
{
    uint64_t now = redis_clock_ms();
    assert(engine->turn.open);
    if (engine->turn.ops == 0) {
        forget_turn(engine);
        return true;
    }
    if (engine->bytes.failed) {
        return say(engine, "this turn has more to say than fits", err);
    }
    if (engine->turn.read_ms != 0 && now - engine->turn.read_ms > REDIS_TURN_MS) {
        return outrun(engine, NULL, err); /* what it has read is too old to build on */
    }
    if (!redis_ensure(engine, 0, err)) {
        return false;
    }
    /* All the words are the turn's, and are needed until it is known to be there. */
    redisReply *reply = redis_try(engine, "commit", 0, err);
    bool fine = reply != NULL && read_commit(engine, reply, err);
    redis_link_free(&reply, reply != NULL);
    return fine;
}

static bool redis_again(struct store_engine *engine)
{
    const struct redis_mark *mark = &engine->turn.mark;
    if (!engine->turn.outrun || engine->turn.attempts == ATTEMPTS_MAX) {
        return false;
    }
    redis_forget_words(engine, mark->words);
    redis_forget_reads(engine);
    redis_forget_fences(engine);
    engine->turn.outrun = false;
    engine->turn.touched = mark->touched;
    engine->turn.ops = mark->ops;
    engine->turn.added = mark->added;
    engine->turn.done = mark->done;
    return true;
}

static void redis_rollback(struct store_engine *engine)
{
    forget_turn(engine);
}

/* ---- conversations and notes ---- */

/*
 * What the conversation was when this turn looked, as the script compares it; "-": it did not.
 * Several of one turn rest on the same look.
 */
static void add_seen(struct store_engine *engine, const struct redis_read *read)
{
    struct redis_value value;
    if (!read->read) {
        redis_word(engine, "t", "-");
        return;
    }
    redis_value_parse(read->value, read->value_len, &value);
    redis_word(engine, "b", value.stamp_len == 0 ? "" : value.stamp, value.stamp_len);
}

static bool keep(struct store_engine *engine, const struct redis_kept *kept, const void *bytes,
                 size_t len, int64_t expires_ms, struct error *err)
{
    struct store_name name;
    char head[REDIS_STAMP_MAX + 32];
    if (!store_fits_name(engine->where, "key", kept->adapter, kept->key, err) ||
        !store_fits_bytes(engine->where, len, err)) {
        return false;
    }
    int64_t for_ms = expires_ms - engine->now_ms + REDIS_SLACK_MS;
    size_t head_len = redis_value_head(engine->stamp, expires_ms, head);
    store_name(&name, kept->adapter, '\0', kept->key);
    struct redis_read *read = redis_add_read(engine, kept->kind, &name);
    redis_word(engine, "tn", kept->kind, &name);
    if (kept->compares) {
        add_seen(engine, read);
    }
    redis_word(engine, "ci", head, head_len, len > 0 ? bytes : "", len,
               for_ms > 1 ? for_ms : (int64_t)1);
    read->put = !engine->bytes.failed; /* else this turn ends anyway */
    read->bytes = engine->words[engine->word_count - 2];
    read->bytes.at += head_len;
    read->bytes.len -= head_len;
    read->expires_ms = expires_ms;
    engine->turn.ops++;
    return true;
}

static bool redis_conversation_put(struct store_engine *engine, const char *adapter,
                                   const char *key, const void *bytes, size_t len,
                                   int64_t expires_ms, struct error *err)
{
    const struct redis_kept kept = {"talk", adapter, key, true};
    return keep(engine, &kept, bytes, len, expires_ms, err);
}

static bool redis_note_put(struct store_engine *engine, const char *adapter, const char *key,
                           const void *bytes, size_t len, int64_t expires_ms, struct error *err)
{
    const struct redis_kept kept = {"note", adapter, key, false};
    return keep(engine, &kept, bytes, len, expires_ms, err);
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
        engine->turn.ops++;
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
    redis_forget_reads(engine);
    redis_reads_finish(&engine->reads);
    redis_reads_finish(&engine->contested);
    mem_free(engine->replies);
    mem_free(engine->words);
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
    .mark = redis_mark,
    .again = redis_again,
    .lease = redis_lease,
    .lease_end = redis_lease_end,
    .may_act = redis_may_act,
    .outbox_changed = redis_outbox_changed,
    .claim = redis_claim,
    .conversation_get = redis_conversation_get,
    .conversation_put = redis_conversation_put,
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
