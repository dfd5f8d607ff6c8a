#include <stddef.h>
#include <string.h>

#include "adapters/adapter.h"
#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/config.h"

/* One row an adapter; meson.build defines WHETHER_WITH_... for those that are built. */
#ifdef WHETHER_WITH_API
#include "adapters/api.h"
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

const struct adapter_ops *const adapter_table[] = {
#ifdef WHETHER_WITH_API
    &adapter_api,
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

bool adapter_check_built(const struct config *config, const char *path, struct fault_list *faults)
{
    const struct {
        const char *name;
        bool wanted;
    } kinds[] = {{"irc", config->irc_count > 0},
                 {"slack", config->slack_count > 0},
                 {"api", config->has_api},
                 {"page", config->has_page}};
    bool fine = true;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (kinds[i].wanted && !adapter_is_built(kinds[i].name)) {
            fault_add(faults, path != NULL ? path : "configuration", 0,
                      "this whether was built without [%s]", kinds[i].name);
            fine = false;
        }
    }
    return fine;
}
