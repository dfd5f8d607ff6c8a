#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/adapter.h"

/*
 * An adapter to nowhere, for tests: remembers what it is given, does as it is told. Not part of the
 * program. Its fields are there to be read and set.
 */
enum { NULL_SENT_MAX = 200, NULL_TEXT_MAX = 2400 };

struct null_sent {
    int64_t id;
    char conversation[64], address[64], payload[NULL_TEXT_MAX];
    uint32_t attempts;
    bool unsure;
};

struct null_adapter {
    struct adapter adapter; /* first: what the host sees */
    struct dispatch *dispatch;
    struct null_sent sent[NULL_SENT_MAX]; /* what send() took, in its order */
    size_t sent_count;
    size_t asked;      /* how often ready() was asked about all */
    bool unready;      /* ready() says no to everything */
    bool unready_each; /* ready() says no to each delivery */
    bool refuses;      /* send() says no */
    bool formats_not;  /* format() says no */
    uint64_t after_ms; /* with each no */
    bool reports;      /* send() reports `how` at once */
    enum delivered how;
    int64_t now_ms; /* what it reports with */
};

struct null_adapter *null_create(const char *name);
void null_destroy(struct null_adapter *null); /* NULL is fine */
