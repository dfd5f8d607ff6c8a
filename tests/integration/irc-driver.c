#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "adapters/adapter.h"
#include "adapters/irc.h"
#include "bot/advisor/reply.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/dispatch.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"
#include "bot/host/metrics.h"

/*
 * The IRC adapter alone, over the real loop, with a dispatch that only records: for irc.py, which
 * plays the servers. usage: irc-driver CONFIG [TIME=MS...]
 *
 * Prints one line a happening: message, delivered, status, stopped. Answers "You said: TEXT", or,
 * to "long N", N lines. Reads commands from standard input:
 *     status                one line for each network
 *     say NETWORK ADDRESS; TEXT      a delivery; unsure NETWORK ADDRESS; TEXT: after a crash
 *     shift MS              moves the wall clock
 *     hog N                 opens N descriptors
 *     lose                  what said "hold" could not be stored: until then it is not settled
 */
enum { OUTBOX_MAX = 64, NOTES_MAX = 16, NETWORKS_MAX = 4, LINE_MAX_HERE = 8192 };

struct held {
    int64_t id;
    struct adapter *adapter;
    char *address, *conversation, *payload;
    uint64_t not_before_ms;
    bool under_way, unsure, gone;
};

struct note {
    char key[300];
    char text[16 * 1024];
    size_t len;
};

struct dispatch {
    struct adapter *adapters[NETWORKS_MAX];
    size_t adapter_count;
    struct held outbox[OUTBOX_MAX];
    size_t count;
    int64_t ids;
    struct note notes[NOTES_MAX];
    size_t settled_count;
    struct {
        message_settled *settled;
        void *context;
        enum settled how;
    } settled[256];
    bool losing;
    struct loop *loop;
};

static volatile sig_atomic_t stop_wanted;

static void on_signal(int number)
{
    (void)number;
    stop_wanted = 1;
}

static struct adapter *find_adapter(struct dispatch *dispatch, const char *name)
{
    for (size_t i = 0; i < dispatch->adapter_count; i++) {
        if (strcmp(dispatch->adapters[i]->name, name) == 0) {
            return dispatch->adapters[i];
        }
    }
    return NULL;
}

static void hold(struct dispatch *dispatch, struct adapter *adapter, const char *address,
                 const char *conversation, const char *payload, bool unsure)
{
    if (dispatch->count == OUTBOX_MAX) {
        fprintf(stderr, "driver: outbox full\n");
        exit(EXIT_FAILURE);
    }
    dispatch->outbox[dispatch->count++] = (struct held){
        .id = ++dispatch->ids,
        .adapter = adapter,
        .address = mem_strdup(address),
        .conversation = mem_strdup(conversation),
        .payload = mem_strdup(payload),
        .unsure = unsure,
    };
}

static void word_answer(const char *text, struct reply *reply)
{
    int lines = 0;
    *reply = (struct reply){0};
    if (sscanf(text, "long %d", &lines) == 1) {
        for (int i = 1; i <= lines; i++) {
            reply_add(reply, i == 1 ? BLOCK_LEAD : BLOCK_ITEM, "line %d", i);
        }
    } else {
        reply_add(reply, BLOCK_LEAD, "You said: %s", text);
    }
}

static void answer(struct dispatch *dispatch, const struct message *message, const char *text)
{
    static struct reply reply;
    struct adapter *adapter = find_adapter(dispatch, message->adapter);
    struct buf payload;
    buf_init(&payload, 64 * 1024);
    word_answer(text, &reply);
    if (adapter->ops->format(adapter, message, NULL, &reply, &payload)) {
        hold(dispatch, adapter, message->address, message->conversation, payload.data, false);
    }
    buf_finish(&payload);
}

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

