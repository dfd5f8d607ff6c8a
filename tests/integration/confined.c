/*
 * What a confined process can still do and what it cannot: each is tried in a child of its own,
 * which first confines itself as the daemon does, and once without, where it must work: else the
 * refusal would say nothing. Then kernels that know less, played by a filter.
 */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/confine.h"

enum { KILLED = 1000, BROKEN }; /* beside errno: what became of a child */

static char home[] = "/tmp/confined-XXXXXX";
static char reads[64], writes[64], outside[64];

/* ---- what is tried: 0, or errno ---- */

static int result(bool fine)
{
    return fine ? 0 : errno;
}

static int open_at(const char *folder, const char *name, int flags)
{
    char path[100];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, flags, 0600);
    return result(fd >= 0);
}

static int read_inside(void)
{
    return open_at(reads, "file", O_RDONLY);
}

/* What an editor leaves: another file of the same name. */
static int read_replaced(void)
{
    char from[100], to[100];
    snprintf(from, sizeof(from), "%s/new", writes);
    snprintf(to, sizeof(to), "%s/file", writes);
    int failed = open_at(writes, "new", O_WRONLY | O_CREAT);
    return failed != 0 ? failed : rename(from, to) != 0 ? errno : open_at(writes, "file", O_RDONLY);
}

static int write_where_only_read(void)
{
    return open_at(reads, "file", O_WRONLY);
}

static int make_where_only_read(void)
{
    return open_at(reads, "made", O_WRONLY | O_CREAT);
}

static int write_inside(void)
{
    return open_at(writes, "made", O_RDWR | O_CREAT | O_TRUNC);
}

static int read_outside(void)
{
    return open_at(outside, "shadow", O_RDONLY);
}

static int read_shadow(void)
{
    return open_at("/etc", "shadow", O_RDONLY);
}

static int list_outside(void)
{
    return open_at(outside, ".", O_RDONLY | O_DIRECTORY);
}

static int write_outside(void)
{
    return open_at(outside, "made", O_WRONLY | O_CREAT);
}

static int link_out(void)
{
    char path[100];
    snprintf(path, sizeof(path), "%s/link", writes);
    return result(symlink(outside, path) == 0 || errno == EEXIST);
}

static int start_program(void)
{
    char name[] = "true";
    char *const argv[] = {name, NULL};
    execv("/bin/true", argv);
    return errno;
}

static int start_process(void)
{
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    return result(child > 0 && waitpid(child, NULL, 0) == child);
}

static int trace(void)
{
    return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
}

static int look_into_parent(void)
{
    char name[40];
    snprintf(name, sizeof(name), "%d/environ", (int)getppid());
    return open_at("/proc", name, O_RDONLY);
}

static int signal_parent(void)
{
    return result(kill(getppid(), 0) == 0);
}

static int socket_of(int family, int type)
{
    return result(socket(family, type, 0) >= 0);
}

