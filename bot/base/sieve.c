#include "bot/base/sieve.h"

#include "bot/base/mem.h"

enum { BITS_EACH = 16, BITS_LEAST = 64 };

void sieve_init(struct sieve *sieve, size_t count)
{
    size_t bits = BITS_LEAST;
    sieve->shift = 64 - 6;
    while (bits < count * BITS_EACH) {
        bits *= 2;
        sieve->shift--;
    }
    sieve->bits = mem_alloc(bits / 8);
}

void sieve_finish(struct sieve *sieve)
{
    mem_free(sieve->bits);
    sieve->bits = NULL;
}
