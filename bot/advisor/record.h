#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * An outcome as a document for those who come later: the answer in a ticket (the pick in the first
 * line, a table of reasons with their sections, what would change it, how the ticket was read), and
 * the decision record, an ADR in MADR's form. Pure; knows nothing of tickets or files.
 */
struct document;
struct outcome;
struct reply;

/* The answer. Outcomes without a verdict of their own are their reply. */
void record_comment(struct document *document, const struct outcome *outcome,
                    const struct reply *reply);

/* The record of what stands now; the outcome must have a pack. */
void record_decision(struct document *document, const struct outcome *outcome);

/* Whether a message is nothing but the wish to have the decision recorded: "record this, please" */
bool record_wanted(const char *text, size_t len);
