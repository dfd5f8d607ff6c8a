#pragma once

#include <stdbool.h>

/*
 * What `whether backup` and `whether restore` do with the store that the configuration names, and
 * what they tell: how far it is, on a terminal; what came of it, on standard output. Ctrl-C and
 * SIGTERM end it, with nothing changed. In the daemon's program, as the stores are.
 */
struct program_options;

/* False, having reported why. */
bool copying_backup(const struct program_options *where, const char *file, bool replace);
bool copying_restore(const struct program_options *where, const char *file, bool forget_waiting);
