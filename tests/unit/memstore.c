#include "tests/unit/memstore.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/store.h"

struct claimed {
    char adapter[64], name[300];
    int64_t at_ms;
};

struct keyed {
    char adapter[64], key[64];
    unsigned char bytes[600];
    size_t len;
    int64_t expires_ms;
};

struct gap_row {
    char kind[16], text[200];
    uint64_t count;
    int64_t first_ms, last_ms;
};

/* Plain data throughout: a copy of it is a snapshot. */
struct content {
    struct claimed claims[4 * MEMSTORE_ROWS];
    size_t claim_count;
    struct keyed conversations[MEMSTORE_ROWS], notes[MEMSTORE_ROWS];
    size_t conversation_count, note_count;
    struct memstore_delivery outbox[MEMSTORE_ROWS];
    size_t outbox_count;
    int64_t last_id;
    struct gap_row gaps[MEMSTORE_ROWS];
    size_t gap_count;
};

struct store {
    struct content now, committed, marked;
    bool open, full, lapsed, shared;
    bool outrun;      /* the last commit failed since others were faster */
    const char *busy; /* a conversation that others have, NULL: none */
    size_t calls, commits, fail_at, expected, faster;
    int64_t lie_ms;
    char gaps[400];
};

static void copy(char *to, size_t cap, const char *from)
{
    size_t len = from == NULL ? 0 : strlen(from);
    assert(len < cap);
    memcpy(to, from == NULL ? "" : from, len + 1);
}

/* Every call that may fail passes here first. */
static bool may(struct store *store, struct error *err)
{
    store->calls++;
    if (store->fail_at > 0 && --store->fail_at == 0) {
        return error_set(err, ERROR_ENVIRONMENT, "the test says no");
    }
    return true;
}

bool store_open(const char *path, struct store **ret, struct error *err)
{
    (void)path;
    (void)err;
    *ret = mem_alloc(sizeof(**ret));
    return true;
}

void store_close(struct store *store)
{
    mem_free(store);
}

bool store_begin(struct store *store, struct error *err)
{
    assert(!store->open);
    if (!may(store, err)) {
        return false;
    }
    store->open = true;
    return true;
}

bool store_commit_soon(struct store *store, struct error *err)
{
    return store_commit(store, err);
}

bool store_commit(struct store *store, struct error *err)
{
    assert(store->open);
    if (!may(store, err)) {
        return false;
    }
    if (store->full) {
        return error_set(err, ERROR_ENVIRONMENT, "the test's disk is full");
    }
    store->outrun = store->faster > 0;
    if (store->outrun) {
        store->faster--;
        return error_set(err, ERROR_ENVIRONMENT, "the test's others were faster");
    }
    store->open = false;
    store->commits++;
    store->committed = store->now;
    return true;
}

void store_rollback(struct store *store)
{
    store->open = false;
    store->now = store->committed;
}

/* ---- claims ---- */

static bool is_claimed(const struct content *content, const char *adapter, const char *name,
                       int64_t now_ms)
{
    for (size_t i = 0; i < content->claim_count; i++) {
        const struct claimed *row = &content->claims[i];
        if (strcmp(row->adapter, adapter) == 0 && strcmp(row->name, name) == 0 &&
            now_ms - row->at_ms < STORE_CLAIM_MS) {
            return true;
        }
    }
    return false;
}

static void add_claim(struct content *content, const char *adapter, const char *name,
                      int64_t now_ms)
{
    assert(content->claim_count < 4 * MEMSTORE_ROWS);
    struct claimed *row = &content->claims[content->claim_count++];
    copy(row->adapter, sizeof(row->adapter), adapter);
    copy(row->name, sizeof(row->name), name);
    row->at_ms = now_ms;
}

enum claim store_claim(struct store *store, const char *adapter, const char *delivery,
                       const char *identity, int64_t now_ms, struct error *err)
{
    const char *const given[] = {delivery, identity};
    char names[2][300];
    bool known = false;
    assert(store->open);
    if (!may(store, err)) {
        return CLAIM_ERROR;
    }
    for (size_t i = 0; i < 2; i++) {
        if (given[i] != NULL) {
            snprintf(names[i], sizeof(names[i]), "%zu%s", i, given[i]);
            known = known || is_claimed(&store->now, adapter, names[i], now_ms);
        }
    }
    for (size_t i = 0; i < 2 && !known; i++) {
        if (given[i] != NULL) {
            add_claim(&store->now, adapter, names[i], now_ms);
        }
    }
    return known ? CLAIM_KNOWN : CLAIM_NEW;
}

