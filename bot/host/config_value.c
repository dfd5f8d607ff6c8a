#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/base/utf8.h"
#include "bot/host/config_inside.h"

enum { PORT_MAX = 65535, HOST_MAX = 253, NUMBER_DIGITS_MAX = 9, VARIABLE_MAX = 100 };

static int choice_find(const char *const *choices, const char *value)
{
    for (int i = 0; choices != NULL && choices[i] != NULL; i++) {
        if (strcmp(choices[i], value) == 0) {
            return i;
        }
    }
    return -1;
}

static void join_choices(const char *const *choices, struct buf *ret)
{
    for (size_t i = 0; choices[i] != NULL; i++) {
        const char *before = i == 0 ? "" : choices[i + 1] == NULL ? " or " : ", ";
        buf_printf(ret, "%s%s", before, choices[i]);
    }
}

static bool printable(const char *value)
{
    size_t len = strlen(value);
    for (size_t at = 0; at < len;) {
        size_t size = utf8_length(value + at, len - at);
        unsigned char first = (unsigned char)value[at], second = (unsigned char)value[at + 1];
        bool control = first < 0x20 || first == 0x7f || (first == 0xc2 && second < 0xa0);
        if (size == 0 || control) {
            return false;
        }
        at += size;
    }
    return true;
}

static void replace(char **text, char *value)
{
    mem_free(*text);
    *text = value;
}

static bool set_text(char **field, const struct config_row *row, const char *value,
                     struct error *err)
{
    size_t len = strlen(value);
    if (len < row->min || len > row->max) {
        return error_set(err, ERROR_INPUT, "%s takes %zu to %zu bytes, not %zu", row->key, row->min,
                         row->max, len);
    }
    if (!printable(value)) {
        return error_set(err, ERROR_INPUT, "%s must be UTF-8 without control characters", row->key);
    }
    replace(field, mem_strdup(value));
    return true;
}

/* Digits alone, so that nothing of strtol's signs, blanks and overflows has to be thought of. */
static bool parse_number(const char *text, size_t len, size_t min, size_t max, size_t *ret)
{
    size_t number = 0;
    if (len == 0 || len > NUMBER_DIGITS_MAX || strspn(text, "0123456789") < len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        number = number * 10 + (size_t)(text[i] - '0');
    }
    *ret = number;
    return number >= min && number <= max;
}

static bool set_number(int *field, const struct config_row *row, const char *value,
                       struct error *err)
{
    size_t number;
    if (!parse_number(value, strlen(value), row->min, row->max, &number)) {
        return error_set(err, ERROR_INPUT, "%s is a number from %zu to %zu, not \"%.60s\"",
                         row->key, row->min, row->max, value);
    }
    *field = (int)number;
    return true;
}

static bool set_choice(int *field, const struct config_row *row, const char *value,
                       struct error *err)
{
    int choice = choice_find(row->choices, value);
    if (choice >= 0) {
        *field = choice;
        return true;
    }
    struct buf list;
    buf_init(&list, 200);
    join_choices(row->choices, &list);
    error_set(err, ERROR_INPUT, "%s is %s, not \"%.60s\"", row->key, list.data, value);
    buf_finish(&list);
    return false;
}

/* Owned by the caller. Paths are bytes to us, as they are to the kernel. */
static char *resolve(const char *config_path, const char *value, size_t len)
{
    const char *slash = config_path == NULL ? NULL : strrchr(config_path, '/');
    if (value[0] == '/' || slash == NULL) {
        return mem_strndup(value, len);
    }
    size_t dir_len = (size_t)(slash - config_path) + 1;
    char *path = mem_alloc(dir_len + len + 1);
    memcpy(path, config_path, dir_len);
    memcpy(path + dir_len, value, len);
    return path;
}

static bool set_path(char **field, const struct config_row *row, const char *config_path,
                     const char *value, struct error *err)
{
    if (value[0] == '\0' && row->min > 0) {
        return error_set(err, ERROR_INPUT, "%s has no value", row->key);
    }
    bool word = value[0] == '\0' || choice_find(row->choices, value) >= 0;
    replace(field, word ? mem_strdup(value) : resolve(config_path, value, strlen(value)));
    return true;
}

