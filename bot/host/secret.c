#include "bot/host/secret.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/base/vault.h"

bool secret_configured(const struct secret_source *source)
{
    return source->file != NULL || source->env != NULL;
}

static bool add(struct secret *secret, const char *text, size_t len, const char *what,
                struct error *err)
{
    if (len > SECRET_LEN_MAX) {
        return error_set(err, ERROR_INPUT, "%s is longer than %d bytes", what, SECRET_LEN_MAX);
    }
    if (secret->count == SECRETS_MAX) {
        return error_set(err, ERROR_INPUT, "%s has more than %d lines", what, SECRETS_MAX);
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x20 || byte == 0x7f) {
            return error_set(err, ERROR_INPUT, "%s holds a control character", what);
        }
    }
    secret->items[secret->count++] = vault_strndup(text, len);
    return true;
}

/* Editors leave line ends and blanks behind; a secret neither begins nor ends with one. */
static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool split(const char *text, size_t len, const char *what, struct secret *ret,
                  struct error *err)
{
    static const char bom[3] = {'\xef', '\xbb', '\xbf'};
    bool marked = len >= sizeof(bom) && memcmp(text, bom, sizeof(bom)) == 0;
    for (size_t at = marked ? sizeof(bom) : 0; at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t stop = end == NULL ? len : (size_t)(end - text), next = stop + 1;
        while (at < stop && is_blank(text[at])) {
            at++;
        }
        while (stop > at && is_blank(text[stop - 1])) {
            stop--;
        }
        if (stop > at && !add(ret, text + at, stop - at, what, err)) {
            return false;
        }
        at = next;
    }
    return ret->count > 0 || error_set(err, ERROR_INPUT, "%s is empty", what);
}

bool secret_check_mode(const char *path, const char *what, struct error *err)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return error_errno(err, errno, "%s: %s cannot be read", what, path);
    }
    if (S_ISDIR(info.st_mode)) {
        return error_set(err, ERROR_ENVIRONMENT, "%s: %s is a directory, not a file", what, path);
    }
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return error_set(err, ERROR_ENVIRONMENT, "%s: others may write %s (chmod 600 it)", what,
                         path);
    }
    if ((info.st_mode & S_IROTH) != 0) {
        return error_set(err, ERROR_ENVIRONMENT, "%s: everyone may read %s (chmod 600 it)", what,
                         path);
    }
    return true;
}

static bool load_file(const char *path, const char *what, struct secret *ret, struct error *err)
{
    struct buf text;
    struct error cause = {0};
    buf_init(&text, (size_t)SECRETS_MAX * (SECRET_LEN_MAX + 2));
    bool fine = secret_check_mode(path, what, err);
    if (fine && !buf_read_file(&text, path, &cause)) {
        fine = error_set(err, cause.code, "%s: %s", what, cause.text);
    }
    fine = fine && split(text.data, text.len, what, ret, err);
    secret_finish_buf(&text);
    return fine;
}

static bool load_env(const char *name, const char *what, struct secret *ret, struct error *err)
{
    const char *value = getenv(name);
    if (value == NULL) {
        return error_set(err, ERROR_ENVIRONMENT, "%s: there is no $%s", what, name);
    }
    return split(value, strlen(value), what, ret, err);
}

bool secret_load(const struct secret_source *source, const char *what, struct secret *ret,
                 struct error *err)
{
    struct secret secret = {0};
    bool fine = false;
    if (source->file != NULL) {
        fine = load_file(source->file, what, &secret, err);
    } else if (source->env != NULL) {
        fine = load_env(source->env, what, &secret, err);
    } else {
        error_set(err, ERROR_INPUT, "%s is not configured", what);
    }
    if (!fine) {
        secret_finish(&secret);
        return false;
    }
    *ret = secret;
    return true;
}

bool secret_load_key(const struct secret_source *source, const char *section, const char *key,
                     struct secret *ret, struct error *err)
{
    char what[120];
    snprintf(what, sizeof(what), "[%.60s] %s", section, key);
    return !secret_configured(source) || secret_load(source, what, ret, err);
}

char *secret_join(const char *first, const char *second)
{
    struct buf text;
    buf_init(&text, VAULT_LEN_MAX);
    buf_puts(&text, first);
    buf_puts(&text, second);
    assert(!text.failed);
    char *joined = vault_strndup(text.data, text.len);
    secret_finish_buf(&text);
    return joined;
}

void secret_drop(char *text)
{
    vault_free(text);
}

void secret_finish_buf(struct buf *buf)
{
    mem_wipe(buf->data, buf->cap);
    buf_finish(buf);
}

void secret_finish(struct secret *secret)
{
    for (size_t i = 0; i < secret->count; i++) {
        secret_drop(secret->items[i]);
    }
    *secret = (struct secret){0};
}

/* As many steps as `given` has bytes, wherever it differs. */
static unsigned difference(const char *item, const char *given, size_t len)
{
    size_t item_len = strlen(item);
    unsigned differs = item_len != len;
    for (size_t i = 0; i < len; i++) {
        differs |= (unsigned char)(item[i % (item_len + 1)] ^ given[i]);
    }
    return differs;
}

bool secret_equals(const struct secret *secret, const char *given, size_t len)
{
    unsigned equal = 0;
    for (size_t i = 0; i < secret->count; i++) {
        equal |= difference(secret->items[i], given, len) == 0;
    }
    return equal != 0;
}
