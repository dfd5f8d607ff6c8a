#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "adapters/http_calls.h"
#include "adapters/http_server.h"
#include "adapters/slack_parse.h"
#include "bot/base/names.h"
#include "bot/host/secret.h"

/*
 * An app may be installed in thousands of workspaces, each a section and an adapter of its own.
 * What they have in common is here: a door, which is a path that Slack calls; behind it the apps,
 * each with its signing secrets; and of an app the workspaces, by their teams. A request is
 * verified with each app's secrets, not with each workspace's, and read once; its workspace is then
 * looked up. So it costs the same however many there are.
 *
 * Also what all workspaces together may have under way at Slack. Owned by the workspaces as a
 * whole: made by the first, freed with the last (adapter_setup.common). Not for anybody but the
 * files of this adapter.
 */
struct loop;
struct metrics;
struct slack;

enum { SLACK_DOOR_ROUTES = 3 };

struct slack_app {
    struct secret signing; /* owned */
    struct names teams;    /* to struct slack, by the configured team */
    struct slack *open;    /* the one that names no team, NULL: none */
    size_t count;          /* workspaces of it */
    struct slack_app *next;
};

struct slack_door {
    char *path;             /* owned; events, commands and actions lie below it */
    struct slack_app *apps; /* owned */
    struct http_server *server;
    struct metrics *metrics;
    const struct loop *loop;
};

struct slack_common {
    struct names doors;
    size_t workspaces;
    size_t calls;                               /* under way, of all workspaces */
    size_t asking;                              /* of these: who am I? */
    bool letting;                               /* the next ones are being let ask */
    struct slack *first_waiting, *last_waiting; /* to ask that, in their order */
};

/*
 * A workspace comes in by its path, secrets and team, and takes its signing secrets along; leaves
 * again. What is common is made and freed with the first and the last.
 */
void slack_app_join(struct slack *slack, struct secret *signing);
void slack_app_leave(struct slack *slack);
