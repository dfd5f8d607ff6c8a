#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/dispatch_inside.h"
#include "bot/host/manners.h"
#include "bot/host/metrics.h"

/*
 * A turn where others share the store: each look there is a journey, so all messages are heard at
 * its end, after one look for all of them. Nobody waits for us meanwhile; if one of them was faster
 * at a message or a conversation, the turn thinks again.
 */

static void expect_of(const struct gathered *gathered, size_t index, struct expectation *ret)
{
    struct gathered_message one;
    gathered_at(gathered, index, &one);
    const struct message *message = &one.message;
    *ret = (struct expectation){.adapter = message->adapter,
                                .delivery = message->delivery,
                                .identity = message->identity,
                                .conversation = message->conversation};
}

static bool hear_all(struct dispatch *dispatch, size_t *ret_left)
{
    struct error err = {0};
    size_t count = gathered_count(dispatch->gathered);
    struct expectation *expectations = mem_alloc(count * sizeof(*expectations));
    enum expected *expected = mem_alloc(count * sizeof(*expected));
    for (size_t i = 0; i < count; i++) {
        expect_of(dispatch->gathered, i, &expectations[i]);
    }
    bool fine = store_expect(dispatch->turn.store, expectations, count, expected, &err) ||
                turn_give_up(&dispatch->turn, &err);
    if (fine) {
        *ret_left = dispatch_hear_gathered(dispatch, expected);
    }
    mem_free(expected);
    mem_free(expectations);
    return fine;
}

bool dispatch_answer_gathered(struct dispatch *dispatch)
{
    size_t first = pending_count(dispatch->pending), left = 0;
    enum turn_end end = TURN_AGAIN;
    store_mark(dispatch->turn.store);
    while (end == TURN_AGAIN) {
        pending_cut(dispatch->pending, first);
        if (!hear_all(dispatch, &left)) {
            return false;
        }
        end = turn_try_commit(&dispatch->turn);
        if (end == TURN_AGAIN) {
            manners_undo(dispatch->manners);
        }
    }
    gathered_clear(dispatch->gathered);
    for (; end == TURN_DONE && left > 0; left--) {
        metrics_count(dispatch->metrics, METRIC_REJECTED, "elsewhere");
    }
    return end == TURN_DONE;
}
