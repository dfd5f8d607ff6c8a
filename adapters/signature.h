#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Who sent this? HMAC-SHA256 over the raw body, as nearly all senders of webhooks do it, or the
 * secret itself in a header; a sender is a row of data. Checked before anything of the body is
 * parsed, in constant time, against all secrets that are valid at the moment (several while a
 * secret is being changed). Fails closed: no secret, no entry. Pure but for signature_of_request().
 * The hash is nettle's, which is in every Debian process that uses GnuTLS, libmicrohttpd's among
 * them.
 */
struct http_request;
struct secret;

enum signature_form {
    SIGNATURE_HEX,   /* 64 hex digits */
    SIGNATURE_LIST,  /* base64; several with blanks between, of which one must be right */
    SIGNATURE_PLAIN, /* no signature: the secret itself */
};

/*
 * How a sender signs: `prefix` and the digest in `header`, over lead, id, separator, time,
 * separator and body, as far as the sender has them.
 */
struct signature_scheme {
    const char *header;
    const char *prefix;      /* before each digest: "v0=", "sha256=" or "" */
    const char *time_header; /* seconds since 1970, signed as they stand; NULL: none */
    const char *lead;        /* signed first; NULL or "": none */
    const char *separator;   /* signed after id and time */
    uint32_t window_s;       /* largest difference of the clocks, either way (PROTOCOLS.md S2) */
    enum signature_form form;
    const char *id_header; /* the delivery's id, signed as it stands; NULL: none */
};

extern const struct signature_scheme signature_slack;
extern const struct signature_scheme signature_github;   /* PROTOCOLS.md G1 */
extern const struct signature_scheme signature_jira;     /* J1: what GitHub calls its old header */
extern const struct signature_scheme signature_linear;   /* N1: its time is in the body */
extern const struct signature_scheme signature_gitea;    /* T1 */
extern const struct signature_scheme signature_forgejo;  /* T3 */
extern const struct signature_scheme signature_standard; /* Standard Webhooks: L2 */
extern const struct signature_scheme signature_gitlab;   /* L1: the token in clear text */

/* What came, all borrowed. A count says how often the header was there: twice is none. */
struct signature_input {
    const char *given, *time; /* NULL: not there */
    size_t given_count, time_count;
    const char *body;
    size_t len;
    int64_t now_s;
    const char *id; /* of schemes with an id_header */
    size_t id_count;
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

/* The same for senders that sign a part of what they send (T2). */
enum signature_result signature_of_part(const struct signature_scheme *scheme,
                                        const struct secret *secret,
                                        const struct http_request *request, const char *part,
                                        size_t len, int64_t now_s);

/* Whether the two times are so near that a signed request is no replay. */
bool signature_fresh(int64_t signed_s, int64_t now_s, uint32_t window_s);

/* A fixed name, for METRIC_REJECTED and the log: "signature_stale". "" for SIGNATURE_GOOD. */
const char *signature_reason(enum signature_result result);

/* A sentence for the sender's log, and for the human who reads it there. */
const char *signature_sentence(enum signature_result result);
