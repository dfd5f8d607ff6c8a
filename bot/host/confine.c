#include "bot/host/confine.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "bot/base/error.h"

bool confine_process(struct error *err)
{
    const struct rlimit none = {0};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return error_errno(err, errno, "new privileges cannot be given up");
    }
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return error_errno(err, errno, "the process's memory cannot be shut to others");
    }
    return setrlimit(RLIMIT_CORE, &none) == 0 ||
           error_errno(err, errno, "core dumps cannot be switched off");
}
