#include "tests/unit/http-bench.h"

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

#include <cmocka.h>

#include "adapters/http_client.h"
#include "adapters/http_server.h"
#include "bot/base/error.h"
#include "bot/host/loop.h"
#include "bot/host/metrics.h"

struct http_bench bench;

void turn(void)
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

int http_bench_set_up(void **state)
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

int http_bench_tear_down(void **state)
{
    (void)state;
    http_client_destroy(bench.client);
    http_server_destroy(bench.server);
    metrics_destroy(bench.metrics);
    loop_destroy(bench.loop);
    return 0;
}

struct adapter_setup http_bench_adapter(const struct config *config, struct dispatch *dispatch)
{
    return (struct adapter_setup){.config = config,
                                  .dispatch = dispatch,
                                  .loop = bench.loop,
                                  .server = bench.server,
                                  .client = bench.client,
                                  .metrics = bench.metrics};
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

int dial(void)
{
    return dial_to(http_server_port(bench.server));
}

void say_bytes(int fd, const char *text, size_t len)
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

void say(int fd, const char *text)
{
    say_bytes(fd, text, strlen(text));
}

void hear(int fd, const char *until, char ret[ANSWER_TEXT_MAX], bool *ret_closed)
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