/* ---- conversations and notes ---- */

static struct keyed *find(struct keyed *rows, size_t count, const char *adapter, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].adapter, adapter) == 0 && strcmp(rows[i].key, key) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static bool get(const struct keyed *row, int64_t now_ms, void *ret, size_t cap, size_t *ret_len)
{
    *ret_len = 0;
    if (row != NULL && row->expires_ms > now_ms) {
        *ret_len = row->len < cap ? row->len : cap;
        memcpy(ret, row->bytes, *ret_len);
    }
    return true;
}

static bool put(struct keyed *rows, size_t *count, const char *adapter, const char *key,
                const void *bytes, size_t len, int64_t expires_ms)
{
    struct keyed *row = find(rows, *count, adapter, key);
    if (row == NULL) {
        assert(*count < MEMSTORE_ROWS);
        row = &rows[(*count)++];
        copy(row->adapter, sizeof(row->adapter), adapter);
        copy(row->key, sizeof(row->key), key);
    }
    assert(len <= sizeof(row->bytes));
    memcpy(row->bytes, bytes, len);
    row->len = len;
    row->expires_ms = expires_ms;
    return true;
}

bool store_conversation_get(struct store *store, const char *adapter, const char *key,
                            int64_t now_ms, void *ret, size_t cap, size_t *ret_len,
                            struct error *err)
{
    struct content *now = &store->now;
    return may(store, err) && get(find(now->conversations, now->conversation_count, adapter, key),
                                  now_ms, ret, cap, ret_len);
}

bool store_conversation_put(struct store *store, const char *adapter, const char *key,
                            const void *bytes, size_t len, int64_t expires_ms, struct error *err)
{
    assert(store->open);
    return may(store, err) && put(store->now.conversations, &store->now.conversation_count, adapter,
                                  key, bytes, len, expires_ms);
}

bool store_note_get(struct store *store, const char *adapter, const char *key, int64_t now_ms,
                    void *ret, size_t cap, size_t *ret_len, struct error *err)
{
    return may(store, err) && get(find(store->now.notes, store->now.note_count, adapter, key),
                                  now_ms, ret, cap, ret_len);
}

bool store_note_put(struct store *store, const char *adapter, const char *key, const void *bytes,
                    size_t len, int64_t expires_ms, struct error *err)
{
    assert(store->open);
    return may(store, err) &&
           put(store->now.notes, &store->now.note_count, adapter, key, bytes, len, expires_ms);
}

/* ---- outbox ---- */

bool store_outbox_add(struct store *store, const struct delivery *delivery, int64_t now_ms,
                      int64_t *ret_id, struct error *err)
{
    assert(store->open);
    if (!may(store, err)) {
        return false;
    }
    assert(store->now.outbox_count < MEMSTORE_ROWS && delivery->payload_len < MEMSTORE_TEXT);
    struct memstore_delivery *row = &store->now.outbox[store->now.outbox_count++];
    *row = (struct memstore_delivery){
        .id = ++store->now.last_id, .next_ms = now_ms, .created_ms = now_ms};
    copy(row->adapter, sizeof(row->adapter), delivery->adapter);
    copy(row->conversation, sizeof(row->conversation), delivery->conversation);
    copy(row->address, sizeof(row->address), delivery->address);
    memcpy(row->payload, delivery->payload, delivery->payload_len);
    row->payload_len = delivery->payload_len;
    *ret_id = row->id;
    return true;
}

/* The oldest of its conversation: rows are in the order of ids. */
static bool is_head(const struct content *content, size_t index)
{
    const struct memstore_delivery *row = &content->outbox[index];
    for (size_t i = 0; i < index; i++) {
        if (strcmp(content->outbox[i].adapter, row->adapter) == 0 &&
            strcmp(content->outbox[i].conversation, row->conversation) == 0) {
            return false;
        }
    }
    return true;
}

static bool waits(const struct store *store, size_t index, const char *adapter)
{
    const struct memstore_delivery *row = &store->now.outbox[index];
    return (adapter == NULL || strcmp(row->adapter, adapter) == 0) && !row->under_way &&
           is_head(&store->now, index);
}

