#pragma once

/*
 * "Thanks in advance, and have a nice weekend!" at the end of a message: politeness changes no
 * answer, so it is taken off before anything is made of the words. Pure, allocates nothing.
 */
struct reading;

/* Wants words and matches; where nothing else is said, small talk stays. */
void small_talk_drop(struct reading *reading);
