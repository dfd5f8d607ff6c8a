#pragma once

#include "bot/reader/kind.h"
#include "bot/reader/lexicon.h"
#include "knowledge/pack.h"

/* The inside of struct reader, for the reader itself and for those who train it. */
struct topic_classes {
    int16_t stated[PACK_SITUATIONS_MAX],
        denied[PACK_SITUATIONS_MAX]; /* classes of the pack's model, -1 none */
    int16_t denies;                  /* the class "denies anything at all" */
};

/* Its name in a model file. */
#define CLASS_DENIES "*:denied"

struct reader {
    const struct knowledge *knowledge; /* borrowed */
    struct lexicon *lexicon;           /* owned */
    struct topic_classes classes[PACKS_MAX];
    int16_t kind_class[KIND_COUNT]; /* classes of the kinds' model, -1 none */
};
