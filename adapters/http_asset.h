#pragma once

#include <stddef.h>

/*
 * Files that are in the program itself (script/embed.py makes them C): style sheets, scripts,
 * descriptions. `tag` changes with the contents: who links to "PATH?v=TAG" lets it be cached for
 * good.
 */
struct http_server;

struct http_asset {
    const char *type; /* of the content, with its charset */
    const char *data; /* NUL-terminated */
    size_t len;
    const char *tag; /* 12 hex digits */
};

/* Serves it at a path, to everybody. Both are borrowed. */
void http_asset_route(struct http_server *server, const char *path, const struct http_asset *asset);
void http_asset_unroute(struct http_server *server, const struct http_asset *asset);
