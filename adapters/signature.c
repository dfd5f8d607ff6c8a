#include "adapters/signature.h"

#include <string.h>

#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>

#include "adapters/http_server.h"
#include "bot/base/mem.h"
#include "bot/host/secret.h"

#define KEY_PREFIX "whsec_" /* of a key in base64, in Standard Webhooks */

enum { TIME_DIGITS_MAX = 15, DIGEST_BASE64 = 44, LIST_MAX = 8, KEY_MAX = SECRET_LEN_MAX };

/* PROTOCOLS.md S1, S2. */
const struct signature_scheme signature_slack = {
    .header = "X-Slack-Signature",
    .prefix = "v0=",
    .time_header = "X-Slack-Request-Timestamp",
    .lead = "v0:",
    .separator = ":",
    .window_s = 5 * 60,
};

const struct signature_scheme signature_github = {.header = "X-Hub-Signature-256",
                                                  .prefix = "sha256="};
const struct signature_scheme signature_jira = {.header = "X-Hub-Signature", .prefix = "sha256="};
const struct signature_scheme signature_linear = {.header = "Linear-Signature", .prefix = ""};
const struct signature_scheme signature_gitea = {.header = "X-Gitea-Signature", .prefix = ""};
const struct signature_scheme signature_forgejo = {.header = "X-Forgejo-Signature", .prefix = ""};
const struct signature_scheme signature_gitlab = {
    .header = "X-Gitlab-Token", .prefix = "", .form = SIGNATURE_PLAIN};
