#include "adapters/irc_wire.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bot/base/error.h"
#include "bot/base/mem.h"
#include "bot/host/connect_only.h"
#include "bot/host/loop.h"

enum {
    READ_SIZE = 16 * 1024,
    READS_A_TURN = 4,
    CLIENT_BACKLOG = 32 * 1024, /* more for the client than this: the server has to wait */
    STRANGERS_MAX = 64,         /* local users who knock before the client does */
};

struct irc_wire {
    struct irc_relay relay;
    struct loop *loop;
    bool (*may_write)(void *context);
    void *context;
    enum irc_wire_state state;
    char why[400];

    CURL *easy;
    char curl_said[CURL_ERROR_SIZE];
    curl_socket_t server_fd;
    uint64_t heard_ms;
    bool more; /* TLS may hold bytes that the socket does not show */
    bool server_ended;

    int listen_fd, client_fd;
    unsigned short port, client_port; /* 0: not known yet */
    unsigned strangers;

    /* this turn's indexes in the pollset; -1: not in it */
    int server_at, listen_at, client_at;
};

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

static void end(struct irc_wire *wire, const char *why)
{
    if (wire->state != IRC_WIRE_CLOSED) {
        wire->state = IRC_WIRE_CLOSED;
        snprintf(wire->why, sizeof(wire->why), "%s", why);
    }
}

/* The server's side */

static void on_connected(void *context, CURL *easy, CURLcode code)
{
    struct irc_wire *wire = context;
    if (code == CURLE_OK) {
        code = curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &wire->server_fd);
    }
    if (code != CURLE_OK) {
        char why[sizeof(wire->why)];
        snprintf(why, sizeof(why), "Cannot connect: %s",
                 wire->curl_said[0] ? wire->curl_said : curl_easy_strerror(code));
        end(wire, why);
        return;
    }
    wire->state = IRC_WIRE_OPEN;
    wire->heard_ms = loop_now_ms(wire->loop);
    irc_relay_begin(&wire->relay);
}

/* I15: TLS as everywhere, so that certificate chain and host name are always verified. */
static bool set_options(struct irc_wire *wire, const struct irc_wire_setup *setup)
{
    return connect_only_set(wire->easy,
                            &(struct connect_only){.host = setup->server,
                                                   .tls = setup->tls,
                                                   .proxied = true,
                                                   .ca_file = setup->ca_file,
                                                   .cert_file = setup->cert_file,
                                                   .key_file = setup->key_file,
                                                   .connect_ms = (long)setup->connect_ms,
                                                   .said = wire->curl_said});
}

static bool connect_server(struct irc_wire *wire, const struct irc_wire_setup *setup,
                           struct error *err)
{
    wire->easy = curl_easy_init();
    if (!wire->easy || !set_options(wire, setup)) {
        return error_set(err, ERROR_ENVIRONMENT, "libcurl cannot be set up for %s", setup->server);
    }
    if (!loop_add(setup->loop, wire->easy, true, on_connected, wire)) {
        curl_easy_cleanup(wire->easy);
        wire->easy = NULL;
        return error_set(err, ERROR_ENVIRONMENT, "libcurl cannot begin to connect to %s",
                         setup->server);
    }
    return true;
}

static void server_ended(struct irc_wire *wire, const char *why)
{
    char text[sizeof(wire->why)];
    snprintf(text, sizeof(text), "%s%s%s", why, wire->relay.said[0] ? ": " : "", wire->relay.said);
    end(wire, text);
}

/* True when there may be more at once. */
static bool read_once(struct irc_wire *wire, uint64_t now_ms)
{
    char bytes[READ_SIZE];
    size_t got = 0;
    CURLcode code = curl_easy_recv(wire->easy, bytes, sizeof(bytes), &got);
    if (code == CURLE_AGAIN) {
        return false;
    }
    if (code != CURLE_OK || got == 0) {
        /* What came just before is still worth reading: an ERROR says why. */
        wire->server_ended = true;
        return false;
    }
    wire->heard_ms = now_ms;
    irc_relay_from_server(&wire->relay, bytes, got);
    return true;
}

