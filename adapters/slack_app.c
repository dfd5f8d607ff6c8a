#include "adapters/slack_app.h"

#include <assert.h>
#include <string.h>

#include "adapters/http_body.h"
#include "adapters/signature.h"
#include "adapters/slack_inside.h"
#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"
#include "bot/host/log.h"
#include "bot/host/loop.h"

#define TYPE_JSON "application/json"
#define TYPE_FORM "application/x-www-form-urlencoded"

typedef void parse_body(const struct slack_views *views, const char *body, size_t len,
                        struct slack_incoming *ret);

/* ---- requests ---- */

/* S9: a retry may be the only delivery that arrives, so it is taken like any other. */
static void note_retry(const struct slack_door *door, const struct http_request *request)
{
    const char *number = http_request_header(request, "X-Slack-Retry-Num");
    const char *reason = http_request_header(request, "X-Slack-Retry-Reason");
    if (number != NULL) {
        log_info("slack.retry", LOG_TEXT("path", door->path), LOG_TEXT("number", number),
                 LOG_TEXT("reason", reason));
    }
}

struct looking {
    const struct slack_app *app;
    struct slack *slack; /* found; NULL: none yet */
    struct slack_view view;
};

static const struct slack_view *view_of_team(void *context, const char *team)
{
    struct looking *looking = context;
    struct slack *slack = names_get(&looking->app->teams, team);
    slack = slack != NULL ? slack : looking->app->open;
    if (slack == NULL) {
        return NULL;
    }
    looking->view = slack_view(slack);
    const struct slack_view *view = slack_view_of(&looking->view, team);
    looking->slack = view == NULL ? NULL : slack;
    return view;
}

/* The next app whose secret it is; else *ret tells what is more than wrong: late, say. */
static const struct slack_app *verified(const struct slack_door *door, const struct slack_app *app,
                                        const struct http_request *request,
                                        enum signature_result *ret)
{
    int64_t now_s = loop_wall_ms(door->loop) / 1000;
    *ret = SIGNATURE_WRONG;
    for (; app != NULL; app = app->next) {
        enum signature_result result =
            signature_of_request(&signature_slack, &app->signing, request, now_s);
        *ret = result == SIGNATURE_WRONG ? *ret : result;
        if (result == SIGNATURE_GOOD) {
            return app;
        }
    }
    return NULL;
}

/*
 * What the body says to the app; to be freed. Another app may have the same secret, and the team.
 */
static struct slack *read_body(const struct slack_door *door, const struct slack_app *app,
                               const struct http_request *request, parse_body *parse,
                               struct slack_incoming *ret)
{
    size_t len;
    enum signature_result unused;
    const char *body = http_request_body(request, &len);
    for (;;) {
        struct looking looking = {.app = app};
        const struct slack_views views = {view_of_team, &looking};
        parse(&views, body, len, ret);
        app = ret->kind == SLACK_OTHER_TEAM ? verified(door, app->next, request, &unused) : NULL;
        if (app == NULL) {
            return looking.slack;
        }
        slack_incoming_finish(ret);
    }
}

static void on_request(const struct slack_door *door, struct http_request *request,
                       const char *type, parse_body *parse)
{
    /* S1: before anything of the body is looked at. */
    enum signature_result signature = SIGNATURE_WRONG;
    const struct slack_app *app = verified(door, door->apps, request, &signature);
    if (app == NULL) {
        slack_reject(door, request, 401, signature_reason(signature),
                     signature_sentence(signature));
        return;
    }
    if (!http_type_is(http_request_header(request, "Content-Type"), type)) {
        slack_reject(door, request, 415, "content_type",
                     "The body's type is not the one Slack sends.");
        return;
    }
    note_retry(door, request);
    struct slack_incoming incoming;
    struct slack *slack = read_body(door, app, request, parse, &incoming);
    slack_hear(door, slack, request, &incoming);
    slack_incoming_finish(&incoming);
}

static void on_event(void *context, struct http_request *request)
{
    on_request(context, request, TYPE_JSON, slack_parse_event);
}

