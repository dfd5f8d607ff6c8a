#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#ifdef WHETHER_WITH_REDIS
#include <hiredis/hiredis.h>
#endif
#include <sqlite3.h>

/*
 * For LD_PRELOAD: makes the n-th call of a kind fail, in any program, without its knowing. What is
 * to fail stands in a page that the test shares with it ($FAULTS_DIR/page; faultkit.py writes it),
 * so that it can be changed at any moment of a running daemon. Clocks can be set and run faster.
 *
 * Two ways. By number: the nth call from when it was armed, `times` in a row. By `each`: at every
 * call (or every place, told by its call stack) the process forks, and the call fails in the child
 * alone, whose status and output go to $FAULTS_DIR/results. One run so tries every failure, for the
 * price of what the failures themselves do. For programs of one thread that write no files.
 */
struct page {
    char kind[8]; /* what is armed: malloc, open, read ...; empty: nothing */
    uint64_t nth, times, error;
    _Atomic uint64_t calls, failed; /* of the armed kind, since it was */
    uint64_t each;                  /* 1: every nth call; 2: every place */
    int64_t wall_shift_ns;
    _Atomic uint64_t clock; /* the one of these that holds: the other can be prepared */
    struct {
        uint64_t speed;    /* 0 or 1: as always */
        int64_t origin_ns; /* of the monotonic clock, when the speed began */
        int64_t ahead_ns;  /* how far the program's clocks were ahead then */
    } clocks[2];
    char says[64]; /* what Redis says to a command of the kind "rsays" */
};

enum { PLACES = 1 << 16, DEPTH = 14, EARLY = 64 * 1024, PATIENCE_S = 60, FILES = 64 };

static struct page *page;
static const char *folder;
/* volatile: dlsym() and fork() are declared as never calling back into this file. They do. */
static volatile bool is_child, forking;
static uint64_t places[PLACES];

/* ---- the functions themselves ---- */

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* ISO C has no cast from object to function. */
#define REAL(name)                           \
    static __typeof__(name) *real;           \
    if (real == NULL) {                      \
        void *found = next(#name);           \
        memcpy(&real, &found, sizeof(real)); \
    }

/* ---- what fails ---- */

static void put(int fd, const void *bytes, size_t len)
{
    REAL(write)
    while (len > 0) {
        ssize_t done = real(fd, bytes, len);
        if (done <= 0) {
            abort();
        }
        bytes = (const char *)bytes + done;
        len -= (size_t)done;
    }
}

static int open_in_folder(const char *name, int flags)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    REAL(open)
    int fd = real(path, flags | O_CLOEXEC, 0600);
    if (fd < 0) {
        abort();
    }
    return fd;
}

/* FNV-1a over a file's bytes. */
static uint64_t hash_file(int fd, uint64_t hash)
{
    unsigned char bytes[4096];
    ssize_t len;
    REAL(pread)
    for (off_t at = 0; (len = real(fd, bytes, sizeof(bytes), at)) > 0; at += len) {
        for (ssize_t i = 0; i < len; i++) {
            hash = (hash ^ bytes[i]) * 0x100000001b3;
        }
    }
    return hash;
}

/* Which call it was, how the child ended, a hash of all its output, and what it complained of. */
static void note_result(uint64_t call, int status)
{
    static const uint64_t offset_basis = 0xcbf29ce484222325;
    char line[128];
    int results = open_in_folder("results", O_WRONLY | O_APPEND | O_CREAT);
    int before = open_in_folder("stdout", O_RDONLY), after = open_in_folder("child", O_RDONLY);
    int errors = open_in_folder("errors", O_RDONLY);
    char text[8192];
    REAL(pread)
    ssize_t len = real(errors, text, sizeof(text), 0);
    uint64_t hash = hash_file(after, hash_file(before, offset_basis));
    int used = snprintf(line, sizeof(line), "%llu %d %016llx %zd\n", (unsigned long long)call,
                        status, (unsigned long long)hash, len);
    put(results, line, (size_t)used);
    put(results, text, (size_t)len);
    close(results);
    close(before);
    close(after);
    close(errors);
}

