#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/http_listen.h"
#include "adapters/http_server.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/loop.h"
#include "bot/host/metrics.h"
#include "tests/unit/http-bench.h"

static void ask(const char *request, const char *until, char ret[ANSWER_TEXT_MAX], bool *ret_closed)
{
    int fd = dial();
    say(fd, request);
    hear(fd, until, ret, ret_closed);
    close(fd);
    turn();
}

#define HOST "Host: localhost\r\n"

static void expect(const char *request, const char *status, const char *contains)
{
    char answer[ANSWER_TEXT_MAX];
    ask(request, "\r\n\r\n", answer, NULL);
    if (strncmp(answer, status, strlen(status)) != 0 || strstr(answer, contains) == NULL) {
        fail_msg("%s\nwas answered by\n%s", request, answer);
    }
}

static uint64_t rejected(const char *reason)
{
    return metrics_value(bench.metrics, METRIC_REJECTED, reason);
}

static void test_routes(void **state)
{
    (void)state;
    expect("GET /echo HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200", "Content-Length: 0");
    expect("HEAD /echo HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200", "");
    expect("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi", "HTTP/1.1 200", "hi");
    expect("POST /echo?x=1 HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi", "HTTP/1.1 200", "hi");
    expect("GET /nothing HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404", "application/json");
    expect("GET /echo/ HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404", "");
    expect("DELETE /echo HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 405", "Allow: POST, GET");
    expect("GET /hold HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 405", "Allow: POST\r\n");
    assert_int_equal(rejected("path"), 2);
    assert_int_equal(rejected("method"), 2);
    assert_int_equal(metrics_value(bench.metrics, METRIC_HTTP, "200"), 4);
}

/* Errors are one line of JSON. */
static void test_error_body(void **state)
{
    (void)state;
    char answer[ANSWER_TEXT_MAX];
    ask("GET /nothing HTTP/1.1\r\n" HOST "\r\n", "}\n", answer, NULL);
    const char *body = strstr(answer, "\r\n\r\n");
    assert_non_null(body);
    assert_string_equal(body + 4, "{\"error\": \"There is nothing at this path.\"}\n");
}

static void test_shared_path(void **state)
{
    (void)state;
    expect("GET /shared?name=ann HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200", "X-Peer: second");
    expect("GET /shared HTTP/1.1\r\n" HOST "X-For: 1\r\n\r\n", "HTTP/1.1 200", "Content-Length: 5");
    http_server_unroute(bench.server, &bench);
    expect("GET /shared?name=ann HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200", "Content-Length: 5");
    http_server_unroute(bench.server, &bench.calls);
    expect("GET /shared HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404", "");
}

/* Told twice how long it is: whoever believes the other length sees another request. */
static void test_smuggling(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\nGET /echo HTTP/1.1\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: 30\r\n\r\nhi",
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        char answer[ANSWER_TEXT_MAX];
        bool closed;
        ask(requests[i], NULL, answer, &closed);
        assert_true(strncmp(answer, "HTTP/1.1 400", 12) == 0);
        assert_null(strstr(answer + 1, "HTTP/1.1 "));
        assert_true(closed);
    }
    assert_int_equal(bench.calls, 0);
    assert_int_equal(rejected("framing"), ARRAY_LEN(requests));
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "nonsense\r\n\r\n",
        "GET\r\n\r\n",
        "\x16\x03\x01\x02",
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2x\r\n\r\nhi",
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\nhi\r\n",
        "GET /echo HTTP/1.1\r\n\r\n", /* 1.1 without Host */
    };
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        int fd = dial();
        char answer[ANSWER_TEXT_MAX];
        say(fd, requests[i]);
        shutdown(fd, SHUT_WR);
        hear(fd, NULL, answer, NULL);
        assert_true(answer[0] == '\0' || strncmp(answer, "HTTP/1.1 4", 10) == 0);
        close(fd);
    }
    assert_int_equal(bench.calls, 0);
    /* It still serves. */
    expect("GET /echo HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200", "");
}

static void post_sized(size_t declared, size_t sent, char answer[ANSWER_TEXT_MAX])
{
    char head[200];
    char *body = mem_alloc(sent + 1);
    int fd = dial();
    memset(body, 'x', sent);
    snprintf(head, sizeof(head), "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n",
             declared);
    say(fd, head);
    say_bytes(fd, body, sent);
    hear(fd, "\r\n\r\n", answer, NULL);
    close(fd);
    mem_free(body);
    turn();
}

