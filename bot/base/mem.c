#include "bot/base/mem.h"

#ifdef __linux__
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>
#endif
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_SIZE = 64 * 1024, LARGE_BLOCK = 128 * 1024 };

static size_t fail_countdown;
static void (*fail_handler)(void);

void mem_return_large(void)
{
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
    mallopt(M_ARENA_MAX, 1);
#endif
}

void mem_return_free(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

#ifdef __GLIBC__
/* Segments that cannot be written hold nothing but the file's bytes: they can be read again. */
static int return_code(struct dl_phdr_info *object, size_t size, void *context)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)size;
    (void)context;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t start = object->dlpi_addr + segment->p_vaddr, end = start + segment->p_memsz;
        if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W)) {
            start = (start + page - 1) / page * page;
            madvise((void *)start, end / page * page - start, MADV_DONTNEED);
        }
    }
    return 0;
}
#endif

void mem_return_code(void)
{
#ifdef __GLIBC__
    dl_iterate_phdr(return_code, NULL);
#endif
}

static _Noreturn void out_of_memory(void)
{
    if (fail_handler != NULL) {
        fail_handler();
    }
    fputs("whether: out of memory\n", stderr);
    _Exit(EXIT_FAILURE);
}

void mem_fail_at(size_t n, void (*on_fail)(void))
{
    fail_countdown = n;
    fail_handler = n == 0 ? NULL : on_fail;
}

void *mem_need(void *memory)
{
    if (memory == NULL) {
        out_of_memory();
    }
    return memory;
}

static size_t checked_size(size_t size)
{
    if (fail_countdown != 0 && --fail_countdown == 0) {
        out_of_memory();
    }
    if (size > PTRDIFF_MAX) {
        out_of_memory();
    }
    return size == 0 ? 1 : size;
}

void *mem_alloc(size_t size)
{
    return mem_need(calloc(1, checked_size(size)));
}

void *mem_grow(void *old, size_t count, size_t item_size)
{
    if (item_size != 0 && count > PTRDIFF_MAX / item_size) {
        out_of_memory();
    }
    return mem_need(realloc(old, checked_size(count * item_size)));
}

char *mem_strndup(const char *text, size_t len)
{
    const char *end = memchr(text, '\0', len);
    size_t used = end == NULL ? len : (size_t)(end - text);
    char *copy = mem_need(malloc(checked_size(used + 1)));
    memcpy(copy, text, used);
    copy[used] = '\0';
    return copy;
}

char *mem_strdup(const char *text)
{
    return mem_strndup(text, strlen(text));
}

void mem_free(void *memory)
{
    free(memory);
}

void mem_wipe(void *memory, size_t len)
{
    if (len > 0) {
        explicit_bzero(memory, len);
    }
}

struct chunk {
    struct chunk *next;
    size_t used, size;
    max_align_t data[];
};

struct arena {
    struct chunk *chunks; /* the first one is being filled */
    size_t handed_out;
};

struct arena *arena_create(void)
{
    return mem_alloc(sizeof(struct arena));
}

void arena_destroy(struct arena *arena)
{
    if (arena == NULL) {
        return;
    }
    for (struct chunk *chunk = arena->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        mem_free(chunk);
    }
    mem_free(arena);
}

static struct chunk *chunk_create(size_t size)
{
    struct chunk *chunk = mem_alloc(sizeof(*chunk) + size);
    chunk->size = size;
    return chunk;
}

static void *chunk_carve(struct chunk *chunk, size_t size)
{
    void *memory = (char *)chunk->data + chunk->used;
    chunk->used += size;
    return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t align = sizeof(max_align_t);
    if (size > PTRDIFF_MAX / 2) {
        out_of_memory();
    }
    arena->handed_out += size;
    size = (size + align - 1) / align * align;
    struct chunk *first = arena->chunks;
    if (first != NULL && first->size - first->used >= size) {
        return chunk_carve(first, size);
    }
    struct chunk *chunk = chunk_create(size > CHUNK_SIZE / 4 ? size : CHUNK_SIZE);
    if (first != NULL && chunk->size == size) {
        /* A big one has a chunk to itself and goes second, so that the first is filled further. */
        chunk->next = first->next;
        first->next = chunk;
    } else {
        chunk->next = first;
        arena->chunks = chunk;
    }
    return chunk_carve(chunk, size);
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_alloc(arena, len + 1);
    memcpy(copy, text, len);
    return copy;
}

size_t arena_size(const struct arena *arena)
{
    return arena->handed_out;
}
