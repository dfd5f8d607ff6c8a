#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "bot/command/command.h"

/*
 * A closed standard stream would be the next file that is opened; this keeps the three taken, and
 * failing when used.
 */
static void hold_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) == -1) {
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

int main(int argc, char **argv)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    hold_standard_streams();
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL); /* a file at its limit is an error like a full disk */
    return command_main(argc, argv);
}
