#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/http_client.h"
#include "adapters/http_server.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "tests/unit/http-bench.h"

/* ---- the client ---- */

struct outcome_of_call {
    size_t calls;
    long status;
    bool sent;
    uint64_t retry_after_ms;
    char body[200], error[200];
    size_t len;
};

static void on_done(void *context, const struct http_answer *answer)
{
    struct outcome_of_call *outcome = context;
    outcome->calls++;
    outcome->status = answer->status;
    outcome->sent = answer->sent;
    outcome->retry_after_ms = answer->retry_after_ms;
    outcome->len = answer->len;
    snprintf(outcome->body, sizeof(outcome->body), "%s", answer->body);
    snprintf(outcome->error, sizeof(outcome->error), "%s", answer->error ? answer->error : "");
}

static void begin(const struct http_call *call, struct outcome_of_call *outcome)
{
    struct error err = {0};
    memset(outcome, 0, sizeof(*outcome));
    assert_true(http_client_send(bench.client, call, on_done, outcome, &err));
    assert_int_equal(outcome->calls, 0);
}

static void await_outcome(struct outcome_of_call *outcome)
{
    for (size_t i = 0; i < TURNS_MAX && outcome->calls == 0; i++) {
        turn();
    }
    assert_int_equal(outcome->calls, 1);
}

static const char *url(const char *path)
{
    static char text[200];
    snprintf(text, sizeof(text), "http://127.0.0.1:%u%s", http_server_port(bench.server), path);
    return text;
}

static void test_client(void **state)
{
    (void)state;
    struct outcome_of_call outcome;
    const char *headers[] = {"Content-Type: text/plain", "X-Token: a", NULL};
    begin(&(struct http_call){"POST", url("/echo"), headers, "hello", 5, 0}, &outcome);
    assert_int_equal(http_client_busy(bench.client), 1);
    await_outcome(&outcome);
    assert_int_equal(outcome.status, 200);
    assert_true(outcome.sent);
    assert_string_equal(outcome.body, "hello");
    assert_int_equal(http_client_busy(bench.client), 0);
    begin(&(struct http_call){"GET", url("/echo"), NULL, NULL, 0, 0}, &outcome);
    await_outcome(&outcome);
    assert_int_equal(outcome.status, 200);
    assert_int_equal(outcome.len, 0);
    begin(&(struct http_call){"DELETE", url("/nothing"), NULL, NULL, 0, 0}, &outcome);
    await_outcome(&outcome);
    assert_int_equal(outcome.status, 404);
    assert_string_equal(outcome.error, "");
}

/* 1,000 kB through the callback, in many pieces. */
static void test_client_large(void **state)
{
    (void)state;
    struct outcome_of_call outcome;
    size_t len = HTTP_BODY_MAX;
    char *body = mem_alloc(len + 1);
    memset(body, 'y', len);
    begin(&(struct http_call){"POST", url("/echo"), NULL, body, len, 0}, &outcome);
    await_outcome(&outcome);
    mem_free(body);
    assert_int_equal(outcome.status, 200);
    assert_int_equal(outcome.len, len);
}

static void test_client_unreachable(void **state)
{
    (void)state;
    struct outcome_of_call outcome;
    /* A port that nobody listens on: bound, and not listening. */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(fd, (struct sockaddr *)&address, len);
    getsockname(fd, (struct sockaddr *)&address, &len);
    char text[100];
    snprintf(text, sizeof(text), "http://127.0.0.1:%u/secret", ntohs(address.sin_port));
    begin(&(struct http_call){"POST", text, NULL, "x", 1, 0}, &outcome);
    await_outcome(&outcome);
    assert_int_equal(outcome.status, 0);
    assert_false(outcome.sent);
    assert_true(outcome.error[0] != '\0');
    assert_null(strstr(outcome.error, "secret"));
    close(fd);
    begin(&(struct http_call){"GET", "file:///etc/passwd", NULL, NULL, 0, 0}, &outcome);
    await_outcome(&outcome);
    assert_int_equal(outcome.status, 0);
    assert_int_equal(outcome.len, 0);
}

