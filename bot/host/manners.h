#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bot/host/message.h"

/*
 * When the bot keeps quiet although it has an answer: guards against loops and floods (guard.h),
 * its own words that come back (echo.h). Says so in the log and counts it; what it remembers of a
 * turn is kept or forgotten with the turn. One thread.
 */
struct knowledge;
struct manners;
struct metrics;
struct outcome;
struct reply;

struct manners *manners_create(struct metrics *metrics); /* borrowed */
void manners_destroy(struct manners *manners);           /* NULL is fine */

/* The packs' sources: who names one of their titles asks nothing. Copied. */
void manners_learn(struct manners *manners, const struct knowledge *knowledge);

/* It was only overheard or followed (enum heed). */
bool manners_quiet(const struct message *message);

/* A follow-up (enum heed) to nothing: talk among people, not to be remembered. */
bool manners_is_strange(const struct message *message, const struct outcome *outcome);

/* Whether what is only followed has an answer: not what is strange, nor the same verdict again. */
bool manners_is_news(const struct message *message, const struct outcome *outcome);

/* Before anything is made of what was overheard: is it what we said ourselves? */
bool manners_own_words(struct manners *manners, const struct message *message);

/* May what they say have an answer? May they be told this one? Each counts it. */
bool manners_may_hear(struct manners *manners, const struct message *message, int64_t now_ms);
bool manners_may_say(struct manners *manners, const struct message *message,
                     const struct reply *reply, int64_t now_ms);

/*
 * They get no answer: are they to be told why? Once in a while, in place of the answer; not where
 * nobody asked us, nor where the caller tells it by itself.
 */
bool manners_tell(struct manners *manners, const struct message *message, int64_t now_ms);

/* The end of a turn: it is committed, or it is to come again. */
void manners_keep(struct manners *manners);
void manners_undo(struct manners *manners);
