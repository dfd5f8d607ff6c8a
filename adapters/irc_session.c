#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/irc_inside.h"
#include "bot/host/loop.h"

/* The lowest free descriptor is what the next socket() gets: this one, or a lower one. */
void irc_session_reserve(struct irc *irc)
{
    if (irc->reserved_fd < 0) {
        irc->reserved_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
}

static void release_reserved(struct irc *irc)
{
    if (irc->reserved_fd >= 0) {
        close(irc->reserved_fd);
    }
    irc->reserved_fd = -1;
}

static bool learn_descriptor(struct irc *irc)
{
    fd_set in, out;
    int highest = -1;
    FD_ZERO(&in);
    FD_ZERO(&out);
    struct sockaddr_in own = {0};
    socklen_t len = sizeof(own);
    if (irc_add_select_descriptors(irc->session, &in, &out, &highest) != 0 || highest < 0 ||
        highest >= FD_SETSIZE || fcntl(highest, F_SETFD, FD_CLOEXEC) < 0 ||
        getsockname(highest, (struct sockaddr *)&own, &len) < 0) {
        return false;
    }
    irc->session_fd = highest;
    irc_wire_expect(irc->wire, ntohs(own.sin_port));
    return true;
}

/*
 * A session an attempt (C19). What it says of itself never leaves this process: the relay registers
 * in its own words.
 */
bool irc_session_begin(struct irc *irc)
{
    irc_callbacks_t callbacks = irc_events();
    irc->session = irc_create_session(&callbacks);
    if (!irc->session) {
        snprintf(irc->broken, sizeof(irc->broken), "libircclient cannot start");
        return false;
    }
    irc_set_ctx(irc->session, irc);
    if (irc->reserved_fd < 0 || irc->reserved_fd >= FD_SETSIZE) {
        snprintf(irc->broken, sizeof(irc->broken), "no descriptor below %d is free", FD_SETSIZE);
        return false;
    }
    release_reserved(irc);
    if (irc_connect(irc->session, "127.0.0.1", irc_wire_port(irc->wire), NULL, "whether", "whether",
                    "whether") != 0 ||
        !learn_descriptor(irc)) {
        snprintf(irc->broken, sizeof(irc->broken), "libircclient cannot connect: %s",
                 irc_strerror(irc_errno(irc->session)));
        return false;
    }
    return true;
}

void irc_session_end(struct irc *irc)
{
    if (irc->session) {
        irc_destroy_session(irc->session);
        irc->session = NULL;
    }
    irc->session_fd = irc->session_at = -1;
    irc_session_reserve(irc);
}

bool irc_session_write(struct irc *irc, const char *line)
{
    size_t len = strcspn(line, "\r\n");
    return irc->session && irc_send_raw(irc->session, "%.*s", (int)len, line) == 0;
}

static unsigned wanted_events(struct irc *irc)
{
    fd_set in, out;
    int highest = -1;
    FD_ZERO(&in);
    FD_ZERO(&out);
    if (irc_add_select_descriptors(irc->session, &in, &out, &highest) != 0) {
        return 0;
    }
    return (FD_ISSET(irc->session_fd, &in) ? CURL_WAIT_POLLIN : 0u) |
           (FD_ISSET(irc->session_fd, &out) ? CURL_WAIT_POLLOUT : 0u);
}

void irc_session_prepare(struct irc *irc, struct pollset *pollset)
{
    irc->session_at = -1;
    unsigned events = irc->session ? wanted_events(irc) : 0;
    if (events) {
        irc->session_at = (int)pollset_add(pollset, irc->session_fd, events);
    }
}

void irc_session_dispatch(struct irc *irc, const struct pollset *pollset)
{
    unsigned ready =
        irc->session && irc->session_at >= 0 ? pollset_ready(pollset, (size_t)irc->session_at) : 0;
    if (!ready) {
        return;
    }
    fd_set in, out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    unsigned wanted = wanted_events(irc);
    if (ready & wanted & CURL_WAIT_POLLIN) {
        FD_SET(irc->session_fd, &in);
    }
    /* A connect that failed shows as POLLIN alone. */
    if (wanted & CURL_WAIT_POLLOUT) {
        FD_SET(irc->session_fd, &out);
    }
    if (irc_process_select_descriptors(irc->session, &in, &out) != 0 && !irc->broken[0]) {
        snprintf(irc->broken, sizeof(irc->broken), "libircclient: %s",
                 irc_strerror(irc_errno(irc->session)));
    }
}
