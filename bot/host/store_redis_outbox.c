#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/store_redis_inside.h"

/*
 * Answers that wait. Each is in the charge of one replica, who knows by heart when it is due; what
 * it says is fetched when it leaves. Changes are words of the transaction and known by heart only
 * once that is committed.
 */

enum { NEWS_FIELDS = 8, RELEARN_AT_ONCE = 500, TAKE_AT_ONCE = 64 };

/* ---- learning ---- */

static bool read_entry(const char *text, struct redis_item *ret)
{
    return sscanf(text, "%" SCNu64 "-%" SCNu64, &ret->entry_ms, &ret->entry_seq) == 2;
}

void redis_learn(struct store_engine *engine, const redisReply *news)
{
    for (size_t i = 0; redis_at(news, i + NEWS_FIELDS - 1) != NULL; i += NEWS_FIELDS) {
        struct redis_item item = {.id = redis_number(redis_at(news, i)),
                                  .next_ms = redis_number(redis_at(news, i + 3)),
                                  .attempts = (uint32_t)redis_number(redis_at(news, i + 4)),
                                  .unsure = redis_number(redis_at(news, i + 5)) != 0,
                                  .created_ms = redis_number(redis_at(news, i + 6)),
                                  .under_way = redis_number(redis_at(news, i + 7)) != 0};
        const char *adapter = redis_text(redis_at(news, i + 2), NULL);
        if (item.id != 0 && read_entry(redis_text(redis_at(news, i + 1), NULL), &item)) {
            item.place = redis_index_place(&engine->index, adapter);
            redis_index_put(&engine->index, &item);
        }
    }
}

static struct redis_place *served_place(struct store_engine *engine, const char *adapter)
{
    struct redis_place *place = redis_index_place(&engine->index, adapter);
    place->served = true;
    return place;
}

/* ---- what Redis tells adapter by adapter, and of each page by page ---- */

/* A procedure of the script that does: "mine", or "take" with what is taken and when it is due. */
struct telling {
    const char *procedure, *first; /* first: the cursor of the first page */
    int64_t idle_ms, next_ms;
};

enum { CURSOR_SIZE = 48 };

static void add_page(struct store_engine *engine, const struct telling *telling,
                     const char *adapter, const char *cursor)
{
    if (strcmp(telling->procedure, "mine") == 0) {
        redis_word(engine, "tit", adapter, (int64_t)RELEARN_AT_ONCE, cursor);
    } else {
        redis_word(engine, "tiiit", adapter, telling->idle_ms, telling->next_ms,
                   (int64_t)TAKE_AT_ONCE, cursor);
    }
}

/* Returns whether there is another page, whose cursor it sets. */
static bool learn_page(struct store_engine *engine, const redisReply *reply,
                       char cursor[CURSOR_SIZE])
{
    redis_learn(engine, redis_at(reply, 1));
    snprintf(cursor, CURSOR_SIZE, "%s", redis_text(redis_at(reply, 0), NULL));
    return cursor[0] != '\0' && strcmp(cursor, "0-0") != 0;
}

/* From the cursor on, a round trip a page. */
static bool tell_rest(struct store_engine *engine, const struct telling *telling,
                      const char *adapter, char cursor[CURSOR_SIZE], struct error *err)
{
    bool more;
    do {
        size_t first = engine->word_count;
        add_page(engine, telling, adapter, cursor);
        redisReply *reply = redis_ask(engine, telling->procedure, first, err);
        if (reply == NULL) {
            return false;
        }
        more = learn_page(engine, reply, cursor);
        redis_link_free(&reply, 1);
    } while (more);
    return true;
}

static bool tell_all(struct store_engine *engine, const struct telling *telling,
                     const char *adapter, struct error *err)
{
    char cursor[CURSOR_SIZE];
    snprintf(cursor, sizeof(cursor), "%s", telling->first);
    return tell_rest(engine, telling, adapter, cursor, err);
}

/* The first pages of at most REDIS_TAKE_MAX adapters in one round trip: the loop waits for them. */
static bool tell_each(struct store_engine *engine, const struct telling *telling,
                      const char *const *adapters, size_t count, struct error *err)
{
    redisReply *replies[REDIS_TAKE_MAX] = {0};
    for (size_t i = 0; i < count; i++) {
        size_t first = engine->word_count;
        add_page(engine, telling, adapters[i], telling->first);
        redis_call(engine, telling->procedure, first);
        redis_forget_words(engine, first);
    }
    if (count == 0 || !redis_run(engine, replies, REDIS_TAKE_MAX, err)) {
        return count == 0;
    }
    bool fine = true;
    for (size_t i = 0; i < count && fine; i++) {
        char cursor[CURSOR_SIZE];
        if (redis_lacks_script(replies[i])) { /* asked alone it is loaded again */
            fine = tell_all(engine, telling, adapters[i], err);
            continue;
        }
        fine = !redis_refused(engine, replies[i], err);
        if (fine && learn_page(engine, replies[i], cursor)) {
            fine = tell_rest(engine, telling, adapters[i], cursor, err);
        }
    }
    redis_link_free(replies, count);
    return fine;
}