static int socket_tcp(void)
{
    return socket_of(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static int socket_udp_6(void)
{
    return socket_of(AF_INET6, SOCK_DGRAM);
}

static int socket_local(void)
{
    return socket_of(AF_UNIX, SOCK_STREAM);
}

static int socket_packets(void)
{
    return socket_of(AF_PACKET, SOCK_RAW);
}

static int socket_raw(void)
{
    return result(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0);
}

static int socket_crypto(void)
{
    return socket_of(AF_ALG, SOCK_SEQPACKET);
}

static int netlink(int protocol)
{
    return result(socket(AF_NETLINK, SOCK_RAW, protocol) >= 0);
}

static int netlink_routes(void)
{
    return netlink(0);
}

static int netlink_audit(void)
{
    return netlink(9);
}

static int resolve(void)
{
    struct addrinfo *found = NULL;
    int failed = getaddrinfo("localhost", "80", NULL, &found);
    if (found != NULL) {
        freeaddrinfo(found);
    }
    return failed == 0 ? 0 : BROKEN;
}

static int map(int protection)
{
    return result(mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static int map_data(void)
{
    return map(PROT_READ | PROT_WRITE);
}

static int map_written_code(void)
{
    return map(PROT_READ | PROT_WRITE | PROT_EXEC);
}

static int make_data_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? BROKEN : result(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
}

static void *nothing(void *argument)
{
    return argument;
}

static int start_thread(void)
{
    pthread_t thread;
    int failed = pthread_create(&thread, NULL, nothing, NULL);
    return failed != 0 ? failed : pthread_join(thread, NULL);
}

static int type_for_terminal(void)
{
    int fd = open("/dev/null", O_RDWR);
    char letter = 'x';
    return fd < 0 ? BROKEN : result(ioctl(fd, 0x5412 /* TIOCSTI */, &letter) == 0);
}

static int become_another(void)
{
    return result(setuid(getuid()) == 0);
}

static int new_namespace(void)
{
    return result(syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */) == 0);
}

/* ---- trying ---- */

static void confine(void)
{
    struct confine_places places = {0};
    struct confine_state files, calls;
    struct error err = {0};
    confine_add(&places, reads, false);
    confine_add(&places, writes, true);
    if (!confine_process(&err) || !confine_files(&places, &files, &err) ||
        !confine_calls(&calls, &err) || !files.whole || !calls.whole) {
        fprintf(stderr, "# not confined: %s %s %s\n", err.text, files.text, calls.text);
        _exit(99);
    }
    confine_places_finish(&places);
}

/* 0, errno, KILLED or BROKEN. prepare: NULL, or called first. */
static int in_a_child(void (*prepare)(void), int (*try)(void))
{
    int ends[2], status, said = BROKEN;
    fflush(NULL);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (prepare != NULL) {
            prepare();
        }
        /* A program that starts is told by the pipe closing: 0. */
        fcntl(ends[1], F_SETFD, FD_CLOEXEC);
        int got = try();
        _exit(write(ends[1], &got, sizeof(got)) == sizeof(got) ? 0 : 98);
    }
    close(ends[1]);
    bool told = read(ends[0], &said, sizeof(said)) == sizeof(said);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        return WTERMSIG(status) == SIGSYS ? KILLED : BROKEN;
    }
    return told ? said : WEXITSTATUS(status) == 0 ? 0 : BROKEN;
}

struct trial {
    const char *what;
    int (*try)(void);
    int expected;
};

static void test_what_it_needs_works(void **state)
{
    static const struct trial trials[] = {
        {"reading where it may", read_inside, 0},
        {"a file in the place of another", read_replaced, 0},
        {"writing where it may", write_inside, 0},
        {"a TCP socket", socket_tcp, 0},
        {"a UDP socket", socket_udp_6, 0},
        {"a local socket", socket_local, 0},
        {"asking for addresses", netlink_routes, 0},
        {"resolving a name", resolve, 0},
        {"memory", map_data, 0},
        {"a thread", start_thread, 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(trials); i++) {
        int got = in_a_child(confine, trials[i].try);
        if (got != trials[i].expected) {
            fail_msg("%s: %d", trials[i].what, got);
        }
    }
}

static void test_what_it_does_not_need_is_refused(void **state)
{
    static const struct trial trials[] = {
        {"writing where it only reads", write_where_only_read, EACCES},
        {"a new file where it only reads", make_where_only_read, EACCES},
        {"reading elsewhere", read_outside, EACCES},
        {"listing elsewhere", list_outside, EACCES},
        {"writing elsewhere", write_outside, EACCES},
        {"a link to elsewhere", link_out, ENOSYS},
        {"another process's environment", look_into_parent, EACCES},
        {"a program", start_program, KILLED},
        {"tracing", trace, KILLED},
        {"another user", become_another, KILLED},
        {"a namespace", new_namespace, KILLED},
        {"a process", start_process, ENOSYS},
        {"a signal to another", signal_parent, ENOSYS},
        {"audit's netlink", netlink_audit, EAFNOSUPPORT},
        {"memory both written and run", map_written_code, ENOSYS},
        {"memory written, then run", make_data_code, ENOSYS},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(trials); i++) {
        int free_to = in_a_child(NULL, trials[i].try), got = in_a_child(confine, trials[i].try);
        if (free_to != 0 || got != trials[i].expected) {
            fail_msg("%s: %d unconfined, then %d", trials[i].what, free_to, got);
        }
    }
}

/* Only root may unconfined, or only some kernels; refused all the same. */
static void test_what_few_may_is_refused(void **state)
{
    static const struct trial trials[] = {
        {"/etc/shadow", read_shadow, EACCES},
        {"raw packets", socket_packets, EAFNOSUPPORT},
        {"a raw socket", socket_raw, EAFNOSUPPORT},
        {"the kernel's ciphers", socket_crypto, EAFNOSUPPORT},
        {"typing for others", type_for_terminal, ENOTTY},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(trials); i++) {
        int got = in_a_child(confine, trials[i].try);
        if (got != trials[i].expected) {
            fail_msg("%s: %d", trials[i].what, got);
        }
    }
}

/* ---- what was refused is told ---- */

static int tell_of_refusals(void)
{
    char name[CONFINE_NAME_MAX] = "untouched";
    if (confine_refused(name) != 0 || strcmp(name, "untouched") != 0) {
        return 1;
    }
    kill(getpid(), 0);
    kill(getpid(), 0);
    if (confine_refused(name) != 2 || strcmp(name, "kill") != 0) {
        return 2;
    }
    syscall(9999);
    if (confine_refused(name) != 1 || strcmp(name, "9999") != 0) {
        return 3;
    }
    return confine_refused(name) == 0 ? 0 : 4;
}

static void test_refusals_are_told(void **state)
{
    (void)state;
    assert_int_equal(in_a_child(confine, tell_of_refusals), 0);
}

/* ---- other kernels ---- */

static void play(int number, int error, int first_argument)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    struct scmp_arg_cmp argument = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)first_argument, 0);
    if (seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint32_t)error), number,
                               first_argument < 0 ? 0 : 1, &argument) != 0 ||
        seccomp_load(filter) != 0) {
        _exit(97);
    }
    seccomp_release(filter);
}