static void test_body_size(void **state)
{
    (void)state;
    char answer[ANSWER_TEXT_MAX];
    post_sized(HTTP_BODY_MAX, HTTP_BODY_MAX, answer);
    assert_true(strncmp(answer, "HTTP/1.1 200", 12) == 0);
    assert_int_equal(bench.first_len, HTTP_BODY_MAX);
    post_sized(HTTP_BODY_MAX + 1, HTTP_BODY_MAX + 1, answer);
    assert_true(strncmp(answer, "HTTP/1.1 413", 12) == 0);
    assert_non_null(strstr(answer, "Connection: close"));
    /* So large that it is refused by its head. */
    post_sized((size_t)1 << 40, 0, answer);
    assert_true(strncmp(answer, "HTTP/1.1 413", 12) == 0);
    assert_int_equal(bench.calls, 1);
    assert_int_equal(rejected("body_size"), 2);
}

static void test_chunked(void **state)
{
    (void)state;
    char answer[ANSWER_TEXT_MAX];
    expect("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
           "2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n",
           "HTTP/1.1 200", "Content-Length: 3");
    int fd = dial();
    char *chunk = mem_alloc(0x10000 + 1);
    memset(chunk, 'x', 0x10000);
    say(fd, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < 20; i++) {
        say(fd, "10000\r\n");
        say_bytes(fd, chunk, 0x10000);
        say(fd, "\r\n");
    }
    say(fd, "0\r\n\r\n");
    hear(fd, "\r\n\r\n", answer, NULL);
    assert_true(strncmp(answer, "HTTP/1.1 413", 12) == 0);
    close(fd);
    mem_free(chunk);
}

static void test_header_size(void **state)
{
    (void)state;
    char answer[ANSWER_TEXT_MAX];
    char *line = mem_alloc(40 * 1024);
    int fd = dial();
    memset(line, 'x', 40 * 1024 - 1);
    say(fd, "GET /echo HTTP/1.1\r\n" HOST "X-Long: ");
    say(fd, line);
    hear(fd, "\r\n\r\n", answer, NULL);
    assert_true(strncmp(answer, "HTTP/1.1 431", 12) == 0 || strncmp(answer, "HTTP/1.1 4", 10) == 0);
    assert_int_equal(bench.calls, 0);
    close(fd);
    mem_free(line);
}

/* Answered in a later turn; a client that goes away meanwhile does no harm. */
static void test_suspended(void **state)
{
    (void)state;
    char answer[ANSWER_TEXT_MAX];
    int fd = dial();
    say(fd, "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi");
    for (size_t i = 0; i < TURNS_MAX && bench.held == NULL; i++) {
        turn();
    }
    assert_non_null(bench.held);
    turn();
    assert_true(recv(fd, answer, 1, 0) < 0 && errno == EAGAIN);
    size_t len;
    assert_string_equal(http_request_body(bench.held, &len), "hi");
    assert_string_equal(http_request_peer(bench.held), "127.0.0.1");
    assert_true(http_request_is_loopback(bench.held));
    http_respond(bench.held, 200, "text/plain", "later", 5, NULL);
    hear(fd, "later", answer, NULL);
    assert_non_null(strstr(answer, "later"));

    bench.held = NULL;
    say(fd, "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi");
    for (size_t i = 0; i < TURNS_MAX && bench.held == NULL; i++) {
        turn();
    }
    close(fd);
    turn();
    http_respond(bench.held, 200, "text/plain", "later", 5, NULL);
    for (size_t i = 0; i < TURNS_MAX && http_server_connections(bench.server) > 0; i++) {
        turn();
    }
    assert_int_equal(http_server_connections(bench.server), 0);
}

/* After the commit, before a reload perhaps: not the time to take a question. */
static void test_nobody_is_heard_while_answers_leave(void **state)
{
    static const char request[] = "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi";
    (void)state;
    char answer[ANSWER_TEXT_MAX];
    int first = dial(), second = dial();
    for (size_t i = 0; i < TURNS_MAX && http_server_connections(bench.server) < 2; i++) {
        turn();
    }
    say(first, request);
    for (size_t i = 0; i < TURNS_MAX && bench.held == NULL; i++) {
        turn();
    }
    assert_non_null(bench.held);
    say(second, request);
    http_respond(bench.held, 200, "text/plain", "later", 5, NULL);
    bench.held = NULL;
    http_server_flush(bench.server);
    assert_null(bench.held);
    for (size_t i = 0; i < TURNS_MAX && bench.held == NULL; i++) {
        turn();
    }
    assert_non_null(bench.held);
    http_respond(bench.held, 200, "text/plain", "later", 5, NULL);
    hear(first, "later", answer, NULL);
    hear(second, "later", answer, NULL);
}

/* tear_down() destroys the server while this one waits. */
static void test_destroyed_while_suspended(void **state)
{
    (void)state;
    int fd = dial();
    say(fd, "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi");
    for (size_t i = 0; i < TURNS_MAX && bench.held == NULL; i++) {
        turn();
    }
    assert_non_null(bench.held);
    close(fd);
}

