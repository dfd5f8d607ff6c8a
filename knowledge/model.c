#include "knowledge/model.h"

#include <string.h>

#include "bot/base/error.h"
#include "bot/base/file.h"
#include "bot/base/mem.h"
#include "knowledge/bytes.h"
#include "knowledge/net.h"

/*
 * SPARSE: places for each feature, at least. PROBES_MAX: hashes that crowd into one corner are no
 * accident, and looking up must stay short.
 */
enum { FILE_MAX = 32 * 1024 * 1024, DIMS_MAX = 512, SPARSE = 2, PROBES_MAX = 1024 };

static void read_class(struct bytes *b, struct model *model, uint32_t number)
{
    struct model_class *cls = &model->classes[number];
    const unsigned char *len = bytes_take(b, 1);
    const unsigned char *name = len ? bytes_take(b, *len) : NULL;
    if (!name || *len >= sizeof(cls->name)) {
        b->bad = true;
        return;
    }
    memcpy(cls->name, name, *len);
    cls->bias = bytes_f32(b);
    cls->scale = bytes_f32(b);
    float dense_scale = bytes_f32(b);
    bytes_f32(b);
    const unsigned char *dense = bytes_take(b, model->dims);
    for (uint32_t d = 0; dense && d < model->dims; d++) {
        model->columns[d * model->stride + number] = dense_scale * (float)(int8_t)dense[d];
    }
}

/* The part of the file that says which features there are and what they weigh. */
struct listed {
    const unsigned char *features; /* of 8 bytes each */
    const unsigned char *pairs;
};

/* As it is in the file. Its weights end where the next one's begin. */
static struct model_feature feature_at(const struct model *model, const struct listed *listed,
                                       uint32_t n)
{
    const unsigned char *at = listed->features + (size_t)n * 8;
    uint32_t first = bytes_u32_at(at + 4);
    uint32_t next = n + 1 < model->feature_count ? bytes_u32_at(at + 12) : model->weight_count;
    return (struct model_feature){bytes_u32_at(at), first & MODEL_WEIGHTS_MAX,
                                  (next - first) & UINT8_MAX};
}

static bool features_are_sound(const struct model *model, const struct listed *listed)
{
    for (uint32_t n = 0; n < model->feature_count; n++) {
        const unsigned char *at = listed->features + (size_t)n * 8;
        uint32_t first = bytes_u32_at(at + 4);
        uint32_t next = n + 1 < model->feature_count ? bytes_u32_at(at + 12) : model->weight_count;
        if (bytes_u32_at(at) == 0 || first > next || next > model->weight_count ||
            next - first > model->class_count) {
            return false;
        }
    }
    for (uint32_t i = 0; i < model->weight_count; i++) {
        if (listed->pairs[2 * (size_t)i] >= model->class_count) {
            return false;
        }
    }
    return true;
}

/* Takes each feature's place; numbers[place]: which one is there. Of two with the same hash the
 * last one counts. False when looking up would take too long. */
static bool take_places(struct model *model, const struct listed *listed, uint32_t *numbers)
{
    for (uint32_t n = 0; n < model->feature_count; n++) {
        uint32_t hash = feature_at(model, listed, n).hash;
        size_t probes = 0, place = hash & model->mask;
        while (model_is_taken(model, place) &&
               feature_at(model, listed, numbers[place]).hash != hash) {
            place = (place + 1) & model->mask;
            probes++;
        }
        model->places[place / MODEL_PLACES].taken |= UINT32_C(1) << place % MODEL_PLACES;
        numbers[place] = n;
        if (probes >= PROBES_MAX) {
            return false;
        }
    }
    return true;
}

/* Makes room; feature_count becomes that of different ones. */
static void count_places(struct model *model, const struct listed *listed, const uint32_t *numbers)
{
    size_t rows = 0, weights = 0;
    uint32_t count = 0;
    for (size_t place = 0; place <= model->mask; place++) {
        if (place % MODEL_PLACES == 0) {
            model->places[place / MODEL_PLACES].before = count;
        }
        if (model_is_taken(model, place)) {
            const struct model_feature feature = feature_at(model, listed, numbers[place]);
            bool many = model_has_row(model, &feature);
            rows += many;
            weights += many ? 0 : feature.count;
            count++;
        }
    }
    model->features = mem_alloc(((size_t)count + 1) * sizeof(*model->features));
    model->rows = mem_alloc(rows * model->stride + 1);
    model->weights = mem_alloc((weights + 1) * sizeof(*model->weights));
}

