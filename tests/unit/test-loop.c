#include <arpa/inet.h>
#include <netinet/in.h>
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

#include "bot/base/error.h"
#include "bot/host/loop.h"

static struct loop *loop;

static int set_up(void **state)
{
    (void)state;
    loop = loop_create(NULL);
    return loop == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    loop_destroy(loop);
    return 0;
}

static void turn(void)
{
    struct error err = {0};
    assert_true(loop_wait(loop, &err));
}

static void test_wakes_in_time(void **state)
{
    (void)state;
    struct pollset *pollset = loop_begin(loop);
    uint64_t before = loop_now_ms(loop);
    pollset_wake_at(pollset, before + 90);
    pollset_wake_at(pollset, before + 30);
    pollset_wake_at(pollset, before + 60);
    turn();
    assert_in_range(loop_now_ms(loop) - before, 29, 5000); /* and no earlier */
    /* What is due already does not wait, and the last turn's moments are forgotten. */
    pollset = loop_begin(loop);
    pollset_wake_at(pollset, loop_now_ms(loop) + 60000);
    pollset_wake_at(pollset, 0);
    before = loop_now_ms(loop);
    turn();
    assert_in_range(loop_now_ms(loop) - before, 0, 5000);
}

static void test_descriptors(void **state)
{
    (void)state;
    int quiet[2], busy[2];
    assert_int_equal(pipe(quiet) | pipe(busy), 0);
    assert_int_equal(write(busy[1], "x", 1), 1);
    struct pollset *pollset = loop_begin(loop);
    size_t idle = pollset_add(pollset, quiet[0], CURL_WAIT_POLLIN);
    size_t ready = pollset_add(pollset, busy[0], CURL_WAIT_POLLIN);
    size_t room = pollset_add(pollset, quiet[1], CURL_WAIT_POLLOUT);
    turn();
    assert_int_equal(pollset_ready(pollset, idle), 0);
    assert_int_equal(pollset_ready(pollset, ready), CURL_WAIT_POLLIN);
    assert_int_equal(pollset_ready(pollset, room), CURL_WAIT_POLLOUT);
    /* The other end is gone: that is something to read. */
    close(quiet[1]);
    pollset = loop_begin(loop);
    idle = pollset_add(pollset, quiet[0], CURL_WAIT_POLLIN);
    turn();
    assert_true(pollset_ready(pollset, idle) & CURL_WAIT_POLLIN);
    close(quiet[0]);
    close(busy[0]);
    close(busy[1]);
}

static void test_many_descriptors(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    struct pollset *pollset = loop_begin(loop);
    for (size_t i = 0; i < 500; i++) {
        assert_int_equal(pollset_add(pollset, ends[0], CURL_WAIT_POLLIN), i);
    }
    turn();
    for (size_t i = 0; i < 500; i++) {
        assert_int_equal(pollset_ready(pollset, i), CURL_WAIT_POLLIN);
    }
    close(ends[0]);
    close(ends[1]);
}

