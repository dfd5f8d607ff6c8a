#include "bot/host/store_configured.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/host/config.h"
#include "bot/host/store.h"
#include "bot/host/store_redis.h"

static bool is_redis(const struct config *config)
{
    return config->redis.url[0] != '\0';
}

#ifdef WHETHER_WITH_REDIS
static bool open_redis(const struct config_redis *redis, bool reader, struct store **ret,
                       struct error *err)
{
    const struct store_redis_setup setup = {.url = redis->url,
                                            .password = &redis->password,
                                            .ca_file = redis->ca_file,
                                            .cert_file = redis->cert_file,
                                            .key_file = redis->key_file,
                                            .prefix = redis->prefix};
    return reader ? store_open_redis_reader(&setup, ret, err) : store_open_redis(&setup, ret, err);
}
#else
static bool open_redis(const struct config_redis *redis, bool reader, struct store **ret,
                       struct error *err)
{
    (void)reader;
    (void)ret;
    return error_set(err, ERROR_INPUT, "%s: this whether was built without Redis (hiredis)",
                     redis->url);
}
#endif

bool store_open_configured(const struct config *config, struct store **ret, struct error *err)
{
    return is_redis(config) ? open_redis(&config->redis, false, ret, err)
                            : store_open(config->store, ret, err);
}

bool store_open_configured_reader(const struct config *config, struct store **ret,
                                  struct error *err)
{
    return is_redis(config) ? open_redis(&config->redis, true, ret, err)
                            : store_open_reader(config->store, ret, err);
}

bool store_configured_is_there(const struct config *config, struct error *err)
{
    return is_redis(config) || access(config->store, F_OK) == 0 || errno != ENOENT ||
           error_set(err, ERROR_ENVIRONMENT, "%s: there is no store yet; `whether run` makes it",
                     config->store);
}

const char *store_configured_name(const struct config *config)
{
    return is_redis(config) ? config->redis.url : config->store;
}

bool store_configured_same(const struct config *a, const struct config *b)
{
    return strcmp(store_configured_name(a), store_configured_name(b)) == 0;
}
