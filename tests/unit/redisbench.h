#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * A redis-server of the tests' own, on a socket in a folder of its own: nobody else's, and gone
 * with redisbench_stop(). Asserts (cmocka) that all of it works.
 */
struct config_redis;
struct error;
struct store;

void redisbench_start(void);
void redisbench_stop(void);

/* Empties it. */
void redisbench_clear(void);

/* "unix://..." */
const char *redisbench_url(void);

bool redisbench_open(struct store **ret, struct error *err);

/* Answers of one command of `redis-cli`, words between blanks; borrowed until the next call. */
const char *redisbench_ask(const char *command);

/* The server stands still, and goes on (SIGSTOP, SIGCONT). */
void redisbench_pause(bool still);
