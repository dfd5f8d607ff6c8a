#include <hiredis/hiredis.h>
#include <string.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/log.h"
#include "bot/host/redis_address.h"
#include "bot/host/redis_link.h"
#include "bot/host/secret.h"
#include "bot/host/store.h"
#include "bot/host/store_redis.h"
#include "tests/fuzz/fuzz.h"

/*
 * "a" and an address, or what a Redis replies, one after the other, to a store that does a bit of
 * everything: whatever it says, nothing is read beyond its bytes, and what comes of it is within
 * the bounds of store.h. redis_link.h is this file's own here; the store over it is the real one.
 */

enum { NOW_MS = 1000000, LATER_MS = NOW_MS + 1000000, CONVERSATION_MAX = 64 };

struct redis_link {
    const char *bytes;
    size_t len, added;
    bool open;
    size_t greeted; /* the first replies are those of a Redis that is well */
    redisReader *reader;
};

/* The only one. */
static struct redis_link the_link;

struct redis_link *redis_link_create(const struct redis_address *address,
                                     const struct redis_tls *tls)
{
    (void)address;
    (void)tls;
    return &the_link;
}

void redis_link_destroy(struct redis_link *link)
{
    redis_link_close(link);
}

enum redis_link_state redis_link_state(const struct redis_link *link)
{
    return link->open ? REDIS_OPEN : REDIS_CLOSED;
}

bool redis_link_open(struct redis_link *link, struct error *err)
{
    if (link->greeted > 0) {
        return error_set(err, ERROR_ENVIRONMENT, "once is enough");
    }
    link->open = true;
    link->reader = redisReaderCreate();
    redisReaderFeed(link->reader, link->bytes, link->len);
    return true;
}

bool redis_link_drive(struct redis_link *link, int wait_ms, struct error *err)
{
    (void)wait_ms;
    (void)err;
    return link->open;
}

void redis_link_close(struct redis_link *link)
{
    if (link->reader != NULL) {
        redisReaderFree(link->reader);
    }
    link->reader = NULL;
    link->open = false;
    link->added = 0;
}

void redis_link_add(struct redis_link *link, size_t count, const char *const *words,
                    const size_t *lens)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < lens[i]; j++) {
            total += (unsigned char)words[i][j];
        }
    }
    REQUIRE(total > 0);
    link->added++;
}

size_t redis_link_added(const struct redis_link *link)
{
    return link->added;
}

static const char *const greetings[] = {":10000\r\n", "$1\r\n3\r\n", "$2\r\nab\r\n"};

static void *greeting(const char *said)
{
    void *reply = NULL;
    redisReader *reader = redisReaderCreate();
    redisReaderFeed(reader, said, strlen(said));
    redisReaderGetReply(reader, &reply);
    redisReaderFree(reader);
    return reply;
}

bool redis_link_run(struct redis_link *link, redisReply **ret, size_t cap, struct error *err)
{
    size_t count = link->added, got = 0;
    bool fine = link->open && count <= cap;
    link->added = 0;
    while (fine && got < count) {
        bool greets = link->greeted < ARRAY_LEN(greetings);
        void *reply = greets ? greeting(greetings[link->greeted++]) : NULL;
        fine = reply != NULL || (redisReaderGetReply(link->reader, &reply) == REDIS_OK && reply);
        ret[got] = reply;
        got += fine;
    }
    if (!fine) {
        redis_link_free(ret, got);
        redis_link_close(link);
        error_set(err, ERROR_ENVIRONMENT, "there is no more");
    }
    return fine;
}

void redis_link_free(redisReply **replies, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        freeReplyObject(replies[i]);
        replies[i] = NULL;
    }
}

/* ---- a store that does a bit of everything ---- */

struct seen {
    int64_t ids[8];
    size_t count;
};

static void see(void *context, const struct delivery *delivery)
{
    struct seen *seen = context;
    REQUIRE(strcmp(delivery->adapter, "slack") == 0);
    REQUIRE(strlen(delivery->conversation) + strlen(delivery->address) + 1 > 0);
    REQUIRE(delivery->payload_len == 0 || memchr(delivery->payload, 0, 0) == NULL);
    REQUIRE(seen->count < ARRAY_LEN(seen->ids));
    seen->ids[seen->count++] = delivery->id;
}

static void see_gap(void *context, const struct gap *gap)
{
    *(size_t *)context += strlen(gap->text) + strlen(gap->kind);
}

