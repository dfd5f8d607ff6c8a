#include <stdio.h>
#include <string.h>

#include "bot/base/buf.h"
#include "bot/base/mem.h"
#include "bot/host/config_inside.h"

/* "auto": below a place of its kind, by its label. */
static void complete_path(char **path, const char *place, const char *label)
{
    if (strcmp(*path, "auto") == 0) {
        struct buf text;
        buf_init(&text, 2 * CONFIG_LABEL_MAX);
        buf_printf(&text, "%s%s%s", place, label[0] == '\0' ? "" : "/", label);
        mem_free(*path);
        *path = buf_take(&text, NULL);
    }
}

static void complete_listen(const struct config *config, int *listen)
{
    *listen = *listen == LISTEN_AS_BOT ? config->listen : *listen;
}

static size_t complete_trackers(struct config *config)
{
    size_t count = 0;
    for (size_t kind = 0; kind < CONFIG_TRACKERS; kind++) {
        for (size_t i = 0; i < config->tracker_counts[kind]; i++, count++) {
            struct config_tracker *tracker = &config->trackers[kind][i];
            char place[40];
            snprintf(place, sizeof(place), "/hooks/%s", config_trackers[kind]);
            complete_path(&tracker->path, place, tracker->label);
            complete_listen(config, &tracker->listen);
        }
    }
    return count;
}

static size_t complete_chats(struct config *config)
{
    static const enum config_chat_kind hearing[] = {CONFIG_MATTERMOST, CONFIG_ROCKETCHAT};
    size_t count = 0;
    for (size_t k = 0; k < ARRAY_LEN(hearing); k++) {
        for (size_t i = 0; i < config->chat_counts[hearing[k]]; i++, count++) {
            struct config_chat *chat = &config->chats[hearing[k]][i];
            char place[40];
            snprintf(place, sizeof(place), "/hooks/%s", config_chats[hearing[k]]);
            complete_path(&chat->path, place, chat->label);
        }
    }
    return count;
}

static bool there(const struct config_lines *lines, const char *section)
{
    return lines->sections[config_section_find(section, strlen(section))].count > 0;
}

void config_complete(struct config *config, const struct config_lines *lines)
{
    for (size_t i = 0; i < config->slack_count; i++) {
        complete_path(&config->slack[i].path, "/slack", config->slack[i].label);
        complete_listen(config, &config->slack[i].listen);
    }
    for (size_t i = 0; i < config->irc_count; i++) {
        complete_listen(config, &config->irc[i].listen);
    }
    size_t hooks = complete_trackers(config) + complete_chats(config);
    config->has_api = there(lines, "api");
    config->has_page = there(lines, "page");
    if (!config->has_api && !config->has_page && config->slack_count == 0 && hooks == 0 &&
        !there(lines, "http")) {
        config->http_listen[0] = '\0';
    }
}
