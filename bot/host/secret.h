#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Secrets, from a file or the environment, never from the command line. They are kept apart from
 * everything that is printed: no function formats one. A file may hold several lines: all are valid
 * at once while a secret is being changed; the first is the one to send.
 */
struct buf;
struct error;

/* A chat may have a token for each of its commands and webhooks. */
enum { SECRETS_MAX = 16, SECRET_LEN_MAX = 4096 };

/* As configured: at most one of the two is set. Both NULL: there is none. */
struct secret_source {
    char *file, *env; /* owned by the configuration */
};

struct secret {
    char *items
        [SECRETS_MAX]; /* owned, in the vault (vault.h); NUL-terminated, no control characters */
    size_t count;
};

bool secret_configured(const struct secret_source *source);

/*
 * `what` names the key in messages ("[slack] signing_secret"). Refuses an empty one, control
 * characters, and a file that others may write or everyone may read.
 */
bool secret_load(const struct secret_source *source, const char *what, struct secret *ret,
                 struct error *err);
void secret_finish(struct secret *secret); /* wipes; a zeroed one is fine */

/* The same for a key of a section, named "[SECTION] KEY": true, too, where there is none. */
bool secret_load_key(const struct secret_source *source, const char *section, const char *key,
                     struct secret *ret, struct error *err);

/*
 * A text that holds one, in the vault: at most VAULT_LEN_MAX bytes, and secret_drop() wipes and
 * frees it; NULL is fine.
 */
char *secret_join(const char *first, const char *second);
void secret_drop(char *text);

/* Wipes and frees a buffer that one went through. One that grew has left nothing behind. */
void secret_finish_buf(struct buf *buf);

/* Of a file that holds one: false when others may write it or everyone may read it. */
bool secret_check_mode(const char *path, const char *what, struct error *err);

/* In constant time for a given length of `given`: compares with all of them. */
bool secret_equals(const struct secret *secret, const char *given, size_t len);
