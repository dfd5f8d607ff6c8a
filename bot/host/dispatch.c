#include "bot/host/dispatch.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "adapters/adapter.h"
#include "bot/advisor/advisor.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/hash.h"
#include "bot/base/mem.h"
#include "bot/host/announce.h"
#include "bot/host/log.h"
#include "bot/host/manners.h"
#include "bot/host/memory.h"
#include "bot/host/metrics.h"
#include "bot/host/outbox.h"
#include "bot/host/program.h"
#include "bot/host/records.h"
#include "bot/host/store.h"
#include "bot/host/view.h"
#include "knowledge/load.h"

enum { PAYLOAD_MAX = 64 * 1024, SPARE_MAX = 32, HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };
enum { RECORD_PLACE_MAX = 200 };
enum { TROUBLE_EVERY_MS = 10 * 1000 };

#define SAY_STOP \
    "I stop here for a few minutes: that was the same again and again, or a lot at once."

/* An answer as it was decided: kept until the commit where the caller is to have it. */
struct given {
    struct outcome outcome;
    struct reply reply;
    struct buf payload;
};

/* What its adapter still waits for in this turn. */
struct pending {
    message_settled *settled;
    void *context;
    const char *adapter; /* its name, for counting; NULL: no message, only a note for gaps */
    enum settled how;
    struct given *given; /* answer_now and SETTLED_ANSWERED only; owned */
};

struct dispatch {
    struct program *program;
    struct store *store;
    struct metrics *metrics;
    struct outbox *outbox;
    struct manners *manners;
    struct memory memory;
    struct pending *pending;
    size_t pending_count, pending_cap;
    struct given *spare[SPARE_MAX]; /* used before, kept for the next */
    size_t spare_count;
    bool open;     /* a transaction */
    bool broken;   /* it failed; nothing is stored until the turn ends */
    bool owing;    /* this turn acknowledges what is still to be done: it must be on the disk */
    bool settling; /* for an assertion */
    bool healthy;
    int64_t now_ms; /* as it was told last */
    int64_t trouble_told_ms;
};

struct dispatch *dispatch_create(const struct dispatch_setup *setup)
{
    struct dispatch *dispatch = mem_alloc(sizeof(*dispatch));
    dispatch->program = setup->program;
    dispatch->store = setup->store;
    dispatch->metrics = setup->metrics;
    dispatch->outbox = outbox_create(setup->store, setup->metrics);
    dispatch->manners = manners_create(setup->metrics);
    dispatch->healthy = true;
    dispatch->trouble_told_ms = INT64_MIN / 2;
    dispatch_reload(dispatch);
    return dispatch;
}

static void given_destroy(struct given *given)
{
    if (given != NULL) {
        buf_finish(&given->payload);
        mem_free(given);
    }
}

void dispatch_destroy(struct dispatch *dispatch)
{
    if (dispatch == NULL) {
        return;
    }
    for (size_t i = 0; i < dispatch->pending_count; i++) {
        given_destroy(dispatch->pending[i].given);
    }
    for (size_t i = 0; i < dispatch->spare_count; i++) {
        given_destroy(dispatch->spare[i]);
    }
    mem_free(dispatch->pending);
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
}

uint64_t dispatch_waiting(const struct dispatch *dispatch)
{
    return dispatch->store == NULL ? 0 : store_outbox_count(dispatch->store);
}

size_t dispatch_under_way(const struct dispatch *dispatch)
{
    return outbox_under_way(dispatch->outbox);
}

bool dispatch_healthy(const struct dispatch *dispatch)
{
    return dispatch->healthy;
}

/* ---- the transaction ---- */

/* A full disk fails every turn: said once in a while, counted always. */
static void tell_trouble(struct dispatch *dispatch, const struct error *err, int64_t now_ms)
{
    metrics_count(dispatch->metrics, METRIC_COMMITS, "failed");
    dispatch->healthy = false;
    if (now_ms - dispatch->trouble_told_ms >= TROUBLE_EVERY_MS ||
        now_ms < dispatch->trouble_told_ms) {
        dispatch->trouble_told_ms = now_ms;
        log_error("store.failed", LOG_TEXT("cause", err->text));
    }
}

/* All of the turn goes with it: what it acknowledged would otherwise be half there. */
static bool give_up(struct dispatch *dispatch, const struct error *err, int64_t now_ms)
{
    tell_trouble(dispatch, err, now_ms);
    store_rollback(dispatch->store);
    dispatch->open = false;
    dispatch->broken = true;
    return false;
}