static void test_client_timeout(void **state)
{
    (void)state;
    struct outcome_of_call outcome;
    begin(&(struct http_call){"POST", url("/hold"), NULL, "x", 1, 200}, &outcome);
    await_outcome(&outcome);
    assert_int_equal(outcome.status, 0);
    assert_true(outcome.sent);
    http_respond(bench.held, 200, NULL, "", 0, NULL);
}

/* Of this process' sockets that are connected to the port, how many give up what is not heard. */
static size_t sockets_in_time(unsigned port)
{
    size_t count = 0;
    for (int fd = 0; fd < 2048; fd++) {
        struct sockaddr_in peer = {0};
        unsigned ms = 0;
        socklen_t len = sizeof(peer), ms_len = sizeof(ms);
        count += getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
                 peer.sin_family == AF_INET && ntohs(peer.sin_port) == port &&
                 getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, &ms_len) == 0 &&
                 ms == HTTP_LATE_MS;
    }
    return count;
}

static void test_client_late(void **state)
{
    (void)state;
    struct outcome_of_call outcome;
    begin(&(struct http_call){"POST", url("/hold"), NULL, "x", 1, 0}, &outcome);
    for (size_t i = 0; i < TURNS_MAX && bench.held == NULL; i++) {
        turn();
    }
    assert_int_equal(sockets_in_time(http_server_port(bench.server)), 1);
    http_respond(bench.held, 200, "text/plain", "ok", 2, NULL);
    await_outcome(&outcome);
}

static void test_client_drop(void **state)
{
    (void)state;
    struct outcome_of_call outcome, other;
    begin(&(struct http_call){"POST", url("/hold"), NULL, "x", 1, 0}, &outcome);
    begin(&(struct http_call){"POST", url("/echo"), NULL, "x", 1, 0}, &other);
    http_client_drop(bench.client, &outcome);
    assert_int_equal(http_client_busy(bench.client), 1);
    await_outcome(&other);
    assert_int_equal(outcome.calls, 0);
    /* tear_down() ends this one. */
    begin(&(struct http_call){"POST", url("/hold"), NULL, "x", 1, 0}, &outcome);
    turn();
}

/* ---- a server that does what it is told: one scripted answer a connection ---- */

struct scripted {
    int listener, fd;
    unsigned port;
    size_t requests; /* complete ones, with the body "body" */
};

static void scripted_start(struct scripted *scripted)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *scripted = (struct scripted){.listener = socket(AF_INET, SOCK_STREAM, 0), .fd = -1};
    assert_int_equal(bind(scripted->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(scripted->listener, 8), 0);
    fcntl(scripted->listener, F_SETFL, O_NONBLOCK);
    getsockname(scripted->listener, (struct sockaddr *)&address, &len);
    scripted->port = ntohs(address.sin_port);
}

static void scripted_stop(struct scripted *scripted)
{
    close(scripted->fd);
    close(scripted->listener);
}

/* Waits for a whole request with the body "body", on the connection there is or on a new one. */
static bool scripted_hear(struct scripted *scripted, size_t turns)
{
    char request[4000] = "";
    size_t len = 0;
    for (size_t i = 0; i < turns; i++) {
        int fd = accept(scripted->listener, NULL, NULL);
        if (fd >= 0) {
            close(scripted->fd);
            scripted->fd = fd;
            fcntl(fd, F_SETFL, O_NONBLOCK);
            len = 0;
        }
        ssize_t got = recv(scripted->fd, request + len, sizeof(request) - 1 - len, 0);
        len += got > 0 ? (size_t)got : 0;
        request[len] = '\0';
        if (strstr(request, "\r\n\r\nbody") != NULL) {
            scripted->requests++;
            return true;
        }
        turn();
    }
    return false;
}

static void call_scripted(struct scripted *scripted, struct outcome_of_call *outcome)
{
    char text[100];
    snprintf(text, sizeof(text), "http://127.0.0.1:%u/", scripted->port);
    begin(&(struct http_call){"POST", text, NULL, "body", 4, 2000}, outcome);
}