static void read_server(struct irc_wire *wire, uint64_t now_ms)
{
    wire->more = true;
    for (int i = 0; i < READS_A_TURN && wire->more; i++) {
        if (wire->relay.to_client.len >= CLIENT_BACKLOG) {
            return;
        }
        wire->more = !wire->server_ended && read_once(wire, now_ms);
    }
}

static void drop_front(struct buf *buf, size_t len)
{
    if (len > 0) {
        memmove(buf->data, buf->data + len, buf->len - len);
        buf->len -= len;
        mem_wipe(buf->data + buf->len, len); /* the first lines of a connection hold passwords */
    }
}

void irc_wire_abort(struct irc_wire *wire)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (wire->state == IRC_WIRE_OPEN) {
        setsockopt(wire->server_fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
}

static void write_server(struct irc_wire *wire)
{
    struct buf *out = &wire->relay.to_server;
    while (out->len > 0) {
        size_t sent = 0;
        if (!wire->may_write(wire->context)) {
            irc_wire_abort(wire);
            end(wire, "This process slept for too long: another may speak here now");
            return;
        }
        CURLcode code = curl_easy_send(wire->easy, out->data, out->len, &sent);
        if (code == CURLE_AGAIN) {
            return;
        }
        if (code != CURLE_OK) {
            wire->server_ended = true;
            return;
        }
        drop_front(out, sent);
    }
}

/* The client's side */

static bool listen_loopback(struct irc_wire *wire, struct error *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    wire->listen_fd = fd;
    if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0) {
        return error_errno(err, errno, "No socket on the loopback interface");
    }
    wire->port = ntohs(address.sin_port);
    return true;
}

static bool is_client(const struct irc_wire *wire, const struct sockaddr_in *peer)
{
    return wire->client_port != 0 && peer->sin_family == AF_INET &&
           peer->sin_addr.s_addr == htonl(INADDR_LOOPBACK) &&
           ntohs(peer->sin_port) == wire->client_port;
}

static void accept_client(struct irc_wire *wire)
{
    while (wire->listen_fd >= 0) {
        struct sockaddr_in peer = {0};
        socklen_t len = sizeof(peer);
        int fd = accept(wire->listen_fd, (struct sockaddr *)&peer, &len);
        if (fd < 0) {
            return;
        }
        if (is_client(wire, &peer) && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
            fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) {
            wire->client_fd = fd;
            close_fd(&wire->listen_fd);
            return;
        }
        close(fd);
        if (++wire->strangers > STRANGERS_MAX) {
            end(wire, "Other programs of this machine keep knocking at the loopback socket");
            return;
        }
    }
}

static void read_client(struct irc_wire *wire)
{
    char bytes[4096];
    ssize_t got = recv(wire->client_fd, bytes, sizeof(bytes), 0);
    if (got > 0) {
        irc_relay_from_client(&wire->relay, bytes, (size_t)got);
        mem_wipe(bytes, (size_t)got);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        end(wire, "libircclient closed its side");
    }
}

static void write_client(struct irc_wire *wire)
{
    struct buf *out = &wire->relay.to_client;
    while (out->len > 0) {
        ssize_t sent = send(wire->client_fd, out->data, out->len, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN && errno != EINTR) {
                end(wire, "libircclient closed its side");
            }
            return;
        }
        drop_front(out, (size_t)sent);
    }
}

/* All together */

