#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/http_client.h"
#include "adapters/http_server.h"
#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/loop.h"
#include "bot/host/metrics.h"

/*
 * Server and client in one loop, as in the daemon; beside them raw sockets that do what no client
 * should. Every wait is bounded by TURNS_MAX turns of at most TURN_MS.
 */
enum { TURN_MS = 20, TURNS_MAX = 500, SLOW_MS = 5000, ANSWER_TEXT_MAX = 3000 };

static struct {
    struct loop *loop;
    struct metrics *metrics;
    struct http_server *server;
    struct http_client *client;
    struct http_request *held; /* by on_hold() */
    size_t calls;
    size_t first_len; /* of the body that on_echo() saw last */
} bench;

static void turn(void)
{
    struct error err = {0};
    struct pollset *pollset = loop_begin(bench.loop);
    http_server_prepare(bench.server, pollset, loop_now_ms(bench.loop));
    pollset_wake_at(pollset, loop_now_ms(bench.loop) + TURN_MS);
    assert_true(loop_wait(bench.loop, &err));
    http_server_dispatch(bench.server, pollset, loop_now_ms(bench.loop));
    http_server_flush(bench.server);
}

/* ---- handlers ---- */

static void on_echo(void *context, struct http_request *request)
{
    const char *body = http_request_body(request, &bench.first_len);
    (void)context;
    bench.calls++;
    http_respond(request, 200, "text/plain", body, bench.first_len, NULL);
}

static void on_hold(void *context, struct http_request *request)
{
    (void)context;
    bench.calls++;
    bench.held = request;
}

static void on_first(void *context, struct http_request *request)
{
    (void)context;
    if (http_request_header_count(request, "X-For") == 1 || !http_request_pass(request)) {
        http_respond(request, 200, "text/plain", "first", 5, NULL);
    }
}

static void on_second(void *context, struct http_request *request)
{
    (void)context;
    if (!http_request_pass(request)) {
        const char *name = http_request_query(request, "name");
        http_respond(request, 200, "text/plain", name, strlen(name),
                     (const char *const[]){"X-Peer: second", NULL});
    }
}

static int set_up(void **state)
{
    struct error err = {0};
    (void)state;
    memset(&bench, 0, sizeof(bench));
    bench.loop = loop_create(&err);
    bench.metrics = metrics_create();
    bench.client = http_client_create(bench.loop);
    if (!http_server_create("127.0.0.1:0", bench.metrics, &bench.server, &err)) {
        return -1;
    }
    http_server_route(bench.server, "POST", "/echo", on_echo, NULL);
    http_server_route(bench.server, "GET", "/echo", on_echo, NULL);
    http_server_route(bench.server, "POST", "/hold", on_hold, NULL);
    http_server_route(bench.server, "GET", "/shared", on_first, &bench.calls);
    http_server_route(bench.server, "GET", "/shared", on_second, &bench);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_client_destroy(bench.client);
    http_server_destroy(bench.server);
    metrics_destroy(bench.metrics);
    loop_destroy(bench.loop);
    return 0;
}

/* ---- raw clients ---- */

static int dial_to(unsigned port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static int dial(void)
{
    return dial_to(http_server_port(bench.server));
}

static void say_bytes(int fd, const char *text, size_t len)
{
    for (size_t at = 0, turns = 0; at < len && turns < TURNS_MAX; turns++) {
        ssize_t sent = send(fd, text + at, len - at, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) {
            return;
        }
        at += sent > 0 ? (size_t)sent : 0;
        if (at < len) {
            turn();
        }
    }
}

static void say(int fd, const char *text)
{
    say_bytes(fd, text, strlen(text));
}

/* What has come until the other side closes or `until` was seen; *ret_closed may be NULL. */
static void hear(int fd, const char *until, char ret[ANSWER_TEXT_MAX], bool *ret_closed)
{
    size_t len = 0;
    bool closed = false;
    for (size_t turns = 0; turns < TURNS_MAX && !closed; turns++) {
        ssize_t got = recv(fd, ret + len, ANSWER_TEXT_MAX - 1 - len, 0);
        closed = got == 0 || (got < 0 && errno != EAGAIN);
        len += got > 0 ? (size_t)got : 0;
        ret[len] = '\0';
        if (until != NULL && strstr(ret, until) != NULL) {
            break;
        }
        if (!closed) {
            turn();
        }
    }
    if (ret_closed != NULL) {
        *ret_closed = closed;
    }
}

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
    assert_false(http_server_stop(bench.server));
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

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
        CASE(test_pipelining),
        CASE(test_slow),
        CASE(test_idle),
        CASE(test_too_many),
        CASE(test_per_address),
        CASE(test_stop),
        CASE(test_listen),
        CASE(test_high_descriptors),
        CASE(test_client),
        CASE(test_client_large),
        CASE(test_client_unreachable),
        CASE(test_client_timeout),
        CASE(test_client_drop),
        CASE(test_client_retry_after),
        CASE(test_client_never_twice),
        CASE(test_client_bad_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
