#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "knowledge/vectors.h"

/*
 * A small knowledge for tests of the reader, and readings in one call. Its words are rare ones that
 * no list of English knows, so that what a test sees comes from these packs and from the reader's
 * own English alone; it has neither models nor vectors, so tuning them changes no test.
 *   coast    options orion and lyra; situations telegraph, granary, orchard, windmill, and harbour
 *            and lighthouse, which share a slot
 *   drinks   a pointer: assam, mocha
 *   boats    options sloop and brig; situation mast
 */
struct advisor;
struct conversation;
struct knowledge;
struct pack;
struct reading;
struct workspace;

enum { TINY_COAST, TINY_DRINKS, TINY_BOATS };

extern const struct knowledge tiny_knowledge;

/* An advisor over them and a workspace of it; tiny_end() frees both. */
struct tiny {
    struct advisor *advisor;
    struct workspace *workspace;
};

void tiny_begin(struct tiny *ret);
void tiny_end(struct tiny *tiny);

/* The same as the set-up and the end of a cmocka group whose state is a struct tiny. */
int tiny_setup(void **state);
int tiny_teardown(void **state);

/* Reads a text as the first turn of a talk about the coast; valid until the next reading. */
const struct reading *tiny_read(struct tiny *tiny, const char *text);

/* Reads a text as the next turn of kind verdict of a talk, whatever it looks like. */
const struct reading *tiny_turn(struct tiny *tiny, struct conversation *talk, const char *text);

/* The set that a list of situations of the coast, divided by blanks, names. */
uint64_t tiny_set(const char *ids);

/* The number of the first word that is spelt so; ends the test when there is none. */
uint32_t tiny_word(const struct reading *reading, const char *letters);

/* A file of these bytes in a new folder. tiny_unlink() takes both away. */
struct tiny_file {
    char folder[32], path[64];
};

void tiny_write(struct tiny_file *file, const char *name, const void *bytes, size_t len);
void tiny_unlink(const struct tiny_file *file);

/*
 * A table of word vectors in memory, of at most TINY_VECTORS words in two dimensions; zero it
 * first.
 */
enum { TINY_VECTORS = 8, TINY_DIMS = 2, TINY_VECTOR_SIZE = 16 + TINY_DIMS };

struct tiny_vectors {
    struct vectors table;
    uint32_t index[64];
    char bytes[16 + TINY_VECTORS * TINY_VECTOR_SIZE];
};

void tiny_vector(struct tiny_vectors *ret, const char *word, uint16_t rank, int8_t x, int8_t y);
