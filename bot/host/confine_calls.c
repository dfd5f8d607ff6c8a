#include "bot/host/confine.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"

#ifdef WHETHER_WITH_SECCOMP
#include <seccomp.h>

/*
 * What the daemon and its libraries (curl with its resolver's threads, SQLite, libmicrohttpd,
 * OpenSSL, glibc) make, and what other versions of them are known to make in its place. Names that
 * a machine has not are passed over.
 */
static const char allowed[] =
    /* files and descriptors */
    "access chmod close close_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 "
    "fallocate fchmod fchmodat fchown fchownat fcntl fcntl64 fdatasync flock fstat "
    "fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 getcwd getdents "
    "getdents64 _llseek lseek lstat lstat64 mkdir mkdirat newfstatat open openat openat2 "
    "pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat "
    "readv rename renameat renameat2 stat stat64 statfs statfs64 statx sync_file_range "
    "truncate umask unlink unlinkat write writev "
    /* memory */
    "brk madvise membarrier mincore mlock mlock2 mremap msync munlock munmap "
    /* threads, processes: what they are, and their end */
    "exit exit_group futex futex_time64 futex_waitv get_robust_list getcpu getegid "
    "geteuid getgid getgroups getpgrp getpid getppid getresgid getresuid getrlimit "
    "getrusage gettid getuid restart_syscall rseq sched_getaffinity sched_getparam "
    "sched_getscheduler sched_yield set_robust_list set_tid_address setrlimit sysinfo "
    "times ugetrlimit uname "
    /* signals and time */
    "clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep "
    "clock_nanosleep_time64 gettimeofday nanosleep rt_sigaction rt_sigpending "
    "rt_sigprocmask rt_sigreturn rt_sigtimedwait sigaltstack signalfd signalfd4 sigreturn "
    "time timerfd_create timerfd_gettime timerfd_settime "
    /* waiting */
    "epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd "
    "eventfd2 _newselect pipe pipe2 poll ppoll ppoll_time64 pselect6 pselect6_time64 "
    "select "
    /* network; socket() is below */
    "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom "
    "recvmmsg recvmsg send sendfile sendfile64 sendmmsg sendmsg sendto setsockopt "
    "shutdown socketpair "
    /* chance */
    "getrandom ";

/* Nothing in this process has a reason to: whoever tries is not of the house. */
static const char deadly[] =
    "add_key bpf capset chroot delete_module execve execveat finit_module fork "
    "init_module io_uring_enter io_uring_setup kexec_file_load kexec_load keyctl mount "
    "move_mount open_by_handle_at open_tree perf_event_open personality pidfd_getfd "
    "pivot_root process_vm_readv process_vm_writev ptrace reboot request_key setgid "
    "setgroups setns setregid setresgid setresuid setreuid setuid swapon umount2 unshare "
    "userfaultfd vfork ";

/* What a sanitizer does in the process that it looks after. */
static const char tools[] =
    "clone execve getpriority ioctl kill personality pipe2 prctl ptrace sched_setaffinity "
    "tgkill vfork wait4 waitid ";

#if defined(__SANITIZE_ADDRESS__)
#define HAS_TOOLS true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_TOOLS true
#endif
#endif
#ifndef HAS_TOOLS
#define HAS_TOOLS false
#endif

/* ---- what was refused ---- */

static atomic_int refused_number = -1;
static atomic_size_t refused_count;

size_t confine_refused(char ret_name[CONFINE_NAME_MAX])
{
    size_t count = atomic_exchange(&refused_count, 0);
    if (count > 0) {
        int number = atomic_load(&refused_number);
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
        if (name != NULL) {
            snprintf(ret_name, CONFINE_NAME_MAX, "%s", name);
        } else {
            snprintf(ret_name, CONFINE_NAME_MAX, "%d", number);
        }
        free(name);
    }
    return count;
}

/*
 * The errors that callers know how to do without: a kernel that has no such call, no such protocol,
 * no such control.
 */
static int excuse(int number)
{
    return number == __NR_socket ? EAFNOSUPPORT : number == __NR_ioctl ? ENOTTY : ENOSYS;
}

