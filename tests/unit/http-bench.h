#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "adapters/adapter.h"

/*
 * Server and client in one loop, as in the daemon; beside them raw sockets that do what no client
 * should. Every wait is bounded by TURNS_MAX turns of at most TURN_MS. For tests; asserts inside.
 */
struct config;
struct dispatch;
struct http_client;
struct http_request;
struct http_server;
struct loop;
struct metrics;

enum { TURN_MS = 20, TURNS_MAX = 500, SLOW_MS = 5000, ANSWER_TEXT_MAX = 3000 };

struct http_bench {
    struct loop *loop;
    struct metrics *metrics;
    struct http_server *server;
    struct http_client *client;
    struct http_request *held; /* taken by /hold, which does not answer */
    size_t calls;
    size_t first_len; /* of the body that /echo saw last */
};
extern struct http_bench bench;

int http_bench_set_up(void **state);
int http_bench_tear_down(void **state);

/* What an adapter over it is made with. */
struct adapter_setup http_bench_adapter(const struct config *config, struct dispatch *dispatch);
void turn(void);

/* A connected, non-blocking socket. */
int dial(void);
void say_bytes(int fd, const char *text, size_t len);
void say(int fd, const char *text);

/* What has come until the other side closes or `until` was seen; *ret_closed may be NULL. */
void hear(int fd, const char *until, char ret[ANSWER_TEXT_MAX], bool *ret_closed);
