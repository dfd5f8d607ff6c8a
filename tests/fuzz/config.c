#include <string.h>

#include "bot/base/error.h"
#include "bot/host/config.h"
#include "tests/fuzz/fuzz.h"

/*
 * Any bytes as a configuration file: a whole configuration, or faults that each have a sentence and
 * an untouched result.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config = {0};
    struct fault_list faults = {0};
    if (config_parse("whether.ini", (const char *)data, size, false, &config, &faults)) {
        REQUIRE(faults.count == 0);
        REQUIRE(config.name && config.name[0]);
        REQUIRE(config.packs.count <= CONFIG_PATHS_MAX);
        REQUIRE(config.irc_count <= CONFIG_NETWORKS_MAX);
        REQUIRE(config.slack_count <= CONFIG_SECTIONS_MAX);
        for (size_t i = 0; i < config.irc_count; i++) {
            REQUIRE(config.irc[i].server && config.irc[i].label[0]);
            REQUIRE(config.irc[i].listen != LISTEN_AS_BOT);
        }
        for (size_t i = 0; i < config.slack_count; i++) {
            REQUIRE(config.slack[i].path[0] == '/');
            REQUIRE(config.slack[i].listen != LISTEN_AS_BOT);
        }
        config_finish(&config);
    } else {
        static const struct config untouched;
        REQUIRE(memcmp(&config, &untouched, sizeof(config)) == 0);
        REQUIRE(faults.count > 0);
    }
    for (size_t i = 0; i < faults.count; i++) {
        REQUIRE(faults.items[i].file && faults.items[i].text && faults.items[i].text[0]);
    }
    fault_finish(&faults);
    return 0;
}
