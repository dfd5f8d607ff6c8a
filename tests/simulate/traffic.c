#include "tests/simulate/traffic.h"

#include <assert.h>
#include <math.h>

#include "bot/base/mem.h"
#include "bot/training/random.h"
#include "tests/simulate/agenda.h"

enum happening_kind { ARRIVAL, BURST, CALL, IMPATIENCE, TURN_END, DOWN, UP };

struct message {
    double first_s, taken_s; /* taken_s < 0: not yet */
    uint32_t calls, failed;  /* how many began; the last that failed */
    bool acknowledged;
};

/* One try to deliver a message. */
struct call {
    size_t message;
    uint32_t number; /* from 1 */
    double began_s;
};

struct calls {
    struct call *items;
    size_t head, count, cap; /* [head, count) */
};

struct server {
    struct calls turn;
    uint32_t turns;   /* ends of earlier ones mean nothing any more */
    bool busy, awake; /* awake: the turn before ends in this moment */
};

struct traffic {
    const struct traffic_setup *setup;
    struct traffic_result *result;
    struct agenda agenda;
    struct message *messages;
    size_t message_count, message_cap;
    struct server *servers;
    size_t server_count;
    struct calls waiting;
    uint64_t random;
    bool down;
    double now_s, last_arrival_s, second_s;
    uint64_t second_calls;
};

static double draw(struct traffic *traffic)
{
    return (double)(random_draw(&traffic->random) >> 11) * 0x1p-53;
}

static double draw_exponential(struct traffic *traffic, double mean)
{
    return -mean * log1p(-draw(traffic));
}

static void calls_push(struct calls *calls, struct call call)
{
    if (calls->count == calls->cap && calls->head > calls->cap / 2) {
        calls->count -= calls->head;
        memmove(calls->items, calls->items + calls->head, calls->count * sizeof(*calls->items));
        calls->head = 0;
    }
    if (calls->count == calls->cap) {
        calls->cap = calls->cap == 0 ? 64 : calls->cap * 2;
        calls->items = mem_grow(calls->items, calls->cap, sizeof(*calls->items));
    }
    calls->items[calls->count++] = call;
}

static size_t calls_left(const struct calls *calls)
{
    return calls->count - calls->head;
}

static void at(struct traffic *traffic, double when_s, enum happening_kind kind, size_t subject,
               uint32_t attempt)
{
    agenda_add(&traffic->agenda, (struct happening){
                                     .at_s = when_s,
                                     .kind = kind,
                                     .subject = subject,
                                     .attempt = attempt,
                                 });
}

/* ---- who answers ---- */

static double work_us(struct traffic *traffic, const struct message *message)
{
    const struct traffic_setup *setup = traffic->setup;
    if (message->taken_s >= 0) {
        return setup->again_us;
    }
    switch (setup->law) {
    case TRAFFIC_FIXED:
        return setup->message_us;
    case TRAFFIC_EXPONENTIAL:
        return draw_exponential(traffic, setup->message_us);
    case TRAFFIC_MEASURED:
        break;
    }
    return setup->measured[(size_t)(draw(traffic) * (double)setup->measured_count)];
}

static void begin_turn(struct traffic *traffic, size_t number)
{
    struct server *server = &traffic->servers[number];
    size_t most = traffic->setup->batch == 0 ? 1 : traffic->setup->batch;
    double us = traffic->setup->turn_us + (server->awake ? 0 : traffic->setup->wake_us);
    server->turn.head = server->turn.count = 0;
    while (server->turn.count < most && calls_left(&traffic->waiting) > 0) {
        struct call call = traffic->waiting.items[traffic->waiting.head++];
        us += work_us(traffic, &traffic->messages[call.message]);
        calls_push(&server->turn, call);
    }
    server->busy = true;
    server->turns++;
    at(traffic, traffic->now_s + us / 1e6, TURN_END, number, server->turns);
    double counted_s = fmin(us / 1e6, fmax(traffic->last_arrival_s - traffic->now_s, 0));
    traffic->result->busy += counted_s;
}

