#include "bot/host/libraries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <jansson.h>
#include <sqlite3.h>

#include "bot/base/mem.h"

/* 7.88.1 as 7088001; what stands behind the third number is passed over. -1: no version. */
static long number(const char *version)
{
    long parts[3] = {0}, whole = 0;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        char *end;
        if (*version < '0' || *version > '9') {
            return i == 0 ? -1 : whole * (i == 1 ? 1000000 : 1000);
        }
        parts[i] = strtol(version, &end, 10);
        if (parts[i] > 999) {
            return -1;
        }
        whole = whole * 1000 + parts[i];
        version = *end == '.' ? end + 1 : "";
    }
    return whole;
}

/* As in meson.build, which looks where the program is built, not where it runs. */
static const struct {
    const char *name, *least;
} needed[] = {
    {"libcurl", "7.87.0"}, /* CURLOPT_QUICK_EXIT */
    {"OpenSSL", "1.1.1"},  /* TLS 1.3 */
    {"SQLite", "3.35.0"},  /* RETURNING */
    {"jansson", "2.13.0"}, {"libmicrohttpd", "0.9.75"},
};

/* From, to and including. Distributors mend some without another number: hence doubtful. */
static const struct {
    const char *name, *from, *to, *what;
} faulty[] = {
    {"libcurl", "8.11.1", "8.11.1", "CVE-2025-0665: closes a descriptor twice after resolving"},
    {"OpenSSL", "3.0.0", "3.0.6", "CVE-2022-3602: overflow while checking certificates"},
};

enum library_verdict library_judge(const struct library *library, char ret[LIBRARY_TEXT_MAX])
{
    long loaded = number(library->loaded);
    ret[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        if (strcmp(needed[i].name, library->name) == 0 && loaded >= 0 &&
            loaded < number(needed[i].least)) {
            snprintf(ret, LIBRARY_TEXT_MAX, "%s %.40s is too old: this needs %s or newer",
                     library->name, library->loaded, needed[i].least);
            return LIBRARY_TOO_OLD;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(faulty); i++) {
        if (strcmp(faulty[i].name, library->name) == 0 && loaded >= number(faulty[i].from) &&
            loaded <= number(faulty[i].to)) {
            snprintf(ret, LIBRARY_TEXT_MAX,
                     "%s %.40s is faulty (%s) unless its distributor mended it", library->name,
                     library->loaded, faulty[i].what);
            return LIBRARY_DOUBTFUL;
        }
    }
    if (library->built != NULL && loaded >= 0 && loaded < number(library->built)) {
        snprintf(ret, LIBRARY_TEXT_MAX, "%s %.40s is older than %.40s, which this was built with",
                 library->name, library->loaded, library->built);
        return LIBRARY_DOUBTFUL;
    }
    return LIBRARY_FINE;
}

size_t libraries_of_host(struct library ret[LIBRARIES_MAX])
{
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    const char *tls = curl->ssl_version == NULL ? "" : curl->ssl_version;
    size_t count = 0;
    ret[count++] = (struct library){"libcurl", LIBCURL_VERSION, curl->version};
    if (strncmp(tls, "OpenSSL/", 8) == 0) {
        ret[count++] = (struct library){"OpenSSL", NULL, tls + 8};
    }
    ret[count++] = (struct library){"SQLite", SQLITE_VERSION, sqlite3_libversion()};
    ret[count++] = (struct library){"jansson", JANSSON_VERSION, jansson_version_str()};
    return count;
}