bool dispatch_take(struct dispatch *dispatch, const struct message *message, int64_t now_ms,
                   message_settled *settled, void *context)
{
    static const char *const surfaces[] = {"dm", "mention", "slash", "tracker", "ambient"};
    (void)now_ms;
    if (dispatch->settled_count == ARRAY_LEN(dispatch->settled)) {
        return false;
    }
    char *text = mem_strndup(message->text, message->len);
    printf("message adapter=%s surface=%s bot=%d conversation=%s person=%s address=%s identity=%s "
           "text=%s\n",
           message->adapter, surfaces[message->surface], message->from_bot, message->conversation,
           message->person, message->address, or_dash(message->identity), text);
    bool held = strcmp(text, "hold") == 0;
    enum settled how = message->from_bot ? SETTLED_GUARDED
                       : held            ? SETTLED_FAILED
                                         : SETTLED_ANSWERED;
    if (how == SETTLED_ANSWERED && message->surface != SURFACE_AMBIENT) {
        answer(dispatch, message, text);
    }
    mem_free(text);
    size_t i = dispatch->settled_count++;
    dispatch->settled[i].settled = settled;
    dispatch->settled[i].context = context;
    dispatch->settled[i].how = how;
    return true;
}

void dispatch_delivered(struct dispatch *dispatch, int64_t id, enum delivered how,
                        uint64_t after_ms, const char *why, int64_t now_ms)
{
    static const char *const names[] = {"delivered", "later", "unsure", "refused"};
    (void)now_ms;
    printf("delivery id=%lld how=%s why=%s\n", (long long)id, names[how], or_dash(why));
    for (size_t i = 0; i < dispatch->count; i++) {
        struct held *held = &dispatch->outbox[i];
        if (held->id == id && !held->gone) {
            held->under_way = false;
            held->gone = how == DELIVERED || how == DELIVERY_REFUSED;
            held->unsure |= how == DELIVERY_UNSURE;
            held->not_before_ms = loop_now_ms(dispatch->loop) + after_ms;
        }
    }
}

static struct note *find_note(struct dispatch *dispatch, const char *adapter, const char *key,
                              bool make)
{
    char full[300];
    snprintf(full, sizeof(full), "%s|%s", adapter, key);
    for (size_t i = 0; i < NOTES_MAX; i++) {
        struct note *note = &dispatch->notes[i];
        if (strcmp(note->key, full) == 0 || (make && note->key[0] == '\0')) {
            snprintf(note->key, sizeof(note->key), "%s", full);
            return note;
        }
    }
    return NULL;
}

bool dispatch_lease(struct dispatch *dispatch, const char *name)
{
    (void)dispatch;
    (void)name;
    return true;
}

void dispatch_lease_end(struct dispatch *dispatch, const char *name)
{
    (void)dispatch;
    (void)name;
}

bool dispatch_note_get(struct dispatch *dispatch, const char *adapter, const char *key,
                       int64_t now_ms, void *ret, size_t cap, size_t *ret_len)
{
    (void)now_ms;
    struct note *note = find_note(dispatch, adapter, key, false);
    *ret_len = note && note->len <= cap ? note->len : 0;
    if (*ret_len) {
        memcpy(ret, note->text, note->len);
    }
    return true;
}

bool dispatch_note_put(struct dispatch *dispatch, const char *adapter, const char *key,
                       const void *bytes, size_t len, int64_t expires_ms)
{
    (void)expires_ms;
    struct note *note = find_note(dispatch, adapter, key, true);
    if (!note || len > sizeof(note->text)) {
        return false;
    }
    memcpy(note->text, bytes, len);
    note->len = len;
    return true;
}

/* The rest of a turn, as dispatch_commit() and dispatch_send() would do it. */

static void settle(struct dispatch *dispatch)
{
    size_t kept = 0;
    for (size_t i = 0; i < dispatch->settled_count; i++) {
        if (dispatch->settled[i].how == SETTLED_FAILED && !dispatch->losing) {
            dispatch->settled[kept++] = dispatch->settled[i];
        } else {
            dispatch->settled[i].settled(dispatch->settled[i].context, dispatch->settled[i].how,
                                         NULL);
        }
    }
    dispatch->settled_count = kept;
    dispatch->losing = false;
}

static void offer(struct dispatch *dispatch, struct held *held, uint64_t now_ms)
{
    const struct delivery delivery = {
        .id = held->id,
        .adapter = held->adapter->name,
        .conversation = held->conversation,
        .address = held->address,
        .payload = held->payload,
        .payload_len = strlen(held->payload),
        .unsure = held->unsure,
    };
    const struct adapter_ops *ops = held->adapter->ops;
    uint64_t after = 0;
    (void)dispatch;
    if (!ops->ready(held->adapter, NULL, &after) || !ops->ready(held->adapter, &delivery, &after)) {
        held->not_before_ms = now_ms + after;
        return;
    }
    held->under_way = true;
    if (!ops->send(held->adapter, &delivery, &after)) {
        held->under_way = false;
        held->not_before_ms = now_ms + after;
    }
}

