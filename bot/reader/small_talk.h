#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * "Thanks in advance, and have a nice weekend!" at the end of a message: politeness changes no
 * answer, so it is taken off before anything is made of the words. Pure, allocates nothing.
 */
struct reading;

/* Wants words and matches; where nothing else is said, small talk stays. */
void small_talk_drop(struct reading *reading);

/*
 * Whether the words from `first` on are small talk: "Thanks in advance!" Whatever else the reader
 * knows in them makes them more than that.
 */
bool small_talk_from(const struct reading *reading, uint32_t first);
