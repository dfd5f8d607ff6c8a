#pragma once

#include <stdint.h>

/*
 * How far a pack's exact phrases can be trusted. An author cannot foresee that "the two of us"
 * mostly tells of a couple, and "customer portal" of a client's own work: the corpus knows, and
 * `whether train` counts there how often each phrase was right (bot/training/trust_count.h). What
 * it counted is in the pack's model (knowledge/trust.h), by hashes: of a phrase as it was said,
 * and of a situation, for those of its phrases that the corpus does not have.
 */
struct pack;
struct tokens;

uint32_t trust_situation_hash(const struct pack *pack, int situation);

/* Words first..last, by their stems. */
uint32_t trust_phrase_hash(const struct pack *pack, int situation, const struct tokens *tokens,
                           uint32_t first, uint32_t last);

/* 0, no better than a hint, to 1: as good as plain words. 1 where the pack has learned nothing. */
float trust_of(const struct pack *pack, int situation, const struct tokens *tokens, uint32_t first,
               uint32_t last);
