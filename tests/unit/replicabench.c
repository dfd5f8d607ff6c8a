#include "tests/unit/replicabench.h"

#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/unit/redisbench.h"

struct store *one, *two;
struct error err;
int64_t slept_ms;

/* What the linker puts in its place (tests/meson.build). */
int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
    int code = __real_clock_gettime(clock, ret);
    if (clock == CLOCK_BOOTTIME) {
        ret->tv_sec += (time_t)(slept_ms / 1000);
    }
    return code;
}

int set_up(void **state)
{
    (void)state;
    redisbench_clear();
    err = (struct error){0};
    return redisbench_open(&one, &err) && redisbench_open(&two, &err) ? 0 : -1;
}

int tear_down(void **state)
{
    (void)state;
    store_close(one);
    store_close(two);
    return 0;
}

void begin(struct store *store)
{
    assert_true(store_begin(store, &err));
}

bool commit(struct store *store)
{
    err = (struct error){0};
    return store_commit(store, &err);
}

void must_commit(struct store *store)
{
    if (!commit(store)) {
        fail_msg("%s", err.text);
    }
}

enum claim claim(struct store *store, const char *delivery)
{
    return store_claim(store, "slack", delivery, NULL, NOW, &err);
}

void add_to(struct store *store, const char *adapter, const char *conversation, const char *text)
{
    int64_t id;
    const struct delivery delivery = {.adapter = adapter,
                                      .conversation = conversation,
                                      .address = "a",
                                      .payload = text,
                                      .payload_len = strlen(text)};
    assert_true(store_outbox_add(store, &delivery, NOW, &id, &err));
}

void add(struct store *store, const char *conversation, const char *text)
{
    add_to(store, "slack", conversation, text);
}

static void see(void *context, const struct delivery *delivery)
{
    struct seen *seen = context;
    seen->count++;
    seen->id = delivery->id;
    snprintf(seen->payload, sizeof(seen->payload), "%.*s", (int)delivery->payload_len,
             delivery->payload);
}

static struct seen look(struct store *store, const char *adapter)
{
    struct seen seen = {0};
    assert_true(store_outbox_due(store, adapter, LATER, 10, see, &seen, &err));
    return seen;
}

struct seen due(struct store *store)
{
    return look(store, "slack");
}

struct seen due_to_all(struct store *store)
{
    return look(store, NULL);
}

void deliver(struct store *store, const char *payload)
{
    struct seen seen = due(store);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.payload, payload);
    begin(store);
    assert_true(store_outbox_begin(store, seen.id, &err));
    must_commit(store);
    begin(store);
    assert_true(store_outbox_done(store, seen.id, &err));
    must_commit(store);
}

const char *ask(const char *format, ...)
{
    char command[700];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    return redisbench_ask(command);
}

void copy_field(int64_t delivery, const char *field, char *ret, size_t cap)
{
    snprintf(ret, cap, "%s", ask("hget '{test}:delivery:%" PRId64 "' %s", delivery, field));
}
