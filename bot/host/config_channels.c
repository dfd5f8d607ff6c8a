#include <string.h>

#include "bot/base/error.h"
#include "bot/host/config.h"

static struct config_span trimmed(const char *text, size_t len)
{
    while (len > 0 && *text == ' ') {
        text++;
        len--;
    }
    while (len > 0 && text[len - 1] == ' ') {
        len--;
    }
    return (struct config_span){text, len};
}

/* "#name" or "#name key". A key that begins with a colon would be read as the line's last word. */
static bool parse_one(struct config_span item, struct config_channel *ret, struct error *err)
{
    const char *blank = memchr(item.at, ' ', item.len);
    size_t len = blank ? (size_t)(blank - item.at) : item.len;
    struct config_span key = trimmed(item.at + len, item.len - len);
    bool fine = strchr("#&+!", item.at[0]) != NULL && len <= CONFIG_CHANNEL_LEN_MAX &&
                key.len <= CONFIG_CHANNEL_KEY_MAX && (key.len == 0 || key.at[0] != ':') &&
                memchr(key.at, ' ', key.len) == NULL;
    *ret = (struct config_channel){{item.at, len}, key};
    return fine || error_set(err, ERROR_INPUT, "\"%.*s\" is no channel: want #name or #name key",
                             (int)(len < 60 ? len : 60), item.at);
}

bool config_channels(const char *text, struct config_channel ret[CONFIG_CHANNELS_MAX],
                     size_t *ret_count, struct error *err)
{
    size_t count = 0;
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, ",");
        struct config_span item = trimmed(at, len);
        at += len;
        at += *at == ',';
        if (item.len == 0) {
            continue;
        }
        if (count == CONFIG_CHANNELS_MAX) {
            return error_set(err, ERROR_INPUT, "more than %d channels", CONFIG_CHANNELS_MAX);
        }
        if (!parse_one(item, &ret[count], err)) {
            return false;
        }
        count++;
    }
    *ret_count = count;
    return true;
}
