#include "bot/host/redis_link.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/connect_only.h"
#include "bot/host/redis_address.h"

enum { READ_SIZE = 16 * 1024, KEEP_SIZE = 256 * 1024 };

struct redis_link {
    struct redis_address address;
    struct redis_tls tls;
    enum redis_link_state state;
    CURLM *multi;
    CURL *easy; /* NULL: closed */
    curl_socket_t fd;
    char said[CURL_ERROR_SIZE];
    redisReader *reader;
    struct buf out;
    size_t added;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct redis_link *redis_link_create(const struct redis_address *address,
                                     const struct redis_tls *tls)
{
    struct redis_link *link = mem_alloc(sizeof(*link));
    link->address = *address;
    link->tls = *tls;
    buf_init(&link->out, REDIS_BYTES_MAX);
    return link;
}

void redis_link_close(struct redis_link *link)
{
    if (link->easy != NULL) {
        curl_multi_remove_handle(link->multi, link->easy);
        curl_easy_cleanup(link->easy);
        curl_multi_cleanup(link->multi);
    }
    if (link->reader != NULL) {
        redisReaderFree(link->reader);
    }
    link->multi = NULL;
    link->easy = NULL;
    link->reader = NULL;
    link->state = REDIS_CLOSED;
    mem_wipe(link->out.data, link->out.len); /* it may hold the password */
    buf_clear(&link->out);
    link->added = 0;
}

void redis_link_destroy(struct redis_link *link)
{
    if (link != NULL) {
        redis_link_close(link);
        buf_finish(&link->out);
        mem_free(link);
    }
}

enum redis_link_state redis_link_state(const struct redis_link *link)
{
    return link->state;
}

/* ---- connecting ---- */

/* No proxy: not what is meant for the web. */
static bool set_options(struct redis_link *link)
{
    const struct redis_address *to = &link->address;
    char host[REDIS_HOST_MAX + 20];
    snprintf(host, sizeof(host), "%s:%u", to->host, to->port);
    return connect_only_set(link->easy,
                            &(struct connect_only){.host = to->local ? "localhost" : host,
                                                   .socket = to->local ? to->host : "",
                                                   .tls = to->tls,
                                                   .ca_file = link->tls.ca_file,
                                                   .cert_file = link->tls.cert_file,
                                                   .key_file = link->tls.key_file,
                                                   .connect_ms = REDIS_CONNECT_MS,
                                                   .said = link->said});
}

bool redis_link_open(struct redis_link *link, struct error *err)
{
    redis_link_close(link);
    link->said[0] = '\0';
    link->easy = curl_easy_init();
    link->multi = curl_multi_init();
    if (link->easy == NULL || link->multi == NULL || !set_options(link) ||
        curl_multi_add_handle(link->multi, link->easy) != CURLM_OK) {
        redis_link_close(link);
        return error_set(err, ERROR_ENVIRONMENT, "libcurl cannot be set up for it");
    }
    link->state = REDIS_CONNECTING;
    return true;
}

static bool connected(struct redis_link *link, CURLcode code, struct error *err)
{
    if (code == CURLE_OK) {
        code = curl_easy_getinfo(link->easy, CURLINFO_ACTIVESOCKET, &link->fd);
    }
    link->reader = code == CURLE_OK ? redisReaderCreate() : NULL;
    if (link->reader == NULL) {
        error_set(err, ERROR_ENVIRONMENT, "%s",
                  link->said[0] ? link->said : curl_easy_strerror(code));
        redis_link_close(link);
        return false;
    }
    link->state = REDIS_OPEN;
    return true;
}

bool redis_link_drive(struct redis_link *link, int wait_ms, struct error *err)
{
    int64_t end_ms = now_ms() + wait_ms;
    while (link->state == REDIS_CONNECTING) {
        int running, queued, left = (int)(end_ms - now_ms());
        curl_multi_perform(link->multi, &running);
        for (CURLMsg *message; (message = curl_multi_info_read(link->multi, &queued)) != NULL;) {
            if (message->msg == CURLMSG_DONE) {
                return connected(link, message->data.result, err);
            }
        }
        if (left <= 0) {
            break;
        }
        curl_multi_poll(link->multi, NULL, 0, left, NULL);
    }
    return true;
}

/* ---- a round trip ---- */

void redis_link_add(struct redis_link *link, size_t count, const char *const *words,
                    const size_t *lens)
{
    char *command = NULL;
    /* hiredis takes pointers that it could change and does not. */
    union {
        const char *const *from;
        const char **to;
    } argv = {words};
    long long len = redisFormatCommandArgv(&command, (int)count, argv.to, lens);
    if (len > 0) {
        buf_append(&link->out, command, (size_t)len);
        redisFreeCommand(command);
    }
    link->added++;
}

size_t redis_link_added(const struct redis_link *link)
{
    return link->added;
}

static bool broke(struct redis_link *link, const char *why, struct error *err)
{
    redis_link_close(link);
    return error_set(err, ERROR_ENVIRONMENT, "the connection broke: %s", why);
}

/* False: not within the time. */
static bool wait_for(const struct redis_link *link, short events, int64_t end_ms)
{
    struct pollfd fd = {.fd = link->fd, .events = events};
    int64_t left;
    int count = -1;
    while (count < 0 && (left = end_ms - now_ms()) > 0) {
        count = poll(&fd, 1, (int)left);
        if (count < 0 && errno != EINTR) {
            return false;
        }
    }
    return count > 0;
}

static bool send_all(struct redis_link *link, int64_t end_ms, struct error *err)
{
    size_t at = 0;
    while (at < link->out.len) {
        size_t sent = 0;
        CURLcode code = curl_easy_send(link->easy, link->out.data + at, link->out.len - at, &sent);
        at += sent;
        if (code == CURLE_AGAIN) {
            if (!wait_for(link, POLLOUT, end_ms)) {
                return broke(link, "it takes nothing", err);
            }
        } else if (code != CURLE_OK) {
            return broke(link, curl_easy_strerror(code), err);
        }
    }
    return true;
}

static bool receive(struct redis_link *link, int64_t end_ms, struct error *err)
{
    char bytes[READ_SIZE];
    size_t got = 0;
    CURLcode code = curl_easy_recv(link->easy, bytes, sizeof(bytes), &got);
    if (code == CURLE_AGAIN) {
        return wait_for(link, POLLIN, end_ms) || broke(link, "no reply within the time", err);
    }
    if (code != CURLE_OK || got == 0) {
        return broke(link, code == CURLE_OK ? "it was closed" : curl_easy_strerror(code), err);
    }
    return redisReaderFeed(link->reader, bytes, got) == REDIS_OK ||
           broke(link, link->reader->errstr, err);
}

static bool next_reply(struct redis_link *link, redisReply **ret, int64_t end_ms, struct error *err)
{
    void *reply = NULL;
    for (;;) {
        if (redisReaderGetReply(link->reader, &reply) != REDIS_OK) {
            return broke(link, link->reader->errstr, err);
        }
        if (reply != NULL) {
            *ret = reply;
            return true;
        }
        if (!receive(link, end_ms, err)) {
            return false;
        }
    }
}

void redis_link_free(redisReply **replies, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        freeReplyObject(replies[i]);
        replies[i] = NULL;
    }
}

static void forget_sent(struct redis_link *link)
{
    size_t size = link->out.len;
    mem_wipe(link->out.data, size); /* the first of a connection hold the password */
    buf_clear(&link->out);
    link->added = 0;
    if (size > KEEP_SIZE) {
        buf_finish(&link->out);
        buf_init(&link->out, REDIS_BYTES_MAX);
    }
}

bool redis_link_run(struct redis_link *link, redisReply **ret, size_t cap, struct error *err)
{
    int64_t end_ms = now_ms() + REDIS_REPLY_MS;
    size_t count = link->added, got = 0;
    assert(link->state == REDIS_OPEN);
    if (link->out.failed || count > cap) {
        return broke(link, "more was to be said than fits", err);
    }
    bool fine = send_all(link, end_ms, err);
    forget_sent(link);
    while (fine && got < count) {
        fine = next_reply(link, &ret[got], end_ms, err);
        got += fine;
    }
    if (!fine) {
        redis_link_free(ret, got);
    }
    return fine;
}