static uint64_t send_due(struct dispatch *dispatch)
{
    uint64_t now = loop_now_ms(dispatch->loop), next = UINT64_MAX;
    for (size_t i = 0; i < dispatch->count; i++) {
        struct held *held = &dispatch->outbox[i];
        if (!held->gone && !held->under_way && held->not_before_ms <= now) {
            offer(dispatch, held, now);
        }
        if (!held->gone && !held->under_way && held->not_before_ms < next) {
            next = held->not_before_ms;
        }
    }
    return next;
}

/* Commands */

static void print_status(struct dispatch *dispatch)
{
    static const char *const names[] = {"starting", "ready", "troubled", "failed"};
    for (size_t i = 0; i < dispatch->adapter_count; i++) {
        struct adapter_status status;
        dispatch->adapters[i]->ops->status(dispatch->adapters[i], &status);
        printf("status adapter=%s health=%s text=%s\n", dispatch->adapters[i]->name,
               names[status.health], status.text);
    }
}

static void inject(struct dispatch *dispatch, char *words, bool unsure)
{
    char *address = strchr(words, '/'), *text = address ? strchr(address, ';') : NULL;
    if (text) {
        *address++ = '\0';
        *text++ = '\0';
        struct adapter *adapter = find_adapter(dispatch, words);
        hold(dispatch, adapter, address, address, text + 1, unsure);
    }
}

static void hog(long count)
{
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int last = -1;
    for (long i = 0; i < count; i++) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        last = fd > last ? fd : last;
    }
    printf("hogging %d\n", last);
}

static void command(struct dispatch *dispatch, char *line)
{
    if (strcmp(line, "status") == 0) {
        print_status(dispatch);
    } else if (strcmp(line, "lose") == 0) {
        dispatch->losing = true;
    } else if (strncmp(line, "say ", 4) == 0) {
        inject(dispatch, line + 4, false);
    } else if (strncmp(line, "unsure ", 7) == 0) {
        inject(dispatch, line + 7, true);
    } else if (strncmp(line, "hog ", 4) == 0) {
        hog(strtol(line + 4, NULL, 10));
    } else if (strncmp(line, "shift ", 6) == 0) {
        loop_shift_wall(dispatch->loop, strtoll(line + 6, NULL, 10));
    }
}

static bool read_commands(struct dispatch *dispatch)
{
    static char bytes[LINE_MAX_HERE];
    static size_t len;
    ssize_t got = read(STDIN_FILENO, bytes + len, sizeof(bytes) - 1 - len);
    if (got == 0) {
        return false;
    }
    len += got > 0 ? (size_t)got : 0;
    bytes[len] = '\0';
    for (char *feed; (feed = strchr(bytes, '\n')) != NULL;) {
        *feed = '\0';
        command(dispatch, bytes);
        len -= (size_t)(feed + 1 - bytes);
        memmove(bytes, feed + 1, len + 1);
    }
    return true;
}

/* Setting up */

static const struct {
    const char *name;
    size_t field;
} time_names[] = {
#define TIME(name)                              \
    {                                           \
#name, offsetof(struct irc_times, name) \
    }
    TIME(connect),  TIME(step),     TIME(silence),    TIME(pong),   TIME(pace),
    TIME(retry),    TIME(jitter),   TIME(calm),       TIME(rejoin), TIME(regain),
    TIME(services), TIME(farewell), TIME(retry_most),
};

static void read_time(const char *word, struct irc_times *times)
{
    const char *equals = strchr(word, '=');
    for (size_t i = 0; equals && i < ARRAY_LEN(time_names); i++) {
        size_t len = strlen(time_names[i].name);
        if ((size_t)(equals - word) == len && strncmp(word, time_names[i].name, len) == 0) {
            *(uint64_t *)(void *)((char *)times + time_names[i].field) =
                strtoull(equals + 1, NULL, 10);
        }
    }
}