static bool begin(struct dispatch *dispatch, int64_t now_ms)
{
    struct error err = {0};
    dispatch->now_ms = now_ms;
    if (dispatch->broken || dispatch->open || dispatch->store == NULL) {
        return dispatch->open;
    }
    dispatch->open = store_begin(dispatch->store, &err);
    return dispatch->open || give_up(dispatch, &err, now_ms);
}

/* ---- one message ---- */

static bool over(const char *text, size_t max)
{
    return text != NULL && strnlen(text, max + 1) > max;
}

static bool keys_fit(const struct message *message)
{
    return !over(message->delivery, MESSAGE_KEY_MAX) && !over(message->identity, MESSAGE_KEY_MAX) &&
           !over(message->conversation, MESSAGE_KEY_MAX) &&
           !over(message->person, MESSAGE_KEY_MAX) && !over(message->address, MESSAGE_ADDRESS_MAX);
}

static struct given *take_given(struct dispatch *dispatch)
{
    if (dispatch->spare_count > 0) {
        struct given *given = dispatch->spare[--dispatch->spare_count];
        buf_clear(&given->payload);
        return given;
    }
    struct given *given = mem_alloc(sizeof(*given));
    buf_init(&given->payload, PAYLOAD_MAX);
    return given;
}

static void put_back(struct dispatch *dispatch, struct given *given)
{
    if (dispatch->spare_count < SPARE_MAX) {
        dispatch->spare[dispatch->spare_count++] = given;
    } else {
        given_destroy(given);
    }
}

static enum claim claim(struct dispatch *dispatch, const struct message *message, int64_t now_ms)
{
    struct error err = {0};
    enum claim claim = store_claim(dispatch->store, message->adapter, message->delivery,
                                   message->identity, now_ms, &err);
    if (claim == CLAIM_ERROR) {
        give_up(dispatch, &err, now_ms);
    }
    dispatch->owing = dispatch->owing || !message->answer_now;
    return claim;
}

/*
 * Another replica may be at this message or this conversation just now: then only this one has to
 * come again. claims: it is to be taken, whatever it says.
 */
static bool expect(struct dispatch *dispatch, const struct message *message, bool claims,
                   int64_t now_ms)
{
    struct error err = {0};
    const struct expectation expectation = {.adapter = message->adapter,
                                            .delivery = claims ? message->delivery : NULL,
                                            .identity = claims ? message->identity : NULL,
                                            .conversation = message->conversation};
    enum expected expected = store_expect(dispatch->store, &expectation, now_ms, &err);
    if (expected == EXPECTED_ERROR) {
        give_up(dispatch, &err, now_ms);
    } else if (expected == EXPECTED_BUSY) {
        metrics_count(dispatch->metrics, METRIC_REJECTED, "elsewhere");
    }
    return expected == EXPECTED_FINE;
}

static bool load(struct dispatch *dispatch, const struct message *message, int64_t now_ms,
                 struct conversation *ret)
{
    unsigned char bytes[MEMORY_BYTES_MAX];
    struct error err = {0};
    size_t len = 0;
    conversation_init(ret);
    if (message->conversation != NULL &&
        !store_conversation_get(dispatch->store, message->adapter, message->conversation, now_ms,
                                bytes, sizeof(bytes), &len, &err)) {
        return give_up(dispatch, &err, now_ms);
    }
    if (len > 0 && !memory_parse(&dispatch->memory, bytes, len, ret)) {
        log_info("dispatch.conversation_began_anew", LOG_TEXT("adapter", message->adapter));
    }
    if (ret->pack < 0 && message->pack != NULL) {
        ret->pack = (int16_t)knowledge_find(dispatch->program->knowledge, message->pack);
    }
    return true;
}

static bool save(struct dispatch *dispatch, const struct message *message,
                 const struct conversation *conversation, int64_t now_ms)
{
    unsigned char bytes[MEMORY_BYTES_MAX];
    struct error err = {0};
    if (message->conversation == NULL) {
        return true;
    }
    size_t len = memory_format(&dispatch->memory, conversation, bytes);
    int64_t expires_ms = now_ms + (int64_t)dispatch->program->config.memory_days * DAY_MS;
    return store_conversation_put(dispatch->store, message->adapter, message->conversation, bytes,
                                  len, expires_ms, &err) ||
           give_up(dispatch, &err, now_ms);
}

