#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * For those who watch over the program: GET /healthz (it runs and its loop turns), /readyz (what
 * state its adapters are really in), /metrics (Prometheus). No secrets, no text of messages.
 *
 * /readyz is 200 when every adapter can hear and answer, else 503; /readyz?adapter=NAME asks for
 * one alone, so that a load balancer for Slack's requests need not mind a lost IRC network.
 */
struct adapter;
struct dispatch;
struct http_server;
struct metrics;

/* Read at each request; whoever owns it keeps it true. */
struct health_view {
    struct adapter *const *adapters;
    size_t count;
    bool stopping;     /* SIGTERM came: not ready any more */
    int64_t started_s; /* since 1970 */
    struct metrics *metrics;
    const struct dispatch *dispatch;
};

/* Borrows both for as long as the server lives. */
void health_route(struct http_server *server, const struct health_view *view);