/* Three requests in one packet: three answers, in order. */
static void test_pipelining(void **state)
{
    (void)state;
    char answer[ANSWER_TEXT_MAX];
    ask("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\none"
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\ntwo"
        "GET /nothing HTTP/1.1\r\n" HOST "\r\n"
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nthree",
        "three", answer, NULL);
    const char *one = strstr(answer, "one"), *two = strstr(answer, "two"),
               *none = strstr(answer, "404"), *three = strstr(answer, "three");
    assert_true(one && two && none && three);
    assert_true(one < two && two < none && none < three);
    assert_int_equal(metrics_value(bench.metrics, METRIC_PIPELINED, "in order"), 3);
    /* One after the other on one connection is no pipelining. */
    int fd = dial();
    for (size_t i = 0; i < 3; i++) {
        say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nnext");
        hear(fd, "next", answer, NULL);
    }
    assert_int_equal(metrics_value(bench.metrics, METRIC_PIPELINED, "in order"), 3);
    close(fd);
}

static void hurry_up(struct http_limits limits)
{
    http_server_set_limits(bench.server, &limits);
}

/* A byte now and then, for ever: the head, and the body. */
static void test_slow(void **state)
{
    (void)state;
    static const char *const begins[] = {"GET /echo HT", "POST /echo HTTP/1.1\r\n" HOST
                                                         "Content-Length: 1000000\r\n\r\n"};
    hurry_up((struct http_limits){100, 100, false, 200, 10000});
    for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
        char answer[ANSWER_TEXT_MAX] = "";
        int fd = dial();
        say(fd, begins[i]);
        for (uint64_t began = loop_now_ms(bench.loop);
             answer[0] == '\0' && loop_now_ms(bench.loop) < began + SLOW_MS;) {
            send(fd, "x", 1, MSG_NOSIGNAL);
            turn();
            ssize_t got = recv(fd, answer, sizeof(answer) - 1, 0);
            answer[got > 0 ? got : 0] = '\0';
        }
        if (strncmp(answer, "HTTP/1.1 408", 12) != 0) {
            fail_msg("%s was answered by %s", begins[i], answer);
        }
        close(fd);
    }
    turn();
    assert_int_equal(rejected("slow_client"), 2);
    assert_int_equal(http_server_connections(bench.server), 0);
    assert_int_equal(bench.calls, 0);
}

static void test_idle(void **state)
{
    (void)state;
    char answer[ANSWER_TEXT_MAX];
    bool closed;
    hurry_up((struct http_limits){100, 100, false, 10000, 100});
    int fd = dial();
    say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi");
    hear(fd, "hi", answer, NULL);
    hear(fd, NULL, answer, &closed);
    assert_true(closed);
    assert_string_equal(answer, "");
    assert_int_equal(rejected("idle_client"), 1);
    close(fd);
}

/* No deadline is needed to see it; what was asked before it is answered. */
static void test_end_with_requests(void **state)
{
    (void)state;
    char answer[ANSWER_TEXT_MAX];
    bool closed;
    int fd = dial();
    say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\none"
            "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\ntwo");
    shutdown(fd, SHUT_WR);
    hear(fd, NULL, answer, &closed);
    assert_true(closed);
    assert_true(strstr(answer, "one") && strstr(answer, "two"));
    assert_int_equal(rejected("idle_client"), 0);
    turn();
    assert_int_equal(http_server_connections(bench.server), 0);
    close(fd);
}

static void test_too_many(void **state)
{
    (void)state;
    char answer[ANSWER_TEXT_MAX];
    int fds[4];
    hurry_up((struct http_limits){3, 100, false, 10000, 10000});
    for (size_t i = 0; i < 3; i++) {
        fds[i] = dial();
    }
    turn();
    assert_int_equal(http_server_connections(bench.server), 3);
    fds[3] = dial();
    hear(fds[3], "\r\n\r\n", answer, NULL);
    assert_true(strncmp(answer, "HTTP/1.1 503", 12) == 0);
    assert_int_equal(rejected("connections"), 1);
    for (size_t i = 0; i < 4; i++) {
        close(fds[i]);
    }
    for (size_t i = 0; i < TURNS_MAX && http_server_connections(bench.server) > 0; i++) {
        turn();
    }
    expect("GET /echo HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200", "");
}

static void test_per_address(void **state)
{
    (void)state;
    char answer[ANSWER_TEXT_MAX];
    int fds[3];
    hurry_up((struct http_limits){100, 2, true, 10000, 10000});
    for (size_t i = 0; i < 3; i++) {
        fds[i] = dial();
        turn();
    }
    hear(fds[2], "\r\n\r\n", answer, NULL);
    assert_true(strncmp(answer, "HTTP/1.1 503", 12) == 0);
    assert_int_equal(rejected("connections_of_address"), 1);
    for (size_t i = 0; i < 3; i++) {
        close(fds[i]);
    }
}

