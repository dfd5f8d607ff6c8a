#include "adapters/http_asset.h"

#include <string.h>

#include "adapters/http_server.h"

static void on_request(void *context, struct http_request *request)
{
    static const char *const lasting[] = {"Cache-Control: public, max-age=31536000, immutable",
                                          "X-Content-Type-Options: nosniff", NULL};
    static const char *const passing[] = {"Cache-Control: no-cache",
                                          "X-Content-Type-Options: nosniff", NULL};
    const struct http_asset *asset = context;
    const char *tag = http_request_query(request, "v");
    bool current = tag != NULL && strcmp(tag, asset->tag) == 0;
    http_respond(request, 200, asset->type, asset->data, asset->len, current ? lasting : passing);
}

/* The server hands the context back as it was given; nothing here writes to it. */
static void *as_context(const struct http_asset *asset)
{
    union {
        const struct http_asset *from;
        void *to;
    } context = {.from = asset};
    return context.to;
}

void http_asset_route(struct http_server *server, const char *path, const struct http_asset *asset)
{
    http_server_route(server, "GET", path, on_request, as_context(asset));
}

void http_asset_unroute(struct http_server *server, const struct http_asset *asset)
{
    http_server_unroute(server, as_context(asset));
}