static void free_paths(struct config_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        mem_free(paths->items[i]);
    }
    *paths = (struct config_paths){0};
}

static bool split_paths(struct config_paths *ret, const struct config_row *row,
                        const char *config_path, const char *value, struct error *err)
{
    for (const char *at = value;;) {
        at += strspn(at, " \t");
        size_t field_len = strcspn(at, ",");
        size_t len = field_len;
        while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t')) {
            len--;
        }
        if (len == 0) {
            return error_set(err, ERROR_INPUT, "%s has an empty place in its list", row->key);
        }
        if (ret->count == row->max || ret->count == CONFIG_PATHS_MAX) {
            return error_set(err, ERROR_INPUT, "%s names more than %zu paths", row->key, row->max);
        }
        ret->items[ret->count++] = resolve(config_path, at, len);
        if (at[field_len] == '\0') {
            return true;
        }
        at += field_len + 1;
    }
}

static bool set_paths(struct config_paths *field, const struct config_row *row,
                      const char *config_path, const char *value, struct error *err)
{
    struct config_paths paths = {0};
    if (choice_find(row->choices, value) < 0 &&
        !split_paths(&paths, row, config_path, value, err)) {
        free_paths(&paths);
        return false;
    }
    free_paths(field);
    *field = paths;
    return true;
}

static bool host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

/* A name, an IPv4 address or a bracketed IPv6 one: as far as it can be told without asking. */
static bool host_looks_fine(const char *host, size_t len)
{
    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        return strspn(host + 1, "0123456789abcdefABCDEF:.") == len - 2;
    }
    for (size_t i = 0; i < len; i++) {
        if (!host_character(host[i])) {
            return false;
        }
    }
    return len > 0 && len <= HOST_MAX;
}

bool config_is_host(const char *text, size_t len, bool with_port)
{
    const char *bracket = text[0] == '[' ? memchr(text, ']', len) : NULL;
    const char *colon = bracket != NULL ? bracket + 1 : memchr(text, ':', len);
    size_t host = colon == NULL ? len : (size_t)(colon - text), port;
    return host_looks_fine(text, host) &&
           (host == len || (with_port && *colon == ':' &&
                            parse_number(colon + 1, len - host - 1, 1, PORT_MAX, &port)));
}

/* Where one can listen: names would have to be asked for, and may be anybody's. */
static bool can_be_listened_on(const char *host, size_t len)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    bool six = host[0] == '[';
    host += six;
    len -= six ? 2 : 0;
    if ((len == 1 && host[0] == '*') || (len == 9 && strncmp(host, "localhost", len) == 0)) {
        return true;
    }
    if (len >= sizeof(text)) {
        return false;
    }
    memcpy(text, host, len);
    text[len] = '\0';
    return inet_pton(six ? AF_INET6 : AF_INET, text, bytes) == 1;
}

static bool set_address(char **field, const struct config_row *row, const char *value,
                        struct error *err)
{
    const char *colon = strrchr(value, ':');
    size_t host_len = colon == NULL ? 0 : (size_t)(colon - value), port;
    bool host =
        host_looks_fine(value, host_len) || (row->min > 0 && host_len == 1 && value[0] == '*');
    /* Port 0 lets the kernel choose: of use for a listener only. */
    if (colon == NULL || !host ||
        !parse_number(colon + 1, strlen(colon + 1), row->min > 0 ? 0 : 1, PORT_MAX, &port)) {
        return error_set(err, ERROR_INPUT, "%s is HOST:PORT or [IPV6]:PORT, not \"%.60s\"",
                         row->key, value);
    }
    if (row->min > 0 && !can_be_listened_on(value, host_len)) {
        return error_set(err, ERROR_INPUT,
                         "%s is an address in numbers and a port, such as 127.0.0.1:8080, "
                         "[::1]:8080 or *:8080, not \"%.60s\"",
                         row->key, value);
    }
    replace(field, mem_strdup(value));
    return true;
}

/* Of "host:port", "host", "[ipv6]:port" or "[ipv6]". */
static size_t host_length(const char *authority)
{
    size_t bracket = strcspn(authority, "]/?#");
    return authority[0] == '[' && authority[bracket] == ']' ? bracket + 1
                                                            : strcspn(authority, ":/?#");
}

