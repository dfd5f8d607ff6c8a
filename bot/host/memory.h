#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "knowledge/pack.h"

/*
 * A conversation as bytes that outlive the process, and packs that change meanwhile. A conversation
 * holds numbers of a pack's options and situations; they mean something only as long as the pack
 * has the same ones in the same order, so a fingerprint of them is kept along. Packs that are
 * added, removed or reworded do no harm. Pure.
 */
struct conversation;

enum { MEMORY_BYTES_MAX = 1200 };

/* The fingerprints of the packs at hand. Plain data. */
struct memory {
    uint64_t packs[PACKS_MAX];
    size_t count;
};

void memory_init(struct memory *ret, const struct knowledge *knowledge);

/* Returns the number of bytes, at most MEMORY_BYTES_MAX. */
size_t memory_format(const struct memory *memory, const struct conversation *conversation,
                     unsigned char *ret);

/*
 * False, and *ret a new conversation, when the bytes are none of ours, or speak of a pack that is
 * gone or has other options or situations now.
 */
bool memory_parse(const struct memory *memory, const void *bytes, size_t len,
                  struct conversation *ret);
