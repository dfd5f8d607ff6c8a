#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * What a message says of the decision itself: which options and tools it names, whether an "or"
 * stands between them, whether it asks, what other decision it touches (struct signals of read.h).
 * Works from the matches; situations are none of its business. Pure, allocates nothing.
 */
struct knowledge;
struct match;
struct reading;
struct stemmer;

/* "Would you ...", "do we ...": whether the words first..last ask what to do, not what is. */
bool signals_weigh(const struct reading *reading, uint32_t first, uint32_t last);

/* Whether the words name an option or one of its tools. */
bool match_names_option(const struct match *match);

/*
 * "nod or django": an unknown-looking neighbour of "or" that is one slip from another option's
 * plain name is that option. Sets *ret_mended when a word was changed: then search again.
 */
void signals_mend(struct reading *reading, const struct knowledge *knowledge,
                  struct stemmer *stemmer, bool *ret_mended);

/* Fills reading->signals from tokens, matches and scopes. */
void signals_read(struct reading *reading, const struct knowledge *knowledge);