bool config_loopback(const char *address)
{
    size_t len = host_length(address);
    bool ipv4 =
        len > 4 && strncmp(address, "127.", 4) == 0 && strspn(address, "0123456789.") >= len;
    return ipv4 || (len == 9 && strncmp(address, "localhost", len) == 0) ||
           (len == 5 && strncmp(address, "[::1]", len) == 0);
}

/* A user name before the host would only make it look like this machine. */
static bool names_loopback(const char *rest)
{
    return memchr(rest, '@', strcspn(rest, "/?#")) == NULL && config_loopback(rest);
}

static bool set_url(char **field, const struct config_row *row, const char *value,
                    struct error *err)
{
    if (value[0] == '\0' && row->min == 0) {
        return set_text(field, row, value, err);
    }
    bool secure = strncmp(value, "https://", 8) == 0 && value[8] != '\0';
    bool own = strncmp(value, "http://", 7) == 0 && names_loopback(value + 7);
    if (!secure && !own) {
        return error_set(err, ERROR_INPUT,
                         "%s is an https:// address (http:// is for this machine only), not "
                         "\"%.60s\"",
                         row->key, value);
    }
    if (strpbrk(value, " \t?#") != NULL) {
        return error_set(err, ERROR_INPUT, "%s is an address without blanks, ? and #", row->key);
    }
    if (!set_text(field, row, value, err)) {
        return false;
    }
    size_t len = strlen(*field);
    while (len > 0 && (*field)[len - 1] == '/') {
        (*field)[--len] = '\0'; /* paths are appended with a slash of their own */
    }
    return true;
}

bool config_value_set(void *field, const struct config_row *row, const char *config_path,
                      const char *value, struct error *err)
{
    switch (row->type) {
    case CONFIG_TEXT:
        return set_text(field, row, value, err);
    case CONFIG_NUMBER:
        return set_number(field, row, value, err);
    case CONFIG_CHOICE:
        return set_choice(field, row, value, err);
    case CONFIG_PATH:
    case CONFIG_FILE:
        return set_path(field, row, config_path, value, err);
    case CONFIG_PATHS:
        return set_paths(field, row, config_path, value, err);
    case CONFIG_ADDRESS:
        return set_address(field, row, value, err);
    case CONFIG_URL:
        return set_url(field, row, value, err);
    case CONFIG_SECRET:
        break; /* has two keys: config_value_set_secret() */
    }
    return true;
}

/* Not quoted: who mistakes the key for the secret itself must not find it in the log. */
static bool is_variable(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    size_t len = strlen(name), first = strspn(name, letters);
    for (size_t i = first; i < len; i++) {
        if (strchr(letters, name[i]) == NULL && (name[i] < '0' || name[i] > '9')) {
            return false;
        }
    }
    return first > 0 && len <= VARIABLE_MAX;
}

bool config_value_set_secret(struct secret_source *source, const struct config_row *row,
                             enum secret_part part, const char *config_path, const char *value,
                             struct error *err)
{
    char **field = part == SECRET_FILE ? &source->file : &source->env;
    if (value[0] == '\0') {
        replace(field, NULL);
        return true;
    }
    if (part == SECRET_ENV && !is_variable(value)) {
        return error_set(err, ERROR_INPUT,
                         "%s_env takes the name of an environment variable: letters, digits and _",
                         row->key);
    }
    replace(field,
            part == SECRET_FILE ? resolve(config_path, value, strlen(value)) : mem_strdup(value));
    return true;
}

void config_value_finish(void *field, const struct config_row *row)
{
    struct secret_source *source = field;
    switch (row->type) {
    case CONFIG_NUMBER:
    case CONFIG_CHOICE:
        break;
    case CONFIG_PATHS:
        free_paths(field);
        break;
    case CONFIG_SECRET:
        mem_free(source->file);
        mem_free(source->env);
        *source = (struct secret_source){0};
        break;
    case CONFIG_TEXT:
    case CONFIG_PATH:
    case CONFIG_FILE:
    case CONFIG_ADDRESS:
    case CONFIG_URL:
        replace(field, NULL);
        break;
    }
}
