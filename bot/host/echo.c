#include "bot/host/echo.h"

#include <stdint.h>

#include "bot/base/hash.h"
#include "bot/base/mem.h"

enum { RUNS = 8192 }; /* some eighty answers */
_Static_assert((RUNS & (RUNS - 1)) == 0, "RUNS is a power of two");

struct echo {
    uint64_t runs[RUNS]; /* each at its hash's place; 0: none */
};

/* The last ECHO_WORDS words of a text, as they go by. */
struct window {
    uint64_t words[ECHO_WORDS];
    size_t count;
};

struct echo *echo_create(void)
{
    return mem_alloc(sizeof(struct echo));
}

void echo_destroy(struct echo *echo)
{
    mem_free(echo);
}

static unsigned char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : (unsigned char)c;
}

static bool in_word(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte >= 0x80;
}

/* FNV-1a, as in hash.h, over what counts alone. 0: there is no further word. */
static uint64_t next_word(const char *text, size_t len, size_t *at)
{
    uint64_t hash = 14695981039346656037u;
    while (*at < len && !in_word(lower(text[*at]))) {
        ++*at;
    }
    if (*at == len) {
        return 0;
    }
    for (; *at < len && in_word(lower(text[*at])); ++*at) {
        hash = (hash ^ lower(text[*at])) * 1099511628211u;
    }
    return hash | 1;
}

/* The next run of words; 0: there is none left. */
static uint64_t next_run(struct window *window, const char *text, size_t len, size_t *at)
{
    uint64_t word;
    while ((word = next_word(text, len, at)) != 0) {
        window->words[window->count++ % ECHO_WORDS] = word;
        if (window->count >= ECHO_WORDS) {
            uint64_t run = 0;
            for (size_t i = 0; i < ECHO_WORDS; i++) {
                run = (run ^ window->words[(window->count + i) % ECHO_WORDS]) * 1099511628211u;
            }
            return run | 1;
        }
    }
    return 0;
}

void echo_said(struct echo *echo, const char *text, size_t len)
{
    struct window window = {0};
    uint64_t run;
    for (size_t at = 0; (run = next_run(&window, text, len, &at)) != 0;) {
        echo->runs[hash_place(run, RUNS - 1)] = run;
    }
}

bool echo_heard(const struct echo *echo, const char *text, size_t len)
{
    struct window window = {0};
    uint64_t run;
    for (size_t at = 0; (run = next_run(&window, text, len, &at)) != 0;) {
        if (echo->runs[hash_place(run, RUNS - 1)] == run) {
            return true;
        }
    }
    return false;
}
