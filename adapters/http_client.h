#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Requests to other programs' HTTP APIs, over the loop: the one place that sets libcurl's options.
 * Always: http and https only, no redirects (they would carry tokens elsewhere), certificate and
 * host name verified, total time-out, a limit on the answer's size, no signals. Tokens live in
 * `headers` and never reach a log: messages name method, host and path only.
 * What was sent arrives soon or not at all: nothing waits in the kernel for a link to come back.
 */
struct error;
struct http_client;
struct loop;

enum { HTTP_ANSWER_MAX = 1024 * 1024, HTTP_HEADERS_MAX = 16 };

struct http_call {
    const char *method; /* "GET", "POST" ... */
    const char *url;
    const char *const *headers; /* "Name: value" lines, NULL-terminated; NULL: none */
    const char *body;           /* NULL: none */
    size_t len;
    uint64_t timeout_ms; /* 0: HTTP_TIMEOUT_MS */
};
enum {
    HTTP_TIMEOUT_MS = 10000,
    HTTP_LATE_MS = 8000 /* what was written and is not acknowledged by then never arrives */
};

struct http_answer {
    /* 0: no answer came; then `error` says why, and `sent` whether the request may have arrived */
    long status;
    bool sent;
    const char *body; /* never NULL, NUL-terminated */
    size_t len;
    uint64_t retry_after_ms; /* from Retry-After, in seconds or as a date; 0: none */
    const char *error;       /* NULL with a status */
};

/* Called once, from the loop; everything in answer is borrowed. */
typedef void http_done(void *context, const struct http_answer *answer);

struct http_client *http_client_create(struct loop *loop); /* borrows the loop */

/* Ends what is under way without calling anybody. NULL is fine. */
void http_client_destroy(struct http_client *client);

/* Copies everything in call. False (and no call of done) when it cannot be begun. */
bool http_client_send(struct http_client *client, const struct http_call *call, http_done *done,
                      void *context, struct error *err);

/* Ends the calls with this context without calling anybody: before its owner goes. */
void http_client_drop(struct http_client *client, const void *context);

/*
 * Ends all calls now, and tells their owners why: an answer without status, `sent` where the
 * request may have arrived. Calls that they begin from there stay.
 */
void http_client_abort(struct http_client *client, const char *why);

/* How many are under way. */
size_t http_client_busy(const struct http_client *client);
