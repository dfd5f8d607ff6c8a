#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Who sent this? HMAC-SHA256 over the raw body, as nearly all senders of webhooks do it; a sender
 * is a row of data. Checked before anything of the body is parsed, in constant time, against all
 * secrets that are valid at the moment (several while a secret is being changed). Fails
 * closed: no secret, no entry. Pure but for signature_of_request(). The hash is nettle's, which is
 * in every Debian process that uses GnuTLS, libmicrohttpd's among them.
 */
struct http_request;
struct secret;

/* How a sender signs: `prefix` and 64 hex digits in `header`, over lead, time, separator, body. */
struct signature_scheme {
    const char *header;
    const char *prefix;      /* before the digits: "v0=", "sha256=" or "" */
    const char *time_header; /* seconds since 1970, signed as they stand; NULL: none */
    const char *lead;        /* signed before the time; NULL or "": none */
    const char *separator;   /* signed between time and body; used with a time only */
    uint32_t window_s;       /* largest difference of the clocks, either way (PROTOCOLS.md S2) */
};

extern const struct signature_scheme signature_slack;

/* What came, all borrowed. A count says how often the header was there: twice is none. */
struct signature_input {
    const char *given, *time; /* NULL: not there */
    size_t given_count, time_count;
    const char *body;
    size_t len;
    int64_t now_s;
};

enum signature_result {
    SIGNATURE_GOOD,
    SIGNATURE_MISSING, /* no header, or an empty one */
    SIGNATURE_REPEATED,
    SIGNATURE_MALFORMED,
    SIGNATURE_WRONG, /* another secret, or another body */
    SIGNATURE_STALE, /* truly signed, but long ago or in the future: a replay, or a wrong clock */
};

enum signature_result signature_check(const struct signature_scheme *scheme,
                                      const struct secret *secret,
                                      const struct signature_input *input);

/* The same for a request of http_server.h. */
enum signature_result signature_of_request(const struct signature_scheme *scheme,
                                           const struct secret *secret,
                                           const struct http_request *request, int64_t now_s);

/* A fixed name, for METRIC_REJECTED and the log: "signature_stale". "" for SIGNATURE_GOOD. */
const char *signature_reason(enum signature_result result);

/* A sentence for the sender's log, and for the human who reads it there. */
const char *signature_sentence(enum signature_result result);
