#include "bot/host/dispatch.h"

#include <assert.h>

#include "adapters/adapter.h"
#include "bot/base/clock.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/dispatch_inside.h"
#include "bot/host/manners.h"
#include "bot/host/metrics.h"
#include "bot/host/outbox.h"
#include "bot/host/program.h"
#include "bot/host/view.h"

struct dispatch *dispatch_create(const struct dispatch_setup *setup)
{
    struct dispatch *dispatch = mem_alloc(sizeof(*dispatch));
    dispatch->program = setup->program;
    dispatch->metrics = setup->metrics;
    dispatch->outbox = outbox_create(setup->store, setup->metrics);
    dispatch->manners = manners_create(setup->metrics);
    dispatch->pending = pending_create(setup->metrics);
    dispatch->gathered = gathered_create();
    turn_init(&dispatch->turn, setup->store, setup->metrics);
    dispatch->ahead.hearing = AHEAD_NONE;
    dispatch_reload(dispatch);
    return dispatch;
}

void dispatch_destroy(struct dispatch *dispatch)
{
    if (dispatch == NULL) {
        return;
    }
    readers_destroy(dispatch->ahead.readers);
    gathered_destroy(dispatch->gathered);
    pending_destroy(dispatch->pending);
    manners_destroy(dispatch->manners);
    outbox_destroy(dispatch->outbox);
    mem_free(dispatch);
}

void dispatch_attach(struct dispatch *dispatch, struct adapter *adapter)
{
    outbox_attach(dispatch->outbox, adapter);
}

void dispatch_detach(struct dispatch *dispatch, struct adapter *adapter, int64_t now_ms)
{
    outbox_detach(dispatch->outbox, adapter, now_ms);
}

void dispatch_reload(struct dispatch *dispatch)
{
    const struct program *program = dispatch->program;
    memory_init(&dispatch->memory, program->knowledge);
    manners_learn(dispatch->manners, program->knowledge);
    outbox_set_limit(dispatch->outbox, (int64_t)program->config.deliver_hours * HOUR_MS);
    dispatch_set_readers(dispatch);
}

size_t dispatch_under_way(const struct dispatch *dispatch)
{
    return outbox_under_way(dispatch->outbox);
}

bool dispatch_healthy(const struct dispatch *dispatch)
{
    return dispatch->turn.healthy;
}

const char *dispatch_records(const struct dispatch *dispatch)
{
    return dispatch->program->config.records;
}

const struct knowledge *dispatch_knowledge(const struct dispatch *dispatch)
{
    return dispatch->program->knowledge;
}

/* ---- what comes in ---- */

/* Nothing is taken any more in this turn, or at all. */
static bool takes_nothing(const struct dispatch *dispatch)
{
    return dispatch->turn.store == NULL ||
           pending_count(dispatch->pending) + gathered_count(dispatch->gathered) >=
               DISPATCH_TURN_MAX;
}

void dispatch_hear(struct dispatch *dispatch, const struct gathered_message *one)
{
    const struct message *message = &one->message;
    uint64_t before = clock_us();
    dispatch->ahead.elsewhere_us = 0;
    struct given *given = pending_given(dispatch->pending);
    struct awaited awaited = {
        .settled = one->settled, .context = one->context, .adapter = message->adapter};
    awaited.how = dispatch_consider(dispatch, message, given, one->now_ms);
    if (awaited.how == SETTLED_ANSWERED && message->answer_now) {
        awaited.given = given;
    } else {
        pending_put_back(dispatch->pending, given);
    }
    pending_add(dispatch->pending, &awaited);
    metrics_observe_answer(dispatch->metrics, clock_us() - before + dispatch->ahead.elsewhere_us);
}

void dispatch_turn_away(struct dispatch *dispatch, const struct gathered_message *one)
{
    const struct awaited awaited = {.settled = one->settled,
                                    .context = one->context,
                                    .adapter = one->message.adapter,
                                    .how = SETTLED_FAILED};
    pending_add(dispatch->pending, &awaited);
}

static void hear_gathered(struct dispatch *dispatch)
{
    dispatch_hear_gathered(dispatch, NULL);
    gathered_clear(dispatch->gathered);
}

bool dispatch_take(struct dispatch *dispatch, const struct message *message, int64_t now_ms,
                   message_settled *settled, void *context)
{
    assert(outbox_adapter(dispatch->outbox, message->adapter) != NULL);
    assert(message->answer_now || (message->conversation != NULL && message->address != NULL));
    if (takes_nothing(dispatch)) {
        return false;
    }
    const struct gathered_message one = {*message, now_ms, settled, context};
    bool is_shared = store_shared(dispatch->turn.store);
    if (!dispatch_hears(message) || (!is_shared && dispatch->ahead.readers == NULL)) {
        dispatch_hear(dispatch, &one);
        return true;
    }
    bool room = gathered_add(dispatch->gathered, &one);
    if (is_shared) {
        return room;
    }
    if (room) {
        dispatch_look_ahead(dispatch, 0);
    } else {
        hear_gathered(dispatch);
        dispatch_hear(dispatch, &one);
    }
    return true;
}

