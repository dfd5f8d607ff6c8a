#include <stddef.h>
#include <string.h>

#include "adapters/adapter.h"
#include "bot/base/error.h"
#include "bot/host/config.h"

/* One row an adapter; meson.build defines WHETHER_WITH_... for those that are built. */
#ifdef WHETHER_WITH_API
#include "adapters/api.h"
#endif
#ifdef WHETHER_WITH_CHATHOOK
#include "adapters/chathook.h"
#endif
#ifdef WHETHER_WITH_IRC
#include "adapters/irc.h"
#endif
#ifdef WHETHER_WITH_PAGE
#include "adapters/page.h"
#endif
#ifdef WHETHER_WITH_SLACK
#include "adapters/slack.h"
#endif
#ifdef WHETHER_WITH_TRACKER
#include "adapters/tracker.h"
#endif

const struct adapter_ops *const adapter_table[] = {
#ifdef WHETHER_WITH_API
    &adapter_api,
#endif
#ifdef WHETHER_WITH_CHATHOOK
    &adapter_mattermost,
    &adapter_rocketchat,
    &adapter_discord,
#endif
#ifdef WHETHER_WITH_IRC
    &adapter_irc,
#endif
#ifdef WHETHER_WITH_PAGE
    &adapter_page,
#endif
#ifdef WHETHER_WITH_SLACK
    &adapter_slack,
#endif
#ifdef WHETHER_WITH_TRACKER
    &adapter_github,
    &adapter_gitlab,
    &adapter_gitea,
    &adapter_jira,
    &adapter_linear,
    &adapter_generic,
#endif
    NULL,
};

bool adapter_is_built(const char *kind)
{
    size_t i = 0;
    while (adapter_table[i] != NULL && strcmp(adapter_table[i]->name, kind) != 0) {
        i++;
    }
    return adapter_table[i] != NULL;
}

static bool check_kind(const char *kind, bool wanted, const char *path, struct fault_list *faults)
{
    if (!wanted || adapter_is_built(kind)) {
        return true;
    }
    fault_add(faults, path != NULL ? path : "configuration", 0,
              "this whether was built without [%s]", kind);
    return false;
}

bool adapter_check_built(const struct config *config, const char *path, struct fault_list *faults)
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
