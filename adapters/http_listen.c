#include "adapters/http_listen.h"

#include <arpa/inet.h>
#include <asm/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"

enum {
    LISTEN_MAX = 128, /* bytes of a listen address */
    PORT_MAX = 65535,
    BACKLOG = 512,
    HIGH_FD = 1024,           /* FD_SETSIZE: the first that select() cannot take */
    DESCRIPTORS_WANTED = 8192 /* HIGH_FD, connections, and room */
};

static const unsigned char mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct place {
    char host[LISTEN_MAX], port[8];
};

static bool split(const char *listen, struct place *ret)
{
    const char *colon = strrchr(listen, ':');
    size_t host_len = colon ? (size_t)(colon - listen) : 0;
    const char *host = listen;
    if (colon == NULL || host_len == 0 || host_len >= sizeof(ret->host) || strlen(colon + 1) == 0 ||
        strlen(colon + 1) >= sizeof(ret->port) ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        strtoul(colon + 1, NULL, 10) > PORT_MAX) {
        return false;
    }
    if (host[0] == '[') {
        if (host_len < 3 || host[host_len - 1] != ']') {
            return false;
        }
        host++;
        host_len -= 2;
    } else if (memchr(host, ':', host_len) != NULL) {
        return false;
    }
    memcpy(ret->host, host, host_len);
    ret->host[host_len] = '\0';
    memcpy(ret->port, colon + 1, strlen(colon + 1) + 1);
    return true;
}

/* The address as 16 bytes, IPv4 in its IPv6 form. */
static bool bytes_of(const struct sockaddr_storage *address, unsigned char ret[16])
{
    if (address->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        memcpy(ret, mapped_prefix, sizeof(mapped_prefix));
        memcpy(ret + 12, &in.sin_addr, 4);
        return true;
    }
    if (address->ss_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof(in6));
        memcpy(ret, &in6.sin6_addr, 16);
        return true;
    }
    return false;
}

static bool is_loopback(const unsigned char bytes[16])
{
    static const unsigned char six[16] = {[15] = 1};
    bool four = memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0 && bytes[12] == 127;
    return four || memcmp(bytes, six, sizeof(six)) == 0;
}

static struct addrinfo *look_up(const char *listen, struct place *place)
{
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    if (!split(listen, place)) {
        return NULL;
    }
    const char *host = strcmp(place->host, "localhost") == 0 ? "127.0.0.1"
                       : strcmp(place->host, "*") == 0       ? "::"
                                                             : place->host;
    return getaddrinfo(host, place->port, &hints, &found) == 0 ? found : NULL;
}

/* A socket for it, or -1 with errno. */
static int bind_to(const struct addrinfo *at, bool both_families)
{
    int fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
    int on = 1, only_six = !both_families;
    if (fd < 0) {
        return -1;
    }
    bool fine = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                (at->ai_family != AF_INET6 ||
                 setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_six, sizeof(only_six)) == 0) &&
                bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0 &&
                fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
    if (!fine) {
        int reason = errno;
        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_WANTED) {
        limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* What it really listens on: the port that was free, and who can reach it. */
static void describe_listener(struct http_listener *listener)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    unsigned char bytes[16];
    char port[8] = "0";
    if (getsockname(listener->fd, (struct sockaddr *)&address, &len) == 0) {
        getnameinfo((struct sockaddr *)&address, len, NULL, 0, port, sizeof(port), NI_NUMERICSERV);
        listener->loopback = bytes_of(&address, bytes) && is_loopback(bytes);
    }
    listener->port = (unsigned)strtoul(port, NULL, 10);
}

bool http_listener_start(struct http_listener *ret, const char *listen, struct error *err)
{
    struct place place;
    struct addrinfo *found = look_up(listen, &place);
    if (found == NULL) {
        return error_set(err, ERROR_INPUT,
                         "cannot listen on \"%s\": it takes an address and a port, such as "
                         "127.0.0.1:8080, [::1]:8080 or *:8080",
                         listen);
    }
    bool every = strcmp(place.host, "*") == 0;
    int fd = bind_to(found, every);
    freeaddrinfo(found);
    if (fd < 0 && every && errno == EAFNOSUPPORT) {
        /* A machine without IPv6. */
        char four[LISTEN_MAX];
        snprintf(four, sizeof(four), "0.0.0.0:%s", place.port);
        return http_listener_start(ret, four, err);
    }
    if (fd < 0) {
        return error_errno(err, errno, "cannot listen on %s", listen);
    }
    raise_limit();
    *ret = (struct http_listener){.fd = fd};
    describe_listener(ret);
    return true;
}

void http_listener_deafen(const struct http_listener *listener)
{
    struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    const struct sock_fprog program = {.len = 1, .filter = &drop};
    setsockopt(listener->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

void http_listener_stop(struct http_listener *listener)
{
    if (listener->fd >= 0) {
        close(listener->fd);
        listener->fd = -1;
    }
}

bool http_listener_open(const struct http_listener *listener)
{
    return listener->fd >= 0;
}

static void describe(struct http_peer *peer)
{
    const unsigned char *bytes = peer->bytes;
    peer->four = memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
    inet_ntop(peer->four ? AF_INET : AF_INET6, peer->four ? bytes + 12 : bytes, peer->text,
              sizeof(peer->text));
    peer->loopback = is_loopback(bytes);
    memcpy(peer->network, bytes, peer->four ? 16 : 8);
}

bool http_peer_parse(const char *text, struct http_peer *ret)
{
    *ret = (struct http_peer){0};
    memcpy(ret->bytes, mapped_prefix, sizeof(mapped_prefix));
    if (inet_pton(AF_INET, text, ret->bytes + 12) != 1 &&
        inet_pton(AF_INET6, text, ret->bytes) != 1) {
        return false;
    }
    describe(ret);
    return true;
}

/* Low descriptors are left to those who need them low. */
static int move_up(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
    if (high < 0) {
        return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? fd : -1;
    }
    close(fd);
    return high;
}

int http_listener_accept(const struct http_listener *listener, struct http_peer *ret_peer)
{
    *ret_peer = (struct http_peer){.address_len = sizeof(ret_peer->address)};
    int fd = accept(listener->fd, (struct sockaddr *)&ret_peer->address, &ret_peer->address_len);
    if (fd < 0) {
        return -1;
    }
    fd = move_up(fd);
    if (fd >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        close(fd);
        return -1;
    }
    bytes_of(&ret_peer->address, ret_peer->bytes);
    describe(ret_peer);
    return fd;
}