/* SYS_SECCOMP of asm-generic/siginfo.h, which glibc 2.36 does not name. */
enum { CODE_SECCOMP = 1 };

static void on_refused(int signal, siginfo_t *info, void *context)
{
    ucontext_t *at = context;
    (void)signal;
    if (info->si_code != CODE_SECCOMP) {
        return; /* sent by somebody: there is no call whose result this could be */
    }
    atomic_store(&refused_number, info->si_syscall);
    atomic_fetch_add(&refused_count, 1);
#if defined(__x86_64__)
    at->uc_mcontext.gregs[REG_RAX] = -excuse(info->si_syscall);
#elif defined(__aarch64__)
    at->uc_mcontext.regs[0] = (unsigned long long)-excuse(info->si_syscall);
#else
#error \
    "say here where a system call's result stands on this machine, or build with -Dseccomp=disabled"
#endif
}

static bool listen_to_refusals(struct error *err)
{
    struct sigaction action = {.sa_sigaction = on_refused, .sa_flags = SA_SIGINFO};
    sigset_t own;
    sigemptyset(&action.sa_mask);
    sigemptyset(&own);
    sigaddset(&own, SIGSYS);
    /* Blocked, perhaps by whoever started us, it would be deadly. */
    return (sigaction(SIGSYS, &action, NULL) == 0 && sigprocmask(SIG_UNBLOCK, &own, NULL) == 0) ||
           error_errno(err, errno, "refused system calls cannot be noted");
}

/* ---- the rules ---- */

/* One argument of a call: with these bits of it masked, it is this. */
struct condition {
    const char *call;
    uint32_t action;
    struct {
        unsigned index;
        uint64_t mask, value;
    } args[2];
    size_t count;
};

#define ALLOW SCMP_ACT_ALLOW
#define WHOLE UINT64_C(0xffffffff)
#define SOCKET(family, type)                                     \
    {                                                            \
        "socket", ALLOW, {{0, WHOLE, family}, {1, 0xf, type}}, 2 \
    }
#define IOCTL(request)                           \
    {                                            \
        "ioctl", ALLOW, {{1, WHOLE, request}}, 1 \
    }
#define PRCTL(option)                           \
    {                                           \
        "prctl", ALLOW, {{0, WHOLE, option}}, 1 \
    }
enum { CLONE_A_THREAD = CLONE_THREAD, NAME_A_MAPPING = 0x53564d41 /* PR_SET_VMA */ };

static const struct condition conditions[] = {
    SOCKET(AF_UNIX, SOCK_STREAM),
    SOCKET(AF_UNIX, SOCK_DGRAM),
    SOCKET(AF_INET, SOCK_STREAM),
    SOCKET(AF_INET, SOCK_DGRAM),
    SOCKET(AF_INET6, SOCK_STREAM),
    SOCKET(AF_INET6, SOCK_DGRAM),
    /* Routes and addresses, which the C library asks for before it asks for names. */
    {"socket", ALLOW, {{0, WHOLE, AF_NETLINK}, {2, WHOLE, 0}}, 2},
    /* Nothing is both written and run. */
    {"mmap", ALLOW, {{2, PROT_WRITE | PROT_EXEC, 0}}, 1},
    {"mmap", ALLOW, {{2, PROT_WRITE | PROT_EXEC, PROT_WRITE}}, 1},
    {"mmap", ALLOW, {{2, PROT_WRITE | PROT_EXEC, PROT_EXEC}}, 1},
    {"mmap2", ALLOW, {{2, PROT_EXEC, 0}}, 1},
    {"mprotect", ALLOW, {{2, PROT_EXEC, 0}}, 1},
    /* Threads, but no processes. clone3() hides its flags behind a pointer: nobody needs it. */
    {"clone", ALLOW, {{0, CLONE_A_THREAD, CLONE_A_THREAD}}, 1},
    {"clone3", SCMP_ACT_ERRNO(ENOSYS), {{0}}, 0},
    IOCTL(FIONREAD),
    IOCTL(FIONBIO),
    IOCTL(TIOCGWINSZ),
    IOCTL(0x5401),       /* TCGETS: is this a terminal? */
    IOCTL(SIOCGIFINDEX), /* "nameserver fe80::1%eth0" in resolv.conf, [fe80::1%eth0]:8080 */
    PRCTL(PR_SET_NAME),
    PRCTL(PR_GET_NAME),
    PRCTL(PR_GET_DUMPABLE),
    PRCTL(NAME_A_MAPPING),
    /* Limits of its own, not those of others. */
    {"prlimit64", ALLOW, {{0, WHOLE, 0}}, 1},
};

