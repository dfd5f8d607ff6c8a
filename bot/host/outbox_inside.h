#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bot/base/names.h"
#include "bot/host/message.h"
#include "bot/host/outbox.h"

/*
 * What outbox.c (whose answers may leave when) and outbox_result.c (what became of them, until it
 * is in the store) share. Not for anybody else.
 *
 * There may be thousands of adapters of which few have anything to send. Those are the outbox's
 * list of busy places: the others have nothing in the store that could become due without a message
 * for them or a result of theirs, so no turn looks at them.
 */
struct adapter;

struct place {
    struct adapter *adapter;
    int64_t next_ms;             /* when its next delivery is due */
    bool known;                  /* next_ms was read since something last changed */
    bool busy;                   /* it is in the outbox's list */
    struct place *next;          /* in that list */
    struct place *older, *newer; /* among all */
};

/* A delivery that was marked. Its texts are owned until it was handed over. */
struct parcel {
    struct delivery delivery;
    struct place *place;
};

/* One on its way: what is needed when its result comes. */
struct flight {
    int64_t id, created_ms;
    uint32_t attempts; /* this one included */
    bool unsure;       /* an earlier one may have arrived */
    struct adapter *adapter;
};

/* TOLD_WHEN: the other side said when to come back, which is no failure to back off from. */
enum fate { FATE_DONE, FATE_AGAIN, FATE_TOLD_WHEN, FATE_REFUSED, FATE_GIVEN_UP, FATE_PUT_OFF };

struct result {
    struct flight flight;
    enum fate fate;
    bool unsure;
    int64_t now_ms, next_ms;
    char name[MESSAGE_KEY_MAX + 1]; /* the adapter's, which may be gone by then */
    char why[OUTBOX_REASON_MAX];
};

/* Growing arrays of the above. */
struct parcels {
    struct parcel *items;
    size_t count, cap;
};
struct flights {
    struct flight *items;
    size_t count, cap;
};
struct results {
    struct result *items;
    size_t count, cap;
};

struct outbox {
    struct store *store;
    struct metrics *metrics;
    int64_t max_age_ms;
    struct place *newest; /* all places, owned */
    struct names places;  /* by their adapter's name */
    struct place *busy;
    struct parcels parcels;
    struct flights flights;
    struct results results;
    size_t written; /* results that the open transaction holds */
    bool put_off;   /* it holds that, too */
    bool failed;    /* one with marks did not go well: nothing leaves until one has */
};

/* Room for one more of count items in an array of *cap. */
void *outbox_grow(void *items, size_t count, size_t *cap, size_t size);

/* ---- outbox.c ---- */

/* What its next delivery is has to be looked up anew. NULL: all of the busy ones. */
void outbox_forget_time(struct outbox *outbox, const char *adapter_name);

/* ---- outbox_result.c ---- */

/* One on its way, which no longer is. False: there is none of that id. */
bool outbox_take_flight(struct outbox *outbox, int64_t id, struct flight *ret);

struct result *outbox_add_result(struct outbox *outbox, const struct flight *flight, int64_t now_ms,
                                 const char *why);

/* Within a transaction: writes all results down. */
bool outbox_write_results(struct outbox *outbox, struct error *err);

/* That transaction went well: tells of them, and forgets them. */
void outbox_settle_results(struct outbox *outbox);
