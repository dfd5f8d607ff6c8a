#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/base/buf.h"
#include "bot/base/error.h"
#include "bot/base/file.h"
#include "bot/base/folder.h"
#include "bot/base/mem.h"
#include "bot/host/announce.h"
#include "bot/host/config_check.h"
#include "bot/host/config_inside.h"
#include "bot/host/redis_address.h"

const struct config_mark *config_checked_mark(const struct config_checked *place, const char *key)
{
    return config_lines_row(place->stands, config_row_find(place->name, key));
}

void config_fault(const struct config_checked *place, const char *key, const char *text)
{
    const struct config_mark *mark = config_checked_mark(place, key);
    mark = mark->line != 0 ? mark : &place->stands->section;
    fault_add(place->faults, mark->path, mark->line, "[%s] %s", place->name, text);
}

/* "https://host" or with a port: what browsers send, to the letter. */
static bool is_origin(const char *text, size_t len)
{
    static const char *const schemes[] = {"https://", "http://"};
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        size_t scheme = strlen(schemes[i]);
        if (len > scheme && memcmp(text, schemes[i], scheme) == 0) {
            return memchr(text + scheme, '/', len - scheme) == NULL;
        }
    }
    return false;
}

static void check_origins(const char *origins, struct config_checked *place)
{
    for (const char *at = origins; *at != '\0';) {
        at += strspn(at, " ,");
        size_t len = strcspn(at, " ,");
        if (len > 0 && !is_origin(at, len)) {
            config_fault(place, "origins",
                         "origins are as browsers send them: https://host or "
                         "https://host:port, nothing after it");
        }
        at += len;
    }
}

/* One that nothing can match would only show when somebody is turned away. */
static void check_hosts(const char *hosts, const char *key, bool ports,
                        const struct config_checked *place)
{
    for (const char *at = hosts; *at != '\0';) {
        at += strspn(at, " \t,");
        size_t len = strcspn(at, " \t,");
        if (len > 0 && !config_is_host(at, len, ports)) {
            struct error err = {0};
            error_set(&err, ERROR_INPUT,
                      "%s: \"%.*s\" is no host: want names such as example.org, without https://, "
                      "%s",
                      key, len < 60 ? (int)len : 60, at, ports ? "path" : "port and path");
            config_fault(place, key, err.text);
        }
        at += len;
    }
}

static void check_page(const struct config *config, struct config_checked *place)
{
    if (strcmp(config->page.hosts, "*") != 0) {
        check_hosts(config->page.hosts, "hosts", false, place);
    }
}

static void check_http(const struct config *config, struct config_checked *place)
{
    for (const char *at = config->http_proxies; *at != '\0';) {
        char text[INET6_ADDRSTRLEN] = "";
        unsigned char bytes[16];
        at += strspn(at, " \t,");
        size_t next = strcspn(at, ","), len = next;
        while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t')) {
            len--;
        }
        memcpy(text, at, len < sizeof(text) ? len : 0);
        if (len > 0 && inet_pton(AF_INET, text, bytes) != 1 &&
            inet_pton(AF_INET6, text, bytes) != 1) {
            struct error err = {0};
            error_set(&err, ERROR_INPUT,
                      "proxies: \"%.*s\" is no address: want such as 192.0.2.1 or 2001:db8::1, "
                      "without port and mask",
                      len < 60 ? (int)len : 60, at);
            config_fault(place, "proxies", err.text);
        }
        at += next;
    }
}

static void check_api(const struct config *config, struct config_checked *place)
{
    const struct config_api *api = &config->api;
    if (!api->open && !secret_configured(&api->token)) {
        config_fault(place, "open",
                     "needs token_file or token_env, or open = yes for everybody on this machine");
    }
    if (api->open && !secret_configured(&api->token) && !config_loopback(config->http_listen)) {
        config_fault(
            place, "open",
            "open = yes is for [http] listen on a loopback address: others would reach it too");
    }
    check_origins(api->origins, place);
}

