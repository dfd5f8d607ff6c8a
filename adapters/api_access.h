#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bot/host/secret.h"

/*
 * Who may use the API, and how it says no: a bearer token; without one only programs on this
 * machine. Web pages of other origins get nothing unless [api] origins names them (CORS). What the
 * routes of the API share; knows nothing of questions.
 */
struct config_api;
struct error;
struct http_request;
struct metrics;

struct api_access {
    const struct config_api *config; /* borrowed, as the next */
    struct metrics *metrics;
    struct secret token; /* owned; count 0: none is needed */
};

/* loopback: the listener is one that only this machine can reach. */
bool api_access_init(struct api_access *ret, const struct config_api *config, bool loopback,
                     struct metrics *metrics, struct error *err);
void api_access_finish(struct api_access *access); /* a zeroed one is fine */

/* False: has answered 401 or 403. */
bool api_access_check(const struct api_access *access, struct http_request *request);

/* An answer in JSON, readable by pages of configured origins. body NULL: none. */
void api_respond(const struct api_access *access, struct http_request *request, unsigned status,
                 const char *body, size_t len);

/* reason: for the counter and the log, NULL: it is nobody's fault. */
void api_note_refusal(const struct api_access *access, struct http_request *request,
                      const char *reason);

/* {"error": "..."}, and notes it. */
void api_refuse(const struct api_access *access, struct http_request *request, unsigned status,
                const char *reason, const char *sentence);

/* OPTIONS: may a page of that origin send what it wants to? */
void api_answer_preflight(const struct api_access *access, struct http_request *request);
