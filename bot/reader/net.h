#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "knowledge/net.h"

/*
 * The convolutional net at work: what the words of a unit come to, in log odds for each class of
 * the model. Where the linear topics (feature.h) see words and pairs, the net sees what words mean:
 * vectors, and what the reader says of each word.
 *
 * A word adds NET_WORD numbers, NET_FILTERS to each tap of the three widths, and each of its flags
 * adds as many; a filter's value at a place is the sum over its taps, what lies outside the unit
 * being nothing; of each filter the most, with its bias and not below 0, goes on to the classes.
 * From the word's numbers on all is in whole numbers of 16 and 32 bits: no sum can overflow (the
 * limits in knowledge/net.h), and all machines and compilers come to the same scores.
 *
 * Pure: what a word adds is kept from one message to the next only because it is dear to compute.
 */
struct feature_source;
struct vectors;

/*
 * NET_WINDOW: longer units are cut; there are none (SENTENCE_LIMIT). NET_CACHE: words remembered, a
 * power of two, each at one of NET_WAYS places.
 */
enum { NET_WINDOW = 128, NET_CACHE = 1024, NET_WAYS = 4 };

/* What the net sees of a word. */
struct net_input {
    uint64_t word; /* hash; 0: only its shape counts */
    uint8_t shape; /* enum net_shape: what it is when the word is not known */
    uint8_t flags; /* see net_look() */
};

/* Whose numbers are in a place of the memory. */
struct net_key {
    uint64_t net;  /* its id, 0: free */
    uint64_t word; /* with its shape, as in struct net_input */
    uint32_t used; /* when last, in looks */
    uint8_t shape;
};

/*
 * Scratch of one workspace; zero it before its first use. A few places are touched by a message:
 * keys lie together, apart from the numbers.
 */
struct net_work {
    struct net_key keys[NET_CACHE];
    int16_t taps[NET_CACHE][NET_WORD]; /* by the same place */
    uint32_t looks;                    /* may start again: then a word is forgotten too early */
    uint64_t net;                      /* whose words are in the window, 0 none */
    uint32_t first, count;
    int16_t window[NET_WINDOW][NET_WORD]; /* words first.. with their flags */
};

/* The inputs of the words first..last, the same in training and in use: ret[last - first + 1]. */
void net_look(struct net_input *ret, const struct feature_source *source, uint32_t first,
              uint32_t last);

/* To be called between messages: the words are others now. */
void net_forget(struct net_work *work);

/*
 * scores[net->classes] of the words first..last. source->vectors must be of net->dims dimensions:
 * net_fits().
 */
void net_score(const struct net *net, struct net_work *work, const struct feature_source *source,
               uint32_t first, uint32_t last, float *scores);

/* False without a net, without vectors, or when the two are not made for one another. */
bool net_fits(const struct net *net, const struct vectors *vectors);
