#include <stddef.h>
#include <string.h>

#include "bot/base/error.h"
#include "bot/host/config.h"

/*
 * The kinds of adapters/table.c by their names: whoever checks a configuration need not carry the
 * adapters themselves, and their libraries. tests/unit/test-table.c holds one against the other.
 */
static const char *const built[] = {
#ifdef WHETHER_WITH_API
    "api",
#endif
#ifdef WHETHER_WITH_CHATHOOK
    "mattermost", "rocketchat", "discord",
#endif
#ifdef WHETHER_WITH_IRC
    "irc",
#endif
#ifdef WHETHER_WITH_PAGE
    "page",
#endif
#ifdef WHETHER_WITH_SLACK
    "slack",
#endif
#ifdef WHETHER_WITH_TRACKER
    "github",     "gitlab",     "gitea",   "jira", "linear", "generic",
#endif
    NULL,
};

bool config_is_built(const char *kind)
{
    size_t i = 0;
    while (built[i] != NULL && strcmp(built[i], kind) != 0) {
        i++;
    }
    return built[i] != NULL;
}

static bool check_kind(const char *kind, bool wanted, const char *path, struct fault_list *faults)
{
    if (!wanted || config_is_built(kind)) {
        return true;
    }
    fault_add(faults, path != NULL ? path : "configuration", 0,
              "this whether was built without [%s]", kind);
    return false;
}

bool config_check_built(const struct config *config, const char *path, struct fault_list *faults)
{
    bool fine = check_kind("irc", config->irc_count > 0, path, faults);
    fine = check_kind("slack", config->slack_count > 0, path, faults) && fine;
    fine = check_kind("api", config->has_api, path, faults) && fine;
    fine = check_kind("page", config->has_page, path, faults) && fine;
    for (size_t i = 0; i < CONFIG_TRACKERS; i++) {
        fine = check_kind(config_trackers[i], config->tracker_counts[i] > 0, path, faults) && fine;
    }
    for (size_t i = 0; i < CONFIG_CHATS; i++) {
        fine = check_kind(config_chats[i], config->chat_counts[i] > 0, path, faults) && fine;
    }
    return fine;
}