static void test_stop(void **state)
{
    (void)state;
    char answer[ANSWER_TEXT_MAX];
    int idle = dial(), busy = dial();
    say(idle, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi");
    hear(idle, "hi", answer, NULL);
    say(busy, "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi");
    for (size_t i = 0; i < TURNS_MAX && bench.held == NULL; i++) {
        turn();
    }
    /* Let in by the kernel, but not by the server yet. */
    int early = dial();
    say(early, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi");
    assert_false(http_server_stop(bench.server));
    hear(early, "hi", answer, NULL);
    assert_non_null(strstr(answer, "hi"));
    close(early);
    http_respond(bench.held, 200, "text/plain", "last", 4, NULL);
    hear(busy, "last", answer, NULL);
    assert_non_null(strstr(answer, "Connection: close"));
    for (size_t i = 0; i < TURNS_MAX && !http_server_stop(bench.server); i++) {
        turn();
    }
    assert_true(http_server_stop(bench.server));
    close(idle);
    close(busy);
}

static void test_deaf(void **state)
{
    (void)state;
    struct http_listener listener;
    struct error err = {0};
    struct http_peer peer;
    struct sockaddr_in to = {.sin_family = AF_INET};
    assert_true(http_listener_start(&listener, "127.0.0.1:0", &err));
    to.sin_port = htons((uint16_t)listener.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int before = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(before, (struct sockaddr *)&to, sizeof(to)), 0);
    http_listener_deafen(&listener);
    int after = socket(AF_INET, SOCK_STREAM, 0);
    fcntl(after, F_SETFL, O_NONBLOCK);
    assert_int_equal(connect(after, (struct sockaddr *)&to, sizeof(to)), -1);
    assert_int_equal(errno, EINPROGRESS);
    int in = http_listener_accept(&listener, &peer);
    assert_true(in >= 0);
    assert_int_equal(send(before, "x", 1, 0), 1);
    char byte = 0;
    assert_int_equal(recv(in, &byte, 1, 0), 1); /* whoever is in is heard as before */
    assert_int_equal(http_listener_accept(&listener, &peer), -1);
    assert_int_equal(errno, EAGAIN);
    http_listener_stop(&listener);
    close(in);
    close(before);
    close(after);
}

static void test_listen(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",       "8080",        "127.0.0.1",       "localhost", "[::1",
        "::1:80", "127.0.0.1:x", "127.0.0.1:99999", "[]:80",     "host.name:1",
        ":80",    "127.0.0.1:",  "[::1]x:80"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct http_server *server = NULL;
        struct error err = {0};
        if (http_server_create(bad[i], bench.metrics, &server, &err)) {
            fail_msg("listens on %s", bad[i]);
        }
        assert_null(server);
        assert_true(err.text[0] != '\0');
    }
    static const struct {
        const char *listen;
        bool loopback;
    } good[] = {{"localhost:0", true}, {"127.0.0.2:0", true}, {"*:0", false}, {"0.0.0.0:0", false}};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct http_server *server = NULL;
        struct error err = {0};
        if (!http_server_create(good[i].listen, bench.metrics, &server, &err)) {
            fail_msg("%s: %s", good[i].listen, err.text);
        }
        assert_true(http_server_port(server) > 0);
        assert_int_equal(http_server_is_loopback(server), good[i].loopback);
        http_server_destroy(server);
    }
    /* Taken. */
    struct http_server *server = NULL;
    struct error err = {0};
    char listen[40];
    snprintf(listen, sizeof(listen), "127.0.0.1:%u", http_server_port(bench.server));
    assert_false(http_server_create(listen, bench.metrics, &server, &err));
}

/* Descriptors below 1024 stay free for select() (PROTOCOLS.md C17). */
static void test_high_descriptors(void **state)
{
    (void)state;
    int fd = dial();
    turn();
    turn();
    assert_int_equal(http_server_connections(bench.server), 1);
    int lowest = dup(fd);
    assert_int_equal(lowest, fd + 1);
    close(lowest);
    close(fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, http_bench_set_up, http_bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_routes),
        CASE(test_error_body),
        CASE(test_shared_path),
        CASE(test_smuggling),
        CASE(test_malformed),
        CASE(test_body_size),
        CASE(test_chunked),
        CASE(test_header_size),
        CASE(test_suspended),
        CASE(test_destroyed_while_suspended),
        CASE(test_nobody_is_heard_while_answers_leave),
        CASE(test_pipelining),
        CASE(test_slow),
        CASE(test_idle),
        CASE(test_end_with_requests),
        CASE(test_too_many),
        CASE(test_per_address),
        CASE(test_stop),
        CASE(test_deaf),
        CASE(test_listen),
        CASE(test_high_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