/* From the file's pairs of class and weight to rows, or to pairs that lie elsewhere. */
static void place_weights(struct model *model, struct model_feature *feature,
                          const unsigned char *pairs, uint32_t *row_count, uint32_t *weight_count)
{
    bool many = model_has_row(model, feature);
    int8_t *row = model->rows + *row_count * model->stride;
    struct model_weight *weights = model->weights + *weight_count;
    for (uint32_t i = 0; i < feature->count; i++, pairs += 2) {
        if (many) {
            row[pairs[0]] = (int8_t)pairs[1];
        } else {
            weights[i] = (struct model_weight){.cls = pairs[0], .value = (int8_t)pairs[1]};
        }
    }
    feature->first = (many ? *row_count : *weight_count) & MODEL_WEIGHTS_MAX;
    *(many ? row_count : weight_count) += many ? 1 : feature->count;
}

static void fill_places(struct model *model, const struct listed *listed, const uint32_t *numbers)
{
    uint32_t row_count = 0, weight_count = 0, count = 0;
    for (size_t place = 0; place <= model->mask; place++) {
        if (model_is_taken(model, place)) {
            struct model_feature *feature = &model->features[count++];
            *feature = feature_at(model, listed, numbers[place]);
            place_weights(model, feature, listed->pairs + 2 * (size_t)feature->first, &row_count,
                          &weight_count);
        }
    }
    model->feature_count = count;
}

static void read_features(struct bytes *b, struct model *model)
{
    struct listed listed;
    listed.features = bytes_take(b, (size_t)model->feature_count * 8);
    listed.pairs = bytes_take(b, (size_t)model->weight_count * 2);
    b->bad = b->bad || !features_are_sound(model, &listed);
    if (b->bad) {
        return;
    }
    size_t places = 64;
    while (places < (size_t)model->feature_count * SPARSE) {
        places *= 2;
    }
    model->mask = places - 1;
    model->places = mem_alloc(places / MODEL_PLACES * sizeof(*model->places));
    uint32_t *numbers = mem_alloc(places * sizeof(*numbers));
    b->bad = !take_places(model, &listed, numbers);
    if (!b->bad) {
        count_places(model, &listed, numbers);
        fill_places(model, &listed, numbers);
    }
    mem_free(numbers);
}

static bool read_model(const struct file_map *file, struct bytes *b, struct model *model)
{
    const unsigned char *magic = bytes_take(b, 8);
    int version = magic && memcmp(magic, "WMDL", 4) == 0 ? magic[4] - '0' : 0;
    if (version < 1 || version > 3 || memcmp(magic + 5, "\0\0\0", 3) != 0) {
        return false;
    }
    model->corpus = bytes_u64(b);
    model->class_count = bytes_u32(b);
    model->dims = bytes_u32(b);
    model->feature_count = bytes_u32(b);
    model->weight_count = bytes_u32(b);
    if (b->bad || model->class_count == 0 || model->class_count > MODEL_CLASSES_MAX ||
        model->dims > DIMS_MAX || model->feature_count > b->size / 8 ||
        model->weight_count > b->size / 2 || model->weight_count > MODEL_WEIGHTS_MAX) {
        return false;
    }
    model->stride = (model->class_count + MODEL_BLOCK - 1) / MODEL_BLOCK * MODEL_BLOCK;
    model->columns = mem_alloc((model->stride * model->dims + 1) * sizeof(*model->columns));
    for (uint32_t i = 0; i < model->class_count; i++) {
        read_class(b, model, i);
    }
    read_features(b, model);
    file_map_release(file, b->at);
    b->bad = b->bad || (version >= 2 && !net_take(b, model->class_count, &model->net));
    b->bad = b->bad || (version >= 3 && !trust_take(b, &model->trust));
    return !b->bad && b->at == b->size;
}

bool model_load(const char *path, struct model **ret, struct error *err)
{
    struct file_map file;
    if (!file_map(path, FILE_MAX, &file, err)) {
        return false;
    }
    struct bytes b = {.data = (const unsigned char *)file.bytes, .size = file.size};
    struct model *model = mem_alloc(sizeof(*model));
    bool fine = read_model(&file, &b, model);
    file_unmap(&file);
    if (!fine) {
        model_destroy(model);
        return error_set(err, ERROR_INPUT,
                         "is no model of this version, or damaged; `whether train` makes it anew");
    }
    *ret = model;
    return true;
}

void model_destroy(struct model *model)
{
    if (model) {
        mem_free(model->places);
        mem_free(model->features);
        mem_free(model->weights);
        mem_free(model->rows);
        mem_free(model->columns);
        net_destroy(model->net);
        trust_finish(&model->trust);
        mem_free(model);
    }
}

int model_class_find(const struct model *model, const char *name)
{
    for (uint32_t i = 0; model && i < model->class_count; i++) {
        if (strcmp(model->classes[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}
