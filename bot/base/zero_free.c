#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/*
 * Memory that is given back is wiped first, whoever had it: tokens and keys pass through libcurl,
 * the TLS library, nghttp2, libmicrohttpd, jansson and hiredis, which copy them where we cannot
 * reach and free them as they are. This replaces two functions of the C library for the whole
 * process, so it is linked into programs that hold secrets, and into no library. Not for builds
 * with sanitizers, which replace the same.
 */
static void (*real_free)(void *memory);
static void *(*real_realloc)(void *memory, size_t size);

/* A pointer to an object that holds one to a function: ISO C has no cast between the two. */
__attribute__((constructor)) static void find_real(void)
{
    *(void **)&real_free = dlsym(RTLD_NEXT, "free");
    *(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
}

void free(void *memory)
{
    if (memory == NULL) {
        return;
    }
    explicit_bzero(memory, malloc_usable_size(memory));
    /* Libraries may free before our constructor has run; what the loader asks for is little. */
    if (real_free != NULL) {
        real_free(memory);
    }
}

/* A block that would move inside the C library would leave its old place as it is. */
void *realloc(void *memory, size_t size)
{
    size_t had = memory == NULL ? 0 : malloc_usable_size(memory);
    if (memory != NULL && 0 < size && size <= had) {
        explicit_bzero((char *)memory + size, had - size);
        return real_realloc != NULL ? real_realloc(memory, size) : memory;
    }
    void *moved = size == 0 && memory != NULL ? NULL : malloc(size);
    if (moved != NULL && memory != NULL) {
        memcpy(moved, memory, had);
    }
    if (moved != NULL || size == 0) {
        free(memory);
    }
    return moved;
}
