#include <string.h>

#include "adapters/http_inside.h"
#include "bot/base/mem.h"

static struct http_place *make_place(struct http_server *server, const char *path)
{
    struct http_place *place = mem_alloc(sizeof(*place));
    *place = (struct http_place){.path = mem_strdup(path), .next = server->places};
    server->places = place;
    names_put(&server->places_by_path, place->path, place);
    return place;
}

void http_server_route(struct http_server *server, const char *method, const char *path,
                       http_handler *handler, void *context)
{
    struct http_place *place = names_get(&server->places_by_path, path);
    struct http_route *route = mem_alloc(sizeof(*route));
    *route = (struct http_route){.method = method, .handler = handler, .context = context};
    place = place == NULL ? make_place(server, path) : place;
    struct http_route **end = &place->first;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = route;
}

static void remove_routes(struct http_place *place, const void *context)
{
    for (struct http_route **at = &place->first; *at != NULL;) {
        struct http_route *route = *at;
        if (route->context == context) {
            *at = route->next;
            mem_free(route);
        } else {
            at = &route->next;
        }
    }
}

static void free_place(struct http_server *server, struct http_place *place)
{
    names_remove(&server->places_by_path, place->path);
    mem_free(place->path);
    mem_free(place);
}

void http_server_unroute(struct http_server *server, const void *context)
{
    for (struct http_place **at = &server->places; *at != NULL;) {
        struct http_place *place = *at;
        remove_routes(place, context);
        if (place->first == NULL) {
            *at = place->next;
            free_place(server, place);
        } else {
            at = &place->next;
        }
    }
}

void http_routes_finish(struct http_server *server)
{
    while (server->places != NULL) {
        struct http_place *place = server->places;
        server->places = place->next;
        while (place->first != NULL) {
            remove_routes(place, place->first->context);
        }
        free_place(server, place);
    }
    names_finish(&server->places_by_path);
}

static bool call_from(struct http_request *request, const struct http_route *route)
{
    while (route != NULL && strcmp(route->method, request->method) != 0) {
        route = route->next;
    }
    if (route == NULL) {
        return false;
    }
    request->route = route;
    route->handler(route->context, request);
    return true;
}

bool http_route_begin(struct http_request *request)
{
    const struct http_place *place = names_get(&request->server->places_by_path, request->path);
    return place != NULL && call_from(request, place->first);
}

bool http_request_pass(struct http_request *request)
{
    return call_from(request, request->route->next);
}

void http_route_allowed(const struct http_request *request, struct buf *ret)
{
    const struct http_place *place = names_get(&request->server->places_by_path, request->path);
    for (const struct http_route *at = place == NULL ? NULL : place->first; at; at = at->next) {
        if (ret->data == NULL || strstr(ret->data, at->method) == NULL) {
            buf_printf(ret, "%s%s", ret->len > 0 ? ", " : "", at->method);
        }
    }
}
