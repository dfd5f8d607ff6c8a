#pragma once

#include <stdbool.h>

/*
 * Facts that were set by other means than words (a button, a program), as a line: blanks between,
 * each a situation's id after "+" (it holds), "!" (it matters most), "-" (it does not hold) or "~"
 * (nobody spoke of it); of several about one situation the last holds. Pure.
 */
struct assumed;
struct pack;

/*
 * What is no fact of the decision is passed over: packs may have changed since. False: nothing is
 * left. pack NULL: there is no decision, so nothing is.
 */
bool facts_parse(const struct pack *pack, const char *facts, struct assumed *ret);
