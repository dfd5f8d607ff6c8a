#include "tests/unit/redisbench.h"

#undef NDEBUG
#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bot/base/mem.h"
#include "bot/host/secret.h"
#include "bot/host/store_redis.h"

static char folder[64], socket_path[96], url[128], answer[8192];
static pid_t server;

static void run_server(void)
{
    char log[96];
    snprintf(log, sizeof(log), "%s/log", folder);
    int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(out, 1);
    dup2(out, 2);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket_path, "--dir",
           folder, "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--daemonize",
           "no", (char *)NULL);
    _exit(127);
}

void redisbench_start(void)
{
    snprintf(folder, sizeof(folder), "/tmp/whether-redis-XXXXXX");
    assert(mkdtemp(folder) != NULL);
    snprintf(socket_path, sizeof(socket_path), "%s/socket", folder);
    snprintf(url, sizeof(url), "unix://%s", socket_path);
    server = fork();
    assert(server >= 0);
    if (server == 0) {
        run_server();
    }
    for (int i = 0; i < 1000 && access(socket_path, F_OK) != 0; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
    }
    assert(access(socket_path, F_OK) == 0);
}

void redisbench_stop(void)
{
    char command[128];
    int status;
    kill(server, SIGKILL);
    assert(waitpid(server, &status, 0) == server);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    assert(system(command) == 0);
}

void redisbench_pause(bool still)
{
    assert(kill(server, still ? SIGSTOP : SIGCONT) == 0);
}

const char *redisbench_ask(const char *command)
{
    char line[800];
    snprintf(line, sizeof(line), "redis-cli -s %s --raw %s", socket_path, command);
    FILE *pipe = popen(line, "r");
    assert(pipe != NULL);
    size_t len = fread(answer, 1, sizeof(answer) - 1, pipe);
    pclose(pipe);
    answer[len > 0 && answer[len - 1] == '\n' ? len - 1 : len] = '\0';
    return answer;
}

void redisbench_clear(void)
{
    redisbench_ask("flushall");
}

const char *redisbench_url(void)
{
    return url;
}

bool redisbench_open(struct store **ret, struct error *err)
{
    static const struct secret_source none = {0};
    const struct store_redis_setup setup = {.url = url,
                                            .password = &none,
                                            .ca_file = "",
                                            .cert_file = "",
                                            .key_file = "",
                                            .prefix = "test"};
    return store_open_redis(&setup, ret, err);
}