static bool note_gap(struct dispatch *dispatch, const char *kind, const char *text, size_t len,
                     int64_t now_ms)
{
    struct error err = {0};
    len = len < GAP_TEXT_MAX ? len : GAP_TEXT_MAX;
    return begin(dispatch, now_ms) &&
           (store_gap_add(dispatch->store, kind, text, len, now_ms, &err) ||
            give_up(dispatch, &err, now_ms));
}

/* What people asked in vain is what the packs' authors want to know. */
static bool note_if_gap(struct dispatch *dispatch, const struct message *message,
                        const struct outcome *outcome, int64_t now_ms)
{
    bool asks = outcome->kind == KIND_VERDICT && outcome->verdict.kind == VERDICT_ASK;
    if (message->len == 0 || (outcome->kind != KIND_UNKNOWN && !asks)) {
        return true;
    }
    return note_gap(dispatch, asks ? "ask" : "unknown", message->text, message->len, now_ms);
}

static bool post_to(struct dispatch *dispatch, const struct adapter *adapter,
                    const char *conversation, const char *address, const struct buf *payload,
                    int64_t now_ms)
{
    struct error err = {0};
    int64_t id;
    const struct delivery delivery = {.adapter = adapter->name,
                                      .conversation = conversation,
                                      .address = address,
                                      .payload = payload->data,
                                      .payload_len = payload->len,
                                      .created_ms = now_ms};
    outbox_added(dispatch->outbox, adapter);
    return store_outbox_add(dispatch->store, &delivery, now_ms, &id, &err) ||
           give_up(dispatch, &err, now_ms);
}

static bool post(struct dispatch *dispatch, const struct message *message,
                 const struct given *given, const struct adapter *adapter, int64_t now_ms)
{
    return post_to(dispatch, adapter, message->conversation, message->address, &given->payload,
                   now_ms);
}

/* In another place as well; that it cannot be told there is no reason not to answer. */
static bool announce(struct dispatch *dispatch, const struct message *message,
                     const struct outcome *outcome, int64_t now_ms)
{
    struct announce_target target;
    struct buf address, payload;
    if (message->announce == NULL || !announce_parse(message->announce, &target)) {
        return true;
    }
    struct adapter *to = outbox_adapter(dispatch->outbox, target.adapter);
    if (to == NULL) {
        log_warning("dispatch.announce", LOG_TEXT("unknown", target.adapter));
        return true;
    }
    buf_init(&address, MESSAGE_ADDRESS_MAX);
    buf_init(&payload, PAYLOAD_MAX);
    bool fine = !announce_format(dispatch->program->advisor, to, &target, message, outcome,
                                 &address, &payload) ||
                post_to(dispatch, to, target.place, address.data, &payload, now_ms);
    buf_finish(&address);
    buf_finish(&payload);
    return fine;
}

static void count_answer(struct dispatch *dispatch, const struct outcome *outcome)
{
    metrics_count(dispatch->metrics, METRIC_QUESTIONS, kind_name(outcome->kind));
    if (outcome->kind == KIND_VERDICT) {
        metrics_count(dispatch->metrics, METRIC_VERDICTS,
                      verdict_word(outcome->pack, outcome->verdict.kind, outcome->verdict.option));
    }
}

/* A person whom we leave without an answer is told, once (manners.h). */
static enum settled fall_silent(struct dispatch *dispatch, const struct message *message,
                                struct given *given, int64_t now_ms)
{
    if (!manners_tell(dispatch->manners, message, now_ms)) {
        return SETTLED_GUARDED;
    }
    struct adapter *adapter = outbox_adapter(dispatch->outbox, message->adapter);
    given->outcome = (struct outcome){.kind = KIND_META};
    given->reply = (struct reply){0};
    buf_clear(&given->payload);
    reply_add(&given->reply, BLOCK_LEAD, "%s", SAY_STOP);
    bool fine =
        !adapter->ops->format(adapter, message, &given->outcome, &given->reply, &given->payload) ||
        post(dispatch, message, given, adapter, now_ms);
    return fine ? SETTLED_GUARDED : SETTLED_FAILED;
}

/*
 * Before its answer is worded, which tells where it is. A conversation's records keep their name as
 * long as it is remembered.
 */