bool store_outbox_due(struct store *store, const char *adapter, int64_t now_ms, size_t most,
                      store_visit_delivery *visit, void *context, struct error *err)
{
    if (!may(store, err)) {
        return false;
    }
    for (size_t i = 0; i < store->now.outbox_count && most > 0; i++) {
        const struct memstore_delivery *row = &store->now.outbox[i];
        if (waits(store, i, adapter) && row->next_ms <= now_ms) {
            most--;
            visit(context, &(struct delivery){.id = row->id,
                                              .adapter = row->adapter,
                                              .conversation = row->conversation,
                                              .address = row->address,
                                              .payload = row->payload,
                                              .payload_len = row->payload_len,
                                              .attempts = row->attempts,
                                              .unsure = row->unsure,
                                              .created_ms = row->created_ms});
        }
    }
    return true;
}

int64_t store_outbox_next(struct store *store, const char *adapter)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < store->now.outbox_count; i++) {
        int64_t at_ms = store->now.outbox[i].next_ms;
        next_ms = waits(store, i, adapter) && at_ms < next_ms ? at_ms : next_ms;
    }
    return store->lie_ms != 0 ? store->lie_ms : next_ms;
}

uint64_t store_outbox_count(struct store *store)
{
    return store->now.outbox_count;
}

static struct memstore_delivery *row_of(struct store *store, int64_t id)
{
    for (size_t i = 0; i < store->now.outbox_count; i++) {
        if (store->now.outbox[i].id == id) {
            return &store->now.outbox[i];
        }
    }
    assert(!"no such delivery");
    return NULL;
}

bool store_outbox_begin(struct store *store, int64_t id, struct error *err)
{
    struct memstore_delivery *row = row_of(store, id);
    assert(store->open && !row->under_way);
    if (!may(store, err)) {
        return false;
    }
    row->under_way = true;
    row->attempts++;
    row->was_unsure = row->unsure;
    row->unsure = true;
    return true;
}

static bool wait_until(struct memstore_delivery *row, int64_t next_ms, bool unsure)
{
    row->under_way = false;
    row->next_ms = next_ms;
    row->unsure = unsure;
    return true;
}

bool store_outbox_again(struct store *store, int64_t id, int64_t next_ms, bool unsure,
                        struct error *err)
{
    assert(store->open && row_of(store, id)->under_way);
    return may(store, err) && wait_until(row_of(store, id), next_ms, unsure);
}

bool store_outbox_put_off(struct store *store, int64_t id, int64_t next_ms, struct error *err)
{
    struct memstore_delivery *row = row_of(store, id);
    assert(store->open);
    if (!may(store, err)) {
        return false;
    }
    row->attempts -= row->under_way;
    return wait_until(row, next_ms, row->under_way ? row->was_unsure : row->unsure);
}

bool store_outbox_done(struct store *store, int64_t id, struct error *err)
{
    struct memstore_delivery *row = row_of(store, id);
    assert(store->open);
    if (!may(store, err)) {
        return false;
    }
    size_t index = (size_t)(row - store->now.outbox);
    memmove(row, row + 1, (--store->now.outbox_count - index) * sizeof(*row));
    return true;
}

bool store_outbox_hurry(struct store *store, int64_t now_ms, int64_t latest_ms, struct error *err)
{
    if (!may(store, err)) {
        return false;
    }
    for (size_t i = 0; i < store->now.outbox_count; i++) {
        struct memstore_delivery *row = &store->now.outbox[i];
        row->next_ms = waits(store, i, NULL) && row->next_ms > latest_ms ? now_ms : row->next_ms;
    }
    return true;
}

bool store_outbox_recover(struct store *store, int64_t now_ms, struct error *err)
{
    (void)err;
    for (size_t i = 0; i < store->now.outbox_count; i++) {
        if (store->now.outbox[i].under_way) {
            wait_until(&store->now.outbox[i], now_ms, true);
        }
    }
    store->committed = store->now;
    return true;
}

/* ---- gaps ---- */

