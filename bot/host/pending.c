#include "bot/host/pending.h"

#include <assert.h>

#include "bot/base/mem.h"
#include "bot/host/metrics.h"

enum { SPARE_MAX = 32, CAP_AT_FIRST = 64 };

struct pending {
    struct metrics *metrics;
    struct awaited *awaited;
    size_t count, cap;
    struct given *spare[SPARE_MAX]; /* used before, kept for the next */
    size_t spare_count;
    bool settling;
};

struct pending *pending_create(struct metrics *metrics)
{
    struct pending *pending = mem_alloc(sizeof(*pending));
    pending->metrics = metrics;
    return pending;
}

static void given_destroy(struct given *given)
{
    if (given != NULL) {
        buf_finish(&given->payload);
        mem_free(given);
    }
}

void pending_destroy(struct pending *pending)
{
    if (pending == NULL) {
        return;
    }
    for (size_t i = 0; i < pending->count; i++) {
        given_destroy(pending->awaited[i].given);
    }
    for (size_t i = 0; i < pending->spare_count; i++) {
        given_destroy(pending->spare[i]);
    }
    mem_free(pending->awaited);
    mem_free(pending);
}

struct given *pending_given(struct pending *pending)
{
    if (pending->spare_count > 0) {
        struct given *given = pending->spare[--pending->spare_count];
        buf_clear(&given->payload);
        return given;
    }
    struct given *given = mem_alloc(sizeof(*given));
    buf_init(&given->payload, ANSWER_PAYLOAD_MAX);
    return given;
}

void pending_put_back(struct pending *pending, struct given *given)
{
    if (pending->spare_count < SPARE_MAX) {
        pending->spare[pending->spare_count++] = given;
    } else {
        given_destroy(given);
    }
}

void pending_add(struct pending *pending, const struct awaited *awaited)
{
    assert(!pending->settling);
    if (pending->count == pending->cap) {
        pending->cap = pending->cap == 0 ? CAP_AT_FIRST : pending->cap * 2;
        pending->awaited = mem_grow(pending->awaited, pending->cap, sizeof(*pending->awaited));
    }
    pending->awaited[pending->count++] = *awaited;
}

size_t pending_count(const struct pending *pending)
{
    return pending->count;
}

void pending_cut(struct pending *pending, size_t count)
{
    while (pending->count > count) {
        struct given *given = pending->awaited[--pending->count].given;
        if (given != NULL) {
            pending_put_back(pending, given);
        }
    }
}

void pending_fail(struct pending *pending)
{
    for (size_t i = 0; i < pending->count; i++) {
        struct awaited *awaited = &pending->awaited[i];
        if (awaited->how == SETTLED_ANSWERED || awaited->how == SETTLED_KNOWN ||
            awaited->how == SETTLED_GUARDED) {
            awaited->how = SETTLED_FAILED;
        }
    }
}

static void count_settled(struct pending *pending, const struct awaited *awaited)
{
    if (awaited->adapter == NULL) {
        return;
    }
    if (awaited->how == SETTLED_KNOWN) {
        metrics_count(pending->metrics, METRIC_DUPLICATES, awaited->adapter);
    } else if (awaited->how != SETTLED_FAILED) {
        metrics_count(pending->metrics, METRIC_MESSAGES, awaited->adapter);
    }
}

static void settle(struct pending *pending, const struct awaited *awaited)
{
    struct given *given = awaited->given;
    count_settled(pending, awaited);
    if (given == NULL || awaited->how != SETTLED_ANSWERED) {
        awaited->settled(awaited->context, awaited->how, NULL);
    } else {
        const struct answer told = {.outcome = &given->outcome,
                                    .reply = &given->reply,
                                    .payload = given->payload.data,
                                    .payload_len = given->payload.len};
        awaited->settled(awaited->context, awaited->how, &told);
    }
    if (given != NULL) {
        pending_put_back(pending, given);
    }
}

void pending_settle(struct pending *pending)
{
    pending->settling = true;
    for (size_t i = 0; i < pending->count; i++) {
        settle(pending, &pending->awaited[i]);
    }
    pending->settling = false;
    pending->count = 0;
}