bool irc_wire_create(const struct irc_wire_setup *setup, struct irc_wire **ret, struct error *err)
{
    struct irc_wire *wire = mem_alloc(sizeof(*wire));
    wire->loop = setup->loop;
    wire->may_write = setup->may_write;
    wire->context = setup->context;
    wire->listen_fd = wire->client_fd = -1;
    wire->server_at = wire->listen_at = wire->client_at = -1;
    irc_relay_init(&wire->relay, &setup->login);
    if (!listen_loopback(wire, err) || !connect_server(wire, setup, err)) {
        irc_wire_destroy(wire);
        return false;
    }
    *ret = wire;
    return true;
}

void irc_wire_destroy(struct irc_wire *wire)
{
    if (!wire) {
        return;
    }
    if (wire->easy) {
        loop_remove(wire->loop, wire->easy);
        curl_easy_cleanup(wire->easy);
    }
    close_fd(&wire->listen_fd);
    close_fd(&wire->client_fd);
    irc_relay_finish(&wire->relay);
    mem_free(wire);
}

enum irc_wire_state irc_wire_state(const struct irc_wire *wire)
{
    return wire->state;
}

const char *irc_wire_why(const struct irc_wire *wire)
{
    return wire->why;
}

const struct irc_relay *irc_wire_relay(const struct irc_wire *wire)
{
    return &wire->relay;
}

uint64_t irc_wire_heard_ms(const struct irc_wire *wire)
{
    return wire->heard_ms;
}

unsigned short irc_wire_port(const struct irc_wire *wire)
{
    return wire->port;
}

void irc_wire_expect(struct irc_wire *wire, unsigned short client_port)
{
    wire->client_port = client_port;
}

void irc_wire_prepare(struct irc_wire *wire, struct pollset *pollset)
{
    wire->server_at = wire->listen_at = wire->client_at = -1;
    if (wire->state != IRC_WIRE_OPEN) {
        return;
    }
    bool room = wire->relay.to_client.len < CLIENT_BACKLOG;
    unsigned server =
        (room ? CURL_WAIT_POLLIN : 0u) | (wire->relay.to_server.len > 0 ? CURL_WAIT_POLLOUT : 0u);
    if (server) {
        wire->server_at = (int)pollset_add(pollset, (int)wire->server_fd, server);
    }
    if (wire->listen_fd >= 0 && wire->client_port != 0) {
        wire->listen_at = (int)pollset_add(pollset, wire->listen_fd, CURL_WAIT_POLLIN);
    }
    if (wire->client_fd >= 0) {
        unsigned client = CURL_WAIT_POLLIN;
        client |= wire->relay.to_client.len > 0 ? CURL_WAIT_POLLOUT : 0u;
        wire->client_at = (int)pollset_add(pollset, wire->client_fd, client);
    }
    if (wire->more && room) {
        pollset_wake_at(pollset, loop_now_ms(wire->loop));
    }
}

static unsigned ready(const struct pollset *pollset, int at)
{
    return at >= 0 ? pollset_ready(pollset, (size_t)at) : 0;
}

/* A failed login is told after its last bytes have had their chance to leave. */
static void judge(struct irc_wire *wire)
{
    if (wire->relay.login.step == IRC_STEP_FAILED) {
        end(wire, wire->relay.login.failure_text);
    } else if (wire->server_ended) {
        server_ended(wire, "The server closed the connection");
    }
}

void irc_wire_dispatch(struct irc_wire *wire, const struct pollset *pollset, uint64_t now_ms)
{
    if (wire->state != IRC_WIRE_OPEN) {
        return;
    }
    if (ready(pollset, wire->listen_at)) {
        accept_client(wire);
    }
    if (ready(pollset, wire->server_at) || wire->more) {
        read_server(wire, now_ms);
    }
    if (wire->client_fd >= 0 && ready(pollset, wire->client_at)) {
        read_client(wire);
    }
    if (wire->state == IRC_WIRE_OPEN) {
        write_server(wire);
    }
    if (wire->state == IRC_WIRE_OPEN && wire->client_fd >= 0) {
        write_client(wire);
    }
    if (wire->state == IRC_WIRE_OPEN) {
        judge(wire);
    }
}
