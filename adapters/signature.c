#include "adapters/signature.h"

#include <stdbool.h>
#include <string.h>

#include <nettle/hmac.h>
#include <nettle/memops.h>

#include "adapters/http_server.h"
#include "bot/base/mem.h"
#include "bot/host/secret.h"

enum { TIME_DIGITS_MAX = 15 };

/* PROTOCOLS.md S1, S2. */
const struct signature_scheme signature_slack = {
    .header = "X-Slack-Signature",
    .prefix = "v0=",
    .time_header = "X-Slack-Request-Timestamp",
    .lead = "v0:",
    .separator = ":",
    .window_s = 5 * 60,
};

static const struct {
    const char *reason, *sentence;
} words[] = {
    [SIGNATURE_GOOD] = {"", ""},
    [SIGNATURE_MISSING] = {"signature_missing", "The request is not signed."},
    [SIGNATURE_REPEATED] = {"signature_repeated", "A header of the signature came twice."},
    [SIGNATURE_MALFORMED] = {"signature_malformed", "The signature or its time is malformed."},
    [SIGNATURE_WRONG] = {"signature_wrong", "The signature does not match the request."},
    [SIGNATURE_STALE] = {"signature_stale",
                         "The request was signed at another time than now: is a clock wrong?"},
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool parse_digest(const struct signature_scheme *scheme, const char *text,
                         uint8_t ret[SHA256_DIGEST_SIZE])
{
    size_t prefix = strlen(scheme->prefix);
    if (strncmp(text, scheme->prefix, prefix) != 0 ||
        strlen(text) != prefix + 2 * (size_t)SHA256_DIGEST_SIZE) {
        return false;
    }
    for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++) {
        int high = hex_value(text[prefix + 2 * i]), low = hex_value(text[prefix + 2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Digits only: strtoll() would take blanks, signs and whatever follows. */
static bool parse_time(const char *text, int64_t *ret_s)
{
    int64_t seconds = 0;
    size_t len = strlen(text);
    if (len == 0 || len > TIME_DIGITS_MAX || strspn(text, "0123456789") != len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        seconds = seconds * 10 + (text[i] - '0');
    }
    *ret_s = seconds;
    return true;
}

static void add(struct hmac_sha256_ctx *hmac, const char *text)
{
    if (text != NULL) {
        hmac_sha256_update(hmac, strlen(text), (const uint8_t *)text);
    }
}

static void sign(const struct signature_scheme *scheme, const char *key,
                 const struct signature_input *input, uint8_t ret[SHA256_DIGEST_SIZE])
{
    struct hmac_sha256_ctx hmac;
    hmac_sha256_set_key(&hmac, strlen(key), (const uint8_t *)key);
    add(&hmac, scheme->lead);
    if (scheme->time_header != NULL) {
        add(&hmac, input->time);
        add(&hmac, scheme->separator);
    }
    hmac_sha256_update(&hmac, input->len, (const uint8_t *)input->body);
    hmac_sha256_digest(&hmac, SHA256_DIGEST_SIZE, ret);
}

/* Every secret is tried, whether or not one before it fits: the time taken tells nothing. */
static bool matches(const struct signature_scheme *scheme, const struct secret *secret,
                    const struct signature_input *input, const uint8_t given[SHA256_DIGEST_SIZE])
{
    int found = 0;
    for (size_t i = 0; i < secret->count; i++) {
        uint8_t ours[SHA256_DIGEST_SIZE];
        sign(scheme, secret->items[i], input, ours);
        found |= nettle_memeql_sec(ours, given, sizeof(ours));
    }
    return found != 0;
}

static bool within_window(int64_t signed_s, int64_t now_s, uint32_t window_s)
{
    int64_t apart = signed_s > now_s ? signed_s - now_s : now_s - signed_s;
    return apart <= (int64_t)window_s;
}

static bool absent(const char *text, size_t count)
{
    /* Some senders without a secret send the header empty (PROTOCOLS.md T2). */
    return text == NULL || count == 0 || text[0] == '\0';
}

enum signature_result signature_check(const struct signature_scheme *scheme,
                                      const struct secret *secret,
                                      const struct signature_input *input)
{
    uint8_t given[SHA256_DIGEST_SIZE];
    int64_t signed_s = input->now_s;
    bool timed = scheme->time_header != NULL;
    if (absent(input->given, input->given_count) ||
        (timed && absent(input->time, input->time_count))) {
        return SIGNATURE_MISSING;
    }
    if (input->given_count > 1 || (timed && input->time_count > 1)) {
        return SIGNATURE_REPEATED;
    }
    if (!parse_digest(scheme, input->given, given) ||
        (timed && !parse_time(input->time, &signed_s))) {
        return SIGNATURE_MALFORMED;
    }
    if (!matches(scheme, secret, input, given)) {
        return SIGNATURE_WRONG;
    }
    /* Last, so that "stale" is said of true signatures only: then a clock is wrong (S2). */
    return within_window(signed_s, input->now_s, scheme->window_s) ? SIGNATURE_GOOD
                                                                   : SIGNATURE_STALE;
}

enum signature_result signature_of_request(const struct signature_scheme *scheme,
                                           const struct secret *secret,
                                           const struct http_request *request, int64_t now_s)
{
    struct signature_input input = {
        .given = http_request_header(request, scheme->header),
        .given_count = http_request_header_count(request, scheme->header),
        .now_s = now_s,
    };
    if (scheme->time_header != NULL) {
        input.time = http_request_header(request, scheme->time_header);
        input.time_count = http_request_header_count(request, scheme->time_header);
    }
    input.body = http_request_body(request, &input.len);
    return signature_check(scheme, secret, &input);
}

const char *signature_reason(enum signature_result result)
{
    return (size_t)result < ARRAY_LEN(words) ? words[result].reason : "";
}

const char *signature_sentence(enum signature_result result)
{
    return (size_t)result < ARRAY_LEN(words) ? words[result].sentence : "";
}
