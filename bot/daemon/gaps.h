#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * What `whether gaps` prints. In the daemon's program, since only that knows the stores and carries
 * their libraries; reads beside a running daemon.
 */
struct program_options;

/* At most `most`, the most frequent first. False, having said why, when it cannot. */
bool gaps_print(const struct program_options *where, size_t most, bool json);
