#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decision records as files: one a conversation and decision, in Markdown with MADR's front matter.
 * Recorded again it is written anew, whole or not at all. A record's name is DECISION-DRAWN: who is
 * not told it cannot find it, and it tells nothing of people. Knows nothing of chats, and keeps no
 * list: who wants to write one again remembers what was drawn.
 */
struct buf;
struct error;
struct message;
struct outcome;
struct reply;

enum { RECORDS_MAX = 32 * 1024, RECORDS_NAME_MAX = 160, RECORDS_DRAWN_MAX = 33 };

/* 128 bits in hex, from the system's source of randomness. False: it gives none. */
bool records_draw(char ret[RECORDS_DRAWN_MAX]);

/* The outcome must have a pack. */
void records_name(const struct outcome *outcome, const char *drawn, char ret[RECORDS_NAME_MAX]);

/* Whether records_name() can have made it; nothing else in the folder is a record. */
bool records_is_name(const char *name);

/* Whether one could be written to the folder, or the folder made. "": none is wanted. */
bool records_check(const char *folder, struct error *err);

/* The file is NAME.md. Makes the folder if it is not there, but none above it. */
bool records_write(const char *folder, const char *name, const struct outcome *outcome,
                   int64_t now_ms, struct error *err);

/* False: there is no such record. */
bool records_read(const char *folder, const char *name, struct buf *ret);

/* Whether somebody wants a record by it, and there is a folder ("": none) for one. */
bool records_wanted(const char *folder, const struct message *message,
                    const struct outcome *outcome);

/*
 * Writes one that is wanted, and says in the log that it did, or why it could not. address: of the
 * page that shows records ("": none); then the reply gets a link to it, after its first block.
 */
void records_keep(const char *folder, const char *drawn, const char *address,
                  const struct outcome *outcome, int64_t now_ms, struct reply *reply);
