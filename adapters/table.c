#include <stddef.h>

#include "adapters/adapter.h"

/* One row an adapter; meson.build defines WHETHER_WITH_... for those that are built. Their names
 * for programs without them: bot/host/config_built.c. */
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
