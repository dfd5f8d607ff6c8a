#include "adapters/http_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/loop.h"

enum {
    CONNECT_MS = 5000,
    CONNECTION_AGE_S = 60,        /* an idle connection older than this is not used again */
    RETRY_AFTER_MAX_S = 24 * 3600 /* longer ones are somebody's mistake */
};

struct call {
    struct http_client *client;
    struct call *previous, *next;
    CURL *easy;
    struct curl_slist *headers;
    char *body; /* owned, as the rest */
    size_t len, sent;
    struct buf answer;
    char error[CURL_ERROR_SIZE];
    http_done *done;
    void *context;
};

struct http_client {
    struct loop *loop;
    struct call *calls;
    size_t busy;
};

struct http_client *http_client_create(struct loop *loop)
{
    struct http_client *client = mem_alloc(sizeof(*client));
    client->loop = loop;
    return client;
}

static void link_call(struct call *call)
{
    struct http_client *client = call->client;
    call->next = client->calls;
    if (call->next != NULL) {
        call->next->previous = call;
    }
    client->calls = call;
    client->busy++;
}

static void unlink_call(struct call *call)
{
    struct http_client *client = call->client;
    *(call->previous ? &call->previous->next : &client->calls) = call->next;
    if (call->next != NULL) {
        call->next->previous = call->previous;
    }
    client->busy--;
}

static void free_call(struct call *call)
{
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    buf_finish(&call->answer);
    mem_free(call->body);
    mem_free(call);
}

/*
 * The body goes through a callback that cannot rewind, on purpose: when a kept connection turns
 * out dead, libcurl sends the request again by itself, though the other side may have taken it.
 * Once bytes of the body are out it now fails instead (CURLE_SEND_FAIL_REWIND), and the caller
 * hears that the request may have arrived.
 */
static size_t on_read(char *ret, size_t size, size_t count, void *context)
{
    struct call *call = context;
    size_t room = size * count, left = call->len - call->sent;
    size_t step = left < room ? left : room;
    memcpy(ret, call->body + call->sent, step);
    call->sent += step;
    return step;
}

/* Less than what it was given ends the transfer: the answer is over HTTP_ANSWER_MAX. */
static size_t on_write(char *data, size_t size, size_t count, void *context)
{
    struct call *call = context;
    return buf_append(&call->answer, data, size * count) ? size * count : 0;
}

static uint64_t retry_after_ms(CURL *easy)
{
    curl_off_t seconds = 0;
    if (curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds <= 0) {
        return 0;
    }
    return 1000 * (uint64_t)(seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S);
}

static const char *reason(const struct call *call, CURLcode code)
{
    if (code == CURLE_WRITE_ERROR) {
        return "the answer is too large";
    }
    if (code == CURLE_SEND_FAIL_REWIND) {
        return "the connection broke after the request was sent";
    }
    return call->error[0] ? call->error : curl_easy_strerror(code);
}

static void on_done(void *context, CURL *easy, CURLcode code)
{
    struct call *call = context;
    struct http_answer answer = {0};
    long request_bytes = 0;
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    answer.sent = request_bytes > 0;
    answer.body = call->answer.data ? call->answer.data : "";
    answer.len = call->answer.len;
    if (code == CURLE_OK) {
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
        answer.retry_after_ms = retry_after_ms(easy);
    } else {
        answer.error = reason(call, code);
    }
    unlink_call(call);
    call->done(call->context, &answer);
    free_call(call);
}

static bool add_headers(struct call *call, const char *const *headers)
{
    /* An empty Expect: without it libcurl waits a second for "100 Continue" with larger bodies. */
    call->headers = curl_slist_append(NULL, "Expect:");
    for (size_t i = 0; headers != NULL && headers[i] != NULL && call->headers != NULL; i++) {
        struct curl_slist *longer =
            i < HTTP_HEADERS_MAX ? curl_slist_append(call->headers, headers[i]) : NULL;
        if (longer == NULL) {
            return false;
        }
        call->headers = longer;
    }
    return call->headers != NULL;
}

/*
 * Where a link is cut the kernel goes on sending what we wrote, long after we have given it up and
 * closed it, and another replica has looked there and said it itself.
 */
static int limit_lateness(void *context, curl_socket_t fd, curlsocktype purpose)
{
    const unsigned ms = HTTP_LATE_MS;
    (void)context;
    (void)purpose;
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms)); /* else as it always was */
    return CURL_SOCKOPT_OK;
}

static void set_safety(const struct call *call, uint64_t timeout_ms)
{
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L); /* PROTOCOLS.md 3.12 */
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, limit_lateness);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* Else whoever gives up a call waits for the thread that still asks a dead name server. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(timeout_ms ? timeout_ms : HTTP_TIMEOUT_MS));
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)CONNECTION_AGE_S);
}

static void set_request(struct call *call, const struct http_call *wanted)
{
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_URL, wanted->url);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "whether/" WHETHER_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    if (wanted->body != NULL) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->len);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(easy, CURLOPT_READDATA, call);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, wanted->method);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
}

static struct call *create_call(struct http_client *client, const struct http_call *wanted)
{
    struct call *call = mem_alloc(sizeof(*call));
    call->client = client;
    buf_init(&call->answer, HTTP_ANSWER_MAX);
    call->len = wanted->len;
    call->body = mem_alloc(wanted->len + 1);
    if (wanted->len > 0) {
        memcpy(call->body, wanted->body, wanted->len);
    }
    call->easy = curl_easy_init();
    if (call->easy == NULL || !add_headers(call, wanted->headers)) {
        free_call(call);
        return NULL;
    }
    set_safety(call, wanted->timeout_ms);
    set_request(call, wanted);
    return call;
}

bool http_client_send(struct http_client *client, const struct http_call *wanted, http_done *done,
                      void *context, struct error *err)
{
    struct call *call = create_call(client, wanted);
    if (call == NULL) {
        return error_set(err, ERROR_ENVIRONMENT, "cannot prepare a request");
    }
    call->done = done;
    call->context = context;
    if (!loop_add(client->loop, call->easy, false, on_done, call)) {
        free_call(call);
        return error_set(err, ERROR_ENVIRONMENT, "cannot begin a request");
    }
    link_call(call);
    return true;
}

static void end_call(struct call *call)
{
    loop_remove(call->client->loop, call->easy);
    unlink_call(call);
    free_call(call);
}

void http_client_drop(struct http_client *client, const void *context)
{
    for (struct call *call = client->calls, *next; call != NULL; call = next) {
        next = call->next;
        if (call->context == context) {
            end_call(call);
        }
    }
}

/* The oldest: new ones stand in front. */
static struct call *last_call(struct call *call)
{
    while (call->next != NULL) {
        call = call->next;
    }
    return call;
}

void http_client_abort(struct http_client *client, const char *why)
{
    for (size_t count = client->busy; count > 0 && client->calls != NULL; count--) {
        struct call *call = last_call(client->calls);
        loop_remove(client->loop, call->easy);
        snprintf(call->error, sizeof(call->error), "%s", why);
        on_done(call, call->easy, CURLE_ABORTED_BY_CALLBACK);
    }
}

void http_client_destroy(struct http_client *client)
{
    if (client == NULL) {
        return;
    }
    while (client->calls != NULL) {
        end_call(client->calls);
    }
    mem_free(client);
}

size_t http_client_busy(const struct http_client *client)
{
    return client->busy;
}
