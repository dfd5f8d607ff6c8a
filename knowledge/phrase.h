#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The small notation in which packs (and the reader's own English) write cues:
 *
 *   word     the word in any of its inflections     =word    exactly this form
 *            (record, records, recorded)            word*    any word that begins so
 *   (a|b c)  one of the alternatives, each one      [x]      optional; x may be alternatives:
 *            or more words                                   [a|b], [(a|b)]
 *   ..       up to 3 words between                  ...      up to 7 words between
 *   #        a number (digits or one, two, ... hundred, thousand, dozens, hundreds ...)
 *
 * Words are lower case ASCII letters, digits, ' and the characters . + # / - inside a word; + # '
 * may also end one (c++, c#, drivers'). Gaps never cross a clause border.
 *
 *   phrase  = element { " " element }          at most PHRASE_ELEMENTS_MAX; blanks may be several
 *   element = word | "#" | ".." | "..." | "(" list ")" | "[" list "]"
 *   list    = run { "|" run }
 *   run     = item { " " item }                item = word | "#"
 *
 * A gap stands neither first nor last nor beside another gap. At least one word or (a|b) must
 * stand outside of brackets: a phrase of gaps, numbers and optional parts would match everything.
 *
 * phrase_check() is a pure parser of that notation for the checker; the reader compiles phrases
 * with its own matcher. It takes any bytes, in linear time, and says in err what is wrong and what
 * to write instead.
 */
enum {
    PHRASE_ELEMENTS_MAX = 24, /* top-level ones: a group counts as one */
    PHRASE_WORD_MAX = 64,     /* bytes */
};

struct error;
bool phrase_check(const char *text, struct error *err);