static void test_client_retry_after(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        uint64_t least, most;
    } rows[] = {
        {"Retry-After: 7\r\n", 7000, 7000},
        {"retry-after:  120\r\n", 120000, 120000},
        {"Retry-After: 0\r\n", 0, 0},
        {"Retry-After: -5\r\n", 0, 0},
        {"Retry-After: soon\r\n", 0, 0},
        {"Retry-After: 99999999999\r\n", 24 * 3600 * 1000, 24 * 3600 * 1000},
        {"Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", 0, 0},
        {"", 0, 0},
        {"@60", 50000, 60000}, /* a date so many seconds from now */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scripted scripted;
        struct outcome_of_call outcome;
        char answer[400], date[100];
        snprintf(date, sizeof(date), "%s", rows[i].header);
        if (date[0] == '@') {
            struct tm tm;
            time_t at = time(NULL) + 60;
            gmtime_r(&at, &tm);
            strftime(date, sizeof(date), "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
        }
        snprintf(answer, sizeof(answer),
                 "HTTP/1.1 429 Too Many Requests\r\n%sContent-Length: 0\r\n\r\n", date);
        scripted_start(&scripted);
        call_scripted(&scripted, &outcome);
        assert_true(scripted_hear(&scripted, TURNS_MAX));
        send(scripted.fd, answer, strlen(answer), MSG_NOSIGNAL);
        await_outcome(&outcome);
        assert_int_equal(outcome.status, 429);
        if (outcome.retry_after_ms < rows[i].least || outcome.retry_after_ms > rows[i].most) {
            fail_msg("%s: %llu", rows[i].header, (unsigned long long)outcome.retry_after_ms);
        }
        scripted_stop(&scripted);
    }
}

/*
 * The other side takes a request on a kept connection and then dies: libcurl by itself would send
 * it again, and the answer would be said twice.
 */
static void test_client_never_twice(void **state)
{
    (void)state;
    static const char fine[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    struct scripted scripted;
    struct outcome_of_call outcome;
    scripted_start(&scripted);
    call_scripted(&scripted, &outcome);
    assert_true(scripted_hear(&scripted, TURNS_MAX));
    send(scripted.fd, fine, sizeof(fine) - 1, MSG_NOSIGNAL);
    await_outcome(&outcome);
    int kept = scripted.fd;
    call_scripted(&scripted, &outcome);
    assert_true(scripted_hear(&scripted, TURNS_MAX));
    assert_int_equal(scripted.fd, kept); /* it was kept, or this test shows nothing */
    shutdown(scripted.fd, SHUT_RDWR);
    assert_false(scripted_hear(&scripted, 20));
    await_outcome(&outcome);
    assert_int_equal(scripted.requests, 2);
    assert_int_equal(outcome.status, 0);
    assert_true(outcome.sent);
    scripted_stop(&scripted);
}

static void test_client_bad_answers(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        long status;
    } rows[] = {
        {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 302},
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n", 0},
        {"nonsense\r\n\r\n", 0},
        {"", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scripted scripted;
        struct outcome_of_call outcome;
        char *more = mem_alloc(2000001);
        memset(more, 'z', 2000000);
        scripted_start(&scripted);
        call_scripted(&scripted, &outcome);
        assert_true(scripted_hear(&scripted, TURNS_MAX));
        say(scripted.fd, rows[i].answer);
        if (strstr(rows[i].answer, "2000000") != NULL) {
            say_bytes(scripted.fd, more, 2000000);
        }
        shutdown(scripted.fd, SHUT_RDWR);
        await_outcome(&outcome);
        assert_int_equal(outcome.status, rows[i].status);
        assert_true(outcome.sent);
        scripted_stop(&scripted);
        mem_free(more);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, http_bench_set_up, http_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_client),
        CASE(test_client_large),
        CASE(test_client_unreachable),
        CASE(test_client_timeout),
        CASE(test_client_late),
        CASE(test_client_drop),
        CASE(test_client_retry_after),
        CASE(test_client_never_twice),
        CASE(test_client_bad_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
