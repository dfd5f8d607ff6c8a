#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Fits the convolutional net of a pack's topics (knowledge/net.h) to what train.c has read, by Adam
 * on the cross-entropy of each class, and writes it as the section of a model's file. Same lessons,
 * same bytes, however many processors there are: random numbers are its own, and sums have a fixed
 * order. Knows neither texts nor packs: words are what net_look() sees of them, classes numbers.
 */
struct buf;
struct lessons;
struct vectors;

/* What a class of the model is about. */
struct net_class {
    uint8_t situation;
    bool denied;
    bool any; /* denying, whatever it is that is denied */
};

typedef void train_net_progress(void *context, size_t done, size_t all); /* in rounds */

/* Appends the section to *ret. vectors: at most NET_DIMS_MAX dimensions. progress may be NULL. */
void train_net(const struct lessons *lessons, const struct vectors *vectors,
               const struct net_class *classes, size_t class_count, train_net_progress *progress,
               void *context, struct buf *ret);
