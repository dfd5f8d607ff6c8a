#pragma once

#include <stdint.h>

/*
 * What counts more and what less ("the chat is the product, the forms are garnish"), and what is
 * said only as a possibility. Pure, allocates nothing.
 */
struct reader;
struct reading;

/*
 * Fills heavy, light, asked and supposed of a reading. Wants the evidence and the signals read.
 * known: what earlier messages have stated, which "that" may mean.
 */
void emphasis_read(const struct reader *reader, struct reading *reading, uint64_t known);