bool redis_outbox_relearn(struct store_engine *engine, struct error *err)
{
    static const struct telling mine = {"mine", "0", 0, 0};
    bool fine = true;
    redis_index_clear(&engine->index, NULL);
    for (size_t i = 0; i < engine->index.place_count && fine;) {
        const char *names[REDIS_TAKE_MAX];
        size_t count = 0;
        for (; count < REDIS_TAKE_MAX && i < engine->index.place_count; i++) {
            names[count++] = engine->index.places[i]->name;
        }
        fine = tell_each(engine, &mine, names, count, err);
    }
    return fine;
}

bool redis_take_over(struct store_engine *engine, const char *adapter, int64_t idle_ms,
                     int64_t next_ms, struct error *err)
{
    const struct telling take = {"take", "0-0", idle_ms, next_ms};
    return tell_all(engine, &take, adapter, err);
}

bool redis_take_over_each(struct store_engine *engine, const char *const *adapters, size_t count,
                          int64_t idle_ms, int64_t next_ms, struct error *err)
{
    const struct telling take = {"take", "0-0", idle_ms, next_ms};
    return tell_each(engine, &take, adapters, count, err);
}

bool redis_outbox_recover(struct store_engine *engine, int64_t next_ms, struct error *err)
{
    char key[300];
    redisReply *reply = NULL;
    snprintf(key, sizeof(key), "%sadapters", engine->base);
    const char *const words[] = {"SMEMBERS", key};
    const size_t lens[] = {strlen("SMEMBERS"), strlen(key)};
    if (!redis_ensure(engine, 0, err)) {
        return false;
    }
    redis_link_add(engine->link, 2, words, lens);
    if (!redis_run(engine, &reply, 1, err)) {
        return false;
    }
    bool fine = !redis_refused(engine, reply, err);
    for (size_t i = 0; fine && redis_at(reply, i) != NULL;) {
        const char *names[REDIS_TAKE_MAX];
        size_t count = 0;
        for (; count < REDIS_TAKE_MAX && redis_at(reply, i) != NULL; i++) {
            names[count++] = redis_text(redis_at(reply, i), NULL);
        }
        fine = redis_take_over_each(engine, names, count, REDIS_IDLE_MS, next_ms, err);
    }
    redis_link_free(&reply, 1);
    return fine;
}

/* ---- what is due ---- */

static void add_fetch(struct store_engine *engine, const struct redis_item *item)
{
    char key[STORE_NAME_MAX + 300], entry[48];
    snprintf(key, sizeof(key), "%sout:%s", engine->base, item->place->name);
    snprintf(entry, sizeof(entry), "%" PRIu64 "-%" PRIu64, item->entry_ms, item->entry_seq);
    const char *const words[] = {"XRANGE", key, entry, entry};
    const size_t lens[] = {strlen("XRANGE"), strlen(key), strlen(entry), strlen(entry)};
    redis_link_add(engine->link, ARRAY_LEN(words), words, lens);
}

/* Added by this transaction, so that it is not known by heart yet. */
static bool is_new(const struct store_engine *engine, int64_t id)
{
    return id < engine->next_id && id >= engine->next_id - engine->turn.added;
}

/* Whether it is there and waits, as far as this transaction has come. */
static bool may_begin(const struct store_engine *engine, int64_t id)
{
    const struct redis_item *item = redis_index_find(&engine->index, id);
    for (size_t i = engine->turn.touched; i-- > 0;) {
        if (engine->touched[i].id == id) {
            return !engine->touched[i].begun;
        }
    }
    return item == NULL ? is_new(engine, id) : !item->under_way;
}

/* Somebody deleted it by hand: it is as good as delivered, once that is committed. */
static void forget(struct store_engine *engine, const struct redis_item *item)
{
    if (engine->turn.open) {
        redis_outbox_done(engine, item->id, NULL);
    }
}

static void show(struct store_engine *engine, const struct redis_item *item,
                 const redisReply *reply, store_visit_delivery *visit, void *context)
{
    enum { TALK = 3, TO = 5, PAYLOAD = 7 };
    const redisReply *fields = redis_at(redis_at(reply, 0), 1);
    struct delivery delivery = {.id = item->id,
                                .adapter = item->place->name,
                                .attempts = item->attempts,
                                .unsure = item->unsure,
                                .created_ms = item->created_ms};
    if (!may_begin(engine, item->id)) {
        return; /* this transaction has ended it, or begun it, which the index does not know yet */
    }
    if (redis_at(fields, PAYLOAD) == NULL) {
        forget(engine, item);
        return;
    }
    delivery.conversation = redis_text(redis_at(fields, TALK), NULL);
    delivery.address = redis_text(redis_at(fields, TO), NULL);
    delivery.payload = redis_text(redis_at(fields, PAYLOAD), &delivery.payload_len);
    visit(context, &delivery);
}

