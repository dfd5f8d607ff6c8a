#pragma once

#include "bot/advisor/advisor.h"

/*
 * From what one message says (bot/reader/read.h) to what a conversation has said: slots that
 * hold one thing at a
 * time, withdrawals, other projects and the way back, answers to the bot's own question, what
 * weighs more. Pure.
 */
struct reading;
struct pack;

/* Moves the conversation on by a turn of kind verdict. */
void conversation_apply(struct conversation *conversation, const struct pack *pack,
                        const struct reading *reading);

/* A bare "yes" or "no" to the question that the bot asked last: takes it as that fact. */
bool conversation_answer(struct conversation *conversation, const struct pack *pack,
                         const struct reading *reading);

/*
 * Facts that were set by other means than words (a button): each situation of the sets as it
 * is to be from now on. Where the sets overlap, the last of them holds.
 */
void conversation_assume(struct conversation *conversation, const struct pack *pack,
                         const struct assumed *assumed);

struct project *conversation_project(struct conversation *conversation);

/* What a reader is told of it. Borrows from the conversation. */
struct recalled conversation_recalled(struct conversation *conversation);
