#include <string.h>

#include "bot/base/error.h"
#include "bot/reader/feature.h"
#include "bot/reader/net.h"
#include "knowledge/model.h"
#include "knowledge/vectors.h"
#include "tests/fuzz/fuzz.h"

/* Any bytes as a model and as a table of word vectors: sound, or refused with a cause. */

static bool is_finite(float value)
{
    return value - value == 0;
}

static void check_classes(const struct model *model)
{
    REQUIRE(model->class_count > 0 && model->class_count <= MODEL_CLASSES_MAX);
    for (uint32_t i = 0; i < model->class_count; i++) {
        const struct model_class *cls = &model->classes[i];
        REQUIRE(memchr(cls->name, '\0', sizeof(cls->name)) != NULL);
        REQUIRE(model_class_find(model, cls->name) <= (int)i);
        REQUIRE(is_finite(cls->bias) && is_finite(cls->scale));
        for (uint32_t d = 0; d < model->dims; d++) {
            REQUIRE(is_finite(model->columns[d * model->stride + i]));
        }
    }
}

static void check_features(const struct model *model)
{
    REQUIRE(model_find(model, 0) == NULL);
    for (size_t i = 0; i < model->feature_count; i++) {
        const struct model_feature *feature = &model->features[i];
        REQUIRE(model_find(model, feature->hash) == feature);
        REQUIRE((size_t)feature->first + feature->count <= model->weight_count);
        for (uint32_t k = 0; !model_has_row(model, feature) && k < feature->count; k++) {
            REQUIRE(model->weights[feature->first + k].cls < model->class_count);
        }
    }
}

/* Scores a text that has all of the model's features, and one that it does not know. */
static void score(const struct model *model)
{
    static struct features features;
    float scores[MODEL_CLASSES_MAX];
    features_clear(&features);
    features.dims = DENSE_MAX;
    for (size_t i = 0; i < model->feature_count; i++) {
        features_add(&features, model->features[i].hash, 1);
    }
    features_add(&features, feature_hash('w', model->corpus, 0), 1);
    model_score(model, &features, scores);
}

/* Words that the net knows, with all flags that there are, and one that it does not. */
static void score_net(const struct net *net, uint32_t classes)
{
    enum { WORDS = 8 };
    static struct tokens tokens = {.count = WORDS};
    static struct matches matches;
    static struct scopes scopes;
    static struct net_work work;
    static uint32_t nothing[2];
    const struct vectors vectors = {.dims = net->dims, .mask = 1, .index = nothing};
    const struct feature_source source = {
        .tokens = &tokens, .matches = &matches, .scopes = &scopes, .vectors = &vectors};
    float scores[MODEL_CLASSES_MAX];
    struct net_row row;
    REQUIRE(net->classes == classes && net->id != 0 && net_fits(net, &vectors));
    for (uint32_t i = 0; i < WORDS; i++) {
        uint32_t number = net->rows ? i * net->rows / WORDS : 0;
        tokens.items[i].word = net->rows && i > 0 ? net->words[number] : 1;
        scopes.flags[i] = (uint16_t)(i * 0x249 & ~SCOPE_MASKED);
        REQUIRE(!net->rows || net_find(net, net->words[number], &row));
    }
    net_forget(&work);
    net_score(net, &work, &source, 0, WORDS - 1, scores);
    net_score(net, &work, &source, 2, 2, scores);
    for (uint32_t c = 0; c < classes; c++) {
        REQUIRE(is_finite(scores[c]));
    }
}

static void check_model(const char *path)
{
    struct model *model = NULL;
    struct error err = {0};
    if (model_load(path, &model, &err)) {
        check_classes(model);
        check_features(model);
        score(model);
        for (uint32_t i = 0; i < model->trust.count; i++) {
            int trust = trust_find(&model->trust, model->trust.entries[i].hash);
            REQUIRE(trust == model->trust.entries[i].trust);
        }
        if (model->net) {
            score_net(model->net, model->class_count);
        }
        model_destroy(model);
    } else {
        REQUIRE(model == NULL && err.code != ERROR_NONE && err.text[0]);
    }
}

static void check_words(const struct vectors *vectors)
{
    const char *end = vectors->file.bytes + vectors->file.size;
    for (uint32_t i = 0; i < vectors->count; i++) {
        /* An entry begins with its word's hash (vectors.c), little end first. */
        const char *entry = end - (size_t)(i + 1) * (16 + vectors->dims);
        uint64_t word = 0;
        struct vector vector;
        for (size_t k = 0; k < sizeof(word); k++) {
            word |= (uint64_t)(unsigned char)entry[k] << 8 * k;
        }
        REQUIRE(vectors_has(vectors, word) && vectors_find(vectors, word, &vector));
        REQUIRE(is_finite(vector.scale));
        REQUIRE((const char *)vector.values > vectors->file.bytes);
        REQUIRE((const char *)vector.values + vectors->dims <= end);
    }
}

static void check_vectors(const char *path)
{
    struct vectors *vectors = NULL;
    struct error err = {0};
    if (vectors_load(path, &vectors, &err)) {
        struct vector vector;
        check_words(vectors);
        REQUIRE(vectors_has(vectors, 1) == vectors_find(vectors, 1, &vector));
        vectors_destroy(vectors);
    } else {
        REQUIRE(vectors == NULL && err.code != ERROR_NONE && err.text[0]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file("learned", data, size);
    check_model(path);
    check_vectors(path);
    return 0;
}
