#include "bot/training/examples.h"

#include <linear.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/mem.h"

/* Features that are seen less often teach nothing. The vector's numbers come first, from 1 on. */
enum { SEEN_AT_LEAST = 2, DENSE_AT = 1 };

/* By hash, open addressing: how often a feature is seen, and its number. */
struct table {
    uint32_t *hash, *seen, *number;
    size_t mask;
};

struct example *examples_add(struct examples *e, const struct features *features)
{
    if (e->count == e->cap) {
        e->cap = e->cap ? e->cap * 2 : 4096;
        e->items = mem_grow(e->items, e->cap, sizeof(*e->items));
    }
    struct example *example = &e->items[e->count++];
    *example = (struct example){.count = features->count, .talk = -1};
    example->hashes = mem_alloc((features->count + 1) * sizeof(*example->hashes));
    example->nodes = mem_alloc((features->count + DENSE_MAX + 2) * sizeof(*example->nodes));
    for (uint32_t i = 0; i < features->count; i++) {
        example->hashes[i] = features->items[i].hash;
        example->nodes[i].value = (double)features->items[i].value;
    }
    memcpy(example->dense, features->dense, sizeof(example->dense));
    e->dims = features->dims > e->dims ? features->dims : e->dims;
    return example;
}

static size_t slot_of(const struct table *table, uint32_t hash)
{
    size_t i = hash & table->mask;
    while (table->hash[i] && table->hash[i] != hash) {
        i = (i + 1) & table->mask;
    }
    return i;
}

static void number_features(struct examples *e, struct table *table)
{
    size_t total = 0, places = 1024;
    for (size_t i = 0; i < e->count; i++) {
        total += e->items[i].count;
    }
    while (places < total + total / 2) {
        places *= 2;
    }
    *table = (struct table){mem_alloc(places * sizeof(*table->hash)),
                            mem_alloc(places * sizeof(*table->seen)),
                            mem_alloc(places * sizeof(*table->number)), places - 1};
    for (size_t i = 0; i < e->count; i++) {
        for (uint32_t k = 0; k < e->items[i].count; k++) {
            size_t slot = slot_of(table, e->items[i].hashes[k]);
            table->hash[slot] = e->items[i].hashes[k];
            table->seen[slot]++;
        }
    }
    e->hash_of = mem_alloc((total + e->dims + 2) * sizeof(*e->hash_of));
    uint32_t next = e->dims + DENSE_AT;
    for (size_t i = 0; i < e->count; i++) {
        for (uint32_t k = 0; k < e->items[i].count; k++) {
            size_t slot = slot_of(table, e->items[i].hashes[k]);
            if (table->seen[slot] >= SEEN_AT_LEAST && table->number[slot] == 0) {
                table->number[slot] = next;
                e->hash_of[next++] = table->hash[slot];
            }
        }
    }
    e->feature_count = next - 1;
}

static int by_index(const void *a, const void *b)
{
    int x = ((const struct feature_node *)a)->index, y = ((const struct feature_node *)b)->index;
    return x < y ? -1 : x > y;
}

/*
 * Sorts by number and adds up what occurs twice, as LIBLINEAR wants it; the vector goes in front.
 */
static void finish_example(const struct examples *e, const struct table *table,
                           struct example *example)
{
    struct feature_node *nodes = example->nodes;
    uint32_t kept = 0;
    for (uint32_t k = 0; k < example->count; k++) {
        uint32_t number = table->number[slot_of(table, example->hashes[k])];
        if (number) {
            nodes[kept++] = (struct feature_node){(int)number, nodes[k].value};
        }
    }
    for (uint32_t d = 0; d < e->dims; d++) {
        nodes[kept++] = (struct feature_node){(int)(DENSE_AT + d),
                                              examples_dense_factor * (double)example->dense[d]};
    }
    qsort(nodes, kept, sizeof(*nodes), by_index);
    uint32_t out = 0;
    for (uint32_t k = 0; k < kept; k++) {
        if (out > 0 && nodes[out - 1].index == nodes[k].index) {
            nodes[out - 1].value += nodes[k].value;
        } else {
            nodes[out++] = nodes[k];
        }
    }
    nodes[out] = (struct feature_node){(int)e->feature_count + 1, 1}; /* bias */
    nodes[out + 1].index = -1;
}

void examples_number(struct examples *e)
{
    struct table table;
    number_features(e, &table);
    for (size_t i = 0; i < e->count; i++) {
        finish_example(e, &table, &e->items[i]);
    }
    mem_free(table.hash);
    mem_free(table.seen);
    mem_free(table.number);
}

void examples_finish(struct examples *e)
{
    for (size_t i = 0; i < e->count; i++) {
        mem_free(e->items[i].nodes);
        mem_free(e->items[i].hashes);
    }
    mem_free(e->items);
    mem_free(e->hash_of);
}
