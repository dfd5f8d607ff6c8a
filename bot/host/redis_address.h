#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Where a Redis is: redis://[USER@]HOST[:PORT][/DB], rediss:// for TLS, and
 * unix://[USER@]/PATH[?db=DB] for a socket of this machine. A password has no place in it: it would
 * be shown by everything that shows a configuration. Pure.
 */
struct error;

enum { REDIS_HOST_MAX = 260, REDIS_USER_MAX = 100, REDIS_DB_MAX = 9999 };

struct redis_address {
    char host[REDIS_HOST_MAX + 1]; /* with brackets when it is an IPv6 address; or the path */
    char user[REDIS_USER_MAX + 1]; /* "": the default user */
    unsigned port, db;
    bool tls, local; /* local: host is a socket's path */
};

/* On failure *ret is untouched. `what` names the key in messages ("[store] store"). */
bool redis_address_parse(const char *url, const char *what, struct redis_address *ret,
                         struct error *err);