static struct confine_state said;
static struct error refusal;

static bool try_files(void)
{
    const struct confine_places none = {0};
    memset(&said, 0xff, sizeof(said));
    return confine_process(&refusal) && confine_files(&none, &said, &refusal);
}

static int without_landlock(void)
{
    play(SCMP_SYS(landlock_create_ruleset), ENOSYS, -1);
    return !(try_files() && !said.whole && strstr(said.text, "has no Landlock") != NULL);
}

static int with_landlock_switched_off(void)
{
    play(SCMP_SYS(landlock_create_ruleset), EOPNOTSUPP, -1);
    return !(try_files() && !said.whole && strstr(said.text, "switched off") != NULL);
}

/* As by systemd's SystemCallFilter: said, and not the end. */
static int with_landlock_forbidden(void)
{
    play(SCMP_SYS(landlock_create_ruleset), EPERM, -1);
    return !(try_files() && !said.whole && strstr(said.text, "told to refuse") != NULL);
}

/* Without capabilities nothing is asked for that those may not who have none. */
static int with_capset_forbidden(void)
{
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
        return BROKEN;
    }
    play(SCMP_SYS(capset), EPERM, -1);
    return !confine_process(&refusal);
}

static int with_landlock_that_refuses(void)
{
    play(SCMP_SYS(landlock_restrict_self), E2BIG, -1);
    return !(!try_files() && strstr(refusal.text, "Landlock cannot") != NULL);
}

static int without_seccomp(void)
{
    play(SCMP_SYS(seccomp), ENOSYS, -1);
    return !(confine_process(&refusal) && confine_calls(&said, &refusal) && !said.whole &&
             strstr(said.text, "has no seccomp") != NULL);
}

static int with_seccomp_that_refuses(void)
{
    play(SCMP_SYS(seccomp), EPERM, SECCOMP_SET_MODE_FILTER);
    return !(confine_process(&refusal) && !confine_calls(&said, &refusal) &&
             strstr(refusal.text, "seccomp cannot") != NULL);
}

/* Where there is less it is said; where it is refused nothing starts. */
static void test_other_kernels(void **state)
{
    (void)state;
    assert_int_equal(in_a_child(NULL, without_landlock), 0);
    assert_int_equal(in_a_child(NULL, with_landlock_switched_off), 0);
    assert_int_equal(in_a_child(NULL, with_landlock_forbidden), 0);
    assert_int_equal(in_a_child(NULL, with_capset_forbidden), 0);
    assert_int_equal(in_a_child(NULL, with_landlock_that_refuses), 0);
    assert_int_equal(in_a_child(NULL, without_seccomp), 0);
    assert_int_equal(in_a_child(NULL, with_seccomp_that_refuses), 0);
}

/* ---- the scene ---- */

static void put(char *ret, const char *name, const char *file)
{
    char path[100];
    snprintf(ret, sizeof(reads), "%s/%s", home, name);
    snprintf(path, sizeof(path), "%s/%s", ret, file);
    if (mkdir(ret, 0700) != 0 || close(open(path, O_WRONLY | O_CREAT, 0600)) != 0) {
        abort();
    }
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(home) == NULL) {
        return -1;
    }
    put(reads, "reads", "file");
    put(writes, "writes", "file");
    put(outside, "outside", "shadow");
    return 0;
}

static int tear_down(void **state)
{
    static const char *const files[] = {"reads/file",
                                        "reads/made",
                                        "writes/file",
                                        "writes/made",
                                        "writes/link",
                                        "outside/shadow",
                                        "outside/made",
                                        "reads",
                                        "writes",
                                        "outside",
                                        ""};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[100];
        snprintf(path, sizeof(path), "%s/%s", home, files[i]);
        remove(path);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_it_needs_works),
        cmocka_unit_test(test_what_it_does_not_need_is_refused),
        cmocka_unit_test(test_what_few_may_is_refused),
        cmocka_unit_test(test_refusals_are_told),
        cmocka_unit_test(test_other_kernels),
    };
    return cmocka_run_group_tests_name("confined", tests, set_up, tear_down);
}
