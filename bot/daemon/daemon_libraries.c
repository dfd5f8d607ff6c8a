#include <stdio.h>
#include <string.h>

#include "adapters/http_server.h"
#include "bot/base/error.h"
#include "bot/daemon/daemon_inside.h"
#include "bot/host/libraries.h"
#include "bot/host/log.h"

static size_t all(struct library ret[LIBRARIES_MAX + 1])
{
    size_t count = libraries_of_host(ret);
    ret[count].name = "libmicrohttpd";
    ret[count].loaded = http_server_library(&ret[count].built);
    return count + 1;
}

void daemon_check_libraries(struct fault_list *faults)
{
    struct library libraries[LIBRARIES_MAX + 1];
    size_t count = all(libraries);
    for (size_t i = 0; i < count; i++) {
        char text[LIBRARY_TEXT_MAX];
        enum library_verdict verdict = library_judge(&libraries[i], text);
        if (verdict == LIBRARY_TOO_OLD) {
            fault_add(faults, "libraries", 0, "%s", text);
        } else if (verdict == LIBRARY_DOUBTFUL) {
            log_warning("daemon.library", LOG_TEXT("cause", text));
        }
    }
}

const char *daemon_libraries(char ret[DAEMON_LIBRARIES_MAX], bool *ret_fine)
{
    struct library libraries[LIBRARIES_MAX + 1];
    size_t count = all(libraries), len = 0;
    *ret_fine = true;
    for (size_t i = 0; i < count; i++) {
        char text[LIBRARY_TEXT_MAX];
        bool fine = library_judge(&libraries[i], text) == LIBRARY_FINE;
        *ret_fine = *ret_fine && fine;
        int more = snprintf(ret + len, DAEMON_LIBRARIES_MAX - len, "%s%s %.40s%s%s%s",
                            i == 0 ? "" : ", ", libraries[i].name, libraries[i].loaded,
                            fine ? "" : " (", text, fine ? "" : ")");
        len = more > 0 && (size_t)more < DAEMON_LIBRARIES_MAX - len ? len + (size_t)more
                                                                    : DAEMON_LIBRARIES_MAX - 1;
    }
    return ret;
}