static bool keep_record(struct dispatch *dispatch, const struct message *message,
                        struct given *given, int64_t now_ms)
{
    const struct config *config = &dispatch->program->config;
    char place[RECORD_PLACE_MAX], drawn[RECORDS_DRAWN_MAX] = "";
    size_t len = 0;
    if (!records_wanted(config->records, message, &given->outcome)) {
        return true;
    }
    snprintf(place, sizeof(place), "record %s", message->adapter);
    if (!dispatch_note_get(dispatch, place, message->conversation, now_ms, drawn, sizeof(drawn) - 1,
                           &len)) {
        return false;
    }
    if (len == 0 && !records_draw(drawn)) {
        log_error("record.failed", LOG_TEXT("cause", "the system gives no random bytes"));
        return true;
    }
    records_keep(config->records, drawn, config->has_page ? config->page.address : "",
                 &given->outcome, now_ms, &given->reply);
    return dispatch_note_put(dispatch, place, message->conversation, drawn, strlen(drawn),
                             now_ms + (int64_t)config->memory_days * DAY_MS);
}

/* Takes a decided answer the rest of the way: into the store, and to its caller or the outbox. */
static enum settled answer(struct dispatch *dispatch, const struct message *message,
                           struct given *given, const struct conversation *conversation,
                           int64_t now_ms)
{
    struct adapter *adapter = outbox_adapter(dispatch->outbox, message->adapter);
    if (!keep_record(dispatch, message, given, now_ms)) {
        return SETTLED_FAILED;
    }
    if (!adapter->ops->format(adapter, message, &given->outcome, &given->reply, &given->payload)) {
        metrics_count(dispatch->metrics, METRIC_GIVEN_UP, message->adapter);
        log_error("dispatch.answer_too_long", LOG_TEXT("adapter", message->adapter),
                  LOG_TEXT("kind", kind_name(given->outcome.kind)));
        return SETTLED_SILENT;
    }
    if (!manners_may_say(dispatch->manners, message, &given->reply, now_ms)) {
        return fall_silent(dispatch, message, given, now_ms);
    }
    bool fine = save(dispatch, message, conversation, now_ms) &&
                note_if_gap(dispatch, message, &given->outcome, now_ms) &&
                (message->answer_now || post(dispatch, message, given, adapter, now_ms)) &&
                announce(dispatch, message, &given->outcome, now_ms);
    return fine ? SETTLED_ANSWERED : SETTLED_FAILED;
}

static bool think(struct dispatch *dispatch, const struct message *message, int64_t now_ms,
                  struct conversation *conversation, struct given *given)
{
    struct program *program = dispatch->program;
    if (!load(dispatch, message, now_ms, conversation)) {
        return false;
    }
    /* Facts may stand alone; a text that is empty is one all the same. */
    if (message->len > 0 || message->facts == NULL) {
        program_turn(program, conversation, message->surface, message->text, message->len,
                     program->config.length, &given->outcome, &given->reply);
    } else {
        given->outcome = (struct outcome){.kind = KIND_SILENT};
        given->reply = (struct reply){0};
    }
    if (message->facts != NULL) {
        program_assume(program, conversation, message->facts, program->config.length,
                       &given->outcome, &given->reply);
    }
    return true;
}

/*
 * Talk that is not for us: it is read first and claimed only if we say something. A copy that we
 * pass over must not consume the key of the one that is addressed to us (PROTOCOLS.md S11).
 */
static enum settled overhear(struct dispatch *dispatch, const struct message *message,
                             struct given *given, int64_t now_ms)
{
    struct conversation conversation;
    if (manners_own_words(dispatch->manners, message)) {
        return SETTLED_GUARDED;
    }
    if (!expect(dispatch, message, false, now_ms) ||
        !think(dispatch, message, now_ms, &conversation, given)) {
        return SETTLED_FAILED;
    }
    if (given->outcome.kind == KIND_SILENT) {
        count_answer(dispatch, &given->outcome);
        return SETTLED_SILENT;
    }
    if (!expect(dispatch, message, true, now_ms)) {
        return SETTLED_FAILED;
    }
    enum claim claimed = claim(dispatch, message, now_ms);
    if (claimed != CLAIM_NEW) {
        return claimed == CLAIM_KNOWN ? SETTLED_KNOWN : SETTLED_FAILED;
    }
    if (!manners_may_hear(dispatch->manners, message, now_ms)) {
        return SETTLED_GUARDED;
    }
    count_answer(dispatch, &given->outcome);
    return answer(dispatch, message, given, &conversation, now_ms);
}

