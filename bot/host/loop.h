#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/host/timers.h"

/*
 * Waiting for everything at once: one curl_multi_poll() for libcurl's transfers, for the
 * descriptors that others add, and for the next moment somebody wants to be woken. Nothing wakes
 * it while there is nothing to do. Knows nothing of adapters, messages or stores.
 * One thread. Never call a loop function from inside libcurl's own callbacks.
 */
struct error;
struct loop;

struct loop *loop_create(struct error *err); /* NULL with err set when libcurl cannot start */

/* Every transfer must have been removed, every timer called off; asserts it. NULL is fine. */
void loop_destroy(struct loop *loop);

/* Monotonic, in ms, since an arbitrary moment; the same value throughout one turn. */
uint64_t loop_now_ms(const struct loop *loop);

/* Wall clock, ms since 1970; the same value throughout one turn. */
int64_t loop_wall_ms(const struct loop *loop);

/* Tests only: a machine whose clock is wrong by that much. */
void loop_shift_wall(struct loop *loop, int64_t shift_ms);

/* ---- descriptors and wake-ups, gathered anew each turn ---- */

struct pollset;

/* events: CURL_WAIT_POLLIN | CURL_WAIT_POLLOUT. Returns the index to ask for afterwards. */
size_t pollset_add(struct pollset *pollset, int fd, unsigned events);

/* What was found ready, as CURL_WAIT_ bits; also errors and hang-ups, as POLLIN. */
unsigned pollset_ready(const struct pollset *pollset, size_t index);

/* No later than this (monotonic ms). */
void pollset_wake_at(struct pollset *pollset, uint64_t at_ms);

struct pollset *loop_begin(struct loop *loop);

/*
 * Called in loop_wait() when waiting is over, before transfers move on: the last moment for whoever
 * has to look at the clock first. May add and remove transfers. NULL: nobody.
 */
typedef void loop_woke(void *context);
void loop_on_wake(struct loop *loop, loop_woke *woke, void *context);

/*
 * Waits, then moves transfers on and calls `done` of those that ended. False with err set only
 * when waiting itself fails, which is a bug or the end of the machine's memory.
 */
bool loop_wait(struct loop *loop, struct error *err);

/* ---- timers: for whom there are too many to ask each turn ---- */

/* Calls due(context) once from loop_wait(), when at_ms (monotonic) has come (timers.h). */
void loop_call_at(struct loop *loop, struct timer *timer, uint64_t at_ms, timer_due *due,
                  void *context);
void loop_call_off(struct loop *loop, struct timer *timer); /* one that is not set is fine */

/* ---- transfers: CURLOPT_PRIVATE of a handle belongs to the loop while it is in it ---- */

/*
 * Called once, from loop_wait(), when the transfer ended, well or not. The handle is already out of
 * the loop unless loop_keep was asked for; it is the caller's again.
 */
typedef void loop_done(void *context, CURL *easy, CURLcode code);

/* keep: leave it inside when done (CURLOPT_CONNECT_ONLY wants that); loop_remove() it later. */
bool loop_add(struct loop *loop, CURL *easy, bool keep, loop_done *done, void *context);

/* Takes a handle out, before or after its end; `done` is not called any more. Once is enough. */
void loop_remove(struct loop *loop, CURL *easy);
