#include "bot/host/turn.h"

#include <stddef.h>

#include "bot/base/error.h"
#include "bot/host/log.h"
#include "bot/host/metrics.h"
#include "bot/host/store.h"

enum { TROUBLE_EVERY_MS = 10 * 1000, PROOF_KEPT_MS = 24 * 60 * 60 * 1000 };

void turn_init(struct turn *turn, struct store *store, struct metrics *metrics)
{
    *turn = (struct turn){
        .store = store, .metrics = metrics, .healthy = true, .trouble_told_ms = INT64_MIN / 2};
}

/* A full disk fails every turn: said once in a while, counted always. */
static void tell_trouble(struct turn *turn, const struct error *err)
{
    metrics_count(turn->metrics, METRIC_COMMITS, "failed");
    turn->healthy = false;
    if (turn->now_ms - turn->trouble_told_ms >= TROUBLE_EVERY_MS ||
        turn->now_ms < turn->trouble_told_ms) {
        turn->trouble_told_ms = turn->now_ms;
        log_error("store.failed", LOG_TEXT("cause", err->text));
    }
}

bool turn_give_up(struct turn *turn, const struct error *err)
{
    tell_trouble(turn, err);
    store_rollback(turn->store);
    turn->open = false;
    turn->broken = true;
    return false;
}

bool turn_begin(struct turn *turn, int64_t now_ms)
{
    struct error err = {0};
    turn->now_ms = now_ms;
    if (turn->broken || turn->open || turn->store == NULL) {
        return turn->open;
    }
    turn->open = store_begin(turn->store, &err);
    return turn->open || turn_give_up(turn, &err);
}

bool turn_under_way(const struct turn *turn)
{
    return turn->open || turn->broken;
}

/* On a full disk a transaction that writes nothing goes well, too. */
static bool prove_it_writes(struct turn *turn, struct error *err)
{
    return store_note_put(turn->store, "whether", "writes", &turn->now_ms, sizeof(turn->now_ms),
                          turn->now_ms + PROOF_KEPT_MS, err);
}

static enum turn_end fail(struct turn *turn, const struct error *err)
{
    turn_give_up(turn, err);
    return TURN_FAILED;
}

enum turn_end turn_try_commit(struct turn *turn)
{
    struct error err = {0};
    if (!turn->open) {
        return TURN_FAILED;
    }
    if (!turn->healthy && !prove_it_writes(turn, &err)) {
        return fail(turn, &err);
    }
    /*
     * An answer that is given at once leaves nothing to be done: its conversation may reach the
     * disk with the next turn that does.
     */
    bool owing = turn->owing || !turn->healthy;
    if (!(owing ? store_commit : store_commit_soon)(turn->store, &err)) {
        if (store_again(turn->store)) {
            metrics_count(turn->metrics, METRIC_COMMITS, "again");
            return TURN_AGAIN;
        }
        return fail(turn, &err);
    }
    turn->open = false;
    metrics_count(turn->metrics, METRIC_COMMITS, "done");
    if (!turn->healthy) {
        log_info("store.recovered", LOG_NUMBER("waiting", store_outbox_count(turn->store)));
    }
    turn->healthy = true;
    return TURN_DONE;
}

bool turn_commit(struct turn *turn)
{
    enum turn_end end = turn_try_commit(turn);
    if (end == TURN_AGAIN) {
        turn_give_up(turn, &(struct error){.text = "another replica was faster"});
    }
    return end == TURN_DONE;
}

void turn_end(struct turn *turn)
{
    turn->broken = turn->owing = false;
}