static void check_slack(const struct config *config, struct config_checked *place)
{
    const struct config_slack *slack = &config->slack[place->instance];
    if (!secret_configured(&slack->signing_secret)) {
        config_fault(
            place, "path",
            "needs signing_secret_file or signing_secret_env: without it nobody could tell "
            "whether it is Slack that calls");
    }
    size_t path_len = strlen(slack->path);
    if (slack->path[0] != '/' || slack->path[path_len - 1] == '/' ||
        strpbrk(slack->path, " ?#%") != NULL) {
        config_fault(
            place, "path",
            "path begins with a slash, ends without one, and holds no blank, \"?\", \"#\" or "
            "\"%\"");
    }
    check_hosts(slack->response_hosts, "response_hosts", true, place);
}

static void check_irc(const struct config *config, struct config_checked *place)
{
    const struct config_irc *irc = &config->irc[place->instance];
    /* A bad one is a fault already. */
    if (irc->server == NULL && config_checked_mark(place, "server")->line == 0) {
        config_fault(place, "server", "needs a server = HOST:PORT");
    }
    if (irc->sasl == SASL_PLAIN &&
        (irc->sasl_user[0] == '\0' || !secret_configured(&irc->sasl_password))) {
        config_fault(place, "sasl",
                     "sasl = plain needs sasl_user and sasl_password_file (or _env)");
    }
    if (irc->sasl == SASL_EXTERNAL && (irc->cert_file[0] == '\0' || !irc->tls)) {
        config_fault(place, "sasl", "sasl = external needs cert_file and tls = yes");
    }
    bool passwords = secret_configured(&irc->sasl_password) ||
                     secret_configured(&irc->server_password) ||
                     secret_configured(&irc->nickserv_password);
    if (!irc->tls && passwords && irc->server != NULL && !config_loopback(irc->server)) {
        config_fault(place, "tls", "has a password, but tls = no would send it in the clear");
    }
    struct config_channel channels[CONFIG_CHANNELS_MAX];
    struct error err = {0};
    size_t count;
    if (!config_channels(irc->channels, channels, &count, &err)) {
        config_fault(place, "channels", err.text);
    }
    if (strpbrk(irc->nick, " \t,:!@*?") != NULL) {
        config_fault(place, "nick", "nick holds a character that no nick may have");
    }
    /* RFC 2812, 2.3.1. */
    if ((irc->nick[0] >= '0' && irc->nick[0] <= '9') || irc->nick[0] == '-') {
        config_fault(place, "nick", "nick begins with a digit or a hyphen, as no nick may");
    }
    if (strpbrk(irc->username, " \t:!@") != NULL) {
        config_fault(place, "username", "username holds a character that no user name may have");
    }
    if (place->files && irc->cert_file[0] != '\0' && irc->key_file[0] == '\0') {
        config_check_holds_key(place, "cert_file", irc->cert_file);
    }
}

static const struct config_tracker *tracker_at(const struct config *config,
                                               const struct config_checked *place)
{
    for (size_t kind = 0; kind < CONFIG_TRACKERS; kind++) {
        if (strcmp(config_trackers[kind], place->name) == 0) {
            return &config->trackers[kind][place->instance];
        }
    }
    return NULL;
}

/* That there is such a chat, and that a channel is named where one has to be. */
static void check_announce(const char *announce, const struct config_checked *place)
{
    static const struct {
        const char *section;
        bool channels; /* else its webhook leads to one */
    } chats[] = {{"irc", true},
                 {"slack", true},
                 {"mattermost", false},
                 {"rocketchat", false},
                 {"discord", false}};
    struct announce_target target = {0};
    bool parsed = announce_parse(announce, &target);
    size_t len = strcspn(target.adapter, " ");
    const char *label = target.adapter + len + (target.adapter[len] == ' ');
    size_t i = 0;
    while (i < ARRAY_LEN(chats) && (strlen(chats[i].section) != len ||
                                    memcmp(chats[i].section, target.adapter, len) != 0)) {
        i++;
    }
    struct error err = {0};
    if (!parsed || i == ARRAY_LEN(chats) ||
        config_lines_find(place->lines, (size_t)config_section_find(target.adapter, len), label) ==
            NULL) {
        error_set(&err, ERROR_INPUT,
                  "announce: there is no chat [%.60s]; it takes the name of a chat's section, and "
                  "after a comma a channel: irc libera, #team",
                  target.adapter);
        config_fault(place, "announce", err.text);
    } else if (chats[i].channels != (target.place[0] != '\0')) {
        error_set(&err, ERROR_INPUT,
                  chats[i].channels ? "announce: [%.60s] needs a channel after a comma"
                                    : "announce: [%.60s] takes no channel, its webhook has one",
                  target.adapter);
        config_fault(place, "announce", err.text);
    }
}

