#pragma once

#include <stdint.h>

#include "knowledge/pack.h"

/*
 * Hand-made knowledge for tests of the advisor: small packs as C structs, so that they need
 * neither loader nor files.
 *   sample_backend   two options, all strengths, facts, tools, neighbours: the shape of a full pack
 *   sample_pointer   a decision that the source only points at
 *   sample_queue     three options; a situation with rules for two of them; no caveat, no `both`,
 *                    no URL
 *   sample_hostile   texts full of what chats interpret (mentions, markup, HTML, control bytes, bad
 *                    UTF-8)
 */
extern const struct pack sample_backend, sample_pointer, sample_queue, sample_hostile;
extern const struct knowledge sample_knowledge; /* all of them but the hostile one, in that order */

/*
 * The set of the situations that a list of ids, divided by blanks, names. Ends the test for an
 * unknown id.
 */
uint64_t sample_set(const struct pack *pack, const char *ids);
