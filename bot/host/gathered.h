#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/host/message.h"

/*
 * Copies of the messages of a turn, until its end: so that other threads can read them ahead
 * (dispatch_ahead.c), and where others share the store, what they ask for is read in one go, and
 * all of them are heard again where another replica was faster. Bounded.
 * Knows neither the store nor how an answer comes about. One thread.
 */
struct gathered;

enum { GATHERED_BYTES_MAX = 16 * 1024 * 1024 };

struct gathered_message {
    struct message message; /* adapter: borrowed from the adapter, which outlives the turn */
    int64_t now_ms;         /* when it was handed in */
    message_settled *settled;
    void *context;
};

struct gathered *gathered_create(void);
void gathered_destroy(struct gathered *gathered); /* NULL is fine; calls nobody */

/* Copies. False: no room for it in this turn. */
bool gathered_add(struct gathered *gathered, const struct gathered_message *one);
size_t gathered_count(const struct gathered *gathered);

/* Its texts are borrowed until the next gathered_add() or gathered_clear(). */
void gathered_at(const struct gathered *gathered, size_t index, struct gathered_message *ret);
void gathered_clear(struct gathered *gathered);
