#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bot/base/error.h"
#include "bot/host/store.h"

/*
 * A store in a folder of its own, in SQLite, or in a Redis of the tests' own (redisbench.h) between
 * storebench_on_redis(true) and (false). For test-store*.c. Asserts (cmocka) that all of it works.
 */
extern char folder[64], path[96]; /* of SQLite's file */
extern struct store *store;
extern struct error err;
extern bool on_redis;

bool storebench_on_redis(bool on); /* false: this build has none */

/* Set-up and tear-down of a test. */
int set_up(void **state);
int tear_down(void **state);

void close_store(void);
void reopen(void);
void begin(void);
void commit(void);

/* A transaction with one note, of one byte. */
void add_note(const char *key);

/* For Redis, only what has a place of its own to count. */
int64_t count_rows(const char *table);

/* SQLite: as an operator's hand does, beside us. */
void execute(const char *sql);

/* Runs it in a process of its own; returns the exit status. */
int in_child(void (*run)(void));

/* It opens nothing, and says so in a sentence that holds this. */
void check_refused(const char *name, const char *sentence);

void write_file(const char *name, const char *bytes);

/* For store_gaps(): "Rails or Laravel?", asked at 1 and at 5; context: a size_t, counted up. */
void check_gap(void *context, const struct gap *gap);

#define ROW(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