const struct signature_scheme signature_standard = {
    .header = "webhook-signature",
    .prefix = "v1,",
    .time_header = "webhook-timestamp",
    .separator = ".",
    .window_s = 5 * 60,
    .form = SIGNATURE_LIST,
    .id_header = "webhook-id",
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

typedef uint8_t digest[SHA256_DIGEST_SIZE];

/* What one header says: one digest, or a list of which those of other versions are passed over. */
struct given {
    digest digests[LIST_MAX];
    size_t count;
};

static bool parse_hex(const char *text, size_t len, digest ret)
{
    if (len != 2 * (size_t)SHA256_DIGEST_SIZE) {
        return false;
    }
    for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++) {
        int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* nettle passes over blanks and wants room for what might come: both are excluded here. */
static bool parse_base64(const char *text, size_t len, uint8_t *ret, size_t cap, size_t *ret_len)
{
    struct base64_decode_ctx base64;
    size_t out = cap;
    base64_decode_init(&base64);
    if (len == 0 || BASE64_DECODE_LENGTH(len) > cap || memchr(text, ' ', len) != NULL ||
        !base64_decode_update(&base64, &out, ret, len, text) || !base64_decode_final(&base64)) {
        return false;
    }
    *ret_len = out;
    return true;
}

static bool parse_digest(const struct signature_scheme *scheme, const char *text, size_t len,
                         digest ret)
{
    size_t prefix = strlen(scheme->prefix);
    if (len < prefix || memcmp(text, scheme->prefix, prefix) != 0) {
        return false;
    }
    text += prefix;
    len -= prefix;
    if (scheme->form == SIGNATURE_HEX) {
        return parse_hex(text, len, ret);
    }
    uint8_t bytes[BASE64_DECODE_LENGTH(DIGEST_BASE64)];
    size_t bytes_len;
    if (len != DIGEST_BASE64 || !parse_base64(text, len, bytes, sizeof(bytes), &bytes_len) ||
        bytes_len != SHA256_DIGEST_SIZE) {
        return false;
    }
    memcpy(ret, bytes, SHA256_DIGEST_SIZE);
    return true;
}

static bool parse_given(const struct signature_scheme *scheme, const char *text, struct given *ret)
{
    ret->count = 0;
    if (scheme->form != SIGNATURE_LIST) {
        ret->count = parse_digest(scheme, text, strlen(text), ret->digests[0]) ? 1 : 0;
        return ret->count > 0;
    }
    for (size_t parts = 0; *text != '\0' && parts < LIST_MAX; parts++) {
        size_t len = strcspn(text, " ");
        if (parse_digest(scheme, text, len, ret->digests[ret->count])) {
            ret->count++;
        }
        text += len + (text[len] == ' ');
    }
    return ret->count > 0;
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

/* A key is its own bytes, or those that base64 stands for where its prefix says so. */
static void set_key(struct hmac_sha256_ctx *hmac, const struct signature_scheme *scheme,
                    const char *secret)
{
    size_t prefix = sizeof(KEY_PREFIX) - 1, size = strlen(secret), len;
    uint8_t key[KEY_MAX];
    if (scheme->form == SIGNATURE_LIST && size > prefix &&
        memcmp(secret, KEY_PREFIX, prefix) == 0 &&
        parse_base64(secret + prefix, size - prefix, key, sizeof(key), &len)) {
        hmac_sha256_set_key(hmac, len, key);
    } else {
        hmac_sha256_set_key(hmac, size, (const uint8_t *)secret);
    }
    if (scheme->form == SIGNATURE_LIST) {
        mem_wipe(key, sizeof(key));
    }
}

static void sign(const struct signature_scheme *scheme, const char *key,
                 const struct signature_input *input, digest ret)
{
    struct hmac_sha256_ctx hmac;
    set_key(&hmac, scheme, key);
    add(&hmac, scheme->lead);
    if (scheme->id_header != NULL) {
        add(&hmac, input->id);
        add(&hmac, scheme->separator);
    }
    if (scheme->time_header != NULL) {
        add(&hmac, input->time);
        add(&hmac, scheme->separator);
    }
    hmac_sha256_update(&hmac, input->len, (const uint8_t *)input->body);
    hmac_sha256_digest(&hmac, SHA256_DIGEST_SIZE, ret);
    mem_wipe(&hmac, sizeof(hmac)); /* whoever has its inner state can sign */
}

/* Every secret is tried, whether or not one before it fits: the time taken tells nothing. */
static bool matches(const struct signature_scheme *scheme, const struct secret *secret,
                    const struct signature_input *input, const struct given *given)
{
    int found = 0;
    for (size_t i = 0; i < secret->count; i++) {
        digest ours;
        sign(scheme, secret->items[i], input, ours);
        for (size_t k = 0; k < given->count; k++) {
            found |= nettle_memeql_sec(ours, given->digests[k], sizeof(ours));
        }
    }
    return found != 0;
}

bool signature_fresh(int64_t signed_s, int64_t now_s, uint32_t window_s)
{
    int64_t apart = signed_s > now_s ? signed_s - now_s : now_s - signed_s;
    return apart <= (int64_t)window_s;
}

static bool absent(const char *text, size_t count)
{
    /* Some senders without a secret send the header empty (PROTOCOLS.md T2). */
    return text == NULL || count == 0 || text[0] == '\0';
}

/* What the scheme signs beside the body. GOOD: all of it is there, once. */
static enum signature_result check_headers(const struct signature_scheme *scheme,
                                           const struct signature_input *input)
{
    bool timed = scheme->time_header != NULL, named = scheme->id_header != NULL;
    if (absent(input->given, input->given_count) ||
        (timed && absent(input->time, input->time_count)) ||
        (named && absent(input->id, input->id_count))) {
        return SIGNATURE_MISSING;
    }
    bool twice = input->given_count > 1 || (timed && input->time_count > 1) ||
                 (named && input->id_count > 1);
    return twice ? SIGNATURE_REPEATED : SIGNATURE_GOOD;
}

enum signature_result signature_check(const struct signature_scheme *scheme,
                                      const struct secret *secret,
                                      const struct signature_input *input)
{
    struct given given;
    int64_t signed_s = input->now_s;
    enum signature_result headers = check_headers(scheme, input);
    if (headers != SIGNATURE_GOOD) {
        return headers;
    }
    if (scheme->form == SIGNATURE_PLAIN) {
        return secret_equals(secret, input->given, strlen(input->given)) ? SIGNATURE_GOOD
                                                                         : SIGNATURE_WRONG;
    }
    if (!parse_given(scheme, input->given, &given) ||
        (scheme->time_header != NULL && !parse_time(input->time, &signed_s))) {
        return SIGNATURE_MALFORMED;
    }
    if (!matches(scheme, secret, input, &given)) {
        return SIGNATURE_WRONG;
    }
    /* Last, so that "stale" is said of true signatures only: then a clock is wrong (S2). */
    return signature_fresh(signed_s, input->now_s, scheme->window_s) ? SIGNATURE_GOOD
                                                                     : SIGNATURE_STALE;
}

static const char *header(const struct http_request *request, const char *name, size_t *ret_count)
{
    *ret_count = name == NULL ? 0 : http_request_header_count(request, name);
    return name == NULL ? NULL : http_request_header(request, name);
}

enum signature_result signature_of_part(const struct signature_scheme *scheme,
                                        const struct secret *secret,
                                        const struct http_request *request, const char *part,
                                        size_t len, int64_t now_s)
{
    struct signature_input input = {.body = part, .len = len, .now_s = now_s};
    input.given = header(request, scheme->header, &input.given_count);
    input.time = header(request, scheme->time_header, &input.time_count);
    input.id = header(request, scheme->id_header, &input.id_count);
    return signature_check(scheme, secret, &input);
}

enum signature_result signature_of_request(const struct signature_scheme *scheme,
                                           const struct secret *secret,
                                           const struct http_request *request, int64_t now_s)
{
    size_t len;
    const char *body = http_request_body(request, &len);
    return signature_of_part(scheme, secret, request, body, len, now_s);
}

const char *signature_reason(enum signature_result result)
{
    return (size_t)result < ARRAY_LEN(words) ? words[result].reason : "";
}

const char *signature_sentence(enum signature_result result)
{
    return (size_t)result < ARRAY_LEN(words) ? words[result].sentence : "";
}