static void serve(struct traffic *traffic)
{
    for (size_t i = 0; i < traffic->server_count && !traffic->down; i++) {
        if (calls_left(&traffic->waiting) == 0) {
            return;
        }
        if (!traffic->servers[i].busy) {
            begin_turn(traffic, i);
        }
    }
}

/* ---- who asks ---- */

static bool next_try(struct traffic *traffic, const struct message *message, uint32_t failed,
                     double *ret_s)
{
    const struct traffic_setup *setup = traffic->setup;
    switch (setup->retry) {
    case TRAFFIC_NEVER:
        return false;
    case TRAFFIC_MARKS:
        if (failed > setup->mark_count) {
            return false;
        }
        *ret_s = fmax(traffic->now_s, message->first_s + setup->marks_s[failed - 1]);
        return true;
    case TRAFFIC_BACKOFF:
        break;
    }
    double wait_s =
        fmin(ldexp(setup->first_s, (int)(failed < 64 ? failed : 64) - 1), setup->most_s);
    *ret_s = traffic->now_s + wait_s * (1 - setup->jitter + 2 * setup->jitter * draw(traffic));
    return true;
}

/* A call may fail in two ways, first broken and then no longer waited for, but only once. */
static void fail(struct traffic *traffic, size_t number, uint32_t call)
{
    struct message *message = &traffic->messages[number];
    if (message->acknowledged || call <= message->failed) {
        return;
    }
    message->failed = call;
    traffic->result->failed++;
    double when_s;
    if (next_try(traffic, message, call, &when_s)) {
        at(traffic, when_s, CALL, number, 0);
    }
}

/* The busiest second is the senders' return, where there was an outage. */
static void count_call(struct traffic *traffic)
{
    traffic->result->calls++;
    if (traffic->now_s < traffic->setup->up_s) {
        return;
    }
    double second_s = floor(traffic->now_s);
    if (second_s > traffic->second_s) {
        traffic->second_s = second_s;
        traffic->second_calls = 0;
    }
    if (++traffic->second_calls > traffic->result->busiest) {
        traffic->result->busiest = traffic->second_calls;
    }
}

static void call_server(struct traffic *traffic, size_t number)
{
    const struct traffic_setup *setup = traffic->setup;
    struct call call = {number, ++traffic->messages[number].calls, traffic->now_s};
    count_call(traffic);
    bool full = setup->room > 0 && calls_left(&traffic->waiting) >= setup->room;
    if (full || (traffic->down && !setup->stalls)) {
        fail(traffic, number, call.number);
        return;
    }
    if (setup->patience_s > 0) {
        at(traffic, traffic->now_s + setup->patience_s, IMPATIENCE, number, call.number);
    }
    calls_push(&traffic->waiting, call);
    if (calls_left(&traffic->waiting) > traffic->result->waiting_most) {
        traffic->result->waiting_most = calls_left(&traffic->waiting);
    }
    serve(traffic);
}

static void say(struct traffic *traffic)
{
    if (traffic->message_count == traffic->message_cap) {
        traffic->message_cap = traffic->message_cap == 0 ? 1024 : traffic->message_cap * 2;
        traffic->messages =
            mem_grow(traffic->messages, traffic->message_cap, sizeof(*traffic->messages));
    }
    traffic->messages[traffic->message_count] = (struct message){
        .first_s = traffic->now_s,
        .taken_s = -1,
    };
    call_server(traffic, traffic->message_count++);
}

static void schedule_arrival(struct traffic *traffic)
{
    double when_s = traffic->now_s + draw_exponential(traffic, 1 / traffic->setup->rate);
    if (when_s < traffic->setup->seconds) {
        at(traffic, when_s, ARRIVAL, 0, 0);
    }
}

/* ---- what happens ---- */

static void acknowledge(struct traffic *traffic, const struct call *call)
{
    struct message *message = &traffic->messages[call->message];
    if (message->taken_s >= 0) {
        traffic->result->again++;
    } else {
        message->taken_s = traffic->now_s;
        sample_add(&traffic->result->taken_s, traffic->now_s - message->first_s);
    }
    double patience_s = traffic->setup->patience_s;
    if (patience_s <= 0 || traffic->now_s - call->began_s < patience_s) {
        message->acknowledged = true;
    }
}