/* What is heard, but not answered. */
static enum settled take_note(struct dispatch *dispatch, const struct message *message,
                              const struct outcome *outcome,
                              const struct conversation *conversation, int64_t now_ms)
{
    static const struct outcome silent = {.kind = KIND_SILENT};
    count_answer(dispatch, &silent);
    return manners_is_strange(message, outcome) || outcome->kind != KIND_VERDICT ||
                   save(dispatch, message, conversation, now_ms)
               ? SETTLED_SILENT
               : SETTLED_FAILED;
}

static enum settled hear(struct dispatch *dispatch, const struct message *message,
                         struct given *given, int64_t now_ms)
{
    struct conversation conversation;
    if (!expect(dispatch, message, true, now_ms)) {
        return SETTLED_FAILED;
    }
    /* Claimed before it is guarded: a sender's own retries are no repetition. */
    enum claim claimed = claim(dispatch, message, now_ms);
    if (claimed != CLAIM_NEW) {
        return claimed == CLAIM_KNOWN ? SETTLED_KNOWN : SETTLED_FAILED;
    }
    /* What is only followed is guarded once it is to be answered: people may talk as they like. */
    bool followed = message->heed != HEED_ALL;
    if (!followed && !manners_may_hear(dispatch->manners, message, now_ms)) {
        return fall_silent(dispatch, message, given, now_ms);
    }
    if (!think(dispatch, message, now_ms, &conversation, given)) {
        return SETTLED_FAILED;
    }
    if (!manners_is_news(message, &given->outcome)) {
        return take_note(dispatch, message, &given->outcome, &conversation, now_ms);
    }
    if (followed && !manners_may_hear(dispatch->manners, message, now_ms)) {
        return SETTLED_GUARDED;
    }
    count_answer(dispatch, &given->outcome);
    if (given->outcome.kind == KIND_SILENT) {
        return SETTLED_SILENT;
    }
    return answer(dispatch, message, given, &conversation, now_ms);
}

static enum settled consider(struct dispatch *dispatch, const struct message *message,
                             struct given *given, int64_t now_ms)
{
    if (!keys_fit(message)) {
        metrics_count(dispatch->metrics, METRIC_REJECTED, "key_too_long");
        log_warning("dispatch.key_too_long", LOG_TEXT("adapter", message->adapter));
        return SETTLED_SILENT;
    }
    if (message->from_bot) {
        metrics_count(dispatch->metrics, METRIC_GUARDED, "bot");
        return SETTLED_GUARDED;
    }
    if (!begin(dispatch, now_ms)) {
        return SETTLED_FAILED;
    }
    return message->surface == SURFACE_AMBIENT ? overhear(dispatch, message, given, now_ms)
                                               : hear(dispatch, message, given, now_ms);
}

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static struct pending *add_pending(struct dispatch *dispatch)
{
    if (dispatch->pending_count == dispatch->pending_cap) {
        dispatch->pending_cap = dispatch->pending_cap == 0 ? 64 : dispatch->pending_cap * 2;
        dispatch->pending =
            mem_grow(dispatch->pending, dispatch->pending_cap, sizeof(*dispatch->pending));
    }
    return &dispatch->pending[dispatch->pending_count++];
}

bool dispatch_take(struct dispatch *dispatch, const struct message *message, int64_t now_ms,
                   message_settled *settled, void *context)
{
    struct adapter *adapter = outbox_adapter(dispatch->outbox, message->adapter);
    assert(adapter != NULL && !dispatch->settling);
    assert(message->answer_now || (message->conversation != NULL && message->address != NULL));
    if (dispatch->pending_count == DISPATCH_TURN_MAX || dispatch->store == NULL) {
        return false;
    }
    uint64_t before = now_us();
    struct given *given = take_given(dispatch);
    enum settled how = consider(dispatch, message, given, now_ms);
    struct pending *pending = add_pending(dispatch);
    *pending = (struct pending){
        .settled = settled, .context = context, .adapter = adapter->name, .how = how};
    if (how == SETTLED_ANSWERED && message->answer_now) {
        pending->given = given;
    } else {
        put_back(dispatch, given);
    }
    metrics_observe_answer(dispatch->metrics, now_us() - before);
    return true;
}

