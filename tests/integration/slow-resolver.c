#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * For LD_PRELOAD: a name server that does not answer. "slow.example" is 127.0.0.1, but that is told
 * only when somebody has opened the FIFO $RESOLVER_GATE for writing. Other names are as always.
 */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");
    const char *gate = getenv("RESOLVER_GATE");
    memcpy(&real, &found, sizeof(real)); /* ISO C has no cast from object to function */
    if (node != NULL && gate != NULL && strcmp(node, "slow.example") == 0) {
        int fd = open(gate, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            close(fd);
        }
        node = "127.0.0.1";
    }
    return real(node, service, hints, ret);
}