static void become_child(void)
{
    is_child = true;
    int out = open_in_folder("child", O_WRONLY | O_CREAT | O_TRUNC);
    int errors = open_in_folder("errors", O_WRONLY | O_CREAT | O_TRUNC);
    dup2(out, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    close(out);
    close(errors);
    alarm(PATIENCE_S);
}

/* True in the child. Files that both have open share their place: it is put back. */
static bool fails_in_a_child(uint64_t call)
{
    off_t at[FILES];
    int status = 0, code = errno;
    for (int fd = 0; fd < FILES; fd++) {
        at[fd] = fd == STDOUT_FILENO || fd == STDERR_FILENO ? -1 : lseek(fd, 0, SEEK_CUR);
    }
    pid_t child = fork();
    if (child == 0) {
        become_child();
        return true;
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        abort();
    }
    for (int fd = 0; fd < FILES; fd++) {
        if (at[fd] >= 0) {
            lseek(fd, at[fd], SEEK_SET);
        }
    }
    note_result(call, status);
    errno = code;
    return false;
}

/* Whether this call stack was not seen before. */
static bool is_new_place(void)
{
    void *frames[DEPTH];
    uint64_t hash = 1;
    int count = backtrace(frames, DEPTH);
    for (int i = 0; i < count; i++) {
        hash = (hash ^ (uint64_t)(uintptr_t)frames[i]) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 29;
    }
    for (size_t i = hash % PLACES, left = PLACES; left > 0; i = (i + 1) % PLACES, left--) {
        if (places[i] == hash) {
            return false;
        }
        if (places[i] == 0) {
            places[i] = hash;
            return true;
        }
    }
    return true;
}

static bool try_each(uint64_t call)
{
    forking = true;
    bool due = page->each == 1 ? call % page->nth == 0 : is_new_place();
    bool fails = due && fails_in_a_child(call);
    forking = false;
    return fails;
}

/* For whoever looks for the place: a file with the call stack, when $FAULTS_TRACE names one. */
static void trace(void)
{
    const char *path = getenv("FAULTS_TRACE");
    void *frames[64];
    if (path == NULL) {
        return;
    }
    REAL(open)
    int fd = real(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    bool before = forking;
    forking = true;
    backtrace_symbols_fd(frames, backtrace(frames, 64), fd);
    forking = before;
    put(fd, "\n", 1);
    close(fd);
}

/* kind has eight bytes, as in the page. */
static bool fails(const char *kind)
{
    if (page == NULL || forking || (is_child && page->each) ||
        memcmp(page->kind, kind, sizeof(page->kind)) != 0) {
        return false;
    }
    uint64_t call = atomic_fetch_add(&page->calls, 1) + 1;
    bool now = page->each ? try_each(call) : call >= page->nth && call - page->nth < page->times;
    if (now) {
        atomic_fetch_add(&page->failed, 1);
        trace();
        errno = (int)page->error;
    }
    return now;
}

__attribute__((constructor)) static void begin(void)
{
    void *unused[1];
    folder = getenv("FAULTS_DIR");
    if (folder == NULL) {
        return;
    }
    backtrace(unused, 1); /* the first one allocates */
    int fd = open_in_folder("page", O_RDWR);
    REAL(mmap)
    void *memory = real(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        abort();
    }
    close(fd);
    page = memory;
}

/* ---- memory ---- */

/* What dlsym() itself asks for while the allocator is looked for. */
static _Alignas(max_align_t) char early[EARLY];
static size_t early_used;

static bool is_early(const void *memory)
{
    return (uintptr_t)memory >= (uintptr_t)early && (uintptr_t)memory < (uintptr_t)early + EARLY;
}

static void *early_alloc(size_t size)
{
    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (size > EARLY - early_used) {
        abort();
    }
    early_used += size;
    return early + early_used - size;
}

#define ALLOCATOR(name)                      \
    static __typeof__(name) *real;           \
    static volatile bool looking;            \
    if (real == NULL && !looking) {          \
        looking = true;                      \
        void *found = next(#name);           \
        memcpy(&real, &found, sizeof(real)); \
        looking = false;                     \
    }

void *malloc(size_t size)
{
    ALLOCATOR(malloc)
    return real == NULL ? early_alloc(size) : fails("malloc\0") ? NULL : real(size);
}

void *calloc(size_t count, size_t size)
{
    ALLOCATOR(calloc)
    return real == NULL ? early_alloc(count * size) : fails("malloc\0") ? NULL : real(count, size);
}

void *realloc(void *old, size_t size)
{
    ALLOCATOR(realloc)
    if (is_early(old)) {
        void *memory = malloc(size);
        return memory == NULL ? NULL : memcpy(memory, old, size);
    }
    return fails("malloc\0") ? NULL : real(old, size);
}

void free(void *memory)
{
    ALLOCATOR(free)
    if (!is_early(memory) && real != NULL) {
        real(memory);
    }
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
    ALLOCATOR(posix_memalign)
    return fails("malloc\0") ? ENOMEM : real(ret, alignment, size);
}

/* ---- files ---- */

static mode_t mode_of(int flags, va_list args)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
}

#define OPEN(name)                                                 \
    int name(const char *path, int flags, ...)                     \
    {                                                              \
        va_list args;                                              \
        va_start(args, flags);                                     \
        mode_t mode = mode_of(flags, args);                        \
        va_end(args);                                              \
        REAL(name)                                                 \
        return fails("open\0\0\0") ? -1 : real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

/* Arguments twice: as they are declared, and as they are passed on. */
#define WRAP(result, name, kind, failed, declared, passed) \
    result name declared                                   \
    {                                                      \
        REAL(name)                                         \
        return fails(kind) ? (failed) : real passed;       \
    }

WRAP(FILE *, fopen, "open\0\0\0", NULL, (const char *path, const char *mode), (path, mode))
WRAP(FILE *, fopen64, "open\0\0\0", NULL, (const char *path, const char *mode), (path, mode))
WRAP(ssize_t, read, "read\0\0\0", -1, (int fd, void *into, size_t len), (fd, into, len))
WRAP(ssize_t, pread, "read\0\0\0", -1, (int fd, void *into, size_t len, off_t at),
     (fd, into, len, at))
WRAP(ssize_t, pread64, "read\0\0\0", -1, (int fd, void *into, size_t len, off64_t at),
     (fd, into, len, at))
WRAP(ssize_t, write, "write\0\0", -1, (int fd, const void *from, size_t len), (fd, from, len))
WRAP(ssize_t, pwrite, "pwrite\0", -1, (int fd, const void *from, size_t len, off_t at),
     (fd, from, len, at))
WRAP(ssize_t, pwrite64, "pwrite\0", -1, (int fd, const void *from, size_t len, off64_t at),
     (fd, from, len, at))
WRAP(int, ftruncate, "pwrite\0", -1, (int fd, off_t len), (fd, len))
WRAP(int, ftruncate64, "pwrite\0", -1, (int fd, off64_t len), (fd, len))
WRAP(int, fsync, "fsync\0\0", -1, (int fd), (fd))
WRAP(int, fdatasync, "fsync\0\0", -1, (int fd), (fd))
WRAP(int, fflush, "fflush\0", EOF, (FILE * file), (file))
WRAP(int, fclose, "fflush\0", (real(file), errno = (int)page->error, EOF), (FILE * file), (file))
WRAP(int, rename, "rename\0", -1, (const char *from, const char *to), (from, to))
WRAP(void *, mmap, "mmap\0\0\0", MAP_FAILED,
     (void *at, size_t len, int may, int flags, int fd, off_t from),
     (at, len, may, flags, fd, from))
WRAP(void *, mmap64, "mmap\0\0\0", MAP_FAILED,
     (void *at, size_t len, int may, int flags, int fd, off64_t from),
     (at, len, may, flags, fd, from))

/* What -D_FORTIFY_SOURCE puts in their places. */
ssize_t __read_chk(int fd, void *into, size_t len, size_t size);
ssize_t __pread_chk(int fd, void *into, size_t len, off_t at, size_t size);
ssize_t __recv_chk(int fd, void *into, size_t len, size_t size, int flags);
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t size);
WRAP(ssize_t, __read_chk, "read\0\0\0", -1, (int fd, void *into, size_t len, size_t size),
     (fd, into, len, size))
WRAP(ssize_t, __pread_chk, "read\0\0\0", -1,
     (int fd, void *into, size_t len, off_t at, size_t size), (fd, into, len, at, size))
WRAP(ssize_t, __recv_chk, "recv\0\0\0", -1,
     (int fd, void *into, size_t len, size_t size, int flags), (fd, into, len, size, flags))

/* ---- the network ---- */

WRAP(int, socket, "socket\0", -1, (int domain, int type, int protocol), (domain, type, protocol))
WRAP(int, accept, "accept\0", -1, (int fd, __SOCKADDR_ARG from, socklen_t *len), (fd, from, len))
WRAP(int, accept4, "accept\0", -1, (int fd, __SOCKADDR_ARG from, socklen_t *len, int flags),
     (fd, from, len, flags))
WRAP(int, connect, "connect", -1, (int fd, __CONST_SOCKADDR_ARG to, socklen_t len), (fd, to, len))
WRAP(ssize_t, send, "send\0\0\0", -1, (int fd, const void *from, size_t len, int flags),
     (fd, from, len, flags))
WRAP(ssize_t, sendmsg, "send\0\0\0", -1, (int fd, const struct msghdr *message, int flags),
     (fd, message, flags))
WRAP(ssize_t, recv, "recv\0\0\0", -1, (int fd, void *into, size_t len, int flags),
     (fd, into, len, flags))
/* irc.example and its like are this machine, as long as there is a name server. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret)
{
    static const char ending[] = ".example";
    REAL(getaddrinfo)
    size_t len = node == NULL ? 0 : strlen(node);
    bool ours = len >= sizeof(ending) && strcmp(node + len - sizeof(ending) + 1, ending) == 0;
    return fails("names\0\0") ? EAI_AGAIN : real(ours ? "127.0.0.1" : node, service, hints, ret);
}

WRAP(int, pthread_create, "thread\0", EAGAIN,
     (pthread_t * ret, const pthread_attr_t *attributes, void *(*run)(void *), void *context),
     (ret, attributes, run, context))

/* ---- libraries ---- */

WRAP(CURLMcode, curl_multi_add_handle, "curl\0\0\0", CURLM_OUT_OF_MEMORY,
     (CURLM * multi, CURL *easy), (multi, easy))

/* The other side had it all, but we do not hear of it. */
CURLMsg *curl_multi_info_read(CURLM *multi, int *left)
{
    REAL(curl_multi_info_read)
    CURLMsg *message = real(multi, left);
    if (message != NULL && message->msg == CURLMSG_DONE && fails("result\0")) {
        message->data.result = CURLE_RECV_ERROR;
    }
    return message;
}

/* SQLite's own calls of itself are left alone. */
static bool is_called_by_itself(const void *from)
{
    Dl_info info;
    return dladdr(from, &info) != 0 && strstr(info.dli_fname, "sqlite3") != NULL;
}

/* With something wrong that sqlite3_errmsg() can tell. */
int sqlite3_step(sqlite3_stmt *statement)
{
    REAL(sqlite3_step)
    if (is_called_by_itself(__builtin_return_address(0)) || !fails("step\0\0\0")) {
        return real(statement);
    }
    /* By name, since not every program under the shim has SQLite. */
    static __typeof__(sqlite3_prepare_v2) *prepare;
    static __typeof__(sqlite3_db_handle) *handle;
    void *found[] = {next("sqlite3_prepare_v2"), next("sqlite3_db_handle")};
    memcpy(&prepare, &found[0], sizeof(prepare));
    memcpy(&handle, &found[1], sizeof(handle));
    sqlite3_stmt *none = NULL;
    return prepare(handle(statement), "injected", -1, &none, NULL);
}

/* ---- Redis ---- */

/* The connection on which commands go out: no IRC line begins with an asterisk. NULL: none now. */
static CURL *volatile to_redis;
static volatile bool redis_is_mute;

/* Half of it arrives; nobody knows how much. */
CURLcode curl_easy_send(CURL *easy, const void *bytes, size_t len, size_t *ret_sent)
{
    REAL(curl_easy_send)
    if (len > 0 && *(const char *)bytes == '*') {
        to_redis = easy;
    }
    if (easy == to_redis && fails("rsend\0\0")) {
        real(easy, bytes, len / 2, ret_sent);
        return CURLE_SEND_ERROR;
    }
    return real(easy, bytes, len, ret_sent);
}

/* rrecv: it was done, but we do not hear of it. rmute: from now on there is silence. */
CURLcode curl_easy_recv(CURL *easy, void *into, size_t len, size_t *ret_got)
{
    REAL(curl_easy_recv)
    if (easy == to_redis && fails("rrecv\0\0")) {
        return CURLE_RECV_ERROR;
    }
    redis_is_mute = redis_is_mute || (easy == to_redis && fails("rmute\0\0"));
    return easy == to_redis && redis_is_mute ? CURLE_AGAIN : real(easy, into, len, ret_got);
}

void curl_easy_cleanup(CURL *easy)
{
    REAL(curl_easy_cleanup)
    if (easy == to_redis) {
        to_redis = NULL;
        redis_is_mute = false;
    }
    real(easy);
}

#ifdef WHETHER_WITH_REDIS
#if HIREDIS_MAJOR > 1 || (HIREDIS_MAJOR == 1 && HIREDIS_MINOR > 0)
typedef long long command_len;
#else
typedef int command_len;
#endif

/* Redis itself refuses, in words of ours; the command is not done. */
command_len redisFormatCommandArgv(char **ret, int count, const char **words, const size_t *lens)
{
    REAL(redisFormatCommandArgv)
    if (!fails("rsays\0\0")) {
        return real(ret, count, words, lens);
    }
    const char *refusal[] = {"EVAL", "return redis.error_reply(ARGV[1])", "0", page->says};
    return real(ret, 4, refusal, NULL);
}
#endif

/* ---- time ---- */

enum { S_NS = 1000000000 };

static uint64_t speed(void)
{
    uint64_t speed = page == NULL ? 1 : page->clocks[page->clock].speed;
    return speed == 0 ? 1 : speed;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    REAL(clock_gettime)
    int code = real(clock, ret);
    bool wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    bool mono = clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE;
    if (code != 0 || page == NULL || (!wall && !mono)) {
        return code;
    }
    struct timespec now;
    uint64_t which = page->clock;
    real(CLOCK_MONOTONIC, &now);
    int64_t since = (int64_t)now.tv_sec * S_NS + now.tv_nsec - page->clocks[which].origin_ns;
    int64_t times = page->clocks[which].speed > 1 ? (int64_t)page->clocks[which].speed - 1 : 0;
    int64_t ns = (int64_t)ret->tv_sec * S_NS + ret->tv_nsec + since * times +
                 page->clocks[which].ahead_ns + (wall ? page->wall_shift_ns : 0);
    *ret = (struct timespec){ns / S_NS, ns % S_NS};
    return 0;
}

int gettimeofday(struct timeval *ret, void *zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *ret = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL) {
        *ret = now.tv_sec;
    }
    return now.tv_sec;
}

/* Rounded up: who slept long enough must not find that the time has not come. */
static int shorter(int timeout_ms)
{
    int times = (int)speed();
    return timeout_ms <= 0 ? timeout_ms : (timeout_ms + times - 1) / times;
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    REAL(poll)
    return real(fds, count, shorter(timeout_ms));
}

int __poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t size)
{
    REAL(__poll_chk)
    return real(fds, count, shorter(timeout_ms), size);
}