/* What is no pointer at a glance; the rest is seen when the adapter starts. */
static void check_generic(const struct config_tracker *generic, const struct config_checked *place)
{
    const struct {
        const char *key, *pointer;
    } keys[] = {{"text", generic->text},
                {"id", generic->id},
                {"author", generic->author},
                {"reply", generic->reply}};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (keys[i].pointer[0] != '\0' && keys[i].pointer[0] != '/') {
            struct error err = {0};
            error_set(&err, ERROR_INPUT, "%s is a JSON pointer, such as /%.60s, not \"%.60s\"",
                      keys[i].key, keys[i].pointer, keys[i].pointer);
            config_fault(place, keys[i].key, err.text);
        }
    }
    if (generic->reply_hosts[0] == '\0') {
        config_fault(place, "reply_hosts",
                     "needs reply_hosts: which hosts an answer may be sent to");
    }
    check_hosts(generic->reply_hosts, "reply_hosts", true, place);
}

static void check_tracker(const struct config *config, struct config_checked *place)
{
    const struct config_tracker *tracker = tracker_at(config, place);
    bool generic = strcmp(place->name, config_trackers[CONFIG_GENERIC]) == 0;
    if (!secret_configured(&tracker->secret)) {
        config_fault(place, "path",
                     "needs secret_file or secret_env: without it nobody could tell who sends");
    }
    if (!generic && !secret_configured(&tracker->token)) {
        config_fault(place, "path", "needs token_file or token_env, to comment with");
    }
    if (tracker->path[0] != '/') {
        config_fault(place, "path", "path begins with a slash");
    }
    /* A bad one is a fault already. */
    if (!generic && tracker->api == NULL && config_checked_mark(place, "api")->line == 0) {
        config_fault(place, "api", "needs api = https://..., the tracker's address");
    }
    if (strcmp(place->name, config_trackers[CONFIG_JIRA]) == 0 && tracker->user[0] == '\0') {
        config_fault(place, "user",
                     "needs user = the mail address of the account that the token is of");
    }
    if (generic) {
        check_generic(tracker, place);
    } else if (tracker->announce[0] != '\0') {
        check_announce(tracker->announce, place);
    }
}

static const struct config_chat *chat_at(const struct config *config,
                                         const struct config_checked *place)
{
    size_t kind = 0;
    while (kind + 1 < CONFIG_CHATS && strcmp(config_chats[kind], place->name) != 0) {
        kind++;
    }
    return &config->chats[kind][place->instance];
}

static void check_chat(const struct config *config, struct config_checked *place)
{
    const struct config_chat *chat = chat_at(config, place);
    if (!secret_configured(&chat->token)) {
        config_fault(place, "path",
                     "needs token_file or token_env: without it nobody could tell who asks");
    }
    if (chat->path[0] != '/') {
        config_fault(place, "path", "path begins with a slash");
    }
}

static void check_discord(const struct config *config, struct config_checked *place)
{
    if (!secret_configured(&config->chats[CONFIG_DISCORD][place->instance].webhook)) {
        config_fault(place, "webhook",
                     "needs webhook_file or webhook_env: the address to announce at");
    }
}

static void check_redis(const struct config_redis *redis, struct config_checked *place)
{
    struct redis_address address;
    struct error err = {0};
    if (!redis_address_parse(redis->url, "store", &address, &err)) {
        config_fault(place, "store", err.text);
    } else if (!address.tls && (redis->ca_file[0] || redis->cert_file[0] || redis->key_file[0])) {
        config_fault(place, "store", "has certificates, which need TLS: rediss://");
    }
    if ((redis->cert_file[0] == '\0') != (redis->key_file[0] == '\0')) {
        config_fault(place, "cert_file", "cert_file and key_file belong together");
    }
}

