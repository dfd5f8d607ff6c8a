#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>

/*
 * The yardstick of bench-daemon.py: libmicrohttpd with the same threading as `whether run` (epoll,
 * none), which reads a POST and answers with a constant of the size of an answer to a slash
 * command. Prints its port; ends with its standard input.
 */
enum { ANSWER_BYTES = 1500 };

static char constant[ANSWER_BYTES];

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *len, void **state)
{
    static int begun;
    (void)context;
    (void)url;
    (void)method;
    (void)version;
    (void)data;
    if (*state == NULL || *len > 0) {
        *state = &begun;
        *len = 0;
        return MHD_YES;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof(constant), constant, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "application/json");
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static void wait_for(int fd, MHD_UNSIGNED_LONG_LONG timeout_ms)
{
    fd_set set;
    struct timeval timeout = {.tv_sec = (long)(timeout_ms / 1000),
                              .tv_usec = (long)(timeout_ms % 1000) * 1000};
    FD_ZERO(&set);
    FD_SET(fd, &set);
    FD_SET(0, &set);
    select(fd + 1, &set, NULL, NULL, &timeout);
    if (FD_ISSET(0, &set)) {
        _Exit(0);
    }
}

int main(void)
{
    memset(constant, 'x', sizeof(constant));
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, answer, NULL, MHD_OPTION_END);
    if (daemon == NULL) {
        return 1;
    }
    printf("%u\n", (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    int fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    for (;;) {
        MHD_UNSIGNED_LONG_LONG timeout_ms = 1000;
        if (MHD_get_timeout(daemon, &timeout_ms) == MHD_NO || timeout_ms > 1000) {
            timeout_ms = 1000;
        }
        wait_for(fd, timeout_ms);
        MHD_run(daemon);
    }
}