static void on_command(void *context, struct http_request *request)
{
    on_request(context, request, TYPE_FORM, slack_parse_command);
}

static void on_action(void *context, struct http_request *request)
{
    on_request(context, request, TYPE_FORM, slack_parse_action);
}

/* ---- doors and apps ---- */

static struct slack_common *common_of(const struct slack *slack)
{
    if (*slack->setup.common == NULL) {
        *slack->setup.common = mem_alloc(sizeof(struct slack_common));
    }
    return *slack->setup.common;
}

static struct slack_door *open_door(struct slack_common *common, const struct adapter_setup *setup,
                                    const char *path)
{
    static const struct {
        const char *below;
        http_handler *handler;
    } routes[SLACK_DOOR_ROUTES] = {
        {"/events", on_event}, {"/commands", on_command}, {"/actions", on_action}};
    struct slack_door *door = mem_alloc(sizeof(*door));
    *door = (struct slack_door){.path = mem_strdup(path),
                                .server = setup->server,
                                .metrics = setup->metrics,
                                .loop = setup->loop};
    for (size_t i = 0; i < SLACK_DOOR_ROUTES; i++) {
        struct buf whole;
        buf_init(&whole, SLACK_URL_MAX);
        buf_printf(&whole, "%s%s", path, routes[i].below);
        http_server_route(setup->server, "POST", whole.data, routes[i].handler, door);
        buf_finish(&whole);
    }
    names_put(&common->doors, door->path, door);
    return door;
}

static void close_door(struct slack_common *common, struct slack_door *door)
{
    http_server_unroute(door->server, door);
    names_remove(&common->doors, door->path);
    mem_free(door->path);
    mem_free(door);
}

/* Of one configuration: how long it takes tells nobody anything. */
static bool same_secrets(const struct secret *a, const struct secret *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        same = strcmp(a->items[i], b->items[i]) == 0;
    }
    return same;
}

/* Takes the secrets. New ones come last, as their sections do. */
static struct slack_app *app_of(struct slack_door *door, struct secret *signing)
{
    struct slack_app **at = &door->apps;
    while (*at != NULL && !same_secrets(&(*at)->signing, signing)) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        *at = mem_alloc(sizeof(**at));
        **at = (struct slack_app){.signing = *signing};
        *signing = (struct secret){0};
    }
    secret_finish(signing);
    return *at;
}

static void drop_app(struct slack_door *door, struct slack_app *app)
{
    struct slack_app **at = &door->apps;
    while (*at != app) {
        at = &(*at)->next;
    }
    *at = app->next;
    secret_finish(&app->signing);
    names_finish(&app->teams);
    mem_free(app);
}

void slack_app_join(struct slack *slack, struct secret *signing)
{
    struct slack_common *common = common_of(slack);
    struct slack_door *door = names_get(&common->doors, slack->config->path);
    door = door != NULL ? door : open_door(common, &slack->setup, slack->config->path);
    slack->common = common;
    slack->door = door;
    slack->app = app_of(door, signing);
    slack->app->count++;
    common->workspaces++;
    /* The configuration has no two of the same team, and none without beside others. */
    if (slack->own_team[0] == '\0') {
        assert(slack->app->open == NULL);
        slack->app->open = slack;
    } else {
        names_put(&slack->app->teams, slack->own_team, slack);
    }
}

void slack_app_leave(struct slack *slack)
{
    struct slack_app *app = slack->app;
    struct slack_door *door = slack->door;
    struct slack_common *common = slack->common;
    if (app == NULL) {
        return;
    }
    if (app->open == slack) {
        app->open = NULL;
    } else {
        names_remove(&app->teams, slack->own_team);
    }
    if (--app->count == 0) {
        drop_app(door, app);
    }
    if (door->apps == NULL) {
        close_door(common, door);
    }
    if (--common->workspaces == 0) {
        names_finish(&common->doors);
        *slack->setup.common = NULL;
        mem_free(common);
    }
}