static void commit(struct store *store)
{
    struct error err = {0};
    if (!store_commit(store, &err)) {
        REQUIRE(err.text[0] != '\0');
        store_rollback(store);
    }
}

static bool read_all(struct store *store, struct error *err)
{
    char bytes[CONVERSATION_MAX];
    size_t len = 0;
    enum expected expected[2];
    const struct expectation expectations[2] = {{"slack", "d1", "m1", "C1"},
                                                {"irc a", "d2", NULL, "C2"}};
    if (!store_expect(store, expectations, 2, expected, err)) {
        return false;
    }
    REQUIRE(expected[0] == EXPECTED_FINE || expected[0] == EXPECTED_BUSY);
    if (store_claim(store, "slack", "d1", "m1", NOW_MS, err) == CLAIM_ERROR ||
        !store_conversation_get(store, "slack", "C1", NOW_MS, bytes, sizeof(bytes), &len, err)) {
        return false;
    }
    REQUIRE(len <= sizeof(bytes));
    return store_note_get(store, "slack", "n", NOW_MS, bytes, sizeof(bytes), &len, err) &&
           len <= sizeof(bytes);
}

static bool say(struct store *store, struct error *err)
{
    int64_t id = 0;
    const struct delivery delivery = {
        .adapter = "slack", .conversation = "C1", .address = "a", .payload = "p", .payload_len = 1};
    bool fine = read_all(store, err) &&
                store_conversation_put(store, "slack", "C1", "b", 1, LATER_MS, err) &&
                store_gap_add(store, "ask", "why", 3, NOW_MS, err) &&
                store_outbox_add(store, &delivery, NOW_MS, &id, err);
    REQUIRE(fine || err->text[0] != '\0');
    return fine && store_commit(store, err);
}

static void take_and_answer(struct store *store)
{
    struct error err = {0};
    int attempts = 0;
    if (!store_begin(store, &err)) {
        return;
    }
    store_mark(store);
    while (!say(store, &err)) {
        REQUIRE(err.text[0] != '\0' && ++attempts < 20);
        if (!store_again(store)) {
            store_rollback(store);
            return;
        }
    }
}

static void send(struct store *store)
{
    struct error err = {0};
    struct seen seen = {0};
    store_lease(store, "irc a");
    store_tidy(store);
    if (!store_outbox_due(store, "slack", INT64_MAX, ARRAY_LEN(seen.ids), see, &seen, &err) ||
        !store_begin(store, &err)) {
        return;
    }
    for (size_t i = 0; i < seen.count; i++) {
        store_outbox_begin(store, seen.ids[i], &err);
    }
    commit(store);
}

static void run_store(const char *bytes, size_t len)
{
    static const struct secret_source none = {0};
    const struct store_redis_setup setup = {.url = "redis://a",
                                            .password = &none,
                                            .ca_file = "",
                                            .cert_file = "",
                                            .key_file = "",
                                            .prefix = "whether"};
    struct store *store = NULL;
    struct error err = {0};
    size_t told = 0;
    the_link = (struct redis_link){.bytes = bytes, .len = len};
    log_set_up(LOG_LEVEL_ERROR + 1, LOG_FORMAT_LOGFMT, false);
    REQUIRE(store_open_redis(&setup, &store, &err));
    for (int i = 0; i < 2; i++) {
        take_and_answer(store);
        send(store);
    }
    store_gaps(store, 4, see_gap, &told, &err);
    REQUIRE(store_outbox_count(store) < UINT64_MAX / 2);
    store_close(store);
}

static void parse_address(const char *bytes, size_t len)
{
    struct redis_address address = {.port = 0};
    struct error err = {0};
    char *url = mem_strndup(bytes, len);
    if (redis_address_parse(url, "store", &address, &err)) {
        REQUIRE(address.port > 0 && address.port <= 65535 && address.db <= REDIS_DB_MAX);
        REQUIRE(strlen(address.host) > 0 && strlen(address.host) <= REDIS_HOST_MAX);
        REQUIRE(address.local == (address.host[0] == '/'));
        REQUIRE(address.local || strpbrk(address.host, "/?#@\\ \r\n") == NULL);
        REQUIRE(strchr(address.user, ':') == NULL);
    } else {
        REQUIRE(err.text[0] != '\0' && address.port == 0);
    }
    mem_free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == 'a') {
        parse_address((const char *)data + 1, size - 1);
    } else {
        run_store((const char *)data, size);
    }
    return 0;
}