static bool set_up(struct dispatch *dispatch, const struct config *config, struct metrics *metrics,
                   const struct irc_times *times)
{
    for (size_t i = 0; i < config->irc_count && i < NETWORKS_MAX; i++) {
        struct error err = {0};
        const struct adapter_setup setup = {.config = config,
                                            .instance = i,
                                            .dispatch = dispatch,
                                            .loop = dispatch->loop,
                                            .metrics = metrics};
        if (!adapter_irc.create(&setup, &dispatch->adapters[i], &err)) {
            printf("refused %s\n", err.text);
            return false;
        }
        irc_set_times(dispatch->adapters[i], times);
        dispatch->adapter_count++;
        adapter_irc.start(dispatch->adapters[i], loop_now_ms(dispatch->loop));
    }
    return true;
}

static void each_dispatch(struct dispatch *dispatch, const struct pollset *pollset)
{
    for (size_t i = 0; i < dispatch->adapter_count; i++) {
        struct adapter *adapter = dispatch->adapters[i];
        adapter->ops->dispatch(adapter, pollset, loop_now_ms(dispatch->loop));
    }
}

/* True when all have said good-bye. */
static bool each_stop(struct dispatch *dispatch)
{
    bool all = true;
    for (size_t i = 0; i < dispatch->adapter_count; i++) {
        struct adapter *adapter = dispatch->adapters[i];
        all &= adapter->ops->stop(adapter, loop_now_ms(dispatch->loop));
    }
    return all;
}

static void run(struct dispatch *dispatch)
{
    struct error err = {0};
    unsigned long turns = 0;
    bool stopped = false, ended = false;
    for (uint64_t next = UINT64_MAX; !stopped; turns++) {
        struct pollset *pollset = loop_begin(dispatch->loop);
        /* Their end is readable for ever. Until it was seen it wakes us, whenever a signal came. */
        size_t in = ended ? SIZE_MAX : pollset_add(pollset, STDIN_FILENO, CURL_WAIT_POLLIN);
        pollset_wake_at(pollset, next);
        for (size_t i = 0; i < dispatch->adapter_count; i++) {
            dispatch->adapters[i]->ops->prepare(dispatch->adapters[i], pollset);
        }
        if (!loop_wait(dispatch->loop, &err)) {
            fprintf(stderr, "driver: %s\n", err.text);
            exit(EXIT_FAILURE);
        }
        if (in != SIZE_MAX && pollset_ready(pollset, in) && !read_commands(dispatch)) {
            ended = true;
            stop_wanted = 1;
        }
        each_dispatch(dispatch, pollset);
        settle(dispatch);
        next = send_due(dispatch);
        stopped = stop_wanted && each_stop(dispatch);
        fflush(stdout);
    }
    printf("stopped turns=%lu\n", turns);
}

int main(int argc, char **argv)
{
    static struct dispatch dispatch;
    struct config config;
    struct fault_list faults = {0};
    struct error err = {0};
    struct irc_times times = irc_times_default;
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    log_set_up(LOG_LEVEL_DEBUG, LOG_FORMAT_LOGFMT, false);
    if (argc < 2 || !config_load(argv[1], true, &config, &faults)) {
        for (size_t i = 0; i < faults.count; i++) {
            printf("fault %d: %s\n", faults.items[i].line, faults.items[i].text);
        }
        fault_finish(&faults);
        return EXIT_FAILURE;
    }
    for (int i = 2; i < argc; i++) {
        read_time(argv[i], &times);
    }
    dispatch.loop = loop_create(&err);
    struct metrics *metrics = metrics_create();
    bool good = dispatch.loop && set_up(&dispatch, &config, metrics, &times);
    if (good) {
        run(&dispatch);
    }
    for (size_t i = 0; i < dispatch.adapter_count; i++) {
        dispatch.adapters[i]->ops->destroy(dispatch.adapters[i]);
    }
    for (size_t i = 0; i < dispatch.count; i++) {
        mem_free(dispatch.outbox[i].address);
        mem_free(dispatch.outbox[i].conversation);
        mem_free(dispatch.outbox[i].payload);
    }
    loop_destroy(dispatch.loop);
    metrics_destroy(metrics);
    config_finish(&config);
    fault_finish(&faults);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
