#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * From what was fitted to a model's file (its format: knowledge/model.h): weights cut to eight
 * bits, the small ones left out. Knows nothing of how they were found.
 */
struct buf;
struct error;
struct train_result;

enum { NAME_MAX_LEN = 80 };

struct fitted {
    char name[NAME_MAX_LEN];
    size_t number; /* among all that were to be fitted */
    double *w;     /* owned: by number, the last is the bias */
};

/* All borrowed. */
struct draft {
    uint64_t corpus;              /* hash of what was learned from */
    uint32_t dims, feature_count; /* numbers of a vector; of features, those included */
    const uint32_t *hash_of;      /* of features, by number from 1 on */
    double dense_factor;          /* what vectors were multiplied by */
    const struct fitted *classes;
    size_t class_count;
    const struct buf *net;   /* the net's section, as train_net() makes it */
    const struct buf *trust; /* that of trust_count_put() */
};

/* path gets the whole file or stays as it was. Adds to *ret what was written. */
bool draft_write(const struct draft *draft, const char *path, struct train_result *ret,
                 struct error *err);
