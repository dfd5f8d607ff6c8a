#include "adapters/http_url.h"

#include <string.h>
#include <strings.h>

static bool same_host(const char *host, size_t len, const char *hosts)
{
    while (*hosts) {
        hosts += strspn(hosts, " \t,");
        size_t name = strcspn(hosts, " \t,");
        if (name == len && name > 0 && strncasecmp(hosts, host, len) == 0) {
            return true;
        }
        hosts += name;
    }
    return false;
}

static bool is_loopback(const char *host, size_t len)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t name = strlen(names[i]);
        if (len >= name && strncmp(host, names[i], name) == 0 &&
            (len == name || host[name] == ':')) {
            return true;
        }
    }
    return false;
}

bool http_url_allowed(const char *url, const char *hosts)
{
    bool secure = strncmp(url, "https://", 8) == 0;
    if ((!secure && strncmp(url, "http://", 7) != 0) || strlen(url) >= HTTP_URL_MAX) {
        return false;
    }
    for (const char *at = url; *at; at++) {
        /* Blanks and controls would break our address; the rest makes URL parsers disagree. */
        if (*at <= ' ' || *at > '~' || strchr("\\@\"<>^`{}|", *at)) {
            return false;
        }
    }
    const char *host = url + (secure ? 8 : 7);
    size_t len = strcspn(host, "/?#");
    return (secure || is_loopback(host, len)) && same_host(host, len, hosts);
}
