#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * How far exact phrases can be trusted, as `whether train` counted it on a corpus: a section of a
 * model's file. What the hashes stand for is the reader's business (bot/reader/trust.h).
 */
struct bytes;

enum { TRUST_FULL = 255 };

struct trust_entry {
    uint32_t hash;
    uint8_t trust; /* 0..TRUST_FULL */
};

struct trust {
    struct trust_entry *entries; /* owned, hashes ascending */
    uint32_t count;
};

/* u32 count; count x {u32 hash, u8 trust}, hashes ascending. False: damaged, *ret is empty. */
bool trust_take(struct bytes *bytes, struct trust *ret);
void trust_finish(struct trust *trust);

/* -1: nothing is known of it. */
int trust_find(const struct trust *trust, uint32_t hash);