static bool due_to(struct store_engine *engine, struct redis_place *place, int64_t now_ms,
                   size_t most, store_visit_delivery *visit, void *context, struct error *err)
{
    struct redis_item items[REDIS_DUE_MAX];
    redisReply *replies[REDIS_DUE_MAX] = {0};
    size_t count = redis_index_due(&engine->index, place, now_ms, items,
                                   most < REDIS_DUE_MAX ? most : REDIS_DUE_MAX);
    if (count == 0) {
        return true;
    }
    if (!redis_ensure(engine, 0, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        add_fetch(engine, &items[i]);
    }
    if (!redis_run(engine, replies, REDIS_DUE_MAX, err)) {
        return false;
    }
    bool fine = true;
    for (size_t i = 0; i < count && fine; i++) {
        fine = !redis_refused(engine, replies[i], err);
        if (fine) {
            show(engine, &items[i], replies[i], visit, context);
        }
    }
    redis_link_free(replies, count);
    return fine;
}

bool redis_outbox_due(struct store_engine *engine, const char *adapter, int64_t now_ms, size_t most,
                      store_visit_delivery *visit, void *context, struct error *err)
{
    if (adapter != NULL) {
        return due_to(engine, served_place(engine, adapter), now_ms, most, visit, context, err);
    }
    for (size_t i = 0; i < engine->index.place_count; i++) {
        if (!due_to(engine, engine->index.places[i], now_ms, most, visit, context, err)) {
            return false;
        }
    }
    return true;
}

int64_t redis_outbox_next(struct store_engine *engine, const char *adapter)
{
    return redis_index_next(&engine->index, served_place(engine, adapter));
}

void redis_outbox_changed(struct store_engine *engine, store_visit_adapter *visit, void *context)
{
    const struct redis_place *place;
    while ((place = redis_index_changed(&engine->index)) != NULL) {
        visit(context, place->name);
    }
}

uint64_t redis_outbox_count(struct store_engine *engine)
{
    int64_t count = (int64_t)engine->waiting + engine->turn.added - engine->turn.done;
    return count > 0 ? (uint64_t)count : 0;
}

/* ---- changes ---- */

static bool take_id(struct store_engine *engine, int64_t *ret, struct error *err)
{
    if (engine->next_id > engine->last_id) {
        /* A new greeting brings new ones; this turn is repeated by whoever sent its messages. */
        engine->ready = false;
        if (!redis_ensure(engine, 0, err)) {
            return false;
        }
    }
    *ret = engine->next_id++;
    return true;
}

bool redis_outbox_add(struct store_engine *engine, const struct delivery *delivery, int64_t now_ms,
                      int64_t *ret_id, struct error *err)
{
    if (!store_fits(engine->where, "adapter", delivery->adapter, MESSAGE_KEY_MAX, err) ||
        !store_fits(engine->where, "conversation", delivery->conversation, MESSAGE_KEY_MAX, err) ||
        !store_fits(engine->where, "address", delivery->address, MESSAGE_ADDRESS_MAX, err) ||
        !store_fits_bytes(engine->where, delivery->payload_len, err) ||
        !take_id(engine, ret_id, err)) {
        return false;
    }
    redis_word(engine, "titttbi", "add", *ret_id, delivery->adapter, delivery->conversation,
               delivery->address, delivery->payload, delivery->payload_len, now_ms);
    engine->turn.ops++;
    engine->turn.added++;
    return true;
}

static void touch(struct store_engine *engine, int64_t id, bool begun)
{
    if (engine->turn.touched == engine->touched_cap) {
        engine->touched_cap = engine->touched_cap == 0 ? 64 : engine->touched_cap * 2;
        engine->touched = mem_grow(engine->touched, engine->touched_cap, sizeof(*engine->touched));
    }
    engine->touched[engine->turn.touched++] = (struct redis_touched){id, begun};
    engine->turn.ops++;
}

bool redis_outbox_begin(struct store_engine *engine, int64_t id, struct error *err)
{
    if (!may_begin(engine, id)) {
        return error_set(err, ERROR_INPUT, "%s: delivery %" PRId64 " is not there to be sent",
                         engine->where, id);
    }
    redis_word(engine, "ti", "begin", id);
    touch(engine, id, true);
    return true;
}

bool redis_outbox_again(struct store_engine *engine, int64_t id, int64_t next_ms, bool unsure,
                        struct error *err)
{
    (void)err;
    redis_word(engine, "tiii", "again", id, next_ms, (int64_t)unsure);
    touch(engine, id, false);
    return true;
}

bool redis_outbox_put_off(struct store_engine *engine, int64_t id, int64_t next_ms,
                          struct error *err)
{
    (void)err;
    redis_word(engine, "tii", "off", id, next_ms);
    touch(engine, id, false);
    return true;
}

bool redis_outbox_done(struct store_engine *engine, int64_t id, struct error *err)
{
    (void)err;
    redis_word(engine, "ti", "done", id);
    touch(engine, id, true);
    engine->turn.done++;
    return true;
}

bool redis_outbox_hurry(struct store_engine *engine, int64_t now_ms, int64_t latest_ms,
                        struct error *err)
{
    (void)err;
    redis_index_hurry(&engine->index, now_ms, latest_ms);
    return true;
}
