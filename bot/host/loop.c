#include "bot/host/loop.h"

#include <assert.h>
#include <limits.h>
#include <time.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"

struct transfer {
    loop_done *done;
    void *context;
    bool keep, ended;
};

struct pollset {
    struct curl_waitfd *items; /* owned */
    size_t count, cap;
    uint64_t wake_at_ms; /* UINT64_MAX: nobody wants to be woken */
};

struct loop {
    CURLM *multi;
    struct pollset pollset;
    size_t transfers;
    struct timers timers;
    loop_woke *woke;
    void *woke_context;
    uint64_t now_ms;
    int64_t wall_ms, wall_shift_ms;
};

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void read_clocks(struct loop *loop)
{
    loop->now_ms = (uint64_t)clock_ms(CLOCK_MONOTONIC);
    loop->wall_ms = clock_ms(CLOCK_REALTIME) + loop->wall_shift_ms;
}

struct loop *loop_create(struct error *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        error_set(err, ERROR_ENVIRONMENT, "libcurl does not start");
        return NULL;
    }
    struct loop *loop = mem_alloc(sizeof(*loop));
    loop->multi = curl_multi_init();
    if (loop->multi == NULL) {
        curl_global_cleanup();
        mem_free(loop);
        error_set(err, ERROR_ENVIRONMENT, "libcurl does not start: no memory");
        return NULL;
    }
    loop->pollset.wake_at_ms = UINT64_MAX;
    read_clocks(loop);
    return loop;
}

void loop_destroy(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    assert(loop->transfers == 0);
    curl_multi_cleanup(loop->multi);
    curl_global_cleanup();
    timers_finish(&loop->timers);
    mem_free(loop->pollset.items);
    mem_free(loop);
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

int64_t loop_wall_ms(const struct loop *loop)
{
    return loop->wall_ms;
}

void loop_shift_wall(struct loop *loop, int64_t shift_ms)
{
    loop->wall_shift_ms = shift_ms;
    read_clocks(loop);
}

struct pollset *loop_begin(struct loop *loop)
{
    loop->pollset.count = 0;
    loop->pollset.wake_at_ms = UINT64_MAX;
    return &loop->pollset;
}

void loop_on_wake(struct loop *loop, loop_woke *woke, void *context)
{
    loop->woke = woke;
    loop->woke_context = context;
}

size_t pollset_add(struct pollset *pollset, int fd, unsigned events)
{
    if (pollset->count == pollset->cap) {
        pollset->cap = pollset->cap == 0 ? 16 : pollset->cap * 2;
        pollset->items = mem_grow(pollset->items, pollset->cap, sizeof(*pollset->items));
    }
    pollset->items[pollset->count] = (struct curl_waitfd){.fd = fd, .events = (short)events};
    return pollset->count++;
}

unsigned pollset_ready(const struct pollset *pollset, size_t index)
{
    assert(index < pollset->count);
    return (unsigned)pollset->items[index].revents;
}

void pollset_wake_at(struct pollset *pollset, uint64_t at_ms)
{
    pollset->wake_at_ms = at_ms < pollset->wake_at_ms ? at_ms : pollset->wake_at_ms;
}

void loop_call_at(struct loop *loop, struct timer *timer, uint64_t at_ms, timer_due *due,
                  void *context)
{
    timers_set(&loop->timers, timer, at_ms, due, context);
}

void loop_call_off(struct loop *loop, struct timer *timer)
{
    timers_stop(&loop->timers, timer);
}

/* From the clock itself, not from the turn's: a long turn must not prolong the sleep. */
static int sleep_ms(const struct loop *loop)
{
    uint64_t now = (uint64_t)clock_ms(CLOCK_MONOTONIC), timer = timers_next(&loop->timers);
    uint64_t at = timer < loop->pollset.wake_at_ms ? timer : loop->pollset.wake_at_ms;
    if (at <= now) {
        return 0;
    }
    return at - now > INT_MAX ? INT_MAX : (int)(at - now);
}

static struct transfer *transfer_of(CURL *easy)
{
    struct transfer *transfer = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
    return transfer;
}

static void finish(struct loop *loop, CURL *easy, CURLcode code)
{
    struct transfer *transfer = transfer_of(easy);
    loop_done *done = transfer->done;
    void *context = transfer->context;
    transfer->ended = true;
    if (!transfer->keep) {
        loop_remove(loop, easy);
    }
    done(context, easy, code);
}

/* One message at a time: what it points to is gone with the handle that `done` may remove. */
static void tell_ended(struct loop *loop)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(loop->multi, &left)) != NULL;) {
        if (message->msg == CURLMSG_DONE && !transfer_of(message->easy_handle)->ended) {
            finish(loop, message->easy_handle, message->data.result);
        }
    }
}

bool loop_wait(struct loop *loop, struct error *err)
{
    int running;
    CURLMcode code = curl_multi_poll(loop->multi, loop->pollset.items,
                                     (unsigned)loop->pollset.count, sleep_ms(loop), NULL);
    read_clocks(loop);
    if (loop->woke != NULL) {
        loop->woke(loop->woke_context);
    }
    if (code == CURLM_OK) {
        code = curl_multi_perform(loop->multi, &running);
    }
    if (code != CURLM_OK) {
        return error_set(err, ERROR_ENVIRONMENT, "waiting failed: %s", curl_multi_strerror(code));
    }
    tell_ended(loop);
    timers_run(&loop->timers, loop->now_ms);
    return true;
}

bool loop_add(struct loop *loop, CURL *easy, bool keep, loop_done *done, void *context)
{
    struct transfer *transfer = mem_alloc(sizeof(*transfer));
    *transfer = (struct transfer){.done = done, .context = context, .keep = keep};
    if (curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) != CURLE_OK ||
        curl_multi_add_handle(loop->multi, easy) != CURLM_OK) {
        curl_easy_setopt(easy, CURLOPT_PRIVATE, NULL);
        mem_free(transfer);
        return false;
    }
    loop->transfers++;
    return true;
}

void loop_remove(struct loop *loop, CURL *easy)
{
    struct transfer *transfer = transfer_of(easy);
    if (transfer == NULL) {
        return;
    }
    curl_multi_remove_handle(loop->multi, easy);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, NULL);
    mem_free(transfer);
    loop->transfers--;
}