/* ---- what is only looked at ---- */

void dispatch_view(struct dispatch *dispatch, const struct view_said *said, size_t count,
                   bool asked, int64_t now_ms, struct view *ret)
{
    struct outcome outcome;
    uint64_t before = now_us();
    const struct program *program = dispatch->program;
    const struct viewer viewer = {.advisor = program->advisor,
                                  .workspace = program->workspace,
                                  .length = (enum reply_length)program->config.length};
    view_make(&viewer, said, count, ret, &outcome);
    if (asked && count > 0) {
        const struct message last = {.text = said[count - 1].text, .len = said[count - 1].len};
        count_answer(dispatch, &outcome);
        metrics_observe_answer(dispatch->metrics, now_us() - before);
        note_if_gap(dispatch, &last, &outcome, now_ms);
    }
}

bool dispatch_gaps(struct dispatch *dispatch, size_t most, gap_visit *visit, void *context)
{
    struct error err = {0};
    return dispatch->store != NULL && (store_gaps(dispatch->store, most, visit, context, &err) ||
                                       give_up(dispatch, &err, dispatch->now_ms));
}

const char *dispatch_records(const struct dispatch *dispatch)
{
    return dispatch->program->config.records;
}

const struct knowledge *dispatch_knowledge(const struct dispatch *dispatch)
{
    return dispatch->program->knowledge;
}

/* ---- what adapters report and keep ---- */

void dispatch_delivered(struct dispatch *dispatch, int64_t id, enum delivered how,
                        uint64_t after_ms, const char *why, int64_t now_ms)
{
    outbox_delivered(dispatch->outbox, id, how, after_ms, why, now_ms);
}

bool dispatch_gap(struct dispatch *dispatch, const char *kind, const char *text, size_t len,
                  int64_t now_ms, message_settled *settled, void *context)
{
    if (dispatch->pending_count == DISPATCH_TURN_MAX || dispatch->store == NULL) {
        return false;
    }
    bool fine = begin(dispatch, now_ms) && note_gap(dispatch, kind, text, len, now_ms);
    dispatch->owing = true;
    *add_pending(dispatch) = (struct pending){
        .settled = settled, .context = context, .how = fine ? SETTLED_ANSWERED : SETTLED_FAILED};
    return true;
}

bool dispatch_note_get(struct dispatch *dispatch, const char *adapter, const char *key,
                       int64_t now_ms, void *ret, size_t cap, size_t *ret_len)
{
    struct error err = {0};
    *ret_len = 0;
    if (dispatch->store == NULL ||
        store_note_get(dispatch->store, adapter, key, now_ms, ret, cap, ret_len, &err)) {
        return true;
    }
    return give_up(dispatch, &err, now_ms);
}

bool dispatch_note_put(struct dispatch *dispatch, const char *adapter, const char *key,
                       const void *bytes, size_t len, int64_t expires_ms)
{
    struct error err = {0};
    dispatch->owing = true;
    return begin(dispatch, dispatch->now_ms) &&
           (store_note_put(dispatch->store, adapter, key, bytes, len, expires_ms, &err) ||
            give_up(dispatch, &err, dispatch->now_ms));
}

/* ---- where others share the store ---- */

bool dispatch_lease(struct dispatch *dispatch, const char *name)
{
    return dispatch->store == NULL || store_lease(dispatch->store, name);
}

void dispatch_lease_end(struct dispatch *dispatch, const char *name)
{
    if (dispatch->store != NULL) {
        store_lease_end(dispatch->store, name);
    }
}

bool dispatch_may_act(const struct dispatch *dispatch)
{
    return dispatch->store == NULL || store_may_act(dispatch->store);
}

/* ---- the end of a turn ---- */

/* On a full disk a transaction that writes nothing goes well, too. */
static bool prove_it_writes(struct dispatch *dispatch, int64_t now_ms, struct error *err)
{
    return store_note_put(dispatch->store, "whether", "writes", &now_ms, sizeof(now_ms),
                          now_ms + DAY_MS, err);
}

