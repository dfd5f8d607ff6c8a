#pragma once

#include <stdbool.h>

/*
 * The store that replicas share: store.h on Redis 6.2 or newer, or Valkey. docs/replicas.md tells
 * how it is set up and what it promises.
 */
struct error;
struct secret_source;
struct store;

/* As configured ([store]); texts are copied. Files may be "". */
struct store_redis_setup {
    const char *url; /* redis_address.h */
    const struct secret_source *password;
    const char *ca_file, *cert_file, *key_file;
    const char *prefix; /* what all keys begin with, in braces */
};

/*
 * Waits a few seconds for Redis to be there. Tells, in the log, what makes it less safe than
 * SQLite.
 */
bool store_open_redis(const struct store_redis_setup *setup, struct store **ret, struct error *err);

/* Only to look (store_gaps). */
bool store_open_redis_reader(const struct store_redis_setup *setup, struct store **ret,
                             struct error *err);
