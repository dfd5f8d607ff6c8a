#pragma once

#include <stdbool.h>

/* The store that the configuration names: SQLite's file, or Redis. */
struct config;
struct error;
struct store;

bool store_open_configured(const struct config *config, struct store **ret, struct error *err);
bool store_open_configured_reader(const struct config *config, struct store **ret,
                                  struct error *err); /* only to look (store_gaps) */

/* False with a sentence in err: there is no file yet. Of Redis that is not known: true. */
bool store_configured_is_there(const struct config *config, struct error *err);

/* What a human calls it: the path, or Redis's address. */
const char *store_configured_name(const struct config *config);

/* Whether both name the same one. */
bool store_configured_same(const struct config *a, const struct config *b);
