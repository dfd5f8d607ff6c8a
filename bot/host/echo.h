#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Knows our own words again when somebody else says them: a bridge that mirrors one channel into
 * another, a second bot, a person who quotes. What is only overheard and holds a run of words that
 * we have said is no question to us. Holds a bounded number of such runs as hashes; the newer push
 * out the older. Knows no chats and no people. One thread.
 */
struct echo;

enum { ECHO_WORDS = 8 }; /* a run; shorter texts are nobody's in particular */

struct echo *echo_create(void);
void echo_destroy(struct echo *echo); /* NULL is fine */

/* Upper and lower case, blanks and punctuation make no difference to either. */
void echo_said(struct echo *echo, const char *text, size_t len);
bool echo_heard(const struct echo *echo, const char *text, size_t len);