static double used_cpu(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void test_sleeps_when_idle(void **state)
{
    (void)state;
    int ends[2], turns = 0;
    assert_int_equal(pipe(ends), 0);
    double before = used_cpu();
    for (uint64_t end = loop_now_ms(loop) + 300; loop_now_ms(loop) < end; turns++) {
        struct pollset *pollset = loop_begin(loop);
        pollset_add(pollset, ends[0], CURL_WAIT_POLLIN);
        pollset_wake_at(pollset, end);
        turn();
    }
    assert_in_range(turns, 1, 3);
    assert_true(used_cpu() - before < 0.05);
    close(ends[0]);
    close(ends[1]);
}

static void test_wall_clock(void **state)
{
    (void)state;
    int64_t before = loop_wall_ms(loop);
    loop_shift_wall(loop, -360000);
    assert_in_range(before - 360000, loop_wall_ms(loop) - 1000, loop_wall_ms(loop));
    pollset_wake_at(loop_begin(loop), 0);
    turn();
    assert_true(loop_wall_ms(loop) < before - 300000);
    loop_shift_wall(loop, 0);
}

/* ---- transfers, to and from a listener of our own ---- */

static int listen_anywhere(unsigned *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

struct result {
    int calls;
    CURLcode code;
    CURL *next; /* another one to begin from within the call */
};

static void on_done(void *context, CURL *easy, CURLcode code)
{
    struct result *result = context;
    (void)easy;
    result->calls++;
    result->code = code;
    if (result->next != NULL) {
        CURL *next = result->next;
        result->next = NULL;
        assert_true(loop_add(loop, next, false, on_done, result));
    }
}

static CURL *make_easy(unsigned port)
{
    char url[60];
    CURL *easy = curl_easy_init();
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 5000L);
    return easy;
}

static void turns_until(const struct result *result, int calls)
{
    uint64_t end = loop_now_ms(loop) + 5000;
    while (result->calls < calls && loop_now_ms(loop) < end) {
        pollset_wake_at(loop_begin(loop), end);
        turn();
    }
    assert_int_equal(result->calls, calls);
}

/* One request is answered, as the other end of a socket that is not in the loop. */
static void answer(int listener)
{
    static const char ok[] = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    char request[2000];
    int fd = accept(listener, NULL, NULL);
    assert_true(read(fd, request, sizeof(request)) > 0);
    assert_int_equal(write(fd, ok, sizeof(ok) - 1), sizeof(ok) - 1);
    close(fd);
}

static void test_transfer(void **state)
{
    (void)state;
    unsigned port;
    int listener = listen_anywhere(&port);
    struct result result = {0};
    CURL *easy = make_easy(port);
    assert_true(loop_add(loop, easy, false, on_done, &result));
    struct pollset *pollset;
    size_t index;
    do {
        pollset = loop_begin(loop);
        index = pollset_add(pollset, listener, CURL_WAIT_POLLIN);
        pollset_wake_at(pollset, loop_now_ms(loop) + 5000);
        turn();
    } while (!pollset_ready(pollset, index) && result.calls == 0);
    /* The request itself follows the connection. */
    pollset_wake_at(loop_begin(loop), 0);
    turn();
    answer(listener);
    turns_until(&result, 1);
    assert_int_equal(result.code, CURLE_OK);
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    assert_int_equal(status, 204);
    /* It is ours again: out of the loop, and free to be used anew. */
    loop_remove(loop, easy);
    curl_easy_cleanup(easy);
    close(listener);
}

static void test_failures_tell_once_and_may_begin_another(void **state)
{
    (void)state;
    unsigned port;
    close(listen_anywhere(&port)); /* nobody there */
    CURL *first = make_easy(port), *second = make_easy(port);
    struct result result = {.next = second};
    assert_true(loop_add(loop, first, false, on_done, &result));
    turns_until(&result, 2);
    assert_int_equal(result.code, CURLE_COULDNT_CONNECT);
    pollset_wake_at(loop_begin(loop), loop_now_ms(loop) + 20);
    turn();
    assert_int_equal(result.calls, 2);
    curl_easy_cleanup(first);
    curl_easy_cleanup(second);
}

static void test_removed_ones_are_not_told(void **state)
{
    (void)state;
    unsigned port;
    close(listen_anywhere(&port));
    struct result result = {0};
    CURL *easy = make_easy(port);
    assert_true(loop_add(loop, easy, false, on_done, &result));
    loop_remove(loop, easy);
    pollset_wake_at(loop_begin(loop), loop_now_ms(loop) + 50);
    turn();
    assert_int_equal(result.calls, 0);
    curl_easy_cleanup(easy);
}

/* A connection that stays inside when it stands: told once, then silent until it is taken out. */
static void test_kept_connection(void **state)
{
    (void)state;
    unsigned port;
    int listener = listen_anywhere(&port);
    struct result result = {0};
    CURL *easy = make_easy(port);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    assert_true(loop_add(loop, easy, true, on_done, &result));
    turns_until(&result, 1);
    assert_int_equal(result.code, CURLE_OK);
    int fd = accept(listener, NULL, NULL);
    size_t moved = 0;
    char byte = 0;
    assert_int_equal(curl_easy_send(easy, "y", 1, &moved), CURLE_OK);
    assert_int_equal(read(fd, &byte, 1), 1);
    assert_int_equal(byte, 'y');
    pollset_wake_at(loop_begin(loop), loop_now_ms(loop) + 30);
    turn();
    assert_int_equal(result.calls, 1);
    loop_remove(loop, easy);
    curl_easy_cleanup(easy);
    close(fd);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_wakes_in_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_descriptors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_descriptors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sleeps_when_idle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wall_clock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_transfer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failures_tell_once_and_may_begin_another, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_removed_ones_are_not_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_kept_connection, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
