#include "bot/host/redis_address.h"

#include <string.h>

#include "bot/base/error.h"

enum { PORT_DEFAULT = 6379, PORT_MAX = 65535 };

struct text {
    const char *at;
    size_t len;
};

static bool take_prefix(struct text *text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (text->len < len || memcmp(text->at, prefix, len) != 0) {
        return false;
    }
    *text = (struct text){text->at + len, text->len - len};
    return true;
}

/* What stands before the last such sign goes to *ret; false: there is none, and nothing changes. */
static bool take_before(struct text *text, char sign, bool last, struct text *ret)
{
    size_t found = text->len;
    for (size_t i = 0; i < text->len && (last || found == text->len); i++) {
        found = text->at[i] == sign ? i : found;
    }
    if (found == text->len) {
        return false;
    }
    *ret = (struct text){text->at, found};
    *text = (struct text){text->at + found + 1, text->len - found - 1};
    return true;
}

static bool copy(struct text from, char *ret, size_t cap)
{
    for (size_t i = 0; i < from.len; i++) {
        if ((unsigned char)from.at[i] <= ' ' || from.at[i] == 0x7f) {
            return false;
        }
    }
    if (from.len >= cap) {
        return false;
    }
    memcpy(ret, from.at, from.len);
    ret[from.len] = '\0';
    return true;
}

static bool number(struct text text, unsigned most, unsigned *ret)
{
    unsigned value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || value > most) {
            return false;
        }
        value = value * 10 + (unsigned)(text.at[i] - '0');
    }
    *ret = value;
    return text.len > 0 && value <= most;
}

/* What has a meaning of its own in the URL that libcurl is given would lead elsewhere. */
static bool is_host(struct text text)
{
    static const char signs[] = "/?#@\\[]:%";
    bool bracketed = text.len > 2 && text.at[0] == '[' && text.at[text.len - 1] == ']';
    size_t first = bracketed ? 1 : 0, end = bracketed ? text.len - 1 : text.len;
    for (size_t i = first; i < end; i++) {
        bool allowed = bracketed && (text.at[i] == ':' || text.at[i] == '%');
        if (!allowed && strchr(signs, text.at[i]) != NULL) {
            return false;
        }
    }
    return first < end;
}

/* HOST, HOST:PORT, [IPV6], [IPV6]:PORT */
static bool parse_host(struct text text, struct redis_address *ret)
{
    struct text host = text, left = text;
    const char *bracket = memchr(text.at, ']', text.len);
    if (bracket != NULL && text.at[0] == '[') {
        size_t len = (size_t)(bracket - text.at) + 1;
        host = (struct text){text.at, len};
        left = (struct text){text.at + len, text.len - len};
        if (left.len > 0 && !take_prefix(&left, ":")) {
            return false;
        }
    } else if (!take_before(&left, ':', false, &host)) {
        left.len = 0;
    }
    bool whole = left.len == 0 && text.at[text.len - 1] != ':';
    return is_host(host) && copy(host, ret->host, sizeof(ret->host)) &&
           (whole || (number(left, PORT_MAX, &ret->port) && ret->port > 0));
}

static bool parse_remote(struct text text, struct redis_address *ret)
{
    struct text host = text;
    if (take_before(&text, '/', false, &host)) {
        if (text.len > 0 && !number(text, REDIS_DB_MAX, &ret->db)) {
            return false;
        }
    }
    return host.len > 0 && parse_host(host, ret);
}

static bool parse_local(struct text text, struct redis_address *ret)
{
    struct text path = text;
    if (take_before(&text, '?', false, &path) &&
        !(take_prefix(&text, "db=") && number(text, REDIS_DB_MAX, &ret->db))) {
        return false;
    }
    return path.len > 1 && path.at[0] == '/' && copy(path, ret->host, sizeof(ret->host));
}

bool redis_address_parse(const char *url, const char *what, struct redis_address *ret,
                         struct error *err)
{
    struct redis_address made = {.port = PORT_DEFAULT};
    struct text text = {url, strlen(url)}, user = {0};
    made.local = take_prefix(&text, "unix://");
    made.tls = !made.local && take_prefix(&text, "rediss://");
    bool fine = made.local || made.tls || take_prefix(&text, "redis://");
    if (fine && take_before(&text, '@', true, &user)) {
        if (memchr(user.at, ':', user.len) != NULL) {
            return error_set(err, ERROR_INPUT,
                             "%s holds a password; put it into a file of its own ([store] "
                             "password_file)",
                             what);
        }
        fine = user.len > 0 && copy(user, made.user, sizeof(made.user));
    }
    if (!fine || !(made.local ? parse_local(text, &made) : parse_remote(text, &made))) {
        return error_set(err, ERROR_INPUT,
                         "%s is redis://[USER@]HOST[:PORT][/DB], rediss:// likewise with TLS, or "
                         "unix://[USER@]/PATH[?db=DB]",
                         what);
    }
    *ret = made;
    return true;
}
