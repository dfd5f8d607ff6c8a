#pragma once

#include <stddef.h>

/*
 * Memory for set-up work. The mem_ functions never return NULL for want of memory: they call the
 * process's out-of-memory handler, which says so on stderr and ends the program with status 1 (a
 * chat bot has no better plan), unless a test has set a hook that makes the n-th allocation fail
 * (mem_fail_at). Per-message work in reader and advisor does not allocate.
 * Safe to use from several threads; the results belong to the caller.
 */
void *mem_alloc(size_t size); /* zeroed; size 0 gives a pointer that may be freed */
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t len); /* stops at a NUL before len */
void mem_free(void *memory);                     /* NULL is fine */

/* Overwrites a secret; unlike memset() not dropped by a compiler that sees no reader. */
void mem_wipe(void *memory, size_t len);

/* What a library made: NULL, which it gives only for want of memory, ends the program likewise. */
void *mem_need(void *memory);

/* Overflow-checked realloc to count items; the new part is not zeroed. old may be NULL. */
void *mem_grow(void *old, size_t count, size_t item_size);

/*
 * Tests only, before any thread starts: the n-th allocation from now (1 = the next) fails: on_fail
 * is called and must not return; NULL: the ordinary handler. What was allocated until then is
 * nobody's, so leave by _exit() in a forked child rather than by longjmp(). 0 = off.
 */
void mem_fail_at(size_t n, void (*on_fail)(void));

/*
 * For programs that stay: large blocks (knowledge that a reload replaces) go back to the system as
 * soon as they are freed. glibc otherwise keeps ever larger ones in its heap, where the next of
 * another size does not fit (mallopt(3), M_MMAP_THRESHOLD). And one heap for all threads, which
 * hardly allocate at the same time. Call it before anything is allocated.
 */
void mem_return_large(void);

/*
 * Gives whole pages that are free back to the system, also between others (malloc_trim(3)): after
 * set-up work, which leaves many. Takes about a millisecond.
 */
void mem_return_free(void);

/*
 * Takes the pages of program and libraries that only starting needed out of the process's memory:
 * what is used still comes back from the system's cache of files as it is used. Libraries for TLS
 * alone look at megabytes of themselves in the beginning. For the end of the set-up work.
 */
void mem_return_code(void);

/*
 * A region that is freed as a whole: strings and tables of a pack or a lexicon live in one.
 * Not to be shared by threads while it grows.
 */
struct arena;
struct arena *arena_create(void);
void arena_destroy(struct arena *arena);             /* NULL is fine */
void *arena_alloc(struct arena *arena, size_t size); /* zeroed, aligned for any type */
char *arena_strndup(struct arena *arena, const char *text, size_t len);
size_t arena_size(const struct arena *arena); /* bytes handed out, without overhead */

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
