#pragma once

#include <stdbool.h>

/*
 * What `whether run` does: one loop, every adapter that the configuration asks for
 * (docs/daemon.md). What a turn of the loop does in which order is here and nowhere else. Knows
 * adapters by their table, none by name but the API and the page, which are there where nothing is
 * configured. Tells what is wrong at the start on standard error (report.h), what happens later in
 * the log.
 */
struct daemon;
struct program_options;

/*
 * Everything that can be told at once to be wrong is told at once: configuration, packs, secrets,
 * the store, the listener, adapters. Blocks the signals that daemon_run() takes.
 */
bool daemon_create(const struct program_options *options, struct daemon **ret);
void daemon_destroy(struct daemon *daemon); /* NULL is fine */

/*
 * Until SIGTERM or SIGINT: then it takes nothing new, delivers what it can and leaves within
 * DAEMON_STOP_MS; a second signal ends it at once. SIGHUP reloads configuration, packs and secrets;
 * what is faulty is refused and the old stays. Returns an exit status.
 */
enum { DAEMON_DRAIN_MS = 5000, DAEMON_STOP_MS = 9000 };
int daemon_run(struct daemon *daemon);

/*
 * `whether run --try`: connects everything, tells step by step what works, answers nobody, sends
 * nothing. 0 when everything works.
 */
enum { DAEMON_TRY_MS = 45000 };
int daemon_try(const struct program_options *options);
