#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/base/error.h"
#include "bot/host/store.h"

/*
 * Two replicas at the Redis of redisbench.h, with nothing in it at first, and what tests do with
 * one of them. For test-store-replicas.c and test-store-leases.c. Asserts (cmocka) that all of it
 * works.
 */
enum { NOW = 1000000, LATER = NOW + 1000000 };

extern struct store *one, *two; /* NULL where a test has closed it */
extern struct error err;

/* How long the replicas' machine has slept so far: CLOCK_BOOTTIME is so much ahead. */
extern int64_t slept_ms;

/* Set-up and tear-down of a test. */
int set_up(void **state);
int tear_down(void **state);

void begin(struct store *store);
bool commit(struct store *store);
void must_commit(struct store *store);

/* Of Slack. */
enum claim claim(struct store *store, const char *delivery);

/* Answers, to Slack where nothing else is said. */
void add_to(struct store *store, const char *adapter, const char *conversation, const char *text);
void add(struct store *store, const char *conversation, const char *text);

struct seen {
    int count;
    int64_t id; /* the last one's */
    char payload[40];
};
struct seen due(struct store *store);
struct seen due_to_all(struct store *store); /* to each adapter */

/* The only one that is due, all the way. */
void deliver(struct store *store, const char *payload);

/* As redisbench_ask(). */
__attribute__((format(printf, 1, 2))) const char *ask(const char *format, ...);

/* What Redis has of a delivery. */
void copy_field(int64_t delivery, const char *field, char *ret, size_t cap);