static void end_turn(struct traffic *traffic, size_t number, uint32_t turn)
{
    struct server *server = &traffic->servers[number];
    if (turn != server->turns) {
        return;
    }
    for (size_t i = 0; i < server->turn.count; i++) {
        acknowledge(traffic, &server->turn.items[i]);
    }
    server->busy = false;
    server->awake = true;
    serve(traffic);
    server->awake = false;
}

static void break_calls(struct traffic *traffic, struct calls *calls)
{
    for (; calls->head < calls->count; calls->head++) {
        fail(traffic, calls->items[calls->head].message, calls->items[calls->head].number);
    }
}

static void go_down(struct traffic *traffic)
{
    traffic->down = true;
    if (traffic->setup->stalls) {
        return;
    }
    for (size_t i = 0; i < traffic->server_count; i++) {
        struct server *server = &traffic->servers[i];
        if (server->busy) {
            break_calls(traffic, &server->turn);
            server->busy = false;
            server->turns++;
        }
    }
    break_calls(traffic, &traffic->waiting);
}

static void happen(struct traffic *traffic, const struct happening *happening)
{
    size_t subject = (size_t)happening->subject;
    switch ((enum happening_kind)happening->kind) {
    case ARRIVAL:
        schedule_arrival(traffic);
        say(traffic);
        break;
    case BURST:
        for (uint32_t i = 0; i < traffic->setup->burst; i++) {
            say(traffic);
        }
        break;
    case CALL:
        call_server(traffic, subject);
        break;
    case IMPATIENCE:
        fail(traffic, subject, happening->attempt);
        break;
    case TURN_END:
        end_turn(traffic, subject, happening->attempt);
        break;
    case DOWN:
        go_down(traffic);
        break;
    case UP:
        traffic->down = false;
        serve(traffic);
        break;
    }
}

static void begin(struct traffic *traffic)
{
    const struct traffic_setup *setup = traffic->setup;
    if (setup->rate > 0) {
        schedule_arrival(traffic);
    }
    if (setup->burst > 0) {
        at(traffic, setup->burst_s, BURST, 0, 0);
    }
    if (setup->up_s > setup->down_s) {
        at(traffic, setup->down_s, DOWN, 0, 0);
        at(traffic, setup->up_s, UP, 0, 0);
    }
}

static void sum_up(struct traffic *traffic)
{
    struct traffic_result *result = traffic->result;
    double up_s = traffic->setup->up_s;
    result->messages = traffic->message_count;
    for (size_t i = 0; i < traffic->message_count; i++) {
        const struct message *message = &traffic->messages[i];
        if (message->taken_s < 0) {
            result->lost++;
        } else if (message->first_s < up_s) {
            result->caught_up_s = fmax(result->caught_up_s, message->taken_s - up_s);
        }
    }
    if (traffic->last_arrival_s > 0) {
        result->busy /= traffic->last_arrival_s * (double)traffic->server_count;
    }
}

void traffic_run(const struct traffic_setup *setup, struct traffic_result *ret)
{
    assert(setup->law != TRAFFIC_MEASURED || setup->measured_count > 0);
    assert(setup->mark_count <= TRAFFIC_MARKS_MAX);
    *ret = (struct traffic_result){0};
    struct traffic traffic = {
        .setup = setup,
        .result = ret,
        .server_count = setup->servers == 0 ? 1 : setup->servers,
        .random = setup->seed,
        .last_arrival_s = setup->seconds,
    };
    traffic.servers = mem_alloc(traffic.server_count * sizeof(*traffic.servers));
    begin(&traffic);
    struct happening happening;
    while (agenda_next(&traffic.agenda, &happening)) {
        traffic.now_s = happening.at_s;
        happen(&traffic, &happening);
    }
    sum_up(&traffic);
    for (size_t i = 0; i < traffic.server_count; i++) {
        mem_free(traffic.servers[i].turn.items);
    }
    mem_free(traffic.servers);
    mem_free(traffic.waiting.items);
    mem_free(traffic.messages);
    agenda_finish(&traffic.agenda);
}

void traffic_finish(struct traffic_result *result)
{
    sample_finish(&result->taken_s);
}