static int add(scmp_filter_ctx filter, const struct condition *rule)
{
    struct scmp_arg_cmp args[ARRAY_LEN(rule->args)];
    int number = seccomp_syscall_resolve_name(rule->call);
    for (size_t i = 0; i < rule->count; i++) {
        args[i] = SCMP_CMP64(rule->args[i].index, SCMP_CMP_MASKED_EQ, rule->args[i].mask,
                             rule->args[i].value);
    }
    return number == __NR_SCMP_ERROR
               ? 0
               : seccomp_rule_add_array(filter, rule->action, number, (unsigned)rule->count, args);
}

static int add_names(scmp_filter_ctx filter, uint32_t action, const char *names)
{
    int failed = 0;
    for (size_t len; *names != '\0' && failed == 0; names += len + strspn(names + len, " ")) {
        char name[CONFINE_NAME_MAX];
        len = strcspn(names, " ");
        snprintf(name, sizeof(name), "%.*s", (int)len, names);
        failed = add(filter, &(struct condition){.call = name, .action = action});
    }
    return failed;
}

static int fill(scmp_filter_ctx filter)
{
    const struct condition own_signals = {
        "tgkill", ALLOW, {{0, WHOLE, (uint64_t)getpid()}}, 1}; /* abort() */
    int failed = add_names(filter, ALLOW, allowed);
    for (size_t i = 0; i < ARRAY_LEN(conditions) && failed == 0; i++) {
        failed = add(filter, &conditions[i]);
    }
    failed = failed != 0 ? failed : add(filter, &own_signals);
    if (failed != 0) {
        return failed;
    }
    return HAS_TOOLS ? add_names(filter, ALLOW, tools)
                     : add_names(filter, SCMP_ACT_KILL_PROCESS, deadly);
}

static int set_up(scmp_filter_ctx filter)
{
    const struct {
        enum scmp_filter_attr name;
        uint32_t value;
    } attributes[] = {
        {SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS},
        {SCMP_FLTATR_CTL_TSYNC, 1},    /* threads that run already, too */
        {SCMP_FLTATR_CTL_OPTIMIZE, 2}, /* a tree instead of a list */
    };
    int failed = 0;
    for (size_t i = 0; i < ARRAY_LEN(attributes) && failed == 0; i++) {
        failed = seccomp_attr_set(filter, attributes[i].name, attributes[i].value);
    }
    return failed;
}

bool confine_calls(struct confine_state *ret, struct error *err)
{
    /* Since 4.14; valgrind has none of it, either. */
    const uint32_t needed = SECCOMP_RET_KILL_PROCESS;
    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &needed) != 0) {
        snprintf(ret->text, sizeof(ret->text), "system calls are not confined: this kernel %s",
                 errno == EPERM ? "is told to refuse seccomp" : "has no seccomp");
        ret->whole = false;
        return true;
    }
    scmp_filter_ctx filter = mem_need(seccomp_init(SCMP_ACT_TRAP));
    int failed = set_up(filter);
    failed = failed != 0 ? failed : fill(filter);
    if (failed == 0 && !listen_to_refusals(err)) {
        seccomp_release(filter);
        return false;
    }
    failed = failed != 0 ? failed : seccomp_load(filter);
    seccomp_release(filter);
    ret->whole = failed == 0;
    snprintf(ret->text, sizeof(ret->text), "system calls by seccomp");
    return failed == 0 || error_errno(err, -failed, "seccomp cannot confine system calls");
}

#else

bool confine_calls(struct confine_state *ret, struct error *err)
{
    (void)err;
    ret->whole = false;
    snprintf(ret->text, sizeof(ret->text),
             "system calls are not confined: built without libseccomp");
    return true;
}

size_t confine_refused(char ret_name[CONFINE_NAME_MAX])
{
    (void)ret_name;
    return 0;
}

#endif
