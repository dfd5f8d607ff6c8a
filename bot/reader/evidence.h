#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * What one message states and denies: the pack's exact cues, as far as they can be trusted, and
 * what was learned of its clauses, weighed against each other situation by situation. Pure,
 * allocates nothing; knows nothing of earlier messages.
 */
struct reader;
struct reading;

/*
 * When a cue states its situation whatever was learned of its clause: it is trusted so far
 * (trust.h, 0 to 1), in a message of at most so many words.
 */
struct evidence_bar {
    float trust;
    uint32_t words;
};

/* Fills the evidence of a reading, and what follows from it: stated, denied, faint, hints ... */
void evidence_read(const struct reader *reader, struct reading *reading,
                   const struct evidence_bar *bar);

/* SCOPE_* of any of the words first..last. */
uint16_t evidence_scope(const struct reading *reading, uint32_t first, uint32_t last);

/*
 * The situations that words first..last name, exactly or (with hints) weakly, without denying
 * them.
 */
uint64_t evidence_named(const struct reading *reading, bool hints, uint32_t first, uint32_t last);

/*
 * Which of some situations words first..last are about, as far as was learned: the likeliest, with
 * a score above `least`; 0: none. denied: what denies it is about it, too.
 */
uint64_t evidence_likeliest(const struct reader *reader, struct reading *reading, uint64_t known,
                            float least, bool denied, uint32_t first, uint32_t last);