bool dispatch_gap(struct dispatch *dispatch, const char *kind, const char *text, size_t len,
                  int64_t now_ms, message_settled *settled, void *context)
{
    if (takes_nothing(dispatch)) {
        return false;
    }
    bool fine = dispatch_note_gap(dispatch, kind, text, len, now_ms);
    dispatch->turn.owing = true;
    const struct awaited awaited = {
        .settled = settled, .context = context, .how = fine ? SETTLED_ANSWERED : SETTLED_FAILED};
    pending_add(dispatch->pending, &awaited);
    return true;
}

void dispatch_view(struct dispatch *dispatch, const struct view_said *said, size_t count,
                   bool asked, int64_t now_ms, struct view *ret)
{
    struct outcome outcome;
    uint64_t before = clock_us();
    const struct program *program = dispatch->program;
    const struct viewer viewer = {.advisor = program->advisor,
                                  .workspace = program->workspace,
                                  .length = (enum reply_length)program->config.length};
    view_make(&viewer, said, count, ret, &outcome);
    if (asked && count > 0) {
        const struct message last = {.text = said[count - 1].text, .len = said[count - 1].len};
        dispatch_count_answer(dispatch, &outcome);
        metrics_observe_answer(dispatch->metrics, clock_us() - before);
        dispatch_note_if_gap(dispatch, &last, &outcome, now_ms);
    }
}

void dispatch_delivered(struct dispatch *dispatch, int64_t id, enum delivered how,
                        uint64_t after_ms, const char *why, int64_t now_ms)
{
    outbox_delivered(dispatch->outbox, id, how, after_ms, why, now_ms);
}

/* ---- the end of a turn ---- */

static bool write_turn(struct dispatch *dispatch, int64_t now_ms)
{
    struct error err = {0};
    if (!turn_begin(&dispatch->turn, now_ms)) {
        return false;
    }
    if (!outbox_write(dispatch->outbox, now_ms, &err)) {
        return turn_give_up(&dispatch->turn, &err);
    }
    dispatch->turn.owing = dispatch->turn.owing || outbox_wrote(dispatch->outbox);
    return gathered_count(dispatch->gathered) > 0 ? dispatch_answer_gathered(dispatch)
                                                  : turn_commit(&dispatch->turn);
}

/* Those of a turn that failed before it came to them. */
static void fail_gathered(struct dispatch *dispatch)
{
    for (size_t i = 0; i < gathered_count(dispatch->gathered); i++) {
        struct gathered_message one;
        gathered_at(dispatch->gathered, i, &one);
        dispatch_turn_away(dispatch, &one);
    }
}

void dispatch_commit(struct dispatch *dispatch, int64_t now_ms)
{
    dispatch->turn.now_ms = now_ms;
    if (dispatch->turn.store == NULL) {
        return;
    }
    if (!store_shared(dispatch->turn.store)) {
        hear_gathered(dispatch);
    }
    if (turn_under_way(&dispatch->turn) || gathered_count(dispatch->gathered) > 0 ||
        outbox_wants(dispatch->outbox, now_ms)) {
        if (write_turn(dispatch, now_ms)) {
            outbox_committed(dispatch->outbox);
            manners_keep(dispatch->manners);
        } else {
            outbox_rolled_back(dispatch->outbox, now_ms);
            manners_undo(dispatch->manners);
            pending_fail(dispatch->pending);
            fail_gathered(dispatch);
        }
    }
    gathered_clear(dispatch->gathered);
    turn_end(&dispatch->turn);
    pending_settle(dispatch->pending);
}

int64_t dispatch_send(struct dispatch *dispatch, int64_t now_ms)
{
    if (dispatch->turn.store == NULL) {
        return INT64_MAX;
    }
    int64_t next_ms = outbox_send(dispatch->outbox, now_ms);
    /* Now that nobody of this turn waits any more. */
    int64_t tidy_ms = store_tidy(dispatch->turn.store);
    if (tidy_ms != INT64_MAX) {
        next_ms = outbox_look_again(dispatch->outbox, now_ms);
    }
    /* While the store is in trouble, not at full speed. */
    bool hurries = !dispatch->turn.healthy && next_ms < now_ms + OUTBOX_RETRY_MS;
    next_ms = hurries ? now_ms + OUTBOX_RETRY_MS : next_ms;
    return tidy_ms < next_ms - now_ms ? now_ms + tidy_ms : next_ms;
}