/* That it is no database of ours is seen when it is opened; a slip in the path, here. */
static void check_store(const struct config *config, struct config_checked *place)
{
    if (config->redis.url[0] != '\0') {
        check_redis(&config->redis, place);
        return;
    }
    struct stat info;
    char folder[4096];
    if (!place->files) {
        return;
    }
    if (stat(config->store, &info) == 0) {
        if (!S_ISREG(info.st_mode)) {
            config_fault(place, "path", "path is no ordinary file");
        }
    } else if (errno == ELOOP || errno == ENAMETOOLONG) {
        struct error err = {0};
        error_errno(&err, errno, "path leads nowhere");
        config_fault(place, "path", err.text);
    } else if (file_folder(config->store, folder, sizeof(folder)) && !folder_is(folder)) {
        config_fault(place, "path", "path is in a folder that is not there");
    }
}

/* ---- paths of [slack] ---- */

struct slack_path {
    const struct config_slack *slack;
    struct config_place *stands;
};

/* By path and team, those without a team first; then as they stand. */
static int compare_paths(const void *left, const void *right)
{
    const struct slack_path *a = left, *b = right;
    int by_path = strcmp(a->slack->path, b->slack->path);
    int by_team = by_path != 0 ? by_path : strcmp(a->slack->team, b->slack->team);
    return by_team != 0 ? by_team : a->stands->instance < b->stands->instance ? -1 : 1;
}

static void fault_later(const struct slack_path *a, const struct slack_path *b,
                        struct fault_list *faults)
{
    const struct config_checked place = {
        .name = "slack",
        .lines = NULL,
        .instance = 0,
        .files = false,
        .faults = faults,
        .stands = a->stands->instance > b->stands->instance ? a->stands : b->stands};
    config_fault(&place, "path",
                 "path is another [slack] section's already: give each its own, or each its team");
}

/* Workspaces of one app share its path, if each says which it is. */
static void check_slack_paths(const struct config *config, const struct config_lines *lines,
                              struct fault_list *faults)
{
    const struct config_instances *places = &lines->sections[config_section_find("slack", 5)];
    struct slack_path *paths = mem_alloc((places->count + 1) * sizeof(*paths));
    for (size_t i = 0; i < places->count; i++) {
        paths[i] = (struct slack_path){&config->slack[i], places->items[i]};
    }
    qsort(paths, places->count, sizeof(*paths), compare_paths);
    for (size_t i = 1, first = 0; i < places->count; i++) {
        if (strcmp(paths[i].slack->path, paths[first].slack->path) != 0) {
            first = i;
        } else if (paths[first].slack->team[0] == '\0') {
            fault_later(&paths[first], &paths[i], faults);
        } else if (strcmp(paths[i].slack->team, paths[i - 1].slack->team) == 0) {
            fault_later(&paths[i - 1], &paths[i], faults);
        }
    }
    mem_free(paths);
}

void config_check(const struct config *config, const struct config_lines *lines,
                  struct fault_list *faults)
{
    static const struct {
        const char *name;
        void (*check)(const struct config *config, struct config_checked *place);
    } checks[] = {
        {"store", check_store},     {"http", check_http},       {"api", check_api},
        {"page", check_page},       {"slack", check_slack},     {"irc", check_irc},
        {"github", check_tracker},  {"gitlab", check_tracker},  {"gitea", check_tracker},
        {"jira", check_tracker},    {"linear", check_tracker},  {"generic", check_tracker},
        {"mattermost", check_chat}, {"rocketchat", check_chat}, {"discord", check_discord}};
    size_t section_count;
    const struct config_section *sections = config_sections(&section_count);
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        int section = config_section_find(checks[i].name, strlen(checks[i].name));
        const struct config_instances *places = &lines->sections[section];
        for (size_t k = 0; k < places->count; k++) {
            struct config_checked place = {.stands = places->items[k],
                                           .lines = lines,
                                           .faults = faults,
                                           .name = checks[i].name,
                                           .instance = k,
                                           .files = lines->files};
            checks[i].check(config, &place);
            if (lines->files) {
                config_check_files(config, &sections[section], &place);
            }
        }
    }
    check_slack_paths(config, lines, faults);
}
