#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Counts, while a corpus is read, how often each exact phrase was right about its situation, and
 * writes what comes of it: the section of a model's file that knowledge/trust.h reads.
 */
struct buf;
struct corpus_talk;
struct pack;
struct reading;

/* Zero it first; owns its list. */
struct trust_count {
    struct trust_sight {
        uint32_t situation, phrase; /* hashes of bot/reader/trust.h */
        bool right;
    } * items;
    size_t count, cap;
};

/*
 * Notes the exact phrases that a turn of a conversation states, as pack reads it; whether they were
 * right is what the labels say. What the labels leave open is not noted.
 */
void trust_count_turn(struct trust_count *counts, const struct pack *pack,
                      const struct corpus_talk *talk, size_t turn, const struct reading *reading);
void trust_count_add(struct trust_count *counts, uint32_t situation, uint32_t phrase, bool right);

/* Sorts the sights. */
void trust_count_put(struct trust_count *counts, struct buf *ret);
void trust_count_finish(struct trust_count *counts);