bool store_gap_add(struct store *store, const char *kind, const char *text, size_t len,
                   int64_t now_ms, struct error *err)
{
    struct content *now = &store->now;
    char start[200];
    assert(store->open);
    if (!may(store, err)) {
        return false;
    }
    snprintf(start, sizeof(start), "%.*s", (int)(len < 199 ? len : 199), text);
    for (size_t i = 0; i < now->gap_count; i++) {
        if (strcmp(now->gaps[i].kind, kind) == 0 && strcmp(now->gaps[i].text, start) == 0) {
            now->gaps[i].count++;
            now->gaps[i].last_ms = now_ms;
            return true;
        }
    }
    assert(now->gap_count < MEMSTORE_ROWS);
    struct gap_row *row = &now->gaps[now->gap_count++];
    *row = (struct gap_row){.count = 1, .first_ms = now_ms, .last_ms = now_ms};
    copy(row->kind, sizeof(row->kind), kind);
    copy(row->text, sizeof(row->text), start);
    return true;
}

bool store_gaps(struct store *store, size_t most, gap_visit *visit, void *context,
                struct error *err)
{
    for (size_t i = 0; i < store->now.gap_count && i < most; i++) {
        const struct gap_row *row = &store->now.gaps[i];
        visit(context,
              &(struct gap){row->text, row->kind, row->count, row->first_ms, row->last_ms});
    }
    return may(store, err);
}

int64_t store_tidy(struct store *store)
{
    (void)store;
    return INT64_MAX;
}

bool store_shared(const struct store *store)
{
    return store->shared;
}

bool store_expect(struct store *store, const struct expectation *expectations, size_t count,
                  enum expected *ret, struct error *err)
{
    assert(store->open);
    for (size_t i = 0; i < count; i++) {
        ret[i] = store->busy != NULL && expectations[i].conversation != NULL &&
                         strcmp(expectations[i].conversation, store->busy) == 0
                     ? EXPECTED_BUSY
                     : EXPECTED_FINE;
    }
    store->expected += count;
    return may(store, err);
}

void store_mark(struct store *store)
{
    assert(store->open);
    store->marked = store->now;
}

/* The fault is used up: what is said once more goes well unless there is another. */
bool store_again(struct store *store)
{
    bool again = store->outrun;
    store->outrun = false;
    if (again) {
        store->now = store->marked;
    }
    return again;
}

bool store_lease(struct store *store, const char *name)
{
    (void)name;
    return !store->lapsed;
}

void store_lease_end(struct store *store, const char *name)
{
    (void)store;
    (void)name;
}

bool store_may_act(const struct store *store)
{
    return !store->lapsed;
}

/* It may be about any that has something. */
void store_outbox_changed(struct store *store, store_visit_adapter *visit, void *context)
{
    for (size_t i = 0; i < store->now.outbox_count; i++) {
        visit(context, store->now.outbox[i].adapter);
    }
}

bool store_expire(struct store *store, int64_t now_ms, struct error *err)
{
    (void)now_ms;
    assert(store->open);
    return may(store, err);
}

/* ---- for the tests ---- */

void memstore_fill(struct store *store, bool full)
{
    store->full = full;
}

void memstore_fail_at(struct store *store, size_t n)
{
    store->fail_at = n;
}

void memstore_share(struct store *store, const char *busy, bool lapsed)
{
    store->shared = true;
    store->busy = busy;
    store->lapsed = lapsed;
}

void memstore_outrun(struct store *store, size_t times)
{
    store->faster = times;
}

size_t memstore_expected(const struct store *store)
{
    return store->expected;
}

size_t memstore_calls(const struct store *store)
{
    return store->calls;
}

size_t memstore_commits(const struct store *store)
{
    return store->commits;
}

void memstore_kill(struct store *store, int64_t now_ms)
{
    store_rollback(store);
    store_outbox_recover(store, now_ms, NULL);
}

const struct memstore_delivery *memstore_row(const struct store *store, size_t index)
{
    return index < store->now.outbox_count ? &store->now.outbox[index] : NULL;
}

const char *memstore_gaps(const struct store *store)
{
    struct store *own = (struct store *)store;
    size_t len = 0;
    own->gaps[0] = '\0';
    for (size_t i = 0; i < store->now.gap_count; i++) {
        len += (size_t)snprintf(own->gaps + len, sizeof(own->gaps) - len, "%s:%" PRIu64 " ",
                                store->now.gaps[i].kind, store->now.gaps[i].count);
    }
    return own->gaps;
}

void memstore_lie(struct store *store, int64_t next_ms)
{
    store->lie_ms = next_ms;
}
