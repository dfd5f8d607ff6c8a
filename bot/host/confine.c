#include "bot/host/confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"

/* Of root's capabilities those that files, a port below 1024 and locked pages may take. */
static bool drop_capabilities(void)
{
    static const uint64_t kept = UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_DAC_OVERRIDE |
                                 UINT64_C(1) << CAP_DAC_READ_SEARCH | UINT64_C(1) << CAP_FOWNER |
                                 UINT64_C(1) << CAP_IPC_LOCK | UINT64_C(1) << CAP_NET_BIND_SERVICE;
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &head, sets) != 0) {
        return false;
    }
    bool changes = false;
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        struct __user_cap_data_struct before = sets[i];
        sets[i].permitted &= (uint32_t)(kept >> 32 * i);
        sets[i].effective &= sets[i].permitted;
        sets[i].inheritable = 0;
        changes = changes || before.permitted != sets[i].permitted ||
                  before.effective != sets[i].effective || before.inheritable != 0;
    }
    /* whether.service has given all away before, and refuses the call. */
    return !changes || syscall(SYS_capset, &head, sets) == 0;
}

bool confine_process(struct error *err)
{
    const struct rlimit none = {0};
    struct rlimit core;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return error_errno(err, errno, "new privileges cannot be given up");
    }
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return error_errno(err, errno, "the process's memory cannot be shut to others");
    }
    if (!drop_capabilities()) {
        return error_errno(err, errno, "capabilities cannot be given up");
    }
    bool cores = getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0;
    return !cores || setrlimit(RLIMIT_CORE, &none) == 0 ||
           error_errno(err, errno, "core dumps cannot be switched off");
}
