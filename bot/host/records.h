#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decision records as files: one a conversation and decision, in Markdown with MADR's front matter.
 * Recorded again it is written anew, whole or not at all. Knows nothing of who wants one.
 */
struct error;
struct message;
struct outcome;

enum { RECORDS_MAX = 32 * 1024, RECORDS_NAME_MAX = 160 };

/*
 * DECISION-HASH.md: the hash is of adapter and conversation, so that it tells nothing of people,
 * and a record that is made again takes the place of the one before. The outcome must have a pack.
 */
void records_name(const struct outcome *outcome, const char *adapter, const char *conversation,
                  char ret[RECORDS_NAME_MAX]);

/* Makes the folder if it is not there, but none above it. */
bool records_write(const char *folder, const char *name, const struct outcome *outcome,
                   int64_t now_ms, struct error *err);

/*
 * Where the outcome is of somebody who wants a record: writes it into the folder ("": nowhere), and
 * says in the log that it did, or why it could not.
 */
void records_keep(const char *folder, const struct message *message, const struct outcome *outcome,
                  int64_t now_ms);
