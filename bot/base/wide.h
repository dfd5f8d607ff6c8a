#pragma once

/*
 * WIDE before a function: it is compiled twice, for any machine of this architecture and for those
 * with AVX2, and the loader takes the better one that the machine runs. For loops over whole
 * numbers, and over fractions where each result is one lane's own: both versions then come to the
 * same bits, since nothing is fused (-ffp-contract=off) nor summed in another order. Nothing where
 * compiler, architecture or C library lack it (meson.build asks), nor under sanitizers, which are
 * not there yet when the loader chooses.
 */
#ifdef WHETHER_WIDE
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif
