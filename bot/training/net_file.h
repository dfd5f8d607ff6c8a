#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Writes a net as knowledge/net.h describes it, from the plain numbers that training ends with.
 * What is lost: numbers are cut to eight bits or to NET_ONEths, and to the limits.
 */
struct buf;

/* All borrowed. */
struct net_plain {
    size_t dims, inputs; /* inputs: dims and NET_FLAGS */
    size_t class_count;
    size_t row_count;           /* the shapes, then the words */
    const uint64_t *words;      /* by row, those of the shapes unused */
    const float *rows;          /* row_count x dims */
    const float *taps;          /* NET_WORD x inputs */
    const float *biases;        /* NET_POOLED */
    const float *outputs;       /* class_count x NET_POOLED */
    const float *output_biases; /* class_count */
};

void net_file_put(const struct net_plain *net, struct buf *ret);

/* The section that says: no net. */
void net_file_put_none(struct buf *ret);