static bool write_turn(struct dispatch *dispatch, int64_t now_ms)
{
    struct error err = {0};
    if (!begin(dispatch, now_ms)) {
        return false;
    }
    /*
     * An answer that is given at once leaves nothing to be done: its conversation may reach the
     * disk with the next turn that does.
     */
    bool fine = outbox_write(dispatch->outbox, now_ms, &err);
    bool owing = !dispatch->healthy || dispatch->owing || outbox_wrote(dispatch->outbox);
    fine = fine && (dispatch->healthy || prove_it_writes(dispatch, now_ms, &err)) &&
           (owing ? store_commit(dispatch->store, &err) : store_commit_soon(dispatch->store, &err));
    if (!fine) {
        return give_up(dispatch, &err, now_ms);
    }
    dispatch->open = false;
    return true;
}

/* What rested on a transaction that is gone is to be sent again. */
static void fail_pending(struct dispatch *dispatch)
{
    for (size_t i = 0; i < dispatch->pending_count; i++) {
        struct pending *pending = &dispatch->pending[i];
        if (pending->how == SETTLED_ANSWERED || pending->how == SETTLED_KNOWN ||
            pending->how == SETTLED_GUARDED) {
            pending->how = SETTLED_FAILED;
        }
    }
}

static void count_settled(struct dispatch *dispatch, const struct pending *pending)
{
    if (pending->adapter == NULL) {
        return;
    }
    if (pending->how == SETTLED_KNOWN) {
        metrics_count(dispatch->metrics, METRIC_DUPLICATES, pending->adapter);
    } else if (pending->how != SETTLED_FAILED) {
        metrics_count(dispatch->metrics, METRIC_MESSAGES, pending->adapter);
    }
}

static void settle(struct dispatch *dispatch, struct pending *pending)
{
    struct given *given = pending->given;
    count_settled(dispatch, pending);
    if (given == NULL || pending->how != SETTLED_ANSWERED) {
        pending->settled(pending->context, pending->how, NULL);
    } else {
        const struct answer told = {.outcome = &given->outcome,
                                    .reply = &given->reply,
                                    .payload = given->payload.data,
                                    .payload_len = given->payload.len};
        pending->settled(pending->context, pending->how, &told);
    }
    if (given != NULL) {
        put_back(dispatch, given);
    }
}

static void settle_all(struct dispatch *dispatch)
{
    dispatch->settling = true;
    for (size_t i = 0; i < dispatch->pending_count; i++) {
        settle(dispatch, &dispatch->pending[i]);
    }
    dispatch->settling = false;
    dispatch->pending_count = 0;
}

void dispatch_commit(struct dispatch *dispatch, int64_t now_ms)
{
    dispatch->now_ms = now_ms;
    if (dispatch->store == NULL) {
        return;
    }
    if (dispatch->open || dispatch->broken || outbox_wants(dispatch->outbox, now_ms)) {
        if (write_turn(dispatch, now_ms)) {
            outbox_committed(dispatch->outbox);
            manners_keep(dispatch->manners);
            metrics_count(dispatch->metrics, METRIC_COMMITS, "done");
            if (!dispatch->healthy) {
                log_info("store.recovered", LOG_NUMBER("waiting", dispatch_waiting(dispatch)));
            }
            dispatch->healthy = true;
        } else {
            outbox_rolled_back(dispatch->outbox, now_ms);
            manners_undo(dispatch->manners);
            fail_pending(dispatch);
        }
    }
    dispatch->broken = dispatch->owing = false;
    settle_all(dispatch);
}

int64_t dispatch_send(struct dispatch *dispatch, int64_t now_ms)
{
    if (dispatch->store == NULL) {
        return INT64_MAX;
    }
    int64_t next_ms = outbox_send(dispatch->outbox, now_ms);
    int64_t tidy_ms = store_tidy(dispatch->store); /* now that nobody of this turn waits any more */
    if (tidy_ms != INT64_MAX) {
        next_ms = outbox_look_again(dispatch->outbox, now_ms);
    }
    /* While the store is in trouble, not at full speed. */
    bool hurries = !dispatch->healthy && next_ms < now_ms + OUTBOX_RETRY_MS;
    next_ms = hurries ? now_ms + OUTBOX_RETRY_MS : next_ms;
    return tidy_ms < next_ms - now_ms ? now_ms + tidy_ms : next_ms;
}

void dispatch_expire(struct dispatch *dispatch, int64_t now_ms)
{
    struct error err = {0};
    if (!begin(dispatch, now_ms)) {
        return;
    }
    if (!store_expire(dispatch->store, now_ms, &err) ||
        !outbox_expire(dispatch->outbox, now_ms, &err)) {
        give_up(dispatch, &err, now_ms);
    }
}
